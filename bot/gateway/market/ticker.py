"""Show quotes of indices and futures: last, running open, high and low of the trade date, volume, previous close."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from bot.gateway.market.curve import Future
from bot.gateway.market.depth import Book, Stress, future_book, thinned
from bot.gateway.market.grid import TICK_SECONDS
from bot.gateway.market.indices import INDEX_HOURS
from bot.gateway.market.pages import FuturePage, Pages, Trades, column
from bot.gateway.market.sessions import Hours
from bot.gateway.market.world import World
from bot.gateway.records import Quote

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
_MINI_SHARE = 0.3  # contracts of VXM per contract of VX, roughly
_WEEKLY_SHARE, _WEEKLY_TICKS = 0.05, 2  # of a monthly's displayed size, and wider than it; an assumption
HOURS_OF_INDEX = {**INDEX_HOURS, "AD-NYSE": Hours.CASH, "TICK-NYSE": Hours.CASH}


class Ticker:
    """Read quotes of indices and futures out of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._closes = {name: dict(values) for name, values in world.paths.closes.items()}
        self._index_pages: Pages[Trades] = Pages()
        self._future_pages: Pages[FuturePage] = Pages()

    def index_path(self, symbol: str) -> Array:
        """Return what an index shows at every tick (the TICK for TICK-NYSE)."""
        return self._world.breadth.tick if symbol == "TICK-NYSE" else self._world.paths.shown[symbol]

    def index(self, symbol: str, tick: int, *, halted: bool) -> Quote:
        """Return the quote of an index; AD-NYSE shows advancers as bid, decliners as ask and unchanged as bid size."""
        if symbol == "AD-NYSE":
            return self._breadth(tick)
        position = self._world.trade_days[HOURS_OF_INDEX[symbol]].at(tick)
        trades = self._index_pages.get(symbol, position, lambda: self._index_trades(symbol, position))
        at = max(tick - trades.first, 0)
        return Quote(
            last=trades.last[at],
            open=trades.last[0],
            high=trades.high[at],
            low=trades.low[at],
            close=self._previous_close(symbol, position),
            halted=halted and symbol == "SPX",
        )

    def _index_trades(self, symbol: str, position: int) -> Trades:
        first, after = self._world.trade_days[HOURS_OF_INDEX[symbol]].ticks(position, self._world.grid.size)
        return Trades.of(first, self.index_path(symbol)[first:after])

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
        """Return what an index has history of: its trades; AD-NYSE only bids (advancers) and asks (decliners).

        SPX has the implied volatility of its options too, as a fraction: VIX, as in its generic tick.
        """
        if what == "OPTION_IMPLIED_VOLATILITY":
            return np.round(self._world.paths.driver / 100.0, 6) if symbol == "SPX" else None
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
        book = future_book(future.shown[ticks], days, stress, ticks, con_id=con_id, mini=mini, seed=world.seed)
        if future.is_weekly:
            everywhere = np.ones(ticks.size, dtype=np.bool_)
            book = thinned(book, everywhere, share=_WEEKLY_SHARE, extra_ticks=_WEEKLY_TICKS, mini=mini)
        for thin in world.scenario.thin:
            first, after = world.grid.index(thin.begins), world.grid.index(thin.ends)
            where = (ticks >= first) & (ticks < after)
            book = thinned(book, where, share=thin.share, extra_ticks=thin.extra_ticks, mini=mini)
        return book

    def future_last(self, future: Future, ticks: Ints | slice, *, mini: bool) -> Array:
        """Return last trades: what it is quoted around, rounded to the tick."""
        step = 0.01 if mini else 0.05
        return np.asarray(np.round(np.round(future.shown[ticks] / step) * step, 2))

    def future(self, future: Future, tick: int, *, con_id: int, mini: bool, open_: bool, halted: bool) -> Quote:
        """Return the quote of a future; without bid and ask while it does not trade."""
        position = self._world.trade_days[Hours.VX].at(tick)
        page = self._future_pages.get(con_id, position, lambda: self._future_page(future, position, con_id, mini))
        trades, at = page.trades, max(tick - page.trades.first, 0)
        trading = open_ and not halted
        return Quote(
            bid=page.bid[at] if trading else None,
            ask=page.ask[at] if trading else None,
            last=trades.last[at],
            bid_size=page.bid_size[at] if trading else None,
            ask_size=page.ask_size[at] if trading else None,
            last_size=1.0,
            volume=page.volume[at],
            open=trades.last[0],
            high=trades.high[at],
            low=trades.low[at],
            close=page.settle,
            halted=halted,
        )

    def _future_page(self, future: Future, position: int, con_id: int, mini: bool) -> FuturePage:
        first, after = self._world.trade_days[Hours.VX].ticks(position, self._world.grid.size)
        ticks = np.arange(first, after, dtype=np.int64)
        book = self.future_books(future, ticks, con_id=con_id, mini=mini)
        return FuturePage(
            trades=Trades.of(first, self.future_last(future, ticks, mini=mini)),
            volume=column(self._volume(future, position, ticks, mini=mini)),
            settle=self.settle_before(future, position),
            bid=column(book.bid),
            ask=column(book.ask),
            bid_size=column(book.bid_size),
            ask_size=column(book.ask_size),
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

    def _volume(self, future: Future, position: int, ticks: Ints, *, mini: bool) -> Array:
        """Return the volume of the trade date so far: the published one spread over operational time."""
        days = self._world.trade_days[Hours.VX]
        whole = future.volumes.get(days.days[position], 0.0) * (_MINI_SHARE if mini else 1.0)
        pace = self._world.clock.pace
        first, last = days.first[position], min(days.last[position], pace.size - 1)
        length = max(float(pace[last] - pace[first]), 1.0)
        return np.asarray(np.floor(whole * np.clip((pace[ticks] - pace[first]) / length, 0.0, 1.0)))


def _noon_s(day: date) -> float:
    """Return the epoch second of 14:30 UTC on a settlement day, near enough for days to expiry."""
    return (day - date(1970, 1, 1)).days * 86400.0 + 14.5 * 3600.0
