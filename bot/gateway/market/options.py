"""Quote options: every option asked for once is repriced together with the others when time moves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.gateway.market import timetables
from bot.gateway.market.desk import Desk
from bot.gateway.market.history import Sample, Sampler, of_book
from bot.gateway.market.listing import Expiry, option_contract, option_expiry, option_of
from bot.gateway.market.sessions import Hours
from bot.gateway.market.world import World
from bot.gateway.records import Contract, Greeks, Quote

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


class OptionQuotes:
    """Keep the options that anybody asked for, by expiry, and price them all at once per tick."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._desk = desk
        self._watched: dict[Expiry, dict[int, tuple[float, bool]]] = {}
        self._contracts: dict[int, tuple[Expiry, Contract]] = {}
        self._tick = -1
        self._quotes: dict[int, Quote] = {}
        self._greeks: dict[int, Greeks] = {}

    def quote(self, con_id: int, now: datetime, tick: int, *, halted: bool) -> Quote:
        """Return the market of an option; only the previous close while it does not trade or is halted."""
        if not self._watch(con_id):
            return Quote()
        if halted or not self._trades(con_id, now):
            return Quote(halted=halted)
        self._reprice(tick)
        return self._quotes[con_id]

    def greeks(self, con_id: int, now: datetime, tick: int) -> Greeks | None:
        """Return model greeks of an option while it trades."""
        if not self._watch(con_id) or not self._trades(con_id, now):
            return None
        self._reprice(tick)
        return self._greeks[con_id]

    def sampler(self, con_id: int, what: str) -> Sampler | None:
        """Return how to sample the history of an option; there is none of trades."""
        if not self._watch(con_id) or what not in ("MIDPOINT", "BID", "ASK", "BID_ASK"):
            return None
        expiry, contract = self._contracts[con_id]

        def sample(ticks: Ints) -> Sample:
            setting = self._desk.setting(expiry, ticks)
            strike, call = np.array(contract.strike), np.array(contract.right == "C")
            mid = self._desk.mid(expiry.option_class, setting, strike, call)
            book = self._desk.book(mid, np.array(con_id, dtype=np.int64), ticks)
            return of_book(book, what)

        return sample

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
        self._contracts[con_id] = (expiry, option_contract(expiry, strike, right))
        self._watched.setdefault(expiry, {})[con_id] = (strike, right == "C")
        self._tick = -1
        return True

    def _trades(self, con_id: int, now: datetime) -> bool:
        timetable = self._world.timetable
        return timetables.trades_still(self._contracts[con_id][1], now, timetable) and timetables.is_open(
            timetable, Hours.OPTION, now, rth=True
        )

    def _reprice(self, tick: int) -> None:
        if tick == self._tick:
            return
        self._quotes, self._greeks = {}, {}
        at = np.array([tick], dtype=np.int64)
        for expiry, items in self._watched.items():
            self._reprice_expiry(expiry, items, at)
        self._tick = tick

    def _reprice_expiry(self, expiry: Expiry, items: Mapping[int, tuple[float, bool]], at: Ints) -> None:
        setting = self._desk.setting(expiry, at)
        ids = np.array(list(items), dtype=np.int64)
        strike = np.array([value[0] for value in items.values()])
        call = np.array([value[1] for value in items.values()])
        kind = expiry.option_class
        mid = self._desk.mid(kind, setting, strike, call)
        sigma = self._desk.sigma(kind, setting, strike)
        greeks = self._desk.greeks(kind, setting, strike, call)
        book = self._desk.book(mid, ids, at)
        table = np.stack([book.bid, book.ask, book.bid_size, book.ask_size]).T.tolist()
        values = np.stack([sigma, greeks.delta, mid, greeks.gamma, greeks.vega, greeks.theta]).T.tolist()
        underlying = round(float(setting.forward[0]), 2)  # European: they hang on the forward
        for con_id, (bid, ask, bid_size, ask_size), row in zip(items, table, values, strict=True):
            self._quotes[con_id] = Quote(bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)
            iv, delta, price, gamma, vega, theta = row
            self._greeks[con_id] = Greeks(
                iv=iv, delta=delta, price=price, gamma=gamma, vega=vega, theta=theta, underlying=underlying
            )
