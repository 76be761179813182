"""The kill switch in the middle of a day: only cancels leave the bot, for good, until a human lifts it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import CANCEL, MORNING, PLACE, Day, scripted

from bot.guard.kill import KillSwitch
from bot.journal import Kind
from bot.orders.life import Life
from bot.supervise.inbox import Say


def switch(day: Day) -> KillSwitch:
    return KillSwitch(day.folder, day.mode, day.account, environment={})


async def test_from_the_kill_on_only_cancels_leave_the_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=1), "VXM", 10)
    script.buy(MORNING + timedelta(minutes=3), "VXM", 2)
    day = await Day.begin(tmp_path, mode="paper")
    await day.run(MORNING + timedelta(minutes=1, seconds=6))  # just sent, between two jobs
    assert day.gateway.frames[PLACE] == 1
    assert [order.status.done for order in day.orders()] == [False]
    sent = day.gateway.frames[PLACE]

    switch(day).engage("the drill")
    await day.run(MORNING + timedelta(minutes=6))

    assert day.gateway.frames[PLACE] == sent, "no order and no modification left after the kill"
    assert day.gateway.frames[CANCEL] == 1
    assert [order.status.done for order in day.orders()] == [True]
    assert len(day.entries(Kind.KILL)) == 1
    refusals = [entry.body["why"] for entry in day.entries(Kind.REFUSAL)]
    assert any("kill switch" in why for why in refusals)
    assert len(day.entries(Kind.WAKEUP)) >= 5, "it goes on looking"
    await day.close()


async def test_the_kill_outlives_a_restart_and_only_a_word_lifts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=2), "VXM", 2)
    day = await Day.begin(tmp_path, mode="paper")
    switch(day).engage("the drill")
    await day.run(MORNING + timedelta(minutes=1))
    await day.die()
    switch(day).path.unlink()  # even the lost file does not lift it: the journal remembers
    await day.start()
    await day.run(MORNING + timedelta(minutes=4))
    assert day.gateway.frames[PLACE] == 0
    assert switch(day).path.exists(), "the file is back"

    script.buy(MORNING + timedelta(minutes=5), "VXM", 3)
    day.word(Say.REARM)
    await day.run(MORNING + timedelta(minutes=8))
    assert not switch(day).path.exists()
    assert len(day.entries(Kind.REARM)) == 1
    assert [order.request.quantity for order in day.orders()][-1] == 3
    await day.close()


async def test_the_last_line_before_the_send_looks_at_the_switch_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=1), "VXM", 2)
    day = await Day.begin(tmp_path, mode="paper")

    def engage_late(entry: object) -> None:
        if getattr(entry, "kind", None) is Kind.INTENT:
            switch(day).engage("between intent and send")

    day.followers.append(engage_late)
    await day.run(MORNING + timedelta(minutes=3))
    assert day.gateway.frames[PLACE] == 0
    assert [order.life for order in day._projection.orders.values()] == [Life.VOID]
    await day.close()


async def test_flatten_is_the_one_thing_that_sells_while_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=1), "VXM", 4)
    day = await Day.begin(tmp_path, mode="paper")
    await day.run_until(day.own, MORNING + timedelta(minutes=5))
    switch(day).engage("the drill")
    await day.pass_time(minutes=2)
    assert list(day.futures().values()) == [4], "the switch alone sells nothing"
    day.word(Say.FLATTEN)
    await day.run_until(lambda: not day.futures(), day.clock.now() + timedelta(minutes=8))
    assert day.own() == {}
    assert switch(day).path.exists()
    await day.close()
