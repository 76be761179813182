"""Do what the clock makes due for an order on its way: give up waiting, take back, ask again, climb a rung."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.orders.brake import Brake
from bot.orders.ladder import OrderSettings, rung_time, rungs
from bot.orders.life import DONE, Life, Order
from bot.orders.pen import Pen
from bot.orders.prices import Prices
from bot.orders.sending import Sender
from strategies.alvh.records import Side


class Deadlines:
    """Compare the instants that an order waits for with the present one."""

    def __init__(self, settings: OrderSettings, pen: Pen, sender: Sender, prices: Prices, brake: Brake) -> None:
        self._settings = settings
        self._pen = pen
        self._sender = sender
        self._prices = prices
        self._brake = brake

    def advance(self, order: Order, now: datetime) -> None:
        """Do what is due for one order that is not done."""
        since = order.sent_at or order.intended_at
        if order.life is Life.SENT and now - since >= timedelta(seconds=self._settings.ack_s):
            self._pen.say(order.ref, "unheard", why=f"no answer within {self._settings.ack_s:g} s")
        if order.life in DONE:
            return
        if order.cancel_asked_at is not None:
            self._insist(order, now)
        elif order.ticket.side is Side.BUY and now - since >= timedelta(seconds=self._settings.entry_cancel_s):
            self._sender.cancel(order.ref, f"not filled within {self._settings.entry_cancel_s:g} s")
        elif order.life is Life.WORKING:
            self._climb(order, now)

    def _insist(self, order: Order, now: datetime) -> None:
        """Ask again for a cancellation that a lost line may have swallowed: asking twice does no harm."""
        asked = order.changed_at or order.intended_at
        if order.life is Life.WORKING and now - asked >= timedelta(seconds=self._settings.cancel_ack_s):
            self._sender.cancel_again(order, "the order still works: its cancellation is asked for again")

    def _climb(self, order: Order, now: datetime) -> None:
        """Move a working order to its next rung when that is due; a sale stays on the last and follows the market."""
        side = order.ticket.side
        if now - (order.changed_at or order.intended_at) < rung_time(side, self._settings):
            return
        rung = min(order.rung + 1, rungs(side) - 1)
        limit = self._prices.limit(side, order.ticket.instrument.con_id, rung)
        unchanged = limit == order.limit and rung == order.rung
        if limit is None or unchanged or self._brake.stops(order.proposal):
            return
        self._sender.reprice(order, limit, rung, f"rung {rung + 1} of {rungs(side)}")
