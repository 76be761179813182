"""Price every option that anybody asked for at once: a hundred of them cost little more than one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.gateway.market.desk import Desk, Setting
from bot.gateway.market.listing import Expiry
from bot.gateway.market.recorded import Recording
from bot.gateway.records import Contract, Greeks
from strategies.pricing import implied_vol

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
_AHEAD = 15  # refreshes that are priced in one go: the past and the future of a market are known
_DECIMALS = 10  # of model values: more than anybody reads, and the same however many are priced together
Market = tuple[float, float, float, float]  # bid, bid size, ask, ask size
Model = tuple[float, float, float, float, float, float, float]  # iv, delta, price, gamma, vega, theta, forward
Page = tuple[dict[int, Market], dict[int, Model]]  # what options show at one tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Hold options of one kind of underlying as arrays, each with its expiry's place in `expiries`."""

    con_ids: Ints
    strike: Array
    is_call: NDArray[np.bool_]
    expiries: tuple[Expiry, ...]
    place: Ints

    @classmethod
    def of(cls, listed: Mapping[int, tuple[Expiry, Contract]]) -> Options:
        """Return the arrays of options given by conId."""
        places: dict[Expiry, int] = {}
        place = [places.setdefault(expiry, len(places)) for expiry, _ in listed.values()]
        return cls(
            con_ids=np.array(list(listed), dtype=np.int64),
            strike=np.array([contract.strike for _, contract in listed.values()]),
            is_call=np.array([contract.right == "C" for _, contract in listed.values()]),
            expiries=tuple(places),
            place=np.array(place, dtype=np.int64),
        )


class Watch:
    """Keep options on one kind of underlying, SPX or VIX futures, and what they are worth at the latest tick."""

    def __init__(self, desk: Desk, recorded: Mapping[int, Recording], rate: float, refresh_ticks: int) -> None:
        """Take what prices, what was recorded, and how many ticks lie between two refreshes of a market."""
        self._desk = desk
        self._recorded = recorded
        self._rate = rate
        self._listed: dict[int, tuple[Expiry, Contract]] = {}
        self._options: Options | None = None
        self._tick = -1
        self._markets: dict[int, Market] = {}
        self._models: dict[int, Model] = {}
        self._refresh_ticks = refresh_ticks
        self._ahead: dict[int, Page] = {}

    def add(self, con_id: int, expiry: Expiry, contract: Contract) -> None:
        """Take in an option that somebody asked for."""
        self._listed[con_id] = (expiry, contract)
        self._options, self._ahead = None, {}

    def at(self, con_id: int, tick: int, now: datetime) -> tuple[Market, Greeks]:
        """Return market and model at `tick` of an option that was taken in and has not settled by `now`.

        The first one asked for at a tick brings all others with it, and what all show at the next refreshes; one taken
        in later is priced alone.
        """
        if tick != self._tick:
            self._settle(now)
            self._tick = tick
            self._options = self._options or Options.of(self._listed)
            if tick not in self._ahead:
                self._ahead = self._price(self._options, self._next_refreshes(self._options))
            self._markets, self._models = self._ahead[tick]
        elif con_id not in self._markets:
            alone = self._price(Options.of({con_id: self._listed[con_id]}), np.array([tick], dtype=np.int64))[tick]
            self._markets |= alone[0]
            self._models |= alone[1]
        iv, delta, price, gamma, vega, theta, forward = self._models[con_id]
        model = Greeks(iv=iv, delta=delta, price=price, gamma=gamma, vega=vega, theta=theta, underlying=forward)
        return self._markets[con_id], model

    def _settle(self, now: datetime) -> None:
        """Drop what has settled: nobody can trade it any more."""
        if any(expiry.settles_at <= now for expiry, _ in self._listed.values()):
            self._listed = {key: option for key, option in self._listed.items() if option[0].settles_at > now}
            self._options, self._ahead = None, {}

    def _next_refreshes(self, options: Options) -> Ints:
        """Return the ticks to price now: this one and the next ones, but this one alone where quotes are recorded."""
        count = _AHEAD if self._recorded.keys().isdisjoint(options.con_ids.tolist()) else 1
        ticks = self._tick + self._refresh_ticks * np.arange(count, dtype=np.int64)
        return ticks[ticks <= max(self._tick, self._desk.last_tick)]

    def _price(self, options: Options, ticks: Ints) -> dict[int, Page]:
        """Return by tick what options show; `ticks` is the present one, or it and later ones."""
        at = ticks[:, np.newaxis]
        setting = self._desk.settings(options.expiries, at).of(options.place)
        sigma = self._desk.sigma(options.expiries[0].option_class, setting, options.strike)
        model = self._desk.priced(setting, options.strike, options.is_call, sigma)
        book = self._desk.book(model.price, options.con_ids, at)
        rows = np.stack([book.bid, book.bid_size, book.ask, book.ask_size], axis=-1).tolist()
        con_ids: list[int] = options.con_ids.tolist()
        markets: list[dict[int, Market]] = [dict(zip(con_ids, row, strict=True)) for row in rows]
        if not self._recorded.keys().isdisjoint(con_ids):
            sigma = self._implied(options, setting, self._lay_recorded(markets[0]), sigma)
            model = self._desk.priced(setting, options.strike, options.is_call, sigma)
        # European: what they hang on is the forward.
        columns = (sigma, model.delta, model.price, model.gamma, model.vega, model.theta, np.round(setting.forward, 2))
        models = np.round(np.stack(columns, axis=-1), _DECIMALS).tolist()
        known: list[dict[int, Model]] = [dict(zip(con_ids, row, strict=True)) for row in models]
        return dict(zip(ticks.tolist(), zip(markets, known, strict=True), strict=True))

    def _lay_recorded(self, markets: dict[int, Market]) -> Array:
        """Put recorded markets in place of the model's; return the middles of the recorded options, nan for others."""
        middles = np.full(len(markets), np.nan)
        for place, con_id in enumerate(markets):
            recording = self._recorded.get(con_id)
            if recording is None:
                continue
            if recording.covers(self._tick):
                markets[con_id] = recording.at(self._tick)
            bid, _, ask, _ = markets[con_id]
            middles[place] = (bid + ask) / 2.0
        return middles

    def _implied(self, options: Options, setting: Setting, middles: Array, sigma: Array) -> Array:
        """Return implied volatilities: where quotes are recorded that of their middle, else the model's."""
        implied = implied_vol(middles, setting.forward, options.strike, setting.years, self._rate, options.is_call)
        return np.where(np.isfinite(implied), implied, sigma)
