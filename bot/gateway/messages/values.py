"""Read and write one text field: TWS's numbers, flags, texts, and what each side writes for unset."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

Values = dict[str, Any]

NUL = "\0"  # ends a field
UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INTEGER = 2147483647
_LARGEST = 1.7976931348623157e308
_LARGEST_PLAIN_INTEGER = 1e15


def parse_text(text: str) -> str:
    """Return the text as it is."""
    return text


def parse_whole(text: str) -> int | None:
    """Return an integer; `None` when it is empty or IB's largest integer (both mean unset)."""
    if not text:
        return None
    value = int(float(text)) if "." in text or "e" in text.lower() else int(text)
    return None if value == UNSET_INTEGER else value


def parse_number(text: str) -> float | None:
    """Return a number; `None` when it is empty or the largest double (both mean unset)."""
    if not text:
        return None
    if text in ("Infinite", "Infinity"):
        return math.inf
    value = float(text)
    if math.isnan(value):
        raise ValueError("NaN is no number here")
    return None if value == _LARGEST else value


def parse_flag(text: str) -> bool:
    """Return a truth value; clients write 1, 0, True, False or nothing."""
    return text in ("1", "true", "True")


def show(value: object) -> str:
    """Write a value as TWS does: flags 1/0, whole numbers without a point, unset as nothing.

    A text loses the character that ends a field.
    """
    return SHOWN_AS[type(value)](value)


def _show_text(value: str) -> str:
    return value.replace(NUL, " ") if NUL in value else value


@lru_cache(maxsize=1 << 14)  # the computations of an option share most of their numbers, and prices come back
def _show_float(value: float) -> str:
    if -_LARGEST_PLAIN_INTEGER < value < _LARGEST_PLAIN_INTEGER:
        return str(int(value)) if value.is_integer() else float.__repr__(value)
    if value == math.inf:
        return "Infinity"
    if value == _LARGEST:
        return UNSET_DOUBLE
    return float.__repr__(value)


class _ShownAs(dict[type, Callable[[Any], str]]):
    """Say how values of a type are written; a type met for the first time is written as what it derives from."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        written = next((self[base] for base in kind.__mro__ if base in self), str)
        self[kind] = written
        return written


SHOWN_AS = _ShownAs(
    {
        str: _show_text,
        int: int.__repr__,
        float: _show_float,
        bool: lambda value: "1" if value else "0",
        type(None): lambda _: "",
    }
)
