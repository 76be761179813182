"""State as flat data what a drill plays, and read and write it as TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from bot.errors import UsageProblem
from bot.gateway.errors import FaultError
from bot.gateway.faults.catalogue import check
from bot.gateway.faults.records import Fault
from bot.journal import Kind

T = TypeVar("T")

OF_NAMED_DRILLS = ("drill", "expect")  # what a named drill says besides what is played
TABLES = {"faults": "fault", "crashes": "crash", "hands": "hand"}
MARKETS = files("bot.drill") / "markets"


class Does(StrEnum):
    """Name what a human does during a drill: with the bot, or past it in TWS."""

    KILL = "kill"
    REARM = "rearm"
    FLATTEN = "flatten"
    TRADE = "trade"  # a market order of other hands in the nearest VXM; `quantity` below zero sells
    REST = "rest"  # a limit order of other hands that stays at work: to buy far below the market
    CLOSE_CONDORS = "close-condors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Say when a human does something; `at` is written as in a file of faults."""

    at: str
    does: Does
    quantity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """Say when the bot's process dies: at an instant, or after the `nth` journal entry of a kind from then on.

    It is started again `down_s` later, as a service manager does.
    """

    at: str = ""
    entry: str = ""
    nth: int = 1
    down_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Say what is played. Times are written as in a file of faults, from the market's start on.

    `answer_s` is how long the human takes for a yes in live, below zero for one who never answers. `flatten` is when
    everything the bot owns must be sold on its operator's word; empty: never. `policy` are groups of settings of the
    method that differ from the shipped ones and from the scenario's (`{ sizing = { coverage = 0.6 } }`). `check_at` is
    when the bot checks everything before the open, in New York; empty: never.
    """

    scenario: str
    seed: int | None = None
    mode: str = "paper"
    begin: str = ""
    until: str = ""
    answer_s: float = 20.0
    flatten: str = ""
    fault_seed: int = 0
    lines: int = 100
    check_at: str = ""
    policy: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    crashes: tuple[Crash, ...] = ()
    hands: tuple[Hand, ...] = ()


def market_of(setup: Setup) -> str:
    """Return what the gateway knows the setup's market by: one of the drills' own goes before a scenario."""
    own = Path(str(MARKETS / setup.scenario))
    return str(own) if own.is_dir() else setup.scenario


def read_setup(path: Path) -> Setup:
    """Return the drill that a file states; raise `UsageProblem` in one line for anything that does not fit."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UsageProblem(
            f"the drill {path} cannot be read ({problem.strerror}): name a file that exists"
        ) from problem
    except (ValueError, RecursionError) as problem:  # no TOML, no text, endless digits or brackets
        raise UsageProblem(f"the drill {path} is not TOML ({problem}): mend it") from problem
    try:
        return setup_from(raw)
    except (UsageProblem, FaultError) as problem:
        raise UsageProblem(f"the drill {path}: {problem}") from problem


def setup_from(raw: Mapping[str, Any]) -> Setup:
    """Return the drill that a parsed file states."""
    known = {name: value for name, value in raw.items() if name not in OF_NAMED_DRILLS}
    if not known:
        raise UsageProblem("it is empty; expected at least scenario")
    for name, table in TABLES.items():
        if name in known:
            raise UsageProblem(f"unknown key {name!r}; write [[{table}]] for each of them")
    faults = tuple(check(Fault.from_dict(row)) for row in _rows(known, "fault"))
    crashes = tuple(record(Crash, "crash", row) for row in _rows(known, "crash"))
    hands = tuple(_hand(row) for row in _rows(known, "hand"))
    for crash in crashes:
        if crash.entry and crash.entry not in set(Kind):
            raise UsageProblem(f"[[crash]] entry is {crash.entry!r}; expected one of {', '.join(Kind)}")
    setup = record(Setup, "the drill", known)
    return replace(setup, faults=faults, crashes=crashes, hands=hands)


def as_toml(setup: Setup) -> str:
    """Return the drill as a file that `read_setup` takes."""
    head = [f"{name} = {_text(value)}" for name, value in _plain(setup).items() if _is_said(name, value)]
    tables: list[tuple[str, Mapping[str, Any]]] = [("fault", fault.as_dict()) for fault in setup.faults]
    tables += [("crash", asdict(crash)) for crash in setup.crashes]
    tables += [("hand", asdict(hand)) for hand in setup.hands]
    parts = ["\n".join(head)]
    parts += ["\n".join([f"[[{name}]]", *(f"{k} = {_text(v)}" for k, v in row.items())]) for name, row in tables]
    return "\n\n".join(parts) + "\n"


def _plain(setup: Setup) -> dict[str, Any]:
    rows = ("faults", "crashes", "hands")
    return {f.name: getattr(setup, f.name) for f in fields(setup) if f.name not in rows}


_DEFAULTS = {f.name: f.default for f in fields(Setup)}


def _is_said(name: str, value: Any) -> bool:
    return bool(value) if name == "policy" else value is not None and value != _DEFAULTS[name]


def _rows(raw: dict[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = raw.pop(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UsageProblem(f"{name} is no list of tables; write [[{name}]]")
    return rows


def _hand(row: Mapping[str, Any]) -> Hand:
    hand = record(Hand, "hand", row)
    if hand.does not in set(Does):
        raise UsageProblem(f"[[hand]] does is {hand.does!r}; expected one of {', '.join(Does)}")
    return Hand(at=hand.at, does=Does(hand.does), quantity=hand.quantity)


def record(kind: type[T], where: str, row: Mapping[str, Any]) -> T:
    """Return a record of a table whose keys and types fit it."""
    types = {f.name: type(f.default) for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(row) - set(types))
    if unknown:
        keys = [name for name in types if name not in TABLES]
        raise UsageProblem(f"{where}: unknown key {unknown[0]!r}; expected one of {', '.join(keys)}")
    for name, value in row.items():
        wanted = _WANTED.get(name, types[name])
        whole = isinstance(value, int) and wanted is float
        if isinstance(value, bool) != (wanted is bool) or not (isinstance(value, wanted) or whole):
            raise UsageProblem(f"{where}: {name} is {value!r}; expected {_WORDS[wanted]}")
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]  # type: ignore[arg-type]
    missing = [name for name in needed if name not in row]
    if missing:
        raise UsageProblem(f"{where}: {missing[0]} is missing")
    return kind(**row)


_WANTED: dict[str, type] = {"seed": int, "policy": dict, "scenario": str, "at": str, "does": str}
_WORDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
    tuple: "a list",
}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_text(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
