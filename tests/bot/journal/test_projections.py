"""Lots, today's purchases and locks follow from executions alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import OPEN, condor
from fake_broker import SETTLES, VXM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stand import Stand, buying, selling

from bot.guard.controls import GuardSettings
from bot.journal import JournalReader, Kind, Wakeup, hedge_state, journal_path, orders, record_wakeup
from bot.journal.codec import to_json
from bot.journal.tally import FirstSight
from bot.orders.desk import Outcome
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import Purpose

MINUTE = timedelta(minutes=1)
FREE = GuardSettings(
    messages_per_minute=999,
    messages_per_day=9999,
    max_position_minis=999,
    max_order_minis=99,
    repeat_fills=999,
    duplicate_s=0,
    loss_unwind_share=1.0,
)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(folder=tmp_path, guard=FREE)


def trade(stand: Stand, proposal: object, price: float) -> None:
    assert stand.submit(proposal) is Outcome.SENT  # type: ignore[arg-type]
    ticket = stand.broker.placed[-1]
    stand.broker.say(ticket.ref)
    stand.broker.fill(ticket.ref, ticket.quantity, price)
    stand.clock.move(stand.clock.now() + timedelta(minutes=1))


def held(stand: Stand) -> list[tuple[int, int, float]]:
    return [(lot.tranche, lot.quantity, lot.price) for lot in stand.projection.lots()]


def test_a_sale_takes_the_highest_entry_first(stand: Stand) -> None:
    for tranche, price in ((1, 18.0), (2, 22.0), (3, 20.0)):
        trade(stand, buying(2, key=f"b{tranche}", tranche=tranche), price)
    trade(stand, selling(3), 21.0)
    assert held(stand) == [(1, 2, 18.0), (3, 1, 20.0)]


def test_a_sale_that_names_a_tranche_takes_that_one_first(stand: Stand) -> None:
    for tranche, price in ((1, 18.0), (2, 22.0)):
        trade(stand, buying(2, key=f"b{tranche}", tranche=tranche), price)
    trade(stand, selling(3, purpose=Purpose.LOSS_STOP, tranche=1), 16.0)
    assert held(stand) == [(2, 1, 22.0)]


def test_fills_of_one_tranche_make_one_lot_at_their_average(stand: Stand) -> None:
    ref = stand.buy(4)
    stand.broker.fill(ref, 1, 20.0)
    stand.broker.fill(ref, 3, 20.4)
    assert held(stand) == [(1, 4, pytest.approx(20.3))]
    state = stand.projection.state(stand.view().session.day)
    assert (state.bought_today_minis, state.last_buy_price, state.last_fill_at) == (4, 20.4, stand.now())
    assert (state.lots[0].settles_on, state.lots[0].trading_class) == (SETTLES, "VXM")


def test_what_was_bought_today_is_forgotten_tomorrow_and_settled_lots_are_gone(stand: Stand) -> None:
    trade(stand, buying(2), 20.0)
    day = stand.view().session.day
    assert stand.projection.state(day).bought_today_minis == 2
    tomorrow = stand.projection.state(day + timedelta(days=1))
    assert (tomorrow.bought_today_minis, len(tomorrow.lots)) == (0, 1)
    assert stand.projection.state(SETTLES).lots == ()


def test_profit_is_that_of_the_lots_a_sale_took_and_fees_are_the_reported_ones(stand: Stand) -> None:
    for tranche, price in ((1, 18.0), (2, 22.0)):
        trade(stand, buying(2, key=f"b{tranche}", tranche=tranche), price)
    # the two at 22 go first, then one at 18: 2 * -1 + 1 * 3 points of 100 $
    trade(stand, selling(3), 21.0)
    state = stand.projection.state(stand.view().session.day)
    assert state.realised_usd == pytest.approx(100.0)
    assert state.fees_usd == 0.0
    sold = stand.broker.placed[-1].ref
    reported = replace(next(iter(stand.projection.orders[sold].executions.values())), commission=1.65)
    stand.projection.orders[sold] = replace(stand.projection.orders[sold], executions={reported.exec_id: reported})
    assert stand.projection.state(stand.view().session.day).fees_usd == 1.65


def test_trades_before_the_oldest_leg_still_held_no_longer_count() -> None:
    sight = FirstSight()
    assert sight.oldest is None
    sight.look([7, 8], OPEN)
    sight.look([8, 9], OPEN + MINUTE)
    assert sight.oldest == OPEN  # leg 8 stays
    sight.look([], OPEN + 2 * MINUTE)
    assert sight.oldest == OPEN  # an empty list proves nothing
    sight.look([9, 10], OPEN + 3 * MINUTE)
    assert sight.oldest == OPEN + MINUTE


def test_more_of_the_same_condors_at_another_price_are_still_the_same_legs(stand: Stand) -> None:
    for price in (1.0, 1.25):
        legs = tuple(replace(leg, avg_price=price) for leg in condor())
        view, of, known = stand.view(), stand.book(legs=legs), stand.projection.state(stand.view().session.day)
        wakeup = Wakeup(view=view, book=of, state=known, decision=decide(view, of, known, Policy()))
        record_wakeup(stand.journal, stand.projection.shelf, wakeup, at=view.now)
        if price == 1.0:
            trade(stand, buying(2, key="b1"), 18.0)
            trade(stand, selling(1, key="s1"), 16.0)
    assert stand.projection.state(stand.view().session.day).realised_usd == pytest.approx(-200.0)


def test_profit_and_fees_start_anew_with_the_condors(stand: Stand) -> None:
    trade(stand, buying(2, key="b1"), 18.0)
    trade(stand, selling(1, key="s1"), 16.0)
    stand.projection._sight.look([1], stand.clock.now())
    day = stand.view().session.day
    assert stand.projection.state(day).realised_usd == 0.0
    trade(stand, selling(1, key="s2"), 17.5)
    assert stand.projection.state(day).realised_usd == pytest.approx(-50.0)


def test_a_lock_for_one_day_holds_that_day_only(stand: Stand) -> None:
    day = stand.view().session.day
    stand.desk.lock("loss", "lost too much", day)
    assert stand.projection.locked(day) == ("lost too much",)
    assert stand.projection.locked(day + timedelta(days=1)) == ()
    stand.desk.lock("loss", "", None)
    assert stand.projection.locked(day) == ()


def test_an_entry_of_an_unknown_order_changes_nothing(stand: Stand) -> None:
    ref = stand.buy(2)
    fill = stand.broker.fill(ref, 1)
    before = stand.projection.state(stand.view().session.day)
    stand.journal.append(Kind.SENT, {"ref": "nobody"}, at=fill.at)
    assert stand.projection.state(stand.view().session.day) == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4), st.integers(15, 40)), min_size=1, max_size=12), st.data())
def test_lots_add_up_to_the_executions_and_a_cold_fold_equals_the_warm_one(
    tmp_path_factory: pytest.TempPathFactory, trades: list[tuple[bool, int, int]], data: st.DataObject
) -> None:
    stand = Stand(folder=tmp_path_factory.mktemp("fold"), guard=FREE)
    total = 0
    for number, (buy, quantity, price) in enumerate(trades):
        if not buy and quantity > total:
            continue
        tranche = data.draw(st.integers(1, 3))
        make = buying if buy else selling
        trade(stand, make(quantity, key=f"t{number}", tranche=tranche if buy else None), float(price))
        total += quantity if buy else -quantity
        assert sum(lot.quantity for lot in stand.projection.lots()) == total == stand.broker.held.get(VXM.con_id, 0)
        assert all(lot.quantity > 0 for lot in stand.projection.lots())
    day = stand.view().session.day
    entries = list(JournalReader.open(journal_path(stand.folder, "paper", "DU1234567")).entries())
    assert hedge_state(entries, day) == stand.projection.state(day)
    assert orders(entries) == tuple(stand.projection.orders.values())
    stand.die()


def test_a_settled_future_is_no_longer_owned_from_the_first_entry_of_that_day(stand: Stand) -> None:
    trade(stand, buying(2, key="b1"), 18.0)
    made = stand.projection.state(stand.view().session.day).realised_usd
    stand.clock.move(stand.clock.now() + timedelta(days=(SETTLES - stand.clock.now().date()).days - 1))
    stand.journal.append(Kind.NOTE, {}, at=stand.clock.now())
    assert stand.projection.position(VXM.con_id) == 2, "on the day before it settles it is owned"
    stand.clock.move(stand.clock.now() + timedelta(days=1))
    stand.journal.append(Kind.NOTE, {}, at=stand.clock.now())
    assert stand.projection.lots() == ()
    assert stand.projection.position(VXM.con_id) == 0
    assert stand.projection.nets(SETTLES) == {}
    assert not stand.desk.has_work(), "what has settled is watched no longer"
    assert stand.projection.state(SETTLES).realised_usd == made, "its settlement price is not known, so nothing is made"


def test_what_the_operator_accepts_as_gone_leaves_the_dearest_lots_first_and_makes_no_profit(stand: Stand) -> None:
    trade(stand, buying(2, key="b1"), 18.0)
    stand.clock.move(stand.clock.now() + timedelta(minutes=20))
    trade(stand, buying(2, key="b2", tranche=2), 19.0)
    day = stand.view().session.day
    stand.journal.append(
        Kind.ADJUST, {"con_id": VXM.con_id, "was": 4, "now": 1, "by": "ann"}, at=stand.clock.now() + MINUTE
    )
    assert [(lot.quantity, lot.price) for lot in stand.projection.lots()] == [(1, 18.0)]
    assert stand.projection.nets(day) == {VXM.con_id: 1}
    assert stand.projection.state(day).realised_usd == 0.0
    stand.clock.move(stand.clock.now() + timedelta(minutes=20))
    trade(stand, buying(1, key="b3", tranche=3), 17.0)
    assert stand.projection.position(VXM.con_id) == 2, "what was bought afterwards is not touched"


def test_what_is_bought_after_a_trade_was_taken_back_first_makes_up_for_what_was_sold(stand: Stand) -> None:
    trade(stand, buying(2, key="b1"), 18.0)
    bought = stand.broker.fills[-1]
    trade(stand, selling(2, key="s1"), 18.5)
    stand.broker.correct(bought, 0)
    day = stand.view().session.day
    assert (stand.projection.lots(), stand.projection.nets(day)) == ((), {VXM.con_id: -2})
    again = replace(bought, exec_id="0000e0d5.0000ffff.01.01", quantity=1, at=stand.clock.now())
    stand.journal.append(Kind.FILL, to_json(again), at=stand.clock.now())
    assert stand.projection.lots() == (), "one of the two that were sold and never bought"
    again = replace(again, exec_id="0000e0d5.0000fffe.01.01", quantity=3)
    stand.journal.append(Kind.FILL, to_json(again), at=stand.clock.now())
    assert [lot.quantity for lot in stand.projection.lots()] == [2]
    assert stand.projection.nets(day) == {VXM.con_id: 2}
