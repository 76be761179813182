"""Say what came of a drill: what broke, what a human was told, and how long the bot was out of step."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from bot.drill.day import Day, Told
from bot.drill.invariants import broken
from bot.drill.setup import Setup
from bot.drill.standing import Astray
from bot.drill.table import Drill, Expected
from bot.gateway.faults import times
from bot.journal import JournalReader
from bot.journal.codec import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Hold what came of one day; `failed` is empty when everything held.

    `digest` is the journal's but for the port; `bought` and `left` are minis; `recovered_s` is how long after the end
    of the trouble the bot was back in step, `None` when it never was and a human was told why.
    """

    failed: tuple[str, ...]
    told: tuple[Told, ...]
    astray: tuple[Astray, ...]
    bought: int
    left: int
    recovered_s: float | None
    digest: str


async def play(setup: Setup, folder: Path) -> tuple[Day, Outcome]:
    """Play a day in a folder and check the five rules."""
    day = Day(setup, folder)
    await day.play()
    return day, _outcome(day, broken(day), day.begins_at)


async def run(drill: Drill) -> Outcome:
    """Play a named drill in a folder that is thrown away, and check its own expectations as well."""
    with tempfile.TemporaryDirectory(prefix="alvh-drill-") as folder:
        day, outcome = await play(drill.setup, Path(folder))
        over = times.first(drill.expected.over, day.begins_at)
        outcome = _outcome(day, outcome.failed, over)
        missed = tuple(_missed(day, outcome, drill.expected))
    return replace(outcome, failed=(*outcome.failed, *missed))


def _outcome(day: Day, failed: tuple[str, ...], over: datetime) -> Outcome:
    own = day.witness.own_fills()
    return Outcome(
        failed=failed,
        told=tuple(day.told),
        astray=day.watcher.spans,
        bought=round(sum(fill.shares * day.witness.minis(fill.con_id) for fill in own if fill.side == "BOT")),
        left=sum(day.witness.minis(con_id) * owned for con_id, owned in day.witness.own.items()),
        recovered_s=_recovered_s(day, over),
        digest=_digest(day),
    )


def _recovered_s(day: Day, over: datetime) -> float | None:
    later = [span for span in day.watcher.spans if span.until is None or span.until > over]
    if not later:
        return 0.0
    end = later[-1].until
    return None if end is None else (end - over).total_seconds()


def _digest(day: Day) -> str:
    """Return the SHA-256 of the journal's lines without the port, which the machine chooses anew every time."""
    if day.journal_path is None:
        return ""
    reader, total = JournalReader.open(day.journal_path), sha256()
    try:
        for line in reader.lines():
            total.update(line.replace(f"127.0.0.1:{day.port}", "the gateway").encode() + b"\n")
        return total.hexdigest()
    finally:
        reader.close()


def _missed(day: Day, outcome: Outcome, expected: Expected) -> Iterator[str]:
    """Yield what a drill expected and did not get."""
    lines = [told.why for told in outcome.told]
    for pattern in expected.sees:
        if not any(re.search(pattern, line) for line in lines):
            yield f"nobody was told {pattern!r}; told was: {' | '.join(lines) or 'nothing'}"
    yield from _not_written(day, expected)
    if expected.minis >= 0 and outcome.bought != expected.minis:
        yield f"{outcome.bought} minis were bought, expected {expected.minis}"
    if not expected.least_minis <= outcome.bought <= expected.most_minis:
        yield f"{outcome.bought} minis were bought, expected {expected.least_minis} to {expected.most_minis}"
    if expected.left >= 0 and outcome.left != expected.left:
        yield f"{outcome.left} minis are left, expected {expected.left}"
    yield from _blind_purchases(day, expected)
    if outcome.recovered_s is not None and outcome.recovered_s > expected.within_s:
        yield f"it was back in step after {outcome.recovered_s:.0f} s, expected {expected.within_s:.0f} s at most"
    if bool(day.gave_up) != expected.gives_up:
        yield f"it gave up: {day.gave_up}" if day.gave_up else "it did not give up"


def _not_written(day: Day, expected: Expected) -> Iterator[str]:
    if not expected.journal or day.journal_path is None:
        return
    reader = JournalReader.open(day.journal_path)
    lines = [f"{entry.kind} {canonical(entry.body)}" for entry in reader.entries()]
    reader.close()
    for pattern in expected.journal:
        if not any(re.search(pattern, line) for line in lines):
            yield f"the journal holds nothing like {pattern!r}"


def _blind_purchases(day: Day, expected: Expected) -> Iterator[str]:
    if not expected.blind_from:
        return
    begins = times.first(expected.blind_from, day.begins_at)
    ends = times.first(expected.blind_until, begins) if expected.blind_until else day.ends_at
    for ref, bought in day.witness.bought.items():
        if begins <= bought.at <= ends:
            yield f"{ref} was bought at {bought.at:%H:%M:%S}, when nothing could be known"
