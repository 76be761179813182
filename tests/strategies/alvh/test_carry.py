from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import FAR_SETTLES, SETTLES, VX, VXM, VXM_FAR, book, exposure, future, memory, spike_view, state
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh.carry import (
    box_rate,
    carry_checks,
    credit_rate,
    daily_roll_points,
    differential,
    expected_roll_points,
    financing_usd,
    nights_ahead,
    quoted_box,
    roll_yield,
    term_structure,
)
from strategies.alvh.policy import Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import ChainQuote, MarketView, Quote, Right
from tests.strategies.alvh.condor_market import NOW, RATE, pairs, skew, view_of

POLICY = Policy()


def seen(view: MarketView | None = None) -> Reading:
    return read(view or spike_view(376), book(), state(), POLICY, memory(), exposure())


def tight(*strikes: float, days: float, half: float = 0.05) -> tuple[ChainQuote, ...]:
    """Return pairs of a flat 20% smile whose market is this wide on each side of the value."""
    found = []
    for quote in pairs(strikes, days=days, smile=lambda _: 0.20):
        mid = quote.quote.mid or 0.0
        found.append(replace(quote, quote=Quote(bid=mid - half, ask=mid + half, age_s=1.0)))
    return tuple(found)


def test_a_box_discounts_its_width() -> None:
    # a year's quarter at 4%: 1000 * e^-0.01 = 990.0498
    assert box_rate(990.0498, 1000.0, 0.25) == pytest.approx(0.04, abs=1e-6)


@pytest.mark.parametrize("given_", [(0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0), (math.nan, 1.0, 1.0)])
def test_a_box_of_nothing_tells_no_rate(given_: tuple[float, float, float]) -> None:
    assert box_rate(*given_) is None


def test_a_wide_box_far_out_gives_the_rate_of_the_chain() -> None:
    box = quoted_box(view_of(*tight(2500.0, 3000.0, days=90)), POLICY)
    assert box is not None
    assert (box.rate, box.width) == (pytest.approx(RATE, abs=1e-9), 500.0)
    # four spreads of 0.10 in all, over 500 points and 90 days
    assert box.error == pytest.approx(0.20 / (500.0 * 90 / 365))


def test_narrower_pairs_tell_the_rate_by_the_slope_of_call_less_put() -> None:
    quotes = tight(2600.0, 2700.0, 2800.0, 2900.0, days=120, half=0.01)
    box = quoted_box(view_of(*quotes), POLICY)
    assert box is not None
    assert box.rate == pytest.approx(RATE, abs=1e-9)
    crooked = replace(quotes[2], quote=Quote(bid=quotes[2].quote.bid, ask=(quotes[2].quote.ask or 0) + 0.5, age_s=1.0))
    bent = quoted_box(view_of(*quotes[:2], crooked, *quotes[3:]), POLICY)
    assert bent is not None
    assert bent.rate != pytest.approx(RATE, abs=1e-4)


def test_the_expiry_with_the_tightest_rate_speaks() -> None:
    view = view_of(*tight(2500.0, 3000.0, days=70), *tight(2500.0, 3000.0, days=140))
    box = quoted_box(view, POLICY)
    assert box is not None
    assert box.years == pytest.approx(140 / 365)


def test_spreads_that_hide_the_rate_make_it_unknown() -> None:
    assert quoted_box(view_of(*tight(2500.0, 3000.0, days=90, half=2.0)), POLICY) is None
    assert quoted_box(view_of(*pairs((2750.0, 2755.0), days=30, smile=skew(0.2))), POLICY) is None
    assert quoted_box(view_of(*tight(2750.0, days=90)), POLICY) is None
    assert quoted_box(view_of(), POLICY) is None


def test_one_strike_in_two_classes_is_no_box() -> None:
    quotes = tight(2750.0, days=90)
    twice = tuple(replace(quote, trading_class="SPX", con_id=quote.con_id + 1) for quote in quotes)
    assert quoted_box(view_of(*quotes, *twice), POLICY) is None


def test_only_living_fresh_pairs_count() -> None:
    quotes = tight(2500.0, 3000.0, days=90)
    calls = tuple(quote for quote in quotes if quote.right is Right.CALL)
    assert quoted_box(view_of(*calls), POLICY) is None
    old = tuple(replace(quote, quote=replace(quote.quote, age_s=61.0)) for quote in quotes)
    assert quoted_box(view_of(*old), POLICY) is None
    settled = tuple(replace(quote, settles_at=NOW - timedelta(days=1)) for quote in quotes)
    assert quoted_box(view_of(*settled), POLICY) is None
    other = tuple(replace(quote, trading_class="VIX") for quote in quotes)
    assert quoted_box(view_of(*other), POLICY) is None


def test_financing_counts_nights_in_a_year_of_360_days() -> None:
    # 15,000 $ at 5% a night: 15,000 * 0.05 / 360 = 2.08
    assert financing_usd(15_000.0, 0.05, 1) == pytest.approx(2.0833, abs=1e-4)
    assert financing_usd(15_000.0, 0.05, 3) == pytest.approx(6.25)
    assert financing_usd(15_000.0, -0.01, 1) == 0.0
    assert financing_usd(15_000.0, 0.05, -1) == 0.0


def test_margin_forgoes_what_the_broker_keeps_while_no_box_is_known() -> None:
    # cash at 1.5%, of which the broker keeps half a percent
    assert credit_rate(seen()) == pytest.approx(0.010)
    assert differential(seen()) == pytest.approx(0.005)
    assert differential(seen(spike_view(376, rate=math.nan))) == 0.0
    assert differential(seen(spike_view(376, rate=-0.01))) == 0.0


def test_the_roll_is_the_basis_over_the_business_days() -> None:
    assert daily_roll_points(22.0, 20.0, 20) == pytest.approx(0.10)
    assert daily_roll_points(18.0, 20.0, 20) == pytest.approx(-0.10)
    assert daily_roll_points(None, 20.0, 20) is None
    assert daily_roll_points(22.0, None, 20) is None
    assert daily_roll_points(22.0, 20.0, 0) is None


def test_the_expected_roll_is_never_an_income() -> None:
    months = (
        future(VXM, 22.0, business_days=20),
        future(VXM_FAR, 24.0, settles_on=FAR_SETTLES, dte=58, business_days=40),
    )
    view = spike_view(376, vix=20.0, futures=months)
    assert expected_roll_points(seen(view)) == pytest.approx(0.10)
    assert expected_roll_points(seen(view), SETTLES) == pytest.approx(0.10)
    assert expected_roll_points(seen(view), FAR_SETTLES) == pytest.approx(0.10)
    assert expected_roll_points(seen(spike_view(376, vx=18.0, vix=20.0))) == 0.05
    assert expected_roll_points(seen(spike_view(376, futures=()))) is None


def test_the_roll_yield_compares_the_first_two_months() -> None:
    # ln(20 / 21) over 28 days: -0.04879 * 365 / 28 = -0.636 a year
    months = (future(VX, 20.0), future(VXM_FAR, 21.0, settles_on=FAR_SETTLES, dte=58))
    assert roll_yield(spike_view(30, futures=months), POLICY) == pytest.approx(-0.6360, abs=1e-4)
    assert roll_yield(spike_view(30, futures=months[:1]), POLICY) is None
    same = (months[0], replace(months[1], dte=30))
    assert roll_yield(spike_view(30, futures=same), POLICY) is None
    dark = (months[0], replace(months[1], quote=Quote()))
    assert roll_yield(spike_view(30, futures=dark), POLICY) is None


def test_carry_is_told_and_refuses_nothing() -> None:
    checks = carry_checks(seen(), 5)
    assert [check.name for check in checks] == [
        "carry: basis",
        "carry: daily roll",
        "carry: roll yield",
        "carry: box rate",
        "carry: financing",
    ]
    assert all(check.passed and check.why for check in checks)
    assert "-1.50 points from VIX" in checks[0].why
    # 5 minis at 18.50: 35% of 9,250 is 3,237.50; half a percent for a night is 4.5 cents
    assert checks[4].observed == pytest.approx(3237.5 * 0.005 / 360)
    dark = carry_checks(seen(spike_view(376, futures=(), rate=math.nan)), 5)
    assert [check.observed for check in dark] == [None] * 5
    assert all(check.passed and check.why for check in dark)


def test_a_chain_that_tells_the_rate_is_named() -> None:
    view = view_of(*tight(2500.0, 3000.0, days=90))
    checks = carry_checks(seen(view), 1)
    assert checks[3].observed == pytest.approx(RATE)
    assert "boxes of 500 points lend at 2.00%" in checks[3].why


def test_a_weekend_is_three_nights() -> None:
    assert nights_ahead(seen(view_of())) == 3  # Friday to Monday
    assert nights_ahead(seen()) == 1


@given(
    strikes=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=2, max_size=5),
    bids=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=10, max_size=10),
)
def test_an_absurd_chain_gives_a_number_or_nothing(strikes: list[float], bids: list[float]) -> None:
    (model,) = pairs((2700.0,), days=90, smile=skew(0.2))[:1]
    chain = tuple(
        replace(model, strike=strike, right=right, quote=Quote(bid=bids[2 * n + k], ask=bids[n], age_s=1.0))
        for n, strike in enumerate(strikes)
        for k, right in enumerate(Right)
    )
    box = quoted_box(view_of(*chain), POLICY)
    assert box is None or (math.isfinite(box.rate) and box.error <= 0.01)


@pytest.mark.parametrize(("far", "told"), [(21.0, "contango"), (19.0, "backwardation"), (20.0, "flat")])
def test_the_state_of_the_term_structure_is_told_with_second_over_first(far: float, told: str) -> None:
    months = (future(VX, 20.0), future(VXM_FAR, far, settles_on=FAR_SETTLES, dte=58))
    check = term_structure(seen(spike_view(376, vix=22.0, futures=months)))
    assert check.observed == pytest.approx(far / 20.0)
    assert check.why == f"{told}: VX 20.00 and 28 days later {far:.2f}; the traded month stands -2.00 from VIX"
    alone = term_structure(seen(spike_view(376, futures=months[:1])))
    assert alone.observed is None and alone.passed and "not known" in alone.why


def test_without_vix_the_term_structure_is_told_without_basis() -> None:
    blind = spike_view(376)
    blind = replace(blind, vix=replace(blind.vix, last=None))
    assert "from VIX" not in term_structure(seen(blind)).why


def bent(days: float) -> float:
    """Return the rate read from three pairs of which the middle one is out of line."""
    chain = tight(2500.0, 2600.0, 3000.0, days=days)
    off = [
        replace(q, quote=replace(q.quote, bid=(q.quote.bid or 0.0) + 0.3, ask=(q.quote.ask or 0.0) + 0.3))
        if q.strike == 2600.0 and q.right is Right.CALL
        else q
        for q in chain
    ]
    box = quoted_box(view_of(*off), POLICY)
    assert box is not None
    return box.rate


def test_from_sixty_days_on_the_outermost_strikes_alone_speak() -> None:
    assert bent(60.0) == pytest.approx(RATE, abs=1e-9)
    assert abs(bent(59.0) - RATE) > 1e-4
