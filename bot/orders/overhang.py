"""Take sales back that offer more than is left: others sold what the bot offers, or a purchase was taken back."""

from __future__ import annotations

from bot.broker.port import Reader
from bot.journal.entry import Kind
from bot.journal.projections import Projection
from bot.orders.life import Life, Order
from bot.orders.pen import Pen
from bot.orders.sending import Sender
from strategies.alvh.records import Side


class Overhang:
    """Hold working sales against what is there; the method proposes anew what may still be sold."""

    def __init__(self, broker: Reader, projection: Projection, pen: Pen, sender: Sender) -> None:
        self._broker = broker
        self._projection = projection
        self._pen = pen
        self._sender = sender
        self._seen: set[int] = set()  # at the last look: a position may be told a moment before its execution

    def attend(self) -> None:
        """Take back every working sale of a contract of which, at two looks in a row, more was offered than is left."""
        over: set[int] = set()
        for con_id, sales in self._working().items():
            offered = sum(order.remaining for order in sales)
            own, held = self._projection.position(con_id), self._broker.account_holds(con_id)
            if offered > (own if held is None else min(own, held)):
                over.add(con_id)
                if con_id in self._seen:
                    self._take_back(sales, f"{offered} are being sold, own {own}, account {held}")
        self._seen = over

    def _working(self) -> dict[int, list[Order]]:
        found: dict[int, list[Order]] = {}
        for order in self._projection.open_orders:
            if order.ticket.side is Side.SELL and order.life is Life.WORKING:
                found.setdefault(order.ticket.instrument.con_id, []).append(order)
        return found

    def _take_back(self, sales: list[Order], why: str) -> None:
        for order in sales:
            if order.cancel_asked_at is None:
                self._sender.cancel(order.ref, f"more is offered than is left: {why}")
                told = f"{order.named} is taken back: {why}; compare with TWS"
                self._pen.write(Kind.ALERT, {"why": told, "severity": "critical"})
