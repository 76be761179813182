"""Take orders, tell their owners what becomes of them, and list open, done and executed ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, order, outbound
from bot.gateway.messages.contract import CONTRACT
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
from bot.gateway.requests.terms import unmodelled
from bot.gateway.requests.times import TWS_ZONE, parse_time

LIVE_REQUEST = -1
LARGEST_ORDER_ID = 2**31 - 2
ABSENT = "None"
BAG_CON_ID = 28812380  # what TWS calls every combination
_CONTRACT_NAMES = tuple(part.name for part in CONTRACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Keep what a placeOrder frame carried, so that every openOrder echoes it."""

    contract: Values
    carried: Values


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
        self._tickets: dict[tuple[int, int], Ticket] = {}
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
        known = self._tickets.get(key)
        self._tickets[key] = ticket
        if not request.what_if:
            self._next[client.client_id] = max(self.next_id(client.client_id), request.order_id + 1)
        reports = self._exchange.place(request)
        self._deliver(reports)
        if any(isinstance(report, OrderReport) for report in reports):
            return
        if known is None:  # a what-if, or refused: nothing stands that could be echoed
            del self._tickets[key]
        else:
            self._tickets[key] = known

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
            client.send(order.COMPLETED_ORDER, **self._done_values(report))
        client.send(outbound.COMPLETED_ORDERS_END)

    def executions(self, client: Client, values: Values) -> None:
        """List the executions since midnight that pass the client's filter, each with its commission."""
        since = parse_time(values["time"]) if values["time"] else None
        for fill in self._exchange.executions():
            execution = self._execution_values(fill, values["reqId"])
            if _passes(fill, execution, values, since):
                client.send(outbound.EXECUTION, **execution)
                client.send(outbound.COMMISSION, **_commission_values(fill))
        client.send(outbound.EXECUTIONS_END, reqId=values["reqId"])

    def tell(self, report: Report) -> None:
        """Send a report about an order to the client that owns it, if it is connected."""
        if isinstance(report, OrderReport):
            self._each_owner(report.request.client_id, lambda client: self._send_order(client, report))
        elif isinstance(report, FillReport):
            self._each_owner(report.request.client_id, lambda client: self._send_fill(client, report))
        elif isinstance(report, WhatIfReport):
            self._each_owner(report.request.client_id, lambda client: self._send_what_if(client, report))
        elif isinstance(report, ErrorReport):
            self._each_owner(report.client_id, lambda client: client.refuse(report.order_id, report.code, report.text))

    def _each_owner(self, client_id: int, act: Callable[[Client], None]) -> None:
        for client in self._clients():
            if client.client_id == client_id:
                act(client)

    def _send_order(self, client: Client, report: OrderReport) -> None:
        client.send(order.OPEN_ORDER, **self._order_values(report))
        request = report.request
        client.send(
            outbound.ORDER_STATUS,
            orderId=request.order_id,
            status=report.status,
            filled=report.filled,
            remaining=report.remaining,
            avgPrice=report.avg_price,
            permId=report.perm_id,
            parentId=request.parent_id,
            lastPrice=report.last_price,
            clientId=request.client_id,
            whyHeld=report.why_held,
            mktCapPrice=0.0,
        )

    def _order_values(self, report: OrderReport) -> Values:
        request = report.request
        values = self._echo(request)
        allocation = f"{report.perm_id}.0/{request.account}/{request.quantity:.0f}"
        return values | {
            "permId": report.perm_id,
            "status": report.status,
            "sharesAllocation": allocation,
            "commissionCurrency": "",
            "warningText": report.reject_reason,
        }

    def _echo(self, request: OrderRequest) -> Values:
        """Return all that the client sent with an order, under what the exchange made of it."""
        ticket = self._tickets.get((request.client_id, request.order_id))
        values = dict(ticket.carried) if ticket else {}
        values |= ticket.contract if ticket else self._plain_contract(request)
        values |= {
            "orderId": request.order_id,
            "clientId": request.client_id,
            "action": request.action,
            "totalQuantity": request.quantity,
            "orderType": request.order_type,
            "lmtPrice": request.limit if request.limit is not None else 0.0,
            "auxPrice": request.stop if request.stop is not None else 0.0,
            "tif": request.tif,
            "account": request.account,
            "orderRef": request.order_ref,
            "parentId": request.parent_id,
            "deltaNeutralOrderType": values.get("deltaNeutralOrderType") or ABSENT,
            "adjustedOrderType": values.get("adjustedOrderType") or ABSENT,
            "comboLegsDescription": ",".join(f"{leg.con_id}|{_signed(leg.ratio, leg.action)}" for leg in request.legs),
        }
        return values

    def _plain_contract(self, request: OrderRequest) -> Values:
        contract = self._market.contract(request.con_id)
        return contract_values(contract, right="?") if contract else {"secType": BAG, "right": "?"}

    def _send_what_if(self, client: Client, report: WhatIfReport) -> None:
        values = self._echo(report.request) | {
            "whatIf": True,
            "permId": 0,
            "status": "PreSubmitted",
            "initMarginBefore": report.init_before,
            "maintMarginBefore": report.maint_before,
            "equityWithLoanBefore": report.equity_before,
            "initMarginChange": report.init_change,
            "maintMarginChange": report.maint_change,
            "equityWithLoanChange": report.equity_change,
            "initMarginAfter": report.init_after,
            "maintMarginAfter": report.maint_after,
            "equityWithLoanAfter": report.equity_after,
            "commission": report.commission,
            "commissionCurrency": "USD",
            "warningText": report.warning,
        }
        client.send(order.OPEN_ORDER, **values)

    def _send_fill(self, client: Client, fill: FillReport) -> None:
        client.send(outbound.EXECUTION, **self._execution_values(fill, LIVE_REQUEST))
        client.send(outbound.COMMISSION, **_commission_values(fill))

    def _execution_values(self, fill: FillReport, request_id: int) -> Values:
        request = fill.request
        if fill.is_combo:
            contract = self._echo(request)
        else:
            traded = self._market.contract(fill.con_id)
            contract = contract_values(traded) if traded else {"conId": fill.con_id}
        return {name: contract.get(name) for name in _CONTRACT_NAMES} | {
            "reqId": request_id,
            "orderId": request.order_id,
            "execId": fill.exec_id,
            "time": f"{fill.at.astimezone(TWS_ZONE):%Y%m%d %H:%M:%S} {TWS_ZONE.key}",
            "account": fill.account,
            "execExchange": fill.exchange,
            "side": fill.side,
            "shares": fill.shares,
            "price": fill.price,
            "permId": fill.perm_id,
            "clientId": request.client_id,
            "liquidation": 0,
            "cumQty": fill.cumulative,
            "avgPrice": fill.avg_price,
            "orderRef": request.order_ref,
            "lastLiquidity": fill.last_liquidity,
        }

    def _done_values(self, report: OrderReport) -> Values:
        at = report.completed_at
        return self._echo(report.request) | {
            "permId": report.perm_id,
            "status": report.status,
            "filledQuantity": report.filled,
            "completedTime": f"{at.astimezone(TWS_ZONE):%Y%m%d %H:%M:%S} {TWS_ZONE.key}" if at else "",
            "completedStatus": report.completed_status,
            "parentPermId": 0,
            "refFuturesConId": 0,
            "shareholder": "Not an insider or substantial shareholder",
        }


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


def _signed(ratio: int, action: str) -> int:
    return ratio if action == "BUY" else -ratio


def _commission_values(fill: FillReport) -> Values:
    realized = fill.realized_pnl
    return {
        "execId": fill.exec_id,
        "commission": fill.commission,
        "currency": "USD",
        "realizedPnl": None if realized is None or math.isnan(realized) else realized,
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
