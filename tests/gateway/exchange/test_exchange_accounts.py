"""Several accounts of one login: each has its own cash, positions, margin, profit and days."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.gateway.errors import ScenarioError
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import SimulatedMarket, load_market
from bot.gateway.market.catalogue import SCENARIOS
from bot.gateway.market.scenario import AccountBeside
from bot.gateway.market.session_file import read_scenario
from bot.gateway.records import ErrorReport, FillReport, OpeningAccount, OpeningPosition, OrderReport, PositionReport

FIRST, SECOND = "DU1234567", "DU7654321"
VX_FEB, LONG_PUT = 101, 302
VX_FEE = 2.38


@pytest.fixture
def two(bench):
    bench.exchange = SimulatedExchange(bench.market, beside=(OpeningAccount(account=SECOND, cash=60_000.0),))
    return bench


@pytest.fixture
def calm_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCENARIOS / "calm", tmp_path / "calm"))


def value(bench, account, tag):
    return next(float(v) for t, v, currency in bench.exchange.values(account) if t == tag and currency in ("USD", ""))


def kinds(reports):
    return [getattr(report, "status", None) or getattr(report, "code", None) for report in reports]


def test_the_scenarios_account_comes_first(two):
    assert list(two.exchange.accounts()) == [FIRST, SECOND]
    assert value(two, FIRST, "TotalCashValue") == 500_000
    assert value(two, SECOND, "TotalCashValue") == 60_000


def test_a_trade_moves_the_account_that_gave_the_order_and_no_other(two):
    reports = two.exchange.place(two.order("BUY", 2, 20.1, account=SECOND))
    [fill] = [report for report in reports if isinstance(report, FillReport)]
    [position] = [report for report in reports if isinstance(report, PositionReport)]
    assert (fill.account, position.account, position.quantity) == (SECOND, SECOND, 2)
    assert two.exchange.positions(FIRST) == []
    assert [held.quantity for held in two.exchange.positions(SECOND)] == [2]
    assert value(two, SECOND, "TotalCashValue") == pytest.approx(60_000 - 2 * VX_FEE)
    assert value(two, FIRST, "TotalCashValue") == 500_000
    two.market.show(VX_FEB, bid=22.0, ask=22.1, last=22.05)
    two.tick()
    assert two.exchange.pnl(SECOND).unrealized == pytest.approx(2 * (22.05 - 20.1) * 1000 - 2 * VX_FEE)
    assert two.exchange.pnl(SECOND, VX_FEB).position == 2
    assert two.exchange.pnl(FIRST).unrealized == 0
    assert two.exchange.pnl(FIRST, VX_FEB).position == 0


def test_the_same_contract_is_long_in_one_account_and_short_in_the_other(two):
    two.exchange.place(two.order("BUY", 1, 20.1, order_id=1))
    two.exchange.place(two.order("SELL", 1, 20.0, order_id=2, account=SECOND))
    assert [held.quantity for held in two.exchange.positions(FIRST)] == [1]
    assert [held.quantity for held in two.exchange.positions(SECOND)] == [-1]


def test_margin_is_that_of_the_account(two):
    refused = two.exchange.place(two.order("BUY", 20, 20.1, order_id=1, account=SECOND))
    assert kinds(refused) == [201, "Inactive"]
    assert kinds(two.exchange.place(two.order("BUY", 20, 20.1, order_id=2)))[0] == "PreSubmitted"
    [preview] = two.exchange.place(two.order("BUY", 1, 20.1, order_id=3, account=SECOND, what_if=True))
    assert preview.equity_before == 60_000


def test_of_several_accounts_an_order_must_name_its_own(two):
    [refused] = two.exchange.place(two.order("BUY", 1, 20.1, account=""))
    assert isinstance(refused, ErrorReport)
    assert (refused.code, refused.text) == (435, "You must specify an account.")
    [unknown] = two.exchange.place(two.order("BUY", 1, 20.1, account="DU999"))
    assert unknown.code == 321


def test_a_login_with_one_account_needs_no_name(bench):
    reports = bench.exchange.place(bench.order("BUY", 1, 20.1, account=""))
    assert any(isinstance(report, FillReport) and report.account == FIRST for report in reports)


def test_an_order_cannot_change_its_account(two):
    two.exchange.place(two.order("BUY", 1, 19.0))
    refused, order = two.exchange.place(two.order("BUY", 1, 19.0, account=SECOND))
    assert isinstance(refused, ErrorReport) and refused.code == 105
    assert isinstance(order, OrderReport) and order.request.account == FIRST


def test_variation_is_paid_in_every_account(two):
    two.exchange.place(two.order("BUY", 1, 20.1, order_id=1))
    two.exchange.place(two.order("BUY", 1, 20.1, order_id=2, account=SECOND))
    two.tick()
    two.market.show(VX_FEB, close=23.9)
    two.tick()
    for account, cash in ((FIRST, 500_000), (SECOND, 60_000)):
        assert value(two, account, "TotalCashValue") == pytest.approx(cash - VX_FEE + (23.9 - 20.1) * 1000)


def test_a_contract_settles_in_every_account(two):
    two.exchange.place(two.order("BUY", 1, 20.1, order_id=1))
    two.exchange.place(two.order("SELL", 2, 20.0, order_id=2, account=SECOND))
    two.market.settlements[VX_FEB] = 25.0
    two.market.advance(datetime(2018, 2, 14, 14, 30, tzinfo=UTC))
    settled = [report for report in two.exchange.step() if isinstance(report, PositionReport)]
    assert [(report.account, report.quantity) for report in settled] == [(FIRST, 0), (SECOND, 0)]


def test_an_account_beside_may_bring_positions(bench):
    held = OpeningPosition(con_id=LONG_PUT, quantity=3, price=7.0)
    beside = OpeningAccount(account=SECOND, cash=0.0, positions=(held,))
    exchange = SimulatedExchange(bench.market, beside=(beside,))
    assert [(item.con_id, item.quantity) for item in exchange.positions(SECOND)] == [(LONG_PUT, 3)]


def test_two_accounts_of_one_name_are_refused(bench):
    with pytest.raises(ScenarioError, match="named twice"):
        SimulatedExchange(bench.market, beside=(OpeningAccount(account=FIRST, cash=1.0),))


def test_nothing_is_told_of_an_account_that_is_not_there(two):
    assert two.exchange.positions("DU999") == []
    assert two.exchange.values("DU999") == []
    assert two.exchange.pnl("DU999").unrealized == 0


def test_a_scenario_names_the_accounts_beside_its_own(calm_copy: Path) -> None:
    session = calm_copy / "session.toml"
    session.write_text(session.read_text() + f'\n[[beside]]\nid = "{SECOND}"\ncash = 25000.0\n')
    scenario = read_scenario(calm_copy)
    assert [(item.account, item.cash) for item in scenario.beside] == [(SECOND, 25000.0)]


def test_an_account_beside_without_cash_is_refused_in_plain_words(calm_copy: Path) -> None:
    session = calm_copy / "session.toml"
    session.write_text(session.read_text() + f'\n[[beside]]\nid = "{SECOND}"\n')
    with pytest.raises(ScenarioError, match="cash"):
        read_scenario(calm_copy)


def test_the_market_hands_the_accounts_on() -> None:
    world = load_market("calm")._world
    scenario = replace(world.scenario, beside=(AccountBeside(account=SECOND, cash=25_000.0),))
    exchange = SimulatedExchange(SimulatedMarket(replace(world, scenario=scenario)))
    assert list(exchange.accounts())[1:] == [SECOND]
