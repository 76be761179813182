from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh.irr import irr, simple_return

YEAR = 365.0


def yearly(*dollars: float) -> list[tuple[float, float]]:
    return [(YEAR * n, usd) for n, usd in enumerate(dollars)]


@pytest.mark.parametrize(
    ("dollars", "expected"),
    [
        ((-100, 39, 59, 55, 20), 0.28095),  # the example in numpy-financial's documentation of irr
        ((-100, 0, 0, 74), -0.0955),  # its second
        ((-123400, 36200, 54800, 48100), 0.0596),  # the project example of Wikipedia's article on the subject
        ((-70000, 12000, 15000, 18000, 21000), -0.0212),  # Microsoft's documentation of Excel's IRR, four years
        ((-70000, 12000, 15000, 18000, 21000, 26000), 0.0866),  # the same, five years
    ],
)
def test_published_examples(dollars: tuple[float, ...], expected: float) -> None:
    assert irr(yearly(*dollars)) == pytest.approx(expected, abs=6e-5)


def test_one_period_is_arithmetic() -> None:
    # 1% in 73 days, a fifth of a year: 1.01 ** 5 - 1
    assert irr([(0, -1000.0), (73, 1010.0)]) == pytest.approx(1.01**5 - 1.0, rel=1e-9)
    assert simple_return(10.0, 1000.0, 73.0) == pytest.approx(0.05)


def test_a_fifth_lost_in_three_days_is_nearly_everything_in_a_year() -> None:
    assert irr([(0, -1000.0), (3, 800.0)]) == pytest.approx(0.8 ** (365 / 3) - 1.0)
    assert irr([(0, -1000.0), (3, 1200.0)]) == pytest.approx(1.2 ** (365 / 3) - 1.0, rel=1e-6)


def test_money_received_first_has_the_same_rate() -> None:
    assert irr([(0, 1000.0), (365, -1100.0)]) == pytest.approx(0.10)


def test_flows_of_one_day_are_added_up() -> None:
    assert irr([(0, -600.0), (0, -400.0), (365, 1100.0), (30, 0.0)]) == pytest.approx(0.10)


@pytest.mark.parametrize(
    "flows",
    [
        [],
        [(0, -1.0)],
        [(0, -1.0), (3, -1.0)],
        [(0, 0.0), (3, 0.0)],
        yearly(-100, 100, 0, -7),  # two changes of sign: two rates
        [(0, math.nan), (3, 1.0)],
        [(0, -1.0), (math.inf, 1.0)],
        [(-1, -1.0), (3, 1.0)],
        [(0, -1e-300), (3, 1e300)],  # beyond any rate
        [(0, -1.0), (1e-305, 1.1)],  # in no time
    ],
)
def test_what_has_no_single_rate_is_none(flows: list[tuple[float, float]]) -> None:
    assert irr(flows) is None


@pytest.mark.parametrize(("capital", "days"), [(0.0, 3.0), (-1.0, 3.0), (1000.0, 0.0), (math.nan, 3.0), (1e-300, 1e-9)])
def test_a_return_needs_capital_and_time(capital: float, days: float) -> None:
    assert simple_return(1e9, capital, days) is None


@given(
    rate=st.floats(-0.9, 5.0),
    days=st.lists(st.floats(1.0, 3000.0), min_size=1, max_size=5, unique=True),
    received=st.lists(st.floats(1.0, 1e6), min_size=5, max_size=5),
)
def test_the_rate_discounts_everything_to_what_was_paid(rate: float, days: list[float], received: list[float]) -> None:
    later = list(zip(sorted(days), received, strict=False))
    paid = sum(usd / (1.0 + rate) ** (day / YEAR) for day, usd in later)
    assert irr([(0.0, -paid), *later]) == pytest.approx(rate, rel=1e-6, abs=1e-6)


def test_money_that_comes_back_whole_has_earned_nothing() -> None:
    assert irr(yearly(-100, 50, 50)) == pytest.approx(0.0, abs=1e-12)


def test_half_a_dollar_over_half_a_day_has_a_yearly_return() -> None:
    assert simple_return(0.01, 0.5, 0.5) == pytest.approx(0.02 * 730.0)


def test_flows_that_no_time_lies_between_have_no_rate() -> None:
    assert irr([(0.0, -100.0), (5e-324, 50.0), (1e-323, 60.0)]) is None
    assert irr([(0.0, -100.0), (5e-324, 110.0)]) is None
    assert irr([(0.0, -100.0), (0.5, 100.0)]) == pytest.approx(0.0)
