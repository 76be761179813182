"""Thin markets and trades by hand that a scenario asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.gateway.errors import ScenarioError
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import SimulatedMarket, load_market
from bot.gateway.market.session_file import read_scenario
from bot.gateway.records import ContractPattern, FillReport

Markets = Callable[[str], SimulatedMarket]
BOUGHT_BACK = datetime(2024, 5, 30, 16, 30, tzinfo=UTC)


def sides(market: SimulatedMarket, con_id: int) -> tuple[float, float, float, float]:
    quote = market.quote(con_id)
    found = (quote.bid, quote.ask, quote.bid_size, quote.ask_size)
    assert all(value is not None for value in found)
    return tuple(value or 0.0 for value in found)  # type: ignore[return-value]


@pytest.mark.parametrize(("trading_class", "tick"), [("VX", 0.05), ("VXM", 0.01)])
def test_a_thin_market_shows_a_share_of_the_size_and_a_wider_spread(
    market_of: Markets, tmp_path: Path, trading_class: str, tick: float
) -> None:
    thin = market_of("illiquid-close")
    source = Path(read_scenario(thin._world.scenario.folder).folder)
    for file in source.iterdir():
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".toml":
            head, _, tail = text.partition("[[thin]]")
            text = head + tail[tail.rindex("# The same rule") :]
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    plain = load_market(tmp_path)
    (first, _) = thin._world.scenario.thin
    pattern = ContractPattern(sec_type="FUT", exchange="CFE", trading_class=trading_class)
    con_id = thin.find(pattern)[1].con_id
    for at in (first.begins - timedelta(minutes=1), first.begins, first.ends - timedelta(minutes=1)):
        thin.advance(at)
        plain.advance(at)
        bid, ask, bid_size, ask_size = sides(plain, con_id)
        if at < first.begins:
            assert sides(thin, con_id) == (bid, ask, bid_size, ask_size)
            continue
        seen = sides(thin, con_id)
        assert seen[:2] == pytest.approx((bid, ask + tick))  # the odd tick is the offer's
        assert seen[2:] == tuple(max(1.0, size * first.share // 1) for size in (bid_size, ask_size))


def test_the_owner_s_trades_close_the_condors_that_are_named(market_of: Markets) -> None:
    market = market_of("condor-closed")
    exchange = SimulatedExchange(market)
    account = market.opening_account().account
    market.advance(BOUGHT_BACK - timedelta(seconds=15))
    assert [report for report in exchange.step() if isinstance(report, FillReport)] == []
    market.advance(BOUGHT_BACK)
    fills = [report for report in exchange.step() if isinstance(report, FillReport)]
    assert {fill.side for fill in fills} == {"BOT", "SLD"}
    assert fills[0].side == "BOT"  # short options first
    left = {row.con_id: row.quantity for row in exchange.positions(account) if row.quantity}
    assert sorted(left.values()) == [-3, -3, 3, 3]
    market.advance(BOUGHT_BACK + timedelta(hours=2))
    exchange.step()
    assert [row for row in exchange.positions(account) if row.quantity] == []
    assert exchange.open_orders() == []


def thin_text(begins: str, ends: str, share: str) -> str:
    day = "2019-02-12T"
    return f'[[thin]]\nbegins = "{day}{begins}:00:00Z"\nends = "{day}{ends}:00:00Z"\nshare = {share}\nextra_ticks = 1\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (thin_text("16", "15", "0.1"), "swap"),
        (thin_text("15", "16", "2.0"), "0 to 1"),
        ('[[hand]]\nat = "2019-02-12T15:00:00Z"\nlot = 9\nquantity = 1\n', "close what is there"),
        ('[[hand]]\nat = "2019-02-12T15:00:00Z"\nlot = 1\nquantity = 99\n', "close what is there"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(broken: Path, text: str, words: str) -> None:
    file = broken / "session.toml"
    file.write_text(f'{file.read_text()}\n{text}source = "x"\n')
    with pytest.raises(ScenarioError, match=words):
        load_market(broken)
