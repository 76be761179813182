"""Releases around a session, their surprises, and what is wrong with a file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.errors import UsageProblem
from bot.events import Releases
from bot.session import session_at

NAMES = ("FOMC", "CPI", "PPI")


def session(day: date):  # type: ignore[no-untyped-def]
    found = session_at(datetime(day.year, day.month, day.day, 15, 0, tzinfo=UTC))
    assert found is not None
    return found


def written(folder: Path, text: str) -> Path:
    path = folder / "surprises.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_only_the_releases_of_the_surrounding_days_are_shown() -> None:
    calendar = Releases(NAMES).around(session(date(2022, 5, 4)))
    assert calendar is not None
    assert [(event.name, event.at) for event in calendar.events] == [("FOMC", datetime(2022, 5, 4, 18, 0, tzinfo=UTC))]
    assert "Federal Reserve" in calendar.source
    quiet = Releases(NAMES).around(session(date(2022, 5, 17)))
    assert quiet is not None and quiet.events == ()


def test_the_list_is_complete_until_the_first_of_its_kinds_ends() -> None:
    day = session(date(2022, 5, 4))
    both, fomc = Releases(NAMES).around(day), Releases(("FOMC",)).around(day)
    assert both is not None and both.valid_until == date(2026, 12, 31)
    assert fomc is not None and fomc.valid_until == date(2028, 1, 31)
    assert Releases(("OPEC",)).around(day) is None


def test_surprises_are_distances_between_actual_and_consensus(tmp_path: Path) -> None:
    path = written(tmp_path, "date,event,actual,consensus\n2022-05-11,CPI,8.1,8.3\n")
    calendar = Releases(NAMES, surprises=path).around(session(date(2022, 5, 11)))
    assert calendar is not None
    (cpi,) = calendar.events
    assert cpi.surprise == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("date,event,actual\n2022-05-11,CPI,8.1\n", "expected date, event, actual, consensus"),
        ("date,event,actual,consensus\n11.05.2022,CPI,8.1,8.3\n", "line 2"),
        ("date,event,actual,consensus\n2022-05-11,CPI,8.1,\n", "line 2"),
        ("date,event,actual,consensus\n2022-05-11,CPI,8.1,nan\n", "finite"),
        ("date,event,actual,consensus\n2022-05-12,CPI,8.1,8.3\n", "the calendar has no CPI on 2022-05-12"),
        ("", "columns are"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageProblem, match=says) as found:
        Releases(NAMES, surprises=written(tmp_path, text))
    assert "\n" not in str(found.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"none\.csv"):
        Releases(NAMES, surprises=tmp_path / "none.csv")
