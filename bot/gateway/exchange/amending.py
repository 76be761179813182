"""Correct an execution after the fact, as an exchange does when it busts or reprices a trade."""

from __future__ import annotations

from dataclasses import replace

from bot.gateway.exchange.ledger import Ledger
from bot.gateway.exchange.orders import WorkingOrder
from bot.gateway.records import FillReport


def amended(ledger: Ledger, order: WorkingOrder, fill: FillReport, *, shares: float, price: float) -> FillReport:
    """Book what an execution of one contract should have been, and return the correction, under the next execution id.

    IB tells a correction as a further execution whose id differs in the digits after the last point only. No shares
    take the execution back; the fee stays.
    """
    contract = ledger.positions[fill.con_id].contract
    sign = 1.0 if fill.side == "BOT" else -1.0
    ledger.trade(contract, -sign * fill.shares, fill.price, 0.0)
    realized = ledger.trade(contract, sign * shares, price, 0.0) if shares else None
    order.filled += shares - fill.shares
    order.notional += shares * price - fill.shares * fill.price
    order.leg_notional[0] += shares * price - fill.shares * fill.price
    base, _, number = fill.exec_id.rpartition(".")
    return replace(
        fill,
        exec_id=f"{base}.{int(number) + 1:02d}",
        shares=shares,
        price=price,
        cumulative=order.filled,
        avg_price=order.notional / order.filled if order.filled else 0.0,
        realized_pnl=None if realized is None else round(realized, 2),
    )
