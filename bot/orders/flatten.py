"""Sell everything the bot owns on the operator's word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.broker.port import LinkState, Reader
from bot.journal.projections import Projection, session_day
from bot.orders.gate import Gate
from bot.orders.life import Order
from bot.orders.pen import Pen
from bot.orders.sending import Outcome, Sender
from bot.orders.situation import Looks, held_of, traded_since
from strategies.alvh.records import CallLot, CallTerms, Lot, Proposal, Purpose, Side

FLATTEN_LOCK = "flatten"  # stands in the journal from the word until nothing is owned: a restart goes on selling
TRY_AGAIN = timedelta(seconds=60)
UNREACHABLE = (LinkState.DISCONNECTED, LinkState.LOST)


class Flattening:
    """Turn the word into one sale for each contract; the controls look at it, the kill switch does not stop it."""

    def __init__(
        self,
        *,
        broker: Reader,
        name: Callable[[Proposal], str],
        projection: Projection,
        pen: Pen,
        looks: Looks,
        gate: Gate,
        sender: Sender,
    ) -> None:
        """Wire it; `name` gives the ref of a proposal."""
        self._broker = broker
        self._tried_at: datetime | None = None
        self._name = name
        self._projection = projection
        self._pen = pen
        self._looks = looks
        self._gate = gate
        self._sender = sender

    @property
    def stands(self) -> bool:
        """Say whether the operator said flatten and something may be left."""
        return FLATTEN_LOCK in self._projection.locks

    def run(self, now: datetime) -> tuple[Outcome, ...]:
        """Take the word: nothing is opened in this session until all is sold; `attend` goes on with what is left."""
        if not (self._owned() or self._buying()):
            return ()
        self._pen.lock(FLATTEN_LOCK, "the operator said flatten: not all is sold yet", session_day(now))
        self._tried_at = None
        return self.attend(now)

    def attend(self, now: datetime) -> tuple[Outcome, ...]:
        """Take working purchases back and sell what is owned and not being sold, again until nothing is left."""
        if not self.stands:
            return ()
        owned, buying = self._owned(), self._buying()
        if not (owned or buying) or self._projection.locks[FLATTEN_LOCK][1] != session_day(now):
            self._pen.lock(FLATTEN_LOCK, "")
            return ()
        soon = self._tried_at is not None and timedelta() <= now - self._tried_at < TRY_AGAIN
        if soon or self._broker.link in UNREACHABLE:
            return ()
        self._tried_at = now
        for order in buying:
            self._sender.cancel(order.ref, "flatten")
        sales = [self._sale(con_id) for con_id in sorted(owned)]
        return tuple(self._sell(sale) for sale in sales if sale.quantity > 0)

    def _owned(self) -> set[int]:
        return {lot.con_id for lot in self._projection.lots()} | {lot.con_id for lot in self._projection.calls()}

    def _buying(self) -> list[Order]:
        return [order for order in self._projection.open_orders if order.ticket.side is Side.BUY]

    def _sale(self, con_id: int) -> Proposal:
        """Return the sale of what is owned of one contract and not being sold already."""
        futures = [lot for lot in self._projection.lots() if lot.con_id == con_id]
        calls = [lot for lot in self._projection.calls() if lot.con_id == con_id]
        lot: Lot | CallLot = futures[0] if futures else calls[0]
        selling = sum(
            order.remaining
            for order in self._projection.open_orders
            if order.ticket.side is Side.SELL and order.ticket.instrument.con_id == con_id
        )
        before = sum(
            order.proposal.purpose is Purpose.FLATTEN and order.ticket.instrument.con_id == con_id
            for order in self._projection.orders.values()
        )
        return Proposal(
            key=f"flatten-{con_id}-{before + 1}",
            purpose=Purpose.FLATTEN,
            side=Side.SELL,
            con_id=con_id,
            trading_class=lot.trading_class,
            multiplier=lot.multiplier,
            quantity=self._there(con_id) - selling,
            reason="the operator said flatten",
            call=_of_every_layer(calls[0]) if calls else None,
        )

    def _there(self, con_id: int) -> int:
        """Return what of the bot's contracts the account still shows; all of them when it shows none or is not known.

        What is not there is refused by the controls, which say so; what is there must not wait for it.
        """
        own, look = self._projection.position(con_id), self._looks.latest()
        if look is None or not look.book.complete:
            return own
        _, gained, sold = traded_since(self._projection, look.positions_at, con_id)
        held = sum(held_of(look.book, con_id)) + gained - sold
        return min(own, held) if held > 0 else own

    def _sell(self, sale: Proposal) -> Outcome:
        ref = self._name(sale)
        look = self._looks.latest()
        if look is None:
            self._pen.refuse(sale, ref, "guard", (), "no wake-up has looked at the account yet")
            return Outcome.REFUSED
        passed = self._gate.passes(sale, ref, look)
        return Outcome.REFUSED if passed is None else self._sender.place(sale, ref, *passed)


def _of_every_layer(lot: CallLot) -> CallTerms:
    """Return the terms of a call without a layer: what sells it takes from all of them."""
    return CallTerms(right=lot.right, strike=lot.strike, expires_on=lot.expires_on, settles_at=lot.settles_at, layer="")
