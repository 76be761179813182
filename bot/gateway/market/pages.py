"""Keep what one contract shows during one trade date, computed once: a quote is then a few look-ups.

The columns are `array`s, which are as small as numpy's and give plain floats several times faster.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Page = TypeVar("Page")


def column(values: Array) -> array[float]:
    """Return values as a column of plain floats."""
    return array("d", np.ascontiguousarray(values).tobytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """Hold last trades from tick `first` on, with the running high and low since then."""

    first: int
    last: array[float]
    high: array[float]
    low: array[float]

    @classmethod
    def of(cls, first: int, last: Array) -> Trades:
        """Return the page of a path that begins at tick `first`."""
        high, low = np.maximum.accumulate(last), np.minimum.accumulate(last)
        return cls(first=first, last=column(last), high=column(high), low=column(low))


@dataclass(frozen=True, slots=True, kw_only=True)
class FuturePage:
    """Hold a future's trade date: trades, volume so far, previous settlement, and the displayed market at each tick."""

    trades: Trades
    volume: array[float]
    settle: float | None
    bid: array[float]
    ask: array[float]
    bid_size: array[float]
    ask_size: array[float]


class Pages(Generic[Page]):
    """Keep the latest page of each contract; time only goes forward, so older ones are not asked for again."""

    def __init__(self) -> None:
        self._pages: dict[object, tuple[int, Page]] = {}

    def get(self, key: object, position: int, compute: Callable[[], Page]) -> Page:
        """Return the page of `key` at trade-date `position`, computing it when it is new."""
        known = self._pages.get(key)
        if known is None or known[0] != position:
            known = self._pages[key] = (position, compute())
        return known[1]
