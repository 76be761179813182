from __future__ import annotations

from dataclasses import replace

import pytest
from builders import book, condor, exposure, memory, spike_view, state
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh.decide import decide
from strategies.alvh.engine import CONDOR_CAP, second_engine
from strategies.alvh.policy import Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Account, Book, Check

RICH = Account(
    net_liquidation=2_000_000.0, excess_liquidity=1_500_000.0, maintenance_margin=250_000.0, cash=1_000_000.0
)


def reading(held: Book | None = None, **changes: float | None) -> Reading:
    """Return twenty condors 50 points wide on an account of two millions, cash at 1.5%, half a percent less credited.

    Theta is $900 a day and net vega -$2,500 per point unless said otherwise.
    """
    account = book(account=RICH) if held is None else held
    return read(spike_view(), account, state(), Policy(), memory(), exposure(**changes))


def asked(held: Book | None = None, **changes: float | None) -> tuple[Check, Check]:
    return second_engine(reading(held, **changes))


def test_the_condors_margin_is_set_against_the_account_by_hand() -> None:
    # 20 condors * 100 $ * 50 points = $100,000: 5% of two millions and 40% of $250,000; 2,500 / 2,000,000 = 0.125%
    risk, _ = asked()
    assert (risk.name, risk.observed, risk.threshold) == ("engine: risk", 0.05, CONDOR_CAP)
    assert risk.why == (
        "condors tie up $100,000, 5.0% of the account, inside the 10% their authors allow; "
        "40% of its maintenance margin; a VIX point moves it by 0.12%"
    )


def test_the_share_of_income_is_theta_over_theta_and_interest_by_hand() -> None:
    # $900 * 365 = $328,500; 1,000,000 * (1.5% - 0.5%) = $10,000; 328,500 / 338,500 = 97%
    _, income = asked()
    assert income.observed == pytest.approx(328_500.0 / 338_500.0)
    assert "$900 a day is $328,500 a year beside $10,000 on cash: 97%" in income.why


def test_the_wider_side_counts_and_what_is_no_condor_does_not() -> None:
    put, short_put, short_call, call = condor(2)
    wide = (put, short_put, short_call, replace(call, strike=2950.0))
    spare = replace(put, con_id=999, strike=2400.0, quantity=7)
    risk, _ = asked(book(legs=(*wide, spare), account=RICH))
    assert risk.observed == pytest.approx(2 * 100 * 100.0 / 2_000_000.0)


def test_more_than_the_authors_allow_is_said_and_refuses_nothing() -> None:
    risk, _ = asked(book(account=replace(RICH, net_liquidation=500_000.0)))
    assert risk.observed == pytest.approx(0.20) and risk.passed
    assert "20.0% of the account, above the 10% their authors allow" in risk.why


def test_exactly_the_cap_is_inside_it() -> None:
    assert "inside" in asked(book(account=replace(RICH, net_liquidation=1_000_000.0)))[0].why


def test_without_condors_nothing_is_tied_up() -> None:
    risk, income = asked(book(legs=(), account=RICH), theta_usd=0.0, vega30_usd=0.0)
    assert risk.observed == 0.0
    assert income.observed == 0.0 and "cash earns $10,000 a year" in income.why


@pytest.mark.parametrize("worth", [None, 0.0, -5.0, float("nan")])
def test_an_account_of_unknown_worth_has_no_share(worth: float | None) -> None:
    risk, _ = asked(book(account=replace(RICH, net_liquidation=worth)))
    assert risk.observed is None and "not known" in risk.why


def test_what_is_missing_beside_the_share_is_left_out() -> None:
    risk, _ = asked(book(account=replace(RICH, maintenance_margin=None)), vega30_usd=None)
    assert risk.why == "condors tie up $100,000, 5.0% of the account, inside the 10% their authors allow"


def test_income_needs_theta_and_cash() -> None:
    assert "theta is not known" in asked(theta_usd=None)[1].why
    assert "the account's cash is not known" in asked(book(account=replace(RICH, cash=None)))[1].why


def test_borrowed_cash_earns_nothing() -> None:
    assert asked(book(account=replace(RICH, cash=-50_000.0)))[1].observed == 1.0


def test_a_book_that_loses_by_waiting_earns_no_share() -> None:
    income = asked(theta_usd=-10.0)[1]
    assert income.observed == 0.0 and "time earns nothing" in income.why


def test_every_decision_tells_both_and_the_term_structure() -> None:
    decision = decide(spike_view(), book(account=RICH), state(), Policy())
    found = {check.name: check for check in decision.checks}
    assert found["engine: risk"].observed == 0.05
    assert "engine: income" in found
    # VX at 18.5 and 28 days later 17.5; VIX at 20
    told = found["carry: term structure"]
    assert told.observed == pytest.approx(17.5 / 18.5)
    assert told.why == "backwardation: VX 18.50 and 28 days later 17.50; the traded month stands -1.50 from VIX"


NUMBERS = st.one_of(st.none(), st.floats())


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_no_account_and_no_exposure_makes_it_refuse_or_raise(
    worth: float | None, maintenance: float | None, cash: float | None, theta: float | None, vega: float | None
) -> None:
    account = Account(net_liquidation=worth, maintenance_margin=maintenance, cash=cash)
    found = asked(book(account=account), theta_usd=theta, vega30_usd=vega)
    assert all(check.passed for check in found)
