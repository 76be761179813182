"""Write orders, executions and what-ifs as their frames carry them, echoing what the client sent along."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bot.gateway.messages.contract import CONTRACT
from bot.gateway.messages.values import Values
from bot.gateway.records import FillReport, Market, OrderReport, OrderRequest, WhatIfReport
from bot.gateway.requests.combos import BAG
from bot.gateway.requests.lookup import contract_values
from bot.gateway.requests.times import TWS_ZONE

ABSENT = "None"
_CONTRACT_NAMES = tuple(part.name for part in CONTRACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Keep what a placeOrder frame carried, so that every openOrder echoes it."""

    contract: Values
    carried: Values


class OrderFrames:
    """Keep the tickets of orders by (client id, order id), and write what becomes of them."""

    def __init__(self, market: Market) -> None:
        self.tickets: dict[tuple[int, int], Ticket] = {}
        self._market = market

    def order(self, report: OrderReport) -> Values:
        """Return the values of openOrder."""
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
        ticket = self.tickets.get((request.client_id, request.order_id))
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

    def status(self, report: OrderReport) -> Values:
        """Return the values of orderStatus."""
        request = report.request
        return {
            "orderId": request.order_id,
            "status": report.status,
            "filled": report.filled,
            "remaining": report.remaining,
            "avgPrice": report.avg_price,
            "permId": report.perm_id,
            "parentId": request.parent_id,
            "lastPrice": report.last_price,
            "clientId": request.client_id,
            "whyHeld": report.why_held,
            "mktCapPrice": 0.0,
        }

    def what_if(self, report: WhatIfReport) -> Values:
        """Return the values of the openOrder that answers a what-if."""
        return self._echo(report.request) | {
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

    def execution(self, fill: FillReport, request_id: int) -> Values:
        """Return the values of execDetails."""
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

    def done(self, report: OrderReport) -> Values:
        """Return the values of completedOrder."""
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


def commission_values(fill: FillReport) -> Values:
    """Return the values of commissionReport."""
    realized = fill.realized_pnl
    return {
        "execId": fill.exec_id,
        "commission": fill.commission,
        "currency": "USD",
        "realizedPnl": None if realized is None or math.isnan(realized) else realized,
    }


def _signed(ratio: int, action: str) -> int:
    return ratio if action == "BUY" else -ratio
