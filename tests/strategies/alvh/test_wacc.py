from __future__ import annotations

import math
from dataclasses import replace

import pytest

from strategies.alvh.policy import EquityCost, Policy
from strategies.alvh.records import Account
from strategies.alvh.wacc import cost_of_capital

POLICY = Policy()


def account(cash: float | None, worth: float | None = 500_000.0) -> Account:
    return Account(net_liquidation=worth, cash=cash)


def test_an_account_with_cash_pays_for_equity_alone() -> None:
    found = cost_of_capital(account(200_000.0), 0.04, POLICY)
    assert found is not None
    assert (found.wacc, found.debt_share) == (0.10, 0.0)


def test_borrowed_money_counts_with_its_share() -> None:
    # 125,000 owed against 500,000 of equity: a fifth is debt at 4% + 1.5%; 0.8 * 10% + 0.2 * 5.5% = 9.1%
    found = cost_of_capital(account(-125_000.0), 0.04, POLICY)
    assert found is not None
    assert found.debt_share == pytest.approx(0.20)
    assert found.debt == pytest.approx(0.055)
    assert found.wacc == pytest.approx(0.091)


def test_capm_prices_equity_by_beta() -> None:
    # 4% + 0.5 * 5% = 6.5%
    rules = replace(POLICY.economics, equity_cost=EquityCost.CAPM, equity_beta=0.5)
    found = cost_of_capital(account(0.0), 0.04, replace(POLICY, economics=rules))
    assert found is not None
    assert found.equity == found.wacc == pytest.approx(0.065)


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        (account(None), 0.04),
        (account(1.0, None), 0.04),
        (account(1.0, 0.0), 0.04),
        (account(-1.0, -5.0), 0.04),
        (account(math.nan), 0.04),
        (account(1.0, math.inf), 0.04),
        (account(1.0), math.nan),
    ],
)
def test_a_missing_figure_gives_no_cost(given: Account, rate: float) -> None:
    assert cost_of_capital(given, rate, POLICY) is None


def test_a_small_account_with_cash_owes_nothing() -> None:
    found = cost_of_capital(account(0.0, 50.0), 0.04, POLICY)
    assert found is not None
    assert found.debt_share == 0.0
