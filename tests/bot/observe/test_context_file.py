"""The operator's CSV: every error is one line that says where, what was seen, what is expected and what to do."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.observe.context_file import COLUMNS, MOST_BYTES, ContextFile, read_context
from strategies.alvh.records import ContextValue

TODAY = date(2026, 3, 2)
HEADER = ",".join(COLUMNS)
MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)


def read(folder: Path, *lines: str, header: str = HEADER) -> ContextFile:
    path = folder / "own.csv"
    path.write_text("\n".join((header, *lines)), encoding="utf-8")
    return read_context(path, TODAY)


def test_three_numbers_are_read_with_their_dates_and_sources(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "sectors,-0.8,-1.9,2026-03-02,own sheet",
        'credit,-0.62,,2026-03-02,"HYG, own sheet"',
        "earnings,1.2,,2026-02-27,weekly",
    )
    assert found.problems == ()
    assert found.values == (
        ContextValue(name="sectors", value=-0.8, z=-1.9, as_of=TODAY, source="own.csv: own sheet"),
        ContextValue(name="credit", value=-0.62, as_of=TODAY, source="own.csv: HYG, own sheet"),
        ContextValue(name="earnings", value=1.2, as_of=date(2026, 2, 27), source="own.csv: weekly"),
    )


def test_columns_may_stand_in_any_order_and_a_spreadsheet_s_byte_mark_is_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, "own,2026-03-02,,-0.5,credit", header="\ufeffsource,as_of,z,value,name")
    assert found.problems == () and found.values[0].value == -0.5


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("credit,nan,,2026-03-02,own", "value is 'nan', expected a number"),
        ("credit,-inf,,2026-03-02,own", "value is '-inf', expected a number"),
        ("credit,1e6,,2026-03-02,own", "value is '1e6', expected a number within 1000"),
        ("credit,low,,2026-03-02,own", "value is 'low'"),
        ("credit,-1,101,2026-03-02,own", "z is '101', expected a number within 100"),
        ("credit,,-2,2026-03-02,own", "credit has no value"),
        ("sectors,-1,,2026-03-02,own", "sectors has no z"),
        ("earnings,,,2026-03-02,own", "earnings has no value"),
        ("credits,-1,,2026-03-02,own", "name is 'credits', expected sectors, credit, earnings"),
        ("credit,-1,,2026-02-30,own", "as_of is '2026-02-30', expected a day as 2026-01-28"),
        ("credit,-1,,02/03/2026,own", "as_of is '02/03/2026'"),
        ("credit,-1,,2026-03-03,own", "as_of is 2026-03-03, which is after 2026-03-02"),
        ("credit,-1,,2026-03-02,", "source is empty"),
        ("credit,-1,,2026-03-02", "4 cells, expected 5"),
        ("credit,-1,,2026-03-02,own,sheet", "6 cells, expected 5"),
    ],
)
def test_a_wrong_line_is_left_out_and_named_and_the_rest_stays(tmp_path: Path, line: str, said: str) -> None:
    other = "earnings" if line.startswith(("credit", "sectors")) else "credit"
    found = read(tmp_path, line, f"{other},0.5,,2026-03-01,own")
    assert [row.name for row in found.values] == [other]
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{tmp_path / 'own.csv'}:2: ") and said in found.problems[0]
    assert "\n" not in found.problems[0]


def test_a_name_that_stands_twice_counts_once(tmp_path: Path) -> None:
    found = read(tmp_path, "credit,-1,,2026-03-02,own", "credit,-2,,2026-03-02,own")
    assert [row.value for row in found.values] == [-1.0]
    assert "own.csv:3: 'credit' stands here for the second time" in found.problems[0]


def test_everything_that_is_wrong_with_a_line_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "debt,x,y,soon,")
    assert len(found.problems) == 5 and found.values == ()


@pytest.mark.parametrize(
    "header", ["name,value,z,as_of", "name,value,z,as_of,source,more", "credit,-1,,2026-03-02,own", ""]
)
def test_other_columns_are_refused_in_the_first_line(tmp_path: Path, header: str) -> None:
    found = read(tmp_path, "credit,-1,,2026-03-02,own", header=header)
    assert found.values == ()
    assert (
        "own.csv:1: columns are" in found.problems[0] and "expected name, value, z, as_of, source" in found.problems[0]
    )


def test_a_file_that_is_not_there_not_text_or_huge_is_one_problem(tmp_path: Path) -> None:
    assert "not readable" in read_context(tmp_path / "none.csv", TODAY).problems[0]
    assert "not readable" in read_context(tmp_path, TODAY).problems[0]
    path = tmp_path / "own.csv"
    path.write_bytes(b"\xff\xfe\x00name")
    assert "no text in UTF-8" in read_context(path, TODAY).problems[0]
    path.write_bytes(b"x" * (MOST_BYTES + 1))
    assert "name another file" in read_context(path, TODAY).problems[0]


def test_a_header_alone_is_an_empty_file_and_no_problem(tmp_path: Path) -> None:
    assert read(tmp_path) == ContextFile(values=(), problems=())


def test_the_guide_s_example_is_read_without_a_problem(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guide.md").read_text(encoding="utf-8")
    example = guide.partition("```csv\n")[2].partition("```")[0]
    path = tmp_path / "own.csv"
    path.write_text(example, encoding="utf-8")
    found = read_context(path, TODAY)
    assert found.problems == () and [row.name for row in found.values] == ["sectors", "credit", "earnings"]


def believable(found: ContextFile) -> bool:
    names = [row.name for row in found.values]
    numbers = [n for row in found.values for n in (row.value, row.z) if n is not None]
    days = [row.as_of for row in found.values]
    return (
        len(set(names)) == len(names)
        and set(names) <= {"sectors", "credit", "earnings"}
        and all(isfinite(n) and abs(n) <= 1000.0 for n in numbers)
        and all(day is not None and day <= TODAY for day in days)
    )


@MANY
@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise_or_believe_nonsense(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    found = read_context(path, TODAY)
    assert believable(found)
    assert all(len(problem.splitlines()) == 1 for problem in found.problems)


CELLS = st.one_of(
    st.sampled_from(
        ["sectors", "credit", "earnings", "", "nan", "-1.5", "1e400", "2026-03-02", "9999-12-31", "\x00", '"']
    ),
    st.text(max_size=8),
    st.floats().map(str),
)


@MANY
@given(st.lists(st.lists(CELLS, min_size=3, max_size=7), max_size=6), st.booleans())
def test_no_table_makes_it_raise_or_believe_nonsense(tmp_path: Path, rows: list[list[str]], quoted: bool) -> None:
    stream = StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, escapechar="\\").writerows(rows)
    path = tmp_path / "own.csv"
    path.write_text(f"{HEADER}\n{stream.getvalue()}", encoding="utf-8", errors="surrogatepass")
    found = read_context(path, TODAY)
    assert believable(found)
    assert all(problem.startswith(str(path)) and "expected" in problem for problem in found.problems)
    assert all(len(problem.splitlines()) == 1 for problem in found.problems)
