"""Journal and account are compared when it matters; what differs locks its contract, and the operator chooses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fake_broker import VX, VXM
from stand import Stand, buying, selling

from bot.broker.codes import RESTORED_DATA_LOST
from bot.broker.port import Notice
from bot.errors import Refuse
from bot.journal import Kind
from bot.orders.desk import Outcome
from bot.orders.ladder import OrderSettings
from bot.orders.life import Life
from bot.report.reconciling import as_lines, reconciliation
from bot.supervise.inbox import Say
from bot.watch.pages import matter_of
from strategies.alvh.records import Side

EVERY_MINUTE = OrderSettings(reconcile_minutes=1.0)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(folder=tmp_path)


def compared(stand: Stand) -> list[str]:
    return [entry.body["because"] for entry in stand.entries(Kind.RECONCILE) if "positions" in entry.body]


def lock_on(stand: Stand, con_id: int = VXM.con_id) -> str:
    return "; ".join(stand.projection.locked_on(con_id))


def word(stand: Stand, say: Say, subject: str = "", word_id: str = "w") -> None:
    stand.inbox.put(say, who="ann", at=stand.now(), word_id=word_id, subject=subject)
    stand.operator.attend()


async def short_of_one(stand: Stand) -> None:
    """Let the bot own four of which somebody sold one."""
    await stand.own(4)
    stand.broker.held[VXM.con_id] = 3
    await stand.restart()


async def test_a_mismatch_locks_opening_on_that_contract_and_on_no_other(stand: Stand) -> None:
    await short_of_one(stand)
    assert stand.projection.locked(stand.view().session.day) == ()
    assert stand.submit(buying(1, key="locked")) is Outcome.REFUSED
    assert "holds less" in stand.entries(Kind.REFUSAL)[-1].body["why"]
    assert stand.submit(buying(1, key="free", instrument=VX)) is Outcome.SENT
    assert stand.submit(selling(3)) is Outcome.SENT, "what is there may be sold"


async def test_a_mismatch_says_contract_journal_both_readings_and_since_when(stand: Stand) -> None:
    await short_of_one(stand)
    began = f"{stand.now():%H:%M:%S}"
    why = lock_on(stand)
    for part in (
        "VXM 2018-03-07 (contract 12)",
        "own executions 4",
        "account 3 (positions), 3 (account updates)",
        began,
    ):
        assert part in why
    written = len(stand.entries(Kind.LOCK))
    for _ in range(3):
        await stand.later(20)
    assert lock_on(stand) == why, "since stays, whenever it is said again"
    assert len(stand.entries(Kind.LOCK)) == written
    stand.broker.held[VXM.con_id] = 2
    await stand.later(20)
    assert "account 2" in lock_on(stand)
    assert began in lock_on(stand)


async def test_since_when_outlives_a_restart(stand: Stand) -> None:
    await short_of_one(stand)
    began = f"{stand.now():%H:%M:%S}"
    stand.clock.move(stand.now() + timedelta(minutes=30))
    await stand.restart()
    assert began in lock_on(stand)


@pytest.mark.parametrize("second", [{VXM.con_id: 3}, {}, {VXM.con_id: 5}])
async def test_two_readings_that_differ_lock_until_they_agree(stand: Stand, second: dict[int, int]) -> None:
    await stand.own(4)
    stand.broker.second = second
    await stand.restart()
    assert f"account 4 (positions), {second.get(VXM.con_id, 0)} (account updates)" in lock_on(stand)
    stand.broker.second = None
    await stand.later(20)
    assert lock_on(stand) == ""


async def test_more_than_the_bot_bought_is_somebody_elses_and_no_mismatch(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.held[VXM.con_id] = 9
    await stand.restart()
    assert lock_on(stand) == ""


async def test_without_account_updates_a_second_list_at_another_time_must_agree(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.has_second = False
    assert any("a second reading follows" in why for why in await stand.restart())
    await stand.later(20)
    assert stand.projection.locked(stand.view().session.day) == ()
    stand.broker.held[VXM.con_id] = 3
    await stand.restart()
    assert "account 3 (positions), since" in lock_on(stand)
    stand.broker.held[VXM.con_id] = 4
    await stand.later(20)
    assert "account 4 (positions), 3 (an earlier reading)" in lock_on(stand), "one list alone unlocks nothing"
    await stand.later(20)
    assert lock_on(stand) == ""


async def test_a_list_that_was_not_whole_is_no_second_reading(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.has_second, stand.broker.complete, stand.broker.held[VXM.con_id] = False, False, 0
    await stand.restart()
    stand.broker.complete, stand.broker.held[VXM.con_id] = True, 4
    await stand.later(20)
    assert lock_on(stand) == ""
    assert any("a second reading follows" in why for why in stand.projection.locked(stand.view().session.day))
    await stand.later(20)
    assert stand.projection.locked(stand.view().session.day) == ()


async def test_one_list_after_a_restart_unlocks_nothing(stand: Stand) -> None:
    await short_of_one(stand)
    stand.broker.has_second, stand.broker.held[VXM.con_id] = False, 4
    await stand.restart()
    assert "account 3" in lock_on(stand)
    await stand.later(20)
    assert lock_on(stand) == ""


async def test_a_lock_goes_with_the_last_contract_it_is_about(stand: Stand) -> None:
    await short_of_one(stand)
    assert stand.submit(selling(3)) is Outcome.SENT
    stand.broker.fill(stand.broker.placed[-1].ref, 3)
    word(stand, Say.ACCEPT, "12")
    await stand.later(20)
    assert "own executions 1, account 0" in lock_on(stand), "a sale does not mend what was missing"
    word(stand, Say.ACCEPT, "12", "w2")
    assert (stand.projection.lots(), lock_on(stand)) == ((), "")


async def test_a_short_that_a_taken_back_purchase_leaves_is_a_mismatch(stand: Stand) -> None:
    await stand.own(4)
    bought = stand.broker.fills[-1]
    assert stand.submit(selling(4)) is Outcome.SENT
    stand.broker.fill(stand.broker.placed[-1].ref, 4)
    stand.broker.correct(bought, 2)
    await stand.later(20)
    assert "short position: own executions -2, account -2" in lock_on(stand)
    assert stand.submit(buying(1, key="more")) is Outcome.REFUSED
    stand.broker.held[VXM.con_id] = 3  # somebody bought them back, and three for themselves
    await stand.later(20)
    word(stand, Say.ACCEPT, "12")
    assert (lock_on(stand), stand.projection.nets(stand.view().session.day)) == ("", {}), "lots of others stay theirs"
    assert stand.projection.lots() == ()


# --- when


async def test_while_something_is_owned_it_is_compared_every_so_many_minutes_and_not_otherwise(stand: Stand) -> None:
    stand.orders = EVERY_MINUTE
    await stand.restart()
    for _ in range(20):
        await stand.later(30)
    assert compared(stand) == ["a start or a lost line"]
    await stand.own(1)
    before = len(compared(stand))
    for _ in range(10):
        await stand.later(30)
    assert compared(stand)[before:] == ["every 1 min while something is held"] * 5


async def test_a_lot_that_somebody_sells_in_a_quiet_session_is_noticed(stand: Stand) -> None:
    stand.orders = EVERY_MINUTE
    await stand.own(4)
    await stand.restart()
    stand.broker.held[VXM.con_id] = 0
    await stand.later(60)
    assert "own executions 4, account 0" in lock_on(stand)


@pytest.mark.parametrize(
    ("begin", "because"),
    [((14, 15), "before the open"), ((20, 58), "after the close")],
)
async def test_everything_is_compared_once_before_the_open_and_once_after_the_close(
    tmp_path: Path, begin: tuple[int, int], because: str
) -> None:
    stand = Stand(folder=tmp_path)
    stand.clock.move(datetime(2018, 2, 6, *begin, tzinfo=UTC))
    await stand.restart()
    for _ in range(20):
        await stand.later(60)
    assert [why for why in compared(stand) if why == because] == [because]


async def test_on_a_day_without_a_session_nothing_is_compared_by_the_clock(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    stand.clock.move(datetime(2018, 2, 10, 14, 15, tzinfo=UTC))
    await stand.restart()
    for _ in range(20):
        await stand.later(60)
    assert compared(stand) == ["a start or a lost line"]


async def test_a_line_whose_data_was_lost_is_followed_by_a_comparison(stand: Stand) -> None:
    await stand.own(4)
    await stand.restart()
    stand.desk.on_notice(Notice(code=RESTORED_DATA_LOST, text="restored", at=stand.now()))
    assert stand.submit(buying(1, key="too early", instrument=VX)) is Outcome.REFUSED
    await stand.later(30)
    assert len(compared(stand)) == 2
    assert stand.projection.locked(stand.view().session.day) == ()


# --- the operator's choices


async def test_accepting_takes_what_the_account_shows_unlocks_and_outlives_a_restart(stand: Stand) -> None:
    await short_of_one(stand)
    word(stand, Say.ACCEPT, "12")
    assert stand.entries(Kind.OPERATOR)[-1].body["accepted"]
    assert stand.entries(Kind.ADJUST)[-1].body == {"con_id": 12, "was": 4, "now": 3, "by": "ann"}
    assert (stand.projection.position(VXM.con_id), lock_on(stand)) == (3, "")
    await stand.restart()
    assert (stand.projection.position(VXM.con_id), lock_on(stand)) == (3, "")
    assert stand.submit(selling(4)) is Outcome.REFUSED
    assert stand.submit(selling(3, key="rest")) is Outcome.SENT


async def test_what_does_not_differ_cannot_be_accepted(stand: Stand) -> None:
    await stand.own(4)
    await stand.restart()
    for number, subject in enumerate(("12", "99", "", "VXM", "-1")):
        word(stand, Say.ACCEPT, subject, f"w{number}")
        assert not stand.entries(Kind.OPERATOR)[-1].body["accepted"]
    assert stand.entries(Kind.ADJUST) == []


async def test_readings_that_differ_and_old_ones_and_open_orders_cannot_be_accepted(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.second = {VXM.con_id: 3}
    await stand.restart()
    assert "do not agree yet" in stand.desk.objection(VXM.con_id)
    stand.broker.second, stand.broker.held[VXM.con_id] = None, 3
    await stand.later(20)
    assert stand.desk.objection(VXM.con_id) == ""
    stand.clock.move(stand.now() + timedelta(minutes=6))
    assert "too old" in stand.desk.objection(VXM.con_id)
    await stand.later(20)
    assert stand.submit(selling(1)) is Outcome.SENT
    assert "still open" in stand.desk.objection(VXM.con_id)
    stand.broker.fill(stand.broker.placed[-1].ref, 1)
    assert "was traded since" in stand.desk.objection(VXM.con_id)


async def test_a_comparison_is_no_younger_for_lists_that_were_not_whole(stand: Stand) -> None:
    await short_of_one(stand)
    stand.broker.complete = False
    for _ in range(7):
        await stand.later(60)
    assert "too old" in stand.desk.objection(VXM.con_id)


@pytest.mark.parametrize("what", ["open_orders", "positions"])
async def test_what_the_broker_refuses_to_show_locks_and_is_asked_for_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    async def refused() -> None:
        raise Refuse("not allowed (code 321)")

    with monkeypatch.context() as patch:
        patch.setattr(stand.broker, what, refused)
        assert any("could not be read" in why for why in await stand.restart())
    await stand.later(20)
    assert stand.projection.locked(stand.view().session.day) == ()


async def test_an_order_of_an_earlier_day_that_nobody_tells_of_any_more_is_told_to_a_human(stand: Stand) -> None:
    ref = stand.buy(2)
    stand.broker.fill(ref, 2, tell=False)
    stand.broker.fills.clear()
    stand.broker.completed.clear()
    stand.clock.move(stand.now() + timedelta(days=1))
    await stand.restart()
    for _ in range(5):
        await stand.later(20)
    assert stand.projection.orders[ref].life is Life.GONE
    (said,) = stand.entries(Kind.ALERT)
    assert f"BUY 2 VXM ({ref}) of 2018-02-05 can no longer be read: see in TWS" in said.body["why"]


async def filled_while_away(stand: Stand, ref: str) -> None:
    """Let an order fill overnight: the next day the broker calls it filled, and tells no execution of it any more."""
    stand.broker.say(ref)
    stand.die()
    stand.broker.fill(ref, 4, tell=False)
    stand.broker.fills.clear()
    stand.clock.move(stand.now() + timedelta(days=1))
    stand.start()
    await stand.desk.recover()
    for _ in range(5):
        await stand.later(20)


async def test_a_sale_filled_yesterday_without_an_execution_leaves_the_operator_a_choice(stand: Stand) -> None:
    await stand.own(4)
    assert stand.submit(selling(4)) is Outcome.SENT
    await filled_while_away(stand, stand.broker.placed[-1].ref)
    assert stand.projection.open_orders == ()
    assert stand.desk.objection(VXM.con_id) == ""
    assert any("no execution of them can be read" in entry.body["why"] for entry in stand.entries(Kind.ALERT))


async def test_a_purchase_filled_yesterday_without_an_execution_is_not_open_for_ever(stand: Stand) -> None:
    ref = stand.buy(4)
    await filled_while_away(stand, ref)
    assert stand.projection.orders[ref].done
    assert any("no execution of them can be read" in entry.body["why"] for entry in stand.entries(Kind.ALERT))


async def test_flatten_sells_what_is_there_where_some_is_missing(stand: Stand) -> None:
    await short_of_one(stand)
    assert stand.submit(buying(1, key="look", instrument=VX)) is Outcome.SENT
    word(stand, Say.FLATTEN)
    assert (stand.broker.placed[-1].side, stand.broker.placed[-1].quantity) == (Side.SELL, 3)


async def test_what_flatten_cannot_sell_is_told_to_a_human_at_once(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.held[VXM.con_id] = -3
    assert stand.submit(buying(1, key="look", instrument=VX)) is Outcome.SENT
    word(stand, Say.FLATTEN)
    assert stand.broker.placed[-1].side is Side.BUY, "the account is short: nothing of it is the bot's to sell"
    (said,) = stand.entries(Kind.ALERT)
    assert said.body["severity"] == "critical"
    assert said.body["why"].startswith("flatten: SELL 4 VXM (contract 12) was not sent: ")
    assert matter_of(said) is not None


async def test_the_command_shows_what_differs_and_the_choices(stand: Stand) -> None:
    assert list(as_lines(reconciliation(stand.journal))) == ["journal and account were not compared yet"]
    await stand.restart()
    assert list(as_lines(reconciliation(stand.journal)))[-1] == "nothing differs"
    await short_of_one(stand)
    told = "\n".join(as_lines(reconciliation(stand.journal)))
    assert "contract 12: journal 4, positions 3, updates 3" in told
    for choice in ("wait:", "alvh reconcile --accept 12:", "alvh flatten:"):
        assert choice in told
    stand.broker.complete = False
    await stand.later(20)
    assert "nothing is opened: the broker did not confirm" in "\n".join(as_lines(reconciliation(stand.journal)))
