"""Measure what recording one wake-up costs, and reading it back: processor time and bytes, by the size of the book.

The wake-ups are those of the real bot against the simulated gateway, once with the scenario's own book and once with
about 400 legs. They are then written to a new journal and read from it with nothing else going on, so that the figures
are those of the journal alone. Processor time, because wall time says more about the machine's other work.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from cycle import big_book, run
from machine import percentile, table

import bot.cycle
from bot.collector import quieten
from bot.gateway.market.catalogue import find_scenario
from bot.journal import Journal, JournalReader, Kind, Projection, Shelf, Wakeup, journal_path, record_wakeup

WAKEUPS = 40
TARGET_MS = 4.0


def wakeups_of(scenario: Path, folder: Path) -> list[Wakeup]:
    """Run the bot on a scenario and return what it recorded."""
    seen: list[Wakeup] = []
    original: Callable[..., int] = bot.cycle.record_wakeup

    def noting(journal: Journal, shelf: Shelf, wakeup: Wakeup, **rest: Any) -> int:
        seen.append(wakeup)
        return original(journal, shelf, wakeup, **rest)

    bot.cycle.record_wakeup = noting
    try:
        asyncio.run(run(scenario, folder, WAKEUPS))
    finally:
        bot.cycle.record_wakeup = original
    return seen


def write(wakeups: list[Wakeup], path: Path) -> list[float]:
    """Record wake-ups as the bot does, and return the milliseconds of each."""
    journal = Journal.open(path, mode="demo", account="DU1", durable=False)
    projection = Projection()
    journal.follow(projection.apply)
    projection.shelf.prepare()
    spent = []
    for wakeup in wakeups:
        began = process_time()
        record_wakeup(journal, projection.shelf, wakeup, at=wakeup.view.now)
        spent.append(1e3 * (process_time() - began))
        journal.settle()
    journal.close()
    return spent


def read(path: Path) -> list[float]:
    """Restore every wake-up as replay and the page do, and return the milliseconds of each."""
    shelf, spent, began = Shelf(), [], process_time()
    for entry in JournalReader.open(path).entries():
        shelf.apply(entry)
        if entry.kind is Kind.WAKEUP:
            shelf.restore(entry.body)
            spent.append(1e3 * (process_time() - began))
            began = process_time()
    return spent


def measure(scenario: Path, folder: Path) -> list[str]:
    """Return one row of the table; the first wake-up is told apart, because it lists every contract."""
    wakeups = wakeups_of(scenario, folder / "run")
    path = journal_path(folder, "demo", "DU1")
    quieten()  # as `alvh run` does
    first, *later = write(wakeups, path)
    sizes = [len(entry) for entry in JournalReader.open(path).lines() if '"kind":"wakeup"' in entry]
    _, *back = read(path)
    high = percentile(later, 0.9)
    return [
        f"{len(wakeups[-1].book.legs)}",
        f"{len(wakeups)}",
        f"{percentile(sizes, 0.5) / 1e3:.0f}",
        f"{path.stat().st_size / 1e3 / len(wakeups):.0f}",
        f"{percentile(later, 0.5):.2f}",
        f"{high:.2f}",
        f"{first:.1f}",
        f"{percentile(back, 0.5):.2f}",
        f"{TARGET_MS:.0f}",
        f"{high / TARGET_MS:.2f}",
    ]


def main() -> None:
    """Measure both books."""
    head = (
        "legs",
        "wake-ups",
        "KB each",
        "KB with all",
        "p50 ms",
        "p90 ms",
        "first ms",
        "read ms",
        "target ms",
        "p90/target",
    )
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        rows = [
            measure(find_scenario("spike-2018-02"), Path(one)),
            measure(big_book(Path(other)), Path(other)),
        ]
    table(head, rows)


if __name__ == "__main__":
    main()
