"""Keeping a bot running: clocks that disagree, signals, and a bot that has halted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from bot.clock import RealClock, SteppedClock
from bot.errors import Halt, Refuse
from bot.runner import STRIDE, Pace, check_clock, run_on_gateway_time, run_on_real_clock
from bot.schedule import Job, RealDriver, on_session_days

NOON = datetime(2018, 2, 5, 17, 0, tzinfo=UTC)


class Line:
    """Be a gateway's clock that moves ahead by `pace` whenever it is asked."""

    def __init__(self, at: datetime, pace: timedelta = timedelta(0)) -> None:
        self.at = at
        self.pace = pace
        self.asked: Callable[[datetime], None] = lambda at: None

    async def heartbeat(self) -> datetime:
        await asyncio.sleep(0)  # as a real question does, it lets the loop see signals
        self.at += self.pace
        self.asked(self.at)
        return self.at


def a_bot(line: Line | None = None, *jobs: Job) -> Any:
    reports: list[tuple[str, str]] = []
    return SimpleNamespace(
        broker=line, jobs=lambda: jobs, halted="", reports=reports, report=lambda job, what: reports.append((job, what))
    )


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("seconds", [-5.0, 0.0, 5.0])
async def test_clocks_a_few_seconds_apart_are_accepted(seconds: float) -> None:
    await check_clock(a_bot(Line(NOON + timedelta(seconds=seconds))), SteppedClock(NOON))


@pytest.mark.parametrize("seconds", [-5.1, 5.1, 86400.0])
async def test_clocks_further_apart_are_refused_with_both_times_and_what_to_do(seconds: float) -> None:
    theirs = NOON + timedelta(seconds=seconds)
    with pytest.raises(Refuse) as refused:
        await check_clock(a_bot(Line(theirs)), SteppedClock(NOON))
    words = str(refused.value)
    assert f"gateway's clock says {theirs:%Y-%m-%d %H:%M:%S} UTC" in words
    assert "this machine's 2018-02-05 17:00:00" in words
    assert "NTP" in words
    assert "--gateway-time" in words
    assert refused.value.exit_code == 3


async def test_on_gateway_time_jobs_run_at_the_gateway_s_minutes_until_a_signal() -> None:
    ran: list[datetime] = []
    clock = SteppedClock(datetime.fromtimestamp(0, UTC))

    async def wake() -> None:
        ran.append(clock.now())
        if len(ran) == 3:
            stop()

    job = Job(name="wake", trigger=on_session_days(hour="12", second="0"), run=wake)
    await run_on_gateway_time(a_bot(Line(NOON, timedelta(seconds=5)), job), clock)
    assert ran[:3] == [NOON + timedelta(minutes=n) for n in (1, 2, 3)]


async def test_a_stop_does_not_run_jobs_ahead_of_the_gateway() -> None:
    line, clock, ran = Line(NOON, timedelta(seconds=1)), SteppedClock(NOON), []

    async def attend() -> None:
        ran.append(clock.now())

    def ask_to_stop(at: datetime) -> None:
        if at == NOON + timedelta(seconds=22):
            stop()

    line.asked = ask_to_stop
    job = Job(name="attend", trigger=on_session_days(hour="12", second="*/5"), run=attend)
    await run_on_gateway_time(a_bot(line, job), clock)
    assert ran
    assert max(ran) <= line.at + STRIDE


async def test_a_job_that_waits_for_the_line_and_then_for_the_clock_is_not_left_alone() -> None:
    """The check before the open asks the broker, on real time, and then gives quotes four seconds of the market's."""
    line = Line(NOON, timedelta(seconds=1))
    clock = SteppedClock(NOON)
    made = a_bot(line)

    async def check() -> None:
        await asyncio.sleep(0.05)
        await clock.sleep(4.0)
        stop()

    made.jobs = lambda: (Job(name="check", trigger=on_session_days(hour="12", second="5"), run=check),)
    async with asyncio.timeout(20):
        await run_on_gateway_time(made, clock)
    assert clock.now() >= NOON + timedelta(seconds=9)


async def test_a_stop_ends_a_job_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.runner.LAST_S", 0.1)
    made = a_bot(Line(NOON, timedelta(seconds=1)))

    async def hang() -> None:
        stop()
        await asyncio.Event().wait()

    made.jobs = lambda: (Job(name="wake", trigger=on_session_days(hour="12", second="5"), run=hang),)
    async with asyncio.timeout(20):
        await run_on_gateway_time(made, SteppedClock(NOON))


async def test_a_bot_that_halts_on_gateway_time_says_why() -> None:
    clock = SteppedClock(NOON)
    made = a_bot(Line(NOON, timedelta(seconds=1)))

    async def halt() -> None:
        made.halted = "the disk is full"

    made.jobs = lambda: (Job(name="wake", trigger=on_session_days(hour="12", second="*/5"), run=halt),)
    with pytest.raises(Halt, match="the disk is full"):
        await run_on_gateway_time(made, clock)


async def test_a_bot_that_halts_on_the_real_clock_says_why() -> None:
    made = a_bot()

    async def halt() -> None:
        made.halted = "the disk is full"

    begin = RealClock().now() + timedelta(seconds=0.1)
    made.jobs = lambda: (Job(name="wake", trigger=IntervalTrigger(seconds=1, start_date=begin), run=halt),)
    with pytest.raises(Halt, match="the disk is full"):
        await run_on_real_clock(made)
    assert made.reports == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_the_real_clock_cleanly(number: signal.Signals) -> None:
    made = a_bot()

    async def wake() -> None:
        os.kill(os.getpid(), number)

    begin = RealClock().now() + timedelta(seconds=0.1)
    made.jobs = lambda: (Job(name="wake", trigger=IntervalTrigger(seconds=1, start_date=begin), run=wake),)
    await run_on_real_clock(made)
    assert made.reports == []


def test_a_clock_that_is_set_back_is_noticed_once_and_one_that_is_slewed_or_set_ahead_is_not() -> None:
    clock = SimpleNamespace(at=NOON, ticks=100.0)
    clock.now, clock.monotonic = lambda: clock.at, lambda: clock.ticks
    pace = Pace(clock)  # type: ignore[arg-type]
    found = []
    for gone_s, shown_s in ((0.5, 0.5), (0.5, 0.4), (0.5, 3600.5), (0.5, -59.5), (0.5, 0.5)):
        clock.ticks += gone_s
        clock.at += timedelta(seconds=shown_s)
        found.append(round(pace.set_back_s(), 3))
    assert found == [0.0, 0.0, 0.0, 60.0, 0.0]


async def test_the_jobs_begin_anew_when_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made = a_bot()
    steps = iter([0.0, 60.0])
    monkeypatch.setattr(Pace, "set_back_s", lambda self: next(steps))
    monkeypatch.setattr(RealDriver, "begin_again", lambda self: stop())
    await run_on_real_clock(made)
    assert made.reports == [("every job", "began anew: this machine's clock was set back by 60 s")]
