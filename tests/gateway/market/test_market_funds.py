"""Funds of sectors and bonds: modelled from SPX, the same every time, and computed only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.gateway.market import SimulatedMarket, load_market, scenario_info, scenario_names
from bot.gateway.market.funds import FUNDS, fund_contract, fund_of
from bot.gateway.records import ContractPattern, Quote

Markets = Callable[[str], SimulatedMarket]
CRASH = "spike-2018-02"
OPEN = datetime(2018, 2, 5, 15, 0, tzinfo=UTC)
CLOSED = datetime(2018, 2, 5, 22, 0, tzinfo=UTC)


def found(market: SimulatedMarket, symbol: str, exchange: str = "SMART") -> list[int]:
    pattern = ContractPattern(symbol=symbol, sec_type="STK", exchange=exchange, currency="USD")
    return [item.con_id for item in market.find(pattern)]


def test_every_fund_is_found_once_where_it_is_routed_and_nowhere_else(market_of: Markets) -> None:
    market = market_of(CRASH)
    for symbol in FUNDS:
        smart, arca, cboe = (found(market, symbol, exchange) for exchange in ("SMART", "ARCA", "CBOE"))
        assert len(smart) == 1 and smart == arca and cboe == []
        assert fund_of(smart[0]) == symbol
        assert market.contract(smart[0]) == fund_contract(symbol)
    assert found(market, "SPY") == []


def test_a_look_up_of_indices_or_futures_names_no_fund(market_of: Markets) -> None:
    market = market_of(CRASH)
    assert not any(item.sec_type == "STK" for kind in ("IND", "FUT", "OPT") for item in market.find(
        ContractPattern(symbol="VIX", sec_type=kind)
    ))  # fmt: skip


def test_nothing_is_computed_before_somebody_asks(market_of: Markets) -> None:
    market = market_of(CRASH)
    market.advance(OPEN)
    market.find(ContractPattern(symbol="XLK", sec_type="STK"))
    assert not market._funds._paths
    market.quote(found(market, "XLK")[0])
    assert set(market._funds._paths) == {"XLK"}


def test_the_same_seed_gives_the_same_prices_and_another_seed_does_not() -> None:
    quotes = []
    for seed in (7, 7, 8):
        market = load_market("calm", seed=seed)
        market.advance(market.start + timedelta(hours=20))
        quotes.append([market.quote(found(market, symbol)[0]).last for symbol in FUNDS])
    assert quotes[0] == quotes[1]
    assert quotes[0] != quotes[2]


def test_a_fund_is_quoted_around_its_last_while_stocks_trade_and_only_then(market_of: Markets) -> None:
    market = market_of(CRASH)
    market.advance(OPEN)
    quote = market.quote(found(market, "HYG")[0])
    assert quote.bid is not None and quote.last is not None and quote.ask is not None and quote.close is not None
    assert quote.bid < quote.last < quote.ask
    assert quote.low is not None and quote.high is not None and quote.low <= quote.last <= quote.high
    market.advance(CLOSED)
    assert market.quote(found(market, "HYG")[0]).bid is None


def test_cyclicals_fall_behind_defensives_when_spx_falls_by_four_percent(market_of: Markets) -> None:
    market = market_of(CRASH)
    market.advance(datetime(2018, 2, 5, 21, 0, tzinfo=UTC))

    def moved(symbol: str) -> float:
        quote = market.quote(found(market, symbol)[0])
        assert quote.last is not None and quote.close is not None
        return 100.0 * (quote.last / quote.close - 1.0)

    moves = {symbol: moved(symbol) for symbol in FUNDS}
    assert all(moves[cyclical] < moves[calm] for cyclical in ("XLK", "XLY", "XLF", "XLI") for calm in ("XLU", "XLP"))
    assert moves["HYG"] < -0.5 < moves["LQD"]


def test_daily_bars_end_where_the_next_day_s_previous_close_stands(market_of: Markets) -> None:
    market = market_of(CRASH)
    market.advance(OPEN)
    con_id = found(market, "XLF")[0]
    bars = market.bars(con_id, "TRADES", OPEN - timedelta(days=60), OPEN, 86400, rth=True)
    assert len(bars) >= 21
    assert bars[-2].close == market.quote(con_id).close
    assert len(market.bars(con_id, "TRADES", OPEN - timedelta(minutes=30), OPEN, 300, rth=True)) == 6
    assert market.bars(con_id, "OPTION_IMPLIED_VOLATILITY", OPEN - timedelta(days=2), OPEN, 300, rth=True) == ()


def test_daily_returns_follow_spx_by_the_stated_beta(market_of: Markets) -> None:
    market = market_of("crash-2020-03")
    grid, clock = market._world.grid, market._world.trade_days
    ends = [tick for tick in clock["cash"].last if tick < grid.size]  # type: ignore[index]
    spx = np.diff(np.log(market._world.paths.shown["SPX"][ends]))
    for symbol, fund in FUNDS.items():
        moved = np.diff(np.log(market._funds.path(symbol)[ends]))
        slope = float(spx @ moved / (spx @ spx))
        error = 3.0 * fund.own_pct / 100.0 / float(np.sqrt(spx @ spx))
        assert slope == pytest.approx(fund.beta, abs=error + 0.01)


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_says_that_its_funds_are_modelled(name: str) -> None:
    kinds = {series: kind for series, kind, _ in scenario_info(name).series}
    assert kinds["sector and bond funds"] == "modelled"


def test_a_fund_nobody_lists_shows_nothing(market_of: Markets) -> None:
    market = market_of(CRASH)
    assert market.contract(520_000_099) is None
    assert market.quote(520_000_099) == Quote()
