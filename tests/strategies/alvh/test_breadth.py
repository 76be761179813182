from __future__ import annotations

import math
from dataclasses import replace

import pytest
from builders import BAR, at, bars, breadth_bars, session, spike_view

from strategies.alvh.breadth import (
    BreadthReading,
    breadth_fault,
    breadth_level,
    breadth_readings,
    divergent,
    edr_pct,
    spx_return_pct,
)
from strategies.alvh.policy import Policy
from strategies.alvh.records import Breadth, BreadthBar, IndexQuote, MarketView
from strategies.alvh.signals import breadth_stress

POLICY = Policy()
QUIET = Breadth(advancers=1500.0, decliners=1500.0, age_s=5.0, unchanged_s=5.0)


def test_advancers_are_the_bid_and_decliners_the_ask_of_the_index() -> None:
    assert breadth_level(BreadthBar(end=at(5), advancers=1259.0, decliners=1264.0)) == pytest.approx(-0.002, abs=5e-4)


def test_expected_daily_range_is_half_implied_and_half_realised() -> None:
    view = replace(spike_view(), vix9d=IndexQuote(symbol="VIX9D", last=16.0, age_s=1.0), hv20_pct=12.0)
    assert edr_pct(view, POLICY) == pytest.approx(14.0 / math.sqrt(252))


@pytest.mark.parametrize("hv20", [None, math.nan, -30.0])
def test_expected_range_is_missing_without_its_parts(hv20: float | None) -> None:
    assert edr_pct(replace(spike_view(), hv20_pct=hv20), POLICY) is None


def test_spx_return_is_missing_without_a_previous_close() -> None:
    assert spx_return_pct(replace(spike_view(), spx=IndexQuote(symbol="SPX", last=2700.0, prev_close=0.0))) is None


@pytest.mark.parametrize(
    ("advancers", "decliners"), [(-1.0, 2000.0), (2000.0, -1.0), (700.0, 700.0), (2000.0, 1600.0), (math.nan, 2000.0)]
)
def test_counts_that_cannot_be_the_nyses_are_missing(advancers: float, decliners: float) -> None:
    assert breadth_level(BreadthBar(end=at(5), advancers=advancers, decliners=decliners)) is None


def test_breakdown_is_breadth_and_index_falling_together() -> None:
    signal = breadth_stress(spike_view(), POLICY)
    assert signal.confirmed
    assert signal.value == pytest.approx(-0.70)
    assert "breakdown" in signal.reason


def divergence_view(levels: list[float]) -> MarketView:
    flat = [2762.0] * 7
    return spike_view(35, spx=2762.0, spx_bars=bars(flat, at(35)), breadth_bars=breadth_bars(levels, at(35)))


def test_weak_breadth_under_a_calm_index_is_divergence_on_two_bars() -> None:
    view = divergence_view([-0.3, -0.3, -0.3, -0.3, -0.3, -0.5, -0.5])
    signal = breadth_stress(view, POLICY)
    assert signal.confirmed
    assert signal.value == pytest.approx(-0.5 / 0.35)
    assert "divergence" in signal.reason


def test_one_weak_bar_is_not_divergence() -> None:
    assert not breadth_stress(divergence_view([-0.4] * 6 + [-0.5]), POLICY).confirmed


def test_half_an_hour_of_sliding_breadth_under_a_calm_index_is_divergence() -> None:
    assert breadth_stress(divergence_view([0.2, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05]), POLICY).confirmed
    assert not breadth_stress(divergence_view([0.2, 0.2, 0.2, 0.15, 0.1, 0.1, 0.06]), POLICY).confirmed


def test_a_gap_between_bars_ends_the_look_back() -> None:
    view = spike_view(30)
    holed = tuple(bar for bar in view.breadth_bars if bar.end != at(25))
    assert len(breadth_readings(replace(view, breadth_bars=holed), POLICY)) == 1
    assert len(breadth_readings(view, POLICY)) == 6  # the seventh bar ended at the open: it is not of this session


def test_bars_of_the_night_or_the_future_do_not_count() -> None:
    view = spike_view(30)
    future = breadth_bars([-0.9], at(35))
    assert breadth_readings(replace(view, breadth_bars=view.breadth_bars + future), POLICY) == breadth_readings(
        view, POLICY
    )
    assert breadth_readings(replace(view, session=session(at(30), opens_at=at(30))), POLICY) == ()


def test_stale_bars_are_missing() -> None:
    view = spike_view(30)
    assert breadth_readings(replace(view, now=at(30) + 2 * BAR), POLICY) == ()


def test_a_bar_without_its_spx_bar_or_with_wrong_counts_is_missing() -> None:
    view = spike_view(30)
    assert breadth_readings(replace(view, spx_bars=()), POLICY) == ()
    wrong = breadth_bars([-0.7], at(30), issues=9000.0)
    assert breadth_readings(replace(view, breadth_bars=wrong), POLICY) == ()


def test_missing_deviation_falls_back_to_the_setting() -> None:
    with_default = breadth_readings(replace(spike_view(), breadth_stdev=None), POLICY)
    assert with_default == breadth_readings(replace(spike_view(), breadth_stdev=0.35), POLICY)


@pytest.mark.parametrize(
    "breadth",
    [
        Breadth(advancers=450.0, decliners=2550.0, age_s=121.0, unchanged_s=5.0),
        Breadth(advancers=450.0, decliners=2550.0, age_s=None, unchanged_s=5.0),
        Breadth(advancers=450.0, decliners=2550.0, age_s=5.0, unchanged_s=121.0),
        Breadth(advancers=450.0, decliners=2550.0, age_s=5.0, unchanged_s=None),
    ],
)
def test_a_count_that_is_old_or_does_not_move_confirms_nothing(breadth: Breadth) -> None:
    signal = breadth_stress(replace(spike_view(), breadth=breadth), POLICY)
    assert not signal.ok
    assert not signal.confirmed


def test_the_first_minutes_are_not_judged() -> None:
    assert not breadth_stress(spike_view(4), POLICY).ok


def test_no_bars_and_no_expected_range_confirm_nothing() -> None:
    assert not breadth_stress(replace(spike_view(), breadth_bars=()), POLICY).ok
    assert not breadth_stress(replace(spike_view(), hv20_pct=None), POLICY).ok


def test_ordinary_breadth_is_not_stress() -> None:
    view = spike_view(30, spx=2760.0, breadth=QUIET, breadth_bars=breadth_bars([0.0] * 7, at(30)))
    signal = breadth_stress(replace(view, spx_bars=bars([2760.0] * 7, at(30))), POLICY)
    assert signal.ok
    assert not signal.confirmed


def test_nothing_diverges_without_readings() -> None:
    assert not divergent((), POLICY)


@pytest.mark.parametrize(("up", "down", "level"), [(2000.0, 0.0, 1.0), (0.0, 1500.0, -1.0), (1750.0, 1750.0, 0.0)])
def test_every_issue_may_fall_and_the_limits_of_the_count_still_count(up: float, down: float, level: float) -> None:
    assert breadth_level(BreadthBar(end=at(5), advancers=up, decliners=down)) == level


def test_breadth_is_judged_from_the_fifth_minute_on() -> None:
    assert breadth_fault(spike_view(5), POLICY) == ""
    assert breadth_fault(replace(spike_view(5), now=at(4.99)), POLICY) != ""


def test_a_deviation_beyond_four_sigma_counts_as_four() -> None:
    flat = spike_view(
        30, spx=2762.0, spx_bars=bars([2762.0] * 7, at(30)), breadth_bars=breadth_bars([-0.9] * 6, at(30))
    )
    assert {reading.gap for reading in breadth_readings(replace(flat, breadth_stdev=0.1), POLICY)} == {-4.0}


def test_an_index_that_fell_a_tenth_of_a_percent_in_half_an_hour_is_still_calm() -> None:
    def slid(fallen: float) -> tuple[BreadthReading, ...]:
        first, last = ((0.0, 0.0), (fallen, -0.15))
        return tuple(BreadthReading(level=b, spx_pct=spx, gap=0.0) for spx, b in (*[first] * 6, last))

    assert divergent(slid(-0.10), POLICY)
    assert not divergent(slid(-0.11), POLICY)
