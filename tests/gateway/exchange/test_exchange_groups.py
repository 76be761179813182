"""Orders of one OCA group and the exits of a bracket: what one fills, the others no longer trade."""

from __future__ import annotations

from bot.gateway.exchange import SimulatedExchange
from bot.gateway.records import ErrorReport, OpeningAccount, OrderReport

SECOND = "DU7654321"
VX_FEB = 101


def standing(bench):
    return {(order.request.order_id): (order.status, order.request.quantity) for order in bench.exchange.open_orders()}


def place(bench, order_id, action, quantity, limit, **changes):
    return bench.exchange.place(bench.order(action, quantity, limit, order_id=order_id, **changes))


def test_the_first_fill_of_a_cancelling_group_cancels_the_others(bench):
    for order_id, limit in ((1, 19.0), (2, 18.5), (3, 18.0)):
        place(bench, order_id, "BUY", 2, limit, oca_group="exits", oca_type=1)
    bench.market.show(VX_FEB, bid=18.9, ask=19.0, ask_size=1)
    reports = bench.tick()
    assert list(standing(bench)) == [1]  # filled in part, it keeps working
    cancelled = [r for r in reports if isinstance(r, OrderReport) and r.status == "Cancelled"]
    assert [r.request.order_id for r in cancelled] == [2, 3]
    assert [r.code for r in reports if isinstance(r, ErrorReport)] == [202, 202]


def test_a_reducing_group_loses_what_one_of_it_fills(bench):
    place(bench, 1, "BUY", 5, 19.0, oca_group="exits", oca_type=2)
    place(bench, 2, "BUY", 5, 18.0, oca_group="exits", oca_type=2)
    bench.market.show(VX_FEB, bid=18.9, ask=19.0, ask_size=2)
    bench.tick()
    filled = sum(fill.shares for fill in bench.exchange.executions())
    assert 0 < filled < 5
    assert standing(bench)[2][1] == 5 - filled
    bench.market.show(VX_FEB, bid=18.8, ask=18.9, ask_size=50)
    bench.tick()
    assert standing(bench) == {}


def test_groups_of_other_names_and_accounts_are_left_alone(bench):
    bench.exchange = SimulatedExchange(bench.market, beside=(OpeningAccount(account=SECOND, cash=500_000.0),))
    place(bench, 1, "BUY", 1, 19.0, oca_group="a", oca_type=1)
    place(bench, 2, "BUY", 1, 18.0, oca_group="b", oca_type=1)
    place(bench, 3, "BUY", 1, 18.0, oca_group="a", oca_type=1, account=SECOND)
    place(bench, 4, "BUY", 1, 18.0)
    bench.market.show(VX_FEB, bid=18.9, ask=19.0, ask_size=9)
    bench.tick()
    assert list(standing(bench)) == [2, 3, 4]


def bracket(bench, quantity=2):
    place(bench, 1, "BUY", quantity, 20.1, transmit=False)
    place(bench, 2, "SELL", quantity, 22.0, parent_id=1, transmit=False)
    place(bench, 3, "SELL", quantity, None, order_type="STP", stop=18.0, parent_id=1)


def test_the_profit_of_a_bracket_cancels_its_stop(bench):
    bracket(bench)
    assert {number: status for number, (status, _) in standing(bench).items()} == {2: "Submitted", 3: "PreSubmitted"}
    bench.market.show(VX_FEB, bid=22.0, ask=22.1, bid_size=50, last=22.0)
    bench.tick()
    assert standing(bench) == {}
    assert [held.quantity for held in bench.exchange.positions("DU1234567")] == [0]


def test_the_stop_of_a_bracket_cancels_its_profit(bench):
    bracket(bench)
    bench.market.show(VX_FEB, bid=17.9, ask=18.0, bid_size=50, last=17.95)
    bench.tick()
    assert standing(bench) == {}
    assert [held.quantity for held in bench.exchange.positions("DU1234567")] == [0]


def test_a_profit_taken_in_part_leaves_the_stop_for_the_rest(bench):
    bracket(bench, quantity=5)
    bench.market.show(VX_FEB, bid=22.0, ask=22.1, bid_size=2, last=22.0)
    bench.tick()
    (held,) = bench.exchange.positions("DU1234567")
    assert 0 < held.quantity < 5
    assert standing(bench)[3][1] == held.quantity


def test_cancelling_one_exit_leaves_the_other(bench):
    bracket(bench)
    bench.exchange.cancel(1, 2)
    assert list(standing(bench)) == [3]


def test_children_of_different_parents_do_not_know_each_other(bench):
    bracket(bench)
    place(bench, 11, "BUY", 1, 20.1, transmit=False)
    place(bench, 12, "SELL", 1, 25.0, parent_id=11)
    bench.market.show(VX_FEB, bid=22.0, ask=22.1, bid_size=50, last=22.0)
    bench.tick()
    assert 12 in standing(bench)
