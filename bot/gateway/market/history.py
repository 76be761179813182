"""Fold ticks into bars as IB's historical data does, only from ticks at which the contract traded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bot.gateway.market.curve import Future
from bot.gateway.market.depth import Book
from bot.gateway.market.funds import SHOWN_AS, Funds
from bot.gateway.market.grid import TICK_SECONDS
from bot.gateway.market.sessions import Hours
from bot.gateway.market.ticker import Ticker
from bot.gateway.market.world import World
from bot.gateway.records import HistoryBar

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
_DAY_S = 86400
# What a contract gives for chosen ticks: opens and closes, highs, lows, and the volume since the tick before.
Sample = tuple[Array, Array, Array, Array]
Sampler = Callable[[Ints], Sample]


def bars(
    world: World, hours: Hours, window: tuple[datetime, datetime], step_s: int, *, rth: bool, sample: Sampler
) -> Sequence[HistoryBar]:
    """Return the bars of [first, last) in `window`, keyed by start; daily bars by midnight UTC of the trade date."""
    grid = world.grid
    first_s, last_s = (int(at.timestamp()) for at in window)
    ticks = np.arange(-(-max(first_s - grid.first_s, 0) // TICK_SECONDS), grid.index_s(last_s - 1) + 1, dtype=np.int64)
    mask = (world.clock.regular if rth else world.clock.open)[hours]
    ticks = ticks[mask[ticks]] if ticks.size else ticks
    if not ticks.size:
        return ()
    keys = _day_keys(world, hours, ticks) if step_s >= _DAY_S else _intraday_keys(world, hours, ticks, step_s)
    edges = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
    ends = np.append(edges[1:], ticks.size) - 1
    middle, top, bottom, volume = sample(ticks)
    highs, lows = np.maximum.reduceat(top, edges), np.minimum.reduceat(bottom, edges)
    counts = ends - edges + 1
    volumes = np.round(np.add.reduceat(volume, edges))
    waps = np.round(np.add.reduceat(middle, edges) / counts, 6)
    columns = (keys[edges], middle[edges], highs, lows, middle[ends], volumes, waps, counts)
    return tuple(
        HistoryBar(
            start=datetime.fromtimestamp(start_s, UTC),
            open=first,
            high=high,
            low=low,
            close=last,
            volume=volume,
            wap=wap,
            count=count,
        )
        for start_s, first, high, low, last, volume, wap, count in zip(
            *(column.tolist() for column in columns), strict=True
        )
    )


def _intraday_keys(world: World, hours: Hours, ticks: Ints, step_s: int) -> Ints:
    """Return the start of each tick's bar; the tick of a closing bell belongs to the bar that it ends."""
    seconds = world.grid.first_s + TICK_SECONDS * ticks
    open_ = world.clock.open[hours]
    after = np.minimum(ticks + 1, open_.size - 1)
    closing = open_[ticks] & ~open_[after]
    return np.asarray((seconds - np.where(closing, TICK_SECONDS, 0)) // step_s * step_s, dtype=np.int64)


def _day_keys(world: World, hours: Hours, ticks: Ints) -> Ints:
    """Return the epoch second of midnight UTC of each tick's trade date."""
    days = world.trade_days[hours]
    position = np.maximum(np.searchsorted(np.array(days.first), ticks, side="right") - 1, 0)
    midnight = np.array([int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in days.days])
    return np.asarray(midnight[position], dtype=np.int64)


def of_book(book: Book, what: str) -> Sample:
    """Return the sample of displayed markets: of the bid, the ask, the middle, or IB's BID_ASK (low bid, high ask)."""
    nothing = np.zeros(book.bid.size)
    if what == "BID_ASK":
        return (book.bid + book.ask) / 2.0, book.ask, book.bid, nothing
    path = {"BID": book.bid, "ASK": book.ask}.get(what, (book.bid + book.ask) / 2.0)
    return path, path, path, nothing


def index_sampler(ticker: Ticker, symbol: str, what: str) -> Sampler | None:
    """Return how to sample an index: trades only, except AD-NYSE, which has bids and asks only."""
    path = ticker.history_path(symbol, what)
    if path is None:
        return None

    def sample(ticks: Ints) -> Sample:
        return path[ticks], path[ticks], path[ticks], np.zeros(ticks.size)

    return sample


def fund_sampler(funds: Funds, symbol: str, what: str) -> Sampler | None:
    """Return how to sample a fund: trades, middles, bids or asks, all of one path."""
    shift = SHOWN_AS.get(what)
    if shift is None:
        return None

    def sample(ticks: Ints) -> Sample:
        path = np.round(funds.path(symbol)[ticks] + shift, 2)
        return path, path, path, np.zeros(ticks.size)

    return sample


def future_sampler(world: World, ticker: Ticker, future: Future, con_id: int, mini: bool, what: str) -> Sampler | None:
    """Return how to sample a future: its trades, or its displayed markets."""
    if what not in ("TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK"):
        return None

    def sample(ticks: Ints) -> Sample:
        if what != "TRADES":
            return of_book(ticker.future_books(future, ticks, con_id=con_id, mini=mini), what)
        last = ticker.future_last(future, ticks, mini=mini)
        return last, last, last, ticker.volumes(future, ticks, mini=mini)

    return sample
