"""Find where a book of condors breaks even at expiry."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

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
    strikes = sorted({leg.strike for leg, _ in legs})
    profits = [_profit(legs, strike) for strike in strikes]
    roots = []
    for (low, high), (at_low, at_high) in zip(pairwise(strikes), pairwise(profits), strict=True):
        if (at_low < 0.0) is not (at_high < 0.0) and math.isfinite(at_low + at_high):
            roots.append(low + (high - low) * at_low / (at_low - at_high))
    return roots


def _profit(legs: list[_Held], price: float) -> float:
    total = 0.0
    for leg, quantity in legs:
        worth = price - leg.strike if leg.right is Right.CALL else leg.strike - price
        paid = math.nan if leg.avg_price is None else leg.avg_price
        total += quantity * leg.multiplier * (max(worth, 0.0) - paid)
    return total
