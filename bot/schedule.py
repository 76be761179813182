"""Hold the job table and the two ways to drive it: APScheduler on the real clock, a stepper on a stepped one.

Jobs are data: a name, an APScheduler trigger and a coroutine. Both drivers ask the same triggers, run jobs that fall
due together in table order, and never run two at once: a stepped day and a real day differ in nothing but the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from bot.clock import SteppedClock
from bot.passage import Passage

NEW_YORK = "America/New_York"
MOMENT = timedelta(microseconds=1)


def always() -> bool:
    """Say that a job has work."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Hold one job; one that could not start within `grace_s` of its time is dropped and reported as missed.

    While `has_work` says that running it would change nothing, a stepped clock does not stop for it.
    """

    name: str
    trigger: BaseTrigger
    run: Callable[[], Awaitable[None]]
    grace_s: int = 20
    has_work: Callable[[], bool] = always


def on_session_days(*, hour: str, minute: str = "*", second: str) -> CronTrigger:
    """Return a trigger for Monday to Friday in New York time; whether that day trades is the job's own question."""
    return CronTrigger(day_of_week="mon-fri", hour=hour, minute=minute, second=second, timezone=NEW_YORK)


class RealDriver:
    """Run the job table on the machine's clock until told to stop."""

    def __init__(self, jobs: Sequence[Job], report: Callable[[str, str], None]) -> None:
        """Take the table and `report(job, what)`, called for a missed or failed job."""
        self._jobs = tuple(jobs)
        self._report = report
        self._lock = asyncio.Lock()
        self._stopping = False
        self._scheduler = AsyncIOScheduler(timezone=NEW_YORK)

    def start(self) -> None:
        """Start the scheduler on the running event loop."""
        for place, job in enumerate(self._jobs):
            self._scheduler.add_job(
                self._exclusively,
                trigger=job.trigger,
                args=(job,),
                id=f"{place:03}:{job.name}",  # jobs due together are started in the order of their ids
                max_instances=1,
                coalesce=True,
                misfire_grace_time=job.grace_s,
            )
        self._scheduler.add_listener(self._on_event, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)
        self._scheduler.start()

    def begin_again(self) -> None:
        """Find every job's next time anew: after the machine's clock was set back the known ones lie too far off."""
        for job in self._scheduler.get_jobs():
            self._scheduler.reschedule_job(job.id, trigger=job.trigger)

    def stop(self) -> None:
        """Stop starting jobs; `drain` waits for the one that is running."""
        self._stopping = True
        self._scheduler.pause()

    async def drain(self) -> None:
        """Wait until the running job, if any, has ended, then let the scheduler go.

        The scheduler goes last because it cancels what it still runs.
        """
        async with self._lock:
            self._scheduler.shutdown(wait=False)

    async def _exclusively(self, job: Job) -> None:
        async with self._lock:
            if not self._stopping:
                await job.run()

    def _on_event(self, event: JobExecutionEvent | JobSubmissionEvent) -> None:
        name = event.job_id.rpartition(":")[2]
        if isinstance(event, JobSubmissionEvent):
            at = ", ".join(time.isoformat() for time in event.scheduled_run_times)
            self._report(name, f"was left out at {at}: the one before it has not ended")
        elif event.code == EVENT_JOB_MISSED:
            self._report(name, f"missed its time {event.scheduled_run_time.isoformat()}")
        else:
            self._report(name, f"failed: {event.exception!r}")


class Stepper:
    """Run the job table on a stepped clock, letting the outside world catch up before and after each job.

    `catch_up` and `stride` are those of `Passage`. Whether a job has work is asked anew after every step. A job that
    waits lets time pass; of the turns of another that go by meanwhile the last counts, and one that came more than its
    grace ago is dropped and reported, as on the real clock.
    """

    def __init__(
        self,
        clock: SteppedClock,
        jobs: Sequence[Job],
        catch_up: Callable[[datetime], Awaitable[None]],
        stride: Callable[[datetime], timedelta],
        report: Callable[[str, str], None] = lambda job, what: None,
    ) -> None:
        self._clock = clock
        self._catch_up = catch_up
        self._passage = Passage(clock, catch_up, stride)
        self._report = report
        self._turns = tuple(_Turn(job) for job in jobs)

    async def run(self, until: datetime) -> None:
        """Run every job that falls due up to and including `until`; another call goes on where this one ends."""
        while True:
            due = self._due()
            while due is not None and due <= self._clock.now():
                await self._do_what_is_due()
                due = self._due()
            if self._clock.now() >= until:
                return
            await self._passage.step(until if due is None else min(due, until))

    def _due(self) -> datetime | None:
        now = self._clock.now()
        return min((at for turn in self._turns if (at := turn.due(now)) is not None), default=None)

    async def _do_what_is_due(self) -> None:
        for turn in self._turns:
            now = self._clock.now()
            due = turn.due(now)
            if due is not None and due <= now:
                await self._run(turn.job, turn.latest(due, now))
                await self._catch_up(self._clock.now())
            turn.end(now)

    async def _run(self, job: Job, due: datetime) -> None:
        if self._clock.now() - due > timedelta(seconds=job.grace_s):
            self._report(job.name, f"missed its time {due.isoformat()}")
        else:
            await self._passage.through(job.run())


class _Turn:
    """Know when one job falls due next; nobody asks its trigger while the job has no work."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._last: datetime | None = None  # when it fell due before, unless it had no work since
        self._ended: datetime | None = None  # its turn at this instant is over
        self._next: datetime | None = None
        self._is_asked = False

    def due(self, now: datetime) -> datetime | None:
        """Return the next instant from now on; `None` while there is no work, or when the trigger has ended."""
        if not self.job.has_work():
            self._last, self._is_asked = None, False
        elif not self._is_asked:
            start = now if self._ended is None else max(now, self._ended + MOMENT)
            self._next = self._after(start)
            self._is_asked = True
        return self._next if self._is_asked else None

    def latest(self, due: datetime, now: datetime) -> datetime:
        """Return the last instant up to now of those that went by since `due`: they are one, as for the scheduler."""
        while (after := self.job.trigger.get_next_fire_time(due, due + MOMENT)) is not None and due < after <= now:
            due = after.astimezone(now.tzinfo)
        return due

    def _after(self, start: datetime) -> datetime | None:
        """Return the trigger's first instant from `start` on, leaving out those that went by during a long job."""
        last = self._last
        while (found := self.job.trigger.get_next_fire_time(last, start)) is not None and found < start:
            if last is not None and found <= last:
                return None
            last = found
        return None if found is None else found.astimezone(start.tzinfo)

    def end(self, now: datetime) -> None:
        """Let the job's turn at this instant be over, whether or not it was due."""
        self._ended = now
        if self._is_asked and self._next is not None and self._next <= now:
            self._last, self._is_asked = self._next, False
