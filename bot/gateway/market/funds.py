"""Model funds of the sectors and of corporate bonds from SPX: a beta each, and noise of their own.

Nothing here is recorded. A path is computed when somebody first asks for its fund, and costs nothing before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bot.gateway.market.bridge import Array, generator, held
from bot.gateway.market.listing import RULE_CENT
from bot.gateway.market.pages import Pages, Trades
from bot.gateway.market.sessions import Hours
from bot.gateway.market.world import World
from bot.gateway.records import Contract, Quote

HOURS = Hours.CASH
EXCHANGES = ("SMART", "ARCA")
_FIRST_ID = 520_000_001
_HALF_SPREAD = 0.01
SHOWN_AS = {"TRADES": 0.0, "MIDPOINT": 0.0, "BID": -_HALF_SPREAD, "ASK": _HALF_SPREAD}
_SIZE = 1500.0  # shares displayed on each side
_REGULAR_DAY_TICKS = 1620.0  # operational time from 09:30 to 16:15


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """Hold one fund: its price when history begins, its beta to SPX and its own daily deviation in percent."""

    name: str
    price: float
    beta: float
    own_pct: float


FUNDS = {
    "XLK": Fund(name="Technology Select Sector SPDR", price=66.0, beta=1.15, own_pct=0.35),
    "XLY": Fund(name="Consumer Discretionary Select Sector SPDR", price=104.0, beta=1.10, own_pct=0.35),
    "XLF": Fund(name="Financial Select Sector SPDR", price=28.0, beta=1.10, own_pct=0.45),
    "XLI": Fund(name="Industrial Select Sector SPDR", price=77.0, beta=1.05, own_pct=0.35),
    "XLU": Fund(name="Utilities Select Sector SPDR", price=52.0, beta=0.45, own_pct=0.60),
    "XLP": Fund(name="Consumer Staples Select Sector SPDR", price=56.0, beta=0.60, own_pct=0.40),
    "XLV": Fund(name="Health Care Select Sector SPDR", price=83.0, beta=0.85, own_pct=0.40),
    "HYG": Fund(name="iShares iBoxx USD High Yield Corporate Bond ETF", price=87.0, beta=0.30, own_pct=0.12),
    "LQD": Fund(name="iShares iBoxx USD Investment Grade Corporate Bond ETF", price=121.0, beta=0.05, own_pct=0.20),
}
_IDS = {symbol: _FIRST_ID + place for place, symbol in enumerate(FUNDS)}
_SYMBOLS = {con_id: symbol for symbol, con_id in _IDS.items()}


def fund_of(con_id: int) -> str | None:
    """Return the symbol of a fund's conId, `None` when it is none."""
    return _SYMBOLS.get(con_id)


@lru_cache(maxsize=32)
def fund_contract(symbol: str, exchange: str = EXCHANGES[0]) -> Contract:
    """Return the contract of a fund as it is seen on an exchange; it cannot be traded here."""
    return Contract(
        con_id=_IDS[symbol],
        symbol=symbol,
        sec_type="STK",
        exchange=exchange,
        local_symbol=symbol,
        trading_class=symbol,
        long_name=FUNDS[symbol].name,
        market_rule_id=RULE_CENT,
        valid_exchanges=",".join(EXCHANGES),
        order_types="",
    )


class Funds:
    """Show the funds of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._paths: dict[str, Array] = {}
        self._pages: Pages[Trades] = Pages()

    def path(self, symbol: str) -> Array:
        """Return what a fund last traded at, at every tick."""
        if symbol not in self._paths:
            self._paths[symbol] = self._modelled(symbol)
        return self._paths[symbol]

    def _modelled(self, symbol: str) -> Array:
        """Return price * (SPX / first SPX) ^ beta times a random walk in operational time, in cents."""
        fund, clock = FUNDS[symbol], self._world.clock
        spx = self._world.paths.shown["SPX"]
        steps = generator(self._world.seed, symbol).standard_normal(spx.size) * np.sqrt(clock.weights())
        walk = np.cumsum(steps) * (fund.own_pct / 100.0 / np.sqrt(_REGULAR_DAY_TICKS))
        path = fund.price * np.exp(fund.beta * np.log(spx / spx[0]) + walk)
        return held(np.maximum(np.round(path, 2), 0.01), clock.open[HOURS])

    def quote(self, symbol: str, tick: int, *, trading: bool) -> Quote:
        """Return the displayed market; without bid and ask while the fund does not trade."""
        days = self._world.trade_days[HOURS]
        position = days.at(tick)
        trades = self._pages.get(symbol, position, lambda: self._trades(symbol, position))
        at = max(tick - trades.first, 0)
        last = trades.last[at]
        return Quote(
            bid=round(last - _HALF_SPREAD, 2) if trading else None,
            ask=round(last + _HALF_SPREAD, 2) if trading else None,
            last=last,
            bid_size=_SIZE if trading else None,
            ask_size=_SIZE if trading else None,
            last_size=100.0,
            open=trades.last[0],
            high=trades.high[at],
            low=trades.low[at],
            close=float(self.path(symbol)[days.last[position - 1]]) if position else None,
        )

    def _trades(self, symbol: str, position: int) -> Trades:
        first, after = self._world.trade_days[HOURS].ticks(position, self._world.grid.size)
        return Trades.of(first, self.path(symbol)[first:after])
