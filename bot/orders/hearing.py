"""Take in what the broker says, in the order of its frames: write what is new of our orders, notice other people's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from bot.broker.codes import RESTORED_DATA_KEPT, RESTORED_DATA_LOST
from bot.broker.port import Fill, Notice, OrderState, OrderUpdate
from bot.clock import Clock
from bot.errors import Halt
from bot.journal.codec import to_json
from bot.journal.entry import Kind
from bot.journal.projections import Projection, session_day
from bot.orders.life import Order, executed, updated
from bot.orders.pen import POSITIONS_LOCK, Pen
from bot.orders.refs import is_ours

STRAY, ODD = "stray order", "odd execution"
TWIN = "order at the broker twice: permId "
SAME_NOTICE = timedelta(minutes=1)  # TWS says some, such as 1100 and 10197, every few seconds
LINE_IS_BACK = frozenset({RESTORED_DATA_LOST, RESTORED_DATA_KEPT})


class Hearing:
    """Listen for the desk; nothing is raised into the broker, a broken journal is remembered by the pen.

    `foreign` holds other people's working orders by perm_id.
    """

    def __init__(self, mode: str, projection: Projection, pen: Pen, clock: Clock) -> None:
        self._mode = mode
        self._projection = projection
        self._pen = pen
        self._clock = clock
        self.foreign: dict[int, OrderUpdate] = {}
        self._noted: dict[int, Notice] = {}  # by code, the last one that was journalled

    def on_order(self, update: OrderUpdate) -> None:
        """Take in one order status of any client."""
        try:
            self._hear(update)
        except Halt as halt:
            self._pen.halt = str(halt)

    def on_fill(self, fill: Fill) -> None:
        """Take in one execution; the same one again changes nothing."""
        order = self._named(fill.ref, fill.perm_id)
        try:
            if order is None:
                self._stray(fill.ref, f"an execution of {fill.quantity}")
            elif (fill.side, fill.con_id) != (order.ticket.side, order.ticket.instrument.con_id):
                self._odd(order, fill)
            elif (after := executed(order, fill, self._clock.now())) is not order:
                self._pen.write(Kind.FILL, to_json(replace(fill, ref=order.ref)))
                self._tell_bust(order, after)
        except Halt as halt:
            self._pen.halt = str(halt)

    def _odd(self, order: Order, fill: Fill) -> None:
        """Lock for the session: an execution under a name of ours that is on the other side, or in another contract."""
        now = self._clock.now()
        why = f"the broker tells {fill.side} {fill.quantity} of contract {fill.con_id} as an execution of {order.ref}"
        self._pen.lock(ODD, f"{why}, which is another order: it is not counted; compare with TWS", session_day(now))

    def _tell_bust(self, before: Order, after: Order) -> None:
        """Alert when a correction took contracts back, and have positions read before anything is opened."""
        if after.taken_back == before.taken_back:
            return
        why = f"an execution of {after.named} was corrected: {after.filled} are filled, not {before.filled}"
        self._pen.write(Kind.ALERT, {"why": f"{why}; compare with TWS"})
        self._pen.lock(POSITIONS_LOCK, f"{why}: positions are being read")

    def on_notice(self, notice: Notice) -> None:
        """Journal a notice that belongs to no order; the same again within a minute says nothing new."""
        try:
            self._note(notice)
            if notice.code in LINE_IS_BACK:
                why = "the line was lost for a while: what happened meanwhile is being read"
                self._pen.lock(POSITIONS_LOCK, why)
        except Halt as halt:
            self._pen.halt = str(halt)

    def _note(self, notice: Notice) -> None:
        before = self._noted.get(notice.code)
        if before is not None and before.text == notice.text and notice.at - before.at < SAME_NOTICE:
            return
        self._noted[notice.code] = notice
        self._pen.write(Kind.NOTE, {"code": notice.code, "text": notice.text})

    def saw(self, working: Collection[int], refs: Collection[str]) -> None:
        """Take in the permIds that a complete reading shows as working, and every ref in it: the rest is no more."""
        for gone in [perm_id for perm_id in self.foreign if perm_id not in working]:
            del self.foreign[gone]
        for name in [name for name in self._projection.locks if name.startswith(TWIN)]:
            if int(name.removeprefix(TWIN)) not in working:
                self._pen.lock(name, "")
        if not any(is_ours(ref, self._mode) and ref not in self._projection.orders for ref in refs):
            self._pen.lock(STRAY, "")

    def _named(self, ref: str, perm_id: int) -> Order | None:
        """Return the order of this ref, or of this permId where the broker left the ref out."""
        return self._projection.orders.get(ref) or (None if ref else self._projection.by_perm_id(perm_id))

    def _hear(self, update: OrderUpdate) -> None:
        order = self._named(update.ref, update.perm_id)
        if order is None or (update.perm_id and order.perm_id not in (0, update.perm_id)):
            self._hear_foreign(update, order)
            return
        after = updated(order, update, self._clock.now())
        if replace(after, heard_at=order.heard_at, absent=order.absent) == order and not order.absent:
            return
        body = {"ref": order.ref, "what": "update", "update": to_json(replace(update, ref=order.ref, order_id=0))}
        self._pen.write(Kind.ORDER, body, wall={"order_id": update.order_id})

    def _hear_foreign(self, update: OrderUpdate, twin_of: Order | None) -> None:
        """Count an order that is not ours while it works; a second one under a name of ours locks opening as well."""
        works = update.state in (OrderState.PENDING, OrderState.WORKING)
        if works:
            self.foreign[update.perm_id] = update
        else:
            self.foreign.pop(update.perm_id, None)
        if twin_of is None:
            if works:
                self._stray(update.ref, "a working order")
            return
        why = f"the broker works {twin_of.ref} a second time, as permId {update.perm_id}: cancel one of them in TWS"
        self._pen.lock(f"{TWIN}{update.perm_id}", why if works else "")

    def _stray(self, ref: str, what: str) -> None:
        """Lock when the broker knows an order that carries our name and that this journal does not hold."""
        if is_ours(ref, self._mode):
            why = f"the broker shows {what} named {ref}, which this journal does not hold: another journal was in use"
            self._pen.lock(STRAY, why)
