"""Model displayed spreads and sizes: they widen and thin out with the level of VIX and with its last minute's move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.gateway.market.bridge import Array

Ints = NDArray[np.int64]
_MINUTE = 4  # ticks
CALM_VIX = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """Hold the stress at some ticks: the level of VIX, its absolute move of the last minute, regular hours or not."""

    vix: Array
    jump: Array
    regular: NDArray[np.bool_]

    @classmethod
    def at(cls, vix: Array, regular: NDArray[np.bool_], ticks: Ints) -> Stress:
        """Return the stress at `ticks`."""
        return cls(
            vix=vix[ticks], jump=np.abs(vix[ticks] - vix[np.maximum(ticks - _MINUTE, 0)]), regular=regular[ticks]
        )

    def factor(self) -> Array:
        """Return 1 in a calm market and about 3 to 6 in a spike."""
        return np.minimum(np.maximum(self.vix / CALM_VIX, 1.0) * (1.0 + 1.5 * self.jump), 12.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Hold best bids and offers and their sizes; a bid of zero has no size."""

    bid: Array
    ask: Array
    bid_size: Array
    ask_size: Array

    def of(self, places: Ints) -> Book:
        """Return the markets at these places."""
        return Book(
            bid=self.bid[places],
            ask=self.ask[places],
            bid_size=self.bid_size[places],
            ask_size=self.ask_size[places],
        )


def uniform(seed: int, con_id: Ints | int, ticks: Ints, side: int) -> Array:
    """Return numbers in [0, 1) that depend on nothing but contract, minute, side and seed (splitmix64)."""
    start = (int(seed) * 0x9E3779B97F4A7C15 + side * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    with np.errstate(over="ignore"):
        x = np.uint64(start) + np.asarray(con_id, dtype=np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
        x = np.atleast_1d(x + (ticks // _MINUTE).astype(np.uint64) * np.uint64(0x94D049BB133111EB))
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((x >> np.uint64(11)).astype(np.float64) / 2.0**53)


def future_book(mid: Array, days: Array, stress: Stress, ticks: Ints, *, con_id: int, mini: bool, seed: int) -> Book:
    """Return the market of a VX (tick 0.05, 1 to 6 ticks wide) or a VXM (tick 0.01, 2 to 8 ticks wide).

    `days` to settlement: liquidity is best in the two front months and halves every 30 days beyond 60.
    """
    tick = 0.01 if mini else 0.05
    depth = 0.5 ** (np.maximum(days - 60.0, 0.0) / 30.0)
    excess = np.clip((stress.vix - 22.0) / 10.0, 0.0, 3.0) + np.clip(stress.jump / 0.35, 0.0, 3.0)
    excess = excess + np.where(stress.regular, 0.0, 1.0) + np.minimum(np.log2(1.0 / depth), 2.0)
    wide = np.minimum(2 + np.floor(excess), 8) if mini else np.minimum(1 + np.floor(excess), 6)
    bid_ticks = np.floor(mid / tick - wide / 2 + 0.5 + 1e-9)
    base = (60.0 if mini else 200.0) * depth * np.where(stress.regular, 1.0, 0.2) / (1.0 + 0.8 * excess) ** 1.5
    sizes = [np.maximum(np.round(base * (0.5 + uniform(seed, con_id, ticks, side))), 2.0) for side in (1, 2)]
    bid = np.round(np.maximum(bid_ticks, 1.0) * tick, 2)
    return Book(bid=bid, ask=np.round(bid + wide * tick, 2), bid_size=sizes[0], ask_size=sizes[1])


def thinned(book: Book, where: NDArray[np.bool_], *, share: float, extra_ticks: int, mini: bool) -> Book:
    """Return a market with `share` of its sizes, one contract at least, and a wider spread at some places.

    Of `extra_ticks` the offer takes the odd one.
    """
    tick = 0.01 if mini else 0.05
    below, above = extra_ticks // 2, extra_ticks - extra_ticks // 2
    bid = np.where(where, np.maximum(book.bid - below * tick, tick), book.bid)
    ask = np.where(where, book.ask + above * tick, book.ask)
    return Book(
        bid=np.asarray(np.round(bid, 2), dtype=np.float64),
        ask=np.asarray(np.round(ask, 2), dtype=np.float64),
        bid_size=np.where(where, np.maximum(np.floor(book.bid_size * share), 1.0), book.bid_size),
        ask_size=np.where(where, np.maximum(np.floor(book.ask_size * share), 1.0), book.ask_size),
    )


def option_book(mid: Array, stress: Stress, con_ids: Ints, ticks: Ints, seed: int) -> Book:
    """Return the market of options: half-spreads of 4 cents plus 0.6% of the price, times stress, outward to the tick.

    Prices below 3 move in steps of 0.05, above in 0.10. A bid below one tick is zero and has no size.
    """
    factor = stress.factor()
    half = factor * (0.04 + 0.006 * np.minimum(mid, 150.0))
    half = np.minimum(half, 0.25 * mid + 0.10)
    bid = _down(np.maximum(mid - half, 0.0))
    ask = np.maximum(_up(mid + half), 0.05)
    base = 90.0 / factor**1.2
    sizes = [np.maximum(np.round(base * (0.3 + 1.4 * uniform(seed, con_ids, ticks, side))), 1.0) for side in (3, 4)]
    return Book(bid=bid, ask=ask, bid_size=np.where(bid > 0, sizes[0], 0.0), ask_size=sizes[1])


def _down(price: Array) -> Array:
    step = np.where(price < 3.0, 0.05, 0.10)
    return np.round(np.floor(price / step + 1e-9) * step, 2)


def _up(price: Array) -> Array:
    step = np.where(price <= 3.0, 0.05, 0.10)
    return np.round(np.ceil(price / step - 1e-9) * step, 2)
