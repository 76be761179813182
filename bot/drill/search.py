"""Play many days drawn at random, remember how far that came, and keep the shortest form of each day that failed."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from bot.drill.draw import drawn
from bot.drill.outcome import Outcome, play
from bot.drill.setup import Setup, as_toml
from bot.drill.shrink import shrunk
from bot.errors import UsageProblem

SPACED = 1_000_000  # numbers between two seeds
LONGEST_S = 30.0  # of CPU time that a day may take
TWICE_EVERY = 50  # days of which one is played a second time, to see whether it is the same
TIDY_EVERY = 5
STATE = "search.json"


class TooLong(BaseException):
    """Be the end of a day that would not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Hold what came of one day: what was broken, the CPU seconds, minis bought, and the journal's digest."""

    number: int
    failed: tuple[str, ...]
    cpu_s: float
    bought: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Hold how far a search with one seed came."""

    seed: int
    done: int = 0
    failed: tuple[int, ...] = ()
    traded: int = 0
    cpu_s: float = 0.0
    longest_s: float = 0.0

    def after(self, day: Played) -> Progress:
        """Return the progress with one more day."""
        return replace(
            self,
            done=self.done + 1,
            failed=(*self.failed, day.number) if day.failed else self.failed,
            traded=self.traded + bool(day.bought),
            cpu_s=round(self.cpu_s + day.cpu_s, 3),
            longest_s=round(max(self.longest_s, day.cpu_s), 3),
        )

    def __str__(self) -> str:
        mean = self.cpu_s / self.done if self.done else 0.0
        return (
            f"{self.done} days, {self.traded} with purchases, {len(self.failed)} failed; "
            f"{mean:.2f} s of CPU each, {self.longest_s:.2f} s at most"
        )


def search(count: int, seed: int, folder: Path | None, tell: Callable[[str], None], every: int = 100) -> Progress:
    """Play `count` days of a seed, or what is left of them where `folder` remembers an earlier part.

    A day that failed is shrunk, told, and written as TOML into the folder.
    """
    progress = _remembered(folder, seed)
    while progress.done < count:
        number = seed * SPACED + progress.done
        day = play_number(number)
        if day.failed:
            _report(day, folder, tell)
        progress = progress.after(day)
        _remember(folder, progress)
        if progress.done % every == 0 or progress.done == count:
            tell(str(progress))
        if progress.done % TIDY_EVERY == 0:
            gc.collect()
    return progress


def play_number(number: int) -> Played:
    """Play the day of a number; now and then twice, which must be the same."""
    setup = drawn(number)
    began = time.process_time()
    outcome, broken = attempt(setup)
    cpu_s = time.process_time() - began
    digest = outcome.digest if outcome else ""
    if number % TWICE_EVERY == 0 and not broken:
        again, _ = attempt(setup)
        if again is None or again.digest != digest:
            broken = ("same_twice: played a second time the day wrote another journal",)
    return Played(number=number, failed=broken, cpu_s=cpu_s, bought=outcome.bought if outcome else 0, digest=digest)


def attempt(setup: Setup) -> tuple[Outcome | None, tuple[str, ...]]:
    """Play a day in a folder that is thrown away; return what came of it and what it broke, an error included."""
    with tempfile.TemporaryDirectory(prefix="alvh-drill-") as folder:
        try:
            with _limited(LONGEST_S):
                _, outcome = asyncio.run(play(setup, Path(folder)))
        except TooLong:
            return None, (f"ends: the day took more than {LONGEST_S:.0f} s",)
        except Exception as problem:
            return None, (f"{type(problem).__name__}: {problem}",)
    return outcome, outcome.failed


def shortest(setup: Setup, failed: tuple[str, ...]) -> Setup:
    """Return the shortest day that still breaks the first of the rules that this one broke."""
    rule = failed[0].partition(":")[0]
    return shrunk(setup, lambda tried: any(what.startswith(f"{rule}:") for what in attempt(tried)[1]))


def _report(day: Played, folder: Path | None, tell: Callable[[str], None]) -> None:
    tell(f"day {day.number} FAILED (again with --day {day.number}):")
    for what in day.failed:
        tell(f"  {what}")
    if day.failed[0].startswith(("same_twice", "ends")):
        return
    short = as_toml(shortest(drawn(day.number), day.failed))
    tell("the shortest day that fails alike:\n\n" + short)
    if folder is not None:
        path = folder / f"day-{day.number}.toml"
        path.write_text(short, encoding="utf-8")
        tell(f"kept as {path}; play it with `alvh drill {path}`")


@contextmanager
def _limited(cpu_s: float) -> Iterator[None]:
    def ring(_: int, __: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _remembered(folder: Path | None, seed: int) -> Progress:
    if folder is None:
        return Progress(seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / STATE
    if not path.exists():
        return Progress(seed=seed)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        found = Progress(**{**raw, "failed": tuple(raw["failed"])})
    except (ValueError, TypeError, KeyError) as problem:
        raise UsageProblem(f"{path} is no state of a search ({problem}): delete it or name another folder") from problem
    if found.seed != seed:
        raise UsageProblem(f"{path} belongs to seed {found.seed}, not {seed}: name another folder or that seed")
    return found


def _remember(folder: Path | None, progress: Progress) -> None:
    if folder is None:
        return
    fresh = folder / f"{STATE}.new"
    raw = {name: getattr(progress, name) for name in progress.__dataclass_fields__}
    fresh.write_text(json.dumps(raw), encoding="utf-8")
    fresh.replace(folder / STATE)
