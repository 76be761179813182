"""State what may be said of a fault: names, types, bounds, defaults; and check what was said."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.gateway.errors import FaultError
from bot.gateway.faults.records import Fault, Value

FOR_EVER = math.inf
_LARGEST_WHOLE = 2**53  # beyond it a number with a point says something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Hold one thing that may be said of a fault; its type is its default's, a tuple is a list of texts.

    `typical` are values worth trying, for whoever draws faults at random.
    """

    name: str
    default: Value
    words: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    typical: tuple[Value, ...] = ()
    needed: bool = False

    def problem(self, value: Any) -> str:
        """Say what is wrong with a value, empty when nothing is."""
        expected = self._expected(value)
        return f"{self.name} is {value!r}; expected {expected}" if expected else ""

    def _expected(self, value: Any) -> str:
        kind = type(self.default)
        if kind is bool:
            return "" if isinstance(value, bool) else "true or false"
        if kind is tuple:
            fits = isinstance(value, tuple) and all(isinstance(each, str) and self._chosen(each) for each in value)
            return "" if fits else f"a list of {self._choices()}"
        if kind is str:
            return "" if isinstance(value, str) and self._chosen(value) else self._choices()
        return self._expected_number(value, whole=kind is int)

    def _expected_number(self, value: Any, *, whole: bool) -> str:
        fits = isinstance(value, int) if whole else isinstance(value, int | float)
        fits = fits and not (isinstance(value, int) and abs(value) > _LARGEST_WHOLE)
        is_free = math.isinf(self.low) and math.isinf(self.high)  # then NaN is a number too
        if fits and not isinstance(value, bool) and (is_free or self.low <= value <= self.high):
            return ""
        low = "" if math.isinf(self.low) else f" from {self.low:g}"
        high = "" if math.isinf(self.high) else f" to {self.high:g}"
        return f"a {'whole ' if whole else ''}number{low}{high}"

    def _chosen(self, value: str) -> bool:
        return not self.choices or value in self.choices

    def _choices(self) -> str:
        return f"one of {', '.join(self.choices)}" if self.choices else "text in quotes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Hold all that may be said of one kind; names under an open table (`where.`) are free."""

    known: tuple[Key, ...]
    tables: tuple[str, ...] = ()
    _by_name: dict[str, Key] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_name.update({key.name: key for key in self.known})

    def read(self, fault: Fault) -> dict[str, Any]:
        """Return every value, said or default, free tables as dictionaries.

        Raises `FaultError` on a name that is not known, a value that does not fit, or one that is missing.
        """
        said = dict(fault.values)
        for name, value in said.items():
            self._check(fault.kind, name, value)
        missing = [key.name for key in self.known if key.needed and key.name not in said]
        if missing:
            raise FaultError(f"fault {fault.kind}: {missing[0]} is missing; add it")
        values: dict[str, Any] = {key.name: said.get(key.name, key.default) for key in self.known}
        for key in self.known:
            if isinstance(key.default, float):
                values[key.name] = float(values[key.name])
        for table in self.tables:
            values[table] = _under(table, said)
        return values

    def _check(self, kind: str, name: str, value: Any) -> None:
        key = self._by_name.get(name)
        if key is not None:
            problem = key.problem(value)
            if problem:
                raise FaultError(f"fault {kind}: {problem}")
        elif name.partition(".")[0] not in self.tables or "." not in name:
            names = ", ".join([*sorted(self._by_name), *(f"{table}.FIELD" for table in self.tables)])
            raise FaultError(f"fault {kind}: {name!r} is not known; expected one of {names}")
        elif not isinstance(value, str | int | float | bool):
            raise FaultError(f"fault {kind}: {name} is {value!r}; expected text, a number, true or false")


def _under(table: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {name.partition(".")[2]: value for name, value in said.items() if name.startswith(f"{table}.")}


AT = Key(
    name="at",
    default="",
    words="when it begins: `HH:MM[:SS]` in New York, an instant with its offset, or `+SECONDS` from the "
    "start on; empty: at once",
)
DAILY = Key(name="daily", default=False, words="every day at that time of day, not only the first")
CLIENT = Key(name="client", default=-1, words="only for this client id; -1: for all", low=-1)
NTH = Key(name="nth", default=0, words="only the n-th occasion; 0: any", low=0, typical=(1, 2, 3))
EVERY = Key(name="every", default=1, words="every n-th occasion", low=1, typical=(1, 2, 3))
CHANCE = Key(name="chance", default=1.0, words="with this probability", low=0.0, high=1.0, typical=(0.2, 0.5))
TIMES = Key(name="times", default=0, words="at most so often; 0: without limit", low=0, typical=(1, 2, 5))
ACTION = Key(name="action", default="", words="only orders of this side", choices=("", "BUY", "SELL"))
REF = Key(name="ref", default="", words="only orders whose orderRef contains this")
CONTRACTS = Key(
    name="contracts",
    default=(),
    words="only these contracts: symbols, local symbols, trading classes or conIds; none: every one",
    typical=((), ("VX",), ("VXM",), ("SPX",), ("VIX",)),
)


def lasts(default_s: float, *typical: float) -> Key:
    """Return the key that says how long a fault lasts, in market seconds."""
    return Key(
        name="lasts_s",
        default=default_s,
        words="how long it lasts, in seconds of the market",
        low=0.0,
        typical=typical or (30.0, 120.0, 600.0),
    )


def one_of(name: str, words: str, choices: tuple[str, ...]) -> Key:
    """Return a key that is one of a few words, each of them worth trying; the first is the default."""
    return Key(name=name, default=choices[0], words=words, choices=choices, typical=choices)


LEAST_REPEAT_S = 1.0


def repeats(default_s: float, words: str, *typical: float) -> Key:
    """Return the key that says how often something is said again, in market seconds; 0 is once."""
    return Key(name="repeat_s", default=default_s, words=f"{words}; 0: once", low=0.0, typical=typical)


def too_often(said: dict[str, Any]) -> str:
    """Say what is wrong with saying something again and again without time between, empty when nothing is."""
    repeat_s = said["repeat_s"]
    return f"repeat_s is {repeat_s:g}; expected 0 or a number from 1" if 0 < repeat_s < LEAST_REPEAT_S else ""


OCCASIONS = (NTH, EVERY, CHANCE, TIMES)
ORDERS = (ACTION, REF, CONTRACTS)
