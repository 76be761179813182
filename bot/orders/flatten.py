"""Sell everything the bot owns on the operator's word."""

from __future__ import annotations

from collections.abc import Callable

from bot.journal.projections import Projection
from bot.orders.gate import Gate
from bot.orders.pen import Pen
from bot.orders.sending import Outcome, Sender
from bot.orders.situation import Looks
from strategies.alvh.records import Proposal, Purpose, Side


class Flattening:
    """Turn the word into one sale for each contract; the controls look at it, the kill switch does not stop it."""

    def __init__(
        self,
        *,
        name: Callable[[Proposal], str],
        projection: Projection,
        pen: Pen,
        looks: Looks,
        gate: Gate,
        sender: Sender,
    ) -> None:
        """Wire it; `name` gives the ref of a proposal."""
        self._name = name
        self._projection = projection
        self._pen = pen
        self._looks = looks
        self._gate = gate
        self._sender = sender

    def run(self, word_id: str) -> tuple[Outcome, ...]:
        """Take working purchases back and sell what is owned; what they still fill is sold by the next such word."""
        for order in self._projection.open_orders:
            if order.ticket.side is Side.BUY:
                self._sender.cancel(order.ref, "flatten")
        owned = sorted({lot.con_id for lot in self._projection.lots()})
        return tuple(self._sell(self._sale(con_id, word_id)) for con_id in owned)

    def _sale(self, con_id: int, word_id: str) -> Proposal:
        """Return the sale of what is owned of one contract and not being sold already."""
        lots = [lot for lot in self._projection.lots() if lot.con_id == con_id]
        selling = sum(
            order.remaining
            for order in self._projection.open_orders
            if order.ticket.side is Side.SELL and order.ticket.instrument.con_id == con_id
        )
        return Proposal(
            key=f"flatten-{word_id}-{con_id}",
            purpose=Purpose.FLATTEN,
            side=Side.SELL,
            con_id=con_id,
            trading_class=lots[0].trading_class,
            multiplier=lots[0].multiplier,
            quantity=self._projection.position(con_id) - selling,
            reason="the operator said flatten",
        )

    def _sell(self, sale: Proposal) -> Outcome:
        ref = self._name(sale)
        look = self._looks.latest()
        if look is None:
            self._pen.refuse(sale, ref, "guard", (), "no wake-up has looked at the account yet: try again")
            return Outcome.REFUSED
        passed = self._gate.passes(sale, ref, look)
        return Outcome.REFUSED if passed is None else self._sender.place(sale, ref, *passed)
