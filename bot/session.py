"""Know the trading sessions: when the stock market is open, which window an instant falls into, when VX settles.

Sessions are those of XNYS; the futures exchange follows them with hours of its own. The calendar library is loaded at
the first question and read once into plain tuples, so that a question every minute costs microseconds. Nothing here
reads the clock or the host's time zone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from bot.errors import UsageProblem
from strategies.alvh.records import Session, Window

NEW_YORK = ZoneInfo("America/New_York")

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2035, 12, 31)
"""The days that can be asked about; later holidays are not known well enough."""

OPENING_WINDOW = timedelta(minutes=90)
CLOSING_WINDOW = timedelta(minutes=60)
RECENT_DAYS = 10
NANOS = 1_000_000_000

SETTLEMENT_MOVED_ON = date(2020, 10, 26)
"""From this day VX settles daily at 16:00 New York time; before it was 16:15."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hold the regular hours of one day, in UTC."""

    day: date
    opens_at: datetime
    closes_at: datetime
    early_close: bool


@dataclass(frozen=True, slots=True)
class _Table:
    """Hold every session as parallel tuples, oldest first."""

    days: tuple[date, ...]
    opens_s: tuple[int, ...]  # seconds since 1970
    closes_s: tuple[int, ...]
    early: frozenset[date]


@cache
def _table() -> _Table:
    """Read the calendar library once, with a margin around the days that may be asked about."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XNYS", start="1999-11-01", end="2036-03-31")
    return _Table(
        days=tuple(stamp.date() for stamp in calendar.sessions),
        opens_s=tuple((calendar.opens_nanos // NANOS).tolist()),
        closes_s=tuple((calendar.closes_nanos // NANOS).tolist()),
        early=frozenset(stamp.date() for stamp in calendar.early_closes),
    )


def _check(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise UsageProblem(f"{day} is outside the trading calendar, which knows {FIRST_DAY} to {LAST_DAY}")


def _index(day: date) -> int | None:
    """Return the position of a session in the table; `None` for a day without one."""
    _check(day)
    days = _table().days
    place = bisect_left(days, day)
    return place if days[place] == day else None


def is_session(day: date) -> bool:
    """Say whether the stock market opens on this day."""
    return _index(day) is not None


@lru_cache(maxsize=512)
def hours_on(day: date) -> Hours | None:
    """Return the stock market's hours; `None` on a day without a session."""
    place = _index(day)
    if place is None:
        return None
    table = _table()
    return Hours(
        day=day,
        opens_at=datetime.fromtimestamp(table.opens_s[place], UTC),
        closes_at=datetime.fromtimestamp(table.closes_s[place], UTC),
        early_close=day in table.early,
    )


def futures_hours_on(day: date) -> Hours | None:
    """Return the regular hours of VX and VXM; `None` on a day without a session.

    New York time 09:30 to 16:00 (to 16:15 before 2020-10-26), to 13:15 on half days. The futures calendars of the
    libraries are wrong in both the close and some half days; this rule matches the exchange's own list.
    """
    stocks = hours_on(day)
    if stocks is None:
        return None
    usual = time(16, 0) if day >= SETTLEMENT_MOVED_ON else time(16, 15)
    closes = time(13, 15) if stocks.early_close else usual
    return Hours(
        day=day,
        opens_at=datetime.combine(day, time(9, 30), NEW_YORK).astimezone(UTC),
        closes_at=datetime.combine(day, closes, NEW_YORK).astimezone(UTC),
        early_close=stocks.early_close,
    )


def window_at(now: datetime, hours: Hours) -> Window:
    """Say which window of the session an instant falls into; windows are half-open, their start belongs to them."""
    if now < hours.opens_at + OPENING_WINDOW:
        return Window.OPENING
    if now >= hours.closes_at - CLOSING_WINDOW:
        return Window.CLOSING
    return Window.GUARDIAN


@lru_cache(maxsize=512)
def _frame(day: date) -> tuple[Hours, datetime, date, tuple[date, ...]] | None:
    """Return what stays the same all session: hours, previous close, next session, recent sessions."""
    place = _index(day)
    hours = hours_on(day)
    if place is None or hours is None:
        return None
    table = _table()
    recent = table.days[place - RECENT_DAYS + 1 : place + 1]
    return hours, datetime.fromtimestamp(table.closes_s[place - 1], UTC), table.days[place + 1], recent


def session_at(now: datetime) -> Session | None:
    """Return the session running at an aware instant; `None` before the open, from the close on, and on days off."""
    if now.tzinfo is None:
        raise ValueError(f"{now} has no time zone")
    instant = now.astimezone(UTC)
    frame = _frame(instant.date())  # a session never crosses midnight in UTC
    if frame is None:
        return None
    hours, previous_close_at, next_day, recent_days = frame
    if not hours.opens_at <= instant < hours.closes_at:
        return None
    return Session(
        day=hours.day,
        opens_at=hours.opens_at,
        closes_at=hours.closes_at,
        early_close=hours.early_close,
        window=window_at(instant, hours),
        previous_close_at=previous_close_at,
        next_day=next_day,
        recent_days=recent_days,
    )


def sessions_between(first: date, last: date) -> tuple[date, ...]:
    """Return the session days from `first` to `last`, both included."""
    _check(first)
    _check(last)
    days = _table().days
    return days[bisect_left(days, first) : bisect_right(days, last)]


def business_days_between(start: date, end: date) -> int:
    """Return how many sessions lie after `start` up to and including `end`; negative when `end` comes first."""
    _check(start)
    _check(end)
    days = _table().days
    return bisect_right(days, end) - bisect_right(days, start)


def next_session(day: date) -> date:
    """Return the first session after a day."""
    _check(day)
    days = _table().days
    return days[bisect_right(days, day)]


def previous_session(day: date) -> date:
    """Return the last session before a day."""
    _check(day)
    days = _table().days
    return days[bisect_left(days, day) - 1]


def days_to_expiry(settles_on: date, today: date) -> int:
    """Return the calendar days from today to a final settlement day."""
    return (settles_on - today).days


def _third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


@cache
def vx_settlement_day(year: int, month: int) -> date:
    """Return the final settlement day of the monthly VX and VXM contract of a month (exchange rule).

    That is the Wednesday 30 days before the third Friday of the following month, or the business day before it if that
    Wednesday or that Friday is an exchange holiday.
    """
    friday = _third_friday(year + month // 12, month % 12 + 1)
    wednesday = friday - timedelta(days=30)
    _check(wednesday)
    days = _table().days
    open_both = wednesday in _days() and friday in _days()
    return wednesday if open_both else days[bisect_left(days, wednesday) - 1]


@cache
def _days() -> frozenset[date]:
    return frozenset(_table().days)


def vx_settlement_days(first: date, last: date) -> tuple[date, ...]:
    """Return the final settlement days of the monthly contracts from `first` to `last`, both included."""
    _check(first)
    _check(last)
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    days = (vx_settlement_day(month // 12, month % 12 + 1) for month in months)
    return tuple(day for day in days if first <= day <= last)


def contract_to_trade(day: date, min_dte: int, max_dte: int) -> date | None:
    """Return the settlement day of the nearest monthly contract with `min_dte` to `max_dte` calendar days left."""
    last = min(day + timedelta(days=max_dte), LAST_DAY)
    found = vx_settlement_days(min(day + timedelta(days=min_dte), last), last)
    return found[0] if found and days_to_expiry(found[0], day) >= min_dte else None
