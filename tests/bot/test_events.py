"""The events file against published dates, and what its reader says about broken ones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot import events
from bot.errors import UsageProblem

HEADER = "date,event,time_et,status,known_until,source\n"


def test_announced_dates_of_2024_are_there() -> None:
    found = {(event.name, event.day) for event in events.events_between(date(2024, 1, 1), date(2024, 12, 31))}
    assert {("FOMC", date(2024, 9, 18)), ("CPI", date(2024, 8, 14)), ("NFP", date(2024, 8, 2))} <= found


def test_an_event_s_time_is_new_york_time() -> None:
    (event,) = [e for e in events.events_between(date(2024, 9, 18), date(2024, 9, 18)) if e.name == "FOMC"]
    assert event.at == datetime(2024, 9, 18, 18, 0, tzinfo=UTC)


def test_the_span_says_up_to_which_day_each_schedule_is_known() -> None:
    spans = events.known_span()
    assert spans["CPI"][1] == date(2026, 12, 31)
    assert spans["FOMC"][0] < date(2001, 1, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("date,event\n", "columns are"),
        (HEADER + "2024-02-30,CPI,08:30,confirmed,2026-12-31,x\n", "line 2"),
        (HEADER + "2024-02-28,CPI,8h30,confirmed,2026-12-31,x\n", "line 2"),
        (HEADER + "2024-02-28,CPI,08:30,maybe,2026-12-31,x\n", "expected confirmed or tentative"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "events.csv"
    path.write_text(text)
    with pytest.raises(UsageProblem, match=says):
        events.read_events(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="expected the file of economic events"):
        events.read_events(tmp_path / "none.csv")
