"""Take in what the broker says, in the order of its frames: write what is new of our orders, notice other people's."""

from __future__ import annotations

from dataclasses import replace

from bot.broker.codes import RESTORED_DATA_KEPT, RESTORED_DATA_LOST
from bot.broker.port import Fill, Notice, OrderState, OrderUpdate
from bot.clock import Clock
from bot.errors import Halt
from bot.journal.codec import to_json
from bot.journal.entry import Kind
from bot.journal.projections import Projection
from bot.orders.life import executed, updated
from bot.orders.pen import Pen
from bot.orders.reading import POSITIONS_LOCK
from bot.orders.refs import is_ours

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

    def on_order(self, update: OrderUpdate) -> None:
        """Take in one order status of any client."""
        try:
            self._hear(update)
        except Halt as halt:
            self._pen.halt = str(halt)

    def on_fill(self, fill: Fill) -> None:
        """Take in one execution; the same one again changes nothing."""
        order = self._projection.orders.get(fill.ref)
        try:
            if order is None:
                self._stray(fill.ref, f"an execution of {fill.quantity}")
            elif executed(order, fill, self._clock.now()) is not order:
                self._pen.write(Kind.FILL, to_json(fill))
        except Halt as halt:
            self._pen.halt = str(halt)

    def on_notice(self, notice: Notice) -> None:
        """Journal a notice that belongs to no order."""
        try:
            self._pen.write(Kind.NOTE, {"code": notice.code, "text": notice.text})
            if notice.code in LINE_IS_BACK:
                why = "the line was lost for a while: what happened meanwhile is being read"
                self._pen.lock(POSITIONS_LOCK, why)
        except Halt as halt:
            self._pen.halt = str(halt)

    def _hear(self, update: OrderUpdate) -> None:
        order = self._projection.orders.get(update.ref)
        if order is None:
            if update.state in (OrderState.PENDING, OrderState.WORKING):
                self.foreign[update.perm_id] = update
                self._stray(update.ref, "a working order")
            else:
                self.foreign.pop(update.perm_id, None)
            return
        after = updated(order, update, self._clock.now())
        if replace(after, heard_at=order.heard_at, absent=order.absent) == order and not order.absent:
            return
        body = {"ref": update.ref, "what": "update", "update": to_json(replace(update, order_id=0))}
        self._pen.write(Kind.ORDER, body, wall={"order_id": update.order_id})

    def _stray(self, ref: str, what: str) -> None:
        """Lock when the broker knows an order that carries our name and that this journal does not hold."""
        if is_ours(ref, self._mode):
            why = f"the broker shows {what} named {ref}, which this journal does not hold: another journal was in use"
            self._pen.lock("stray order", why)
