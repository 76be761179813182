"""Weekly VX futures are named and listed as Cboe does, and their modelled paths lie between their neighbours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.market import SimulatedMarket
from bot.gateway.market.listing import vx_settlement_day
from bot.gateway.market.sessions import Timetable
from bot.gateway.market.weeklies import (
    is_monthly,
    listed_weeks,
    settlement_day,
    weekly_contract,
    weekly_id,
    weekly_of,
)
from bot.gateway.records import Contract, ContractPattern

Markets = Callable[[str], SimulatedMarket]
YEARS = Timetable(date(2015, 1, 1), date(2026, 12, 31))
WEDNESDAYS = [date(2015, 7, 29) + timedelta(weeks=count) for count in range(560)]


def names(now: datetime) -> list[str]:
    weeks = listed_weeks(now, YEARS)
    return [weekly_contract(week, settlement_day(week, YEARS)).local_symbol for week in weeks]


def test_the_weeklies_of_july_2016_are_those_on_cboes_page_of_that_time() -> None:
    # cboe.com/micro/vix-weeklys: 31VX/Q6, 32VX/Q6, VIX/Q6 (the monthly), 34VX/Q6, 35VX/Q6, 36VX/U6
    found = names(datetime(2016, 7, 28, 15, tzinfo=UTC))
    assert found == ["VX31Q6", "VX32Q6", "VX34Q6", "VX35Q6", "VX36U6"]


def test_a_holiday_on_the_friday_moves_the_settlement_to_the_tuesday() -> None:
    assert settlement_day(date(2018, 2, 28), YEARS) == date(2018, 2, 27)  # 30 March 2018 was Good Friday
    assert settlement_day(date(2018, 2, 7), YEARS) == date(2018, 2, 7)


def test_there_were_no_weeklies_before_cboe_began_to_list_them() -> None:
    assert names(datetime(2015, 7, 22, 15, tzinfo=UTC)) == []
    assert names(datetime(2015, 7, 23, 15, tzinfo=UTC))


def test_a_weekly_is_gone_once_it_has_settled() -> None:
    assert names(datetime(2016, 8, 3, 13, 29, tzinfo=UTC))[0] == "VX31Q6"
    assert names(datetime(2016, 8, 3, 13, 30, tzinfo=UTC))[0] == "VX32Q6"


@pytest.mark.parametrize("wednesday", WEDNESDAYS)
def test_a_week_is_a_monthlys_or_a_weeklys_and_never_both(wednesday: date) -> None:
    day = settlement_day(wednesday, YEARS)
    assert is_monthly(wednesday) == (day == vx_settlement_day(day.year, day.month, YEARS))
    assert weekly_of(weekly_id(wednesday)) == (None if is_monthly(wednesday) else wednesday)


@given(st.integers(0, 2**31))
def test_a_con_id_is_a_weeklys_only_if_it_names_its_wednesday(con_id: int) -> None:
    week = weekly_of(con_id)
    assert week is None or weekly_id(week) == con_id


def listed(market: SimulatedMarket, **wanted: str) -> list[Contract]:
    return list(market.find(ContractPattern(symbol="VIX", sec_type="FUT", exchange="CFE", **wanted)))


def test_weeklies_are_listed_beside_the_monthlies_in_classes_of_their_own(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    assert len(listed(market, trading_class="VX")) == 8
    weeklies = [item for item in listed(market) if item.trading_class != "VX"]
    assert [item.trading_class for item in weeklies] == ["VX06", "VX08", "VX09", "VX10", "VX11"]
    assert [item.local_symbol for item in weeklies] == ["VX06G8", "VX08G8", "VX09G8", "VX10H8", "VX11H8"]
    assert {(item.multiplier, item.min_tick) for item in weeklies} == {("1000", 0.05)}
    assert [market.contract(item.con_id) for item in weeklies] == weeklies
    assert len(listed(market, expiry="201802")) == 4  # the monthly is not alone in its month


def middle(market: SimulatedMarket, con_id: int) -> float:
    quote = market.quote(con_id)
    assert quote.bid is not None and quote.ask is not None
    return (quote.bid + quote.ask) / 2


def test_a_weekly_is_quoted_between_its_neighbours_with_less_size_and_a_wider_spread(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    for _ in range(2):
        february, march = (middle(market, item.con_id) for item in listed(market, trading_class="VX")[:2])
        (weekly,) = listed(market, trading_class="VX09")
        low, high = sorted((february, march))
        assert low - 0.1 <= middle(market, weekly.con_id) <= high + 0.1
        monthly, quote = market.quote(listed(market, trading_class="VX")[1].con_id), market.quote(weekly.con_id)
        assert (quote.ask_size or 0) < (monthly.ask_size or 0)
        assert (quote.ask or 0) - (quote.bid or 0) > (monthly.ask or 0) - (monthly.bid or 0)
        market.advance(market.now + timedelta(hours=24))


def test_a_weekly_converges_on_vix_and_settles_at_it(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    (weekly,) = listed(market, trading_class="VX06")
    (vix,) = market.find(ContractPattern(symbol="VIX", sec_type="IND"))
    assert weekly.settles_at is not None
    if weekly.settles_at > market.end:
        pytest.skip("the scenario ends before the weekly settles")
    market.advance(weekly.settles_at - timedelta(minutes=31))
    spot = market.quote(vix.con_id).last
    assert spot is not None and abs(middle(market, weekly.con_id) - spot) < 0.5
    assert market.settlement(weekly.con_id) is None
    market.advance(weekly.settles_at)
    assert market.settlement(weekly.con_id) == market.quote(vix.con_id).last
    assert weekly not in listed(market)


def test_a_weekly_has_a_history(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    (weekly,) = listed(market, trading_class="VX08")
    bars = market.bars(weekly.con_id, "TRADES", market.now - timedelta(days=5), market.now, 3600, rth=True)
    assert len(bars) > 10
    assert all(bar.low <= bar.open <= bar.high and bar.low <= bar.close <= bar.high for bar in bars)
    assert market.bars(weekly.con_id, "NONSENSE", market.now - timedelta(days=5), market.now, 3600, rth=True) == ()
