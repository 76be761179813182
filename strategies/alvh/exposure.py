"""Measure the condor book: its greeks now, its vega against the baseline, and the vega delta to neutralise.

Recognised condors are measured, spreads without a partner too if so set; what is left over is listed and nothing
more. A sum over legs of which one is unknown is itself unknown. Section 2 of docs/method.md gives every formula.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from strategies.alvh.break_even import break_evens
from strategies.alvh.by_expiry import by_expiry
from strategies.alvh.columns import Flags, Floats
from strategies.alvh.gauges import known, read_gauges
from strategies.alvh.hedgeable import hedgeable_share
from strategies.alvh.leftovers import leftovers
from strategies.alvh.leg_exposure import leg_exposures
from strategies.alvh.policy import Gauge, Policy, SizingPolicy, VegaDelta
from strategies.alvh.records import Book, Exposure, LegExposure, MarketView, Surface
from strategies.alvh.scenario_shock import shock_loss_usd
from strategies.alvh.valuation import Stored, value_stored
from strategies.alvh.valued import Valued, value_legs

_NOTHING_SEEN: Mapping[int, Surface] = {}


@np.errstate(over="ignore", invalid="ignore")
def measure(
    valued: Valued,
    view: MarketView,
    baseline: Surface | None,
    policy: Policy,
    *,
    first_seen: Mapping[int, Surface] = _NOTHING_SEEN,
) -> Exposure:
    """Return the exposure of a book whose legs are valued.

    `baseline` is the surface that inflation is measured against; without one every comparison is `None`. `first_seen`
    maps the conId of a leg opened since then to the surface of the wake-up that first saw it.
    """
    columns, present, sizing = valued.book, valued.present, policy.sizing
    stored = None if baseline is None else value_stored(columns, present.sigma, baseline, view.now, first_seen)
    gauges = read_gauges(columns, valued.size, present, stored, sizing)
    chosen = gauges[sizing.gauge]
    vega30, vega30_baseline = _vega30(valued, stored)
    lower, upper = break_evens(columns, valued.held, view.spx.last)
    counted, expiries = valued.counted, by_expiry(valued)
    return Exposure(
        condors=valued.found.count,
        legs=int(counted.sum()),
        unknown_legs=int((counted & ~present.by_ib & ~present.own).sum()),
        own_greeks_legs=int((counted & present.own).sum()),
        leftover_legs=_left_over(valued),
        hedged_spreads=sum(spread.quantity for spread in valued.found.lone_spreads) if valued.with_lone else 0,
        leftovers=leftovers(valued.found, hedge_lone_spreads=valued.with_lone),
        vega_usd=_sum(valued.size * present.vega, counted),
        vega30_usd=vega30,
        vega30_baseline_usd=vega30_baseline,
        side_vega30_usd=chosen.now_usd,
        side_vega30_baseline_usd=chosen.baseline_usd,
        inflation=chosen.inflation,
        iv_only=chosen.iv_only,
        ceiling=chosen.ceiling,
        inflation_put_side=gauges[Gauge.PUT_SIDE].inflation,
        inflation_call_side=gauges[Gauge.CALL_SIDE].inflation,
        inflation_both_sides=gauges[Gauge.BOTH_SIDES].inflation,
        inflation_net=gauges[Gauge.NET].inflation,
        short_dated_share=_short_dated_share(valued, sizing),
        vega_delta_usd=vega_delta(
            net_usd=vega30,
            baseline_usd=vega30_baseline,
            inflation=chosen.inflation,
            scenario_loss_usd=_scenario_loss(valued, view, sizing),
            policy=sizing,
        ),
        delta_usd=_sum(valued.size * present.delta, counted),
        gamma_usd=_sum(valued.size * present.gamma, counted),
        theta_usd=_sum(valued.size * present.theta, counted),
        lower_break_even=lower,
        upper_break_even=upper,
        expiries=expiries,
        hedgeable_share=hedgeable_share(expiries, view, policy),
    )


def value_book(
    view: MarketView,
    book: Book,
    baseline: Surface | None,
    policy: Policy,
    *,
    first_seen: Mapping[int, Surface] = _NOTHING_SEEN,
) -> tuple[Exposure, tuple[LegExposure, ...]]:
    """Return the book's exposure, and leg by leg what it is made of."""
    valued = value_legs(view, book, policy)
    return measure(valued, view, baseline, policy, first_seen=first_seen), leg_exposures(valued)


def vega_delta(
    *,
    net_usd: float | None,
    baseline_usd: float | None,
    inflation: float | None,
    scenario_loss_usd: float | None,
    policy: SizingPolicy,
) -> float | None:
    """Return the vega to neutralise in dollars per VIX point (docs/method.md, section 2.5), never negative.

    `net_usd` and `baseline_usd` are net weighted vega now and on the baseline, negative when short. A book that is not
    short vega needs nothing; a reading whose inputs are missing is `None`.
    """
    if net_usd is None:
        return None
    if net_usd >= 0.0:
        return 0.0
    if policy.vega_delta is VegaDelta.TOTAL:
        return -net_usd
    if policy.vega_delta is VegaDelta.SCENARIO:
        return None if scenario_loss_usd is None else max(0.0, scenario_loss_usd / policy.scenario_vix_points)
    if baseline_usd is None:
        return None
    short_before = max(0.0, -baseline_usd)
    if policy.vega_delta is VegaDelta.NET_LITERAL:
        return max(0.0, -net_usd - short_before)
    if inflation is None:
        return None
    return min(short_before * min(max(inflation, 0.0), policy.inflation_cap), -net_usd)


def _sum(values: Floats, members: Flags) -> float | None:
    """Return the sum over the members, zero for none of them, `None` if one is unknown."""
    return known(float(np.sum(values[members])))


def _left_over(valued: Valued) -> int:
    """Return how many legs are not hedged, or not wholly."""
    return int(np.count_nonzero(valued.book.quantity != valued.held))


def _vega30(valued: Valued, stored: Stored | None) -> tuple[float | None, float | None]:
    """Return the net weighted vega in dollars per VIX point, now and on the baseline."""
    size = valued.size * valued.book.weight
    now = _sum(size * valued.present.vega, valued.counted)
    return now, None if stored is None else _sum(size * stored.vega, valued.counted)


def _short_dated_share(valued: Valued, policy: SizingPolicy) -> float | None:
    """Return the share of gross weighted vega in legs that are too short-dated for the gauge."""
    gross = np.abs(valued.size * valued.present.vega * valued.book.weight)
    total = _sum(gross, valued.counted)
    short = _sum(gross, valued.counted & (valued.book.days < policy.min_leg_days))
    return None if total is None or short is None or total <= 0.0 else short / total


def _scenario_loss(valued: Valued, view: MarketView, policy: SizingPolicy) -> float | None:
    if policy.vega_delta is not VegaDelta.SCENARIO or valued.quoted is None:
        return None
    return shock_loss_usd(valued.book, valued.held, valued.present, valued.quoted, view, policy)
