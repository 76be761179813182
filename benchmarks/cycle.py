"""Measure one cycle with a book of about 400 legs: from the last frame read to the end of the wake-up, orders sent.

The real bot meets the simulated gateway on a stepped clock. The watch starts when the last answer has arrived and the
records are built from it, and stops when the decision is journalled and its orders are on the wire.

Two watches run. The wall clock is what a trader waits, other programs on the machine included; the CPU time of this
process is the bot's own share of it. Where the two part, the machine was busy with something else.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from machine import percentile, table

import bot.cycle
from bot.app import Bot
from bot.barrier import Barrier
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.clock import SteppedClock
from bot.collector import quieten
from bot.cycle import Cycle
from bot.demo import CLIENT_ID, stride
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import load_market
from bot.gateway.market.catalogue import find_scenario
from bot.gateway.server import Gateway
from bot.observe.observer import Observer
from bot.plan import Plan
from bot.schedule import Stepper

SCENARIO = "spike-2018-02"
DAYS_IN_JANUARY = (10, 11, 12, 16, 17, 18, 19, 22, 23, 24, 25, 26)
LOTS = 150
CYCLES = 210
LINES = 700
TARGET_MS = 25.0

Instant = tuple[float, float]  # wall clock, CPU time
UNSEEN: Instant = (0.0, 0.0)


def big_book(folder: Path) -> Path:
    """Copy the scenario with many more condors in its account, and return the copy."""
    copy = folder / "big"
    shutil.copytree(find_scenario(SCENARIO), copy)
    session = copy / "session.toml"
    text = session.read_text()
    for lot in range(LOTS):
        opened = DAYS_IN_JANUARY[lot % len(DAYS_IN_JANUARY)]
        delta = 0.06 + 0.015 * (lot % 11)
        text += (
            f'\n[[book]]\nopened = "2018-01-{opened}"\ndays = {22 + 3 * (lot % 9)}\nput_delta = {delta:.3f}\n'
            f"call_delta = {delta:.3f}\nwidth = {25.0 + 5 * (lot % 17)}\nquantity = 1\n"
        )
    session.write_text(text)
    return copy


def instant() -> Instant:
    """Read both watches, in seconds."""
    return perf_counter(), process_time()


def since(began: Instant) -> Instant:
    """Return the seconds on both watches since an instant."""
    wall, cpu = instant()
    return wall - began[0], cpu - began[1]


class Watches:
    """Hold the seconds of each cycle and of each decision, on the wall and of the CPU."""

    def __init__(self) -> None:
        self.began = UNSEEN
        self.cycles: list[Instant] = []
        self.decisions: list[Instant] = []
        self.legs = 0

    def install(self) -> None:
        """Wrap the first step after the last answer, the decision, and the wake-up as a whole."""
        view, decide, wake = Observer._view, bot.cycle.decide, Cycle.wake

        def timed_view(*args: Any, **kwargs: Any) -> Any:
            self.began = instant()
            return view(*args, **kwargs)

        def timed_decide(seen: Any, book: Any, *rest: Any) -> Any:
            began = instant()
            decision = decide(seen, book, *rest)
            self.decisions.append(since(began))
            self.legs = max(self.legs, len(book.legs))
            return decision

        async def timed_wake(cycle: Cycle) -> None:
            self.began = UNSEEN
            await wake(cycle)
            if self.began != UNSEEN:
                self.cycles.append(since(self.began))

        patched: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
            (Observer, "_view", timed_view),
            (bot.cycle, "decide", timed_decide),
            (Cycle, "wake", timed_wake),
        )
        for owner, name, function in patched:
            setattr(owner, name, function)


async def run(scenario: Path, folder: Path, cycles: int = CYCLES) -> None:
    """Wake the bot `cycles` times, and a few at the close before, on a scenario's first full day."""
    market = load_market(scenario)
    gateway = Gateway(market, SimulatedExchange(market), data_lines=LINES)
    port, clock = await gateway.start(0), SteppedClock(market.start)
    plan = Plan(
        mode="demo",
        port=port,
        configured_account=market.opening_account().account,
        folder=folder,
        durable=False,
        simulated=True,
        data_lines=LINES,
    )
    endpoint = Endpoint(port=port, client_id=CLIENT_ID, account=plan.configured_account, stepped=True)
    broker = IbBroker(endpoint, clock, mode="demo")
    robot, barrier = Bot(plan, broker, clock), Barrier(gateway, broker, CLIENT_ID)

    async def catch_up(to: Any) -> None:
        gateway.advance(to)
        await barrier.settle()

    await robot.open()
    quieten()  # as `alvh run` does
    try:
        until = market.start + timedelta(hours=17, minutes=50 + cycles)  # the session opens 17 h 40 min after the start
        await Stepper(clock, robot.jobs(), catch_up, stride).run(until)
    finally:
        await robot.close()
        await gateway.stop()


def row(name: str, seconds: Sequence[float]) -> tuple[object, ...]:
    """Return one line of the table."""
    middle, high = (1e3 * percentile(seconds, share) for share in (0.5, 0.99))
    return name, len(seconds), f"{middle:.1f}", f"{high:.1f}", f"{TARGET_MS:.0f}", f"{high / TARGET_MS:.2f}"


def main() -> None:
    """Measure and print; the first cycle of a session, which reads all history, is among them."""
    watches = Watches()
    watches.install()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(big_book(Path(folder)), Path(folder)))
    rows = []
    for name, times in (("cycle", watches.cycles), ("decide alone", watches.decisions)):
        for watch, seconds in zip(("wall", "CPU"), zip(*times, strict=True), strict=True):
            rows.append(row(f"{name}, {watch}", seconds))
    table((f"{watches.legs} legs", "cycles", "p50 ms", "p99 ms", "target ms", "p99/target"), rows)


if __name__ == "__main__":
    main()
