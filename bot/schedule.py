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
    """Run the job table on a stepped clock, letting the outside world catch up before each job.

    `catch_up(to)` must bring the simulated gateway to `to` and return once both ends of the socket agree.
    `stride(now)` is the longest step without a catch-up: short while markets are watched, long at night. Whether a job
    has work is asked anew after every step.
    """

    def __init__(
        self,
        clock: SteppedClock,
        jobs: Sequence[Job],
        catch_up: Callable[[datetime], Awaitable[None]],
        stride: Callable[[datetime], timedelta],
    ) -> None:
        self._clock = clock
        self._catch_up = catch_up
        self._stride = stride
        self._turns = tuple(_Turn(job) for job in jobs)

    async def run(self, until: datetime) -> None:
        """Run every job that falls due up to and including `until`; another call goes on where this one ends."""
        while True:
            now = self._clock.now()
            due = self._due(now)
            if due is not None and due <= now:
                await self._do_what_is_due(now)
                due = self._due(now)
            if now >= until:
                return
            await self._step(until if due is None else min(due, until))

    def _due(self, now: datetime) -> datetime | None:
        return min((at for turn in self._turns if (at := turn.due(now)) is not None), default=None)

    async def _do_what_is_due(self, now: datetime) -> None:
        for turn in self._turns:
            due = turn.due(now)
            if due is not None and due <= now:
                await turn.job.run()
                await self._catch_up(now)
            turn.end(now)

    async def _step(self, to: datetime) -> None:
        """Walk the clock towards `to`, at most to the stride's own next mark, so that ticks arrive at their time."""
        now = self._clock.now()
        stride = self._stride(now).total_seconds()
        on_grid = datetime.fromtimestamp((now.timestamp() // stride + 1) * stride, tz=now.tzinfo)
        step = min(to.astimezone(now.tzinfo), on_grid)
        self._clock.move(step)
        await self._catch_up(step)


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
            found = self.job.trigger.get_next_fire_time(self._last, start)
            self._next = None if found is None or found < start else found.astimezone(start.tzinfo)
            self._is_asked = True
        return self._next if self._is_asked else None

    def end(self, now: datetime) -> None:
        """Let the job's turn at this instant be over, whether or not it was due."""
        self._ended = now
        if self._is_asked and self._next is not None and self._next <= now:
            self._last, self._is_asked = self._next, False
