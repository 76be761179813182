"""List option expiries and strikes as the exchange did at the time, by rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache

from bot.gateway.market.listing import Expiry, OptionClass, option_expiry, third_friday
from bot.gateway.market.sessions import NEW_YORK, Timetable

# Weekday (Monday 0) from which date on SPXW expired that day.
_SPXW_WEEKDAYS = {
    0: date(2016, 8, 15),
    1: date(2022, 4, 18),
    2: date(2016, 2, 23),
    3: date(2022, 5, 11),
    4: date(2005, 10, 28),
}
_DENSE_DAYS, _FRIDAY_DAYS, _MONTH_END_DAYS, _MONTHLY_MONTHS = 35, 100, 200, 12
_FINE_DAYS = 120
_VIX_MONTHS = 9


def expiries(
    option_class: OptionClass, at: datetime, timetable: Timetable, vx_days: Iterable[date]
) -> tuple[Expiry, ...]:
    """Return the expiries of a class listed at `at`, nearest first."""
    today = at.astimezone(NEW_YORK).date()
    listed = _listed(option_class, today, timetable, tuple(vx_days))
    return tuple(item for item in listed if item.settles_at > at)


@lru_cache(maxsize=256)
def _listed(
    option_class: OptionClass, today: date, timetable: Timetable, vx_days: tuple[date, ...]
) -> tuple[Expiry, ...]:
    if option_class is OptionClass.VIX:
        days = sorted(day for day in vx_days if day >= today)[:_VIX_MONTHS]
    elif option_class is OptionClass.SPX:
        days = sorted(_monthlies(today, timetable))
    else:
        days = sorted(_weeklies(today, timetable))
    return tuple(option_expiry(option_class, day, timetable) for day in days)


def _monthlies(today: date, timetable: Timetable) -> set[date]:
    found = set()
    for ahead in range(_MONTHLY_MONTHS + 1):
        month = today.month - 1 + ahead
        day = timetable.on_or_before(third_friday(today.year + month // 12, month % 12 + 1))
        if day >= today:
            found.add(day)
    return found


def _weeklies(today: date, timetable: Timetable) -> set[date]:
    """Return SPXW days: near every weekday of the era, then Fridays, then month ends; a holiday moves the day."""
    found = set()
    for ahead in range(_MONTH_END_DAYS):
        day = today + timedelta(days=ahead)
        since = _SPXW_WEEKDAYS.get(day.weekday())
        near = ahead <= _DENSE_DAYS or (day.weekday() == 4 and ahead <= _FRIDAY_DAYS)
        if since is not None and day >= since and near:
            moved = day if timetable.is_session(day) else None
            if moved is None:
                moved = timetable.after(day) if day.weekday() == 0 else timetable.before(day)
            found.add(moved)
        if (day + timedelta(days=1)).month != day.month:
            found.add(timetable.on_or_before(day))
    return {day for day in found if day >= today}


@lru_cache(maxsize=64)
def strikes(option_class: OptionClass, days_ahead: int, reference: float) -> tuple[float, ...]:
    """Return the strikes of an expiry: near every 5 points from 60% to 120% of `reference`, further every 25."""
    if option_class is OptionClass.VIX:
        return (
            *(10.0 + 0.5 * n for n in range(20)),
            *(20.0 + n for n in range(20)),
            *(40.0 + 2.5 * n for n in range(8)),
            *(60.0 + 5.0 * n for n in range(9)),
        )
    coarse = {25.0 * n for n in range(round(reference * 0.4 / 25), round(reference * 1.4 / 25) + 1)}
    if days_ahead <= _FINE_DAYS:
        coarse |= {5.0 * n for n in range(round(reference * 0.6 / 5), round(reference * 1.2 / 5) + 1)}
    return tuple(sorted(coarse))
