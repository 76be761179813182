"""Published values hold at their own time, whatever the seed; between them the seed decides, always the same way."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bot.gateway.market import SimulatedMarket, load_market, scenario_names
from bot.gateway.market.listing import INDEX_IDS, future_id
from bot.gateway.market.sessions import Hours
from bot.gateway.records import ContractPattern

NEW_YORK = ZoneInfo("America/New_York")
EPISODES = {
    "calm": "calm-2019-02",
    "crash-2020-03": "crash-2020-03",
    "false-spike-2024-08": "false-spike-2024-08",
    "half-day": "half-day-2019-11",
    "spike-2018-02": "spike-2018-02",
    "spike-2021-01": "spike-2021-01",
    "whipsaw-2025-04": "whipsaw-2025-04",
}
EARLY = {date(2019, 11, 29), date(2020, 12, 24), date(2018, 12, 24), date(2024, 7, 3)}
Markets = Callable[[str], SimulatedMarket]
Shared = Callable[[str], Path]


def table(path: Path, scenario: str) -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["scenario"] == scenario]


def inside(market: SimulatedMarket, at: datetime) -> bool:
    return market._world.grid.holds(at)


def shown(market: SimulatedMarket, symbol: str, at: datetime) -> float:
    return float(market._world.paths.shown[symbol][market._world.grid.index(at)])


def close_at(symbol: str, day: date) -> datetime:
    """State the closes apart from the code: SPX 16:00, volatility indices 16:15, half days 13:00 and 13:15."""
    if day in EARLY:
        at = time(13) if symbol == "SPX" else time(13, 15)
    else:
        at = time(16) if symbol == "SPX" else time(16, 15)
    return datetime.combine(day, at, NEW_YORK)


def settle_at(day: date) -> datetime:
    if day in EARLY:
        return datetime.combine(day, time(13, 15), NEW_YORK)
    return datetime.combine(day, time(16) if day >= date(2020, 10, 26) else time(16, 15), NEW_YORK)


@pytest.mark.parametrize("name", sorted(EPISODES))
def test_published_index_closes_hold_at_their_time(name: str, market_of: Markets, shared: Shared) -> None:
    market, seen = market_of(name), 0
    for row in table(shared("scenarios/daily_anchors.csv.gz"), EPISODES[name]):
        at = close_at(row["series"], date.fromisoformat(row["date"]))
        halted = any(halt.begins <= at < halt.ends for halt in market._world.scenario.halts)
        if row["series"] == "VX" or not inside(market, at) or halted:
            continue
        if not market._world.timetable.is_session(at.date()):
            continue
        seen += 1
        assert shown(market, row["series"], at) == pytest.approx(float(row["close"]), abs=1e-9), row
    assert seen > 5 * 20


@pytest.mark.parametrize("name", sorted(EPISODES))
def test_settlements_hold_at_the_time_of_their_era(name: str, market_of: Markets, shared: Shared) -> None:
    market, seen = market_of(name), 0
    for row in table(shared("scenarios/daily_anchors.csv.gz"), EPISODES[name]):
        if row["series"] != "VX" or row["date"] == row["expiry"]:
            continue
        day = date.fromisoformat(row["date"])
        future = market._world.futures.get(date.fromisoformat(row["expiry"]))
        if future is None or not inside(market, settle_at(day)) or not market._world.timetable.is_session(day):
            continue
        seen += 1
        assert float(future.mid[market._world.grid.index(settle_at(day))]) == pytest.approx(float(row["settle"]))
    assert seen >= 16


@pytest.mark.parametrize("name", ["spike-2018-02", "false-spike-2024-08", "spike-2021-01"])
@pytest.mark.parametrize("symbol", ["SPX", "VIX"])
def test_every_bar_keeps_its_published_range_and_reaches_both_ends(
    name: str, symbol: str, market_of: Markets, shared: Shared
) -> None:
    market = market_of(name)
    hours = 2 if (name, symbol) == ("spike-2018-02", "VIX") else 1
    rows = [row for row in table(shared("scenarios/hourly_anchors.csv.gz"), EPISODES[name]) if row["series"] == symbol]
    checked = 0
    for row in rows:
        at = datetime.fromisoformat(row["ts_et"])
        local = at.astimezone(NEW_YORK).time()
        whole = (time(10) <= local < time(14)) if symbol == "VIX" else (time(9, 30) <= local < time(15))
        if not whole or not inside(market, at) or at.date() in EARLY or not inside(market, at + timedelta(hours=hours)):
            continue
        grid, path = market._world.grid, market._world.paths.shown[symbol]
        part = path[grid.index(at) : grid.index(at + timedelta(hours=hours))]
        assert part[0] == pytest.approx(float(row["open"])), row
        assert part[-1] == pytest.approx(float(row["close"])), row
        assert part.max() == pytest.approx(float(row["high"])), row
        assert part.min() == pytest.approx(float(row["low"])), row
        checked += 1
    assert checked > 30


def test_the_future_never_leaves_its_published_range_when_spot_is_not_credible(market_of: Markets) -> None:
    market = market_of("false-spike-2024-08")
    grid = market._world.grid
    first = grid.index(datetime(2024, 8, 4, 18, tzinfo=NEW_YORK))
    last = grid.index(datetime(2024, 8, 5, 17, tzinfo=NEW_YORK))
    august = market._world.futures[date(2024, 8, 21)].mid[first : last + 1]
    assert august.max() == pytest.approx(37.10)
    assert august.min() >= 22.65 - 1e-9
    assert market._world.paths.shown["VIX"][first : last + 1].max() == pytest.approx(65.73)


def test_most_of_the_futures_move_of_5_february_2018_comes_after_the_cash_close(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    mid, grid = market._world.futures[date(2018, 2, 14)].mid, market._world.grid
    at_four = float(mid[grid.index(datetime(2018, 2, 5, 16, tzinfo=NEW_YORK))])
    assert 15.625 < at_four < (15.625 + 33.225) / 2


@pytest.mark.parametrize("name", scenario_names())
def test_histories_are_long_enough_for_every_warm_up(name: str, market_of: Markets) -> None:
    market = market_of(name)
    future = market.find(ContractPattern(symbol="VIX", sec_type="FUT"))[0].con_id
    bars = market.bars(future, "TRADES", market.start - timedelta(days=7), market.start, 300, rth=False)
    assert len(bars) >= 500
    assert all(a.start < b.start for a, b in pairwise(bars))
    days = market.bars(INDEX_IDS["AD-NYSE"], "BID", market.start - timedelta(days=60), market.start, 86400, rth=True)
    assert len(days) >= 21


def state(market: SimulatedMarket) -> list[object]:
    found: list[object] = [market.opening_account()]
    legs = [position.con_id for position in market.opening_account().positions]
    ids = [*INDEX_IDS.values(), *(item.con_id for item in market.find(ContractPattern(sec_type="FUT"))), *legs]
    at = market.start
    while at < min(market.end, market.start + timedelta(days=4)):
        market.advance(at)
        found += [(at, market.quote(con_id), market.greeks(con_id)) for con_id in ids]
        at += timedelta(hours=1, minutes=7)
    return found


def test_the_same_seed_gives_the_same_market_to_the_last_digit() -> None:
    assert state(load_market("spike-2018-02")) == state(load_market("spike-2018-02"))


def test_another_seed_differs_between_published_values_and_agrees_at_them() -> None:
    one, two = load_market("calm", seed=1), load_market("calm", seed=2)
    assert one.opening_account() == two.opening_account()
    for symbol in ("SPX", "VIX"):
        same = one._world.paths.shown[symbol] == two._world.paths.shown[symbol]
        regular = one._world.clock.regular[Hours.CASH]
        assert not same[regular].all()
        for tick, close in one._world.paths.closes[symbol]:
            assert one._world.paths.shown[symbol][tick] == two._world.paths.shown[symbol][tick] == close


def test_the_price_of_a_future_stands_still_while_it_does_not_trade(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    grid, mid = market._world.grid, market._world.futures[date(2018, 2, 14)].mid
    weekend = mid[grid.index(datetime(2018, 2, 3, tzinfo=UTC)) : grid.index(datetime(2018, 2, 4, 22, 59, tzinfo=UTC))]
    assert np.ptp(weekend) == 0.0


def test_time_never_runs_backwards_and_stands_after_the_end(market_of: Markets) -> None:
    market = market_of("calm")
    market.advance(market.end + timedelta(days=9))
    assert market.quote(INDEX_IDS["SPX"]).last is not None
    with pytest.raises(ValueError, match="cannot go back"):
        market.advance(market.start)


def test_history_tells_nothing_after_now(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    market.advance(datetime(2018, 2, 5, 18, 2, 30, tzinfo=UTC))
    bars = market.bars(INDEX_IDS["VIX"], "TRADES", market.start, market.end, 300, rth=True)
    assert bars[-1].start == datetime(2018, 2, 5, 18, 0, tzinfo=UTC)
    assert bars[-1].close == market.quote(INDEX_IDS["VIX"]).last
    assert bars[-1].count == 11


def test_an_expiring_future_settles_at_the_published_price(market_of: Markets) -> None:
    market = market_of("crash-2020-03")
    con_id = future_id(date(2020, 3, 18), mini=False)
    assert market.settlement(con_id) is None
    future = market._world.futures[date(2020, 3, 18)]
    assert future.final == pytest.approx(69.76)
