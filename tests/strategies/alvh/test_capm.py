from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import FAR_SETTLES, SETTLES, VX, VXM, book, exposure, future, memory, position, spike_view, state

from strategies.alvh.capm import future_beta, portfolio_beta, recalibrated
from strategies.alvh.policy import CapmPolicy, Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Account, Book
from strategies.alvh.tranches import Plan

WORTH = 200_000.0


def seen(
    held: Book | None = None,
    *,
    delta: float | None = 0.0,
    worth: float | None = WORTH,
    spx: float = 2_700.0,
    **changes: Any,
) -> Reading:
    view = spike_view()
    view = replace(view, spx=replace(view.spx, last=spx))
    account = Account(net_liquidation=worth, excess_liquidity=worth)
    held = replace(held or book(), account=account)
    return read(view, held, state(), Policy(), memory(), exposure(delta_usd=delta, **changes))


def planned(minis: int) -> Plan:
    return Plan(number=1, goal=minis, minis=minis, allowed=True, checks=())


def price(reading: Reading) -> float:
    assert reading.price is not None
    return reading.price


def test_the_beta_of_the_options_is_their_dollar_delta_over_the_account() -> None:
    assert portfolio_beta(seen(delta=20.0)) == pytest.approx(20.0 * 2_700.0 / WORTH)


def test_a_future_that_is_held_counts_with_the_beta_of_its_month() -> None:
    reading = seen(book(futures=(position(VX, 2),)))
    assert portfolio_beta(reading) == pytest.approx(2 * 1_000 * price(reading) * -3.9 / WORTH)


def test_the_later_months_move_less_with_the_market() -> None:
    view = replace(spike_view(), futures=(future(VX), future(21, settles_on=FAR_SETTLES)))
    assert future_beta(view, SETTLES, CapmPolicy()) == -3.9
    assert future_beta(view, FAR_SETTLES, CapmPolicy()) == -2.75


def test_a_flat_book_may_go_to_the_floor_and_no_further() -> None:
    reading = seen()
    step = 100 * price(reading) * 3.9 / WORTH
    permit = recalibrated(reading, planned(500))
    assert permit.minis == int(0.30 / step)


def test_a_book_that_is_long_the_market_may_turn_as_short_as_it_was_long() -> None:
    reading = seen(delta=40.0)
    before = 40.0 * 2_700.0 / WORTH
    step = 100 * price(reading) * 3.9 / WORTH
    assert recalibrated(reading, planned(500)).minis == int(2 * before / step)


def test_a_book_that_is_short_the_market_gets_no_hedge_that_makes_it_shorter() -> None:
    permit = recalibrated(seen(delta=-40.0), planned(5))
    assert permit.minis == 0
    assert not permit.checks[0].passed


def test_what_fits_is_not_scaled() -> None:
    permit = recalibrated(seen(delta=20.0), planned(1))
    assert permit.minis == 1
    assert all(check.passed for check in permit.checks)


def test_the_expected_return_is_the_cash_rate_plus_beta_times_the_premium() -> None:
    reading = seen(delta=20.0)
    assert recalibrated(reading, planned(0)).checks[1].observed == pytest.approx(
        reading.view.rate + 0.05 * 20.0 * 2_700.0 / WORTH
    )


@pytest.mark.parametrize("worth", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_without_the_account_value_nothing_opens(worth: float | None) -> None:
    assert recalibrated(seen(worth=worth), planned(3)).minis == 0


@pytest.mark.parametrize("unknown", [{"delta": None}, {"unknown_legs": 1}, {"spx": float("nan")}])
def test_without_the_books_delta_nothing_opens(unknown: dict[str, Any]) -> None:
    permit = recalibrated(seen(**unknown), planned(3))
    assert permit.minis == 0
    assert not permit.checks[0].passed


def test_a_future_without_a_price_makes_the_beta_unknown() -> None:
    assert portfolio_beta(seen(book(futures=(position(99, 1),)))) is None
    assert portfolio_beta(seen(book(futures=(position(VXM, 1),)))) is not None


def test_the_beta_after_the_purchase_is_told() -> None:
    reading = seen(delta=40.0)
    before, step = 40.0 * 2_700.0 / WORTH, 100 * price(reading) * -3.9 / WORTH
    assert recalibrated(reading, planned(4)).checks[0].observed == pytest.approx(before + 4 * step)


def test_a_hedge_that_ends_exactly_at_the_floor_is_allowed_whole() -> None:
    worth = price(seen()) * 100 * 3.9 / 0.1  # a mini moves beta by a tenth, and the floor is 0.30
    assert recalibrated(seen(worth=worth), planned(5)).minis == 3
