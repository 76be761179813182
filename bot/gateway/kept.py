"""Keep what was once made of a past that does not change: bars that were asked for before, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.gateway.records import HistoryBar

Values = dict[str, Any]


class Rows(list[Values]):
    """Hold the records of a list in a message, with the text they were written as."""

    def __init__(self, rows: list[Values]) -> None:
        super().__init__(rows)
        self._texts: dict[Callable[[Values], str], str] = {}

    def text(self, write: Callable[[Values], str]) -> str:
        """Return the records one after another as `write` writes each."""
        found = self._texts.get(write)
        if found is None:
            found = self._texts[write] = "".join([write(row) for row in self])
        return found


class Bars(tuple[HistoryBar, ...]):
    """Hold bars that a market may be asked for again, with the rows that were made of them by form of their date."""

    rows: dict[tuple[object, ...], Rows]

    def __init__(self, bars: object = ()) -> None:
        self.rows = {}
