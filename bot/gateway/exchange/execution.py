"""Turn matched slices into executions: number them, charge fees, book them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.gateway.exchange.draws import draw
from bot.gateway.exchange.fees import commission
from bot.gateway.exchange.ledger import Ledger
from bot.gateway.exchange.matching import Slice
from bot.gateway.exchange.orders import WorkingOrder
from bot.gateway.records import FillReport

_SERVER = "0000e0d5"  # IB's execution ids begin with the id of the server that made them
_FIRST_LEG = 2  # part 1 of a combination's execution id is the combination itself


class Executions:
    """Book slices into the ledgers of the accounts that gave the orders, and keep the reports.

    An execution id is server.number.part.correction, like IB's `0000e0d5.5b1f2c3d.01.01`: a plain order has part 01,
    a combination part 01 for itself and 02, 03... for its legs.
    """

    def __init__(self, ledger_of: Callable[[str], Ledger], seed: int) -> None:
        self._ledger_of = ledger_of
        self._number = int(draw(seed, "execution") * 0x7000_0000)
        self.reports: list[FillReport] = []

    def book(self, order: WorkingOrder, piece: Slice, at: datetime) -> list[FillReport]:
        """Book one slice of an order; return its executions, the combination before its legs."""
        self._number += 1
        order.filled += piece.quantity
        order.notional += piece.quantity * piece.price
        order.last_price = piece.price
        made = [self._combination(order, piece, at)] if order.is_combo else []
        made += [self._leg(order, piece, at, number) for number in range(len(order.legs))]
        self.reports += made
        return made

    def _combination(self, order: WorkingOrder, piece: Slice, at: datetime) -> FillReport:
        return FillReport(
            exec_id=self._exec_id(1),
            request=order.request,
            perm_id=order.perm_id,
            con_id=0,
            at=at,
            side=_side(order.direction),
            shares=piece.quantity,
            price=piece.price,
            cumulative=order.filled,
            avg_price=order.notional / order.filled,
            commission=0.0,  # charged on the legs
            realized_pnl=None,
            last_liquidity=piece.liquidity,
            account=self._ledger_of(order.request.account).account,
            exchange=order.legs[0].contract.exchange,
            is_combo=True,
        )

    def _leg(self, order: WorkingOrder, piece: Slice, at: datetime, number: int) -> FillReport:
        leg, price = order.legs[number], piece.leg_prices[number]
        shares = piece.quantity * leg.ratio
        signed = shares * leg.sign * order.direction
        fee = commission(leg.contract, shares, price)
        ledger = self._ledger_of(order.request.account)
        realized = ledger.trade(leg.contract, signed, price, fee)
        order.leg_notional[number] += shares * price
        cumulative = order.filled * leg.ratio
        return FillReport(
            exec_id=self._exec_id(number + _FIRST_LEG if order.is_combo else 1),
            request=order.request,
            perm_id=order.perm_id,
            con_id=leg.contract.con_id,
            at=at,
            side=_side(signed),
            shares=shares,
            price=price,
            cumulative=cumulative,
            avg_price=order.leg_notional[number] / cumulative,
            commission=fee,
            realized_pnl=None if realized is None else round(realized, 2),
            last_liquidity=piece.liquidity,
            account=ledger.account,
            exchange=leg.contract.exchange,
        )

    def _exec_id(self, part: int) -> str:
        return f"{_SERVER}.{self._number:08x}.{part:02d}.01"


def _side(signed: float) -> str:
    return "BOT" if signed > 0 else "SLD"
