"""The only place that knows the time: the real clock, and a stepped one that somebody else moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Tell the time to everything that needs it."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean anything."""

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has gone on by `seconds`."""

    async def within(self, work: Awaitable[T], seconds: float) -> T:
        """Return what `work` returns; cancel it and raise `TimeoutError` once this clock has gone on by `seconds`."""


class RealClock:
    """Read the machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after that many real seconds."""
        await asyncio.sleep(seconds)

    async def within(self, work: Awaitable[T], seconds: float) -> T:
        """Give the work so many real seconds."""
        async with asyncio.timeout(seconds):
            return await work


class ShiftedClock(RealClock):
    """Run at the machine's pace from another instant: beside a simulated gateway that lives on another day."""

    def __init__(self) -> None:
        self._shift = timedelta(0)

    def shift_to(self, at: datetime) -> None:
        """Let it be `at` now."""
        self._shift = at - RealClock.now(self)

    def now(self) -> datetime:
        """Return the shifted time in UTC."""
        return super().now() + self._shift


def cpu_seconds() -> float:
    """Return the processor time that this process has used."""
    return time.process_time()


@dataclass(order=True, slots=True)
class _Alarm:
    """Wait for an instant in somebody's name; equal instants ring in the order in which they were set."""

    at: datetime
    number: int
    task: asyncio.Task[object] = field(compare=False)
    wakes: asyncio.Future[None] | None = field(compare=False, default=None)
    rang: bool = field(compare=False, default=False)
    over: bool = field(compare=False, default=False)

    def ring(self) -> None:
        """Wake the sleeper, or cancel the work that took too long."""
        self.rang = True
        if self.wakes is None:
            self.task.cancel()
        elif not self.wakes.done():
            self.wakes.set_result(None)


class SteppedClock:
    """Stand still until moved: the clock of the demo, of drills and of replay.

    Who sleeps or waits on it goes on when somebody else moves it far enough: no real time passes. `waits` counts the
    sleeps and waits that have begun.
    """

    def __init__(self, at: datetime) -> None:
        self._now = at
        self.waits = 0
        self._alarms: list[_Alarm] = []

    def now(self) -> datetime:
        """Return the instant the clock was last moved to."""
        return self._now

    def monotonic(self) -> float:
        """Return the stepped instant as seconds."""
        return self._now.timestamp()

    def move(self, to: datetime) -> None:
        """Move forward to `to`; moving back is refused."""
        if to < self._now:
            raise ValueError(f"the clock stands at {self._now} and cannot go back to {to}")
        self._now = to
        while (at := self.next_alarm()) is not None and at <= to:
            heappop(self._alarms).ring()

    def next_alarm(self) -> datetime | None:
        """Return the first instant that somebody waits for; `None` when nobody does."""
        while self._alarms and self._alarms[0].over:
            heappop(self._alarms)
        return self._alarms[0].at if self._alarms else None

    async def sleep(self, seconds: float) -> None:
        """Return when the clock has been moved that far."""
        alarm = self._set(seconds, asyncio.get_running_loop().create_future())
        try:
            if alarm.wakes is not None:
                await alarm.wakes
        finally:
            alarm.over = True

    async def within(self, work: Awaitable[T], seconds: float) -> T:
        """Give the work until the clock has been moved that far."""
        alarm = self._set(seconds, None)
        cancelling = alarm.task.cancelling()
        try:
            return await work
        except asyncio.CancelledError as cancelled:
            if alarm.rang and alarm.task.uncancel() <= cancelling:
                raise TimeoutError(f"{seconds:g} s went by") from cancelled
            raise
        finally:
            alarm.over = True

    def _set(self, seconds: float, wakes: asyncio.Future[None] | None) -> _Alarm:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can wait on a clock")
        at = self._now + timedelta(seconds=seconds)
        self.waits += 1
        alarm = _Alarm(at=at, number=self.waits, task=task, wakes=wakes)
        heappush(self._alarms, alarm)
        return alarm
