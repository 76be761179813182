from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.broker.ledger import Ledger
from bot.broker.port import Fill, OrderState, OrderUpdate
from strategies.alvh.records import Side

CON_ID = 5


def update(ref, state, *, filled=0, remaining=0, by_error=False):
    return OrderUpdate(
        ref=ref,
        perm_id=0,
        order_id=1,
        con_id=CON_ID,
        state=state,
        filled=filled,
        remaining=remaining,
        side=Side.SELL,
        by_error=by_error,
    )


def fill(ref, quantity, exec_id="a.b.01.01", side=Side.SELL):
    return Fill(
        ref=ref,
        exec_id=exec_id,
        perm_id=0,
        account="DU1",
        con_id=CON_ID,
        side=side,
        quantity=quantity,
        price=20.0,
        at=datetime(2026, 3, 2, tzinfo=UTC),
    )


def holding(quantity):
    ledger = Ledger()
    ledger.positions({CON_ID: quantity})
    return ledger


def test_nothing_can_be_sold_before_positions_are_confirmed():
    assert Ledger(held={CON_ID: 5}).sellable(CON_ID) == 0


def test_an_offered_contract_cannot_be_offered_again():
    ledger = holding(5)
    ledger.sent("s", CON_ID, Side.SELL, 3)
    assert ledger.sellable(CON_ID) == 2


def test_a_cancel_that_only_an_error_claims_frees_nothing():
    ledger = holding(5)
    ledger.sent("s", CON_ID, Side.SELL, 3)
    ledger.updated(update("s", OrderState.CANCELLED, remaining=3, by_error=True))
    assert ledger.sellable(CON_ID) == 2
    ledger.updated(update("s", OrderState.CANCELLED, remaining=3))
    assert ledger.sellable(CON_ID) == 5


def test_between_the_fill_and_the_pushed_position_nothing_is_sold_twice():
    ledger = holding(5)
    ledger.sent("s", CON_ID, Side.SELL, 5)
    ledger.updated(update("s", OrderState.FILLED, filled=5))
    assert ledger.sellable(CON_ID) == 0
    ledger.filled(fill("s", 5))
    assert ledger.sellable(CON_ID) == 0
    ledger.position(CON_ID, 0)
    assert ledger.sellable(CON_ID) == 0


def test_a_corrected_execution_is_counted_once():
    ledger = holding(5)
    ledger.filled(fill("s", 2, "a.b.01.01"))
    ledger.filled(fill("s", 2, "a.b.01.02"))
    assert ledger.held[CON_ID] == 3


def test_a_correction_makes_the_count_smaller_at_once_and_larger_only_by_the_next_snapshot():
    ledger = holding(5)
    ledger.filled(fill("s", 2, "a.b.01.01"))
    ledger.filled(fill("s", 3, "a.b.01.02"))
    assert ledger.held[CON_ID] == 2
    ledger.filled(fill("s", 0, "a.b.01.03"))
    assert ledger.held[CON_ID] == 2
    ledger.filled(fill("s", 3, "a.b.01.02"))
    assert ledger.held[CON_ID] == 2, "an older correction comes too late"


def test_a_purchase_that_is_taken_back_cannot_be_sold():
    ledger = holding(5)
    ledger.filled(fill("b", 2, "b.b.01.01", side=Side.BUY))
    ledger.filled(fill("b", 0, "b.b.01.02", side=Side.BUY))
    assert ledger.sellable(CON_ID) == 3


def test_a_sell_of_another_client_counts():
    ledger = holding(5)
    ledger.updated(update("foreign", OrderState.WORKING, filled=1, remaining=3))
    assert ledger.sellable(CON_ID) == 2


def test_what_a_lost_order_offered_can_be_offered_again_once_readings_proved_it_gone():
    ledger = holding(5)
    ledger.sent("s", CON_ID, Side.SELL, 3)
    ledger.forget("s")
    assert ledger.sellable(CON_ID) == 5
    ledger.updated(update("s", OrderState.WORKING, remaining=3))
    assert ledger.sellable(CON_ID) == 2, "it was somewhere after all"


events = st.lists(
    st.tuples(st.sampled_from(["send", "fill", "cancel", "phantom", "push"]), st.integers(1, 5)), max_size=40
)


@given(held=st.integers(0, 10), steps=events)
def test_what_is_offered_and_sold_never_exceeds_what_was_held(held, steps):
    ledger = holding(held)
    true_held, working = held, {}
    for number, (kind, size) in enumerate(steps):
        if kind == "send":
            quantity = min(size, ledger.sellable(CON_ID))
            if quantity:
                working[f"s{number}"] = quantity
                ledger.sent(f"s{number}", CON_ID, Side.SELL, quantity)
        elif kind == "push":
            ledger.position(CON_ID, true_held)
        elif working:
            ref = sorted(working)[size % len(working)]
            if kind == "fill":
                sold = min(size, working[ref])
                working[ref] -= sold
                true_held -= sold
                ledger.filled(fill(ref, sold, f"x{number}.01"))
                if not working[ref]:
                    working.pop(ref)
            else:
                state = OrderState.CANCELLED
                ledger.updated(update(ref, state, remaining=working[ref], by_error=kind == "phantom"))
                if kind == "cancel":
                    working.pop(ref)
        assert sum(working.values()) <= true_held
        assert ledger.sellable(CON_ID) + sum(working.values()) <= true_held
