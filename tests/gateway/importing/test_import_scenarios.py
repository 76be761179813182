"""Imported scenarios show what was recorded, as of its time; the shipped ones can be made again from source."""

from __future__ import annotations

import csv
import gzip
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.gateway.errors import ScenarioError
from bot.gateway.importing import import_anchors, import_session
from bot.gateway.market import SimulatedMarket, load_market
from bot.gateway.market.catalogue import SCENARIOS, scenario_info
from bot.gateway.market.scenario import Kind
from bot.gateway.records import ContractPattern

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("ALVH_SHARED_DATA", ROOT / ".." / "shared" / "data"))
SOURCE = SHARED / "real_session_2021-01-04"
EPISODES = {
    "calm-2019-02": "calm",
    "crash-2020-03": "crash-2020-03",
    "false-spike-2024-08": "false-spike-2024-08",
    "half-day-2019-11": "half-day",
    "spike-2018-02": "spike-2018-02",
    "spike-2021-01": "spike-2021-01",
    "whipsaw-2025-04": "whipsaw-2025-04",
}
needs_data = pytest.mark.skipif(not SOURCE.is_dir(), reason="needs the shared market data: set ALVH_SHARED_DATA")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return import_session(SOURCE, tmp_path_factory.mktemp("scenarios"), name="real", history=SHARED / "daily")


@needs_data
def test_recorded_minutes_of_spx_stand_as_of_their_time(imported: Path) -> None:
    market = load_market(imported)
    with (SOURCE / "spx_1min.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 380
    for row in rows[::7]:
        at = datetime.fromisoformat(row["time_utc"])
        market.advance(at)
        assert market.quote(416904).last == pytest.approx(float(row["open"]))
        market.advance(at + timedelta(seconds=59))
        assert market.quote(416904).last == pytest.approx(float(row["close"]))


@needs_data
def test_recorded_option_quotes_win_over_the_model_and_carry_their_sizes(imported: Path) -> None:
    market: SimulatedMarket = load_market(imported)
    with gzip.open(SOURCE / "spxw_quotes_1min.csv.gz", "rt", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["expiry"] == "2021-01-08"]
    rows.sort(key=lambda row: row["time_utc"])
    checked = 0
    for row in rows[::53]:
        at = datetime.fromisoformat(row["time_utc"])
        market.advance(at + timedelta(seconds=20))
        (contract,) = market.find(
            ContractPattern(
                symbol="SPX", sec_type="OPT", expiry="20210108", strike=float(row["strike"]), right=row["right"]
            )
        )
        quote = market.quote(contract.con_id)
        seen = (quote.bid, quote.bid_size, quote.ask, quote.ask_size)
        assert seen == tuple(float(row[name]) for name in ("bid", "bid_size", "ask", "ask_size"))
        greeks = market.greeks(contract.con_id)
        assert greeks is not None
        assert quote.bid - 1e-6 <= greeks.price <= quote.ask + 1e-6
        checked += 1
    assert checked > 20


@needs_data
def test_the_model_prices_the_recorded_options_near_their_market(imported: Path) -> None:
    market = load_market(imported)
    market.advance(datetime(2021, 1, 4, 18, 0, tzinfo=UTC))
    (put,) = market.find(ContractPattern(symbol="SPX", sec_type="OPT", expiry="20210108", strike=3700.0, right="P"))
    (beside,) = market.find(ContractPattern(symbol="SPX", sec_type="OPT", expiry="20210108", strike=3695.0, right="P"))
    recorded, modelled = market.greeks(put.con_id), market.greeks(beside.con_id)
    assert recorded is not None
    assert modelled is not None
    assert modelled.iv == pytest.approx(recorded.iv, rel=0.25)


@needs_data
def test_the_imported_session_says_what_it_is_and_where_it_runs(imported: Path) -> None:
    found = scenario_info(imported)
    kinds = {name: kind for name, kind, _ in found.series}
    assert kinds["SPX"] is kinds["SPX options"] is Kind.RECORDED
    assert kinds["VIX"] is Kind.ANCHORS
    assert kinds["AD-NYSE"] is Kind.MODELLED
    assert (found.start, found.end) == (
        datetime(2020, 12, 31, 20, 50, tzinfo=UTC),
        datetime(2021, 1, 4, 21, 30, tzinfo=UTC),
    )
    market = load_market(imported)
    future = market._world.futures[date(2021, 1, 20)]
    settle = market._world.grid.index(datetime(2021, 1, 4, 21, 0, tzinfo=UTC))
    assert float(future.mid[settle]) == pytest.approx(26.275)
    legs = [market.contract(position.con_id) for position in market.opening_account().positions]
    assert {(leg.strike, leg.right) for leg in legs if leg.expiry == "20210108"} == {
        (3650.0, "P"),
        (3700.0, "P"),
        (3800.0, "C"),
        (3850.0, "C"),
    }


@needs_data
def test_a_session_without_history_is_refused_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="--history"):
        import_session(SOURCE, tmp_path, name="real")


def test_an_empty_folder_is_refused_with_the_table_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no spx_1min\.csv"):
        import_session(tmp_path, tmp_path, name="real", history=tmp_path)


@needs_data
@pytest.mark.parametrize("episode", sorted(EPISODES))
def test_every_shipped_series_is_what_the_importer_makes_of_its_source(episode: str, tmp_path: Path) -> None:
    source = SHARED / "scenarios"
    made = import_anchors(source / "daily_anchors.csv.gz", source / "hourly_anchors.csv.gz", episode, tmp_path / "made")
    names = sorted(path.name for path in made.iterdir())
    assert len(names) == 8
    for name in names:
        assert (made / name).read_bytes() == (SCENARIOS / EPISODES[episode] / name).read_bytes(), name


@needs_data
def test_an_unknown_episode_lists_the_known_ones(tmp_path: Path) -> None:
    source = SHARED / "scenarios"
    with pytest.raises(ScenarioError, match=r"'spike-1987'.*spike-2018-02"):
        import_anchors(source / "daily_anchors.csv.gz", source / "hourly_anchors.csv.gz", "spike-1987", tmp_path)
