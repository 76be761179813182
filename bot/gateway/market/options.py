"""Quote options: every option asked for once is repriced together with the others, once a minute of market time.

Indices and futures move every 15 seconds. That options move only on the minute is a choice of the model: makers of
strikes far from the money refresh their quotes about as often, and a client with a hundred lines gets a quarter of the
ticks.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.gateway.market import timetables
from bot.gateway.market.depth import Book
from bot.gateway.market.desk import Desk
from bot.gateway.market.grid import TICK_SECONDS
from bot.gateway.market.history import Sampler, of_book
from bot.gateway.market.listing import Expiry, OptionClass, option_contract, option_expiry, option_of
from bot.gateway.market.recorded import recordings
from bot.gateway.market.sessions import Hours
from bot.gateway.market.watch import Watch
from bot.gateway.market.world import World
from bot.gateway.records import Contract, Greeks, Quote

Ints = NDArray[np.int64]
_REFRESH_TICKS = 60 // TICK_SECONDS
_Ticks = TypeVar("_Ticks", int, Ints)
Shown = tuple[Quote, Greeks | None]


class OptionQuotes:
    """Keep the options that anybody asked for, by expiry, and price them all at once per tick."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._desk = desk
        self._recorded = recordings(world.scenario, world.grid, world.timetable)
        self._contracts: dict[int, tuple[Expiry, Contract]] = {}
        rate = world.scenario.rate
        self._on_index, self._on_vix = (Watch(desk, self._recorded, rate, _REFRESH_TICKS) for _ in range(2))
        self._closes: dict[int, tuple[int, float | None]] = {}
        self._trading: tuple[datetime | None, dict[tuple[str, str], bool]] = (None, {})
        self._sampled: tuple[tuple[int, int, int, int], Book] | None = None
        self._shown: dict[int, Shown] = {}
        self._shown_at: tuple[int, bool] | None = None

    def shown(self, con_id: int, now: datetime, tick: int, *, halted: bool) -> Shown:
        """Return what an option shows: market and model; only the previous close while it does not trade.

        A halt takes the market and leaves the model. The same object stands until the next refresh.
        """
        at = (_refreshed(tick), halted)
        if at != self._shown_at:
            self._shown_at, self._shown = at, {}
        shown = self._shown.get(con_id)
        if shown is None:
            shown = self._shown[con_id] = self._show(con_id, now, tick, halted=halted)
        return shown

    def _show(self, con_id: int, now: datetime, tick: int, *, halted: bool) -> Shown:
        if not self._watch(con_id):
            return Quote(), None
        close = self._close(con_id, tick)
        if not self._trades(con_id, now):
            return Quote(close=close, halted=halted), None
        expiry, _ = self._contracts[con_id]
        (bid, bid_size, ask, ask_size), model = self._watch_of(expiry).at(con_id, _refreshed(tick), now)
        if halted:
            return Quote(close=close, halted=True), model
        return Quote(bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size, close=close), model

    def _watch_of(self, expiry: Expiry) -> Watch:
        return self._on_vix if expiry.option_class is OptionClass.VIX else self._on_index

    def sampler(self, con_id: int, what: str) -> Sampler | None:
        """Return how to sample the history of an option; there is none of trades."""
        if not self._watch(con_id) or what not in ("MIDPOINT", "BID", "ASK", "BID_ASK"):
            return None
        return lambda ticks: of_book(self._past(con_id, ticks), what)

    def _past(self, con_id: int, ticks: Ints) -> Book:
        """Return the markets of an option at ticks gone by; clients ask for bids and then for asks."""
        key = (con_id, int(ticks[0]), int(ticks[-1]), ticks.size)
        if self._sampled is None or self._sampled[0] != key:
            minutes, of_tick = np.unique(_refreshed(ticks), return_inverse=True)
            expiry, contract = self._contracts[con_id]
            setting = self._desk.setting(expiry, minutes)
            strike, is_call = np.array(contract.strike), np.array(contract.right == "C")
            mid = self._desk.mid(expiry.option_class, setting, strike, is_call)
            book = self._desk.book(mid, np.array(con_id, dtype=np.int64), minutes)
            recording = self._recorded.get(con_id)
            found = recording.laid_over(book, minutes) if recording else book
            self._sampled = (key, found.of(of_tick))
        return self._sampled[1]

    def _watch(self, con_id: int) -> bool:
        """Take an option into those that are repriced; say whether it can be priced at all."""
        if con_id in self._contracts:
            return True
        option = option_of(con_id)
        if option is None or not self._world.timetable.is_session(option[1]) or option[2] <= 0:
            return False
        option_class, settles_on, strike, right = option
        expiry = option_expiry(option_class, settles_on, self._world.timetable)
        if not self._desk.prices(expiry):
            return False
        contract = option_contract(expiry, strike, right)
        self._contracts[con_id] = (expiry, contract)
        self._watch_of(expiry).add(con_id, expiry, contract)
        return True

    def _trades(self, con_id: int, now: datetime) -> bool:
        if self._trading[0] != now:
            self._trading = (now, {})
        contract, known = self._contracts[con_id][1], self._trading[1]
        key = (contract.trading_class, contract.expiry)
        trades = known.get(key)
        if trades is None:
            timetable = self._world.timetable
            trades = known[key] = timetables.trades_still(contract, now, timetable) and timetables.is_open(
                timetable, Hours.OPTION, now, rth=True
            )
        return trades

    def _close(self, con_id: int, tick: int) -> float | None:
        """Return the middle at the close of the option session before, to 0.05; it stands for the whole trade date."""
        days = self._world.trade_days[Hours.OPTION]
        position = days.at(tick)
        if con_id not in self._closes or self._closes[con_id][0] != position:
            self._closes[con_id] = (position, self._closing_mid(con_id, days.last[position - 1]) if position else None)
        return self._closes[con_id][1]

    def _closing_mid(self, con_id: int, tick: int) -> float:
        expiry, contract = self._contracts[con_id]
        setting = self._desk.setting(expiry, np.array([tick], dtype=np.int64))
        mid = self._desk.mid(
            expiry.option_class, setting, np.array([contract.strike]), np.array([contract.right == "C"])
        )
        return round(round(float(mid[0]) / 0.05) * 0.05, 2)


def _refreshed(tick: _Ticks) -> _Ticks:
    """Return the tick of the last refresh; the grid begins on a whole minute."""
    return tick - tick % _REFRESH_TICKS
