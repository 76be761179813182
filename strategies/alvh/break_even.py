"""Find where a book of condors breaks even at expiry."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from strategies.alvh.condors import Condor
from strategies.alvh.records import OptionLeg, Right

_Held = tuple[OptionLeg, int]


def break_evens(condors: Iterable[Condor], spot: float | None) -> tuple[float | None, float | None]:
    """Return the break-even prices nearest below and above `spot`, over all expiries; `None` where there is none.

    Each expiry is taken by itself at its own settlement. One with a leg of unknown trade price is left out.
    """
    if spot is None or not math.isfinite(spot):
        return None, None
    held: defaultdict[datetime, list[_Held]] = defaultdict(list)
    for condor in condors:
        for vertical in (condor.put, condor.call):
            held[condor.settles_at] += [(vertical.short, -condor.quantity), (vertical.wing, condor.quantity)]
    roots = [root for legs in held.values() for root in _roots(legs)]
    below = max((root for root in roots if root <= spot), default=None)
    above = min((root for root in roots if root > spot), default=None)
    return below, above


def _roots(legs: list[_Held]) -> list[float]:
    """Return the zeros of the profit at expiry, which is straight between strikes and flat beyond the wings."""
    strike = np.array([leg.strike for leg, _ in legs])
    side = np.array([1.0 if leg.right is Right.CALL else -1.0 for leg, _ in legs])
    size = np.array([float(quantity * leg.multiplier) for leg, quantity in legs])
    paid = np.array([math.nan if leg.avg_price is None else leg.avg_price for leg, _ in legs])
    prices = np.unique(strike)
    with np.errstate(over="ignore", invalid="ignore"):
        profit = (size * (np.maximum(side * (prices[:, None] - strike), 0.0) - paid)).sum(axis=1)
    if not np.isfinite(profit).all():
        return []
    crossing = np.flatnonzero((profit[:-1] < 0.0) != (profit[1:] < 0.0))
    low, high, at_low, at_high = prices[crossing], prices[crossing + 1], profit[crossing], profit[crossing + 1]
    return [float(root) for root in low + (high - low) * at_low / (at_low - at_high)]
