"""Show quotes of indices and futures: last, running open, high and low of the trade date, volume, previous close."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bot.gateway.market.curve import Future
from bot.gateway.market.depth import Book, Stress, future_book
from bot.gateway.market.grid import TICK_SECONDS
from bot.gateway.market.indices import INDEX_HOURS
from bot.gateway.market.sessions import Hours
from bot.gateway.market.world import World
from bot.gateway.records import Quote

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
_MINI_SHARE = 0.3  # contracts of VXM per contract of VX, roughly
HOURS_OF_INDEX = {**INDEX_HOURS, "AD-NYSE": Hours.CASH, "TICK-NYSE": Hours.CASH}


class Ticker:
    """Read quotes of indices and futures out of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._closes = {name: dict(values) for name, values in world.paths.closes.items()}

    def index_path(self, symbol: str) -> Array:
        """Return what an index shows at every tick (the TICK for TICK-NYSE)."""
        return self._world.breadth.tick if symbol == "TICK-NYSE" else self._world.paths.shown[symbol]

    def index(self, symbol: str, tick: int, *, halted: bool) -> Quote:
        """Return the quote of an index; AD-NYSE shows advancers as bid, decliners as ask and unchanged as bid size."""
        if symbol == "AD-NYSE":
            return self._breadth(tick)
        path = self.index_path(symbol)
        days = self._world.trade_days[HOURS_OF_INDEX[symbol]]
        position = days.at(tick)
        first = days.first[position]
        so_far = path[first : tick + 1] if tick >= first else path[tick : tick + 1]
        return Quote(
            last=float(path[tick]),
            open=float(so_far[0]),
            high=float(so_far.max()),
            low=float(so_far.min()),
            close=self._previous_close(symbol, position),
            halted=halted and symbol == "SPX",
        )

    def _previous_close(self, symbol: str, position: int) -> float | None:
        days = self._world.trade_days[HOURS_OF_INDEX[symbol]]
        if position == 0:
            return None
        tick = days.last[position - 1]
        published = self._closes.get(symbol, {}).get(tick)
        return float(self.index_path(symbol)[tick]) if published is None else published

    def _breadth(self, tick: int) -> Quote:
        issues = self._world.breadth
        days = self._world.trade_days[Hours.CASH]
        position = days.at(tick)
        close = None
        if position:
            last = days.last[position - 1]
            close = float(issues.advancers[last] - issues.decliners[last])
        return Quote(
            bid=float(issues.advancers[tick]),
            ask=float(issues.decliners[tick]),
            bid_size=float(issues.unchanged[tick]),
            close=close,
        )

    def history_path(self, symbol: str, what: str) -> Array | None:
        """Return what an index has history of: its trades; AD-NYSE only bids (advancers) and asks (decliners)."""
        if symbol == "AD-NYSE":
            return {"BID": self._world.breadth.advancers, "ASK": self._world.breadth.decliners}.get(what)
        return self.index_path(symbol) if what == "TRADES" else None

    def future_books(self, future: Future, ticks: Ints, *, con_id: int, mini: bool) -> Book:
        """Return displayed markets of a future at `ticks`, halts and closed hours not considered."""
        world = self._world
        seconds = world.grid.first_s + TICK_SECONDS * ticks
        noon_s = _noon_s(future.settles_on)
        days = np.asarray((noon_s - seconds) / 86400.0, dtype=np.float64)
        stress = Stress.at(world.paths.driver, world.clock.regular[Hours.VX], ticks)
        return future_book(future.mid[ticks], days, stress, ticks, con_id=con_id, mini=mini, seed=world.seed)

    def future_last(self, future: Future, ticks: Ints | slice, *, mini: bool) -> Array:
        """Return last trades: the mid, rounded to the tick."""
        step = 0.01 if mini else 0.05
        return np.asarray(np.round(np.round(future.mid[ticks] / step) * step, 2))

    def future(self, future: Future, tick: int, *, con_id: int, mini: bool, open_: bool, halted: bool) -> Quote:
        """Return the quote of a future; without bid and ask while it does not trade."""
        days = self._world.trade_days[Hours.VX]
        position = days.at(tick)
        first = min(days.first[position], tick)
        so_far = self.future_last(future, slice(first, tick + 1), mini=mini)
        shown = Quote(
            last=float(so_far[-1]),
            last_size=1.0,
            volume=self._volume(future, position, tick, mini=mini),
            open=float(so_far[0]),
            high=float(so_far.max()),
            low=float(so_far.min()),
            close=self.settle_before(future, position),
            halted=halted,
        )
        if not open_ or halted:
            return shown
        book = self.future_books(future, np.array([tick], dtype=np.int64), con_id=con_id, mini=mini)
        return replace(
            shown,
            bid=float(book.bid[0]),
            ask=float(book.ask[0]),
            bid_size=float(book.bid_size[0]),
            ask_size=float(book.ask_size[0]),
        )

    def settle_before(self, future: Future, position: int) -> float | None:
        """Return the settlement of the trade date before; where none was published, the model's value at that time."""
        days = self._world.trade_days[Hours.VX]
        if position == 0:
            return None
        tick = self._world.grid.index(self._world.timetable.close(Hours.VX, days.days[position - 1]))
        found = np.searchsorted(future.settle_ticks, tick)
        if found < future.settle_ticks.size and future.settle_ticks[found] == tick:
            return float(future.settle_values[found])
        return round(float(future.mid[tick]), 3)

    def volumes(self, future: Future, ticks: Ints, *, mini: bool) -> Array:
        """Return the volume of each tick, from published volumes spread over operational time."""
        days = self._world.trade_days[Hours.VX]
        pace = self._world.clock.pace
        position = np.maximum(np.searchsorted(np.array(days.first), ticks, side="right") - 1, 0)
        length = np.maximum(pace[np.minimum(np.array(days.last), pace.size - 1)] - pace[np.array(days.first)], 1.0)
        whole = np.array([future.volumes.get(day, 0.0) for day in days.days]) * (_MINI_SHARE if mini else 1.0)
        return np.asarray((whole / length)[position] * (pace[ticks] - pace[np.maximum(ticks - 1, 0)]))

    def _volume(self, future: Future, position: int, tick: int, *, mini: bool) -> float:
        """Return the volume of the trade date so far: the published one spread over operational time."""
        days = self._world.trade_days[Hours.VX]
        whole = future.volumes.get(days.days[position], 0.0) * (_MINI_SHARE if mini else 1.0)
        pace = self._world.clock.pace
        first, last = days.first[position], min(days.last[position], pace.size - 1)
        length = max(float(pace[last] - pace[first]), 1.0)
        return float(np.floor(whole * min(max(float(pace[tick] - pace[first]), 0.0) / length, 1.0)))


def _noon_s(day: date) -> float:
    """Return the epoch second of 14:30 UTC on a settlement day, near enough for days to expiry."""
    return (day - date(1970, 1, 1)).days * 86400.0 + 14.5 * 3600.0
