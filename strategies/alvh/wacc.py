"""Weigh what equity and borrowed money cost: the return that a book with its hedge must reach."""

from __future__ import annotations

from dataclasses import dataclass

from strategies.alvh.policy import EquityCost, Policy
from strategies.alvh.readiness import number
from strategies.alvh.records import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOfCapital:
    """Hold the weighted average cost of capital and its parts, yearly fractions; `debt_share` is w_d."""

    wacc: float
    equity: float
    debt: float
    debt_share: float


def cost_of_capital(account: Account, rate: float, policy: Policy) -> CostOfCapital | None:
    """Return WACC = w_e k_e + w_d k_d of an account at a cash rate; `None` when a figure it needs is missing.

    Debt is a negative cash balance, equity the net liquidation value, so w_d = debt / (debt + equity), zero for an
    account with cash. k_e is the stated cost or CAPM's, k_d the cash rate with the broker's debit spread on it.
    """
    rules, cash, worth = policy.economics, number(account.cash), number(account.net_liquidation)
    base = number(rate)
    if cash is None or worth is None or worth <= 0.0 or base is None:
        return None
    equity = rules.cost_of_equity
    if rules.equity_cost is EquityCost.CAPM:
        equity = base + rules.equity_beta * policy.capm.equity_premium
    debt = base + rules.debit_spread
    owed = max(0.0, -cash)
    share = owed / (owed + worth)
    return CostOfCapital(wacc=(1.0 - share) * equity + share * debt, equity=equity, debt=debt, debt_share=share)
