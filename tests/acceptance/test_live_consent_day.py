"""Live: an order that opens waits for a human, and silence, lateness and a restart are all no."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from whole_day import MORNING, PLACE, Day, scripted

from bot.journal import Kind
from bot.supervise.inbox import Say
from bot.supervise.tickets import ConsentSettings

ACCOUNT = "U1802050"
DEADLINE_S = 90.0
WAIT = timedelta(minutes=4)


@pytest_asyncio.fixture
async def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Day]:
    """A live bot whose method wants two minis at the wake-up of 15:09:05."""
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=1), "VXM", 2)
    arm = tmp_path / "arm"
    arm.write_text(ACCOUNT, encoding="utf-8")
    day = await Day.begin(
        tmp_path,
        mode="live",
        account=ACCOUNT,
        arm_file=arm,
        confirmed_account=ACCOUNT,
        consent=ConsentSettings(deadline_s=DEADLINE_S),
    )
    await day.run_until(lambda: day.entries(Kind.TICKET), MORNING + WAIT)
    yield day
    await day.close()


def ticket(day: Day) -> str:
    (entry,) = day.entries(Kind.TICKET)
    return str(entry.body["id"])


def verdicts(day: Day) -> list[str]:
    return [entry.body["verdict"] for entry in day.entries(Kind.CONSENT)]


async def test_silence_is_no(live: Day) -> None:
    assert live.gateway.frames[PLACE] == 0
    await live.run(MORNING + WAIT)
    assert verdicts(live) == ["expired"]
    assert live.gateway.frames[PLACE] == 0
    assert live.orders() == []


async def test_a_yes_in_time_sends_the_order_once(live: Day) -> None:
    live.word(Say.APPROVE, ticket(live))
    await live.run(MORNING + WAIT)
    assert verdicts(live) == ["approved"]
    assert len(live.refs()) == 1
    assert live.own() == live.futures()
    assert list(live.own().values()) == [2]


async def test_the_same_yes_twice_sends_one_order(live: Day) -> None:
    live.word(Say.APPROVE, ticket(live))
    await live.pass_time(seconds=10)
    live.word(Say.APPROVE, ticket(live))
    await live.run(MORNING + WAIT)
    assert len(live.refs()) == 1
    assert [entry.body["accepted"] for entry in live.entries(Kind.OPERATOR)] == [True, False]


async def test_a_late_yes_sends_nothing(live: Day) -> None:
    await live.pass_time(seconds=DEADLINE_S + 10)
    live.word(Say.APPROVE, ticket(live))
    await live.run(MORNING + WAIT)
    assert verdicts(live) == ["expired"]
    assert live.gateway.frames[PLACE] == 0


async def test_a_yes_that_is_read_only_after_the_deadline_sends_nothing(live: Day) -> None:
    (asked,) = live.entries(Kind.TICKET)
    await live.pass_time(seconds=DEADLINE_S - 10)
    live.bot._operator, reader = None, live.bot._operator  # the inbox is not looked at, nor tickets closed
    live.bot._desk.attend, attend = _idle, live.bot._desk.attend  # type: ignore[method-assign]
    live.word(Say.APPROVE, ticket(live))
    await live.pass_time(seconds=20)
    assert live.clock.now() > asked.at + timedelta(seconds=DEADLINE_S)
    live.bot._operator, live.bot._desk.attend = reader, attend  # type: ignore[method-assign]
    await live.run(MORNING + WAIT)
    assert verdicts(live) == ["expired"]
    assert live.gateway.frames[PLACE] == 0


async def test_a_no_sends_nothing_and_is_final(live: Day) -> None:
    live.word(Say.DENY, ticket(live))
    await live.run(MORNING + WAIT)
    assert verdicts(live) == ["denied"]
    assert len(live.entries(Kind.TICKET)) == 1
    assert live.gateway.frames[PLACE] == 0


async def test_a_restart_while_it_waits_is_no(live: Day) -> None:
    waiting = ticket(live)
    await live.die()
    await live.start()
    live.word(Say.APPROVE, waiting)
    await live.run(MORNING + WAIT)
    assert verdicts(live) == ["expired"]
    assert live.gateway.frames[PLACE] == 0


async def test_a_yes_does_not_override_the_kill_switch(live: Day) -> None:
    live.word(Say.KILL)
    await live.pass_time(seconds=1)
    live.word(Say.APPROVE, ticket(live))
    await live.run(MORNING + WAIT)
    assert live.gateway.frames[PLACE] == 0
    assert any("kill switch" in entry.body["why"] for entry in live.entries(Kind.REFUSAL))


async def test_a_word_for_another_account_is_not_obeyed(live: Day) -> None:
    waiting = ticket(live)
    before = live.account
    live.account = "U999"
    live.word(Say.APPROVE, waiting)
    (letter,) = (live.folder / "inbox-live-U999").iterdir()
    live.account = before
    inbox = live.folder / f"inbox-live-{ACCOUNT}"
    inbox.mkdir(exist_ok=True)
    letter.rename(inbox / letter.name)
    await live.run(MORNING + WAIT)
    assert live.gateway.frames[PLACE] == 0
    assert [entry.body["accepted"] for entry in live.entries(Kind.OPERATOR)] == [False]


async def _idle() -> None:
    return None
