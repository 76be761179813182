"""Find out by reading what became of orders, and when to compare the whole account with the journal.

Nothing here sends. A reading is complete when open orders, completed orders and executions were all answered; an order
that several complete readings in a row do not show is gone. Everything is read and positions are compared at a start,
after every lost line, before the open, after the close, every some minutes while anything is owned, and while they
disagree. Orders alone are read every minute while a spike builds: those of other people use room.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.broker.port import Fill, LinkState, OrderUpdate, Reader
from bot.clock import Clock
from bot.errors import Halt, Refuse, Retry, Unreachable
from bot.journal.entry import Kind
from bot.journal.projections import Projection, session_day
from bot.journal.store import Journal
from bot.orders.comparing import Comparing
from bot.orders.ladder import OrderSettings
from bot.orders.life import DONE, Life, Order
from bot.orders.pen import POSITIONS_LOCK
from bot.session import hours_on, session_at
from strategies.alvh.records import Window

LONGEST_AFTER = timedelta(minutes=60)  # after a close; later it is the next start's
OTHERS_KNOWN_FOR = timedelta(seconds=50)  # while a spike builds: nobody tells of orders that other people leave at work


class Ears(Protocol):
    """Take in what a reading shows, exactly as if the broker had said it by itself."""

    def on_order(self, update: OrderUpdate) -> None:
        """Take in one order status."""

    def on_fill(self, fill: Fill) -> None:
        """Take in one execution."""

    def saw(self, working: Collection[int], refs: Collection[str]) -> None:
        """Take in the permIds that a complete reading shows as working, and every ref in it."""

    def lock(self, name: str, why: str, day: date | None = None) -> None:
        """Set or lift a lock on opening."""


class Reconciler:
    """Read about orders with an open outcome, and about positions that do not add up, until both are clear.

    From an inflation of `watch` on (a fraction; `None`: never) a spike builds, and so may one that nobody can measure.
    """

    def __init__(
        self,
        broker: Reader,
        journal: Journal,
        projection: Projection,
        clock: Clock,
        settings: OrderSettings,
        ears: Ears,
        comparing: Comparing,
        watch: float | None = None,
    ) -> None:
        self._watch = watch
        self._broker = broker
        self._journal = journal
        self._projection = projection
        self._clock = clock
        self._settings = settings
        self._ears = ears
        self._comparing = comparing
        self._read_at: datetime | None = None
        self._others_at: datetime | None = None
        self._compared_at = clock.now()

    def has_work(self) -> bool:
        """Say whether a comparison waits or is due."""
        now = self._clock.now()
        return self._comparing.is_locked or bool(self._because(now)) or self._wants_others(now)

    async def attend(self) -> None:
        """Read again when something is open and the last reading is long enough ago, or when its time has come."""
        now = self._clock.now()
        because = "what was compared before did not agree" if self._comparing.is_locked else self._because(now)
        waits = any(self._wants_reading(order, now) for order in self._projection.open_orders)
        if (because or waits) and self._due(now):
            if because:
                await self.recover(because)
            else:
                self._read_at = now
                await self._read()
        elif self._wants_others(now):
            self._others_at = now
            await self._read()

    async def recover(self, because: str) -> None:
        """Read orders, executions and positions once, in this order, whatever the last reading said."""
        self._read_at = self._compared_at = self._clock.now()
        if await self._read():
            await self._comparing.compare(because)
        else:
            self._ears.lock(POSITIONS_LOCK, "orders and executions could not be read: positions are not confirmed")

    def _because(self, now: datetime) -> str:
        """Say why the account is to be compared by the clock; an empty text while it is not."""
        hours = hours_on(session_day(now))
        if hours is None:
            return ""
        early = hours.opens_at - timedelta(minutes=self._settings.before_open_minutes)
        late = hours.closes_at + timedelta(minutes=self._settings.after_close_minutes)
        if early <= now < hours.opens_at:
            return "before the open" if self._compared_at < early else ""
        if now >= hours.closes_at:
            return "after the close" if self._compared_at < late <= now < late + LONGEST_AFTER else ""
        often = timedelta(minutes=self._settings.reconcile_minutes)
        if now < hours.opens_at or now - self._compared_at < often:
            return ""
        owned = self._projection.lots() or self._projection.calls() or self._projection.open_orders
        return f"every {self._settings.reconcile_minutes:g} min while something is held" if owned else ""

    def _due(self, now: datetime) -> bool:
        return self._read_at is None or now - self._read_at >= timedelta(seconds=self._settings.read_again_s)

    def _wants_others(self, now: datetime) -> bool:
        """Say whether a purchase may be near and other people's orders were not read lately."""
        inflation = self._projection.last_inflation
        quiet = self._watch is None or (inflation is not None and inflation < self._watch)
        if quiet or not self._is_stale(now):
            return False
        session = session_at(now)
        return session is not None and session.window is not Window.GUARDIAN

    def _is_stale(self, now: datetime) -> bool:
        latest = max((at for at in (self._read_at, self._others_at) if at is not None), default=None)
        return latest is None or now - latest >= OTHERS_KNOWN_FOR

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
        except (Retry, Refuse, Halt, Unreachable) as failure:
            self._journal.append(Kind.RECONCILE, {"orders": "not read", "why": str(failure)}, at=began)
            return False
        for fill in fills:
            self._ears.on_fill(fill)
        self._take_orders(working, done)
        shown = {update.ref for update in (*working, *done)}
        self._ears.saw({update.perm_id for update in working}, shown | {fill.ref for fill in fills})
        if self._broker.link in (LinkState.UP, LinkState.FARM_DOWN, LinkState.COMPETING, LinkState.DELAYED):
            numbers = {update.perm_id for update in (*working, *done)} - {0}
            orders = self._projection.orders
            missing = [ref for ref in asked_about if ref not in shown and orders[ref].perm_id not in numbers]
            self._count_absent(missing)
            self._give_up_executions()
        return True

    def _give_up_executions(self) -> None:
        """Wait no longer for executions of an earlier day, of which no reading tells any more; a human must look."""
        now = self._clock.now()
        for order in self._projection.open_orders:
            if order.life not in DONE or not order.missing or session_day(order.intended_at) >= session_day(now):
                continue
            why = f"{order.missing} of {order.named} are said to be filled, no execution of them can be read any more"
            body = {"ref": order.ref, "what": "ended", "life": str(Life.GONE), "why": why}
            self._journal.append(Kind.ORDER, body, at=now)
            self._journal.append(Kind.ALERT, {"why": f"{why}: compare with TWS", "severity": "critical"}, at=now)

    def _take_orders(self, working: Sequence[OrderUpdate], done: Sequence[OrderUpdate]) -> None:
        open_refs = {update.ref for update in working}
        for update in done:
            if update.ref not in open_refs:
                self._ears.on_order(update)
        for update in working:
            self._ears.on_order(update)

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
        self._broker.forget(order.ref)
        if session_day(order.intended_at) < session_day(now):  # executions are told for their own day only
            what = f"what became of {order.named} of {session_day(order.intended_at)} can no longer be read"
            self._journal.append(Kind.ALERT, {"why": f"{what}: see in TWS whether it was executed"}, at=now)
