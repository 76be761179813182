"""Let time pass on a stepped clock: between jobs, and while a job waits for an answer that does not come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.clock import SteppedClock

T = TypeVar("T")

QUIET_TURNS = 60  # of the event loop: far more than any chain of answers on one machine takes
OUTSIDE_S = 0.02  # of real time until it is asked again whether a job waits for the clock


async def turn_quietly(task: asyncio.Task[T]) -> None:
    """Give the task many turns of the event loop: what is still not done then waits for time."""
    for _ in range(QUIET_TURNS):
        if task.done():
            return
        await asyncio.sleep(0)


class Passage:
    """Walk a clock forward in strides, letting the outside world catch up after each.

    `catch_up(to)` must bring the outside world to `to` and return once both ends of the socket agree. `stride(now)` is
    the longest step without a catch-up: short while markets are watched, long at night.
    """

    def __init__(
        self,
        clock: SteppedClock,
        catch_up: Callable[[datetime], Awaitable[None]],
        stride: Callable[[datetime], timedelta],
    ) -> None:
        self._clock = clock
        self._catch_up = catch_up
        self._stride = stride

    async def step(self, to: datetime) -> None:
        """Walk the clock towards `to`, at most to the stride's own next mark, so that ticks arrive at their time."""
        now = self._clock.now()
        stride = self._stride(now).total_seconds()
        on_grid = datetime.fromtimestamp((now.timestamp() // stride + 1) * stride, tz=now.tzinfo)
        if on_grid <= now:  # a stride of parts of a second: the mark was rounded to where the clock stands
            on_grid = now + timedelta(seconds=stride)
        step = min(to.astimezone(now.tzinfo), on_grid)
        self._clock.move(step)
        await self._catch_up(step)

    async def through(self, work: Awaitable[T]) -> T:
        """Return what the work returns, moving the clock to what it waits for whenever nothing else can happen."""
        task: asyncio.Task[T] = asyncio.ensure_future(work)
        try:
            while not await self._is_over(task):
                alarm = self._clock.next_alarm()
                if alarm is None:
                    await asyncio.wait({task}, timeout=OUTSIDE_S)  # for something that no clock decides, at first
                else:
                    await self.step(alarm)
        except BaseException:
            task.cancel()
            raise
        return await task

    async def _is_over(self, task: asyncio.Task[T]) -> bool:
        """Say whether the task ends without time passing; `False` once neither it nor the wire moves any more."""
        begun = -1
        while begun != self._clock.waits:  # what still asks one question after the other is not stuck
            begun = self._clock.waits
            await turn_quietly(task)
            if not task.done():
                await self._catch_up(self._clock.now())
                await turn_quietly(task)
        return task.done()
