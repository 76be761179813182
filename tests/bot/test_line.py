"""A line that dies, stays silent, comes back, or tells another time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alarm import Alarm
from bot.broker.port import Answer, LinkState
from bot.clock import SteppedClock
from bot.errors import Refuse, Retry, Unreachable
from bot.journal import Journal, Kind, journal_path
from bot.line import Line, skew_s

NOON = datetime(2026, 3, 17, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Broker:
    """Be a broker whose line does what the test says."""

    def __init__(self, clock: SteppedClock) -> None:
        self.clock = clock
        self.link = LinkState.UP
        self.fault = ""
        self.silent = False
        self.skew = timedelta(0)
        self.refusal: Exception | None = None
        self.connected = 0
        self.hung_up = 0
        self.asked = 0
        self.last_answer: Answer | None = None

    async def connect(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.connected += 1
        self.silent = False
        self.link = LinkState.UP

    async def disconnect(self) -> None:
        self.hung_up += 1
        self.fault = ""
        self.link = LinkState.DISCONNECTED

    async def heartbeat(self) -> datetime:
        self.asked += 1
        if self.silent:
            raise Retry("broker time: no answer within 10 s")
        now = self.clock.now()
        theirs = (now + self.skew).replace(microsecond=0)
        self.last_answer = Answer(asked_at=now, theirs=theirs, answered_at=now)
        return theirs


class Stand:
    """Hold a line before such a broker, with a journal behind it."""

    def __init__(self, folder: Path) -> None:
        self.clock = SteppedClock(NOON)
        self.broker: Any = Broker(self.clock)
        self.journal = Journal.open(journal_path(folder, "paper", "DU1"), mode="paper", account="DU1", durable=False)
        self.alarm = Alarm(self.journal, self.clock)
        self.recoveries = 0
        self.line = Line(self.broker, self.alarm, self._recover, self.clock, 2.0)

    async def _recover(self) -> tuple[str, ...]:
        self.recoveries += 1
        return ()

    async def tend(self, minutes: int = 1) -> None:
        for _ in range(minutes):
            await self.line.tend()
            self.clock.move(self.clock.now() + timedelta(minutes=1))

    def alerts(self) -> list[str]:
        return [entry.body["why"] for entry in self.journal.entries(kinds=(Kind.ALERT,))]

    def locks(self) -> list[tuple[str, bool]]:
        return [(entry.body["name"], bool(entry.body["why"])) for entry in self.journal.entries(kinds=(Kind.LOCK,))]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    made.journal.close()


async def test_a_good_line_is_listened_to_and_left_alone(stand: Stand) -> None:
    await stand.tend(5)
    assert stand.broker.asked == 5
    assert (stand.broker.connected, stand.broker.hung_up, stand.recoveries) == (0, 0, 0)
    assert stand.alerts() == []
    assert not stand.line.needs_care()


async def test_what_a_wake_up_has_just_asked_is_not_asked_again_and_its_answer_still_shows_the_skew(
    stand: Stand,
) -> None:
    stand.broker.skew = timedelta(seconds=30)
    for _ in range(3):
        await stand.broker.heartbeat()
        stand.clock.move(stand.clock.now() + timedelta(seconds=25))
        await stand.line.tend()
        stand.clock.move(stand.clock.now() + timedelta(seconds=35))
    assert stand.broker.asked == 3
    assert stand.locks() == [("clock", True)]


async def test_a_line_that_is_open_and_dead_is_hung_up_opened_anew_and_read_in_the_same_minute(stand: Stand) -> None:
    stand.broker.silent = True
    await stand.tend()
    assert (stand.broker.hung_up, stand.broker.connected, stand.recoveries) == (1, 1, 1)
    (said,) = stand.alerts()
    assert "nobody answers" in said
    await stand.tend()
    assert stand.recoveries == 1


async def test_while_the_exchange_is_lost_tws_itself_is_not_hung_up(stand: Stand) -> None:
    stand.broker.link, stand.broker.silent = LinkState.LOST, True
    await stand.tend(3)
    assert (stand.broker.asked, stand.broker.hung_up) == (0, 0)
    assert len(stand.alerts()) == 1
    stand.broker.link, stand.broker.silent = LinkState.UP, False
    await stand.tend()
    assert stand.recoveries == 1, "what was executed meanwhile is read"


async def test_a_socket_that_died_while_the_exchange_was_lost_is_hung_up_after_ten_minutes(stand: Stand) -> None:
    stand.broker.link, stand.broker.silent = LinkState.LOST, True
    await stand.tend(10)
    assert stand.broker.hung_up == 0
    await stand.tend()
    assert (stand.broker.hung_up, stand.broker.connected, stand.recoveries) == (1, 1, 1)


async def test_a_recovery_that_fails_is_tried_again_although_the_line_is_up(stand: Stand) -> None:
    stand.broker.link, calls = LinkState.DISCONNECTED, []

    async def recover() -> tuple[str, ...]:
        calls.append(stand.clock.now())
        if len(calls) == 1:
            raise Retry("executions: no answer")
        return ()

    line = Line(stand.broker, stand.alarm, recover, stand.clock, 2.0)
    with pytest.raises(Retry):
        await line.tend()
    await line.tend()
    await line.tend()
    assert len(calls) == 2


async def test_a_trouble_of_the_line_is_told_again_every_hour(stand: Stand) -> None:
    stand.broker.link = LinkState.FARM_DOWN
    await stand.tend(125)
    assert len(stand.alerts()) == 3


async def test_a_gateway_that_is_logged_in_to_another_account_is_a_lost_line_and_not_a_fault_of_the_program(
    stand: Stand,
) -> None:
    await stand.broker.disconnect()
    stand.broker.refusal = Refuse("the gateway manages DU9, expected DU1")
    await stand.tend(3)
    (said,) = stand.alerts()
    assert "expected DU1" in said
    assert stand.locks() == []
    stand.broker.refusal = None
    await stand.tend()
    assert stand.recoveries == 1


async def test_a_lost_line_is_tried_every_minute_of_the_session_and_told_once_an_hour(stand: Stand) -> None:
    await stand.broker.disconnect()
    stand.broker.refusal = Unreachable("nothing listens")
    await stand.tend(60)
    assert len(stand.alerts()) == 1
    await stand.tend(5)
    first, second = stand.alerts()
    assert "since" not in first
    assert "since Tue 12:00 New York time" in second


@pytest.mark.parametrize(("skew", "locks"), [(-4, True), (-2, False), (0, False), (2, False), (3, True), (60, True)])
async def test_clocks_that_disagree_by_more_than_two_seconds_lock_opening(
    stand: Stand, skew: int, *, locks: bool
) -> None:
    stand.broker.skew = timedelta(seconds=skew)
    await stand.tend(3)
    assert stand.locks() == ([("clock", True)] if locks else [])
    assert len(stand.alerts()) == int(locks), "said once"
    stand.broker.skew = timedelta(0)
    await stand.tend(2)
    assert stand.locks() == ([("clock", True), ("clock", False)] if locks else [])


def test_a_late_answer_or_a_whole_second_proves_no_skew() -> None:
    asked = NOON.replace(microsecond=900_000)
    assert skew_s(asked, NOON, asked) == 0.0, "the broker cuts fractions off"
    assert skew_s(asked, NOON, asked + 8 * SECOND) == 0.0, "the answer was on its way"
    assert skew_s(asked, NOON + 5 * SECOND, asked + SECOND) == pytest.approx(3.1)
    assert skew_s(asked, NOON - 5 * SECOND, asked + 9 * SECOND) == pytest.approx(-4.9)


async def test_a_restart_remembers_a_lock_and_lifts_it_when_the_clocks_agree(stand: Stand) -> None:
    stand.broker.skew = timedelta(seconds=30)
    await stand.tend()
    again = Alarm(stand.journal, stand.clock)
    for entry in stand.journal.entries(kinds=(Kind.LOCK,)):
        again.recall(entry)
    stand.broker.skew = timedelta(0)
    line = Line(stand.broker, again, stand._recover, stand.clock, 2.0)
    await line.tend()
    assert stand.locks() == [("clock", True), ("clock", False)]


async def test_a_broken_journal_halts_and_is_told_to_the_pager_itself(stand: Stand) -> None:
    told: list[tuple[Any, ...]] = []

    class Pager:
        def page(self, *words: Any) -> None:
            told.append(words)

    alarm = Alarm(stand.journal, stand.clock, Pager())  # type: ignore[arg-type]
    stand.journal.close()
    alarm.alert("anything")
    assert "nothing may be sent" in alarm.halted
    ((severity, words),) = told
    assert severity == "critical"
    assert "nothing may be sent" in words
    alarm.missed("wake", "came too late")
    alarm.lock("clock", "apart")
    assert len(told) == 1
