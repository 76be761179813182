"""List the weekly VX futures and model their paths.

They are named and listed as Cboe described them in 2016: by the week of the year, six consecutive Wednesdays of which
one or two are the monthlies'. IB carries a weekly under the symbol VIX like a monthly, but in a trading class of its
week (VX06), so that `VIX FUT CFE` alone is ambiguous. Prices are modelled: on the line, in time to settlement, between
the neighbouring monthlies, before the first of them between VIX and it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import numpy as np

from bot.gateway.market.curve import Future
from bot.gateway.market.grid import TICK_SECONDS
from bot.gateway.market.listing import INDEX_IDS, MONTH_CODES, RULE_VX, third_friday
from bot.gateway.market.sessions import NEW_YORK, Timetable
from bot.gateway.market.world import World
from bot.gateway.records import Contract

LISTED = 6  # consecutive Wednesdays, the monthlies' among them
BEGAN = date(2015, 7, 23)
_BASE = 520_000_000
_WEDNESDAY = 2
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=30)
_VOLUME_SHARE = 0.01  # of the monthly that settles next; an assumption, as weeklies trade very little
_DAY_S = 86400.0


def settlement_day(wednesday: date, timetable: Timetable) -> date:
    """Return the day on which the VX of a week settles.

    It is the Wednesday, unless that or the Friday 30 days later is a holiday: then the business day before it.
    """
    return timetable.on_or_before(timetable.on_or_before(wednesday + _MONTH) - _MONTH)


def is_monthly(wednesday: date) -> bool:
    """Say whether the week's VX is a monthly: 30 days before a third Friday."""
    friday = wednesday + _MONTH
    return friday == third_friday(friday.year, friday.month)


def listed_weeks(now: datetime, timetable: Timetable) -> tuple[date, ...]:
    """Return the Wednesdays whose weekly is listed at `now`, nearest first; none before they were invented."""
    today = now.astimezone(NEW_YORK).date()
    if today < BEGAN:
        return ()
    first = today + timedelta(days=(_WEDNESDAY - today.weekday()) % 7)
    weeks = [first + count * _WEEK for count in range(LISTED + 1)]
    live = [week for week in weeks if settles_at(settlement_day(week, timetable)) > now][:LISTED]
    return tuple(week for week in live if not is_monthly(week))


def settles_at(day: date) -> datetime:
    """Return the instant of the opening print that settles the futures of a day."""
    return datetime.combine(day, time(9, 30), NEW_YORK).astimezone(UTC)


def weekly_id(wednesday: date) -> int:
    """Return the conId of the weekly of a Wednesday."""
    return _BASE + int(f"{wednesday:%y%m%d}")


@lru_cache(maxsize=256)
def weekly_of(con_id: int) -> date | None:
    """Return the Wednesday of a weekly's conId, `None` when it is none."""
    rest = con_id - _BASE
    if not 100101 <= rest <= 991231:
        return None
    try:
        day = date(2000 + rest // 10000, rest // 100 % 100, rest % 100)
    except ValueError:
        return None
    return day if day.weekday() == _WEDNESDAY and not is_monthly(day) else None


@lru_cache(maxsize=256)
def weekly_contract(wednesday: date, settles_on: date) -> Contract:
    """Return a weekly; its class counts the Wednesdays of the year, its local symbol adds month and year."""
    week = (wednesday.timetuple().tm_yday + 6) // 7
    name = f"VX{week:02d}"
    return Contract(
        con_id=weekly_id(wednesday),
        symbol="VIX",
        sec_type="FUT",
        exchange="CFE",
        expiry=f"{settles_on:%Y%m%d}",
        multiplier="1000",
        local_symbol=f"{name}{MONTH_CODES[settles_on.month - 1]}{settles_on.year % 10}",
        trading_class=name,
        long_name="CBOE Volatility Index",
        min_tick=0.05,
        market_rule_id=RULE_VX,
        underlying_con_id=INDEX_IDS["VIX"],
        contract_month=f"{settles_on:%Y%m}",
        settles_at=settles_at(settles_on),
        valid_exchanges="CFE",
    )


def weekly_future(world: World, settles_on: date) -> Future | None:
    """Return a weekly's path over the whole grid, without published settlements; `None` beyond the known curve."""
    later = [day for day in world.futures if day > settles_on]
    if not later:
        return None
    after = world.futures[min(later)]
    before = max((day for day in world.futures if day < settles_on), default=None)
    seconds = world.grid.first_s + TICK_SECONDS * np.arange(world.grid.size)
    ends_s, after_s = settles_at(settles_on).timestamp(), settles_at(after.settles_on).timestamp()
    # VIX itself stands for a future that settles now, as long as no monthly does before the weekly.
    near_s, near = seconds, world.paths.driver
    if before is not None:
        before_s = settles_at(before).timestamp()
        lives = seconds < before_s
        near_s = np.where(lives, before_s, near_s)
        near = np.where(lives, world.futures[before].mid, near)
    share = np.clip((ends_s - near_s) / np.maximum(after_s - near_s, _DAY_S), 0.0, 1.0)
    return Future(
        settles_on=settles_on,
        mid=near + share * (after.mid - near),
        shown=near + share * (after.shown - near),
        settle_ticks=np.array([], dtype=np.int64),
        settle_values=np.array([]),
        volumes={day: volume * _VOLUME_SHARE for day, volume in after.volumes.items()},
        open_interest={},
        final=None,
        is_weekly=True,
    )
