"""Keep bars and samples once: each entry adds what is new to a series, and a wake-up names its last so many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from bot.errors import Bug
from bot.journal.codec import from_json, to_json
from strategies.alvh.records import Bar, BreadthBar, Sample

LONGEST = 5000  # bars kept of a series; no view shows more
SAMPLES = "samples"  # the series of the samples in the decision's memory


class Ended(Protocol):
    """Be something that ended at an instant: a closed bar, or what was sampled at its close."""

    @property
    def end(self) -> datetime:
        """Return when it ended."""


class Series:
    """Hold every series that the journal has written so far, by name."""

    def __init__(self) -> None:
        self._held: dict[str, list[Any]] = {}
        self._seen: dict[str, tuple[Ended, ...]] = {}
        self._told: dict[str, tuple[dict[str, Any], tuple[Ended, ...]]] = {}  # the last change and what it is made of

    def news(self, series: Mapping[str, tuple[Ended, ...]]) -> dict[str, Any]:
        """Return, by name, what must be journalled before a wake-up that shows these series."""
        return {name: change for name, items in series.items() if (change := self._change(name, items))}

    def apply(self, news: Mapping[str, Any]) -> None:
        """Take in what `news` gave, as the journal holds it."""
        for name, change in news.items():
            held = [] if change["from_start"] else self._held.setdefault(name, [])
            held.extend(self._items(name, change))
            self._held[name] = held[-LONGEST:]

    def forget(self, before: datetime) -> None:
        """Drop the series that ended before an instant: those of futures that have settled.

        The bot's own samples stay: a memory may name them after any absence.
        """
        gone = [name for name, held in self._held.items() if name != SAMPLES and held and held[-1].end < before]
        for name in gone:
            del self._held[name]
            self._seen.pop(name, None)

    def tell(self) -> dict[str, Any]:
        """Return the rows of every series by name."""
        return {name: [_row(item) for item in held] for name, held in self._held.items()}

    def know(self, told: Mapping[str, Any]) -> None:
        """Take over the rows that another one told."""
        self._held = {name: [_item(name, row) for row in rows] for name, rows in told.items()}

    def last(self, name: str, count: int, end: str) -> tuple[Any, ...]:
        """Return the last `count` of a series, of which the newest ended at `end` (ISO text)."""
        held = self._held.get(name, [])
        if len(held) < count or held[-1].end.isoformat() != end:
            raise Bug(
                f"the journal holds {len(held)} bars of {name}, a wake-up names {count} up to {end}: "
                "feed the shelf with every entry before it"
            )
        return tuple(held[len(held) - count :])

    def _items(self, name: str, change: dict[str, Any]) -> Iterable[Ended]:
        """Return what a change adds: the very objects it was made of, if it was made here, so that `is` finds them."""
        told, items = self._told.pop(name, (None, ()))
        return items if told is change else [_item(name, row) for row in change["rows"]]

    def _change(self, name: str, items: tuple[Ended, ...]) -> dict[str, Any] | None:
        """Return what must be added to a series so that it ends with `items`; `None` when it already does."""
        if self._seen.get(name) is items or not items:
            return None
        self._seen[name] = items
        held = self._held.get(name, [])
        known = len(items)
        while known and (not held or items[known - 1].end > held[-1].end):
            known -= 1
        slides = known <= len(held) and tuple(held[len(held) - known :]) == items[:known]
        fresh = items[known:] if slides else items
        if not fresh:
            return None
        change = {"from_start": not slides, "rows": [_row(item) for item in fresh]}
        self._told[name] = (change, fresh)
        return change


def names(series: Mapping[str, tuple[Ended, ...]]) -> dict[str, list[Any]]:
    """Return how a wake-up names its series: by count and by the end of the newest."""
    return {name: [len(items), items[-1].end.isoformat()] for name, items in series.items() if items}


def _row(item: Any) -> Any:
    if isinstance(item, Sample):
        return to_json(item)
    if isinstance(item, BreadthBar):
        return [item.end.isoformat(), item.advancers, item.decliners]
    return [item.end.isoformat(), item.open, item.high, item.low, item.close]


def _item(name: str, row: Any) -> Ended:
    if name == SAMPLES:
        return from_json(Sample, row)
    end = datetime.fromisoformat(row[0])
    if name == "breadth":
        return BreadthBar(end=end, advancers=row[1], decliners=row[2])
    return Bar(end=end, open=row[1], high=row[2], low=row[3], close=row[4])
