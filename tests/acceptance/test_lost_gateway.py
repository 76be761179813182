"""The gateway goes away in the middle of a session and comes back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import MORNING, Day, Script, scripted

from bot.broker.port import LinkState
from bot.gateway.server import Gateway
from bot.journal import Kind


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted(monkeypatch)


async def come_back(day: Day) -> None:
    """Start a new gateway process on the old port; the exchange behind it has gone on."""
    day.gateway = Gateway(day.market, day.exchange)
    day.gateway.advance(day.clock.now())
    await day.gateway.start(day.port)


async def test_a_lost_gateway_is_reported_and_the_day_goes_on_when_it_returns(tmp_path: Path, script: Script) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 3)
    day = await Day.begin(tmp_path)
    await day.run_until(day.own, MORNING + timedelta(minutes=5))
    held = day.own()
    await day.gateway.stop()
    gone_at = day.clock.now()
    await day.pass_time(minutes=3)

    assert day.broker.link is LinkState.DISCONNECTED
    assert any("lost" in entry.body["why"] for entry in day.entries(Kind.ALERT)), "it is said, once"
    assert len(day.entries(Kind.ALERT)) == 1
    blind = [entry for entry in day.entries(Kind.MISSED) if entry.at > gone_at]
    assert len(blind) >= 2, "a wake-up without a broker says so"
    woken = len(day.entries(Kind.WAKEUP))

    await come_back(day)
    await day.pass_time(minutes=4)
    assert day.broker.link is LinkState.UP
    assert len(day.entries(Kind.WAKEUP)) >= woken + 3
    assert day.own() == day.futures() == held
    last = day.entries(Kind.WAKEUP)[-1].body["decision"]
    assert not [c for c in last["checks"] if c["name"].startswith("data: ") and not c["passed"]], "it sees again"
    await day.close()


async def test_what_filled_while_the_line_was_down_is_counted(tmp_path: Path, script: Script) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 10)
    day = await Day.begin(tmp_path)
    await day.run(MORNING + timedelta(minutes=1, seconds=6))
    assert day.own() == {}
    await day.gateway.stop()
    while not day.futures():  # the order fills while nobody listens
        day.clock.move(day.clock.now() + timedelta(seconds=15))
        day.gateway.advance(day.clock.now())
    await day.pass_time(minutes=1)
    assert day.own() == {}
    await come_back(day)
    await day.pass_time(minutes=3)
    assert day.own() == day.futures()
    assert len(day.refs()) == 1
    await day.close()


async def test_an_order_due_while_the_line_is_down_is_not_sent_later_without_a_new_look(
    tmp_path: Path, script: Script
) -> None:
    day = await Day.begin(tmp_path)
    await day.pass_time(minutes=1)
    await day.gateway.stop()
    script.buy(MORNING + timedelta(minutes=2), "VXM", 2)
    await day.pass_time(minutes=3)
    assert day.entries(Kind.INTENT) == []
    script.buys.clear()  # the reason to buy has gone by the time the line is back
    await come_back(day)
    await day.pass_time(minutes=4)
    assert day.entries(Kind.INTENT) == []
    assert day.orders() == []
    await day.close()
