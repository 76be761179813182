"""Translate the client library's trades, fills and account values into the port's records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.broker.port import Fill, Margin, OrderState, OrderUpdate
from bot.broker.quotes import UNSET, clean_number, clean_price
from bot.broker.sense import count, legible, number, told_count
from strategies.alvh.records import Account, Side

_STATES = {
    "PendingSubmit": OrderState.PENDING,
    "ApiPending": OrderState.PENDING,
    "PreSubmitted": OrderState.WORKING,
    "Submitted": OrderState.WORKING,
    "PendingCancel": OrderState.WORKING,
    "ValidationError": OrderState.WORKING,
    "Cancelled": OrderState.CANCELLED,
    "ApiCancelled": OrderState.CANCELLED,
    "Filled": OrderState.FILLED,
    "Inactive": OrderState.REJECTED,
}
_SIDES = {"BOT": Side.BUY, "SLD": Side.SELL}
_TAGS = {
    "NetLiquidation": "net_liquidation",
    "ExcessLiquidity": "excess_liquidity",
    "InitMarginReq": "initial_margin",
    "MaintMarginReq": "maintenance_margin",
    "TotalCashValue": "cash",
}


def state_of(status: str) -> OrderState:
    """Return the state that one of IB's status words means; a word not known yet counts as working."""
    return _STATES.get(status, OrderState.WORKING)


def is_error_entry(trade: Any) -> bool:
    """Say whether the library's last word about this trade came from an error frame."""
    return bool(trade.log) and bool(trade.log[-1].errorCode)


def update_of(trade: Any) -> OrderUpdate:
    """Return a trade as its last status frame left it. `Inactive` may be a reject or a wait: it proves nothing."""
    status = trade.orderStatus
    total = told_count(trade.order.totalQuantity)
    filled = told_count(status.filled)
    remaining = told_count(status.remaining)
    state = state_of(status.status)
    if filled == 0 and remaining == 0 and state in (OrderState.PENDING, OrderState.WORKING):
        remaining = total
    return OrderUpdate(
        ref=trade.order.orderRef or "",
        perm_id=trade.order.permId or status.permId,
        order_id=trade.order.orderId,
        con_id=trade.contract.conId,
        state=state,
        filled=filled,
        remaining=remaining,
        side=side_of(trade.order.action),
        limit=clean_price(trade.order.lmtPrice),
        by_error=is_error_entry(trade) or status.status == "Inactive",
        text=legible(status.whyHeld or ""),
    )


def completed_of(trade: Any) -> OrderUpdate:
    """Return a completed order: its frame carries no order id, and the filled quantity sits on the order itself."""
    filled = told_count(trade.order.filledQuantity) or told_count(trade.orderStatus.filled)
    total = told_count(trade.order.totalQuantity)
    return OrderUpdate(
        ref=trade.order.orderRef or "",
        perm_id=trade.order.permId,
        order_id=trade.order.orderId,
        con_id=trade.contract.conId,
        state=state_of(trade.orderStatus.status),
        filled=filled,
        remaining=max(0, total - filled),
        side=side_of(trade.order.action),
        limit=clean_price(trade.order.lmtPrice),
    )


def fill_of(fill: Any) -> Fill:
    """Return one execution; its commission is missing until its own report came.

    Raises `ValueError` for one that cannot be: without an id, a side, a price or a time, or of less than nothing.
    """
    execution, report = fill.execution, fill.commissionReport
    if not execution.execId or execution.side not in _SIDES:
        raise ValueError(f"execution '{execution.execId}' is of side '{legible(execution.side)}', expected BOT or SLD")
    return Fill(
        ref=execution.orderRef or "",
        exec_id=execution.execId,
        perm_id=execution.permId,
        account=execution.acctNumber,
        con_id=fill.contract.conId,
        side=_SIDES[execution.side],
        quantity=count(execution.shares),
        price=number(execution.price, lowest=-UNSET, highest=UNSET),
        at=execution.time,
        commission=clean_number(report.commission) if report.execId else None,
    )


def account_of(values: Iterable[Any], account: str) -> Account:
    """Return the account's figures; a tag that did not come stays missing."""
    found: dict[str, float | None] = {}
    for value in values:
        name = _TAGS.get(value.tag)
        if name is not None and value.account == account:
            found[name] = clean_number(value.value)
    return Account(**found)


def margin_of(state: Any) -> Margin:
    """Return a what-if's answer, without the DBL_MAX that stands for what was not computed."""
    return Margin(
        initial_change=clean_number(state.initMarginChange),
        maintenance_change=clean_number(state.maintMarginChange),
        commission=clean_number(state.commission),
        warning=legible(state.warningText or ""),
    )


def side_of(action: str) -> Side | None:
    """Return the side, or `None` for an action that is neither."""
    return Side(action) if action in (Side.BUY, Side.SELL) else None
