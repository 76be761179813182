"""The exchange over the real market of a scenario."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest

from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import load_market
from bot.gateway.records import ContractPattern, FillReport, OrderRequest


@pytest.fixture
def market():
    return load_market("spike-2018-02")


def tag(exchange, account, name):
    return next(float(v) for t, v, currency in exchange.values(account) if t == name and currency == "USD")


def test_the_condor_book_pays_the_width_of_its_wings(market):
    exchange = SimulatedExchange(market)
    [account] = exchange.accounts()
    strikes, sizes = defaultdict(list), {}
    for held in market.opening_account().positions:
        contract = market.contract(held.con_id)
        strikes[contract.expiry, contract.right].append(contract.strike)
        sizes[contract.expiry] = abs(held.quantity)
    # each expiry holds one condor: two strikes a right; the settlement can only be beyond one of its wings
    assert {len(pair) for pair in strikes.values()} == {2}
    widest = {
        expiry: max(max(strikes[expiry, right]) - min(strikes[expiry, right]) for right in "PC") for expiry in sizes
    }
    expected = sum(size * widest[expiry] * 100 for expiry, size in sizes.items())
    assert tag(exchange, account, "InitMarginReq") == expected


def test_a_hedge_bought_before_the_spike_gains_what_the_future_rises(market):
    exchange = SimulatedExchange(market)
    [account] = exchange.accounts()
    front = min(market.find(ContractPattern(symbol="VIX", sec_type="FUT", trading_class="VX")), key=lambda c: c.expiry)
    market.advance(market.start.replace(day=5, hour=15, minute=0))
    exchange.step()
    ask = market.quote(front.con_id).ask
    request = OrderRequest(
        client_id=1, order_id=1, con_id=front.con_id, legs=(), action="BUY", quantity=5, order_type="LMT", limit=ask,
        stop=None, tif="DAY", good_till=None, account=account, order_ref="", outside_rth=False, what_if=False,
    )  # fmt: skip
    fills = [r for r in exchange.place(request) if isinstance(r, FillReport)]
    assert sum(fill.shares for fill in fills) == 5
    fees = sum(fill.commission for fill in fills)
    while market.now < market.start.replace(day=5, hour=20, minute=55):
        market.advance(market.now + timedelta(seconds=market.tick_seconds))
        exchange.step()
    quote = market.quote(front.con_id)
    gain = 5 * 1000 * ((quote.bid + quote.ask) / 2 - ask) - fees
    assert exchange.pnl(account, front.con_id).daily == pytest.approx(gain)
    assert gain > 0
