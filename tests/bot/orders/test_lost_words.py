"""What the desk says may be lost on the way, and what it writes may not reach the disk: neither stops the stopping."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand import Stand, selling

from bot.broker.codes import RESTORED_DATA_KEPT
from bot.broker.port import Notice, OrderState
from bot.errors import Refuse
from bot.journal import Kind
from bot.orders.desk import Outcome


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(folder=tmp_path)


def swallow(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every cancellation fail as it does on a closed socket."""

    def closed(ref: str) -> None:
        raise Refuse(f"not connected: order {ref} was not touched")

    monkeypatch.setattr(stand.broker, "cancel", closed)


async def test_a_cancellation_that_the_line_swallowed_is_asked_for_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = stand.buy()
    stand.broker.say(ref)
    with monkeypatch.context() as cut:
        swallow(stand, cut)
        stand.desk.engage_kill("ann", "enough")
    assert stand.broker.cancelled == []
    for _ in range(12):
        await stand.later(10)
    assert stand.broker.cancelled, "the purchase must not be left to fill while the kill switch is engaged"
    assert set(stand.broker.cancelled) == {ref}


async def test_asking_again_for_a_cancellation_uses_no_room_of_the_throttle(stand: Stand) -> None:
    ref = stand.buy()
    stand.broker.say(ref)
    stand.desk.cancel(ref)
    before = len(stand.projection.messages(stand.now().replace(hour=0)))
    for _ in range(30):
        await stand.later(10)
    assert len(stand.broker.cancelled) > 2
    assert len(stand.projection.messages(stand.now().replace(hour=0))) == before


async def test_a_cancellation_that_was_answered_is_not_asked_for_again(stand: Stand) -> None:
    ref = stand.buy()
    stand.broker.say(ref)
    stand.desk.cancel(ref)
    stand.broker.end(ref, OrderState.CANCELLED)
    for _ in range(12):
        await stand.later(10)
    assert stand.broker.cancelled == [ref]


async def test_a_line_that_came_back_is_not_trusted_before_everything_was_read(stand: Stand) -> None:
    ref = stand.buy(2)
    stand.broker.say(ref)
    stand.broker.fill(ref, 2, tell=False)
    stand.desk.on_notice(Notice(code=RESTORED_DATA_KEPT, text="restored", at=stand.now()))
    assert stand.projection.locked(stand.now().date()), "nothing is opened on what the bot believed before"
    await stand.later(30)
    assert stand.projection.position(stand.broker.placed[0].instrument.con_id) == 2
    assert not stand.projection.locked(stand.now().date())


async def test_a_kill_switch_that_cannot_be_written_still_stops(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    await stand.own(4)
    ref = stand.buy()
    stand.broker.say(ref)

    def full(_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(stand.kill, "engage", full)
    stand.desk.engage_kill("ann", "enough")
    assert stand.broker.cancelled == [ref]
    assert "no space left" in stand.entries(Kind.ALERT)[-1].body["why"], "the operator learns of it"
    assert stand.submit(selling(1)) is Outcome.REFUSED, "as under any kill switch"
    await stand.later(5)
    assert len(stand.entries(Kind.KILL)) == 1


def test_a_kill_switch_that_cannot_be_removed_stays_engaged(stand: Stand) -> None:
    stand.desk.engage_kill("ann", "enough")
    stand.kill.path.unlink()
    stand.kill.path.mkdir()
    assert stand.desk.rearm("ann")
    assert stand.projection.killed
