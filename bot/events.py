"""Know the scheduled economic releases, up to which day each schedule is known, and what they surprised by."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from math import isfinite
from pathlib import Path

import config
from bot.errors import UsageProblem
from bot.session import NEW_YORK
from strategies.alvh.records import EventCalendar, MacroEvent, Session

SHIPPED = Path(config.__file__).parent / "events.csv"
SURPRISE_COLUMNS = ("date", "event", "actual", "consensus")
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
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageProblem(f"{path}: not readable ({error}), expected the file of economic events") from None
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


def read_surprises(path: Path, events: tuple[Event, ...]) -> dict[tuple[date, str], float]:
    """Read the operator's surprises, |actual - consensus| by day and event; raise `UsageProblem` naming the line.

    A row must be of a release that the calendar knows.
    """
    known = {(event.day, event.name) for event in events}
    found: dict[tuple[date, str], float] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != SURPRISE_COLUMNS:
                raise UsageProblem(
                    f"{path}: columns are {', '.join(reader.fieldnames or ())}, expected {', '.join(SURPRISE_COLUMNS)}"
                )
            for row in reader:
                key, value = _surprise(row, f"{path}, line {reader.line_num}")
                if key not in known:
                    raise UsageProblem(
                        f"{path}, line {reader.line_num}: the calendar has no {key[1]} on {key[0]}: mend date or event"
                    )
                found[key] = value
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageProblem(f"{path}: not readable ({error}), expected the file of surprises") from None
    return found


def _surprise(row: dict[str, str], where: str) -> tuple[tuple[date, str], float]:
    try:
        day, actual, consensus = date.fromisoformat(row["date"]), float(row["actual"]), float(row["consensus"])
    except (ValueError, TypeError) as error:
        raise UsageProblem(f"{where}: {error}, expected a date as 2026-01-28 and two numbers") from None
    if not isfinite(actual) or not isfinite(consensus):
        raise UsageProblem(f"{where}: actual {actual} and consensus {consensus} must be finite numbers")
    return (day, row["event"]), abs(actual - consensus)


class Releases:
    """Answer which releases stand around a session, from the shipped calendar or the operator's, with surprises."""

    def __init__(self, names: tuple[str, ...], path: Path | None = None, surprises: Path | None = None) -> None:
        """Read the files once; `names` are the kinds of releases that count."""
        self._path = path or SHIPPED
        self._names = frozenset(names)
        events = read_events(self._path)
        self._events = tuple(event for event in events if event.name in self._names)
        self._surprises = {} if surprises is None else read_surprises(surprises, events)
        self._answered: tuple[date, EventCalendar | None] | None = None

    def around(self, session: Session) -> EventCalendar | None:
        """Return the releases from the session before to the one after; `None` without any kind of release.

        The calendar claims to be complete until the day on which the first of its kinds ends. It is made once a
        session.
        """
        if self._answered is None or self._answered[0] != session.day:
            self._answered = (session.day, self._around(session))
        return self._answered[1]

    def _around(self, session: Session) -> EventCalendar | None:
        ends = [last for name, (_, last) in known_span(self._path).items() if name in self._names]
        if not ends:
            return None
        first, last = session.previous_close_at.astimezone(NEW_YORK).date(), session.next_day
        near = [event for event in self._events if first <= event.day <= last]
        return EventCalendar(
            source="; ".join(sorted({event.source for event in near})) or self._path.name,
            valid_until=min(ends),
            events=tuple(
                MacroEvent(name=event.name, at=event.at, surprise=self._surprises.get((event.day, event.name)))
                for event in near
            ),
        )
