"""Hold the subscriptions within the budget of lines, and keep a quiet line known to be quiet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.broker.port import Chain, Instrument, Reader
from bot.clock import Clock
from bot.observe import book
from bot.observe.chain import Board
from bot.observe.instruments import BREADTH, VVIX, Universe
from bot.observe.settings import Sight
from bot.observe.vix_options import CLASSES, VixBoard, months
from strategies.alvh.records import Session

WINGS_EVERY = timedelta(minutes=5)
RESTED_EVERY = timedelta(minutes=5)
LAST_MINUTE = timedelta(minutes=1)


class Focus:
    """Decide what is watched: indices and futures, then what is held, then the chain as far as lines go."""

    def __init__(self, broker: Reader, clock: Clock, sight: Sight) -> None:
        self._broker = broker
        self._clock = clock
        self._sight = sight
        self._limits: dict[int, float] = {}
        self._wings_at: datetime | None = None
        self._asked_at: dict[int, datetime] = {}
        self._resting: set[int] = set()
        self.board = Board(sight)
        self.vix = VixBoard(sight)
        self.lines: set[int] = set()

    def warm(self, universe: Universe) -> None:
        """Subscribe to what every wake-up needs, so that the first look finds ticks."""
        fresh = self._sight.freshness
        limits = {"SPX": fresh.spx_s, "VIX": fresh.vix_s, "VIX9D": fresh.vix_s, "VIX3M": fresh.vix_s}
        limits[BREADTH] = fresh.breadth_s
        self._limits = {row.con_id: limits[name] for name, row in universe.indices.items() if name in limits}
        self._limits |= {row.con_id: fresh.vx_s for row in universe.futures}
        self._subscribe((*_moving(universe), *universe.futures))
        self._subscribe(_resting(universe), stream=False)

    async def follow(self, universe: Universe, chains: Sequence[Chain], held: Sequence[Instrument]) -> tuple[str, ...]:
        """Subscribe to what is needed now, drop what is not, and return faults in words."""
        fixed = {row.con_id: row for row in (*_moving(universe), *universe.futures, *held)}
        self._subscribe(tuple(fixed.values()))
        self._subscribe(_resting(universe), stream=False)
        fixed |= {row.con_id: row for row in _resting(universe)}
        self._resting = {row.con_id for row in _resting(universe)}
        expiries = frozenset(
            (row.trading_class, row.expires_on) for row in held if book.is_leg(row) and row.expires_on is not None
        )
        spx = universe.indices.get("SPX")
        price = None if spx is None else await self._first_price(spx)
        room = self._sight.lines - len(fixed)
        now, spx_chains = self._clock.now(), [chain for chain in chains if chain.trading_class not in CLASSES]
        await self.board.choose(self._broker, spx_chains, expiries, price, now=now, room=room)
        pairs = [option for option, _ in self.board.pairs]
        wings = [option for option, _ in self.board.wings]
        await self._follow_vix(universe, chains, held, room - len(pairs) - len(wings))
        streamed, rested = ([option for option, _ in found] for found in (self.vix.streamed, self.vix.rested))
        self._subscribe((*pairs, *streamed))
        self._subscribe((*wings, *rested), stream=False)
        self._drop(self.lines - fixed.keys() - {option.con_id for option in (*pairs, *wings, *streamed, *rested)})
        faults = (*self.board.faults, *self.vix.faults)
        if room < 0:
            return (*faults, f"{len(fixed)} market-data lines are needed, {self._sight.lines} may be used")
        return faults

    async def _follow_vix(
        self, universe: Universe, chains: Sequence[Chain], held: Sequence[Instrument], room: int
    ) -> None:
        now, broker = self._clock.now(), self._broker
        vix_chains = [chain for chain in chains if chain.trading_class in CLASSES]
        found = months(broker, universe.futures, held, now.date(), self._sight)
        vvix = universe.indices.get(VVIX)
        level = None if vvix is None else await self._first_price(vvix)
        await self.vix.choose(broker, vix_chains, found, level and level / 100.0, now=now, room=room)

    async def _first_price(self, index: Instrument) -> float | None:
        if self._broker.quote(index.con_id).last is None:
            await self._broker.confirm((index.con_id,))
        return self._broker.quote(index.con_id).last

    def _subscribe(self, instruments: Sequence[Instrument], *, stream: bool = True) -> None:
        for instrument in instruments:
            self._broker.subscribe(instrument, stream=stream)
            self.lines.add(instrument.con_id)

    def _drop(self, con_ids: set[int]) -> None:
        for con_id in sorted(con_ids):
            self._broker.unsubscribe(con_id)
            self.lines.discard(con_id)
            self._asked_at.pop(con_id, None)

    async def confirm(self, session: Session, *, calls: bool = False) -> None:
        """Ask for a snapshot of every line that was silent for long, and of the wings when a surface is due.

        With `calls` the calls on VIX are asked for at every look, because one of them may be bought.
        """
        wings = {option.con_id for option, _ in self.board.wings}
        rested = self._rested()
        silent = {con_id for con_id in self.lines - wings - rested if self._is_silent(con_id)}
        if self._wings_are_due(session):
            self._wings_at = self._clock.now()
            silent |= wings
        now_wanted = {option.con_id for option, _ in self.vix.rested if option.right == "C"} if calls else set()
        await self._broker.confirm(sorted(silent | self._due(rested) | now_wanted))

    def _rested(self) -> set[int]:
        """Return the lines that are looked at every few minutes and whose silence in between says nothing."""
        return {option.con_id for option, _ in self.vix.rested} | self._resting

    def _due(self, con_ids: set[int]) -> set[int]:
        """Return those of the lines that were not asked for in the last five minutes, and remember the asking."""
        now = self._clock.now()
        due = {con_id for con_id in con_ids if now - self._asked_at.get(con_id, now - RESTED_EVERY) >= RESTED_EVERY}
        self._asked_at |= dict.fromkeys(due, now)
        return due

    def _is_silent(self, con_id: int) -> bool:
        """Say whether a line has said nothing for half of the age at which its number would be stale."""
        age_s = self._broker.quote(con_id).age_s
        return age_s is None or age_s > 0.5 * self._limits.get(con_id, self._sight.freshness.greeks_s)

    def _wings_are_due(self, session: Session) -> bool:
        """Say whether the wings were seen five minutes ago, are new, or the last minute has begun."""
        now, last_minute = self._clock.now(), session.closes_at - LAST_MINUTE
        seen = self._wings_at
        if seen is None or now - seen >= WINGS_EVERY or seen < last_minute <= now:
            return True
        return any(self._broker.quote(option.con_id).age_s is None for option, _ in self.board.wings)


def _moving(universe: Universe) -> tuple[Instrument, ...]:
    """Return the indices that every wake-up needs fresh."""
    return tuple(row for name, row in universe.indices.items() if name != VVIX)


def _resting(universe: Universe) -> tuple[Instrument, ...]:
    """Return the indices that only inform and are looked at every few minutes."""
    return tuple(row for name, row in universe.indices.items() if name == VVIX)
