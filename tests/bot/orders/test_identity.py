"""An order is known by its name, its permId and its executions; what does not fit them is never taken for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fake_broker import VX, VXM
from stand import Stand, at_work, buying

from bot.broker.port import Notice, OrderState
from bot.journal import Kind
from bot.orders.desk import Outcome
from bot.orders.life import DONE, Life
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import Side


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(folder=tmp_path)


def locked(stand: Stand) -> str:
    return "; ".join(stand.projection.locked(stand.view().session.day))


async def test_a_completed_order_without_a_ref_or_an_id_is_known_by_its_perm_id(stand: Stand) -> None:
    ref = stand.buy(2)
    update = stand.broker.say(ref)
    fill = stand.broker.fill(ref, 2, tell=False)
    stand.broker.tell_fill(replace(fill, ref=""))
    stand.broker.tell_order(replace(update, ref="", order_id=0, state=OrderState.FILLED, filled=2, remaining=0))
    assert stand.projection.orders[ref].life is Life.FILLED
    assert stand.projection.position(VXM.con_id) == 2
    assert stand.entries(Kind.FILL)[-1].body["ref"] == ref, "a restart must find it by the name"
    await stand.restart()
    assert stand.projection.position(VXM.con_id) == 2


async def test_an_open_order_that_a_reading_shows_without_its_ref_is_not_absent(stand: Stand) -> None:
    ref = stand.buy(2)
    update = stand.broker.say(ref)
    del stand.broker.tickets[ref]
    stand.broker.foreign_orders = [replace(update, ref="")]
    await stand.desk.recover()
    assert (stand.projection.orders[ref].life, stand.projection.orders[ref].absent) == (Life.WORKING, 0)


def test_a_word_without_ref_and_perm_id_is_nobodys(stand: Stand) -> None:
    ref = stand.buy(2)
    stand.broker.tell_order(replace(stand.broker.update(ref), ref="", perm_id=0, state=OrderState.CANCELLED))
    assert stand.projection.orders[ref].life is Life.SENT


def test_a_second_order_under_one_name_locks_until_it_ends_and_counts_as_foreign(stand: Stand) -> None:
    ref = stand.buy(2)
    update = stand.broker.say(ref)
    twin = replace(update, perm_id=77)
    stand.broker.tell_order(twin)
    assert "a second time, as permId 77" in locked(stand)
    stand.broker.tell_order(replace(twin, state=OrderState.CANCELLED))
    assert stand.projection.orders[ref].life is Life.WORKING, "the end of the twin is not the end of the order"
    assert locked(stand) == ""


async def test_a_twin_that_a_reading_no_longer_shows_locks_no_longer(stand: Stand) -> None:
    ref = stand.buy(2)
    stand.broker.tell_order(replace(stand.broker.say(ref), perm_id=77))
    await stand.restart()
    assert "a second time" not in locked(stand)


@pytest.mark.parametrize("change", [{"side": Side.SELL}, {"con_id": VX.con_id}])
def test_an_execution_that_does_not_fit_the_order_is_not_counted(stand: Stand, change: dict[str, object]) -> None:
    ref = stand.buy(2)
    fill = stand.broker.fill(ref, 2, tell=False)
    stand.broker.tell_fill(replace(fill, **change))  # type: ignore[arg-type]
    assert stand.projection.lots() == ()
    assert "is not counted" in locked(stand)
    assert stand.projection.locked(stand.view().session.day + timedelta(days=1)) == (), "a session later it is old news"


async def test_a_stray_order_locks_as_long_as_the_readings_of_the_day_show_it(stand: Stand) -> None:
    ref = stand.buy(1)
    stray = replace(stand.broker.update(ref), ref="alvh-paper-0123456789abcdef0123", perm_id=5)
    stand.broker.fill(ref, 1)
    stand.broker.foreign_orders = [stray]
    for _ in range(2):
        await stand.desk.recover()
        assert "another journal was in use" in locked(stand)
    stand.broker.foreign_orders = []
    await stand.desk.recover()
    assert locked(stand) == ""


async def test_an_execution_that_is_taken_back_is_told_read_about_and_no_longer_owned(stand: Stand) -> None:
    ref = stand.buy(3)
    stand.broker.say(ref)
    first, second = stand.broker.fill(ref, 2), stand.broker.fill(ref, 1)
    stand.broker.correct(second, 0)
    assert stand.projection.position(VXM.con_id) == 2
    assert "corrected: 2 are filled, not 3" in stand.entries(Kind.ALERT)[-1].body["why"]
    assert stand.submit(buying(1, key="another")) is Outcome.REFUSED
    await stand.later(30)
    assert stand.projection.orders[ref].life in DONE
    assert locked(stand) == ""
    stand.broker.correct(first, 1)
    await stand.later(30)
    assert (stand.projection.position(VXM.con_id), locked(stand)) == (1, "")
    await stand.restart()
    assert (stand.projection.position(VXM.con_id), locked(stand)) == (1, "")


async def test_a_foreign_order_that_ended_while_nobody_listened_uses_no_room(stand: Stand) -> None:
    ref = stand.buy(1)
    update = replace(stand.broker.update(ref), ref="by hand", perm_id=5, con_id=VX.con_id, remaining=3)
    stand.broker.fill(ref, 1)
    stand.broker.foreign_orders = [update]
    await stand.desk.recover()
    stand.clock.move(stand.now().replace(hour=17))
    assert stand.submit(buying(1, key="too much")) is Outcome.REFUSED
    stand.broker.foreign_orders = []
    await stand.desk.recover()
    assert stand.submit(buying(1, key="now")) is Outcome.SENT


async def test_while_a_spike_builds_orders_that_others_leave_at_work_use_room_within_a_minute(stand: Stand) -> None:
    stand.start(SizingPolicy())
    stand.projection._inflation = SizingPolicy().inflation_watch
    await stand.later(60)
    left = at_work(3)
    stand.broker.foreign_orders = [left]
    await stand.later(60)
    assert stand.desk._hearing.foreign == {5: left}
    stand.projection._inflation = 0.0
    reads = stand.broker.reads
    await stand.later(60)
    assert stand.broker.reads == reads, "on a quiet day nobody asks"


def test_a_notice_that_is_said_again_and_again_is_journalled_once_a_minute(stand: Stand) -> None:
    for second in range(0, 150, 4):
        at = stand.now() + timedelta(seconds=second)
        stand.desk.on_notice(Notice(code=1100, text="Connectivity has been lost.", at=at))
    assert len(stand.entries(Kind.NOTE)) == 3
    stand.desk.on_notice(Notice(code=1100, text="in other words", at=stand.now()))
    assert len(stand.entries(Kind.NOTE)) == 4
