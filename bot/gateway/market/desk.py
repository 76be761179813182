"""Price options: forwards, volatilities, mids, markets and greeks, many contracts at one tick or one at many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bot.gateway.market.depth import Book, Stress, option_book
from bot.gateway.market.grid import TICK_SECONDS
from bot.gateway.market.listing import Expiry, OptionClass
from bot.gateway.market.sessions import Hours
from bot.gateway.market.surface import DAYS_A_YEAR, spx_volatility, term_volatility, vix_option_volatility
from bot.gateway.market.world import World
from strategies.pricing import MIN_YEARS, Black76Greeks, black76_greeks, black76_price

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
_YEAR_S = DAYS_A_YEAR * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Hold forward, years to settlement and volatility level of one expiry at some ticks, or of some expiries.

    Of some expiries at some ticks: a row for each tick, in it a place for each expiry.
    """

    forward: Array
    years: Array
    level: Array

    def of(self, places: Ints) -> Setting:
        """Return what these places hold, one for each option that is to be priced."""
        return Setting(forward=self.forward[..., places], years=self.years[..., places], level=self.level[..., places])


class Desk:
    """Price the options of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rate = world.scenario.rate
        self._carry = world.scenario.rate - world.scenario.dividend_yield

    @property
    def last_tick(self) -> int:
        """Return the last tick of the world."""
        return int(self._world.paths.driver.size) - 1

    def prices(self, expiry: Expiry) -> bool:
        """Say whether the model knows the underlying of this expiry."""
        return expiry.option_class is not OptionClass.VIX or expiry.settles_on in self._world.futures

    def setting(self, expiry: Expiry, ticks: Ints) -> Setting:
        """Return forward, time and volatility level of an expiry at `ticks`."""
        return self.settings((expiry,), ticks)

    def settings(self, expiries: Sequence[Expiry], ticks: Ints) -> Setting:
        """Return forward, time and volatility level of one expiry at many ticks, or of many on one kind.

        Of many expiries, `ticks` are one tick or a column of them.
        """
        settles_s = np.array([expiry.settles_at.timestamp() for expiry in expiries])
        years = np.maximum((settles_s - (self._world.grid.first_s + TICK_SECONDS * ticks)) / _YEAR_S, MIN_YEARS)
        paths = self._world.paths
        if expiries[0].option_class is OptionClass.VIX:
            forward = np.concatenate([self._future(expiry.settles_on)[ticks] for expiry in expiries], axis=-1)
            level = np.broadcast_to(paths.followers["VVIX"][ticks], years.shape)
            return Setting(forward=forward, years=years, level=level)
        level = term_volatility(
            years * DAYS_A_YEAR, paths.followers["VIX9D"][ticks], paths.driver[ticks], paths.followers["VIX3M"][ticks]
        )
        return Setting(forward=paths.shown["SPX"][ticks] * np.exp(self._carry * years), years=years, level=level)

    def _future(self, settles_on: date) -> Array:
        return self._world.futures[settles_on].mid

    def sigma(self, option_class: OptionClass, setting: Setting, strike: Array) -> Array:
        """Return implied volatilities as fractions."""
        moneyness = np.log(strike / setting.forward)
        if option_class is OptionClass.VIX:
            return vix_option_volatility(moneyness, setting.years, setting.level)
        return spx_volatility(moneyness, setting.years, setting.level)

    def mid(self, option_class: OptionClass, setting: Setting, strike: Array, is_call: NDArray[np.bool_]) -> Array:
        """Return model values per share."""
        sigma = self.sigma(option_class, setting, strike)
        return black76_price(setting.forward, strike, setting.years, self._rate, sigma, is_call)

    def priced(self, setting: Setting, strike: Array, is_call: NDArray[np.bool_], sigma: Array) -> Black76Greeks:
        """Return values and greeks per share at given volatilities: vega per vol point, theta per calendar day."""
        return black76_greeks(setting.forward, strike, setting.years, self._rate, sigma, is_call)

    def book(self, mid: Array, con_ids: Ints, ticks: Ints) -> Book:
        """Return displayed markets around model values."""
        stress = Stress.at(self._world.paths.driver, self._world.clock.regular[Hours.OPTION], ticks)
        return option_book(mid, stress, con_ids, ticks, self._world.seed)
