"""Measure the stepped demo: wall seconds of about one day and of all of a scenario, split between gateway and bot."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from machine import table

import bot.cycle
from bot.collector import quieten
from bot.demo import Show, perform
from bot.gateway.server import Gateway
from bot.gateway.session import Session

SCENARIO = "spike-2018-02"
ONE_DAY = datetime(2018, 2, 2, 20, 50, tzinfo=UTC)  # from ten minutes before one close to ten before the next
TARGET_S = {"one day": 5.0, "all": 12.0}


@dataclass
class Stopwatch:
    """Add up the time spent in wrapped functions, and count their calls; nested calls count once."""

    seconds: float = 0.0
    calls: int = 0
    inside: list[bool] = field(default_factory=lambda: [False])

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with the watch around it."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.inside[0]:
                return function(*args, **kwargs)
            self.inside[0], began = True, perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += perf_counter() - began
                self.inside[0] = False

        return timed


def measure(name: str, until: datetime | None) -> list[str]:
    """Run the demo to `until` and return one row."""
    gateway, deciding = Stopwatch(), Stopwatch()
    originals = (Gateway.advance, Session.data_received, bot.cycle.decide)
    Gateway.advance = gateway.around(Gateway.advance)  # type: ignore[method-assign]
    Session.data_received = gateway.around(Session.data_received)  # type: ignore[method-assign]
    bot.cycle.decide = deciding.around(bot.cycle.decide)
    wall, cpu = perf_counter(), process_time()
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(perform(Show(scenario=SCENARIO, folder=Path(folder), until=until)))
    finally:
        Gateway.advance, Session.data_received, bot.cycle.decide = originals  # type: ignore[method-assign]
    wall, cpu = perf_counter() - wall, process_time() - cpu
    wakes = max(deciding.calls, 1)
    return [
        name,
        f"{wakes}",
        f"{wall:.1f}",
        f"{cpu:.1f}",
        f"{gateway.seconds:.1f}",
        f"{wall - gateway.seconds:.1f}",
        f"{1000 * cpu / wakes:.1f}",
        f"{TARGET_S[name]:.0f}",
        f"{wall / TARGET_S[name]:.2f}",
    ]


def main() -> None:
    """Measure one day and the whole scenario; with `one-day` only the day."""
    quieten()  # as `alvh demo` does
    rows = [measure("one day", ONE_DAY)]
    if "one-day" not in sys.argv[1:]:
        rows.append(measure("all", None))
    table(("run", "wake-ups", "wall s", "cpu s", "gateway s", "bot s", "cpu ms/wake", "target s", "wall/target"), rows)


if __name__ == "__main__":
    main()
