"""Options that are priced together show what each would show alone, and their past agrees with what was shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.gateway.market import SimulatedMarket
from bot.gateway.records import ContractPattern

NEW_YORK = ZoneInfo("America/New_York")
SPIKE = datetime(2018, 2, 5, 15, 12, 20, tzinfo=NEW_YORK)
Markets = Callable[[str], SimulatedMarket]


def options(market: SimulatedMarket) -> list[int]:
    """Return the book's options, a VIX call and put, and an option that settles soon."""
    held = [position.con_id for position in market.opening_account().positions]
    vix = market.find(ContractPattern(symbol="VIX", sec_type="OPT", expiry="20180320", strike=16.0))
    near = market.find(ContractPattern(symbol="SPX", sec_type="OPT", expiry="20180202", strike=2800.0, right="P"))
    return [*held, *(item.con_id for item in [*vix, *near])]


def test_options_show_the_same_whoever_else_is_asked_for(market_of: Markets) -> None:
    together = market_of("spike-2018-02")
    watched = options(together)
    for con_id in watched:
        together.quote(con_id)
    together.advance(SPIKE)
    for con_id in watched:
        alone = market_of("spike-2018-02")
        alone.advance(SPIKE)
        assert alone.quote(con_id) == together.quote(con_id)
        assert alone.greeks(con_id) == together.greeks(con_id)


def test_an_option_that_has_settled_shows_no_market_and_the_others_go_on(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    *others, near = options(market)
    assert market.quote(near).bid is not None
    market.advance(SPIKE)
    assert (market.quote(near).bid, market.greeks(near)) == (None, None)
    assert all(market.greeks(con_id) is not None for con_id in others)


@pytest.mark.parametrize("what", ["BID", "ASK"])
def test_the_past_of_an_option_is_what_it_showed(what: str, market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    con_ids = options(market)[:3]
    market.advance(SPIKE - timedelta(minutes=30))
    shown = {}
    for _ in range(10):
        market.advance(market.now + timedelta(minutes=1))
        for con_id in con_ids:
            quote = market.quote(con_id)
            start = market.now.replace(second=0)
            shown[con_id, start] = quote.bid if what == "BID" else quote.ask
    market.advance(market.now + timedelta(minutes=5))
    past = {
        (con_id, bar.start): (bar.open, bar.high, bar.low, bar.close)
        for con_id in con_ids
        for bar in market.bars(con_id, what, SPIKE - timedelta(hours=1), market.now, 60, rth=True)
    }
    assert all(past[key] == (price, price, price, price) for key, price in shown.items())
