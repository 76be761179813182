"""Check that markets drawn from a number are scenarios like any other, and that keeping one changes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.gateway.errors import ScenarioError
from bot.gateway.importing.made_up import Hour, Shape, made_up, write_made_up
from bot.gateway.kept import Bars, Rows
from bot.gateway.market import load_market, scenario_info
from bot.gateway.market.listing import INDEX_IDS
from bot.gateway.messages import outbound

FIVE_MINUTES = 300
VIX = INDEX_IDS["VIX"]


def test_the_same_number_draws_the_same_market_and_another_number_another(tmp_path: Path) -> None:
    first, again = (write_made_up(made_up(7), tmp_path / name) for name in ("a", "b"))
    other = write_made_up(made_up(8), tmp_path / "a")
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    assert all((first / name).read_bytes() == (again / name).read_bytes() for name in names)
    assert (first / "vix.csv").read_bytes() != (other / "vix.csv").read_bytes()


def test_a_thousand_numbers_draw_every_shape_in_mornings_closes_and_half_days() -> None:
    drawn = [made_up(number) for number in range(1000)]
    assert {market.shape for market in drawn} == set(Shape)
    assert {market.hour for market in drawn} == set(Hour)
    assert 50 < sum(market.half_day for market in drawn) < 200
    assert all(timedelta(0) < market.end - market.start < timedelta(days=5) for market in drawn)
    assert all(market.lots and all(lot.opened < market.start.date() for lot in market.lots) for market in drawn)


def test_a_made_up_scenario_is_found_by_its_name_and_holds_condors() -> None:
    market, info = load_market("made-up-10"), scenario_info("made-up-10")
    drawn = made_up(10)
    assert (market.name, market.seed, market.start, market.end) == ("made-up-10", 10, drawn.start, drawn.end)
    assert str(drawn.shape) in info.title
    assert len(market.opening_account().positions) >= 4


@pytest.mark.parametrize("name", ["made-up-", "made-up-x", "made-up--1", "made-up-1.5"])
def test_a_name_without_a_number_is_no_made_up_scenario(name: str) -> None:
    with pytest.raises(ScenarioError, match="made-up-"):
        load_market(name)


def test_kept_bars_are_those_that_would_be_computed_anew(tmp_path: Path) -> None:
    kept, anew = load_market("made-up-10"), load_market(write_made_up(made_up(10), tmp_path))
    start = kept.start - timedelta(days=5)
    asked = (VIX, "TRADES", start, kept.start, FIVE_MINUTES)
    first, again = kept.bars(*asked, rth=True), kept.bars(*asked, rth=True)
    assert isinstance(first, Bars)
    assert again is first
    assert tuple(first) == tuple(anew.bars(*asked, rth=True))
    assert not isinstance(anew.bars(*asked, rth=True), Bars)


def test_bars_of_a_time_that_is_not_over_are_never_kept() -> None:
    market = load_market("made-up-10")
    found = market.bars(VIX, "TRADES", market.start, market.start + timedelta(hours=1), FIVE_MINUTES, rth=True)
    assert not isinstance(found, Bars)


def test_kept_rows_are_written_as_rows_are_and_only_once() -> None:
    row = {"date": "1", "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 3, "wap": 1.2, "count": 4}
    plain = {"reqId": 5, "start": "a", "end": "b", "bars": [row, row]}
    rows = Rows([dict(row), dict(row)])
    assert outbound.HISTORY.build(plain | {"bars": rows}, 176) == outbound.HISTORY.build(plain, 176)
    rows[0]["open"] = 9.0
    assert outbound.HISTORY.build(plain | {"bars": rows}, 176) == outbound.HISTORY.build(plain, 176)
