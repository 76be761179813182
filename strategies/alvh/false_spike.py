"""Refuse spikes that are not real: quotes nobody trades on, one-bar flares, a VIX that its futures do not believe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from typing import cast

import numpy as np

from strategies.alvh.columns import column
from strategies.alvh.indicators import BAR
from strategies.alvh.readiness import ABSURD, number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, OptionLeg, Sample
from strategies.alvh.rounding import TOLERANCE

VIX_CLOSE_AFTER = timedelta(minutes=15)


def credible(reading: Reading) -> tuple[Check, ...]:
    """Return the filter's questions that one wake-up can answer (method note, 3.5); SPX is asked by the gauge."""
    return (_gap(reading), _confirmed_by_vx(reading), _vix_hours(reading), _spreads(reading))


def persistent(reading: Reading, samples: tuple[Sample, ...]) -> Check:
    """Ask whether the conditions also stood at the last closed bars; one is enough when VX itself is up 10%."""
    rules = reading.policy.filter
    settle = number(reading.front.prior_settle) if reading.front else None
    rise = reading.price / settle - 1.0 if reading.price is not None and settle is not None and settle > 0.0 else None
    strong = rise is not None and rise >= rules.single_bar_vx_jump
    need = 1 if strong else rules.persist_bars
    seen = 0
    for sample in reversed(consecutive(samples)):
        if not sample.armable:
            break
        seen += 1
    why = f"conditions stood on {seen} closed bar{'' if seen == 1 else 's'} in a row, {need} needed"
    why += f" as VX is {rise:.0%} over its prior settlement" if rise is not None and strong else ""
    return Check(name="filter: persistence", observed=float(seen), threshold=float(need), passed=seen >= need, why=why)


def consecutive(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Return the longest tail of samples that follow each other bar by bar, without a gap."""
    start = len(samples) - 1
    while start > 0 and samples[start].end - samples[start - 1].end == BAR:
        start -= 1
    return samples[max(start, 0) :]


def _gap(reading: Reading) -> Check:
    rules, spot, implied = reading.policy.filter, number(reading.view.vix.last), reading.implied
    if spot is None or implied is None:
        return _check("filter: credibility", None, rules.vix_gap_points, False, "VIX cannot be compared with VX")
    gap, limit = spot - implied, max(rules.vix_gap_points, rules.vix_gap_share * spot)
    why = f"VIX {spot:.2f} against {implied:.2f} implied by VX: " + (
        "credible" if gap <= limit else "VX does not believe it"
    )
    return _check("filter: credibility", gap, limit, gap <= limit, why)


def _confirmed_by_vx(reading: Reading) -> Check:
    share, change = reading.policy.filter.vx_confirm, reading.vix_change
    settle = number(reading.front.prior_settle) if reading.front else None
    if reading.price is None or settle is None or change is None or reading.beta is None:
        return _check("filter: VX confirms", None, None, False, "VX or VIX has no change to compare")
    if change <= 0.0:
        return _check("filter: VX confirms", reading.price - settle, None, False, "VIX is not up: nothing to confirm")
    move, need = reading.price - settle, share * reading.beta * change
    passed = move >= need - TOLERANCE
    why = f"VX moved {move:+.2f} with VIX {change:+.2f}: " + (
        "confirms" if passed else f"does not confirm, {need:+.2f} asked"
    )
    return _check("filter: VX confirms", move, need, passed, why)


def _vix_hours(reading: Reading) -> Check:
    view, rules = reading.view, reading.policy.filter
    earliest = view.session.opens_at + timedelta(minutes=rules.not_before_minutes)
    passed = earliest <= view.now <= view.session.closes_at + VIX_CLOSE_AFTER
    why = "VIX is computed from trading options" if passed else "VIX is not used this early, or after its close"
    return _check("filter: VIX hours", None, None, passed, why)


def _spreads(reading: Reading) -> Check:
    limit = reading.policy.filter.max_spread_ratio
    legs = reading.book.legs
    ratios = _spread_ratios(legs)
    if not ratios or 2 * len(ratios) < len(legs):
        why = "too few legs have a two-sided market and a spread history"
        return _check("filter: option spreads", None, limit, False, why)
    value = median(ratios)
    passed = value <= limit
    why = f"option spreads are {value:.1f} times their usual width" + ("" if passed else ": quotes are not reliable")
    return _check("filter: option spreads", value, limit, passed, why)


def _spread_ratios(legs: Sequence[OptionLeg]) -> list[float]:
    """Return relative spread over usual spread of the legs that have both; crossed and absurd markets have neither."""
    quotes = [leg.quote for leg in legs]
    bid, ask, usual = column(quotes, "bid"), column(quotes, "ask"), column(legs, "spread_median")
    mid = 0.5 * (bid + ask)
    with np.errstate(all="ignore"):
        ratio = (ask - bid) / mid / usual
    known = (ask >= bid) & (mid > 0.0) & (mid < ABSURD) & (usual > 0.0) & (usual < ABSURD) & (np.abs(ratio) < ABSURD)
    return cast(list[float], ratio[known].tolist())


def _check(name: str, observed: float | None, threshold: float | None, passed: bool, why: str) -> Check:
    return Check(name=name, observed=observed, threshold=threshold, passed=passed, why=why)
