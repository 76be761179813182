"""One order's life, from frames in any order: executions win, ends stick, phantoms prove nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fake_broker import ACCOUNT, VXM
from hypothesis import given
from hypothesis import strategies as st
from stand import buying

from bot.broker.port import Fill, OrderState, OrderTicket, OrderUpdate
from bot.orders import life
from bot.orders.life import DONE, Life, Order
from strategies.alvh.records import Side

T0 = datetime(2018, 2, 5, 15, tzinfo=UTC)
SIZE = 5


def an_order() -> Order:
    ticket = OrderTicket(ref="r", account=ACCOUNT, instrument=VXM, side=Side.BUY, quantity=SIZE, limit=Decimal("20.15"))
    order = Order(ref="r", proposal=buying(SIZE), ticket=ticket, intended_at=T0, limit=ticket.limit)
    return life.sent(order, T0)


def lost() -> Order:
    return life.absent(an_order(), T0)


def status(state: OrderState, filled: int = 0, *, by_error: bool = False) -> OrderUpdate:
    return OrderUpdate(
        ref="r",
        perm_id=9,
        order_id=1,
        con_id=VXM.con_id,
        state=state,
        filled=filled,
        remaining=SIZE - filled,
        by_error=by_error,
    )


def a_fill(quantity: int, number: int = 0, correction: int = 1) -> Fill:
    return Fill(
        ref="r",
        exec_id=f"0000e0d5.{number:08x}.01.{correction:02d}",
        perm_id=9,
        account=ACCOUNT,
        con_id=VXM.con_id,
        side=Side.BUY,
        quantity=quantity,
        price=20.0,
        at=T0,
    )


def hear(order: Order, *events: OrderUpdate | Fill) -> Order:
    for event in events:
        order = life.executed(order, event, T0) if isinstance(event, Fill) else life.updated(order, event, T0)
    return order


def test_a_late_submitted_does_not_revive_a_filled_order() -> None:
    order = hear(an_order(), a_fill(SIZE), status(OrderState.FILLED, SIZE), status(OrderState.WORKING))
    assert (order.life, order.filled, order.done) == (Life.FILLED, SIZE, True)


def test_a_cancellation_by_error_is_unknown_until_a_status_says_otherwise() -> None:
    order = hear(an_order(), status(OrderState.CANCELLED, by_error=True))
    assert order.life is Life.UNKNOWN
    assert hear(order, status(OrderState.WORKING)).life is Life.WORKING
    assert hear(order, status(OrderState.CANCELLED)).life is Life.CANCELLED


def test_a_rejection_by_error_alone_is_unknown_and_one_with_a_status_is_an_end() -> None:
    order = hear(an_order(), status(OrderState.REJECTED, by_error=True))
    assert order.life is Life.UNKNOWN
    assert hear(order, status(OrderState.REJECTED)).life is Life.REJECTED


def test_a_phantom_cancel_after_the_real_end_changes_nothing() -> None:
    order = hear(an_order(), status(OrderState.CANCELLED))
    assert hear(order, status(OrderState.CANCELLED, by_error=True)).life is Life.CANCELLED


def test_an_order_alive_after_its_cancellation_must_be_read_about() -> None:
    order = hear(an_order(), status(OrderState.CANCELLED), status(OrderState.WORKING))
    assert order.life is Life.UNKNOWN


def test_a_cancel_that_loses_the_race_is_a_fill() -> None:
    order = hear(an_order(), status(OrderState.CANCELLED), a_fill(SIZE))
    assert (order.life, order.filled) == (Life.FILLED, SIZE)


def test_the_same_execution_twice_counts_once() -> None:
    once = hear(an_order(), a_fill(2))
    assert life.executed(once, a_fill(2), T0) is once


def test_a_correction_replaces_what_it_corrects_in_either_order() -> None:
    wrong, right = a_fill(2), a_fill(3, correction=2)
    assert hear(an_order(), wrong, right).filled == 3
    assert hear(an_order(), right, wrong).filled == 3


def test_an_execution_taken_back_leaves_the_order_to_be_read_about_and_nothing_missing() -> None:
    filled = hear(an_order(), a_fill(3), a_fill(2, 1), status(OrderState.FILLED, SIZE))
    busted = hear(filled, a_fill(0, 1, correction=2))
    assert (busted.filled, busted.life, busted.missing) == (3, Life.UNKNOWN, 0)
    again = hear(busted, status(OrderState.FILLED, SIZE))  # the broker may go on counting what was taken back
    assert (again.life, again.done, again.remaining) == (Life.FILLED, True, 0)
    assert hear(again, a_fill(2, 1)) == again, "the execution that was taken back does not come back"


def test_a_correction_to_less_of_a_cancelled_order_leaves_it_cancelled() -> None:
    order = hear(an_order(), a_fill(3), status(OrderState.CANCELLED, 3), a_fill(1, correction=2))
    assert (order.life, order.filled, order.done) == (Life.CANCELLED, 1, True)


def test_a_commission_alone_says_nothing_about_an_unknown_order() -> None:
    order = hear(life.unheard(hear(an_order(), a_fill(1)), T0, "silence"), replace(a_fill(1), commission=1.5))
    assert order.life is Life.UNKNOWN


def test_an_execution_of_a_rejected_or_a_gone_order_must_be_read_about() -> None:
    for end in (hear(an_order(), status(OrderState.REJECTED)), life.ended(lost(), Life.GONE, T0, "three readings")):
        assert hear(end, a_fill(1)).life is Life.UNKNOWN


def test_what_the_broker_cannot_find_or_change_is_read_about_and_a_remark_is_not() -> None:
    working = hear(an_order(), status(OrderState.WORKING))
    assert hear(working, replace(status(OrderState.WORKING, by_error=True), code=10148)).life is Life.UNKNOWN
    assert hear(working, replace(status(OrderState.WORKING, by_error=True), code=10349)).life is Life.WORKING
    silent = life.unheard(working, T0, "silence")
    assert hear(silent, replace(status(OrderState.WORKING, by_error=True), code=10349)).life is Life.UNKNOWN


def test_executions_with_other_ids_are_never_taken_for_corrections() -> None:
    first, second = replace(a_fill(2), exec_id="fill.01"), replace(a_fill(2), exec_id="fill.02")
    assert hear(an_order(), first, second).filled == 4


def test_a_commission_that_comes_later_is_kept() -> None:
    order = hear(an_order(), a_fill(2), replace(a_fill(2), commission=1.5), a_fill(2))
    assert [execution.commission for execution in order.executions.values()] == [1.5]


def test_a_filled_status_before_the_execution_leaves_contracts_missing() -> None:
    order = hear(an_order(), status(OrderState.FILLED, SIZE))
    assert (order.done, order.missing, order.remaining) == (False, SIZE, SIZE)
    order = hear(order, a_fill(SIZE))
    assert (order.done, order.missing, order.remaining) == (True, 0, 0)


def test_a_fill_ends_an_unknown_outcome() -> None:
    order = life.unheard(an_order(), T0, "silence")
    assert hear(order, a_fill(1)).life is Life.WORKING
    assert hear(order, a_fill(SIZE)).life is Life.FILLED


def test_a_fill_of_an_order_called_gone_still_counts() -> None:
    order = life.ended(lost(), Life.GONE, T0, "three readings")
    assert hear(order, a_fill(SIZE)).filled == SIZE


def test_absence_counts_only_in_a_row() -> None:
    order = life.absent(life.absent(an_order(), T0), T0 + timedelta(seconds=20))
    assert (order.absent, order.absent_since, order.life) == (2, T0, Life.UNKNOWN)
    assert hear(order, status(OrderState.WORKING)).absent == 0


STATUSES = st.builds(status, st.sampled_from(OrderState), st.integers(0, SIZE), by_error=st.booleans())


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[Fill], list[OrderUpdate | Fill]]:
    """Return true executions, and frames that tell each at least once among any statuses, in any order."""
    left, fills = SIZE, []
    while left and draw(st.booleans()):
        quantity = draw(st.integers(1, left))
        fills.append(a_fill(quantity, len(fills)))
        left -= quantity
    true_total = SIZE - left
    noise = draw(st.lists(STATUSES.filter(lambda update: update.filled <= true_total), max_size=8))
    repeats = draw(st.lists(st.sampled_from(fills), max_size=4)) if fills else []
    return fills, draw(st.permutations([*fills, *repeats, *noise]))


@given(tellings())
def test_whatever_the_order_of_frames_the_executions_are_counted_once(
    told: tuple[list[Fill], list[OrderUpdate | Fill]],
) -> None:
    fills, frames = told
    order = an_order()
    for frame in frames:
        before = order
        order = hear(order, frame)
        assert order.filled >= before.filled
        assert before.life is not Life.FILLED or order.life is Life.FILLED
        assert order.remaining <= SIZE - order.filled
    assert order.filled == sum(fill.quantity for fill in fills)
    if order.filled == SIZE:
        assert order.life is Life.FILLED and order.done
    if order.life is Life.CANCELLED:
        assert any(isinstance(f, OrderUpdate) and f.state is OrderState.CANCELLED and not f.by_error for f in frames)


@given(st.lists(STATUSES, max_size=10))
def test_an_error_frame_alone_never_ends_an_order(frames: list[OrderUpdate]) -> None:
    order = hear(
        an_order(), *(replace(frame, by_error=True) for frame in frames if frame.state is not OrderState.FILLED)
    )
    assert order.life not in DONE
