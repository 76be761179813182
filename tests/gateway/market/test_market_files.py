"""A broken scenario is refused in one line that names the file, the place, what was seen and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.gateway.errors import ScenarioError
from bot.gateway.market import load_market, scenario_info, scenario_names
from bot.gateway.market.tables import read_rows

Break = Callable[[str], str]


def replace_line(number: int, change: Break) -> Break:
    def apply(text: str) -> str:
        lines = text.splitlines()
        lines[number - 1] = change(lines[number - 1])
        return "\n".join(lines) + "\n"

    return apply


def swapped(text: str) -> str:
    lines = text.splitlines()
    lines[4], lines[5] = lines[5], lines[4]
    return "\n".join(lines) + "\n"


def repeated(text: str) -> str:
    lines = text.splitlines()
    lines.insert(5, lines[4])
    return "\n".join(lines) + "\n"


def cell(number: int, column: int, value: str) -> Break:
    def change(line: str) -> str:
        cells = line.split(",")
        cells[column] = value
        return ",".join(cells)

    return replace_line(number, change)


CSV_FAULTS = [
    ("vix.csv", replace_line(1, lambda line: line.replace("high", "hihg")), ["row 1", "'high'", "missing"]),
    ("vix.csv", cell(7, 1, "nan"), ["row 7", "open", "'nan'", "finite"]),
    ("vix.csv", cell(7, 2, "inf"), ["row 7", "high", "'inf'"]),
    ("spx.csv", cell(9, 4, "-3"), ["row 9", "close", "'-3'", "not negative"]),
    ("spx.csv", cell(9, 4, "abc"), ["row 9", "close", "'abc'"]),
    ("spx.csv", cell(9, 4, ""), ["row 9", "close", "empty"]),
    ("spx.csv", swapped, ["row 6", "sort"]),
    ("spx_daily.csv", repeated, ["row 6", "duplicate"]),
    ("vx.csv", repeated, ["row 6", "duplicate"]),
    ("vix.csv", cell(3, 0, "2019-01-23T05:10:00-05:00"), ["row 3", "not in UTC", "Z"]),
    ("vix.csv", cell(3, 0, "2019-01-23 05:10:00"), ["row 3", "not in UTC"]),
    ("vix.csv", cell(3, 0, "yesterday"), ["row 3", "ISO 8601"]),
    ("vx.csv", cell(3, 1, "2019-03-XX"), ["row 3", "'2019-03-XX'", "not a date"]),
    ("vix3m_daily.csv", lambda text: text.splitlines()[0] + "\n", ["no rows"]),
    ("vvix_daily.csv", lambda text: "\n".join(text.splitlines()[:20]) + "\n", ["no row for", "sessions of history"]),
]


@pytest.mark.parametrize(("name", "fault", "words"), CSV_FAULTS, ids=[f"{f}: {w[-1]}" for f, _, w in CSV_FAULTS])
def test_a_broken_table_is_refused_with_its_place(broken: Path, name: str, fault: Break, words: list[str]) -> None:
    path = broken / name
    path.write_text(fault(path.read_text()))
    with pytest.raises(ScenarioError) as refused:
        load_market(broken)
    message = str(refused.value)
    assert "\n" not in message
    assert all(word in message for word in [name, *words]), message


TOML_FAULTS = [
    (("seed = 2019", "sede = 2019"), ["unknown key 'sede'", "seed"]),
    (("seed = 2019", ""), ["seed", "missing"]),
    (("seed = 2019", "seed = 1.5"), ["seed", "1.5", "whole number"]),
    (("rate = 0.025", "rate = 2.5"), ["rate", "2.5", "0.25"]),
    (('end = "2019-02-12T21:30:00Z"', 'end = "2019-02-10T21:30:00Z"'), ["start", "not before end"]),
    (('start = "2019-02-11T20:50:00Z"', 'start = "2019-02-11T15:30:00-05:00"'), ["start", "not in UTC"]),
    (('kind = "anchors"', 'kind = "guess"'), ["kind", "'guess'", "recorded"]),
    (("[series.VVIX]", "[series.VWIX]"), ["unknown series 'VWIX'", "VVIX"]),
    (('daily = "vx.csv"\n', ""), ["series VX", "no daily file"]),
    (('bars = "spx.csv"', 'bars = "spx_hourly.csv"'), ["spx_hourly.csv", "no such file"]),
    (('opened = "2019-02-04"', 'opened = "2019-02-03"'), ["2019-02-03", "no session"]),
    (('opened = "2019-02-04"', 'opened = "2018-06-04"'), ["2018-06-04", "not within the history"]),
    (('opened = "2019-02-04"', 'opened = "2019-02-12"'), ["2019-02-12", "not within the history"]),
    (("put_delta = 0.16", "put_delta = 16"), ["put_delta", "16", "0.5"]),
    (("[account]", "[account"), ["not readable as TOML"]),
]


@pytest.mark.parametrize(("change", "words"), TOML_FAULTS, ids=[w[0] for _, w in TOML_FAULTS])
def test_a_broken_description_is_refused_with_the_key(broken: Path, change: tuple[str, str], words: list[str]) -> None:
    path = broken / "session.toml"
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change, 1))
    with pytest.raises(ScenarioError) as refused:
        load_market(broken)
    message = str(refused.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_a_missing_file_is_named(broken: Path) -> None:
    (broken / "vix9d_daily.csv").unlink()
    with pytest.raises(ScenarioError, match=r"vix9d_daily\.csv: no such file"):
        load_market(broken)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match=r"unknown scenario 'spike-1987'.*calm.*spike-2018-02"):
        load_market("spike-1987")


def test_a_folder_without_a_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no session\.toml"):
        load_market(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(alphabet="0123456789.-+eEnaifN xZ", max_size=8))
def test_no_text_in_a_number_cell_passes_unless_it_is_a_finite_number(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one.csv"
    path.write_text(f"time_utc,value\n2019-02-12T14:30:00Z,{text}\n")
    try:
        value = read_rows(path, ("value",))[0].numbers["value"]
    except ScenarioError as refused:
        assert str(refused).startswith("one.csv, row 2: value")
    else:
        assert 0 <= value == float(text) < float("inf")


MADE_UP = ("condor-closed", "cpi-surprise", "fomc-day", "illiquid-close", "overnight-collapse", "roll-week")


def test_every_shipped_scenario_says_what_is_recorded_and_what_is_modelled() -> None:
    assert set(scenario_names()) == {
        "calm",
        "condor-closed",
        "cpi-surprise",
        "crash-2020-03",
        "false-spike-2024-08",
        "fomc-day",
        "half-day",
        "illiquid-close",
        "overnight-collapse",
        "parity-break",
        "roll-week",
        "spike-2018-02",
        "spike-2021-01",
        "whipsaw-2025-04",
    }
    for name in scenario_names():
        found = scenario_info(name)
        assert found.start < found.end
        assert found.title
        kinds = {series: kind.value for series, kind, source in found.series if source}
        made_up = name in MADE_UP
        assert kinds["SPX"] == kinds["VX"] == ("modelled" if made_up else "anchors")
        assert kinds["AD-NYSE"] == kinds["SPX options"] == "modelled"
