"""Read a finished demo run back from its journal, for tests that look at a whole day."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.journal import Entry, JournalReader, Kind, Shelf, Wakeup
from bot.report.result import Result
from strategies.alvh.records import Check

HOUSE = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ALVH_SHARED_DATA", HOUSE.parent / "shared" / "data"))
RECORDED = SHARED / "real_session_2021-01-04"
STAGED = "spike-2021-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Hold one finished run: its result, its journal, and every wake-up with its bars and surfaces restored."""

    result: Result
    entries: tuple[Entry, ...]
    wakeups: tuple[Wakeup, ...]

    @property
    def journal(self) -> Path:
        return Path(self.result.run.journal)

    @property
    def json(self) -> dict[str, Any]:
        return self.result.as_json()


def told(result: Result) -> Told:
    reader = JournalReader.open(Path(result.run.journal))
    entries = tuple(reader.entries())
    reader.close()
    shelf = Shelf()
    wakeups = []
    for entry in entries:
        shelf.apply(entry)
        if entry.kind is Kind.WAKEUP:
            wakeups.append(shelf.restore(entry.body))
    return Told(result=result, entries=entries, wakeups=tuple(wakeups))


def check_of(wakeup: Wakeup, name: str) -> Check | None:
    """Return the check of this name, `None` when the wake-up did not ask."""
    return next((check for check in wakeup.decision.checks if check.name == name), None)


Player = Callable[..., Told]
