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
    instant = _instant(text)
    if instant is None:
        raise FaultError(problem(text))
    return max(instant.astimezone(now.tzinfo), now)


def problem(text: str) -> str:
    """Say why a text can be no time, empty when it can."""
    known = not text or _AFTER.match(text) or time_of_day(text) is not None or _instant(text) is not None
    return "" if known else f"at is {text!r}; expected {_EXPECTED}"


def time_of_day(text: str) -> time | None:
    """Return a time of day in New York, `None` when the text is none."""
    found = _TIME_OF_DAY.match(text)
    return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def day_after(text: str, begun: datetime) -> datetime | None:
    """Return when a daily fault that began at `begun` begins again; `None` for one that is tied to an instant."""
    at = time_of_day(text)
    return None if at is None else _next(at, begun + timedelta(seconds=1))


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _next(at: time, now: datetime) -> datetime:
    local = now.astimezone(NEW_YORK)
    day = local.date()
    found = datetime.combine(day, at, NEW_YORK)
    if found < local:
        found = datetime.combine(day + timedelta(days=1), at, NEW_YORK)
    return found.astimezone(now.tzinfo)
