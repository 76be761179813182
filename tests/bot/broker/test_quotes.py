from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.broker.quotes import Line, clean_model, clean_price

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DBL_MAX = 1.7976931348623157e308


def raw_greeks(**changes):
    values = {"impliedVol": 0.2, "delta": -0.2, "gamma": 0.01, "vega": 2.5, "theta": -0.4, "undPrice": 5000.0}
    return SimpleNamespace(**{**values, **changes})


@pytest.mark.parametrize("sentinel", [float("nan"), -1.0, 0.0, DBL_MAX, None, "", float("inf")])
def test_what_ib_sends_in_place_of_a_price_is_missing(sentinel):
    assert clean_price(sentinel) is None


def test_a_count_may_be_zero_and_a_price_may_not():
    assert clean_price(0.0, zero_is_value=True) == 0.0
    assert clean_price(-1.0, zero_is_value=True) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"vega": -2.0},
        {"theta": -2.0},
        {"impliedVol": None},
        {"impliedVol": DBL_MAX},
        {"impliedVol": -1.0},
        {"delta": -2.0},
        {"gamma": None},
        {"vega": float("nan")},
    ],
)
def test_one_sentinel_makes_the_greeks_missing(changes):
    assert clean_model(raw_greeks(**changes)) is None


def test_a_missing_underlying_price_alone_does_not():
    line = Line(con_id=1)
    ticker = SimpleNamespace(bidSize=2.0, askSize=2.0, marketDataType=1, halted=0.0)
    line.refresh(SimpleNamespace(**vars(ticker), modelGreeks=raw_greeks(undPrice=None)), NOW - timedelta(seconds=5))
    greeks = line.greeks(NOW)
    assert greeks is not None
    assert (greeks.underlying, greeks.age_s, greeks.vega) == (None, 5.0, 2.5)


def test_the_age_is_that_of_the_older_side():
    line = Line(con_id=1)
    line.tick(1, 15.0, 3.0, NOW)
    line.tick(2, 15.1, 4.0, NOW + timedelta(seconds=20))
    quote = line.quote(NOW + timedelta(seconds=30))
    assert (quote.bid, quote.ask, quote.age_s) == (15.0, 15.1, 30.0)


def test_a_repeated_tick_renews_the_age_and_not_the_time_of_change():
    line = Line(con_id=1)
    for seconds in (0, 50):
        line.tick(4, 20.0, 0.0, NOW + timedelta(seconds=seconds))
    now = NOW + timedelta(seconds=60)
    assert line.quote(now).age_s == 10.0
    assert line.unchanged_s(now) == 60.0


def test_a_quote_asked_for_twice_in_one_instant_is_the_same_until_anything_ticks():
    line = Line(con_id=1)
    line.tick(1, 15.0, 3.0, NOW)
    line.tick(2, 15.1, 4.0, NOW)
    shown = line.quote(NOW)
    assert line.quote(NOW) is shown
    line.size_tick(0, 9.0, NOW)
    assert line.quote(NOW).bid_size == 9.0
    line.tick(4, 15.05, 1.0, NOW)
    assert line.quote(NOW).last == 15.05
    ticker = SimpleNamespace(bidSize=2.0, askSize=2.0, marketDataType=3, halted=1.0, modelGreeks=None)
    line.refresh(ticker, NOW)
    assert (line.quote(NOW).bid_size, line.quote(NOW).delayed, line.quote(NOW).halted) == (2.0, True, True)
    line.forget_delay()
    assert not line.quote(NOW).delayed
    assert line.quote(NOW + timedelta(seconds=7)).age_s == 7.0


def test_a_side_that_goes_away_is_missing_and_not_its_last_price():
    line = Line(con_id=1)
    line.tick(1, 15.0, 3.0, NOW)
    line.tick(1, -1.0, 0.0, NOW)
    assert line.quote(NOW).bid is None


def test_delayed_tick_types_mark_the_quote():
    line = Line(con_id=1)
    line.tick(66, 15.0, 3.0, NOW)
    assert line.quote(NOW).delayed
    line.tick(1, 15.0, 3.0, NOW)
    assert not line.quote(NOW).delayed


def test_no_tick_is_an_empty_quote_without_age():
    quote = Line(con_id=1).quote(NOW)
    assert (quote.bid, quote.ask, quote.last, quote.age_s, quote.mid) == (None, None, None, None, None)


def test_a_size_that_comes_alone_confirms_the_price_of_its_side_only():
    line = Line(con_id=1)
    line.tick(1, 15.0, 10, NOW)
    line.tick(2, 15.1, 10, NOW)
    later = NOW + timedelta(seconds=40)
    line.size_tick(0, 7, later)
    assert line.ticked_at == {"bid": later, "bid_size": NOW, "ask": NOW, "ask_size": NOW}
    assert (line.values["bid"], line.values["bid_size"]) == (15.0, 7.0)
    assert line.quote(later).age_s == 40.0


def test_a_size_without_a_price_brings_no_price():
    line = Line(con_id=1)
    line.size_tick(0, 7, NOW)
    assert line.values == {}


@pytest.mark.parametrize(("back_s", "age_s"), [(1.0, 0.0), (2.0, 0.0), (3.0, None), (600.0, None)])
def test_a_clock_that_was_set_back_makes_no_old_quote_young(back_s, age_s):
    line = Line(con_id=1)
    line.put("bid", 20.0, NOW)
    line.put("ask", 20.1, NOW)
    line.model, line.model_at = clean_model(raw_greeks()), NOW
    earlier = NOW - timedelta(seconds=back_s)
    assert line.quote(earlier).age_s == age_s
    greeks = line.greeks(earlier)
    assert (greeks is None) is (age_s is None)
