"""Whatever the broker says, true or false, in any order: what is owned is what was executed, and nothing goes twice."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from fake_broker import ACCOUNT, VX, VXM
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from stand import Stand, buying, selling

from bot.broker.codes import CODES, RESTORED_DATA_LOST
from bot.broker.port import Fill, Notice, OrderState, OrderTicket, OrderUpdate
from bot.errors import Refuse
from bot.guard.controls import GuardSettings
from bot.journal import Projection
from bot.orders import life
from bot.orders.life import DONE, Life, Order
from bot.supervise.inbox import Say
from strategies.alvh.records import Side

T0 = datetime(2018, 2, 5, 15, tzinfo=UTC)
SIZE = 4
STATES = st.sampled_from(OrderState)
CODE = st.sampled_from([None, *sorted(CODES), 99999])
QUANTITY = st.integers(0, SIZE)


class OneOrder(RuleBasedStateMachine):
    """Tell one order anything at all, and keep count of its executions beside it."""

    def __init__(self) -> None:
        super().__init__()
        ticket = OrderTicket(
            ref="r", account=ACCOUNT, instrument=VXM, side=Side.BUY, quantity=SIZE, limit=Decimal("20.15")
        )
        self.order = Order(ref="r", proposal=buying(SIZE), ticket=ticket, intended_at=T0, limit=ticket.limit)
        self.counted: dict[int, tuple[int, int]] = {}  # number of an execution: revision and quantity
        self.before = self.order

    def take(self, after: Order) -> None:
        self.before, self.order = self.order, after

    @rule()
    def handed_over(self) -> None:
        self.take(life.sent(self.order, T0))

    @rule(state=STATES, by_error=st.booleans(), filled=QUANTITY, code=CODE, perm_id=st.integers(0, 2))
    def status(self, state: OrderState, by_error: bool, filled: int, code: int | None, perm_id: int) -> None:
        update = OrderUpdate(
            ref="r",
            perm_id=perm_id,
            order_id=1,
            con_id=VXM.con_id,
            state=state,
            filled=filled,
            remaining=SIZE - filled,
            by_error=by_error,
            code=code,
        )
        self.take(life.updated(self.order, update, T0))
        if by_error:
            assert self.order.life in (self.before.life, Life.UNKNOWN), "an error proves nothing"

    @rule(number=st.integers(0, 3), revision=st.integers(1, 12), quantity=QUANTITY, commission=st.none() | st.just(1.0))
    def execution(self, number: int, revision: int, quantity: int, commission: float | None) -> None:
        known = self.counted.get(number)
        if known is None or revision > known[0]:
            self.counted[number] = (revision, quantity)
        elif revision == known[0]:
            quantity = known[1]  # the same execution says the same
        fill = Fill(
            ref="r",
            exec_id=f"0000e0d5.{number:08x}.01.{revision:02d}",
            perm_id=1,
            account=ACCOUNT,
            con_id=VXM.con_id,
            side=Side.BUY,
            quantity=quantity,
            price=20.0,
            at=T0,
            commission=commission,
        )
        self.take(life.executed(self.order, fill, T0))

    @rule()
    def silence(self) -> None:
        self.take(life.unheard(self.order, T0, "silence"))

    @rule()
    def absent(self) -> None:
        self.take(life.absent(self.order, T0))

    @precondition(lambda self: self.order.life is Life.UNKNOWN)
    @rule()
    def given_up(self) -> None:
        self.take(life.ended(self.order, Life.GONE, T0, "readings"))

    @rule()
    def cancel_asked(self) -> None:
        self.take(life.changed(self.order, T0, None, 0))

    @invariant()
    def filled_is_the_sum_of_executions_after_corrections(self) -> None:
        assert self.order.filled == sum(quantity for _, quantity in self.counted.values())

    @invariant()
    def what_is_executed_in_full_is_filled(self) -> None:
        assert self.order.filled < SIZE or self.order.life is Life.FILLED

    @invariant()
    def an_end_sticks_but_for_executions_doubt_and_a_better_known_end(self) -> None:
        before, after = self.before, self.order
        if before.life in DONE and after.filled == before.filled:
            assert after.life in DONE | {Life.UNKNOWN}
            assert before.life is not Life.FILLED or after.life is Life.FILLED

    @invariant()
    def what_may_still_come_is_never_more_than_what_was_ordered(self) -> None:
        assert 0 <= self.order.remaining <= SIZE
        assert self.order.missing <= SIZE

    @invariant()
    def what_is_unknown_says_since_when_and_is_not_done(self) -> None:
        assert (self.order.unknown_since is not None) == (self.order.life is Life.UNKNOWN)
        assert not (self.order.done and self.order.life not in DONE)


class Watched:
    """Look at each order at the moment at which it leaves the desk."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.sent: list[str] = []
        self.place, self.reprice = stand.broker.place, stand.broker.reprice

    def placed(self, ticket: OrderTicket) -> None:
        seen, con_id = self.stand.projection, ticket.instrument.con_id
        assert ticket.ref not in self.sent, "one intent, two sends"
        self.sent.append(ticket.ref)
        assert seen.orders[ticket.ref].life is Life.INTENDED, "the intent is in the journal, and this is its only send"
        if ticket.side is Side.SELL:
            sales = (o for o in seen.open_orders if o.ref != ticket.ref and o.ticket.side is Side.SELL)
            selling_now = sum(order.remaining for order in sales if order.ticket.instrument.con_id == con_id)
            assert ticket.quantity <= seen.position(con_id) - selling_now, "a sale of what is not ours"
            self.count(con_id, ticket.quantity)
        else:
            day = self.stand.view().session.day
            assert not seen.locked(day), "opened while locked"
            assert not seen.locked_on(con_id), "opened in a locked contract"
        self.place(ticket)

    def count(self, con_id: int, quantity: int) -> None:
        """Refuse as the real broker object does, which hears of every position, what the account does not hold."""
        broker = self.stand.broker
        live = [ticket for ticket in broker.tickets.values() if ticket.side is Side.SELL]
        refs = {ticket.ref for ticket in live if ticket.instrument.con_id == con_id}
        left = sum(ticket.quantity for ticket in live if ticket.ref in refs)
        left -= sum(fill.quantity for fill in broker.fills if fill.ref in refs)
        if quantity > broker.held.get(con_id, 0) - left:
            raise Refuse("long only: nothing was sent")

    def repriced(self, ref: str, limit: Decimal) -> None:
        assert self.stand.projection.orders[ref].life is Life.WORKING, "what is not known to work is not touched"
        self.reprice(ref, limit)


REFS = st.integers(0, 30)
WORDS = st.sampled_from([Say.FLATTEN, Say.ACCEPT, Say.ACCEPT, Say.REARM, Say.REARM, Say.REARM, Say.KILL])
some_placed = precondition(lambda self: self.stand.broker.placed)
some_live = precondition(lambda self: self.stand.broker.tickets)
some_filled = precondition(lambda self: self.stand.broker.fills)
TOLD = st.booleans()


class Desk(RuleBasedStateMachine):
    """Drive the whole desk before a broker that tells the truth, repeats itself, contradicts itself and is cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        guard = GuardSettings(
            messages_per_minute=999,
            messages_per_day=9999,
            max_position_minis=999,
            max_order_minis=99,
            repeat_fills=999,
            duplicate_s=0,
            max_bought_share=999,
            loss_unwind_share=1.0,
            loss_kill_share=9.0,
        )
        self.stand = Stand(folder=Path(self.place.name), guard=guard)
        watched = Watched(self.stand)
        self.stand.broker.place = watched.placed  # type: ignore[method-assign]
        self.stand.broker.reprice = watched.repriced  # type: ignore[method-assign]
        self.loop = asyncio.new_event_loop()
        self.counter = 0
        self.keys: list[Any] = []
        self.told: dict[str, dict[str, tuple[str, int]]] = {}  # ref: root: id and quantity

    def teardown(self) -> None:
        self.the_journal_tells_everything()
        self.stand.journal.close()
        self.loop.close()
        self.place.cleanup()

    def ref(self, number: int) -> str:
        return self.stand.broker.placed[number % len(self.stand.broker.placed)].ref

    def tell(self, fill: Fill) -> None:
        known = self.told.setdefault(fill.ref, {})
        if fill.root not in known or known[fill.root][0] < fill.exec_id:
            known[fill.root] = (fill.exec_id, fill.quantity)
        self.stand.broker.tell_fill(fill)

    def learn(self) -> None:
        """Count what a complete reading told."""
        for fill in self.stand.broker.fills:
            known = self.told.setdefault(fill.ref, {})
            if fill.root not in known or known[fill.root][0] < fill.exec_id:
                known[fill.root] = (fill.exec_id, fill.quantity)

    def live(self, number: int) -> OrderTicket:
        live = list(self.stand.broker.tickets.values())
        return live[number % len(live)]

    # --- what the bot does

    @initialize(quantity=st.integers(0, SIZE))
    def something_is_owned(self, quantity: int) -> None:
        if quantity:
            self.buy(quantity, False, False, False)
            ref = self.stand.broker.placed[0].ref
            self.stand.broker.say(ref)
            self.tell(self.stand.broker.fill(ref, quantity, tell=False))
            self.time_passes(300)

    @rule(quantity=st.integers(1, SIZE), big=st.booleans(), lost=st.booleans(), failed=st.booleans())
    def buy(self, quantity: int, big: bool, lost: bool, failed: bool) -> None:
        self.counter += 1
        proposal = buying(quantity, key=f"b{self.counter}", instrument=VX if big else VXM)
        self.stand.broker.drop_next, self.stand.broker.refuse_next = lost, failed and not lost
        self.keys.append(proposal)
        self.stand.submit(proposal)
        self.stand.broker.drop_next = self.stand.broker.refuse_next = False

    @rule(quantity=st.integers(1, SIZE), big=st.booleans())
    def sell(self, quantity: int, big: bool) -> None:
        self.counter += 1
        proposal = selling(quantity, key=f"s{self.counter}", instrument=VX if big else VXM)
        self.keys.append(proposal)
        self.stand.submit(proposal)

    @rule(quantity=st.integers(1, SIZE))
    def sell_lots_of_others(self, quantity: int) -> None:
        self.somebody_trades_by_hand(SIZE, False)
        self.sell(self.stand.projection.position(VXM.con_id) + quantity, False)

    @precondition(lambda self: self.keys)
    @rule(number=REFS)
    def the_same_intent_again(self, number: int) -> None:
        self.stand.submit(self.keys[number % len(self.keys)])

    @rule(seconds=st.sampled_from([1, 5, 20, 61, 300]))
    def time_passes(self, seconds: int) -> None:
        reads = self.stand.broker.reads
        self.loop.run_until_complete(self.stand.later(seconds))
        if self.stand.broker.reads > reads and self.stand.broker.readable:
            self.learn()

    @rule()
    def the_process_dies_and_starts_again(self) -> None:
        self.the_journal_tells_everything()
        self.loop.run_until_complete(self.stand.restart())
        if self.stand.broker.readable:
            self.learn()

    @rule(say=WORDS, con_id=st.sampled_from([11, 12]))
    def the_operator_says(self, say: Say, con_id: int) -> None:
        self.counter += 1
        self.stand.inbox.put(say, who="ann", at=self.stand.now(), word_id=f"w{self.counter}", subject=str(con_id))
        self.stand.operator.attend()

    # --- what the broker does, and says

    @some_live
    @rule(number=REFS)
    def it_works(self, number: int) -> None:
        self.stand.broker.say(self.live(number).ref)

    @some_live
    @rule(number=REFS, quantity=st.integers(1, SIZE), tell=TOLD)
    def it_fills(self, number: int, quantity: int, tell: bool) -> None:
        ticket = self.live(number)
        left = ticket.quantity - sum(fill.quantity for fill in self.stand.broker.fills if fill.ref == ticket.ref)
        self.stand.clock.move(self.stand.now() + timedelta(milliseconds=1))
        if left > 0:
            fill = self.stand.broker.fill(ticket.ref, min(quantity, left), tell=False)
            if tell:
                self.tell(fill)

    @some_live
    @rule(number=REFS, tell=TOLD)
    def it_ends(self, number: int, tell: bool) -> None:
        self.stand.broker.end(self.live(number).ref, tell=tell)

    @some_filled
    @rule(number=REFS)
    def an_execution_is_said_again(self, number: int) -> None:
        self.tell(self.stand.broker.fills[number % len(self.stand.broker.fills)])

    @some_filled
    @rule(number=REFS, less=st.integers(0, SIZE), tell=TOLD)
    def an_execution_is_corrected(self, number: int, less: int, tell: bool) -> None:
        fill = self.stand.broker.fills[number % len(self.stand.broker.fills)]
        on_fill, self.stand.broker._on_fill = self.stand.broker._on_fill, lambda fill: None
        revision = int(fill.exec_id[-2:]) + 1
        corrected = self.stand.broker.correct(fill, max(0, fill.quantity - less), revision)
        self.stand.broker._on_fill = on_fill
        if tell:
            self.tell(corrected)

    @some_placed
    @rule(number=REFS, state=STATES, filled=QUANTITY, by_error=st.booleans(), code=CODE, strange=st.integers(0, 3))
    def it_says_anything(
        self, number: int, state: OrderState, filled: int, by_error: bool, code: int | None, strange: int
    ) -> None:
        ref = self.ref(number)
        update = replace(self.stand.broker.update(ref), state=state, filled=filled, by_error=by_error, code=code)
        if strange == 1:
            update = replace(update, ref="")
        elif strange == 2:
            update = replace(update, perm_id=7000 + number)
        elif strange == 3:
            update = replace(update, ref="", perm_id=0)
        self.stand.broker.tell_order(update)

    @rule(quantity=st.integers(-SIZE, SIZE), big=st.booleans())
    def somebody_trades_by_hand(self, quantity: int, big: bool) -> None:
        con_id = VX.con_id if big else VXM.con_id
        self.stand.broker.held[con_id] = self.stand.broker.held.get(con_id, 0) + quantity

    @rule(readable=st.booleans(), complete=st.booleans(), stream=st.booleans())
    def readings_fail(self, readable: bool, complete: bool, stream: bool) -> None:
        broker = self.stand.broker
        broker.readable, broker.complete, broker.has_second = readable, complete, stream

    @rule()
    def all_is_well_again(self) -> None:
        broker = self.stand.broker
        broker.readable = broker.complete = broker.has_second = True
        self.the_operator_says(Say.REARM, VXM.con_id)
        for _ in range(4):
            self.time_passes(61)

    @precondition(lambda self: self.stand.projection.lots())
    @rule(quantity=st.integers(1, SIZE))
    def somebody_sells_what_is_ours_and_the_operator_accepts(self, quantity: int) -> None:
        con_id = self.stand.projection.lots()[0].con_id
        self.stand.broker.held[con_id] = self.stand.projection.position(con_id) - quantity
        self.all_is_well_again()
        self.the_operator_says(Say.ACCEPT, con_id)

    @rule()
    def the_line_was_away(self) -> None:
        self.stand.desk.on_notice(Notice(code=RESTORED_DATA_LOST, text="restored", at=self.stand.now()))

    # --- what must hold

    @invariant()
    def what_is_filled_is_what_was_told(self) -> None:
        for ref, order in self.stand.projection.orders.items():
            told = sum(quantity for _, quantity in self.told.get(ref, {}).values())
            assert order.filled == told

    @invariant()
    def what_is_owned_is_what_the_executions_and_the_operator_say(self) -> None:
        seen = self.stand.projection
        nets = seen.nets(self.stand.view().session.day)
        for con_id in (VX.con_id, VXM.con_id):
            assert seen.position(con_id) == max(0, nets.get(con_id, 0))

    @invariant()
    def nothing_was_sent_that_the_journal_does_not_hold(self) -> None:
        refs = [ticket.ref for ticket in self.stand.broker.placed]
        assert len(refs) == len(set(refs))
        assert set(refs) <= set(self.stand.projection.orders)

    def the_journal_tells_everything(self) -> None:
        live, folded = self.stand.projection, Projection()
        for entry in self.stand.journal.entries():
            folded.apply(entry)
        assert folded.orders == live.orders
        assert (folded.locks, folded.contract_locks, folded.killed) == (live.locks, live.contract_locks, live.killed)
        day = self.stand.view().session.day
        assert folded.state(day) == live.state(day)
        assert [order.ref for order in folded.open_orders] == [order.ref for order in live.open_orders]


OneOrder.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
Desk.TestCase.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
TestOneOrder = OneOrder.TestCase
TestDesk = Desk.TestCase
