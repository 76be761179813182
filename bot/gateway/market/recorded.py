"""Hold recorded option quotes: sampled as of each tick, never interpolated, and only while the recording runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.gateway.errors import ScenarioError
from bot.gateway.market.bridge import Array
from bot.gateway.market.depth import Book
from bot.gateway.market.grid import Grid
from bot.gateway.market.listing import OptionClass, option_expiry, option_id
from bot.gateway.market.scenario import Scenario
from bot.gateway.market.sessions import Timetable
from bot.gateway.market.tables import Row, day, read_rows

Ints = NDArray[np.int64]
_KEYS = ("expiry", "right", "strike")
_NUMBERS = ("bid", "bid_size", "ask", "ask_size")
_MINUTE = 4  # ticks for which the last recorded quote stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Hold the recorded quotes of one option, by the tick from which each stands."""

    ticks: Ints
    table: Array  # one row per tick: bid, bid size, ask, ask size

    def covers(self, tick: int) -> bool:
        """Say whether the recording runs at a tick."""
        return int(self.ticks[0]) <= tick < int(self.ticks[-1]) + _MINUTE

    def at(self, tick: int) -> tuple[float, float, float, float]:
        """Return bid, bid size, ask and ask size as of a tick that the recording covers."""
        bid, bid_size, ask, ask_size = self.table[int(np.searchsorted(self.ticks, tick, side="right")) - 1].tolist()
        return bid, bid_size, ask, ask_size

    def laid_over(self, book: Book, ticks: Ints) -> Book:
        """Return modelled markets with the recorded ones in their place wherever the recording runs."""
        runs = (ticks >= self.ticks[0]) & (ticks < self.ticks[-1] + _MINUTE)
        rows = self.table[np.maximum(np.searchsorted(self.ticks, ticks, side="right") - 1, 0)]
        return Book(
            bid=np.where(runs, rows[:, 0], book.bid),
            bid_size=np.where(runs, rows[:, 1], book.bid_size),
            ask=np.where(runs, rows[:, 2], book.ask),
            ask_size=np.where(runs, rows[:, 3], book.ask_size),
        )


def recordings(scenario: Scenario, grid: Grid, timetable: Timetable) -> dict[int, Recording]:
    """Return the recorded SPXW quotes of a scenario by conId; none when it names no file."""
    series = scenario.series.get("SPX options")
    if series is None or not series.quotes:
        return {}
    path = scenario.folder / series.quotes
    rows: dict[int, list[Row]] = {}
    for number, row in enumerate(read_rows(path, _NUMBERS, keys=_KEYS), start=2):
        con_id = _con_id(f"{path.name}, row {number}", row, timetable)
        if grid.holds(row.at):
            rows.setdefault(con_id, []).append(row)
    return {con_id: _recording(items, grid) for con_id, items in rows.items()}


def _con_id(where: str, row: Row, timetable: Timetable) -> int:
    expiry, right, strike = row.keys
    settles_on = day(where, expiry)
    if right not in ("C", "P") or not timetable.is_session(settles_on):
        raise ScenarioError(
            f"{where}: {right!r} expiring {expiry}; expected C or P and a session, mend or drop the row"
        )
    try:
        points = float(strike)
    except ValueError:
        points = -1.0
    if points <= 0 or points % OptionClass.SPXW.strike_step:
        raise ScenarioError(f"{where}: strike {strike!r}; expected a multiple of 5, mend or drop the row")
    return option_id(option_expiry(OptionClass.SPXW, settles_on, timetable), points, right)


def _recording(rows: list[Row], grid: Grid) -> Recording:
    ticks = np.array([grid.index(row.at) for row in rows], dtype=np.int64)
    return Recording(ticks=ticks, table=np.array([[row.numbers[name] for name in _NUMBERS] for row in rows]))
