"""Measure the resident memory of the bot's process while the gateway runs in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from machine import table
from round_trip import gateway

from bot.app import Bot
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.clock import SteppedClock
from bot.plan import Plan

START = datetime(2018, 2, 1, 20, 50, tzinfo=UTC)
WAKES = 8
TARGET_MB = 250.0


def resident_mb(pid: int | str) -> float:
    """Return the resident memory of a process from /proc; NaN where there is no /proc."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def be_the_bot(port: int, folder: Path) -> None:
    """Connect, look a few times with orders switched off by a quiet market, and print resident memory on the way."""
    clock = SteppedClock(START)
    broker = IbBroker(Endpoint(port=port, client_id=17), clock, mode="demo")
    await broker.connect()
    print(resident_mb("self"))
    plan = Plan(mode="demo", port=port, configured_account=broker.account, folder=folder, simulated=True, durable=False)
    robot = Bot(plan, broker, clock)
    await robot.open()
    wake = next(job for job in robot.jobs() if job.name == "wake")
    for _ in range(WAKES):
        clock.move(clock.now() + timedelta(seconds=6))
        await wake.run()
    print(resident_mb("self"))
    await robot.close()


def main() -> None:
    """Start the gateway and the bot, and print what each holds."""
    process, port = gateway()
    try:
        child = [sys.executable, __file__, "--bot", str(port)]
        found = subprocess.run(child, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        rows = [("bot, connected", found[0]), (f"bot, after {WAKES} wake-ups", found[1])]
        rows.append(("gateway", f"{resident_mb(process.pid)}"))
    finally:
        process.terminate()
        process.wait()
    table(
        ("process", "resident MB", "bot target MB", "ratio"),
        [(name, f"{float(mb):.0f}", f"{TARGET_MB:.0f}", f"{float(mb) / TARGET_MB:.2f}") for name, mb in rows],
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bot"]:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(be_the_bot(int(sys.argv[2]), Path(folder)))
    else:
        main()
