"""Strings of the simulated exchange that only faults pull: held orders, forced fills, corrected executions."""

from __future__ import annotations

import pytest

from bot.gateway.faults.strings import Strings
from bot.gateway.records import FillReport, OrderReport, PositionReport

VX_FEB = 101
KEY = (1, 1)


def fills(reports):
    return [each for each in reports if isinstance(each, FillReport)]


def last_order(reports):
    return [each for each in reports if isinstance(each, OrderReport)][-1]


def held(bench):
    return next((each.quantity for each in bench.exchange.positions("DU1234567") if each.con_id == VX_FEB), 0.0)


def test_the_simulated_exchange_has_strings(bench):
    assert isinstance(bench.exchange, Strings)


def test_an_order_that_is_held_is_accepted_and_not_matched_until_it_is_let_go(bench):
    bench.exchange.hold(*KEY, held=True)
    reports = bench.exchange.place(bench.order("BUY", 3, 20.1))
    assert last_order(reports).status == "Submitted"
    for _ in range(20):
        assert not fills(bench.tick())
    bench.exchange.hold(*KEY, held=False)
    assert last_order(bench.tick()).status == "Filled"


def test_a_held_order_can_be_changed_and_cancelled(bench):
    bench.exchange.hold(*KEY, held=True)
    bench.exchange.place(bench.order("BUY", 3, 20.1))
    assert not fills(bench.exchange.place(bench.order("BUY", 3, 20.5)))
    assert last_order(bench.exchange.cancel(*KEY)).status == "Cancelled"


def test_a_forced_fill_is_booked_like_any_other_at_the_orders_limit(bench):
    bench.exchange.place(bench.order("BUY", 3, 19.0))
    reports = bench.exchange.fill(*KEY, 1.0)
    (fill,) = fills(reports)
    assert (fill.shares, fill.price, fill.cumulative) == (1.0, 19.0, 1.0)
    assert (last_order(reports).status, last_order(reports).remaining) == ("Submitted", 2.0)
    assert held(bench) == 1.0
    assert last_order(bench.exchange.fill(*KEY, 99.0)).status == "Filled"
    assert held(bench) == 3.0
    assert bench.exchange.fill(*KEY, 1.0) == []


def test_a_forced_fill_of_an_unknown_order_is_nothing(bench):
    assert bench.exchange.fill(9, 9, 1.0) == []


@pytest.mark.parametrize(("shares", "price"), [(2.0, 20.05), (1.0, 20.1), (0.0, 20.1)])
def test_a_correction_moves_position_cash_and_the_orders_count_to_what_should_have_been(bench, shares, price):
    ledger = bench.exchange._accounts.of("").ledger
    cash = ledger.cash
    bench.exchange.place(bench.order("BUY", 2, 20.1))
    (fill,) = bench.exchange.executions()
    correction, told = bench.exchange.amend(fill.exec_id, shares=shares, price=price)
    assert correction.exec_id == f"{fill.exec_id[:-2]}02"
    assert (correction.shares, correction.price, correction.perm_id) == (shares, price, fill.perm_id)
    assert isinstance(told, PositionReport)
    assert told.quantity == held(bench) == shares
    assert [each.exec_id for each in bench.exchange.executions()] == [fill.exec_id, correction.exec_id]
    assert bench.exchange.completed_orders()[0].filled == shares
    position = ledger.positions[VX_FEB]
    worth = ledger.cash + position.value(20.0) - position.basis
    assert worth == pytest.approx(cash - fill.commission + shares * (20.0 - price) * 1000.0)


def test_a_correction_of_what_was_never_executed_is_nothing(bench):
    assert bench.exchange.amend("nonsense", shares=1.0, price=20.0) == []


def test_an_order_that_two_hold_is_let_go_by_both(bench):
    bench.exchange.hold(*KEY, held=True)
    bench.exchange.hold(*KEY, held=True)
    bench.exchange.place(bench.order("BUY", 3, 20.1))
    bench.exchange.hold(*KEY, held=False)
    assert not fills(bench.tick())
    bench.exchange.hold(*KEY, held=False)
    assert fills(bench.tick())


def test_an_order_that_waits_for_its_session_cannot_be_filled(bench):
    bench.market.regular = bench.market.extended = False
    bench.exchange.place(bench.order("BUY", 3, 20.1))
    assert bench.exchange.fill(*KEY, 1.0) == []
