"""Play one bot through weeks of sessions without a break, with trouble every day, and measure what grows."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from bot.clock import cpu_seconds
from bot.drill.day import Day
from bot.drill.draw import fault
from bot.drill.invariants import broken
from bot.drill.setup import Setup
from bot.gateway.faults import KINDS, Fault
from bot.gateway.importing.season import Season, season, write_season
from bot.gateway.market.sessions import NEW_YORK

FIRST = date(2023, 3, 6)
LINES = 60  # of market data: enough for the legs of the season's book
RESTART = Fault.of("restart", at="23:45", daily=True, ids_back=5)  # as TWS does it every night
SUNDAY, LOGIN_HOURS = 6, 6.0  # a login that nobody answers, every week
LONGEST_S = 3600.0
OPENS, LATEST = time(9, 30), timedelta(hours=6)
STATUS = Path("/proc/self/status")
HANDLES = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Hold what stands after one session: of the whole process, gateway and bot together."""

    day: date
    memory_mb: float
    handles: int
    tasks: int
    journal_mb: float
    files: int
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """Hold what came of all sessions."""

    measures: tuple[Measure, ...]
    failed: tuple[str, ...]
    bought: int
    troubles: int


def soak(sessions: int, seed: int, tell: Callable[[str], None]) -> Soaked:
    """Play so many sessions in a row, telling the measures of each as it ends."""
    with tempfile.TemporaryDirectory(prefix="alvh-soak-") as folder:
        return asyncio.run(_soak(season(FIRST, sessions, seed), Path(folder), tell))


async def _soak(drawn: Season, folder: Path, tell: Callable[[str], None]) -> Soaked:
    troubles = _troubles(drawn)
    day = Day(Setup(scenario=str(write_season(drawn, folder)), lines=LINES, faults=troubles), folder / "bot")
    measures = []
    began = cpu_seconds()
    await day.begin()
    try:
        for session in drawn.sessions:
            await day.run(min(datetime.combine(session, time(17), NEW_YORK).astimezone(UTC), day.ends_at))
            measures.append(_measure(day, session, cpu_seconds() - began))
            tell(_line(measures[-1]))
    finally:
        await day.close()
    bought = sum(round(fill.shares) for fill in day.witness.own_fills() if fill.side == "BOT")
    return Soaked(measures=tuple(measures), failed=broken(day), bought=bought, troubles=len(troubles))


def _troubles(drawn: Season) -> tuple[Fault, ...]:
    """Return the nightly restart, the weekly login, and one fault of any kind in every session."""
    draw, found = Random(f"soak {drawn.seed}"), [RESTART]
    for session in drawn.sessions:
        opens = datetime.combine(session, OPENS, NEW_YORK).astimezone(UTC)
        found.append(_brief(fault(draw, lambda draw, opens=opens: _some_time(draw, opens))))  # type: ignore[misc]
    day = drawn.sessions[0]
    while day < drawn.sessions[-1]:
        if day.weekday() == SUNDAY:
            evening = datetime.combine(day, time(18), NEW_YORK).astimezone(UTC)
            found.append(Fault.of("login-wanted", at=evening.isoformat(), lasts_s=LOGIN_HOURS * 3600.0))
        day += timedelta(days=1)
    return tuple(found)


def _brief(trouble: Fault) -> Fault:
    """Return the fault with an end: one that lasts for ever would be all that the later sessions see."""
    key = next((key for key in KINDS[trouble.kind].keys.known if key.name == "lasts_s"), None)
    lasts_s = float(dict(trouble.values).get("lasts_s", key.default if key else 0.0))  # type: ignore[arg-type]
    return trouble.but(lasts_s=LONGEST_S) if lasts_s > LONGEST_S else trouble


def _some_time(draw: Random, opens: datetime) -> str:
    return (opens + timedelta(seconds=round(draw.random() * LATEST.total_seconds()))).isoformat()


def _measure(day: Day, session: date, cpu_s: float) -> Measure:
    gc.collect()
    files = list(day.folder.glob("*.sqlite3*"))
    return Measure(
        day=session,
        memory_mb=_resident_mb(),
        handles=len(os.listdir(HANDLES)),
        tasks=len(asyncio.all_tasks()),
        journal_mb=round(sum(file.stat().st_size for file in files) / 1e6, 2),
        files=len(files),
        cpu_s=round(cpu_s, 1),
    )


def _resident_mb() -> float:
    for line in STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def _line(measure: Measure) -> str:
    return (
        f"{measure.day} memory {measure.memory_mb:.1f} MB, {measure.handles} handles, {measure.tasks} tasks, "
        f"journal {measure.journal_mb:.2f} MB in {measure.files} files, {measure.cpu_s:.0f} s of CPU"
    )
