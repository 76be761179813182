"""Read the named drills: what is played, what must come of it, and the words for the page that shows them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from bot.drill.setup import Setup, record, setup_from
from bot.errors import UsageProblem

ROOM = files("bot.drill") / "drills"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Say what must come of a drill beyond the five rules.

    `sees` are patterns of which each must be found in a line that a human is told; `journal` the same in the journal;
    `minis` and `left` are what the bot bought in all and owns at the end, below zero for any number, `least_minis` and
    `most_minis` bounds of the former; no purchase reaches the exchange from `blind_from` to `blind_until`; `over` is
    when the trouble ends, and `within_s` how long the bot may be out of step after it.
    """

    sees: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    minis: int = -1
    left: int = -1
    least_minis: int = 0
    most_minis: int = 1000
    blind_from: str = ""
    blind_until: str = ""
    over: str = ""
    within_s: float = 60.0
    gives_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """Hold one named drill: the words of its row, the guard it proves (`file: what`), its setup and what must come."""

    name: str
    row: str
    fault: str
    broker: str
    bot: str
    guard: str
    setup: Setup
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Hold a row that no day can show: an ordinary test proves its guard."""

    name: str
    row: str
    fault: str
    broker: str
    bot: str
    guard: str
    test: str


@cache
def drills() -> tuple[Drill, ...]:
    """Return every drill that comes with the program, in the order of their rows.

    Raises `UsageProblem` for one that cannot be read.
    """
    return tuple(one for one in _rows() if isinstance(one, Drill))


def proofs() -> tuple[Proof, ...]:
    """Return the rows that ordinary tests prove, in their order; raises as `drills` does."""
    return tuple(one for one in _rows() if isinstance(one, Proof))


@cache
def _rows() -> tuple[Drill | Proof, ...]:
    paths = [path for path in ROOM.iterdir() if path.name.endswith(".toml")]
    found = [_drill(path.name, path.read_text(encoding="utf-8")) for path in paths]
    return tuple(sorted(found, key=lambda one: (_in_order(one.row), one.name)))


def drill_named(name: str) -> Drill:
    """Return one drill; raise `UsageProblem` with the names there are."""
    for drill in drills():
        if drill.name == name:
            return drill
    near = get_close_matches(name, [drill.name for drill in drills()], n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise UsageProblem(f"there is no drill {name!r}{meant}: `alvh drill` lists all {len(drills())}")


def _drill(file: str, text: str) -> Drill | Proof:
    name = file.removesuffix(".toml")
    try:
        raw = tomllib.loads(text)
        words, wanted = dict(raw.pop("drill", {})), raw.pop("expect", {})
        if "test" in words and not raw:
            return Proof(name=name, test=str(words.pop("test")), **_words(words))
        return Drill(name=name, setup=setup_from(raw), expected=_expected(wanted), **_words(words))
    except (tomllib.TOMLDecodeError, UsageProblem) as problem:
        raise UsageProblem(f"the drill {file}: {problem}") from problem


def _words(raw: Mapping[str, Any]) -> dict[str, str]:
    wanted = ("row", "fault", "broker", "bot", "guard")
    if set(raw) != set(wanted) or not all(isinstance(value, str) and value for value in raw.values()):
        raise UsageProblem(f"[drill] says {', '.join(raw) or 'nothing'}; expected texts for {', '.join(wanted)}")
    return {name: " ".join(value.split()) for name, value in raw.items()}


def _expected(raw: Mapping[str, Any]) -> Expected:
    lists = {name: tuple(value) for name, value in raw.items() if isinstance(value, list)}
    for name, patterns in lists.items():
        for pattern in patterns:
            try:
                re.compile(pattern)
            except (re.error, TypeError) as problem:
                raise UsageProblem(f"[expect] {name} holds {pattern!r}, which is no pattern ({problem})") from problem
    return record(Expected, "[expect]", {**raw, **lists})


def _in_order(row: str) -> tuple[int, str]:
    number = re.match(r"\d+", row)
    return (int(number[0]) if number else 1000, row)
