"""What the exchange refuses, and in which of IB's words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.gateway.errors import ScenarioError
from bot.gateway.records import ErrorReport, FillReport, OpeningPosition, OrderReport

SPX, VX_FEB, SHORT_CALL = 416904, 101, 303


def errors(reports):
    return [r.code for r in reports if isinstance(r, ErrorReport)]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (110, {"limit": 20.12}),
        (200, {"con_id": 999}),
        (321, {"account": "U999"}),
        (321, {"quantity": 0}),
        (321, {"quantity": 1.5}),
        (321, {"quantity": float("inf")}),
        (321, {"quantity": float("nan")}),
        (321, {"limit": float("nan")}),
        (321, {"limit": -1.0}),
        (321, {"tif": "OPG"}),
        (135, {"parent_id": 77}),
        (321, {"tif": "GTD"}),
        (321, {"limit": None, "order_type": "LMT"}),
        (387, {"con_id": SPX}),
        (387, {"order_type": "MIDPRICE"}),
        (201, {"limit": 22.5}),  # the ask is 20.1, and 10% through it is 22.11
    ],
)
def test_an_order_that_breaks_a_rule_gets_ib_s_code_and_changes_nothing(bench, code, changes):
    terms = {"action": "BUY", "quantity": 1, "limit": 20.0} | changes
    reports = bench.exchange.place(bench.order(**terms))
    assert errors(reports) == [code]
    assert not bench.exchange.open_orders()
    assert not bench.exchange.executions()


def test_the_wrong_tick_is_named_in_ib_s_words(bench):
    [error] = bench.exchange.place(bench.order("BUY", 1, 20.12))
    assert error.text == "The price does not conform to the minimum price variation for this contract."


def test_the_mini_s_tick_is_a_cent(bench):
    assert errors(bench.exchange.place(bench.order("BUY", 1, 20.03, con_id=201))) == []


def test_too_little_equity_ends_as_inactive_with_the_reason(bench):
    reports = bench.exchange.place(bench.order("BUY", 100, 20.0))
    error, order = reports
    assert error.code == 201
    assert error.text.startswith("Order rejected - reason:YOUR ORDER IS NOT ACCEPTED.")
    assert isinstance(order, OrderReport)
    assert (order.status, order.filled) == ("Inactive", 0)
    assert bench.exchange.completed_orders() == [order]


def test_cfe_takes_market_orders_in_regular_hours_only(bench):
    bench.market.regular = False
    reports = bench.exchange.place(bench.order("BUY", 1, outside_rth=True))
    assert errors(reports) == [201]
    assert reports[-1].status == "Inactive"


def test_a_limit_order_outside_rth_works_in_extended_hours(bench):
    bench.market.regular = False
    reports = bench.exchange.place(bench.order("BUY", 1, 20.1, outside_rth=True))
    assert any(isinstance(r, FillReport) for r in reports)


def test_an_order_before_the_open_waits_for_it_and_is_told_until_when(bench):
    bench.market.regular = False
    bench.market.advance(bench.market.start - timedelta(hours=2))  # 07:00 in Chicago
    order, notice = bench.exchange.place(bench.order("BUY", 1, 20.1))
    assert order.status == "PreSubmitted"
    assert notice.code == 399
    assert notice.text.endswith("will not be placed at the exchange until 20180205 08:30:00 US/Central.")
    assert bench.tick() == []
    bench.market.regular = True
    assert [r.shares for r in bench.tick() if isinstance(r, FillReport)] == [1]


def test_an_order_id_at_or_below_a_done_one_is_a_duplicate(bench):
    bench.exchange.place(bench.order("BUY", 1, 19.0, order_id=5))
    bench.exchange.cancel(1, 5)
    assert errors(bench.exchange.place(bench.order("BUY", 1, 19.0, order_id=5))) == [103]
    assert errors(bench.exchange.place(bench.order("BUY", 1, 19.0, order_id=4))) == [103]
    assert errors(bench.exchange.place(bench.order("BUY", 1, 19.0, order_id=4, client_id=2))) == []


def test_a_filled_order_cannot_be_modified(bench):
    bench.exchange.place(bench.order("BUY", 1, 20.1))
    assert errors(bench.exchange.place(bench.order("BUY", 2, 20.1))) == [104]


@pytest.mark.parametrize("changes", [{"action": "SELL"}, {"con_id": 102}, {"order_type": "STP LMT", "stop": 19.0}])
def test_a_modification_must_match_the_original(bench, changes):
    bench.exchange.place(bench.order("BUY", 1, 18.0))
    reports = bench.exchange.place(bench.order(**({"action": "BUY", "quantity": 1, "limit": 18.0} | changes)))
    assert errors(reports) == [105]
    assert bench.exchange.open_orders()[0].request.action == "BUY"


def test_a_modification_below_what_is_filled_is_refused_and_the_order_lives(bench):
    bench.exchange.place(bench.order("BUY", 15, 20.1))
    assert errors(bench.exchange.place(bench.order("BUY", 10, 20.1))) == [105]
    assert bench.exchange.open_orders()[0].remaining == 5


def test_cancels_of_what_is_unknown_filled_rejected_and_cancelled_differ(bench):
    exchange = bench.exchange
    assert errors(exchange.cancel(1, 77)) == [10147]
    exchange.place(bench.order("BUY", 1, 20.1, order_id=1))
    [error] = exchange.cancel(1, 1)
    assert error.code == 10148
    assert error.text == "OrderId 1 that needs to be cancelled can not be cancelled, state: Filled."
    exchange.place(bench.order("BUY", 1, 19.0, order_id=2))
    assert errors(exchange.cancel(1, 2)) == [202]
    assert errors(exchange.cancel(1, 2)) == [10148]
    exchange.place(bench.order("BUY", 500, 19.0, order_id=3))
    assert errors(exchange.cancel(1, 3)) == [161]


def test_a_combination_of_one_contract_is_refused(bench):
    request = bench.calendar("BUY", 1, 2.0)
    twice = (request.legs[0], request.legs[0])
    assert errors(bench.exchange.place(bench.calendar("BUY", 1, 2.0))) == []
    assert errors(bench.exchange.place(bench.order("BUY", 1, 2.0, order_id=9, con_id=0, legs=twice))) == [201]


def test_an_expired_contract_takes_no_orders(bench):
    bench.market.advance(bench.market.contract(VX_FEB).settles_at)
    assert errors(bench.exchange.place(bench.order("BUY", 1, 20.0))) == [201]


def test_an_immediate_order_outside_its_hours_is_cancelled(bench):
    bench.market.regular = False
    assert errors(bench.exchange.place(bench.order("BUY", 1, 20.1, tif="IOC"))) == [202]


def test_an_opening_position_in_an_unknown_contract_is_an_error(make_bench):
    with pytest.raises(ScenarioError, match="conId 999"):
        make_bench(opening=(OpeningPosition(con_id=999, quantity=1, price=1.0),))


def test_a_stop_limit_far_from_the_market_waits_and_is_not_refused(bench):
    far = bench.order("BUY", 1, 30.0, order_type="STP LMT", stop=29.0)
    [order] = [report for report in bench.exchange.place(far) if isinstance(report, OrderReport)]
    assert order.status == "PreSubmitted"
