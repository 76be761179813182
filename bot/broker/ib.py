"""Send orders through the client library: everything the read-only broker does, and the four calls that write."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.broker import contracts, reports
from bot.broker.port import Instrument, Margin, OrderState, OrderTicket, OrderUpdate
from bot.broker.readonly import ReadOnlyBroker
from bot.errors import NotSent, Refuse
from strategies.alvh.records import Side

_DONE = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})


class IbBroker(ReadOnlyBroker):
    """Read and write one account (the port's `Writer`). Nothing here is ever retried."""

    read_only = False

    def place(self, ticket: OrderTicket) -> None:
        """Send one order.

        Raises `NotSent` when a field of it is wrong, it would sell more than is held, or there is no line, and `Refuse`
        when its ref was sent before.
        """
        self._check(ticket)
        if self._trade(ticket.ref) is not None:
            raise Refuse(f"order {ticket.ref} was sent before: read about it, it is never sent twice")
        self._send(ticket)

    def reprice(self, ref: str, limit: Decimal) -> None:
        """Change the limit of a working order of this client id.

        Raises `Refuse` when the order is not known here or looks done.
        """
        trade = self._known(ref)
        if trade.orderStatus.status in _DONE:
            raise Refuse(
                f"order {ref} stands at {trade.orderStatus.status}: it cannot be re-priced, read about it first"
            )
        if limit <= 0:
            raise Refuse(f"limit {limit} of order {ref} is not positive")
        self._ib.placeOrder(trade.contract, self._changed(trade.order, limit))

    def cancel(self, ref: str) -> None:
        """Ask for the cancellation of a working order; sent even when the order looks done, for looks may deceive."""
        trade = self._known(ref)
        self._ib.client.cancelOrder(trade.order.orderId, "")

    async def what_if(self, ticket: OrderTicket) -> Margin:
        """Return what the order would do to the account's margin, without sending it."""
        contract = contracts.contract_of(self._connection.library, ticket.instrument)
        order = self._order(ticket)
        state = await self._connection.read(
            f"what-if of {ticket.ref}", lambda: self._ib.whatIfOrderAsync(contract, order)
        )
        if isinstance(state, list):
            raise Refuse(f"the broker gave no margin for {ticket.ref}: nothing is opened without one")
        return reports.margin_of(state)

    async def margin_of(self, instrument: Instrument) -> float | None:
        """Return the initial margin in dollars that buying one contract at the bid would take.

        `None` without a bid, or when the answer holds no positive number.
        """
        bid = self.quote(instrument.con_id).bid
        if bid is None:
            return None
        ticket = OrderTicket(
            ref=f"margin-{instrument.con_id}",
            account=self.account,
            instrument=instrument,
            side=Side.BUY,
            quantity=1,
            limit=Decimal(str(bid)) // instrument.tick * instrument.tick,
        )
        change = (await self.what_if(ticket)).initial_change
        return round(change, 2) if change is not None and change > 0.0 else None

    def _check(self, ticket: OrderTicket) -> None:
        self._connection.check_fault()
        if not self._connection.is_open:
            raise NotSent(f"not connected to {self._connection.endpoint}: order {ticket.ref} was not sent")
        if not ticket.ref or ticket.account != self.account:
            raise NotSent(f"order '{ticket.ref}' is for account '{ticket.account}', connected is {self.account}")
        if ticket.quantity <= 0 or ticket.limit <= 0:
            raise NotSent(
                f"order {ticket.ref} has quantity {ticket.quantity} and limit {ticket.limit}, expected both above 0"
            )
        if ticket.limit % ticket.instrument.tick:
            raise NotSent(f"limit {ticket.limit} of {ticket.ref} does not sit on the tick {ticket.instrument.tick}")
        sellable = self._ledger.sellable(ticket.instrument.con_id)
        if ticket.side is Side.SELL and ticket.quantity > sellable:
            raise NotSent(
                f"order {ticket.ref} sells {ticket.quantity} of {ticket.instrument.local_symbol}, "
                f"{sellable} are held and not on offer: long only, nothing was sent"
            )

    def _send(self, ticket: OrderTicket) -> None:
        contract = contracts.contract_of(self._connection.library, ticket.instrument)
        order = self._order(ticket)
        order.orderId = self._ears.new_order_id()
        self._ears.know(
            OrderUpdate(
                ref=ticket.ref,
                perm_id=0,
                order_id=order.orderId,
                con_id=ticket.instrument.con_id,
                state=OrderState.PENDING,
                filled=0,
                remaining=ticket.quantity,
                side=ticket.side,
                limit=float(ticket.limit),
            )
        )
        self._ledger.sent(ticket.ref, ticket.instrument.con_id, ticket.side, ticket.quantity)
        self._ib.placeOrder(contract, order)

    def _order(self, ticket: OrderTicket) -> Any:
        """Return the library's order with everything explicit that a preset of the gateway could otherwise fill in."""
        return self._connection.library.Order(
            action=ticket.side.value,
            totalQuantity=ticket.quantity,
            orderType="LMT",
            lmtPrice=float(ticket.limit),
            tif=ticket.tif,
            account=ticket.account,
            orderRef=ticket.ref,
            outsideRth=ticket.outside_rth,
            transmit=True,
        )

    def _changed(self, old: Any, limit: Decimal) -> Any:
        return self._connection.library.Order(
            orderId=old.orderId,
            clientId=old.clientId,
            permId=old.permId,
            action=old.action,
            totalQuantity=old.totalQuantity,
            orderType="LMT",
            lmtPrice=float(limit),
            tif=old.tif,
            account=old.account,
            orderRef=old.orderRef,
            outsideRth=old.outsideRth,
            transmit=True,
        )

    def _known(self, ref: str) -> Any:
        if not self._connection.is_open:
            raise Refuse(f"not connected to {self._connection.endpoint}: order {ref} was not touched")
        trade = self._trade(ref)
        if trade is None:
            raise Refuse(
                f"order {ref} is not known to client id {self._connection.endpoint.client_id}: read open orders first"
            )
        return trade

    def _trade(self, ref: str) -> Any | None:
        """Return the newest trade of this client id with this ref; a restart finds those that IB still works."""
        client_id = self._connection.endpoint.client_id
        own = [
            trade
            for trade in self._ib.trades()
            if trade.order.orderRef == ref and trade.order.clientId == client_id and trade.order.orderId > 0
        ]
        return max(own, key=lambda trade: trade.order.orderId) if own else None
