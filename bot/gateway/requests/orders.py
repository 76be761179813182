"""Take orders, tell their owners what becomes of them, and list open, done and executed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, order, outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import (
    ErrorReport,
    Exchange,
    FillReport,
    Market,
    OrderReport,
    OrderRequest,
    Report,
    WhatIfReport,
)
from bot.gateway.requests.client import Client, Clients, Routes
from bot.gateway.requests.combos import BAG, combo_legs
from bot.gateway.requests.lookup import CONTINUOUS, UNKNOWN_CONTRACT, contract_values, invalid, only_match
from bot.gateway.requests.order_frames import OrderFrames, Ticket, commission_values
from bot.gateway.requests.terms import unmodelled
from bot.gateway.requests.times import parse_time

LIVE_REQUEST = -1
LARGEST_ORDER_ID = 2**31 - 2
BAG_CON_ID = 28812380  # what TWS calls every combination


class OrderDesk:
    """Pass orders to the exchange and its reports to the clients that own the orders."""

    def __init__(
        self,
        market: Market,
        exchange: Exchange,
        clients: Clients,
        deliver: Callable[[Iterable[Report]], None],
    ) -> None:
        self._market = market
        self._exchange = exchange
        self._clients = clients
        self._deliver = deliver
        self._frames = OrderFrames(market)
        self._next: dict[int, int] = {}

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            order.PLACE_ORDER.id: self.place,
            inbound.CANCEL_ORDER.id: self.cancel,
            inbound.GLOBAL_CANCEL.id: self.cancel_all,
            inbound.REQ_OPEN_ORDERS.id: self.open_own,
            inbound.REQ_AUTO_OPEN_ORDERS.id: self.bind,
            inbound.REQ_ALL_OPEN_ORDERS.id: self.open_all,
            inbound.REQ_EXECUTIONS.id: self.executions,
            inbound.REQ_COMPLETED_ORDERS.id: self.completed,
        }

    def next_id(self, client_id: int) -> int:
        """Return the first order id that this client has not used."""
        return self._next.get(client_id, 1)

    def roll_back(self, by: int) -> None:
        """Hand out again the last order ids of every client, as a restarted gateway may."""
        self._next = {client_id: max(order_id - by, 1) for client_id, order_id in self._next.items()}

    def place(self, client: Client, values: Values) -> None:
        """Hand a new order, a change or a what-if to the exchange and tell what came of it."""
        request, ticket = self._read(client, values)
        key = (client.client_id, request.order_id)
        known = self._frames.tickets.get(key)
        self._frames.tickets[key] = ticket
        if not request.what_if:
            self._next[client.client_id] = max(self.next_id(client.client_id), request.order_id + 1)
        reports = self._exchange.place(request)
        self._deliver(reports)
        if any(isinstance(report, OrderReport) for report in reports):
            return
        if known is None:  # a what-if, or refused: nothing stands that could be echoed
            del self._frames.tickets[key]
        else:
            self._frames.tickets[key] = known

    def _read(self, client: Client, values: Values) -> tuple[OrderRequest, Ticket]:
        if values["orderId"] is None or values["orderId"] > LARGEST_ORDER_ID:
            raise invalid(f"Order id must be a number up to {LARGEST_ORDER_ID}")
        legs = combo_legs(self._market, values)
        if legs:
            contract = _combo_values(values)
        else:
            match = only_match(self._market, values)
            if match.sec_type == CONTINUOUS:
                raise RequestProblem(200, UNKNOWN_CONTRACT)
            contract = contract_values(match, exchange=values["exchange"], right="?")
        request = OrderRequest(
            client_id=client.client_id,
            order_id=values["orderId"],
            con_id=0 if legs else contract["conId"],
            legs=legs,
            action=values["action"].upper(),
            quantity=values["totalQuantity"] or 0.0,
            order_type=values["orderType"].upper(),
            limit=values["lmtPrice"],
            stop=values["auxPrice"],
            tif=(values["tif"] or "DAY").upper(),
            good_till=parse_time(values["goodTillDate"]) if values["goodTillDate"] else None,
            account=values["account"] or self._only_account(),
            order_ref=values["orderRef"],
            outside_rth=values["outsideRth"],
            what_if=values["whatIf"],
            transmit=values["transmit"],
            parent_id=values["parentId"] or 0,
            oca_group=values["ocaGroup"],
            oca_type=values["ocaType"] or 0,
            unmodelled=unmodelled(values),
        )
        return request, Ticket(contract=contract, carried=values)

    def _only_account(self) -> str:
        """Return the account of a login that has one; of several the order must name its own."""
        accounts = self._exchange.accounts()
        return accounts[0] if len(accounts) == 1 else ""

    def cancel(self, client: Client, values: Values) -> None:
        """Ask the exchange to cancel one order of this client."""
        self._deliver(self._exchange.cancel(client.client_id, values["orderId"]))

    def cancel_all(self, _: Client, __: Values) -> None:
        """Cancel every working order of every client."""
        self._deliver(self._exchange.cancel_all())

    def open_own(self, client: Client, _: Values) -> None:
        """List the working orders of this client."""
        self._list_open(client, own=True)

    def open_all(self, client: Client, _: Values) -> None:
        """List the working orders of every client."""
        self._list_open(client, own=False)

    def bind(self, client: Client, _: Values) -> None:
        """Take note that client 0 wants manual orders; there are none here. Others may not ask."""
        if client.client_id != 0:
            raise invalid("Only the default client (i.e 0) can auto bind orders")

    def _list_open(self, client: Client, *, own: bool) -> None:
        for report in self._exchange.open_orders():
            if not own or report.request.client_id == client.client_id:
                self._send_order(client, report)
        client.send(outbound.OPEN_ORDERS_END)

    def completed(self, client: Client, _: Values) -> None:
        """List today's done orders, as TWS does without order ids."""
        for report in self._exchange.completed_orders():
            client.send(order.COMPLETED_ORDER, **self._frames.done(report))
        client.send(outbound.COMPLETED_ORDERS_END)

    def executions(self, client: Client, values: Values) -> None:
        """List the executions since midnight that pass the client's filter, each with its commission."""
        since = parse_time(values["time"]) if values["time"] else None
        for fill in self._exchange.executions():
            execution = self._frames.execution(fill, values["reqId"])
            if _passes(fill, execution, values, since):
                client.send(outbound.EXECUTION, **execution)
                client.send(outbound.COMMISSION, **commission_values(fill))
        client.send(outbound.EXECUTIONS_END, reqId=values["reqId"])

    def tell(self, report: Report) -> None:
        """Send a report about an order to the client that owns it, if it is connected."""
        if isinstance(report, OrderReport):
            self._each_owner(report.request.client_id, lambda client: self._send_order(client, report))
        elif isinstance(report, FillReport):
            self._each_owner(report.request.client_id, lambda client: self._send_fill(client, report))
        elif isinstance(report, WhatIfReport):
            self._each_owner(
                report.request.client_id, lambda client: client.send(order.OPEN_ORDER, **self._frames.what_if(report))
            )
        elif isinstance(report, ErrorReport):
            self._each_owner(report.client_id, lambda client: client.refuse(report.order_id, report.code, report.text))

    def _each_owner(self, client_id: int, act: Callable[[Client], None]) -> None:
        for client in self._clients():
            if client.client_id == client_id:
                act(client)

    def _send_order(self, client: Client, report: OrderReport) -> None:
        client.send(order.OPEN_ORDER, **self._frames.order(report))
        client.send(outbound.ORDER_STATUS, **self._frames.status(report))

    def _send_fill(self, client: Client, fill: FillReport) -> None:
        client.send(outbound.EXECUTION, **self._frames.execution(fill, LIVE_REQUEST))
        client.send(outbound.COMMISSION, **commission_values(fill))


def _combo_values(values: Values) -> Values:
    return {
        "conId": BAG_CON_ID,
        "symbol": values["symbol"],
        "secType": BAG,
        "strike": 0.0,
        "right": "?",
        "exchange": values["exchange"],
        "currency": values["currency"],
        "localSymbol": values["symbol"],
        "tradingClass": "COMB",
    }


def _passes(fill: FillReport, execution: Values, wanted: Values, since: datetime | None) -> bool:
    if since is not None and fill.at < since.astimezone(UTC):
        return False
    side = {"BUY": "BOT", "SELL": "SLD"}.get(wanted["side"].upper(), wanted["side"].upper())
    pairs = (
        (wanted["clientId"], fill.request.client_id),
        (wanted["account"], fill.account),
        (wanted["symbol"], execution["symbol"]),
        (wanted["secType"], execution["secType"]),
        (wanted["exchange"], fill.exchange),
        (side, fill.side),
    )
    return all(not want or want == have for want, have in pairs)
