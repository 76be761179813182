"""Hear everything the exchange does, below all faults: the truth that the bot is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.gateway.exchange import SimulatedExchange
from bot.gateway.records import FillReport, Market, OrderReport, OrderRequest, Report
from bot.orders.refs import is_ours

MINI = 100
TIME_TO_NOTICE = timedelta(seconds=60)  # what other hands sold
_WORKS = frozenset({"PendingSubmit", "PreSubmitted", "Submitted", "PendingCancel"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """Hold what a purchase was limited at when it reached the exchange, and the true market at that moment."""

    at: datetime
    limit: float
    ask: float | None
    is_open: bool


@dataclass(slots=True)
class Witness:
    """Add up what became of the bot's own orders, and of everybody's, contract by contract."""

    market: Market
    mode: str
    placed: dict[str, set[tuple[int, int]]] = field(default_factory=dict)  # by our ref: (client, order id)
    bought: dict[str, Bought] = field(default_factory=dict)  # by our ref
    fills: dict[str, FillReport] = field(default_factory=dict)
    own: Counter[int] = field(default_factory=Counter)
    most_minis: int = 0  # owned and at work together, at any moment
    least: Counter[int] = field(default_factory=Counter)  # the smallest own position by contract
    account: Counter[int] = field(default_factory=Counter)  # what everybody traded, by contract
    oversold: dict[int, int] = field(default_factory=dict)  # by contract: how short our own late sale left the account
    _sold_by_others: dict[int, datetime] = field(default_factory=dict)
    _working: dict[str, tuple[int, int]] = field(default_factory=dict)  # by our ref: contract, contracts to buy

    def placing(self, request: OrderRequest) -> None:
        """Hear of an order frame that reached the exchange."""
        ref = request.order_ref
        if is_ours(ref, self.mode) and not request.what_if:
            self.placed.setdefault(ref, set()).add((request.client_id, request.order_id))
            if request.action == "BUY" and ref not in self.bought:
                self.bought[ref] = self._bought(request)

    def hear(self, reports: Iterable[Report]) -> None:
        """Hear what the exchange reports."""
        for report in reports:
            if isinstance(report, FillReport):
                self._filled(report)
            elif isinstance(report, OrderReport):
                self._stands(report)
        self._measure()

    def own_fills(self) -> tuple[FillReport, ...]:
        """Return the executions of the bot's orders, oldest first."""
        return tuple(fill for fill in self.fills.values() if is_ours(fill.request.order_ref, self.mode))

    def _bought(self, request: OrderRequest) -> Bought:
        return Bought(
            at=self.market.now,
            limit=request.limit or 0.0,
            ask=self.market.quote(request.con_id).ask,
            is_open=self.market.is_open(request.con_id, rth=True),
        )

    def _filled(self, fill: FillReport) -> None:
        if fill.exec_id in self.fills or fill.is_combo:
            return
        signed = _signed(fill)
        corrected = [known for known in self.fills if known.rpartition(".")[0] == fill.exec_id.rpartition(".")[0]]
        if corrected:  # the one before counts no more
            signed -= _signed(self.fills.pop(corrected[-1]))
        self.fills[fill.exec_id] = fill
        self.account[fill.con_id] += signed
        if is_ours(fill.request.order_ref, self.mode):
            self.own[fill.con_id] += signed
            self.least[fill.con_id] = min(self.least[fill.con_id], self.own[fill.con_id])
            self._hold_against_account(fill, signed)
        elif signed < 0:
            self._sold_by_others[fill.con_id] = self.market.now

    def _hold_against_account(self, fill: FillReport, signed: int) -> None:
        """Note a sale of ours that left the account short although others had sold well before it."""
        left, since = self.account[fill.con_id], self._sold_by_others.get(fill.con_id)
        if signed < 0 and left < 0 and since is not None and self.market.now - since > TIME_TO_NOTICE:
            self.oversold[fill.con_id] = left

    def _stands(self, report: OrderReport) -> None:
        request = report.request
        if not is_ours(request.order_ref, self.mode) or request.what_if or request.action != "BUY":
            return
        if report.status in _WORKS:
            self._working[request.order_ref] = (request.con_id, round(report.remaining))
        else:
            self._working.pop(request.order_ref, None)

    def _measure(self) -> None:
        minis = sum(self.minis(con_id) * held for con_id, held in self.own.items())
        minis += sum(self.minis(con_id) * left for con_id, left in self._working.values())
        self.most_minis = max(self.most_minis, minis)

    def minis(self, con_id: int) -> int:
        """Return the minis of one contract; none for what is no future."""
        contract = self.market.contract(con_id)
        if contract is None or contract.sec_type != "FUT":
            return 0
        return int(contract.multiplier) // MINI


class WatchedExchange(SimulatedExchange):
    """Be the exchange, and tell a witness everything."""

    def __init__(self, market: Market, witness: Witness, **settings: Any) -> None:
        super().__init__(market, **settings)
        self._witness = witness

    def place(self, request: OrderRequest) -> Sequence[Report]:
        """Place, and tell."""
        self._witness.placing(request)
        return self._told(super().place(request))

    def cancel(self, client_id: int, order_id: int) -> Sequence[Report]:
        """Cancel, and tell."""
        return self._told(super().cancel(client_id, order_id))

    def cancel_all(self) -> Sequence[Report]:
        """Cancel everything, and tell."""
        return self._told(super().cancel_all())

    def step(self) -> Sequence[Report]:
        """Match, and tell."""
        return self._told(super().step())

    def fill(self, client_id: int, order_id: int, quantity: float) -> Sequence[Report]:
        """Fill because a fault says so, and tell."""
        return self._told(super().fill(client_id, order_id, quantity))

    def amend(self, exec_id: str, *, shares: float, price: float) -> Sequence[Report]:
        """Correct because a fault says so, and tell."""
        return self._told(super().amend(exec_id, shares=shares, price=price))

    def _told(self, reports: Sequence[Report]) -> Sequence[Report]:
        self._witness.hear(reports)
        return reports


def _signed(fill: FillReport) -> int:
    return round(fill.shares) if fill.side == "BOT" else -round(fill.shares)
