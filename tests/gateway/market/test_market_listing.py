"""Contracts, expiries and hours are those of the exchanges at the time, written as IB writes them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.market import SimulatedMarket
from bot.gateway.market.chain import expiries
from bot.gateway.market.listing import (
    OptionClass,
    future_id,
    future_of,
    option_expiry,
    option_id,
    option_of,
    vx_settlement_day,
)
from bot.gateway.market.sessions import Hours, Timetable
from bot.gateway.records import ContractPattern

NEW_YORK = ZoneInfo("America/New_York")
Markets = Callable[[str], SimulatedMarket]
YEARS = Timetable(date(2007, 12, 1), date(2026, 12, 31))


def test_the_settlement_rule_gives_every_published_day(shared: Callable[[str], Path]) -> None:
    with shared("calendars/vx_monthly_expiries_2008_2021.csv").open(newline="") as stream:
        days = [date.fromisoformat(row["expiry"]) for row in csv.DictReader(stream)]
    assert len(days) > 150
    assert [vx_settlement_day(day.year, day.month, YEARS) for day in days] == days


@pytest.mark.parametrize(
    "day",
    [(2014, 3, 18), (2019, 3, 19), (2022, 3, 15), (2024, 6, 18), (2025, 3, 18), (2021, 1, 20), (2021, 12, 22)],
)
def test_the_known_exceptions_of_the_settlement_rule(day: tuple[int, int, int]) -> None:
    assert vx_settlement_day(day[0], day[1], YEARS) == date(*day)


def test_every_listed_future_settles_on_the_day_of_the_rule(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    listed = market.find(ContractPattern(symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX"))
    assert len(listed) == 8
    for item in listed:
        day = date(int(item.expiry[:4]), int(item.expiry[4:6]), int(item.expiry[6:]))
        assert vx_settlement_day(day.year, day.month, YEARS) == day
        assert (item.trading_class, item.multiplier, item.min_tick) == ("VX", "1000", 0.05)
    minis = market.find(ContractPattern(symbol="VXM", sec_type="FUT"))
    assert [item.expiry for item in minis] == [item.expiry for item in listed[:4]]
    assert {(item.trading_class, item.multiplier, item.min_tick) for item in minis} == {("VXM", "100", 0.01)}


def test_the_local_symbol_of_june_looks_like_a_mini_and_is_none(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    (june,) = market.find(ContractPattern(local_symbol="VXM8", sec_type="FUT"))
    assert (june.symbol, june.multiplier, june.contract_month) == ("VIX", "1000", "201806")
    assert market.find(ContractPattern(symbol="VX", sec_type="FUT")) == ()


@given(
    option_class=st.sampled_from(list(OptionClass)),
    day=st.sampled_from(YEARS.days[900:]),
    steps=st.integers(1, 4095),
    right=st.sampled_from("CP"),
)
def test_a_con_id_tells_what_the_option_is(option_class: OptionClass, day: date, steps: int, right: str) -> None:
    strike = steps * option_class.strike_step
    con_id = option_id(option_expiry(option_class, day, YEARS), strike, right)
    assert 0 < con_id < 2**31
    assert option_of(con_id) == (option_class, day, strike, right)
    assert future_of(con_id) is None


@given(con_id=st.integers(-(2**31), 2**31 - 1))
def test_no_number_breaks_the_reading_of_con_ids(con_id: int) -> None:
    future, option = future_of(con_id), option_of(con_id)
    assert future is None or option is None
    if future is not None:
        assert future_id(future[0], mini=future[1]) == con_id


def test_every_contract_found_is_found_again_by_its_con_id(market_of: Markets) -> None:
    market = market_of("half-day")
    pattern = ContractPattern(symbol="SPX", sec_type="OPT", expiry="201912", right="P")
    found = market.find(pattern)
    assert len(found) > 500
    assert len({item.con_id for item in found}) == len(found)
    assert all(market.contract(item.con_id) == item for item in found)


def test_monthlies_stop_on_the_thursday_and_weeklies_on_their_day(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    by_class = {item.trading_class: item for item in market.chains(416904) if item.exchange == "SMART"}
    assert "20180215" in by_class["SPX"].expiries
    assert "20180216" in by_class["SPXW"].expiries
    (monthly,) = market.find(
        ContractPattern(symbol="SPX", sec_type="OPT", trading_class="SPX", expiry="20180215", strike=2700.0, right="P")
    )
    assert monthly.settles_at == datetime(2018, 2, 16, 14, 30, tzinfo=UTC)
    vix = next(item for item in market.chains(13455763) if item.exchange == "SMART")
    assert vix.expiries[0] == "20180213"


def test_weekly_expiries_follow_their_era() -> None:
    old = expiries(OptionClass.SPXW, datetime(2018, 2, 2, 20, tzinfo=UTC), YEARS, ())
    new = expiries(OptionClass.SPXW, datetime(2024, 8, 2, 19, tzinfo=UTC), YEARS, ())
    week = {date(2018, 2, 6), date(2018, 2, 8)}
    assert not week & {item.settles_on for item in old}
    assert {date(2024, 8, 6), date(2024, 8, 8)} <= {item.settles_on for item in new}
    assert date(2018, 2, 20) in {item.settles_on for item in old}  # the Monday is Presidents' Day


@pytest.mark.parametrize(
    ("day", "hours", "closes"),
    [
        (date(2018, 2, 5), Hours.VX, "16:15"),
        (date(2020, 10, 23), Hours.VX, "16:15"),
        (date(2020, 10, 26), Hours.VX, "16:00"),
        (date(2020, 10, 26), Hours.OPTION, "16:15"),
        (date(2019, 11, 29), Hours.CASH, "13:00"),
        (date(2019, 11, 29), Hours.OPTION, "13:15"),
        (date(2019, 11, 29), Hours.VX, "13:15"),
        (date(2019, 11, 27), Hours.CASH, "16:00"),
    ],
)
def test_regular_hours_end_when_they_did(day: date, hours: Hours, closes: str) -> None:
    assert YEARS.close(hours, day).astimezone(NEW_YORK).strftime("%H:%M") == closes


def test_the_clock_change_moves_sessions_in_utc_and_not_in_new_york() -> None:
    before, after = (YEARS.spans(Hours.CASH, day)[0] for day in (date(2020, 3, 6), date(2020, 3, 9)))
    assert (before.opens.hour, after.opens.hour) == (14, 13)
    assert {item.opens.astimezone(NEW_YORK).strftime("%H:%M") for item in (before, after)} == {"09:30"}


def test_hours_are_written_as_ib_writes_them(market_of: Markets) -> None:
    market = market_of("half-day")
    future = market.find(ContractPattern(symbol="VIX", sec_type="FUT"))[0].con_id
    assert market.zone(future) == "US/Central"
    trading, liquid = market.hours(future, date(2019, 11, 28), 3)
    assert liquid == "20191128:CLOSED;20191129:0830-20191129:1215;20191130:CLOSED"
    assert trading == "20191128:CLOSED;20191128:1700-20191129:1215;20191130:CLOSED"
    assert market.zone(26718735) == "US/Eastern"
    assert market.hours(26718735, date(2019, 11, 29), 1) == ("20191129:0930-20191129:1300",) * 2


@pytest.mark.parametrize(
    ("at", "open_", "regular"),
    [
        ("2018-02-03 12:00", False, False),
        ("2018-02-04 18:00", True, False),
        ("2018-02-05 09:29", True, False),
        ("2018-02-05 09:30", True, True),
        ("2018-02-05 16:14", True, True),
        ("2018-02-05 16:15", False, False),
        ("2018-02-05 16:30", True, False),
        ("2018-02-05 17:00", False, False),
        ("2018-02-05 18:00", True, False),
    ],
)
def test_vx_trades_in_its_hours_of_2018(at: str, open_: bool, regular: bool, market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    future = market.find(ContractPattern(symbol="VIX", sec_type="FUT"))[0].con_id
    market.advance(datetime.fromisoformat(at).replace(tzinfo=NEW_YORK))
    assert (market.is_open(future, rth=False), market.is_open(future, rth=True)) == (open_, regular)
    assert (market.quote(future).bid is not None) == open_


def test_breadth_shows_advancers_as_bid_and_has_no_last(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    market.advance(datetime(2018, 2, 5, 15, 30, tzinfo=NEW_YORK))
    quote = market.quote(26718735)
    assert quote.last is None
    assert quote.close is not None
    assert 2700 < quote.bid + quote.ask < 3100
    assert quote.bid_size + quote.bid + quote.ask == 3000
    assert (quote.bid - quote.ask) / (quote.bid + quote.ask) < -0.4
    start = datetime(2018, 2, 5, 9, 30, tzinfo=NEW_YORK)
    assert market.bars(26718735, "TRADES", start, market.now, 300, rth=True) == ()
    bids = market.bars(26718735, "BID", start, market.now, 300, rth=True)
    assert len(bids) == 72


def test_market_rules_carry_the_ticks(market_of: Markets) -> None:
    market = market_of("calm")
    vx, mini = (market.find(ContractPattern(symbol=name, sec_type="FUT"))[0] for name in ("VIX", "VXM"))
    assert market.market_rule(vx.market_rule_id) == ((0.0, 0.05),)
    assert market.market_rule(mini.market_rule_id) == ((0.0, 0.01),)
    leg = market.contract(market.opening_account().positions[0].con_id)
    assert market.market_rule(leg.market_rule_id) == ((0.0, 0.05), (3.0, 0.10))
    assert market.market_rule(999) is None


def test_the_days_of_a_timetable_do_not_depend_on_the_calendar_that_they_are_read_from() -> None:
    shared = Timetable(date(2000, 1, 3), date(2000, 12, 29))
    own = Timetable(date(1999, 6, 1), date(2000, 12, 29))
    assert shared.days == tuple(day for day in own.days if day.year == 2000)
    assert shared.close(Hours.CASH, date(2000, 7, 3)) == own.close(Hours.CASH, date(2000, 7, 3))
    assert shared.is_half(date(2000, 7, 3))
