"""Choose the listed options on VIX: pairs at the money of the months that may be traded, and a strip of calls.

The pairs of the nearest month, and of a month in which a future is held, are streamed, because what they imply is
compared with a live future. The rest is looked at every few minutes: a snapshot costs less than a stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import exp, sqrt
from statistics import NormalDist

from bot.broker.port import Chain, Instrument, Reader
from bot.observe.chain import listed
from bot.observe.finder import Expiry, Finder, nearest, strikes_of
from bot.observe.settings import Sight
from bot.session import NEW_YORK

MONTHLY = "VIX"
CLASSES = frozenset({MONTHLY, "VIXW"})
SPARE_STRIKES = 2
ORDINARY_SIGMA = 1.0  # volatility of VIX where VVIX is not known, as a fraction
SIGMA_STEP = 0.2  # a change of VVIX by this share moves the strikes of the calls
MONTH_DAYS, TERM_POWER = 30.0, 0.30  # near futures move more: volatility by days to expiry, roughly
DAYS_A_YEAR = 365.0
SHORTEST_SHARE = 0.93  # of a wanted term: what is shorter would have to be rolled at once

Listed = tuple[Instrument, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Hold a VX month by its settlement day and its price in points; `live` months have their options streamed."""

    settles_on: date
    forward: float
    live: bool


def months(
    broker: Reader, futures: Sequence[Instrument], held: Sequence[Instrument], today: date, sight: Sight
) -> tuple[Month, ...]:
    """Return the priced VX months that may be traded, are held or are wanted for their options, nearest first."""
    held_days = {row.expires_on for row in held if row.sec_type == "FUT"}
    wanted = _terms(futures, today, sight)
    found: dict[date, Month] = {}
    nearest_day: date | None = None
    for row in futures:
        day = row.expires_on
        if day is None or day in found:
            continue
        may_trade = sight.min_dte <= (day - today).days <= sight.max_dte
        if may_trade and nearest_day is None:
            nearest_day = day
        price = _price(broker, row.con_id)
        if price is not None and (may_trade or day in held_days or day in wanted):
            found[day] = Month(settles_on=day, forward=price, live=day == nearest_day or day in held_days)
    return tuple(found.values())


def _terms(futures: Sequence[Instrument], today: date, sight: Sight) -> set[date]:
    """Return for each wanted term the settlement day nearest to it among those that are not much shorter."""
    days = {row.expires_on for row in futures if row.expires_on is not None}
    found = set()
    for term in sight.core_days:
        long_enough = [day for day in days if (day - today).days > SHORTEST_SHARE * term]
        found |= set(sorted(long_enough)[:1])
    return found


def _price(broker: Reader, con_id: int) -> float | None:
    mid = broker.quote(con_id).mid
    return broker.day_values(con_id)[1] if mid is None else mid


def strike_of_delta(delta: float, forward: float, sigma: float, years: float) -> float:
    """Return the strike at which a call on VIX has an undiscounted Black-76 delta."""
    stdev = sigma * sqrt(years)
    return forward * exp(stdev * (0.5 * stdev - NormalDist().inv_cdf(delta)))


class VixBoard:
    """Hold the chosen options on VIX, and choose anew when a future has run away from them or the day has changed."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._anchors: dict[date, float] = {}
        self._sigma = ORDINARY_SIGMA
        self._key: tuple[object, ...] = ()
        self._finder = Finder("VIX")
        self.streamed: tuple[Listed, ...] = ()
        self.rested: tuple[Listed, ...] = ()
        self.faults: tuple[str, ...] = ()

    async def choose(
        self,
        broker: Reader,
        chains: Sequence[Chain],
        found: Sequence[Month],
        sigma: float | None,
        *,
        now: datetime,
        room: int,
    ) -> None:
        """Choose at most `room` options around the months' prices: live pairs, other pairs, then calls."""
        key = (now.date(), tuple((month.settles_on, month.live) for month in found), room, len(chains))
        sigma = sigma or ORDINARY_SIGMA
        moved = abs(sigma / self._sigma - 1.0) > SIGMA_STEP or any(self._has_run(month) for month in found)
        if key == self._key and not moved:
            return
        expiries = listed(chains, _monthlies(chains), now)
        problems: list[str] = []
        pairs = await asyncio.gather(
            *(self._pairs(broker, chains, expiry, month, problems) for expiry, month in _joined(expiries, found))
        )
        live = [month.live for _, month in _joined(expiries, found)]
        streamed = [option for group, is_live in zip(pairs, live, strict=True) if is_live for option in group]
        others = [option for group, is_live in zip(pairs, live, strict=True) if not is_live for option in group]
        calls = await self._calls(broker, chains, expiries, found, sigma, now, problems)
        rested = [option for option in dict.fromkeys((*others, *calls)) if option not in streamed]
        room = max(0, room)
        self.streamed = tuple(streamed[:room])
        self.rested = tuple(rested[: room - len(self.streamed)])
        left_out = len(streamed) + len(rested) - len(self.streamed) - len(self.rested)
        if left_out:
            problems.append(f"{left_out} options on VIX are not watched: all {self._sight.lines} lines are in use")
        self._anchors = {month.settles_on: month.forward for month in found}
        self._key, self._sigma, self.faults = key, sigma, tuple(problems)

    def _has_run(self, month: Month) -> bool:
        anchor = self._anchors.get(month.settles_on)
        return anchor is None or abs(month.forward / anchor - 1.0) > self._sight.recentre_share

    async def _pairs(
        self, broker: Reader, chains: Sequence[Chain], expiry: Expiry, month: Month, problems: list[str]
    ) -> list[Listed]:
        """Return call and put of the strikes nearest to the money; a chain lists strikes that an expiry may lack."""
        wanted = nearest(strikes_of(chains, expiry), month.forward, self._sight.vix_strikes + SPARE_STRIKES)
        rows = await asyncio.gather(*(self._finder.find(broker, expiry, strike, problems) for strike in wanted))
        whole = [pair for pair in rows if {row.right for row in pair} == {"C", "P"}]
        return [(row, expiry.settles_at) for pair in whole[: self._sight.vix_strikes] for row in pair]

    async def _calls(
        self,
        broker: Reader,
        chains: Sequence[Chain],
        expiries: Sequence[Expiry],
        found: Sequence[Month],
        sigma: float,
        now: datetime,
        problems: list[str],
    ) -> list[Listed]:
        """Return calls about the wanted deltas of the nearest expiries, each priced off the month nearest to it."""
        first, last = self._sight.vix_call_days
        near = [expiry for expiry in expiries if first <= (_day(expiry) - now.date()).days <= last]
        near.sort(key=lambda expiry: expiry.trading_class != MONTHLY)  # a weekly has no monthly VX to be measured on
        chosen: list[Listed] = []
        wanted = self._sight.event_calls and bool(found)
        for expiry in near[: self._sight.vix_call_expiries] if wanted else ():
            month = min(found, key=lambda month: abs((month.settles_on - _day(expiry)).days))
            days = (expiry.settles_at - now).total_seconds() / 86_400.0
            near_sigma = sigma * (MONTH_DAYS / days) ** TERM_POWER
            targets = [
                strike_of_delta(delta, month.forward, near_sigma, days / DAYS_A_YEAR)
                for delta in self._sight.vix_call_deltas
            ]
            strikes = dict.fromkeys(
                strike for target in targets for strike in nearest(strikes_of(chains, expiry), target, 1)
            )
            rows = await asyncio.gather(*(self._finder.find(broker, expiry, strike, problems) for strike in strikes))
            chosen += [(row, expiry.settles_at) for pair in rows for row in pair if row.right == "C"]
        return chosen


def _joined(expiries: Sequence[Expiry], found: Sequence[Month]) -> list[tuple[Expiry, Month]]:
    """Join each month with the monthly options that settle on its very day."""
    monthly = {_day(expiry): expiry for expiry in expiries if expiry.trading_class == MONTHLY}
    return [(monthly[month.settles_on], month) for month in found if month.settles_on in monthly]


def _monthlies(chains: Sequence[Chain]) -> frozenset[tuple[str, date]]:
    """Return every monthly expiry, however far: a far month is watched when the settings want it."""
    return frozenset(
        (chain.trading_class, day) for chain in chains for day in chain.expiries if chain.trading_class == MONTHLY
    )


def _day(expiry: Expiry) -> date:
    return expiry.settles_at.astimezone(NEW_YORK).date()
