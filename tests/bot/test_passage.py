"""Waits on a stepped clock: they end at their instant, in order, and take no real time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.clock import SteppedClock
from bot.passage import Passage
from bot.schedule import Job, Stepper

NOON = datetime(2018, 2, 5, 17, 0, tzinfo=UTC)


class Outside:
    """Be a world that answers when the clock has come to an instant."""

    def __init__(self, answers_at: datetime | None = None) -> None:
        self.clock = SteppedClock(NOON)
        self.seen: list[datetime] = []
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.answers_at = answers_at
        self.passage = Passage(self.clock, self.catch_up, lambda now: timedelta(seconds=5))

    async def catch_up(self, to: datetime) -> None:
        self.seen.append(to)
        if self.answers_at is not None and to >= self.answers_at and not self.answer.done():
            self.answer.set_result("yes")


def seconds_after_noon(at: datetime) -> float:
    return (at - NOON).total_seconds()


async def test_a_wait_for_silence_ends_at_its_instant_and_the_world_saw_the_time_pass():
    world = Outside()
    with pytest.raises(TimeoutError, match="12 s"):
        await world.passage.through(world.clock.within(world.answer, 12))
    assert seconds_after_noon(world.clock.now()) == 12
    assert sorted({seconds_after_noon(at) for at in world.seen}) == [0, 5, 10, 12]


async def test_an_answer_in_time_ends_the_wait_at_the_mark_at_which_it_came():
    world = Outside(NOON + timedelta(seconds=7))
    assert await world.passage.through(world.clock.within(world.answer, 60)) == "yes"
    assert seconds_after_noon(world.clock.now()) == 10
    assert world.clock.next_alarm() is None


async def test_an_answer_that_is_there_takes_no_time():
    world = Outside(NOON)
    await world.catch_up(NOON)
    assert await world.passage.through(world.clock.within(world.answer, 60)) == "yes"
    assert world.clock.now() == NOON


async def test_sleepers_wake_in_the_order_of_their_instants():
    world, woke = Outside(), []

    async def sleeper(seconds: float) -> None:
        await world.clock.sleep(seconds)
        woke.append((seconds, seconds_after_noon(world.clock.now())))

    await world.passage.through(asyncio.gather(sleeper(9), sleeper(3), sleeper(21)))
    assert woke == [(3, 3), (9, 9), (21, 21)]


async def test_work_that_is_cancelled_from_outside_is_cancelled_and_not_late():
    clock = SteppedClock(NOON)
    task = asyncio.ensure_future(clock.within(asyncio.Event().wait(), 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.next_alarm() is None


async def test_what_fails_in_time_fails_as_itself():
    async def broken() -> None:
        raise ConnectionError("gone")

    world = Outside()
    with pytest.raises(ConnectionError, match="gone"):
        await world.passage.through(world.clock.within(broken(), 5))


async def test_a_job_that_waits_lets_time_pass_and_late_ones_are_dropped_and_reported():
    world, ran, missed = Outside(), [], []

    async def slow() -> None:
        await world.clock.sleep(14.5)

    async def quick() -> None:
        ran.append(seconds_after_noon(world.clock.now()))

    jobs = (
        Job(name="slow", trigger=DateTrigger(NOON + timedelta(seconds=5)), run=slow),
        Job(name="quick", trigger=IntervalTrigger(seconds=5, start_date=NOON), run=quick, grace_s=4),
    )

    def note(job: str, what: str) -> None:
        missed.append((job, what[-14:]))

    stepper = Stepper(world.clock, jobs, world.catch_up, lambda now: timedelta(seconds=5), note)
    await stepper.run(NOON + timedelta(seconds=30))
    assert ran == [0, 20, 25, 30]
    assert missed == [("quick", "17:00:15+00:00")], "of three turns that went by the last is 4.5 s old"


@pytest.mark.parametrize("stride_s", [0.1, 0.3, 0.7])
async def test_strides_of_parts_of_a_second_always_move_the_clock(stride_s: float):
    world = Outside()
    passage = Passage(world.clock, world.catch_up, lambda now: timedelta(seconds=stride_s))
    for _ in range(200):
        before = world.clock.now()
        await passage.step(NOON + timedelta(hours=1))
        assert before < world.clock.now() <= before + timedelta(seconds=stride_s + 0.001)


async def test_a_job_that_asks_hundreds_of_questions_one_after_the_other_takes_no_time():
    world = Outside(NOON)

    async def answered() -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    async def ask() -> str:
        for _ in range(300):
            await world.clock.within(answered(), 10)
        return "all answered"

    assert await world.passage.through(ask()) == "all answered"
    assert world.clock.now() == NOON
