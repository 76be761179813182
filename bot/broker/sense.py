"""Tell what can be true from what cannot, before anything that the gateway says is believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bot.broker.quotes import clean_number
from bot.errors import Retry

T = TypeVar("T")

MOST_CONTRACTS = 1e9
LONGEST_TEXT = 500
_UNSET_INTEGER = 2147483647
_UNSET_DOUBLE = 1e300  # DBL_MAX and its neighbours
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, OSError)


class Nonsense(Retry):
    """Say that the gateway's answer cannot be true, so that nothing was made of it."""


def understood(what: str, make: Callable[[], T]) -> T:
    """Return what `make` makes of an answer; raise `Nonsense` where the answer does not let it."""
    try:
        return make()
    except _UNREADABLE as problem:
        said = legible(str(problem)) or type(problem).__name__
        raise Nonsense(f"{what}: the gateway's answer makes no sense ({said}): it is not believed") from problem


def count(value: Any) -> int:
    """Return a number of contracts from zero on.

    Raises `ValueError` for what is none: a placeholder, below zero, endless, or more than a thousand million.
    """
    number = signed_count(value)
    if number < 0:
        raise ValueError(f"{number} contracts, expected none or more")
    return number


def signed_count(value: Any) -> int:
    """Return a number of contracts, negative when short; raise `ValueError` as `count` does."""
    number = clean_number(value)
    if number is None or abs(number) > MOST_CONTRACTS:
        raise ValueError(f"{legible(str(value))} contracts, expected a number up to {MOST_CONTRACTS:g}")
    return round(number)


def told_count(value: Any) -> int:
    """Return a number of contracts of an order's frame, in which a placeholder says that nothing is told: zero.

    Never for a position or an execution, where it would look flat or taken back. Raises `ValueError` as `count` does.
    """
    return 0 if value in ("", None, _UNSET_INTEGER) or _is_unset(value) else count(value)


def number(value: Any, *, lowest: float, highest: float) -> float:
    """Return a finite number within bounds; raise `ValueError` for anything else."""
    known = clean_number(value)
    if known is None or not lowest <= known <= highest:
        raise ValueError(f"{legible(str(value))}, expected {lowest:g} to {highest:g}")
    return known


def legible(text: str) -> str:
    """Return a text on one line, without control characters and not endless: it goes into logs and onto terminals."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_TEXT])
    return shown if len(text) <= LONGEST_TEXT else f"{shown}..."


def _is_unset(value: Any) -> bool:
    try:
        return float("inf") > float(value) >= _UNSET_DOUBLE
    except (TypeError, ValueError, OverflowError):
        return False
