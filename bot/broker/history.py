"""Ask for history in IB's words, and keep only bars that are closed, whole and in order."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.broker.quotes import UNSET
from strategies.alvh.records import Bar

NEW_YORK = ZoneInfo("America/New_York")
DAILY_CLOSE = time(16, 0)
MINUTES_A_DAY = 1440
TOP_UP_MINUTES = 60
_REGULAR_MINUTES, _EXTENDED_MINUTES = 390, 1320
_SIZES = {1: "1 min", 5: "5 mins", 15: "15 mins", 30: "30 mins", 60: "1 hour", MINUTES_A_DAY: "1 day"}


def bar_size(minutes: int) -> str:
    """Return IB's name of a bar size.

    Raises `ValueError` for a size that is not in use here.
    """
    if minutes not in _SIZES:
        raise ValueError(f"bars of {minutes} minutes are not in use, expected one of {sorted(_SIZES)}")
    return _SIZES[minutes]


def duration(*, minutes: int, count: int, rth: bool) -> str:
    """Return IB's duration that surely holds `count` bars, weekends and holidays included.

    Up to an hour is asked for as that much time before the end: it tops up a running session.
    """
    span = minutes * count
    if span <= TOP_UP_MINUTES:
        return f"{span * 60} S"
    a_day = MINUTES_A_DAY if minutes == MINUTES_A_DAY else (_REGULAR_MINUTES if rth else _EXTENDED_MINUTES)
    days = math.ceil(span / a_day * 7 / 5) + 5
    return f"{days} D" if days <= 365 else f"{math.ceil(days / 365)} Y"


def closed_bars(found: Iterable[Any], *, minutes: int, end: datetime) -> tuple[Bar, ...]:
    """Return the bars that ended at or before `end`, oldest first, each end once; broken ones are left out."""
    bars: dict[datetime, Bar] = {}
    for raw in found:
        ended = _ended(raw.date, minutes)
        if ended <= end and _is_whole(raw):
            bars[ended] = Bar(end=ended, open=raw.open, high=raw.high, low=raw.low, close=raw.close)
    return tuple(bars[key] for key in sorted(bars))


def _is_whole(raw: Any) -> bool:
    """Say whether every price is a number from 0 on and one of them is above it; no comparison with NaN is true."""
    first, high, low, last = raw.open, raw.high, raw.low, raw.close
    are_prices = 0.0 <= first < UNSET and 0.0 <= high < UNSET and 0.0 <= low < UNSET and 0.0 <= last < UNSET
    return are_prices and bool(first or high or low or last)


def _ended(start: Any, minutes: int) -> datetime:
    if isinstance(start, datetime) and minutes != MINUTES_A_DAY:
        instant = start if start.tzinfo is UTC else start.astimezone(UTC)
        return instant + timedelta(minutes=minutes)
    day = start.astimezone(NEW_YORK).date() if isinstance(start, datetime) else start
    return datetime.combine(day, DAILY_CLOSE, NEW_YORK).astimezone(UTC)
