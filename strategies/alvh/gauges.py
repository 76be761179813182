"""Read the gauges: how much the vega of one side of the book has grown since the baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from strategies.alvh.columns import Columns, Flags, Floats
from strategies.alvh.policy import Gauge, SizingPolicy
from strategies.alvh.valuation import Present, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeReading:
    """Hold one gauge: weighted vega now and on the baseline in dollars per VIX point, and what follows from them."""

    now_usd: float | None = None
    baseline_usd: float | None = None
    inflation: float | None = None
    iv_only: float | None = None
    ceiling: float | None = None


def read_gauges(
    book: Columns, size: Floats, present: Present, stored: Stored | None, policy: SizingPolicy
) -> dict[Gauge, GaugeReading]:
    """Return every gauge; inflation is unknown for a side that is empty or was not short on the baseline.

    `size` is quantity times multiplier of each leg that counts and zero for the others, of shape (legs,).
    """
    vegas = [present.vega]
    if stored is not None:
        vegas += [stored.vega, stored.vega_at_present_sigma, stored.vega_at_the_money]
    members = [_members(gauge, book, size, policy) for gauge in Gauge]
    weighted = size * book.weight * np.array(vegas)
    sums = np.where(np.array(members)[:, None], weighted, 0.0).sum(axis=-1)  # one row a gauge, one column a vega
    return {gauge: _read(gauge, *row) for gauge, row in zip(Gauge, sums.tolist(), strict=True)}


def _members(gauge: Gauge, book: Columns, size: Floats, policy: SizingPolicy) -> Flags:
    """Return which legs a gauge is read from, of shape (legs,): those with days enough left, on its side."""
    old_enough = (size != 0.0) & (book.days >= policy.min_leg_days)
    short = size < 0.0
    if gauge is Gauge.PUT_SIDE:
        return np.asarray(old_enough & short & ~book.is_call)
    if gauge is Gauge.CALL_SIDE:
        return np.asarray(old_enough & short & book.is_call)
    return np.asarray(old_enough & short) if gauge is Gauge.BOTH_SIDES else old_enough


def _read(
    gauge: Gauge, now: float, before: float = math.nan, at_present_sigma: float = math.nan, at_money: float = math.nan
) -> GaugeReading:
    """Turn the sums of one gauge into its reading; a side's vega is largest at the money, the net one is not."""
    return GaugeReading(
        now_usd=known(now),
        baseline_usd=known(before),
        inflation=_growth(now, before),
        iv_only=_growth(at_present_sigma, before),
        ceiling=None if gauge is Gauge.NET else _growth(at_money, before),
    )


def known(total: float) -> float | None:
    """Return a sum that is a number, and `None` for one of which a part is unknown."""
    return total if math.isfinite(total) else None


def _growth(value: float, before: float) -> float | None:
    return known(value / before - 1.0) if before < 0.0 else None
