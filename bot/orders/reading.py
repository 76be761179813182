"""Find out by reading what became of orders and whether positions agree with our executions.

Nothing here sends. A reading is complete when open orders, completed orders and executions were all answered; an order
that several complete readings in a row do not show is gone. Positions are compared after every recovery and while they
disagree: the account must hold at least what our own executions add up to (more is somebody else's hedge).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.broker.port import Fill, LinkState, OrderUpdate, Positions, Reader
from bot.clock import Clock
from bot.errors import Halt, Retry, Unreachable
from bot.journal.entry import Kind
from bot.journal.projections import Projection, session_day
from bot.journal.store import Journal
from bot.orders.ladder import OrderSettings
from bot.orders.life import DONE, Life, Order

POSITIONS_LOCK = "positions"


class Ears(Protocol):
    """Take in what a reading shows, exactly as if the broker had said it by itself."""

    def on_order(self, update: OrderUpdate) -> None:
        """Take in one order status."""

    def on_fill(self, fill: Fill) -> None:
        """Take in one execution."""

    def saw_working(self, perm_ids: Collection[int]) -> None:
        """Take in which orders a complete reading shows as working."""

    def lock(self, name: str, why: str, day: date | None = None) -> None:
        """Set or lift a lock on opening."""


class Reconciler:
    """Read about orders with an open outcome, and about positions that do not add up, until both are clear."""

    def __init__(
        self,
        broker: Reader,
        journal: Journal,
        projection: Projection,
        clock: Clock,
        settings: OrderSettings,
        ears: Ears,
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._projection = projection
        self._clock = clock
        self._settings = settings
        self._ears = ears
        self._read_at: datetime | None = None

    async def attend(self) -> None:
        """Read again when something is open and the last reading is long enough ago."""
        now = self._clock.now()
        locked = POSITIONS_LOCK in self._projection.locks
        waits = any(self._wants_reading(order, now) for order in self._projection.open_orders)
        if not (locked or waits) or not self._due(now):
            return
        if locked:
            await self.recover()
        else:
            self._read_at = now
            await self._read()

    async def recover(self) -> None:
        """Read orders, executions and positions once, in this order, whatever the last reading said."""
        self._read_at = self._clock.now()
        if await self._read():
            await self._compare_positions()
        else:
            self._ears.lock(POSITIONS_LOCK, "orders and executions could not be read: positions are not confirmed")

    def _due(self, now: datetime) -> bool:
        return self._read_at is None or now - self._read_at >= timedelta(seconds=self._settings.read_again_s)

    def _wants_reading(self, order: Order, now: datetime) -> bool:
        if order.life in (Life.UNKNOWN, Life.INTENDED) or order.missing:
            return True
        asked = order.cancel_asked_at
        return asked is not None and now - asked >= timedelta(seconds=self._settings.cancel_ack_s)

    async def _read(self) -> bool:
        """Take in one complete reading; return whether it was complete."""
        began = self._clock.now()
        asked_about = [order.ref for order in self._projection.open_orders]
        try:
            working = await self._broker.open_orders()
            done = await self._broker.completed_orders()
            fills = await self._broker.executions()
        except (Retry, Halt, Unreachable) as failure:
            self._journal.append(Kind.RECONCILE, {"orders": "not read", "why": str(failure)}, at=began)
            return False
        for fill in fills:
            self._ears.on_fill(fill)
        self._take_orders(working, done)
        if self._broker.link in (LinkState.UP, LinkState.FARM_DOWN, LinkState.COMPETING, LinkState.DELAYED):
            shown = {update.ref for update in (*working, *done)}
            self._count_absent([ref for ref in asked_about if ref not in shown])
        return True

    def _take_orders(self, working: Sequence[OrderUpdate], done: Sequence[OrderUpdate]) -> None:
        open_refs = {update.ref for update in working}
        for update in done:
            if update.ref not in open_refs:
                self._ears.on_order(update)
        for update in working:
            self._ears.on_order(update)
        self._ears.saw_working({update.perm_id for update in working})

    def _count_absent(self, refs: Sequence[str]) -> None:
        now = self._clock.now()
        for ref in refs:
            if self._projection.orders[ref].life not in DONE:
                self._journal.append(Kind.ORDER, {"ref": ref, "what": "absent"}, at=now)
                self._conclude(self._projection.orders[ref], now)

    def _conclude(self, order: Order, now: datetime) -> None:
        """Call an order gone when enough readings over enough time did not show it."""
        since = order.absent_since or now
        if order.absent < self._settings.gone_after_readings:
            return
        if now - since < timedelta(seconds=self._settings.gone_after_s):
            return
        why = f"{order.absent} readings since {since:%H:%M:%S} do not show it: the broker holds no such order"
        body = {"ref": order.ref, "what": "ended", "life": str(Life.GONE), "why": why}
        self._journal.append(Kind.ORDER, body, at=now)

    async def _compare_positions(self) -> None:
        try:
            positions = await self._broker.positions()
        except (Retry, Halt, Unreachable) as failure:
            self._ears.lock(POSITIONS_LOCK, f"positions could not be read ({failure}): not confirmed")
            return
        day = session_day(self._clock.now())
        rows = self._rows(positions, day)
        short = [f"{con_id}: own executions {own}, account {held}" for con_id, own, held in rows if held < own]
        why = ""
        if not positions.complete:
            why = "the broker did not confirm that its positions are whole"
        elif short:
            why = f"the account holds less than our executions add up to ({'; '.join(short)}): look before rearming"
        body = {"positions": [list(row) for row in rows], "complete": positions.complete, "why": why}
        self._journal.append(Kind.RECONCILE, body, at=self._clock.now())
        self._ears.lock(POSITIONS_LOCK, why)

    def _rows(self, positions: Positions, day: date) -> list[tuple[int, int, int]]:
        """Return (con_id, own, held by the account) of every future and call the bot owns that has not settled."""
        held: dict[int, int] = {}
        for row in positions.rows:
            held[row.instrument.con_id] = held.get(row.instrument.con_id, 0) + row.quantity
        living = {lot.con_id for lot in self._projection.lots() if lot.settles_on > day}
        living |= {lot.con_id for lot in self._projection.calls() if lot.expires_on >= day}
        own = {con_id: self._projection.position(con_id) for con_id in living}
        return [(con_id, quantity, held.get(con_id, 0)) for con_id, quantity in sorted(own.items())]
