from __future__ import annotations

from dataclasses import replace

import pytest
from builders import VXM, book, lot, position, state

from strategies.alvh.holdings import believable
from strategies.alvh.records import Side
from strategies.alvh.vix_call import sellable_calls
from tests.strategies.alvh.call_market import account, call_lot, call_order


@pytest.mark.parametrize(("quantity", "shown"), [(1, True), (0, False), (-1, False)])
def test_a_list_without_legs_is_believed_when_it_shows_something_the_bot_owns(quantity: int, shown: bool) -> None:
    futures = book(legs=(), futures=(position(VXM, quantity),))
    assert believable(futures, state(lot(VXM)), 60.0) is shown
    mine = call_lot(6)
    calls = replace(account(mine), legs=())
    calls = replace(calls, vix_options=tuple(replace(option, quantity=quantity) for option in calls.vix_options))
    assert believable(calls, state(calls=(mine,)), 60.0) is shown


@pytest.mark.parametrize(("age_s", "recent"), [(0.0, True), (60.0, True), (60.1, False), (-0.1, False)])
def test_a_list_of_positions_is_believed_up_to_its_age(age_s: float, recent: bool) -> None:
    assert believable(book(age_s=age_s), state(), 60.0) is recent


def test_a_sale_of_another_call_takes_nothing_away() -> None:
    mine = call_lot(6)
    other = state(calls=(mine,), call_orders=(call_order(Side.SELL, 2, strike=22.0, layer=mine.layer),))
    assert sellable_calls(account(mine), other, mine) == 6
