"""Say when each kind of contract trades, by date: sessions, half days, and the extended hours of VIX and VX.

New York time throughout; sources: Cboe's and CFE's contract specifications (docs/method.md, contract facts). Simplified
on purpose: SPX and VIX options trade in regular hours only, and VX rests on holidays on which CFE ran short sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import exchange_calendars

NEW_YORK = ZoneInfo("America/New_York")
USUAL_BOUNDS = ("1999-11-01", "2036-03-31")
"""The library keeps a calendar by its bounds and takes long to make one; the bot in the same process has these."""

VX_SETTLES_AT_CASH_CLOSE_SINCE = date(2020, 10, 26)
VIX_PREMARKET_UNTIL_0925_SINCE = date(2021, 11, 22)


class Hours(StrEnum):
    """Name the timetables."""

    CASH = "cash"  # SPX, breadth: 09:30-16:00
    TERM = "term"  # VIX9D, VIX3M, VVIX: 09:30-16:15
    VIX = "vix"  # with the pre-market calculation from 03:15
    OPTION = "option"  # SPX, SPXW, VIX options: 09:30-16:15
    VX = "vx"  # VX and VXM with their extended hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Hold one continuous stretch of trading, in UTC, and the trade date to which it belongs."""

    day: date
    opens: datetime
    closes: datetime
    regular: bool


@lru_cache(maxsize=16)
def _schedule(first: date, last: date) -> tuple[tuple[date, time], ...]:
    """Return (session, New York close) of the New York Stock Exchange in [first, last]."""
    wanted = (first.isoformat(), last.isoformat())
    start, end = USUAL_BOUNDS if USUAL_BOUNDS[0] < wanted[0] <= wanted[1] < USUAL_BOUNDS[1] else wanted
    schedule = exchange_calendars.get_calendar("XNYS", start=start, end=end).schedule
    closes = schedule["close"].loc[wanted[0] : wanted[1]]
    return tuple((day.date(), at.to_pydatetime().astimezone(NEW_YORK).time()) for day, at in closes.items())


class Timetable:
    """Know the sessions between two dates and the hours of every kind of contract on them."""

    def __init__(self, first: date, last: date) -> None:
        pairs = _schedule(first, last)
        self.days: tuple[date, ...] = tuple(day for day, _ in pairs)
        self._closes = dict(pairs)
        self._spans: dict[tuple[Hours, date], tuple[Span, ...]] = {}

    def is_session(self, day: date) -> bool:
        """Say whether the stock exchange opens on `day`."""
        return day in self._closes

    def is_half(self, day: date) -> bool:
        """Say whether `day` closes early."""
        return self._closes[day] < time(16)

    def on_or_before(self, day: date) -> date:
        """Return the last session not after `day`."""
        while day not in self._closes:
            day -= timedelta(days=1)
        return day

    def before(self, day: date) -> date:
        """Return the session before `day`."""
        return self.on_or_before(day - timedelta(days=1))

    def after(self, day: date) -> date:
        """Return the session after `day`."""
        day += timedelta(days=1)
        while day not in self._closes:
            day += timedelta(days=1)
        return day

    def close(self, hours: Hours, day: date) -> datetime:
        """Return the instant at which the regular session of `day` ends, also the time of the published close."""
        return self._at(day, _regular_close(hours, day, half=self.is_half(day)))

    def spans(self, hours: Hours, day: date) -> tuple[Span, ...]:
        """Return the stretches of trading that belong to trade date `day`, in order; empty when it rests."""
        found = self._spans.get((hours, day))
        if found is None:
            found = self._spans[hours, day] = self._compute(hours, day)
        return found

    def _compute(self, hours: Hours, day: date) -> tuple[Span, ...]:
        if day not in self._closes:
            return ()
        end = _regular_close(hours, day, half=self.is_half(day))
        regular = self._span(day, time(9, 30), end, regular=True)
        if hours is Hours.VIX:
            stop = time(9, 25) if day >= VIX_PREMARKET_UNTIL_0925_SINCE else time(9, 15)
            return (self._span(day, time(3, 15), stop, regular=False), regular)
        if hours is Hours.VX:
            return (*self._vx_night(day), regular, *self._vx_evening(day))
        return (regular,)

    def _vx_night(self, day: date) -> tuple[Span, ...]:
        """Return the extended hours before the regular ones: from 18:00 of the evening before (17:00 Chicago)."""
        eve = day - timedelta(days=1)
        night = Span(day=day, opens=self._at(eve, time(18)), closes=self._at(day, time(9, 30)), regular=False)
        if day >= VX_SETTLES_AT_CASH_CLOSE_SINCE or eve not in self._closes or self.is_half(eve):
            return (night,)
        # Until October 2020 the half hour after the settlement already belonged to the next trade date.
        return (Span(day=day, opens=self._at(eve, time(16, 30)), closes=self._at(eve, time(17)), regular=False), night)

    def _vx_evening(self, day: date) -> tuple[Span, ...]:
        """Return the hour after the settlement, which since October 2020 belongs to the same trade date."""
        if day < VX_SETTLES_AT_CASH_CLOSE_SINCE or self.is_half(day):
            return ()
        return (self._span(day, time(16), time(17), regular=False),)

    def _span(self, day: date, opens: time, closes: time, *, regular: bool) -> Span:
        return Span(day=day, opens=self._at(day, opens), closes=self._at(day, closes), regular=regular)

    @staticmethod
    def _at(day: date, at: time) -> datetime:
        return datetime.combine(day, at, NEW_YORK).astimezone(UTC)


def _regular_close(hours: Hours, day: date, *, half: bool) -> time:
    """Return the New York time at which regular trading of these hours ends."""
    if hours is Hours.CASH:
        return time(13) if half else time(16)
    if half:
        return time(13, 15)
    if hours is Hours.VX and day >= VX_SETTLES_AT_CASH_CLOSE_SINCE:
        return time(16)
    return time(16, 15)
