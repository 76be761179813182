"""The job table and its two drivers: the same instants, the same order, one job at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.clock import RealClock, SteppedClock
from bot.schedule import Job, RealDriver, Stepper, on_session_days

NEW_YORK = ZoneInfo("America/New_York")


def fire_times(trigger: BaseTrigger, start: datetime, count: int) -> list[datetime]:
    found: list[datetime] = []
    while len(found) < count:
        last = found[-1] if found else None
        fired = trigger.get_next_fire_time(last, start if last is None else last + timedelta(microseconds=1))
        assert fired is not None
        found.append(fired.astimezone(UTC))
    return found


async def nothing(to: datetime) -> None:
    """Let the outside world have nothing to catch up with."""


class Diary:
    """Write down which job ran when on a stepped clock."""

    def __init__(self, at: datetime) -> None:
        self.clock = SteppedClock(at)
        self.ran: list[tuple[str, datetime]] = []

    def job(self, name: str, trigger: BaseTrigger) -> Job:
        async def run() -> None:
            self.ran.append((name, self.clock.now()))

        return Job(name=name, trigger=trigger, run=run)

    def stepper(
        self, *jobs: Job, catch_up: Callable[[datetime], Awaitable[None]] = nothing, stride_s: int = 5
    ) -> Stepper:
        return Stepper(self.clock, jobs, catch_up, lambda now: timedelta(seconds=stride_s))


# --- the trigger


@pytest.mark.parametrize(
    ("friday", "before", "after"),
    [
        (datetime(2018, 3, 9, tzinfo=UTC), 14, 13),  # clocks go forward on Sunday 11 March 2018
        (datetime(2018, 11, 2, tzinfo=UTC), 13, 14),  # and back on Sunday 4 November 2018
    ],
)
def test_half_past_nine_in_new_york_moves_in_utc_when_the_clocks_change(
    friday: datetime, before: int, after: int
) -> None:
    trigger = on_session_days(hour="9", minute="30", second="0")
    first, second = fire_times(trigger, friday, 2)
    assert first == friday.replace(hour=before, minute=30)
    assert second == (friday + timedelta(days=3)).replace(hour=after, minute=30)  # the weekend is left out


def test_the_trigger_fires_each_minute_of_the_hours_it_names_and_then_waits_for_the_next_weekday() -> None:
    trigger = on_session_days(hour="15", second="5")
    times = fire_times(trigger, datetime(2018, 2, 9, 20, 0, tzinfo=UTC), 61)  # a Friday in winter, 15:00 there
    assert times[0] == datetime(2018, 2, 9, 20, 0, 5, tzinfo=UTC)
    assert times[59] == datetime(2018, 2, 9, 20, 59, 5, tzinfo=UTC)
    assert times[60] == datetime(2018, 2, 12, 20, 0, 5, tzinfo=UTC)


# --- the stepper


async def test_jobs_due_together_run_in_table_order_whatever_their_names() -> None:
    diary = Diary(datetime(2018, 2, 5, 14, 30, tzinfo=UTC))
    each = on_session_days(hour="9", second="0")
    await diary.stepper(diary.job("z", each), diary.job("a", each)).run(datetime(2018, 2, 5, 14, 31, tzinfo=UTC))
    assert [name for name, _ in diary.ran] == ["z", "a", "z", "a"]
    assert diary.ran[0][1] == datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
    assert diary.ran[3][1] == datetime(2018, 2, 5, 14, 31, tzinfo=UTC)


@pytest.mark.parametrize("pieces_s", [(180,), (60, 60, 60), (7, 1, 52, 60, 0, 0, 60)])
async def test_a_day_run_in_pieces_fires_exactly_what_a_day_run_at_once_fires(pieces_s: tuple[int, ...]) -> None:
    diary = Diary(datetime(2018, 2, 5, 14, 30, tzinfo=UTC))
    stepper = diary.stepper(diary.job("wake", on_session_days(hour="9", second="0,30")))
    for seconds in pieces_s:
        await stepper.run(diary.clock.now() + timedelta(seconds=seconds))
    start = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
    assert [at for _, at in diary.ran] == [start + timedelta(seconds=30 * n) for n in range(7)]
    assert diary.clock.now() == start + timedelta(minutes=3)


async def test_a_stepped_week_keeps_new_york_hours_over_the_change_of_clocks() -> None:
    diary = Diary(datetime(2018, 3, 9, 12, 0, tzinfo=UTC))
    stepper = diary.stepper(diary.job("wake", on_session_days(hour="9", minute="30", second="0")), stride_s=3600)
    await stepper.run(datetime(2018, 3, 12, 23, 0, tzinfo=UTC))
    assert [at.astimezone(NEW_YORK).strftime("%a %H:%M") for _, at in diary.ran] == ["Fri 09:30", "Mon 09:30"]
    assert [at.hour for _, at in diary.ran] == [14, 13]
    assert all(at.tzinfo is UTC for _, at in diary.ran)


async def test_the_world_catches_up_on_the_stride_s_grid_before_each_job_and_after_it() -> None:
    start = datetime(2018, 2, 5, 14, 30, 3, tzinfo=UTC)
    diary = Diary(start)
    caught: list[int] = []

    async def catch_up(to: datetime) -> None:
        assert to == diary.clock.now()
        caught.append(int((to - start).total_seconds()) + 3)

    once = Job(name="once", trigger=DateTrigger(start + timedelta(seconds=9)), run=lambda: nothing(start))
    await diary.stepper(once, catch_up=catch_up).run(start + timedelta(seconds=19))
    # 14:30:03 -> grid 05, 10 -> the job at 12 and again after it -> grid 15, 20 -> the end at 22
    assert caught == [5, 10, 12, 12, 15, 20, 22]


async def test_the_stride_is_asked_anew_at_every_step() -> None:
    start = datetime(2018, 2, 5, 14, 29, 0, tzinfo=UTC)
    opens = start + timedelta(minutes=1)
    clock, caught = SteppedClock(start), []

    async def catch_up(to: datetime) -> None:
        caught.append(to)

    def stride(now: datetime) -> timedelta:
        return timedelta(seconds=5 if now >= opens else 60)

    await Stepper(clock, (), catch_up, stride).run(opens + timedelta(seconds=10))
    assert [int((to - start).total_seconds()) for to in caught] == [60, 65, 70]


class Worker:
    """Be a job that runs every five seconds while it has work; `stops` are the instants at which the clock stood."""

    def __init__(self, diary: Diary, *, has_work: bool = False) -> None:
        self.has_work = has_work
        self.stops: list[datetime] = []
        self.job = replace(diary.job("attend", on_session_days(hour="9", second="*/5")), has_work=lambda: self.has_work)

    async def catch_up(self, to: datetime) -> None:
        self.stops.append(to)


async def test_the_clock_does_not_stop_for_a_job_without_work() -> None:
    start = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
    diary = Diary(start)
    idle = Worker(diary)
    wake = diary.job("wake", on_session_days(hour="9", second="40"))
    await diary.stepper(idle.job, wake, catch_up=idle.catch_up, stride_s=30).run(start + timedelta(seconds=60))
    assert [(at - start).total_seconds() for at in idle.stops] == [30, 40, 40, 60]
    assert [name for name, _ in diary.ran] == ["wake"]


async def test_work_that_comes_up_during_a_step_is_done_at_once_where_the_job_is_due() -> None:
    start = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
    diary = Diary(start)
    idle = Worker(diary)

    async def catch_up(to: datetime) -> None:
        idle.has_work = to >= start + timedelta(seconds=30)

    await diary.stepper(idle.job, catch_up=catch_up, stride_s=15).run(start + timedelta(seconds=40))
    assert [(at - start).total_seconds() for _, at in diary.ran] == [30, 35, 40]


async def test_work_that_a_later_job_of_the_table_makes_waits_for_the_next_time() -> None:
    start = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
    diary = Diary(start)
    idle = Worker(diary)

    async def order() -> None:
        idle.has_work = True

    wake = Job(name="wake", trigger=on_session_days(hour="9", second="20"), run=order)
    await diary.stepper(idle.job, wake, stride_s=60).run(start + timedelta(seconds=31))
    assert [(at - start).total_seconds() for _, at in diary.ran] == [25, 30]


async def test_a_job_that_ran_out_of_work_and_finds_some_again_makes_up_for_nothing() -> None:
    start = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
    diary = Diary(start)
    worker = Worker(diary, has_work=True)

    async def catch_up(to: datetime) -> None:
        worker.has_work = not start + timedelta(seconds=5) < to < start + timedelta(seconds=50)

    await diary.stepper(worker.job, catch_up=catch_up).run(start + timedelta(seconds=55))
    assert [(at - start).total_seconds() for _, at in diary.ran] == [0, 5, 50, 55]


async def test_with_work_all_the_time_or_none_to_skip_the_same_instants_are_run() -> None:
    start = datetime(2018, 2, 5, 14, 30, 2, tzinfo=UTC)
    diary = Diary(start)
    worker = Worker(diary, has_work=True)
    plain = diary.job("plain", on_session_days(hour="9", second="*/5"))
    await diary.stepper(worker.job, plain, stride_s=7).run(start + timedelta(seconds=70))
    assert [at for name, at in diary.ran if name == "attend"] == [at for name, at in diary.ran if name == "plain"]
    assert len(diary.ran) == 28


async def test_of_the_turns_that_go_by_during_a_long_job_the_last_is_run() -> None:
    """A broker that answers nothing makes every wake-up long; who looks after the line must get its turn."""
    start = datetime(2018, 2, 5, 14, 30, 5, tzinfo=UTC)
    diary = Diary(start)

    async def long() -> None:
        await diary.clock.sleep(90)

    wake = Job(name="wake", trigger=on_session_days(hour="9", second="5"), run=long)
    tend = replace(diary.job("tend", on_session_days(hour="9", second="30")), grace_s=55)
    await diary.stepper(wake, tend).run(start + timedelta(seconds=230))
    assert [(at - start).total_seconds() for _, at in diary.ran] == [90, 210]


async def test_a_trigger_that_has_no_next_time_ends_quietly() -> None:
    start = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
    diary = Diary(start)
    stepper = diary.stepper(diary.job("once", DateTrigger(start)))
    await stepper.run(start + timedelta(minutes=1))
    await stepper.run(start + timedelta(minutes=2))
    assert diary.ran == [("once", start)]


# --- the real driver


async def real(jobs: list[Job], ended: asyncio.Event) -> list[tuple[str, str]]:
    """Drive the jobs on the machine's clock until one of them says that it is enough; return the reports."""
    reports: list[tuple[str, str]] = []
    driver = RealDriver(jobs, lambda job, what: reports.append((job, what)))
    driver.start()
    async with asyncio.timeout(30):
        await ended.wait()
    driver.stop()
    await driver.drain()
    return reports


async def test_on_the_real_clock_jobs_due_together_run_in_table_order_one_at_a_time() -> None:
    soon = RealClock().now() + timedelta(seconds=0.3)
    log: list[str] = []
    ended = asyncio.Event()

    def job(name: str, *, last: bool = False) -> Job:
        async def run() -> None:
            log.append(f"{name} begins")
            await asyncio.sleep(0.01)
            log.append(f"{name} ends")
            if last:
                ended.set()

        return Job(name=name, trigger=DateTrigger(soon), run=run)

    assert await real([job("z"), job("m"), job("a", last=True)], ended) == []
    assert log == ["z begins", "z ends", "m begins", "m ends", "a begins", "a ends"]


async def test_stopping_lets_the_running_job_end_and_starts_no_other() -> None:
    soon = RealClock().now() + timedelta(seconds=0.2)
    log: list[str] = []
    reports: list[tuple[str, str]] = []
    began, release = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        began.set()
        await release.wait()
        log.append("long ended")

    async def queued() -> None:
        log.append("queued ran")

    driver = RealDriver(
        [
            Job(name="long", trigger=DateTrigger(soon), run=long),
            Job(name="queued", trigger=DateTrigger(soon), run=queued),
        ],
        lambda job, what: reports.append((job, what)),
    )
    driver.start()
    async with asyncio.timeout(30):
        await began.wait()
        driver.stop()
        draining = asyncio.create_task(driver.drain())
        await asyncio.sleep(0.05)
        assert not draining.done()
        release.set()
        await draining
    await asyncio.sleep(0)
    assert log == ["long ended"]
    assert reports == []


async def test_a_job_that_raises_is_reported_by_name_and_the_next_one_runs() -> None:
    soon = RealClock().now() + timedelta(seconds=0.2)
    ended = asyncio.Event()

    async def fail() -> None:
        raise RuntimeError("out of paper")

    async def go_on() -> None:
        ended.set()

    reports = await real(
        [Job(name="fail", trigger=DateTrigger(soon), run=fail), Job(name="next", trigger=DateTrigger(soon), run=go_on)],
        ended,
    )
    assert reports == [("fail", "failed: RuntimeError('out of paper')")]


async def test_a_job_that_is_too_late_is_dropped_and_reported() -> None:
    late = RealClock().now() - timedelta(minutes=5)
    reports: list[tuple[str, str]] = []
    said = asyncio.Event()

    def report(job: str, what: str) -> None:
        reports.append((job, what))
        said.set()

    async def never() -> None:
        raise AssertionError("a job five minutes late ran")

    driver = RealDriver([Job(name="wake", trigger=DateTrigger(late), run=never, grace_s=20)], report)
    driver.start()
    async with asyncio.timeout(30):
        await said.wait()
    driver.stop()
    await driver.drain()
    assert [(job, what.partition(" 2")[0]) for job, what in reports] == [("wake", "missed its time")]


async def test_jobs_go_on_when_the_machine_s_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    shift, ran = timedelta(), asyncio.Event()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + shift

    async def run() -> None:
        ran.set()

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Shifted)
    monkeypatch.setattr("apscheduler.executors.base.datetime", Shifted)
    driver = RealDriver([Job(name="beat", trigger=CronTrigger(second="*", timezone="UTC"), run=run)], lambda *_: None)
    driver.start()
    async with asyncio.timeout(30):
        await ran.wait()
        shift = timedelta(hours=-1)
        await asyncio.sleep(1.1)
        ran.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ran.wait(), 2.2)
        driver.begin_again()
        await ran.wait()
    driver.stop()
    await driver.drain()


def test_the_words_of_a_report_say_what_happened() -> None:
    reports: list[tuple[str, str]] = []
    driver = RealDriver([], lambda job, what: reports.append((job, what)))
    at = datetime(2024, 8, 5, 13, 31, 5, tzinfo=UTC)
    driver._on_event(JobExecutionEvent(EVENT_JOB_MISSED, "000:wake", "default", at))
    driver._on_event(JobExecutionEvent(EVENT_JOB_ERROR, "001:tend", "default", at, exception=ValueError("x")))
    assert reports == [
        ("wake", "missed its time 2024-08-05T13:31:05+00:00"),
        ("tend", "failed: ValueError('x')"),
    ]


async def test_the_driver_can_be_stopped_while_nothing_runs() -> None:
    driver = RealDriver(
        [Job(name="j", trigger=IntervalTrigger(hours=1), run=lambda: nothing(RealClock().now()))], print
    )
    driver.start()
    driver.stop()
    await driver.drain()
