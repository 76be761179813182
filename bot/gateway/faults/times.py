"""Read when a fault begins, on the market's time."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.gateway.errors import FaultError

NEW_YORK = ZoneInfo("America/New_York")
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\Z", re.ASCII)
_AFTER = re.compile(r"\+(\d{1,9}(?:\.\d{1,6})?)\Z", re.ASCII)
_EXPECTED = "HH:MM or HH:MM:SS in New York, +SECONDS, or an instant with its offset such as 2018-02-05T20:50:00Z"


def first(text: str, now: datetime) -> datetime:
    """Return the first instant, from `now` on, that `text` names; an instant in the past is now, and so is no text.

    Raises `FaultError` when it can be no time.
    """
    if not text:
        return now
    after = _AFTER.match(text)
    if after:
        return now + timedelta(seconds=float(after[1]))
    at = time_of_day(text)
    if at is not None:
        return _next(at, now)
    return max(_instant(text).astimezone(now.tzinfo), now)


def check(text: str) -> None:
    """Raise `FaultError` when the text can be no time."""
    if text and not _AFTER.match(text) and time_of_day(text) is None:
        _instant(text)


def time_of_day(text: str) -> time | None:
    """Return a time of day in New York, `None` when the text is none."""
    found = _TIME_OF_DAY.match(text)
    return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def day_after(text: str, begun: datetime) -> datetime | None:
    """Return when a daily fault that began at `begun` begins again; `None` for one that is tied to an instant."""
    at = time_of_day(text)
    return None if at is None else _next(at, begun + timedelta(seconds=1))


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise FaultError(f"at is {text!r}; expected {_EXPECTED}")
    return instant


def _next(at: time, now: datetime) -> datetime:
    local = now.astimezone(NEW_YORK)
    day = local.date()
    found = datetime.combine(day, at, NEW_YORK)
    if found < local:
        found = datetime.combine(day + timedelta(days=1), at, NEW_YORK)
    return found.astimezone(now.tzinfo)
