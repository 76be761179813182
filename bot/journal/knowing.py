"""Tell what the folds know in JSON, so that a start need not read closed files; the entries stay the truth.

What was told counts only for the very program that told it: a fingerprint of the sources that fold is kept beside it,
and after any change to them everything is folded anew from the entries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from bot.journal.entry import Entry

HOUSE = Path(__file__).parents[2]
FOLDING = ("bot/journal/*.py", "bot/orders/*.py", "bot/broker/port.py", "strategies/alvh/records/*.py")


class Fold(Protocol):
    """Be a fold over entries that can tell what it knows and start from there."""

    def apply(self, entry: Entry) -> None:
        """Take in one entry."""

    def tell(self) -> dict[str, Any]:
        """Return what is known, as JSON values."""

    def know(self, told: Mapping[str, Any]) -> None:
        """Take over what another one told."""


@cache
def program() -> str:
    """Return a fingerprint of the sources that fold."""
    total = sha256()
    for pattern in FOLDING:
        for path in sorted(HOUSE.glob(pattern)):
            total.update(path.read_bytes())
    return total.hexdigest()


def written(told: Mapping[str, Any]) -> str:
    """Return as text what a fold told, its keys in their order: which order came first is a part of what is known."""
    return json.dumps(told, allow_nan=False, separators=(",", ":"))


def digest(body: str) -> str:
    """Return what says whether a told body is whole."""
    return sha256(body.encode()).hexdigest()
