"""Keep cash, positions, and profit and loss in dollars.

Futures are settled to the market: cash holds the variation up to the last settlement, and the part since then is
`futures_pnl`. Options are paid for in cash and carry a market value. A position's cost includes commissions, as IB's
average cost does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.gateway.records import Contract, PositionReport


@dataclass(slots=True, kw_only=True)
class Position:
    """Hold one contract's position; sums are signed dollars.

    `cost` is what the open quantity cost, commission included. `basis` is what a future's open quantity is settled up
    to. `day_value` and `day_flow` are the value at the start of the day and the cash that trades and fees have moved
    since.
    """

    contract: Contract
    quantity: float = 0.0
    cost: float = 0.0
    basis: float = 0.0
    realized_today: float = 0.0
    day_value: float = 0.0
    day_flow: float = 0.0
    touched_today: bool = False

    @property
    def multiplier(self) -> float:
        """Return dollars a point."""
        return multiplier(self.contract)

    @property
    def is_future(self) -> bool:
        """Say whether the position is settled to the market daily."""
        return self.contract.sec_type == "FUT"

    @property
    def average_cost(self) -> float:
        """Return dollars a contract, multiplier and commission included; 0 when flat."""
        return self.cost / self.quantity if self.quantity else 0.0

    def value(self, mark: float) -> float:
        """Return quantity x mark x multiplier."""
        return self.quantity * mark * self.multiplier

    def unrealized(self, mark: float) -> float:
        """Return profit and loss of the open quantity against its cost."""
        return self.value(mark) - self.cost if self.quantity else 0.0

    def daily(self, mark: float) -> float:
        """Return profit and loss since the start of the day, fees included."""
        return self.value(mark) - self.day_value + self.day_flow


def multiplier(contract: Contract) -> float:
    """Return dollars a point; 1 when the contract states none."""
    return float(contract.multiplier) if contract.multiplier else 1.0


@dataclass(slots=True)
class Ledger:
    """Book trades, settlements and days of one account."""

    account: str
    cash: float
    positions: dict[int, Position] = field(default_factory=dict)

    def copy(self) -> Ledger:
        """Return an independent copy, for asking what would be."""
        return Ledger(self.account, self.cash, {con_id: replace(p) for con_id, p in self.positions.items()})

    def open_with(self, contract: Contract, quantity: float, price: float, settled: float) -> None:
        """Take in a position held from before.

        `price` is its trade price, `settled` the price it is valued or settled at, in points.
        """
        points = quantity * multiplier(contract)
        value = settled * points
        basis = value if contract.sec_type == "FUT" else 0.0
        self.positions[contract.con_id] = Position(
            contract=contract, quantity=float(quantity), cost=price * points, basis=basis, day_value=value
        )

    def trade(self, contract: Contract, quantity: float, price: float, fee: float) -> float | None:
        """Book a trade of signed `quantity` at `price` points; return the profit it realised, `None` if it only opened.

        `fee` is in dollars and shared by the closing and the opening part.
        """
        position = self.positions.setdefault(contract.con_id, Position(contract=contract))
        closing = _closing(position.quantity, quantity)
        gross = quantity * price * position.multiplier
        realized = self._close(position, closing, price, fee * abs(closing / quantity)) if closing else None
        opening = quantity - closing
        position.quantity += opening
        position.cost += opening * price * position.multiplier + fee * abs(opening / quantity)
        if position.is_future:
            position.basis += opening * price * position.multiplier
            self.cash -= fee
        else:
            self.cash -= gross + fee
        position.day_flow -= gross + fee
        position.touched_today = True
        return realized

    def _close(self, position: Position, closing: float, price: float, fee: float) -> float:
        """Book the closing part of a trade; a future's variation since its last settlement goes to cash."""
        share = -closing / position.quantity
        proceeds = -closing * price * position.multiplier
        released, settled = position.cost * share, position.basis * share
        position.cost -= released
        position.basis -= settled
        position.quantity += closing
        if position.is_future:
            self.cash += proceeds - settled
        realized = proceeds - fee - released
        position.realized_today += realized
        return realized

    def settle_daily(self, con_id: int, price: float) -> None:
        """Pay a future's variation up to the settlement `price` into cash."""
        position = self.positions[con_id]
        value = position.value(price)
        self.cash += value - position.basis
        position.basis = value

    def settle_finally(self, con_id: int, price: float) -> None:
        """Close a position at its final settlement price, without a fee."""
        position = self.positions[con_id]
        if position.quantity:
            self.trade(position.contract, -position.quantity, price, 0.0)

    def start_day(self, marks: dict[int, float]) -> None:
        """Begin a new day: forget what closed flat, and value the rest at `marks` (points by conId)."""
        self.positions = {con_id: p for con_id, p in self.positions.items() if p.quantity}
        for con_id, position in self.positions.items():
            position.day_value = position.value(marks[con_id]) if con_id in marks else position.cost
            position.day_flow = position.realized_today = 0.0
            position.touched_today = False

    def held(self) -> list[Position]:
        """Return the positions that are not flat."""
        return [p for p in self.positions.values() if p.quantity]

    def report(self, con_id: int) -> PositionReport:
        """Return one position as clients are told of it."""
        p = self.positions[con_id]
        return PositionReport(account=self.account, con_id=con_id, quantity=p.quantity, avg_cost=p.average_cost)


def _closing(held: float, traded: float) -> float:
    """Return the part of a signed trade that reduces a signed holding."""
    if held * traded >= 0:
        return 0.0
    return max(traded, -held) if traded < 0 else min(traded, -held)
