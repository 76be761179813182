"""Keep a bot running: on the machine's clock, or on the clock of a simulated gateway that runs faster than life."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from bot.app import Bot
from bot.clock import Clock, RealClock, SteppedClock
from bot.errors import Halt, Refuse
from bot.schedule import RealDriver, Stepper
from bot.watch.systemd import Service

LARGEST_SKEW = timedelta(seconds=5)
LEAST_STEP_S = 1.0  # NTP slews what is less
LOOK_S = 0.5  # wall-clock seconds between two looks at whether the bot has halted
LAST_S = 5.0  # wall-clock seconds that a job has left when it is asked to stop
POLL_S = 0.02  # wall-clock seconds between two questions for the gateway's time
STRIDE = timedelta(seconds=5)


async def check_clock(bot: Bot, clock: Clock) -> None:
    """Raise `Refuse` when the gateway's clock and this machine's are more than a few seconds apart."""
    theirs, ours = await bot.broker.heartbeat(), clock.now()
    if abs(theirs - ours) > LARGEST_SKEW:
        raise Refuse(
            f"the gateway's clock says {theirs:%Y-%m-%d %H:%M:%S} UTC, this machine's {ours:%Y-%m-%d %H:%M:%S}: set "
            "this machine's clock (NTP), or give --gateway-time if this is a simulated gateway"
        )


async def run_on_real_clock(bot: Bot, service: Service | None = None) -> None:
    """Run the job table until a signal asks to stop; raise `Halt` when the bot can no longer write its journal.

    `service` is told that the jobs run, gets signs of life from among them, and is told when they end.
    """
    stop, service = _stop_signal(), service or Service({})
    driver = RealDriver((*bot.jobs(), *service.jobs()), bot.report)
    driver.start()
    service.ready("the jobs run")
    pace = Pace(RealClock())
    try:
        while not stop.is_set() and not bot.halted:
            try:
                await asyncio.wait_for(stop.wait(), LOOK_S)
            except TimeoutError:
                back_s = pace.set_back_s()
                if back_s:
                    driver.begin_again()
                    bot.report("every job", f"began anew: this machine's clock was set back by {back_s:.0f} s")
    finally:
        service.stopping()
        driver.stop()
        await driver.drain()
    if bot.halted:
        raise Halt(bot.halted)


class Pace:
    """Notice when the machine's clock is set back: the scheduler would wait until it is where it was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = self._offset()

    def set_back_s(self) -> float:
        """Return by how many seconds the clock was set back since the last question; 0 for less than a second."""
        before, self._begun = self._begun, self._offset()
        back_s = before - self._begun
        return back_s if back_s >= LEAST_STEP_S else 0.0

    def _offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()


async def run_on_gateway_time(bot: Bot, clock: SteppedClock) -> None:
    """Run the job table on the gateway's own time until a signal asks to stop or the line is gone."""
    stop = _stop_signal()

    async def catch_up(to: datetime) -> None:
        while not stop.is_set() and await bot.broker.heartbeat() < to:
            await asyncio.sleep(POLL_S)

    clock.move(await bot.broker.heartbeat())
    stepper = Stepper(clock, bot.jobs(), catch_up, lambda now: STRIDE, bot.report)
    while not stop.is_set() and not bot.halted:
        # Short, so that a stop runs no jobs ahead of the gateway.
        await _unless_stopped(stop, stepper.run(clock.now() + STRIDE))
    if bot.halted:
        raise Halt(bot.halted)


async def _unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Let the work end; once a stop is asked for, what is under way gets a few seconds more and is then given up."""
    task, asked = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait({task}, timeout=LAST_S)
        if task.done():
            await task
    finally:
        for each in (task, asked):
            each.cancel()


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
