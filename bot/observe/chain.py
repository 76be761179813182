"""Choose the listed SPX options that give forwards and smiles: an at-the-money pair and a few wings an expiry."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from bot.broker.port import Chain, Instrument, Reader
from bot.observe.finder import Expiry, Finder, nearest, strikes_of
from bot.observe.settings import Sight
from bot.observe.settlement import settles_at

TRIES = 3
SECONDS_A_DAY = 86_400.0
HORIZON = timedelta(days=150)


def listed(chains: Iterable[Chain], held: frozenset[tuple[str, date]], now: datetime) -> tuple[Expiry, ...]:
    """Return the near and the held expiries that have not settled, in the order of settlement."""
    last = (now + HORIZON).date()
    listed_pairs = {(chain.trading_class, expires_on) for chain in chains for expires_on in chain.expiries}
    pairs = {pair for pair in listed_pairs if pair[1] <= last or pair in held}
    found = [
        Expiry(trading_class=name, expires_on=expires_on, settles_at=settled)
        for name, expires_on in pairs
        if expires_on >= now.date() and (settled := settles_at(name, expires_on)) is not None
    ]
    alive = [expiry for expiry in found if expiry.settles_at > now]
    return tuple(sorted(alive, key=lambda expiry: (expiry.settles_at, expiry.trading_class)))


def wanted(
    expiries: Sequence[Expiry], held: frozenset[tuple[str, date]], now: datetime, tenors_days: Sequence[float]
) -> tuple[Expiry, ...]:
    """Return the held expiries first, then those that bracket each tenor, without repeats."""
    chosen = [expiry for expiry in expiries if (expiry.trading_class, expiry.expires_on) in held]
    for tenor in tenors_days:
        before = [expiry for expiry in expiries if _days(expiry, now) <= tenor]
        after = [expiry for expiry in expiries if _days(expiry, now) > tenor]
        chosen += before[-1:] + after[:1]
    return tuple(dict.fromkeys(chosen))


def _days(expiry: Expiry, now: datetime) -> float:
    return (expiry.settles_at - now).total_seconds() / SECONDS_A_DAY


class Board:
    """Hold the chosen options, and choose anew when SPX has run away from them or the session has changed."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._anchor: float | None = None
        self._key: tuple[object, ...] = ()
        self._finder = Finder("SPX")
        self.pairs: tuple[tuple[Instrument, datetime], ...] = ()
        self.wings: tuple[tuple[Instrument, datetime], ...] = ()
        self.faults: tuple[str, ...] = ()

    async def choose(
        self,
        broker: Reader,
        chains: Sequence[Chain],
        held: frozenset[tuple[str, date]],
        spx: float | None,
        *,
        now: datetime,
        room: int,
    ) -> bool:
        """Choose at most `room` options around `spx`, pairs first; return whether the choice has changed."""
        if spx is None or not chains:
            return False
        near = self._anchor is not None and abs(spx / self._anchor - 1.0) <= self._sight.recentre_share
        key = (now.date(), held, room)
        if near and key == self._key:
            return False
        expiries = wanted(listed(chains, held, now), held, now, self._sight.tenors_days)
        problems: list[str] = []
        pairs = dict.fromkeys(await self._pairs(broker, chains, expiries, spx, problems))
        wings = dict.fromkeys(await self._around_wings(broker, chains, expiries, spx, problems))
        self.pairs = tuple(pairs)[: max(0, room)]
        self.wings = tuple(wing for wing in wings if wing not in pairs)[: max(0, room - len(self.pairs))]
        self._anchor, self._key, self.faults = spx, key, tuple(problems)
        return True

    async def _pairs(
        self, broker: Reader, chains: Sequence[Chain], expiries: Sequence[Expiry], spx: float, problems: list[str]
    ) -> list[tuple[Instrument, datetime]]:
        found = await asyncio.gather(*(self._around(broker, chains, expiry, spx, problems) for expiry in expiries))
        return [(option, expiry.settles_at) for expiry, pair in zip(expiries, found, strict=True) for option in pair]

    async def _around_wings(
        self, broker: Reader, chains: Sequence[Chain], expiries: Sequence[Expiry], spx: float, problems: list[str]
    ) -> list[tuple[Instrument, datetime]]:
        """Return out-of-the-money puts below the money and calls above it, nearest wing of every expiry first."""
        chosen: list[tuple[Instrument, datetime]] = []
        for share in self._sight.wings:
            right = "P" if share < 1.0 else "C"
            found = await asyncio.gather(
                *(self._around(broker, chains, expiry, share * spx, problems) for expiry in expiries)
            )
            for expiry, pair in zip(expiries, found, strict=True):
                chosen += [(option, expiry.settles_at) for option in pair if option.right == right]
        return chosen

    async def _around(
        self, broker: Reader, chains: Sequence[Chain], expiry: Expiry, price: float, problems: list[str]
    ) -> tuple[Instrument, ...]:
        """Return call and put at the strike nearest to a price; a chain lists strikes that an expiry may lack."""
        for strike in nearest(strikes_of(chains, expiry), price, TRIES):
            pair = await self._finder.find(broker, expiry, strike, problems)
            if len(pair) == 2:
                return pair
        return ()
