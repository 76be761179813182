"""Find where a book of condors breaks even at expiry."""

from __future__ import annotations

import math

import numpy as np

from strategies.alvh.columns import Columns, Flags, Floats, Places, column

_MOST_POINTS = 1e7  # of a strike or a trade price; beyond it the number is a fault


def break_evens(book: Columns, held: Floats, spot: float | None) -> tuple[float | None, float | None]:
    """Return the break-even prices nearest below and above `spot`, over all expiries; `None` where there is none.

    `held` is the signed quantity of each leg that counts, of shape (legs,). Each expiry is taken by itself at its own
    settlement. One with a leg of unknown trade price is left out.
    """
    if spot is None or not math.isfinite(spot):
        return None, None
    paid = column(book.legs, "avg_price")
    known = (np.abs(paid) < _MOST_POINTS) & (np.abs(book.strike) < _MOST_POINTS)
    doubtful = np.isin(book.expiry, book.expiry[(held != 0.0) & ~known])
    places = np.flatnonzero((held != 0.0) & ~doubtful)
    places = places[np.lexsort((book.strike[places], book.expiry[places]))]
    size = held[places] * book.multiplier[places]
    roots = _roots(book.expiry[places], book.strike[places], size, paid[places], book.is_call[places])
    below, above = roots[roots <= spot], roots[roots > spot]
    return (float(below.max()) if len(below) else None, float(above.min()) if len(above) else None)


def _roots(expiry: Places, strike: Floats, size: Floats, paid: Floats, is_call: Flags) -> Floats:
    """Return the zeros of the profit at expiry, which is straight between strikes and flat beyond the wings.

    Legs come by expiry and then by strike, and all arrays have the shape (legs,). At each strike the slope of the
    profit grows by the size of the leg; left of all strikes it is that of the puts.
    """
    if len(strike) == 0:
        return strike
    first = np.searchsorted(expiry, expiry)  # the place of the lowest strike of the same expiry
    put_size = np.where(is_call, 0.0, size)
    at_lowest = put_size * (strike - strike[first]) - size * paid
    start, slope_below = (np.bincount(expiry, values)[expiry] for values in (at_lowest, -put_size))
    grown = np.cumsum(size)
    slope = slope_below + grown - (grown - size)[first]
    climbed = np.append(0.0, np.cumsum(slope[:-1] * np.diff(strike)))
    profit = start + climbed - climbed[first]
    low, high = strike[:-1], strike[1:]
    crossing = np.flatnonzero((expiry[1:] == expiry[:-1]) & ((profit[:-1] < 0.0) != (profit[1:] < 0.0)))
    at_low, at_high = profit[crossing], profit[crossing + 1]
    return np.asarray(low[crossing] + (high - low)[crossing] * at_low / (at_low - at_high))
