"""Keep one account's books through the market's days: opening, settlements, and what clients ask about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.gateway.errors import ScenarioError
from bot.gateway.exchange.account import Standing, Valuation
from bot.gateway.exchange.ledger import Ledger
from bot.gateway.exchange.marks import Marks
from bot.gateway.exchange.orders import WorkingOrder
from bot.gateway.exchange.values import Value, account_values
from bot.gateway.exchange.what_if import what_if
from bot.gateway.records import Market, OpeningAccount, PnlReport, PositionReport, Report, WhatIfReport


class Books:
    """Hold the ledger of an account from its opening on, valued at the market's present time."""

    def __init__(self, market: Market, opening: OpeningAccount) -> None:
        self.account = opening.account
        self.ledger = Ledger(opening.account, opening.cash)
        self._market = market
        self._valuation = Valuation(market, Marks(market))
        self._closes: dict[int, float] = {}
        self._standing: tuple[datetime, Standing] | None = None
        for held in opening.positions:
            self._open(held.con_id, held.quantity, held.price)
        self._start_equity = self.standing().equity_with_loan

    def _open(self, con_id: int, quantity: int, price: float) -> None:
        """Take in an opening position, settled and valued at the previous close where there is one."""
        contract = self._market.contract(con_id)
        if contract is None:
            raise ScenarioError(f"opening position in conId {con_id}: no such contract; mend the account")
        known = (self._market.quote(con_id).close, self._valuation.price(contract), price)
        settled = next(value for value in known if value is not None)
        self.ledger.open_with(contract, quantity, price, settled)

    def touched(self) -> None:
        """Say that the ledger has changed, so that the account is valued anew."""
        self._standing = None

    def start_day(self) -> None:
        """Begin the account's day: daily numbers restart from the present marks."""
        marks = {con_id: self._valuation.mark(p.contract, p) for con_id, p in self.ledger.positions.items()}
        self.ledger.start_day(marks)
        self.touched()
        self._start_equity = self.standing().equity_with_loan

    def settle_daily(self) -> None:
        """Pay futures' variation when a contract's previous close changes: then its session's settlement is known."""
        futures = [position for position in self.ledger.held() if position.is_future]
        held = {position.contract.con_id for position in futures}
        self._closes = {con_id: close for con_id, close in self._closes.items() if con_id in held}
        for con_id in sorted(held):
            close = self._market.quote(con_id).close
            if close is not None and self._closes.setdefault(con_id, close) != close:
                self._closes[con_id] = close
                self.ledger.settle_daily(con_id, close)
                self.touched()

    def settle_finally(self) -> list[Report]:
        """Close positions in contracts that have settled, and report them."""
        reports: list[Report] = []
        for position in self.ledger.held():
            contract = position.contract
            if contract.settles_at is None or contract.settles_at > self._market.now:
                continue
            price = self._market.settlement(contract.con_id)
            if price is not None:
                self.ledger.settle_finally(contract.con_id, price)
                self.touched()
                reports.append(self.ledger.report(contract.con_id))
        return reports

    def preview(self, order: WorkingOrder) -> WhatIfReport:
        """Return what a full fill of an order would do to margins and equity."""
        return what_if(self._valuation, self.ledger, order)

    def positions(self) -> Sequence[PositionReport]:
        """Return positions that are open or were traded today."""
        return [
            self.ledger.report(con_id)
            for con_id, position in self.ledger.positions.items()
            if position.quantity or position.touched_today
        ]

    def values(self) -> Sequence[Value]:
        """Return the account in IB's full tag set."""
        return account_values(self.account, self.standing(), self._start_equity)

    def pnl(self) -> PnlReport:
        """Return the account's profit and loss."""
        standing = self.standing()
        return PnlReport(daily=standing.daily, unrealized=standing.unrealized, realized=standing.realized)

    def position_pnl(self, con_id: int) -> PnlReport:
        """Return one position's profit and loss; zeros for what is not held."""
        position = self.ledger.positions.get(con_id)
        if position is None:
            return PnlReport(daily=0.0, unrealized=0.0, realized=0.0)
        mark = self._valuation.mark(position.contract, position)
        return PnlReport(
            daily=position.daily(mark),
            unrealized=position.unrealized(mark),
            realized=position.realized_today,
            position=position.quantity,
            value=position.value(mark),
        )

    def standing(self) -> Standing:
        """Return the account as it stands, computed once for each market time and each change of the ledger."""
        if self._standing is None or self._standing[0] != self._market.now:
            self._standing = (self._market.now, self._valuation.standing(self.ledger))
        return self._standing[1]
