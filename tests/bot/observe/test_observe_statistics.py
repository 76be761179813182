from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.observe.statistics import breadth_stdev, hv20_pct, spread_median
from strategies.alvh.records import Bar, BreadthBar

TODAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 10:00 in New York


@given(st.lists(st.floats(1.0, 10_000.0), min_size=21, max_size=60))
def test_hv20_is_the_annualised_deviation_of_the_last_twenty_log_returns(closes):
    returns = np.log(pd.Series(closes)).diff().dropna()[-20:]
    assert hv20_pct(closes) == pytest.approx(100.0 * returns.std(ddof=1) * np.sqrt(252), rel=1e-9, abs=1e-9)


def test_hv20_needs_twenty_returns_and_positive_prices():
    assert hv20_pct([100.0] * 20) is None
    assert hv20_pct([100.0] * 20 + [0.0]) is None
    assert hv20_pct([]) is None


def breadth(days_ago, adv, dec, minute=0):
    return BreadthBar(end=AT - timedelta(days=days_ago) + timedelta(minutes=minute), advancers=adv, decliners=dec)


def test_breadth_deviation_takes_this_time_of_day_of_the_last_twenty_sessions_before_today():
    levels = np.random.default_rng(7).uniform(-0.8, 0.8, 25)
    bars = [breadth(days, 1000 * (1 + level), 1000 * (1 - level)) for days, level in enumerate(levels, start=1)]
    noise = [breadth(days, 1.0, 0.0, minute=5) for days in range(1, 26)] + [breadth(0, 1.0, 0.0)]
    assert breadth_stdev([*bars, *noise], AT, TODAY) == pytest.approx(np.std(levels[:20], ddof=1))


def test_breadth_deviation_is_missing_with_few_sessions_or_empty_counts():
    assert breadth_stdev([breadth(days, 3.0, 1.0) for days in range(1, 10)], AT, TODAY) is None
    assert breadth_stdev([breadth(days, 0.0, 0.0) for days in range(1, 20)], AT, TODAY) is None


def test_breadth_deviation_follows_new_york_time_across_the_change_of_clocks():
    summer = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
    bars = [breadth(days, 1000 + days, 1000) for days in range(1, 15)]
    assert breadth_stdev(bars, summer, date(2026, 3, 10)) == breadth_stdev(bars, AT, TODAY)


def half_hour(days_ago, close, minute=30):
    end = AT - timedelta(days=days_ago) + timedelta(minutes=minute)
    return Bar(end=end, open=close, high=close, low=close, close=close)


def test_the_usual_spread_is_the_median_of_the_half_hour_that_holds_this_time():
    spreads = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 5.0]
    bids = [half_hour(days, 10.0 - spread / 2) for days, spread in enumerate(spreads, start=1)]
    asks = [half_hour(days, 10.0 + spread / 2) for days, spread in enumerate(spreads, start=1)]
    assert spread_median(bids, asks, AT + timedelta(minutes=29), TODAY) == pytest.approx(0.04)
    assert spread_median(bids, asks, AT + timedelta(minutes=31), TODAY) is None


def test_the_usual_spread_needs_five_sessions_and_both_sides():
    bids = [half_hour(days, 9.0) for days in range(1, 9)]
    asks = [half_hour(days, 11.0) for days in range(1, 5)]
    assert spread_median(bids, asks, AT, TODAY) is None


def test_a_crossed_bar_does_not_count():
    bids, asks = [half_hour(days, 11.0) for days in range(1, 9)], [half_hour(days, 9.0) for days in range(1, 9)]
    assert spread_median(bids, asks, AT, TODAY) is None
