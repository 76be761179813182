"""How orders live and end."""

from __future__ import annotations

from datetime import timedelta

from bot.gateway.records import ErrorReport, FillReport, OrderReport, PositionReport, WhatIfReport

VX_FEB, VX_MAR = 101, 102


def statuses(reports):
    return [(r.request.order_id, r.status) for r in reports if isinstance(r, OrderReport)]


def fills(reports):
    return [r for r in reports if isinstance(r, FillReport)]


def test_a_cancel_reports_the_status_and_then_202(bench):
    bench.exchange.place(bench.order("BUY", 1, 19.0))
    status, error = bench.exchange.cancel(1, 1)
    assert (status.status, status.remaining) == ("Cancelled", 1)
    assert (error.code, error.text) == (202, "Order Canceled - reason:")
    assert bench.exchange.completed_orders()[0].completed_status == "Cancelled by Trader"


def test_a_global_cancel_reaches_every_client(bench):
    bench.exchange.place(bench.order("BUY", 1, 19.0, client_id=1))
    bench.exchange.place(bench.order("BUY", 1, 19.0, client_id=2))
    assert [r.client_id for r in bench.exchange.cancel_all() if isinstance(r, ErrorReport)] == [1, 2]
    assert not bench.exchange.open_orders()


def test_a_new_price_is_matched_at_once_under_the_same_perm_id(bench):
    first = bench.exchange.place(bench.order("BUY", 1, 19.0))[0]
    reports = bench.exchange.place(bench.order("BUY", 1, 20.1))
    assert statuses(reports) == [(1, "Submitted"), (1, "Filled")]
    assert {r.perm_id for r in reports if isinstance(r, OrderReport)} == {first.perm_id}


def test_a_smaller_size_keeps_the_queue_and_a_larger_one_loses_it(bench):
    bench.exchange.place(bench.order("BUY", 5, 20.0))
    for _ in range(6):
        bench.tick()
    order = bench.exchange._orders.live[1, 1]
    ahead = order.queue_ahead
    assert ahead < 30
    bench.exchange.place(bench.order("BUY", 4, 20.0))
    assert order.queue_ahead == ahead
    bench.exchange.place(bench.order("BUY", 6, 20.0))
    assert order.queue_ahead == 30


def test_a_day_order_ends_with_its_session_and_a_gtc_order_does_not(bench):
    bench.exchange.place(bench.order("BUY", 1, 19.0, order_id=1))
    bench.exchange.place(bench.order("BUY", 1, 19.0, order_id=2, tif="GTC"))
    bench.market.regular = False
    assert statuses(bench.tick()) == [(1, "Cancelled")]
    bench.market.regular = True
    bench.market.show(VX_FEB, bid=18.5, ask=18.9)
    assert statuses(bench.tick()) == [(2, "Filled")]


def test_a_gtd_order_ends_at_its_time(bench):
    until = bench.market.now + timedelta(seconds=10)
    bench.exchange.place(bench.order("BUY", 1, 19.0, tif="GTD", good_till=until))
    assert bench.tick() == []
    assert statuses(bench.tick()) == [(1, "Cancelled")]


def test_a_stop_waits_for_its_trigger_and_then_sells_at_the_market(bench):
    [waiting] = bench.exchange.place(bench.order("SELL", 1, order_type="STP", stop=19.5))
    assert (waiting.status, waiting.why_held) == ("PreSubmitted", "trigger")
    assert bench.tick() == []
    bench.market.show(VX_FEB, bid=19.3, ask=19.4, last=19.35)
    assert [fill.price for fill in fills(bench.tick())] == [19.3]


def test_a_stop_limit_rests_at_its_limit_once_triggered(bench):
    bench.exchange.place(bench.order("SELL", 1, 19.45, order_type="STP LMT", stop=19.5))
    bench.market.show(VX_FEB, bid=19.3, ask=19.4, last=19.35)
    assert statuses(bench.tick()) == [(1, "Submitted")]
    assert not bench.exchange.executions()


def test_an_untransmitted_order_is_held_until_it_is_transmitted(bench):
    bench.exchange.place(bench.order("BUY", 1, 20.1, transmit=False))
    assert bench.tick() == []
    assert len(fills(bench.exchange.place(bench.order("BUY", 1, 20.1)))) == 1


def test_a_bracket_works_its_exit_after_the_entry_and_dies_with_it(bench):
    bench.exchange.place(bench.order("BUY", 1, 19.0, order_id=1, transmit=False))
    bench.exchange.place(bench.order("SELL", 1, 25.0, order_id=2, parent_id=1))
    held = [(order.status, order.why_held) for order in bench.exchange.open_orders()]
    assert held == [("Submitted", ""), ("PreSubmitted", "child")]
    bench.market.show(VX_FEB, bid=18.8, ask=18.9)
    assert statuses(bench.tick()) == [(1, "Filled"), (2, "Submitted")]
    bench.exchange.place(bench.order("BUY", 1, 17.0, order_id=3))
    bench.exchange.place(bench.order("SELL", 1, 25.0, order_id=4, parent_id=3))
    assert statuses(bench.exchange.cancel(1, 3)) == [(3, "Cancelled"), (4, "Cancelled")]


def test_a_calendar_spread_fills_both_legs_at_once_within_its_net_limit(bench):
    # buying the front at 20.1 and selling the second at 18.0 costs 2.1
    reports = bench.exchange.place(bench.calendar("BUY", 2, 2.1))
    combo, front, second = fills(reports)
    assert (combo.is_combo, combo.con_id, combo.shares, combo.price) == (True, 0, 2, 2.1)
    assert (front.con_id, front.side, front.price) == (VX_FEB, "BOT", 20.1)
    assert (second.con_id, second.side, second.price) == (VX_MAR, "SLD", 18.0)
    assert [f.exec_id[-5:] for f in (combo, front, second)] == ["01.01", "02.01", "03.01"]
    assert len({f.exec_id[:-5] for f in (combo, front, second)}) == 1
    assert [(r.con_id, r.quantity) for r in reports if isinstance(r, PositionReport)] == [(VX_FEB, 2), (VX_MAR, -2)]


def test_a_resting_calendar_spread_nets_to_its_limit_on_a_cent_grid(bench):
    bench.exchange.place(bench.calendar("SELL", 1, 2.07))
    reports = []
    while bench.exchange.open_orders():
        reports += bench.tick()
    combo, front, second = fills(reports)
    assert combo.price == 2.07
    assert round(front.price - second.price, 10) == 2.07
    assert (front.side, second.side) == ("SLD", "BOT")


def test_a_what_if_changes_nothing(bench):
    before = (bench.exchange.values("DU1234567"), bench.exchange.positions("DU1234567"), bench.exchange.open_orders())
    [report] = bench.exchange.place(bench.order("BUY", 2, 20.1, what_if=True))
    assert isinstance(report, WhatIfReport)
    after = (bench.exchange.values("DU1234567"), bench.exchange.positions("DU1234567"), bench.exchange.open_orders())
    assert before == after


def test_completed_orders_and_executions_are_today_s(bench):
    bench.exchange.place(bench.order("BUY", 1, 20.1))
    assert len(bench.exchange.executions()) == len(bench.exchange.completed_orders()) == 1
    bench.tick(24 * 3600)
    assert not bench.exchange.executions()
    assert not bench.exchange.completed_orders()
