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


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Hold one job; one that could not start within `grace_s` of its time is dropped and reported as missed."""

    name: str
    trigger: BaseTrigger
    run: Callable[[], Awaitable[None]]
    grace_s: int = 20


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
    `stride(now)` is the longest step without a catch-up: short while markets are watched, long at night.
    """

    def __init__(
        self,
        clock: SteppedClock,
        jobs: Sequence[Job],
        catch_up: Callable[[datetime], Awaitable[None]],
        stride: Callable[[datetime], timedelta],
    ) -> None:
        self._clock = clock
        self._jobs = tuple(jobs)
        self._catch_up = catch_up
        self._stride = stride
        self._due: list[datetime | None] | None = None

    async def run(self, until: datetime) -> None:
        """Run every job that falls due up to and including `until`; another call goes on where this one ends."""
        if self._due is None:
            self._due = [job.trigger.get_next_fire_time(None, self._clock.now()) for job in self._jobs]
        due = self._due
        while True:
            upcoming = min((at for at in due if at is not None), default=None)
            if upcoming is None or upcoming > until:
                break
            await self._move(upcoming)
            for index, job in enumerate(self._jobs):
                if due[index] == upcoming:
                    await job.run()
                    await self._catch_up(self._clock.now())
                    due[index] = job.trigger.get_next_fire_time(upcoming, upcoming + timedelta(microseconds=1))
        await self._move(until)

    async def _move(self, to: datetime) -> None:
        """Walk the clock to `to` in strides that end on the stride's own grid, so that ticks arrive at their time."""
        to = to.astimezone(self._clock.now().tzinfo)
        while (now := self._clock.now()) < to:
            stride = self._stride(now).total_seconds()
            on_grid = datetime.fromtimestamp((now.timestamp() // stride + 1) * stride, tz=now.tzinfo)
            step = min(to, on_grid)
            self._clock.move(step)
            await self._catch_up(step)
