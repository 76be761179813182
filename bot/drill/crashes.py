"""Kill the bot's process at every moment of a hedged day that matters, and at a sample of the others.

The day is played once undisturbed, which gives the position it ends with and the number of journal appends and frames.
Then it is played once for each point: the process dies there, is started again half a minute of market time later, and
the day must end with the same position, or with a smaller one and a reason in the journal, and break no rule.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from statistics import median

from bot.drill.invariants import broken
from bot.drill.points import Point, What, every_point
from bot.drill.process import ProcessDay
from bot.drill.setup import Setup, as_toml
from bot.errors import UsageProblem
from bot.journal import JournalReader, Kind

MATTERS = (What.APPEND, What.ORDER_SENT, What.ORDER_HEARD)
OTHERS = (What.SENT, What.HEARD)
DAY = Setup(scenario="hedged-morning", until="10:18")  # nine minis are bought, and sold twenty minutes later
REASONS = frozenset({Kind.ALERT, Kind.LOCK, Kind.REFUSAL, Kind.MISSED, Kind.ORDER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hold the undisturbed day: what it ends with, by contract, and what it counted.

    `orders` are the numbers of the frames about orders that placed one.
    """

    position: dict[int, int]
    bought: int
    counts: dict[What, int]
    orders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Hold what became of one point; `faults` are in words, empty when all is well.

    `position` is same, smaller or larger than undisturbed, `bought` likewise; `back_s` is from the death to the moment
    at which the new process knew everything and might open, `None` when that did not come before the day's end.
    """

    point: str
    position: str
    bought: str
    back_s: float | None
    faults: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return it in one line."""
        back = "not back in step" if self.back_s is None else f"in step after {self.back_s:.0f} s"
        verdict = f"FAILED ({'; '.join(self.faults)})" if self.faults else "held"
        return f"{self.point:28} {self.position} position, {self.bought} bought, {back}: {verdict}"


def undisturbed(setup: Setup, folder: Path) -> Quiet:
    """Play the day without a death."""
    day = _played(setup, folder, None)
    faults = broken(day)
    if faults or not day.seen:
        raise UsageProblem(f"the undisturbed day is no measure: {'; '.join(faults) or day.gave_up or 'it halted'}")
    return Quiet(position=_position(day), bought=_bought(day), counts=day.seen, orders=day.orders)


def points(quiet: Quiet, seed: int, others: int) -> tuple[Point, ...]:
    """Return every point that matters, and so many of the others as the seed draws them."""
    rest = every_point(quiet.counts, OTHERS)
    return every_point(quiet.counts, MATTERS) + tuple(Random(seed).sample(rest, min(others, len(rest))))


def sampled(found: Sequence[Point], seed: int, size: int) -> tuple[Point, ...]:
    """Return so many of the points as the seed draws them, in their order; all of them when there are no more."""
    if size >= len(found):
        return tuple(found)
    return tuple(found[at] for at in sorted(Random(seed).sample(range(len(found)), size)))


def crash(setup: Setup, folder: Path, point: Point, quiet: Quiet) -> Outcome:
    """Play the day with a death at the point, and say what came of it."""
    day = _played(setup, folder, point)
    position, bought = _compared(_position(day), quiet.position), _size(_bought(day), quiet.bought)
    faults = list(broken(day))
    if not day.deaths:
        faults.append("the process was never killed: the point was not reached")
    if position == "larger":
        faults.append(f"the day ended with {_position(day)}, undisturbed with {quiet.position}")
    if position == "smaller" and not _has_reason(day):
        faults.append("the day ended with a smaller position and the journal gives no reason")
    back = max(day.back).total_seconds() if day.back else None
    return Outcome(point=str(point), position=position, bought=bought, back_s=back, faults=tuple(faults))


def campaign(
    setup: Setup, folder: Path, chosen: Sequence[Point], quiet: Quiet, say: Callable[[Outcome], None]
) -> tuple[Outcome, ...]:
    """Try the chosen points and return every outcome; what an earlier run of the same day has tried is not repeated."""
    state = folder / f"crashes-{sha256(as_toml(setup).encode()).hexdigest()[:8]}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    known = {outcome.point: outcome for outcome in _tried(state)}
    found = []
    for point in chosen:
        outcome = known.get(str(point))
        if outcome is None:
            outcome = crash(setup, folder / "day", point, quiet)
            with state.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(outcome)) + "\n")
            say(outcome)
        found.append(outcome)
    return tuple(found)


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield what came of the points, by kind, in columns."""
    rows: list[tuple[str, ...]] = [("killed", "points", "same", "smaller", "larger", "faults", "median s", "worst s")]
    for what in What:
        of = [outcome for outcome in outcomes if outcome.point.rpartition(" ")[0].partition(" ")[2] == what]
        if of:
            rows.append((f"around {what}", *_figures(of)))
    rows.append(("all", *_figures(outcomes)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )


def _figures(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    kinds = Counter(outcome.position for outcome in outcomes)
    times = [outcome.back_s for outcome in outcomes if outcome.back_s is not None]
    return (
        str(len(outcomes)),
        *(str(kinds[name]) for name in ("same", "smaller", "larger")),
        str(sum(bool(outcome.faults) for outcome in outcomes)),
        f"{median(times):.0f}" if times else "-",
        f"{max(times):.0f}" if times else "-",
    )


def _tried(state: Path) -> Iterator[Outcome]:
    if state.exists():
        for line in state.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield Outcome(**{**row, "faults": tuple(row["faults"])})


def _played(setup: Setup, folder: Path, point: Point | None) -> ProcessDay:
    shutil.rmtree(folder, ignore_errors=True)
    day = ProcessDay(setup, folder, point)
    asyncio.run(day.play())
    return day


def _position(day: ProcessDay) -> dict[int, int]:
    return {con_id: owned for con_id, owned in sorted(day.witness.own.items()) if owned}


def _bought(day: ProcessDay) -> int:
    return sum(round(fill.shares) for fill in day.witness.own_fills() if fill.side == "BOT")


def _compared(position: dict[int, int], quiet: dict[int, int]) -> str:
    if position == quiet:
        return "same"
    is_smaller = all(owned <= quiet.get(con_id, 0) for con_id, owned in position.items())
    return "smaller" if is_smaller else "larger"


def _size(bought: int, quiet: int) -> str:
    return "same" if bought == quiet else "less" if bought < quiet else "more"


def _has_reason(day: ProcessDay) -> bool:
    """Say whether the journal tells, after the first death, of anything that kept the bot from what it did before."""
    if day.journal_path is None:
        return False
    reader = JournalReader.open(day.journal_path)
    try:
        return any(entry.at >= day.deaths[0] for entry in reader.entries(kinds=REASONS))
    finally:
        reader.close()
