import math
from dataclasses import replace

import numpy as np
import pytest

from strategies.alvh import break_even
from strategies.alvh.columns import lay_out
from strategies.alvh.condors import recognise
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import OptionLeg, Right
from tests.strategies.alvh.condor_market import NOW, condor, leg

PRICES = (10.0, 16.0, 7.0, 3.0)  # 10 points of credit


def priced(legs: tuple[OptionLeg, ...], prices: tuple[float | None, ...] = PRICES) -> tuple[OptionLeg, ...]:
    return tuple(replace(x, avg_price=price) for x, price in zip(legs, prices, strict=True))


def break_evens(legs: tuple[OptionLeg, ...], spot: float | None) -> tuple[float | None, float | None]:
    book = lay_out(legs, NOW, SizingPolicy())
    return break_even.break_evens(book, np.array(recognise(legs, NOW).inside, dtype=float), spot)


def test_a_condor_breaks_even_its_credit_beyond_the_shorts() -> None:
    assert break_evens(priced(condor()), 2755.0) == (pytest.approx(2590.0), pytest.approx(2860.0))


def test_the_nearest_of_several_expiries_are_shown() -> None:
    both = (*priced(condor()), *priced(condor(days=20.0, strikes=(2600.0, 2650.0, 2900.0, 2950.0))))
    assert break_evens(both, 2755.0) == (pytest.approx(2640.0), pytest.approx(2860.0))


def test_condors_of_one_expiry_share_their_credit() -> None:
    both = (*priced(condor(1)), *priced(condor(1, strikes=(2500.0, 2550.0, 2950.0, 3000.0))))
    assert break_evens(both, 2755.0) == (pytest.approx(2580.0), pytest.approx(2870.0))


def test_beyond_a_break_even_there_may_be_none_on_that_side() -> None:
    lower, upper = break_evens(priced(condor()), 2500.0)
    assert lower is None
    assert upper == pytest.approx(2590.0)
    assert break_evens(priced(condor()), 2590.0) == (2590.0, 2860.0)  # standing on one counts as below
    assert break_evens(priced(condor()), 3000.0) == (pytest.approx(2860.0), None)


def test_a_condor_that_cannot_lose_has_no_break_even() -> None:
    assert break_evens(priced(condor(), (10.0, 50.0, 40.0, 3.0)), 2755.0) == (None, None)


def test_a_break_even_on_a_strike_is_found_once() -> None:
    at_short = break_evens(priced(condor(), (10.0, 10.0, 10.0, 10.0)), 2755.0)  # no credit: it can only lose
    assert at_short == (2600.0, 2850.0)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_an_expiry_with_an_unknown_trade_price_is_left_out(missing: float | None) -> None:
    assert break_evens(priced(condor(), (10.0, missing, 7.0, 3.0)), 2755.0) == (None, None)


@pytest.mark.parametrize("spot", [None, math.nan, math.inf])
def test_without_a_spot_there_is_nothing_to_be_near(spot: float | None) -> None:
    assert break_evens(priced(condor()), spot) == (None, None)


def test_no_condors_have_no_break_even() -> None:
    assert break_evens((), 2755.0) == (None, None)


def test_an_expiry_with_a_strike_that_cannot_be_is_left_out() -> None:
    assert break_evens(priced(condor(strikes=(2550.0, 2600.0, 2850.0, 1e8))), 2755.0) == (None, None)


def test_an_option_that_does_not_count_spoils_nothing() -> None:
    beside = leg(2700.0, Right.PUT, 3)  # part of no condor, and its price is not known
    assert break_evens((*priced(condor()), beside), 2755.0) == (pytest.approx(2590.0), pytest.approx(2860.0))
