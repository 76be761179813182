"""A line that is gone for seconds only: too short for any job to see it down, long enough to miss an execution."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import MORNING, Day, Script, scripted

from bot.gateway.server import Gateway
from bot.journal import Kind


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted(monkeypatch)


async def test_a_gateway_that_restarts_between_two_looks_at_the_line_is_read_again(
    tmp_path: Path, script: Script
) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 10)
    day = await Day.begin(tmp_path)
    await day.run(MORNING + timedelta(minutes=1, seconds=6))
    assert day.own() == {}
    await day.gateway.stop()
    while not day.futures():  # the order fills while nobody listens
        day.clock.move(day.clock.now() + timedelta(seconds=1))
        day.gateway.advance(day.clock.now())
    day.gateway = Gateway(day.market, day.exchange)  # and the gateway is back before the bot looks at its line
    day.gateway.advance(day.clock.now())
    await day.gateway.start(day.port)
    assert day.clock.now() < MORNING + timedelta(minutes=1, seconds=30), "before any deadline would ask by itself"
    await day.run(MORNING + timedelta(minutes=1, seconds=31))

    compared = [
        e for e in day.entries(Kind.RECONCILE) if "positions" in e.body and e.at > MORNING + timedelta(minutes=1)
    ]
    assert compared, "a renewed line is reconciled, however short the outage was"
    assert day.own(), "what filled meanwhile is known as soon as the line is back"
    assert len(day.refs()) == 1
    await day.close()


async def test_an_event_that_could_not_be_handled_renews_the_line_locks_opening_and_lets_the_bot_see_again(
    tmp_path: Path, script: Script
) -> None:
    day = await Day.begin(tmp_path)
    await day.pass_time(minutes=1)

    def stumble() -> None:
        raise KeyError("a frame nobody expected")

    day.broker._connection.guarded(stumble)()
    await day.pass_time(minutes=1)
    script.buy(day.clock.now(), "VXM", 2)
    await day.pass_time(minutes=3)

    assert day.entries(Kind.WAKEUP)[-1].at > day.clock.now() - timedelta(minutes=2), "it decides again"
    assert any("frame nobody expected" in entry.body["why"] for entry in day.entries(Kind.ALERT))
    assert day.entries(Kind.INTENT) == [], "and opens nothing in this session"
    assert any("frame nobody expected" in entry.body["why"] for entry in day.entries(Kind.REFUSAL))
    await day.close()


async def test_a_failing_program_locks_opening_and_goes_on_with_its_jobs(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = await Day.begin(tmp_path)
    await day.pass_time(minutes=1)

    def fall(*_: object) -> None:
        raise ZeroDivisionError("a rule nobody tested")

    with monkeypatch.context() as broken:
        broken.setattr("bot.cycle.decide", fall)
        await day.pass_time(minutes=3)
    alerts = [entry for entry in day.entries(Kind.ALERT) if "a rule nobody tested" in entry.body["why"]]
    assert len(alerts) == 1, "it is said once"
    script.buy(day.clock.now(), "VXM", 2)
    await day.pass_time(minutes=2)
    assert day.entries(Kind.INTENT) == []
    assert any("a rule nobody tested" in entry.body["why"] for entry in day.entries(Kind.REFUSAL))
    await day.close()


async def test_an_unreadable_inbox_does_not_stop_what_is_under_way(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 3)
    day = await Day.begin(tmp_path)
    await day.run_until(lambda: day.entries(Kind.INTENT), MORNING + timedelta(minutes=3))

    def denied(*_: object) -> None:
        raise PermissionError("the inbox may not be listed")

    monkeypatch.setattr("bot.supervise.inbox.Inbox.letters", denied)
    (tmp_path / f"kill-switch-{day.mode}-{day.account}").write_text("stop")
    await day.pass_time(seconds=15)
    assert day.entries(Kind.KILL), "the kill switch on disk is still obeyed"
    await day.close()
