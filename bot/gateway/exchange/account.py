"""Value an account: equity, margins, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

from bot.gateway.exchange.ledger import Ledger, Position
from bot.gateway.exchange.margin import Margin, requirement
from bot.gateway.exchange.marks import Marks
from bot.gateway.records import Contract, Market


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Hold an account at one time, in dollars."""

    cash: float
    futures_pnl: float
    long_option_value: float
    short_option_value: float
    unrealized: float
    realized: float
    daily: float
    margin: Margin

    @property
    def option_value(self) -> float:
        """Return the signed market value of options."""
        return self.long_option_value + self.short_option_value

    @property
    def net_liquidation(self) -> float:
        """Return cash, unsettled futures variation and options."""
        return self.cash + self.futures_pnl + self.option_value

    @property
    def equity_with_loan(self) -> float:
        """Return what carries margin: under Regulation T, options lend nothing."""
        return self.cash + self.futures_pnl

    @property
    def gross_positions(self) -> float:
        """Return the absolute market value of options; futures count nothing, as at IB."""
        return self.long_option_value - self.short_option_value


class Valuation:
    """Price positions with the marks of the moment."""

    def __init__(self, market: Market, marks: Marks) -> None:
        self._market = market
        self._marks = marks

    def price(self, contract: Contract) -> float | None:
        """Return a contract's mark in points; `None` when it never had one."""
        return self._marks.mark(contract)

    def mark(self, contract: Contract, position: Position) -> float:
        """Return a held contract's mark in points; its average price when it never had one."""
        mark = self._marks.mark(contract)
        return position.average_cost / position.multiplier if mark is None else mark

    def underlying(self, contract: Contract) -> float:
        """Return the price of an option's underlying: the model's, else the index's, else the strike."""
        greeks = self._market.greeks(contract.con_id)
        if greeks is not None:
            return greeks.underlying
        index = self._market.contract(contract.underlying_con_id)
        mark = self._marks.mark(index) if index is not None else None
        return contract.strike if mark is None else mark

    def margin(self, ledger: Ledger) -> Margin:
        """Return what the ledger's positions need as margin."""
        held = ledger.held()
        marks = {p.contract.con_id: self.mark(p.contract, p) for p in held}
        return requirement(held, lambda contract: marks[contract.con_id], self.underlying)

    def standing(self, ledger: Ledger) -> Standing:
        """Return the account as it stands."""
        futures_pnl = longs = shorts = unrealized = realized = daily = 0.0
        for position in ledger.positions.values():
            mark = self.mark(position.contract, position)
            value = position.value(mark)
            daily += position.daily(mark)
            unrealized += position.unrealized(mark)
            realized += position.realized_today
            if position.is_future:
                futures_pnl += value - position.basis
            else:
                longs += max(value, 0.0)
                shorts += min(value, 0.0)
        return Standing(
            cash=ledger.cash,
            futures_pnl=futures_pnl,
            long_option_value=longs,
            short_option_value=shorts,
            unrealized=unrealized,
            realized=realized,
            daily=daily,
            margin=self.margin(ledger),
        )
