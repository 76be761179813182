"""Measure what a start costs by the length of the journal, with one file and with closed parts: CPU time and memory.

The wake-ups are those of the real bot against the simulated gateway, written again and again until the journal is as
long as so many sessions make it. Each start is a process of its own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from cycle import run
from machine import table

from bot.gateway.market.catalogue import find_scenario
from bot.journal import Entry, Journal, JournalReader, Projection, journal_path

WAKEUPS = 40
SIZES_MB = (8, 32, 128)
PART_MB = 16
PROBE = """
import sys
from pathlib import Path
from time import process_time
from bot.journal import Journal, Projection
began = process_time()
journal = Journal.open(Path(sys.argv[1]), mode='demo', account=sys.argv[2], durable=False)
journal.recall(Projection())
spent = process_time() - began
peak = next(line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith('VmHWM'))
print(spent, int(peak.split()[1]) / 1024)
"""


def recorded(folder: Path) -> list[Entry]:
    """Run the bot for some wake-ups and return its entries."""
    asyncio.run(run(find_scenario("spike-2018-02"), folder, WAKEUPS))
    return list(JournalReader.open(next(folder.rglob("alvh-*.sqlite3"))).entries())


def write(entries: list[Entry], path: Path, megabytes: int, part_mb: int) -> int:
    """Write the entries again and again, and return the number of closed parts."""
    journal = Journal.open(path, mode="demo", account="DU1", durable=False)
    journal.recall(Projection())
    parts = written = 0
    while written < megabytes * 1_000_000:
        for entry in entries:
            journal.append(entry.kind, entry.body, at=entry.at)
            written += len(str(entry.body))
        journal.settle()
        if part_mb:
            parts += journal.turn(part_mb * 1_000_000)
    journal.close()
    return parts


def main() -> None:
    """Measure every length both ways."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        entries = recorded(Path(place) / "run")
        for megabytes in SIZES_MB:
            for part_mb in (0, PART_MB):
                path = journal_path(Path(place) / f"{megabytes}-{part_mb}", "demo", "DU1")
                parts = write(entries, path, megabytes, part_mb)
                size = sum(file.stat().st_size for file in path.parent.iterdir()) / 1e6
                probe = [sys.executable, "-c", PROBE, str(path), "DU1"]
                spent, peak = subprocess.run(probe, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
                rows.append((f"{size:.0f}", f"{parts}", f"{float(spent):.2f}", f"{float(peak):.0f}"))
    table(("MB in all", "closed parts", "start, CPU s", "peak MB"), rows)


if __name__ == "__main__":
    main()
