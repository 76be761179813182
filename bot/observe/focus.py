"""Hold the subscriptions within the budget of lines, and keep a quiet line known to be quiet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.broker.port import Chain, Instrument, Reader
from bot.clock import Clock
from bot.observe import book
from bot.observe.chain import Board
from bot.observe.instruments import BREADTH, Universe
from bot.observe.settings import Sight
from strategies.alvh.records import Session

WINGS_EVERY = timedelta(minutes=5)
LAST_MINUTE = timedelta(minutes=1)


class Focus:
    """Decide what is watched: indices and futures, then what is held, then the chain as far as lines go."""

    def __init__(self, broker: Reader, clock: Clock, sight: Sight) -> None:
        self._broker = broker
        self._clock = clock
        self._sight = sight
        self._limits: dict[int, float] = {}
        self._wings_at: datetime | None = None
        self.board = Board(sight)
        self.lines: set[int] = set()

    def warm(self, universe: Universe) -> None:
        """Subscribe to what every wake-up needs, so that the first look finds ticks."""
        fresh = self._sight.freshness
        limits = {"SPX": fresh.spx_s, "VIX": fresh.vix_s, "VIX9D": fresh.vix_s, "VIX3M": fresh.vix_s}
        limits[BREADTH] = fresh.breadth_s
        self._limits = {row.con_id: limits[name] for name, row in universe.indices.items()}
        self._limits |= {row.con_id: fresh.vx_s for row in universe.futures}
        self._subscribe((*universe.indices.values(), *universe.futures))

    async def follow(self, universe: Universe, chains: Sequence[Chain], held: Sequence[Instrument]) -> tuple[str, ...]:
        """Subscribe to what is needed now, drop what is not, and return faults in words."""
        fixed = {row.con_id: row for row in (*universe.indices.values(), *universe.futures, *held)}
        self._subscribe(tuple(fixed.values()))
        expiries = frozenset(
            (row.trading_class, row.expires_on) for row in held if book.is_leg(row) and row.expires_on is not None
        )
        spx = universe.indices.get("SPX")
        price = None if spx is None else await self._first_price(spx)
        room = self._sight.lines - len(fixed)
        await self.board.choose(self._broker, chains, expiries, price, now=self._clock.now(), room=room)
        pairs = [option for option, _ in self.board.pairs]
        wings = [option for option, _ in self.board.wings]
        self._subscribe(pairs)
        self._subscribe(wings, stream=False)
        self._drop(self.lines - fixed.keys() - {option.con_id for option in (*pairs, *wings)})
        if room < 0:
            return (*self.board.faults, f"{len(fixed)} market-data lines are needed, {self._sight.lines} may be used")
        return self.board.faults

    async def _first_price(self, spx: Instrument) -> float | None:
        if self._broker.quote(spx.con_id).last is None:
            await self._broker.confirm((spx.con_id,))
        return self._broker.quote(spx.con_id).last

    def _subscribe(self, instruments: Sequence[Instrument], *, stream: bool = True) -> None:
        for instrument in instruments:
            self._broker.subscribe(instrument, stream=stream)
            self.lines.add(instrument.con_id)

    def _drop(self, con_ids: set[int]) -> None:
        for con_id in sorted(con_ids):
            self._broker.unsubscribe(con_id)
            self.lines.discard(con_id)

    async def confirm(self, session: Session) -> None:
        """Ask for a snapshot of every line that was silent for long, and of the wings when a surface is due."""
        wings = {option.con_id for option, _ in self.board.wings}
        silent = {con_id for con_id in self.lines - wings if self._is_silent(con_id)}
        if self._wings_are_due(session):
            self._wings_at = self._clock.now()
            silent |= wings
        await self._broker.confirm(sorted(silent))

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
