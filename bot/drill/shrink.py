"""Make a day that fails short: leave out whatever it fails without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

from bot.drill.setup import Setup

T = TypeVar("T")

MOST_TRIES = 80
KEPT = ("scenario", "lines", "faults", "crashes", "hands")  # what is not put back to its default


def shrunk(setup: Setup, fails: Callable[[Setup], bool], tries: int = MOST_TRIES) -> Setup:
    """Return the shortest day found for which `fails` still says yes, trying at most so many."""
    left = tries
    while True:
        for shorter in _shorter(setup):
            if left == 0:
                return setup
            left -= 1
            if fails(shorter):
                setup = shorter
                break
        else:
            return setup


def _shorter(setup: Setup) -> Iterator[Setup]:
    """Yield days with one thing less: a fault, a crash, a hand; then what is said beyond the defaults."""
    yield from _without_one(setup)
    plain = Setup(scenario=setup.scenario)
    for field in fields(setup):
        default: Any = getattr(plain, field.name)
        if field.name not in KEPT and getattr(setup, field.name) != default:
            yield replace(setup, **{field.name: default})
    for place, fault in enumerate(setup.faults):
        for name, _ in fault.values:
            if name != "at":
                plainer = fault.without(name)
                yield replace(setup, faults=(*setup.faults[:place], plainer, *setup.faults[place + 1 :]))


def _without_one(setup: Setup) -> Iterator[Setup]:
    for place in range(len(setup.faults)):
        yield replace(setup, faults=_less(setup.faults, place))
    for place in range(len(setup.crashes)):
        yield replace(setup, crashes=_less(setup.crashes, place))
    for place in range(len(setup.hands)):
        yield replace(setup, hands=_less(setup.hands, place))


def _less(rows: tuple[T, ...], place: int) -> tuple[T, ...]:
    return (*rows[:place], *rows[place + 1 :])
