"""The desk sends once, prices inside the collar, waits on the clock and never guesses."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import builders
import pytest
from fake_broker import VX, VXM
from stand import Stand, at_work, buying, selling

from bot.broker.port import LinkState, OrderState, OrderTicket
from bot.errors import Halt, NotSent
from bot.guard.controls import GuardSettings
from bot.journal import Kind, Shelf, Wakeup, record_wakeup
from bot.orders.desk import Outcome
from bot.orders.life import Life
from bot.orders.pen import POSITIONS_LOCK
from bot.report.standing import standing
from bot.supervise.inbox import Say
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy, SizingPolicy
from strategies.alvh.records import Account, Purpose, Quote, Side


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(folder=tmp_path)


def test_the_intent_is_in_the_journal_before_the_order_and_the_sending_after_it(stand: Stand) -> None:
    seen: list[list[str]] = []
    place = stand.broker.place
    stand.broker.place = lambda ticket: (seen.append([e.kind for e in stand.entries()]), place(ticket))[1]  # type: ignore[method-assign]
    stand.buy()
    assert seen == [["intent"]]
    assert [e.kind for e in stand.entries()] == ["intent", "sent"]


def test_the_intent_holds_the_market_of_its_moment_so_that_fills_can_be_judged(stand: Stand) -> None:
    stand.buy()
    intent = next(e for e in stand.entries() if e.kind == Kind.INTENT)
    shown = stand.broker.quote(VXM.con_id)
    assert (intent.body["quote"]["bid"], intent.body["quote"]["ask"]) == (shown.bid, shown.ask)
    assert intent.body["quote"]["bid_size"] == shown.bid_size


def test_a_buy_starts_at_the_mid_on_the_tick_and_names_account_and_validity(stand: Stand) -> None:
    stand.buy()
    ticket = stand.broker.placed[0]
    assert (ticket.limit, ticket.tif, ticket.account) == (Decimal("20.15"), "DAY", "DU1234567")


async def test_a_buy_climbs_to_the_ask_and_is_taken_back_after_ninety_seconds(stand: Stand) -> None:
    ref = stand.buy()
    stand.broker.say(ref)
    for _ in range(3):
        await stand.later(20)
    assert stand.broker.repriced == [(ref, Decimal("20.20")), (ref, Decimal("20.25")), (ref, Decimal("20.30"))]
    await stand.later(29)
    assert stand.broker.cancelled == []
    await stand.later(1)
    await stand.later(1)
    assert stand.broker.cancelled == [ref]


async def test_a_sale_goes_mid_bid_under_the_bid_and_ends_at_the_collar(stand: Stand) -> None:
    await stand.own()
    assert stand.submit(selling()) is Outcome.SENT
    ref = stand.broker.placed[-1].ref
    stand.broker.say(ref)
    for _ in range(3):
        await stand.later(60)
    assert stand.broker.placed[-1].limit == Decimal("20.15")
    assert [limit for _, limit in stand.broker.repriced] == [Decimal("20.00"), Decimal("19.98"), Decimal("19.55")]
    await stand.later(3600)
    assert stand.broker.cancelled == []


async def test_a_buy_is_not_repriced_on_a_stale_quote(stand: Stand) -> None:
    ref = stand.buy()
    stand.broker.say(ref)
    stand.broker.quotes[VXM.con_id] = replace(stand.broker.quotes[VXM.con_id], age_s=11.0)
    await stand.later(20)
    assert stand.broker.repriced == []


async def test_attending_reads_nothing_while_nothing_is_open(stand: Stand) -> None:
    before = len(stand.entries())
    for _ in range(5):
        await stand.later(30)
    assert (stand.broker.reads, len(stand.entries())) == (0, before)


async def test_the_desk_has_work_from_the_order_to_the_sale_of_the_last_contract(stand: Stand) -> None:
    assert not stand.desk.has_work()
    ref = stand.buy(1)
    assert stand.desk.has_work()
    stand.broker.say(ref)
    stand.broker.fill(ref, 1)
    assert stand.projection.open_orders == ()
    assert stand.desk.has_work()  # what it owns may lose too much
    await stand.later(60)
    assert stand.submit(selling(1)) is Outcome.SENT
    sale = stand.broker.placed[-1].ref
    stand.broker.say(sale)
    stand.broker.fill(sale, 1)
    assert not stand.desk.has_work()


async def test_a_kill_switch_a_lock_and_a_word_are_work(stand: Stand) -> None:
    stand.desk.lock("positions", "they disagree")
    assert stand.desk.has_work()
    stand.desk.lock("positions", "")
    assert not stand.desk.has_work()
    stand.inbox.put(Say.KILL, who="ann", at=stand.now(), word_id="w1")
    assert stand.operator.has_work()
    stand.operator.attend()
    assert not stand.operator.has_work()
    assert stand.desk.has_work()
    stand.inbox.put(Say.REARM, who="ann", at=stand.now(), word_id="w2")
    stand.operator.attend()
    assert not stand.desk.has_work()


async def test_fills_of_a_cancelled_order_count(stand: Stand) -> None:
    ref = stand.buy(3)
    stand.broker.say(ref)
    stand.desk.cancel(ref)
    stand.desk.cancel(ref)
    assert stand.broker.cancelled == [ref]
    stand.broker.fill(ref, 2, tell=False)
    stand.broker.end(ref)
    assert stand.projection.orders[ref].missing == 2
    assert stand.projection.state(stand.view().session.day).working[0].remaining == 2
    stand.broker.tell_fill(stand.broker.fills[0])
    assert stand.projection.position(VXM.con_id) == 2
    assert stand.projection.open_orders == ()


async def test_a_reported_fill_without_its_execution_is_looked_up(stand: Stand) -> None:
    ref = stand.buy()
    stand.broker.fill(ref, 2, tell=False)
    stand.broker.tell_order(stand.broker.update(ref, OrderState.FILLED))
    await stand.later(1)
    assert stand.projection.position(VXM.con_id) == 2


async def test_a_phantom_cancel_is_unknown_locks_opening_and_is_never_resent(stand: Stand) -> None:
    ref = stand.buy()
    stand.broker.say(ref, OrderState.CANCELLED, by_error=True, code=10349, text="TIF was set to DAY")
    assert stand.projection.orders[ref].life is Life.UNKNOWN
    stand.clock.move(stand.clock.now().replace(hour=16))
    assert stand.submit(buying(1, key="another")) is Outcome.REFUSED
    assert "outcome" in stand.entries(Kind.REFUSAL)[-1].body["why"]
    stand.broker.fill(ref, 2)
    assert stand.projection.orders[ref].life is Life.FILLED
    assert len(stand.broker.placed) == 1
    assert stand.projection.locked(stand.view().session.day) == ()


async def test_silence_is_read_about_until_the_order_is_found(stand: Stand) -> None:
    ref = stand.buy()
    await stand.later(9)
    assert stand.broker.reads == 0
    await stand.later(1)
    assert stand.broker.reads == 1
    assert stand.projection.orders[ref].life is Life.WORKING


async def test_an_order_that_never_arrived_is_gone_after_three_readings_and_a_minute(stand: Stand) -> None:
    stand.broker.drop_next = True
    ref = stand.buy()
    lives = []
    for _ in range(5):
        await stand.later(20)
        lives.append(stand.projection.orders[ref].life)
    assert lives == [Life.UNKNOWN, Life.UNKNOWN, Life.UNKNOWN, Life.GONE, Life.GONE]
    assert len(stand.broker.placed) == 1
    assert stand.broker.forgotten == [ref]
    assert stand.projection.locked(stand.view().session.day) == ()


async def test_an_absent_order_proves_nothing_while_the_line_is_lost(stand: Stand) -> None:
    stand.broker.drop_next = True
    ref = stand.buy()
    stand.broker.link = LinkState.LOST
    for _ in range(8):
        await stand.later(20)
    assert stand.projection.orders[ref].life is Life.UNKNOWN


async def test_what_surely_never_left_is_void_at_once_and_locks_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(ticket: OrderTicket) -> None:
        raise NotSent(f"not connected: order {ticket.ref} was not sent")

    with monkeypatch.context() as patch:
        patch.setattr(stand.broker, "place", stopped)
        assert stand.submit(buying(key="first")) is Outcome.REFUSED
    (order,) = stand.projection.orders.values()
    assert order.life is Life.VOID
    assert "was not sent" in order.text
    assert stand.projection.locked(stand.view().session.day) == ()


async def test_a_sale_of_what_the_broker_object_does_not_hold_has_positions_read(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(ticket: OrderTicket) -> None:
        raise NotSent(f"order {ticket.ref} sells 4, 1 are held")

    await stand.own(4)
    stand.broker.held[VXM.con_id] = 1
    monkeypatch.setattr(stand.broker, "place", stopped)
    stand.desk.flatten()
    assert "positions are being read" in stand.projection.locks[POSITIONS_LOCK][0]
    await stand.later(20)
    assert "account 1 (positions)" in stand.projection.contract_locks[VXM.con_id]
    assert any("was not sent" in entry.body["why"] for entry in stand.entries(Kind.ALERT))


async def test_a_failed_sending_is_unknown_not_denied(stand: Stand) -> None:
    stand.broker.refuse_next = True
    assert stand.submit(buying()) is Outcome.UNKNOWN
    assert stand.projection.locked(stand.view().session.day) != ()
    for _ in range(5):
        await stand.later(30)
    assert stand.broker.placed == []
    assert stand.projection.open_orders == ()


def test_the_same_intent_is_sent_once_for_ever(stand: Stand) -> None:
    stand.buy()
    stand.clock.move(stand.clock.now().replace(hour=17))
    assert stand.submit(buying()) is Outcome.REFUSED
    assert "sent before" in stand.entries(Kind.REFUSAL)[-1].body["why"]


async def test_two_sales_of_one_wakeup_cannot_use_the_same_contracts(stand: Stand) -> None:
    await stand.own(4)
    view, book = stand.view(), stand.book()
    assert stand.desk.submit(selling(3), view, book) is Outcome.SENT
    stand.broker.fill(stand.broker.placed[-1].ref, 3)
    assert stand.desk.submit(selling(2, key="again"), view, book) is Outcome.REFUSED
    assert stand.desk.submit(selling(1, key="rest"), view, book) is Outcome.SENT


async def test_two_buys_of_one_wakeup_cannot_use_the_same_room(stand: Stand) -> None:
    stand.guard = GuardSettings(max_position_minis=12)
    await stand.restart()
    view, book = stand.view(), stand.book()
    assert stand.desk.submit(buying(1, instrument=VX), view, book) is Outcome.SENT
    stand.broker.fill(stand.broker.placed[-1].ref, 1)
    assert stand.desk.submit(buying(3, key="more"), view, book) is Outcome.REFUSED
    assert stand.desk.submit(buying(2, key="less"), view, book) is Outcome.SENT


def test_somebody_elses_working_order_uses_room(stand: Stand) -> None:
    update = at_work(3, ref="by hand")
    stand.broker.tell_order(update)
    assert stand.submit(buying(1)) is Outcome.REFUSED
    stand.broker.tell_order(replace(update, state=OrderState.CANCELLED))
    assert stand.submit(buying(1, key="now")) is Outcome.SENT
    assert stand.broker.cancelled == []


def test_an_order_of_ours_that_the_journal_does_not_hold_locks(stand: Stand) -> None:
    update = at_work(1, ref="alvh-paper-0123456789abcdef0123")
    stand.broker.tell_order(update)
    stand.broker.tell_order(update)
    assert len(stand.entries(Kind.LOCK)) == 1
    assert stand.submit(buying(1)) is Outcome.REFUSED


def test_repeated_statuses_write_nothing(stand: Stand) -> None:
    ref = stand.buy()
    stand.broker.say(ref)
    before = len(stand.entries())
    stand.broker.say(ref)
    stand.broker.say(ref)
    assert len(stand.entries()) == before


def test_the_kill_switch_stops_the_send_at_the_last_line(stand: Stand) -> None:
    engaged = iter(["", "pulled meanwhile"])
    stand.kill.engaged = lambda: next(engaged)  # type: ignore[method-assign]
    assert stand.submit(buying()) is Outcome.REFUSED
    assert [e.kind for e in stand.entries()] == ["intent", "order"]
    assert stand.broker.placed == []
    assert next(iter(stand.projection.orders.values())).life is Life.VOID


async def test_under_kill_only_cancellations_leave_the_bot_until_rearmed(stand: Stand) -> None:
    await stand.own(4)
    stand.submit(selling(2))
    ref = stand.broker.placed[-1].ref
    stand.broker.say(ref)
    stand.kill.engage("a human pulled it")
    await stand.later(70)
    assert stand.broker.cancelled == [ref]
    assert stand.broker.repriced == []
    assert stand.submit(selling(1, key="x")) is Outcome.REFUSED
    stand.kill.path.unlink()
    await stand.later(1)
    assert stand.kill.engaged()
    await stand.restart()
    assert stand.submit(selling(1, key="y")) is Outcome.REFUSED
    assert stand.desk.rearm("me") == ""
    stand.broker.end(ref)
    assert stand.submit(selling(1, key="z")) is Outcome.SENT


async def test_a_stop_that_the_kill_switch_holds_back_is_told_to_a_human_and_shown(stand: Stand) -> None:
    await stand.own(4)
    stand.desk.engage_kill("me", "enough")
    for key in ("stop-1", "stop-2"):
        assert stand.submit(selling(4, key=key)) is Outcome.REFUSED
    (said,) = [entry.body for entry in stand.entries(Kind.ALERT)]
    assert said["severity"] == "critical"
    assert "SELL 4 VXM (contract 12) was not sent: the kill switch is engaged (" in said["why"]
    assert "alvh flatten sells, alvh rearm lifts it" in said["why"]
    shown = standing("paper", "DU1", stand.journal)["refused_since"]
    assert shown[-1].startswith("SELL 4 VXM: kill switch: the kill switch is engaged")


async def test_flatten_sells_all_the_bot_owns_even_under_kill_and_leaves_foreign_lots(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.held[VXM.con_id] += 3
    stand.submit(buying(1, key="late"))
    stand.desk.engage_kill("me", "enough")
    assert stand.desk.flatten() == (Outcome.SENT,)
    sale = stand.broker.placed[-1]
    assert (sale.side, sale.quantity) == (Side.SELL, 4)
    await stand.later(1)
    assert sale.ref not in stand.broker.cancelled
    assert stand.projection.orders[sale.ref].proposal.purpose is Purpose.FLATTEN


async def test_a_loss_of_two_percent_kills(stand: Stand) -> None:
    await stand.own(4)
    stand.submit(buying(1, key="look"), account=Account(net_liquidation=10_000.0))
    stand.broker.quotes[VXM.con_id] = Quote(bid=19.60, ask=19.62, age_s=1.0)
    await stand.later(1)
    assert stand.kill.engaged() == ""
    stand.broker.quotes[VXM.con_id] = Quote(bid=19.58, ask=19.60, age_s=1.0)
    await stand.later(1)
    assert "the hedge lost 204 USD" in stand.kill.engaged()


async def test_a_dead_journal_stops_everything(stand: Stand) -> None:
    ref = stand.buy()
    stand.journal.close()
    stand.broker.fill(ref, 1)
    with pytest.raises(Halt, match="nothing may be sent"):
        await stand.desk.attend()
    with pytest.raises(Halt):
        stand.submit(selling(1))


async def test_positions_short_of_the_executions_lock_until_they_agree(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.held[VXM.con_id] = 3
    assert any("own executions 4, account 3" in why for why in await stand.restart())
    stand.broker.held[VXM.con_id] = 5
    await stand.later(20)
    assert stand.projection.locked(stand.view().session.day) == ()


async def test_unconfirmed_positions_lock(stand: Stand) -> None:
    stand.broker.complete = False
    assert any("whole" in why for why in await stand.restart())
    stand.broker.complete = True
    await stand.later(20)
    assert stand.projection.locked(stand.view().session.day) == ()


def test_a_killed_bot_does_not_even_write_an_intent(stand: Stand) -> None:
    stand.kill.engage("x")
    assert stand.submit(buying()) is Outcome.REFUSED
    assert [(e.kind, e.body["by"]) for e in stand.entries()] == [(Kind.REFUSAL, "kill switch")]


async def test_a_switch_pulled_while_the_desk_attends_stops_the_next_rung(stand: Stand) -> None:
    ref = stand.buy()
    stand.broker.say(ref)
    engaged = iter([""])
    stand.kill.engaged = lambda: next(engaged, "pulled meanwhile")  # type: ignore[method-assign]
    await stand.later(20)
    assert stand.broker.repriced == []


async def test_lots_that_were_sold_by_hand_are_not_sold_a_second_time(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.held[VXM.con_id] = 3
    view, book = stand.view(), stand.book()
    assert stand.desk.submit(selling(2), view, book) is Outcome.SENT
    stand.broker.fill(stand.broker.placed[-1].ref, 2)
    assert stand.desk.submit(selling(2, key="again"), view, book) is Outcome.REFUSED


async def test_somebody_elses_lots_and_our_fresh_ones_use_the_room_together(stand: Stand) -> None:
    stand.broker.held[VXM.con_id] = 25
    view, book = stand.view(), stand.book()
    assert stand.desk.submit(buying(4), view, book) is Outcome.SENT
    stand.broker.fill(stand.broker.placed[-1].ref, 4)
    assert stand.desk.submit(buying(2, key="again", instrument=VXM), view, book) is Outcome.REFUSED
    assert "29 held" in stand.entries(Kind.REFUSAL)[-1].body["why"]


def test_the_books_own_vega_caps_the_hedge(stand: Stand) -> None:
    # 30 days: beta = 0.80 / (1 + 0.59 * 30 / 30.4) = 0.506; 0.75 * 300 / (0.506 * 100) = 4.4 minis
    stand.die()
    stand.start(sizing=SizingPolicy())
    view, book = stand.view(), stand.book()
    decision = decide(view, book, builders.state(), Policy())
    exposed = replace(decision, exposure=builders.exposure(vega30_usd=-300.0))
    wakeup = Wakeup(view=view, book=book, state=builders.state(), decision=exposed)
    record_wakeup(stand.journal, Shelf(), wakeup, at=stand.now())
    assert stand.desk.submit(buying(5), view, book) is Outcome.REFUSED
    assert "position cap" in stand.entries(Kind.REFUSAL)[-1].body["why"]
    assert stand.desk.submit(buying(4, key="fits"), view, book) is Outcome.SENT


def test_a_hedge_without_a_measured_book_is_not_opened(stand: Stand) -> None:
    stand.die()
    stand.start(sizing=SizingPolicy())
    assert stand.submit(buying(1)) is Outcome.REFUSED
