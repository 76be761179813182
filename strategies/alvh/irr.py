"""Solve for the internal rate of return of dated cash flows, and give the simple yearly return beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

DAYS_PER_YEAR = 365.0

_MOST_EXPONENT = 700.0  # e^700 still is a number
_LEAST_YEARS = 1e-9  # between the first and the last flow: thirty milliseconds

Flow = tuple[float, float]  # days from now, dollars (paid: negative)


def irr(flows: Sequence[Flow]) -> float | None:
    """Return the yearly rate r at which the sum of dollars / (1 + r) ^ (days / 365) is zero, as a fraction.

    `None` unless the flows in order of time change sign exactly once: with one change there is one rate (Descartes'
    rule of signs), with more there may be several, with none there is none. It is solved for in ln(1 + r), because over
    a few days a small return is an astronomical one in a year; one above e^700 is `None`, as are flows at one instant.
    """
    if not flows or not all(math.isfinite(days) and math.isfinite(usd) and days >= 0.0 for days, usd in flows):
        return None
    dated = _by_day(flows)
    if sum((a < 0.0) != (b < 0.0) for (_, a), (_, b) in pairwise(dated)) != 1:
        return None
    if (dated[-1][0] - dated[0][0]) / DAYS_PER_YEAR < _LEAST_YEARS:
        return None
    rate = _of_two(*dated) if len(dated) == 2 else _bracketed(dated)
    return math.expm1(rate) if rate < _MOST_EXPONENT else None


def simple_return(pnl_usd: float, capital_usd: float, days: float) -> float | None:
    """Return pnl / capital * 365 / days, a yearly fraction; `None` without capital or time."""
    if not (capital_usd > 0.0 and days > 0.0):
        return None
    rate = pnl_usd / capital_usd * DAYS_PER_YEAR / days
    return rate if math.isfinite(rate) else None


def _by_day(flows: Sequence[Flow]) -> list[Flow]:
    """Return the flows added up by day, in order of time, without those of zero."""
    totals: dict[float, float] = {}
    for days, usd in flows:
        totals[days] = totals.get(days, 0.0) + usd
    return [(days, usd) for days, usd in sorted(totals.items()) if usd != 0.0]


def _of_two(first: Flow, second: Flow) -> float:
    """Return the rate in ln(1 + r) of two flows of opposite signs, which has a closed form."""
    years = (second[0] - first[0]) / DAYS_PER_YEAR
    return (math.log(abs(second[1])) - math.log(abs(first[1]))) / years


def _bracketed(dated: Sequence[Flow]) -> float:
    """Return the rate in ln(1 + r) of flows with one change of sign: the root is bracketed and halved."""
    scale, longest = max(abs(usd) for _, usd in dated), dated[-1][0] / DAYS_PER_YEAR
    timed = [(days / DAYS_PER_YEAR, usd / scale) for days, usd in dated]
    high = _MOST_EXPONENT / longest
    low, late_sign = -high, math.copysign(1.0, timed[-1][1])
    while (middle := 0.5 * (low + high)) not in (low, high):  # until two neighbouring numbers are left
        if late_sign * _value(timed, middle) > 0.0:
            low = middle
        else:
            high = middle
    return high


def _value(timed: Sequence[Flow], rate: float) -> float:
    return sum(usd * math.exp(-rate * years) for years, usd in timed)
