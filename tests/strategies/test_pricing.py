import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.pricing import MIN_YEARS, black76_greeks, black76_price, implied_vol, years_until

RNG = np.random.default_rng(20180205)
COUNT = 300
FORWARD = RNG.uniform(1_000.0, 9_000.0, COUNT)
STRIKE = FORWARD * np.exp(RNG.uniform(-0.4, 0.4, COUNT))
YEARS = RNG.uniform(MIN_YEARS, 2.0, COUNT)
RATE = RNG.uniform(-0.01, 0.08, COUNT)
SIGMA = RNG.uniform(0.05, 1.5, COUNT)
CALL = RNG.random(COUNT) < 0.5
POINTS = (FORWARD, STRIKE, YEARS, RATE, SIGMA, CALL)

anything = st.one_of(st.floats(), st.sampled_from([0.0, -1.0, -2.0, 1.7976931348623157e308]))


def test_prices_agree_with_quantlib() -> None:
    ql = pytest.importorskip("QuantLib")
    kinds = {True: ql.Option.Call, False: ql.Option.Put}
    expected = [
        ql.blackFormula(kinds[bool(c)], k, f, s * math.sqrt(t), math.exp(-r * t))
        for f, k, t, r, s, c in zip(*POINTS, strict=True)
    ]
    np.testing.assert_allclose(black76_price(*POINTS), expected, rtol=1e-11, atol=1e-9)


def test_greeks_agree_with_quantlib() -> None:
    ql = pytest.importorskip("QuantLib")
    got = black76_greeks(*POINTS)
    for i, (f, k, t, r, s, c) in enumerate(zip(*POINTS, strict=True)):
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if c else ql.Option.Put, float(k))
        black = ql.BlackCalculator(payoff, float(f), float(s * math.sqrt(t)), math.exp(-r * t))
        assert got.delta[i] == pytest.approx(black.deltaForward(), rel=1e-9, abs=1e-12)
        assert got.gamma[i] == pytest.approx(black.gammaForward(), rel=1e-9, abs=1e-15)
        assert got.vega[i] == pytest.approx(black.vega(float(t)) / 100, rel=1e-9, abs=1e-12)


def test_greeks_agree_with_vollib() -> None:
    pytest.importorskip("vollib")
    from vollib.black.greeks import analytical

    got = black76_greeks(*POINTS)
    for i, (f, k, t, r, s, c) in enumerate(zip(*POINTS, strict=True)):
        arguments = ("c" if c else "p", float(f), float(k), float(t), float(r), float(s))
        assert got.delta[i] == pytest.approx(analytical.delta(*arguments), rel=1e-8, abs=1e-10)
        assert got.gamma[i] == pytest.approx(analytical.gamma(*arguments), rel=1e-8, abs=1e-12)
        assert got.vega[i] == pytest.approx(analytical.vega(*arguments), rel=1e-8, abs=1e-10)


def test_theta_is_the_loss_of_one_calendar_day() -> None:
    hour = 1 / (24 * 365)
    years = np.maximum(YEARS, 0.05)
    now = black76_price(FORWARD, STRIKE, years + hour / 2, RATE, SIGMA, CALL)
    later = black76_price(FORWARD, STRIKE, years - hour / 2, RATE, SIGMA, CALL)
    theta = black76_greeks(FORWARD, STRIKE, years, RATE, SIGMA, CALL).theta
    np.testing.assert_allclose(theta, (later - now) * 24, rtol=1e-4, atol=1e-6)


def test_the_vega_of_a_point_is_the_price_change_of_a_point() -> None:
    up = black76_price(FORWARD, STRIKE, YEARS, RATE, SIGMA + 0.00005, CALL)
    down = black76_price(FORWARD, STRIKE, YEARS, RATE, SIGMA - 0.00005, CALL)
    np.testing.assert_allclose(black76_greeks(*POINTS).vega, (up - down) * 100, rtol=1e-4, atol=1e-6)


def test_call_minus_put_is_the_discounted_forward() -> None:
    call = black76_price(FORWARD, STRIKE, YEARS, RATE, SIGMA, True)
    put = black76_price(FORWARD, STRIKE, YEARS, RATE, SIGMA, False)
    np.testing.assert_allclose(call - put, np.exp(-RATE * YEARS) * (FORWARD - STRIKE), rtol=1e-12, atol=1e-9)


def test_implied_volatility_gives_back_the_volatility() -> None:
    price = black76_price(*POINTS)
    time_value = price - np.exp(-RATE * YEARS) * np.maximum(np.where(CALL, 1, -1) * (FORWARD - STRIKE), 0.0)
    seen = time_value > 0.01
    assert seen.sum() > COUNT / 2
    got = implied_vol(price, FORWARD, STRIKE, YEARS, RATE, CALL)
    np.testing.assert_allclose(got[seen], SIGMA[seen], rtol=1e-9)


@given(st.floats(-1.0, 12.0) | st.just(math.nan) | st.just(math.inf))
def test_a_guess_however_wrong_changes_nothing(guess: float) -> None:
    price = black76_price(*POINTS)
    alone = implied_vol(price, FORWARD, STRIKE, YEARS, RATE, CALL)
    seen = black76_greeks(*POINTS).vega > 1e-3
    np.testing.assert_allclose(
        implied_vol(price, FORWARD, STRIKE, YEARS, RATE, CALL, guess)[seen], alone[seen], rtol=1e-7
    )


def test_implied_volatility_finds_tiny_wings_and_wild_markets() -> None:
    strikes = np.array([3_000.0, 4_000.0, 5_000.0, 5_999.0, 6_000.0, 9_000.0])
    sigma = np.array([0.60, 0.30, 0.25, 0.02, 5.0, 9.9])
    price = black76_price(6_000.0, strikes, 30 / 365, 0.04, sigma, False)
    np.testing.assert_allclose(implied_vol(price, 6_000.0, strikes, 30 / 365, 0.04, False), sigma, rtol=1e-7)


def test_implied_volatility_agrees_with_vollib() -> None:
    pytest.importorskip("vollib")
    from vollib.black.implied_volatility import implied_volatility

    price = black76_price(6_000.0, 5_700.0, 45 / 365, 0.04, 0.19, False)
    expected = implied_volatility(float(price), 6_000.0, 5_700.0, 0.04, 45 / 365, "p")
    assert implied_vol(float(price), 6_000.0, 5_700.0, 45 / 365, 0.04, False) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("price", "strike", "years", "is_call"),
    [
        (0.0, 100.0, 1.0, True),  # worthless
        (-1.0, 100.0, 1.0, True),
        (10.0, 90.0, 1.0, True),  # exactly intrinsic
        (9.0, 90.0, 1.0, True),  # below intrinsic
        (100.0, 100.0, 1.0, True),  # as dear as the forward
        (120.0, 110.0, 1.0, False),  # dearer than the strike
        (5.0, 100.0, 0.0, True),  # no time left
        (5.0, 100.0, -1.0, True),
        (5.0, 0.0, 1.0, True),
        (math.nan, 100.0, 1.0, True),
        (math.inf, 100.0, 1.0, True),
    ],
)
def test_a_price_without_a_volatility_gives_none(price: float, strike: float, years: float, is_call: bool) -> None:
    assert math.isnan(implied_vol(price, 100.0, strike, years, 0.0, is_call))


def test_one_bad_quote_leaves_its_neighbours_alone() -> None:
    got = implied_vol([math.nan, 7.9655674554], 100.0, 100.0, 1.0, 0.0, True)
    assert math.isnan(got[0])
    assert got[1] == pytest.approx(0.2, rel=1e-8)


@pytest.mark.parametrize(("sigma", "years"), [(0.0, 1.0), (0.2, 0.0)])
def test_without_volatility_or_time_only_the_intrinsic_value_is_left(sigma: float, years: float) -> None:
    strikes = [90.0, 100.0, 110.0]
    np.testing.assert_allclose(black76_price(100.0, strikes, years, 0.0, sigma, True), [10.0, 0.0, 0.0])
    np.testing.assert_allclose(black76_price(100.0, strikes, years, 0.0, sigma, False), [0.0, 0.0, 10.0])
    greeks = black76_greeks(100.0, strikes, years, 0.0, sigma, True)
    np.testing.assert_allclose(greeks.delta, [1.0, 0.5, 0.0])
    assert not greeks.gamma.any() and not greeks.vega.any() and not greeks.theta.any()


def test_the_value_inside_decays_at_the_rate_when_nothing_else_is_left() -> None:
    theta = black76_greeks(100.0, 90.0, 1.0, 0.05, 0.0, True).theta
    assert theta == pytest.approx(0.05 * 10.0 * math.exp(-0.05) / 365)


@given(anything, anything, anything, anything, anything, anything, st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_number_makes_pricing_raise(
    price: float, forward: float, strike: float, years: float, rate: float, sigma: float, is_call: bool
) -> None:
    with np.errstate(all="raise"):
        black76_price(forward, strike, years, rate, sigma, is_call)
        black76_greeks(forward, strike, years, rate, sigma, is_call)
        iv = implied_vol(price, forward, strike, years, rate, is_call)
    assert np.isnan(iv) or 0.0 < iv <= 10.0


@given(st.floats(-0.5, 0.5), st.floats(0.003, 2.0), st.floats(0.03, 3.0), st.booleans())
@settings(max_examples=300, deadline=None)
def test_price_and_volatility_are_inverse_wherever_the_price_says_anything(
    moneyness: float, years: float, sigma: float, is_call: bool
) -> None:
    strike = 6_000.0 * math.exp(moneyness)
    price = black76_price(6_000.0, strike, years, 0.03, sigma, is_call)
    vega = float(black76_greeks(6_000.0, strike, years, 0.03, sigma, is_call).vega)
    iv = implied_vol(price, 6_000.0, strike, years, 0.03, is_call)
    if vega > 1e-4:
        assert iv == pytest.approx(sigma, abs=1e-7)


def test_years_count_to_the_settlement_instant_and_never_below_an_hour() -> None:
    at = datetime(2018, 2, 5, 21, 0, tzinfo=UTC)
    assert years_until(at + timedelta(days=73), at) == pytest.approx(0.2)
    assert years_until(at + timedelta(minutes=61), at) == pytest.approx(61 / (60 * 24 * 365))
    assert years_until(at + timedelta(minutes=59), at) == MIN_YEARS
    assert years_until(at - timedelta(days=1), at) == MIN_YEARS


def test_a_search_that_runs_out_of_steps_gives_what_it_has_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    price = black76_price(100.0, 110.0, 0.25, 0.02, 0.30, True)
    monkeypatch.setattr("strategies.pricing._SOLVER_STEPS", 2)
    assert float(implied_vol(price, 100.0, 110.0, 0.25, 0.02, True)) == pytest.approx(0.30, rel=0.05)
