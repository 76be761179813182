import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh.hedgeable import SPX_VIX_CORRELATION, TERM_R2, VEGA_RESPONSE, hedgeable_share
from strategies.alvh.policy import Policy, SizingPolicy
from strategies.alvh.records import ExpiryExposure, IndexQuote, MarketView
from tests.strategies.alvh.condor_market import view_of

POLICY = Policy()
SPOT, DAILY_PCT = 2700.0, 1.0
SPX_POINTS = SPOT * DAILY_PCT / 100
VIX_POINTS = 0.82 * DAILY_PCT / 0.5  # 1.64 points of VIX on a day of 1%
WHEN = datetime(2018, 3, 16, 21, 0, tzinfo=UTC)


def view(spot: float | None = SPOT, daily_pct: float = DAILY_PCT) -> MarketView:
    yearly = daily_pct * math.sqrt(252.0)
    return replace(view_of(spot=spot), vix9d=IndexQuote(symbol="VIX9D", last=yearly, age_s=1.0), hv20_pct=yearly)


def expiry(vega30: float | None = 0.0, delta: float | None = 0.0, gamma: float | None = 0.0) -> ExpiryExposure:
    return ExpiryExposure(
        settles_at=WHEN, legs=4, vega_usd=vega30, vega30_usd=vega30, delta_usd=delta, gamma_usd=gamma, theta_usd=0.0
    )


def test_short_vega_alone_is_hedgeable_but_for_what_an_expiry_does_by_itself() -> None:
    found = hedgeable_share((expiry(vega30=-1000.0),), view(), POLICY)
    assert found is not None
    with_vix, alone = 0.4**2, 0.08 / 0.92  # variances in units of (V30 * VIX_POINTS) squared
    assert found.share == found.vega_part == pytest.approx(with_vix / (with_vix + alone))
    assert (found.delta_part, found.rest_part) == (0.0, pytest.approx(alone / (with_vix + alone)))
    assert found.deviation_usd == pytest.approx(1000.0 * VIX_POINTS * math.sqrt(with_vix + alone))


def test_delta_alone_is_hedgeable_as_far_as_spx_and_vix_move_together() -> None:
    long_spx = hedgeable_share((expiry(delta=500.0),), view(), POLICY)
    assert long_spx is not None
    assert long_spx.share == pytest.approx(SPX_VIX_CORRELATION**2)
    assert long_spx.delta_part == pytest.approx(1.0)
    assert long_spx.deviation_usd == pytest.approx(500.0 * SPX_POINTS)


def test_a_book_that_gains_with_vix_leaves_a_long_hedge_nothing() -> None:
    for book in (expiry(vega30=1000.0), expiry(delta=-500.0)):
        found = hedgeable_share((book,), view(), POLICY)
        assert found is not None
        assert found.share == 0.0


def test_gamma_is_beyond_any_linear_hedge() -> None:
    found = hedgeable_share((expiry(gamma=-40.0),), view(), POLICY)
    assert found is not None
    assert (found.share, found.rest_part) == (0.0, 1.0)
    assert found.deviation_usd == pytest.approx(40.0 * SPX_POINTS**2 / math.sqrt(2.0))


def test_offsetting_vega_and_delta_leave_little_of_either() -> None:
    short_delta = -0.4 * 1000.0 * VIX_POINTS / SPX_POINTS * 0.9  # gains when SPX falls, as VIX takes away
    found = hedgeable_share((expiry(vega30=-1000.0, delta=short_delta),), view(), POLICY)
    assert found is not None
    assert found.share < 0.2
    assert found.vega_part + found.delta_part + found.rest_part == pytest.approx(1.0)


def test_the_split_agrees_with_a_simulation_of_the_model() -> None:
    books = (expiry(-900.0, 300.0, -6.0), expiry(-400.0, -150.0, -2.0))
    found = hedgeable_share(books, view(), POLICY)
    assert found is not None
    rng = np.random.default_rng(7)
    days = 400_000
    spx = rng.standard_normal(days)
    vix = SPX_VIX_CORRELATION * spx + math.sqrt(1 - SPX_VIX_CORRELATION**2) * rng.standard_normal(days)
    noise = math.sqrt((1 - TERM_R2) / TERM_R2)
    vega = VEGA_RESPONSE * sum((book.vega30_usd or 0.0) * VIX_POINTS for book in books) * vix
    delta = sum((book.delta_usd or 0.0) * SPX_POINTS for book in books) * spx
    rest = 0.5 * sum((book.gamma_usd or 0.0) for book in books) * (SPX_POINTS * spx) ** 2
    for book in books:
        rest = rest + (book.vega30_usd or 0.0) * VIX_POINTS * noise * rng.standard_normal(days)
    profit = vega + delta + rest
    assert found.deviation_usd == pytest.approx(profit.std(), rel=0.01)
    assert found.share == pytest.approx(np.corrcoef(profit, vix)[0, 1] ** 2, abs=0.01)
    for part, mine in ((vega, found.vega_part), (delta, found.delta_part), (rest, found.rest_part)):
        assert mine == pytest.approx(np.cov(part, profit)[0, 1] / profit.var(), abs=0.01)


def test_the_preferred_range_multiplier_is_no_part_of_the_deviation() -> None:
    wide = replace(POLICY, signals=replace(POLICY.signals, edr_multiplier=2.0))
    book = (expiry(-900.0, 300.0, -6.0),)
    assert hedgeable_share(book, view(), wide) == hedgeable_share(book, view(), POLICY)


def test_a_spot_next_to_nothing_raises_nothing() -> None:
    found = hedgeable_share((expiry(-1000.0),), view(5e-324), POLICY)
    assert found is not None
    assert found.delta_part == 0.0


@pytest.mark.parametrize("greeks", [(1e300, 0.0, 0.0), (0.0, 1e300, 0.0), (0.0, 0.0, 1e160)])
def test_greeks_beyond_all_measure_have_no_share(greeks: tuple[float, float, float]) -> None:
    assert hedgeable_share((expiry(*greeks),), view(), POLICY) is None


@pytest.mark.parametrize("spot", [None, math.nan, math.inf, 0.0, -5.0])
def test_without_a_spot_nothing_is_said(spot: float | None) -> None:
    assert hedgeable_share((expiry(-1000.0),), view(spot), POLICY) is None


def test_what_is_unknown_or_nothing_at_all_has_no_share() -> None:
    assert hedgeable_share((), view(), POLICY) is None
    assert hedgeable_share((expiry(-1000.0), expiry(None)), view(), POLICY) is None
    assert hedgeable_share((expiry(-1000.0, None),), view(), POLICY) is None
    assert hedgeable_share((expiry(-1000.0),), replace(view(), hv20_pct=None), POLICY) is None
    still = Policy(sizing=SizingPolicy(scenario_spx_pct_per_vix=0.0))
    assert hedgeable_share((expiry(-1000.0),), view(), still) is None


number = st.one_of(st.none(), st.floats(), st.floats(-1e5, 1e5))


@given(st.lists(st.builds(expiry, number, number, number), max_size=4), number, number)
def test_no_input_raises_and_every_split_adds_up(
    books: list[ExpiryExposure], spot: float | None, daily: float | None
) -> None:
    seen = replace(view(spot), vix9d=IndexQuote(symbol="VIX9D", last=daily, age_s=1.0))
    found = hedgeable_share(books, seen, POLICY)
    if found is not None:
        assert 0.0 <= found.share <= 1.0 + 1e-9
        assert 0.0 <= found.rest_part <= 1.0 + 1e-9
        parts = (found.vega_part, found.delta_part, found.rest_part)
        assert math.fsum(parts) == pytest.approx(1.0, abs=1e-9 * max(1.0, *map(abs, parts)))
