"""Remember how much VX and VXM usually show at this time of day, from the bot's own looks.

A fold over the journal's wake-ups, so a restart knows what was known before. Of each of the last twenty sessions it
keeps one number per class, month and five minutes: the mean of the smaller displayed size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from strategies.alvh.records import FutureQuote, MarketView

SLOT = timedelta(minutes=5)
KEPT = 20  # sessions
NEEDED = 5
MONTHS = 4  # of each class, the nearest first

Key = tuple[str, int, int]  # trading class, month from 0, slot from the opening


class Depths:
    """Fold wake-ups into the usual depth."""

    def __init__(self) -> None:
        self._days: dict[date, dict[Key, tuple[float, int]]] = {}

    def apply(self, view: Mapping[str, Any]) -> None:
        """Take in the view of one recorded wake-up, as the journal holds it."""
        session = view["session"]
        slot = _slot(datetime.fromisoformat(session["opens_at"]), datetime.fromisoformat(view["now"]))
        day = date.fromisoformat(session["day"])
        found = self._days.setdefault(day, {})
        futures = [(row["trading_class"], row["settles_on"], row) for row in view["futures"]]
        for trading_class, month, row in _ranked(futures):
            depth = _depth(row["quote"])
            if depth is not None:
                total, count = found.get((trading_class, month, slot), (0.0, 0))
                found[trading_class, month, slot] = (total + depth, count + 1)
        for old in sorted(self._days)[: -KEPT - 1]:  # today is not one of the sessions before
            del self._days[old]

    def tell(self) -> list[Any]:
        """Return every cell as day, class, month, slot, total and count."""
        return [[day.isoformat(), *key, *cell] for day, cells in self._days.items() for key, cell in cells.items()]

    def know(self, told: Sequence[Any]) -> None:
        """Take over the cells that another one told."""
        for day, name, month, slot, total, count in told:
            self._days.setdefault(date.fromisoformat(day), {})[name, month, slot] = (total, count)

    def filled(self, view: MarketView) -> MarketView:
        """Return the view with the usual depth of each future, as far as enough sessions before this one know it."""
        slot = _slot(view.session.opens_at, view.now)
        ranked = _ranked([(row.trading_class, row.settles_on, row) for row in view.futures])
        known = {row.con_id: self._usual((name, month, slot), view.session.day) for name, month, row in ranked}
        return replace(view, futures=tuple(_with(row, known.get(row.con_id)) for row in view.futures))

    def _usual(self, key: Key, today: date) -> list[float]:
        """Return the depth of this slot in each of the last sessions before today that know it."""
        before = sorted(day for day in self._days if day < today)[-KEPT:]
        cells = [cell for day in before if (cell := self._days[day].get(key)) is not None]
        return [total / count for total, count in cells]


def _with(row: FutureQuote, seen: Sequence[float] | None) -> FutureQuote:
    if seen is None:
        return row
    usual = median(seen) if len(seen) >= NEEDED else None
    return replace(row, quick_ratio_median=usual, depth_sessions=len(seen))


def _slot(opens_at: datetime, now: datetime) -> int:
    return (now - opens_at) // SLOT


def _ranked(futures: Sequence[tuple[str, Any, Any]]) -> Iterator[tuple[str, int, Any]]:
    """Yield class, month and row of the nearest months of each class."""
    for name in sorted({trading_class for trading_class, _, _ in futures}):
        months = sorted((row for row in futures if row[0] == name), key=lambda row: row[1])
        for month, (_, _, row) in enumerate(months[:MONTHS]):
            yield name, month, row


def _depth(quote: Mapping[str, Any]) -> float | None:
    """Return the smaller displayed size of a live, two-sided market."""
    shown: tuple[Any, ...] = tuple(quote.get(name) for name in ("bid_size", "ask_size", "bid", "ask"))
    if quote.get("delayed") or quote.get("halted") or None in shown:
        return None
    return float(min(shown[:2]))
