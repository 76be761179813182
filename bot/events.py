"""Know the scheduled economic releases, and up to which day each schedule is known."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

import config
from bot.errors import UsageProblem
from bot.session import NEW_YORK

SHIPPED = Path(config.__file__).parent / "events.csv"
COLUMNS = ("date", "event", "time_et", "status", "known_until", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Hold one scheduled release; beyond `known_until` its source had published nothing yet."""

    day: date
    name: str
    at: datetime
    tentative: bool
    known_until: date
    source: str


@cache
def read_events(path: Path = SHIPPED) -> tuple[Event, ...]:
    """Read the events file, oldest first; raises `UsageProblem` that names the line that is wrong."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise UsageProblem(f"{path}: columns are {reader.fieldnames}, expected {', '.join(COLUMNS)}")
            events = tuple(_event(row, f"{path}, line {reader.line_num}") for row in reader)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}, expected the file of economic events") from None
    return tuple(sorted(events, key=lambda event: (event.at, event.name)))


def _event(row: dict[str, str], where: str) -> Event:
    try:
        day = date.fromisoformat(row["date"])
        at = datetime.combine(day, time.fromisoformat(row["time_et"]), NEW_YORK).astimezone(UTC)
        known_until = date.fromisoformat(row["known_until"])
    except (ValueError, TypeError) as error:
        raise UsageProblem(f"{where}: {error}, expected dates as 2026-01-28 and times as 14:00") from None
    if row["status"] not in ("confirmed", "tentative"):
        raise UsageProblem(f"{where}: status is '{row['status']}', expected confirmed or tentative")
    return Event(
        day=day,
        name=row["event"],
        at=at,
        tentative=row["status"] == "tentative",
        known_until=known_until,
        source=row["source"],
    )


def events_between(first: date, last: date, path: Path = SHIPPED) -> tuple[Event, ...]:
    """Return the events from `first` to `last`, both included."""
    return tuple(event for event in read_events(path) if first <= event.day <= last)


def known_span(path: Path = SHIPPED) -> dict[str, tuple[date, date]]:
    """Return for each kind of event the first and the last day for which the schedule is known."""
    spans: dict[str, tuple[date, date]] = {}
    for event in read_events(path):
        first, last = spans.get(event.name, (event.day, event.known_until))
        spans[event.name] = (min(first, event.day), max(last, event.known_until))
    return spans
