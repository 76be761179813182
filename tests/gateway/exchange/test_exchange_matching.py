"""How orders meet the displayed market."""

from __future__ import annotations

from bot.gateway.records import ErrorReport, FillReport, OrderReport, PositionReport

VX_FEB, VX_MAR = 101, 102


def fills(reports):
    return [(r.shares, r.price) for r in reports if isinstance(r, FillReport)]


def statuses(reports):
    return [r.status for r in reports if isinstance(r, OrderReport)]


def test_a_marketable_limit_order_fills_at_the_ask_and_says_so_in_order(bench):
    reports = bench.exchange.place(bench.order("BUY", 2, 20.1))
    assert [type(r) for r in reports] == [OrderReport, OrderReport, FillReport, OrderReport, PositionReport]
    assert statuses(reports) == ["PreSubmitted", "Submitted", "Filled"]
    assert fills(reports) == [(2, 20.1)]
    assert reports[-1].quantity == 2


def test_a_large_order_walks_the_levels_one_tick_apart_up_to_its_limit_and_rests(make_bench):
    bench = make_bench(cash=5_000_000.0)
    reports = bench.exchange.place(bench.order("BUY", 100, 20.2))
    taken = fills(reports)
    assert [price for _, price in taken] == [20.1, 20.15, 20.2]
    assert taken[0][0] == 10
    assert taken[0][0] < taken[1][0] < taken[2][0]
    [working] = bench.exchange.open_orders()
    assert working.status == "Submitted"
    assert working.remaining == 100 - sum(size for size, _ in taken)


def test_taken_size_returns_only_when_the_quote_changes(bench):
    bench.exchange.place(bench.order("BUY", 10, 20.1))
    assert fills(bench.exchange.place(bench.order("BUY", 1, 20.1, order_id=2, tif="IOC"))) == []
    bench.tick()
    assert fills(bench.exchange.place(bench.order("BUY", 1, 20.1, order_id=3, tif="IOC"))) == []
    bench.market.show(VX_FEB, ask_size=12)
    assert fills(bench.exchange.place(bench.order("BUY", 20, 20.1, order_id=4, tif="IOC"))) == [(12, 20.1)]


def test_a_resting_order_fills_at_its_limit_when_the_market_trades_through(bench):
    bench.exchange.place(bench.order("BUY", 3, 19.5))
    bench.market.show(VX_FEB, bid=19.3, ask=19.4)
    reports = bench.tick()
    assert fills(reports) == [(3, 19.5)]
    assert reports[0].last_liquidity == 1


def test_an_order_at_the_bid_waits_behind_the_size_displayed_when_it_joined(bench):
    bench.exchange.place(bench.order("BUY", 5, 20.0))
    ticks = 0
    while bench.exchange.open_orders():
        bench.tick()
        ticks += 1
        assert ticks < 2_000
    # 30 stand before it, and at most 30 trade in a minute: it cannot be through before a minute (12 ticks) has passed
    assert ticks > 12
    assert bench.exchange.positions("DU1234567")[0].quantity == 5


def test_an_order_inside_the_spread_is_found_sooner_or_later_at_its_own_price(bench):
    bench.exchange.place(bench.order("BUY", 1, 20.05))
    reports = []
    while bench.exchange.open_orders():
        reports += bench.tick()
    assert fills(reports) == [(1, 20.05)]


def test_a_market_order_pays_what_is_displayed(bench):
    reports = bench.exchange.place(bench.order("SELL", 1))
    assert statuses(reports) == ["PreSubmitted", "Filled"]
    assert fills(reports) == [(1, 20.0)]


def test_an_immediate_order_that_finds_too_little_is_cancelled_for_the_rest(bench):
    reports = bench.exchange.place(bench.order("BUY", 15, 20.1, tif="IOC"))
    assert fills(reports) == [(10, 20.1)]
    assert statuses(reports)[-1] == "Cancelled"
    assert reports[-1] == ErrorReport(client_id=1, order_id=1, code=202, text="Order Canceled - reason:")


def test_a_halted_market_matches_nothing(bench):
    bench.market.show(VX_FEB, halted=True)
    assert fills(bench.exchange.place(bench.order("BUY", 1, 20.1))) == []
    bench.market.show(VX_FEB, halted=False)
    assert fills(bench.tick()) == [(1, 20.1)]


def test_better_prices_are_served_before_older_orders(bench):
    bench.exchange.place(bench.order("BUY", 8, 19.5, order_id=1))
    bench.exchange.place(bench.order("BUY", 8, 19.6, order_id=2))
    bench.market.show(VX_FEB, bid=19.3, ask=19.5, ask_size=8)
    first = next(r for r in bench.tick() if isinstance(r, FillReport))
    assert (first.request.order_id, first.price) == (2, 19.6)


def test_of_two_orders_at_one_price_the_older_is_served_in_full_first(bench):
    bench.exchange.place(bench.order("BUY", 3, 20.0, order_id=1))
    bench.exchange.place(bench.order("BUY", 3, 20.0, order_id=2))
    served = []
    while bench.exchange.open_orders():
        served += [r.request.order_id for r in bench.tick() if isinstance(r, FillReport) for _ in range(int(r.shares))]
    assert served == [1, 1, 1, 2, 2, 2]
