"""Measure the condor book: its greeks now, its vega against the baseline, and the vega delta to neutralise.

Only recognised condors are measured; leftover legs get a row each and nothing more. A sum over legs of which one is
unknown is itself unknown. Section 2 of docs/method.md gives every formula.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strategies.alvh.break_even import break_evens
from strategies.alvh.condors import Part, recognise
from strategies.alvh.policy import Gauge, Policy, SizingPolicy, VegaDelta
from strategies.alvh.records import Book, Exposure, GreeksSource, LegExposure, MarketView, Surface
from strategies.alvh.scenario_shock import shock_loss_usd
from strategies.alvh.surface import QuotedSmiles, quoted_smiles
from strategies.alvh.valuation import (
    UNKNOWN,
    Flags,
    Floats,
    Pieces,
    Present,
    Stored,
    lay_out,
    trusted_greeks,
    value_now,
    value_stored,
)

_NOTHING_SEEN: Mapping[int, Surface] = {}
_NO_GREEKS = (None,) * 5


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeReading:
    """Hold one gauge: weighted vega now and on the baseline in dollars per VIX point, and what follows from them."""

    now_usd: float | None = None
    baseline_usd: float | None = None
    inflation: float | None = None
    iv_only: float | None = None
    ceiling: float | None = None


@np.errstate(over="ignore", invalid="ignore")
def value_book(
    view: MarketView,
    book: Book,
    baseline: Surface | None,
    policy: Policy,
    *,
    first_seen: Mapping[int, Surface] = _NOTHING_SEEN,
) -> tuple[Exposure, tuple[LegExposure, ...]]:
    """Return the book's exposure and one row per piece of a leg, condors first.

    `baseline` is the surface that inflation is measured against; without one every comparison is `None`. `first_seen`
    maps the conId of a leg opened since then to the surface of the wake-up that first saw it.
    """
    found = recognise(book.legs, view.now)
    parts = (*found.parts, *found.remainder)
    hedged = np.arange(len(parts)) < len(found.parts)
    pieces = lay_out(parts, view.now, policy)
    greeks = [trusted_greeks(part.leg, policy.freshness.greeks_s) for part in parts]
    needs_quotes = policy.sizing.vega_delta is VegaDelta.SCENARIO or None in greeks
    quoted = quoted_smiles(view, book, policy) if needs_quotes else None
    present = value_now(parts, greeks, pieces, quoted, view.rate)
    stored = None if baseline is None else value_stored(pieces, present, baseline, view.now, first_seen)
    gauges = {gauge: _read(gauge, pieces, present, stored, hedged, policy.sizing) for gauge in Gauge}
    chosen = gauges[policy.sizing.gauge]
    net_usd = _sum(pieces.size * present.vega * pieces.weight, hedged)
    baseline_usd = None if stored is None else _sum(pieces.size * stored.vega * pieces.weight, hedged)
    loss = _scenario_loss(pieces, present, hedged, quoted, view, policy.sizing)
    lower, upper = break_evens(found.condors, view.spx.last)
    exposure = Exposure(
        condors=found.count,
        legs=len(found.parts),
        unknown_legs=present.source[: len(found.parts)].count(UNKNOWN),
        own_greeks_legs=present.source[: len(found.parts)].count(GreeksSource.OWN.value),
        leftover_legs=len(found.remainder),
        vega_usd=_sum(pieces.size * present.vega, hedged),
        vega30_usd=net_usd,
        vega30_baseline_usd=baseline_usd,
        side_vega30_usd=chosen.now_usd,
        side_vega30_baseline_usd=chosen.baseline_usd,
        inflation=chosen.inflation,
        iv_only=chosen.iv_only,
        ceiling=chosen.ceiling,
        inflation_put_side=gauges[Gauge.PUT_SIDE].inflation,
        inflation_call_side=gauges[Gauge.CALL_SIDE].inflation,
        inflation_both_sides=gauges[Gauge.BOTH_SIDES].inflation,
        inflation_net=gauges[Gauge.NET].inflation,
        short_dated_share=_short_dated_share(pieces, present, hedged, policy.sizing),
        vega_delta_usd=vega_delta(
            net_usd=net_usd,
            baseline_usd=baseline_usd,
            inflation=chosen.inflation,
            scenario_loss_usd=loss,
            policy=policy.sizing,
        ),
        delta_usd=_sum(pieces.size * present.delta, hedged),
        gamma_usd=_sum(pieces.size * present.gamma, hedged),
        theta_usd=_sum(pieces.size * present.theta, hedged),
        lower_break_even=lower,
        upper_break_even=upper,
    )
    return exposure, _rows(parts, len(found.parts), pieces, present)


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


def _members(gauge: Gauge, pieces: Pieces, hedged: Flags, policy: SizingPolicy) -> Flags:
    """Return which pieces a gauge is read from: those of condors with days enough left, on its side."""
    old_enough = hedged & (pieces.days >= policy.min_leg_days)
    short = pieces.size < 0.0
    if gauge is Gauge.PUT_SIDE:
        return np.asarray(old_enough & short & ~pieces.is_call)
    if gauge is Gauge.CALL_SIDE:
        return np.asarray(old_enough & short & pieces.is_call)
    return np.asarray(old_enough & short) if gauge is Gauge.BOTH_SIDES else np.asarray(old_enough)


def _read(
    gauge: Gauge, pieces: Pieces, present: Present, stored: Stored | None, hedged: Flags, policy: SizingPolicy
) -> GaugeReading:
    """Read one gauge; inflation is unknown for a side that is empty or was not short on the baseline."""
    members = _members(gauge, pieces, hedged, policy)
    size = pieces.size * pieces.weight
    now = _sum(size * present.vega, members)
    if stored is None:
        return GaugeReading(now_usd=now)
    before = _sum(size * stored.vega, members)
    at_the_money = None if gauge is Gauge.NET else _sum(size * stored.vega_at_the_money, members)
    return GaugeReading(
        now_usd=now,
        baseline_usd=before,
        inflation=_growth(now, before),
        iv_only=_growth(_sum(size * stored.vega_at_present_sigma, members), before),
        ceiling=_growth(at_the_money, before),
    )


def _growth(value: float | None, before: float | None) -> float | None:
    if value is None or before is None or not before < 0.0:
        return None
    growth = value / before - 1.0
    return growth if math.isfinite(growth) else None


def _sum(values: Floats, members: Flags) -> float | None:
    """Return the sum over the members, zero for none of them, `None` if one is unknown."""
    total = float(np.sum(values[members]))
    return total if math.isfinite(total) else None


def _short_dated_share(pieces: Pieces, present: Present, hedged: Flags, policy: SizingPolicy) -> float | None:
    """Return the share of gross weighted vega in legs that are too short-dated for the gauge."""
    gross = np.abs(pieces.size * present.vega * pieces.weight)
    total, short = _sum(gross, hedged), _sum(gross, hedged & (pieces.days < policy.min_leg_days))
    return None if total is None or short is None or total <= 0.0 else short / total


def _scenario_loss(
    pieces: Pieces, present: Present, hedged: Flags, quoted: QuotedSmiles | None, view: MarketView, policy: SizingPolicy
) -> float | None:
    if policy.vega_delta is not VegaDelta.SCENARIO or quoted is None:
        return None
    return shock_loss_usd(pieces, present, hedged, quoted, view, policy)


def _rows(parts: Sequence[Part], hedged: int, pieces: Pieces, present: Present) -> tuple[LegExposure, ...]:
    vega = pieces.size * present.vega
    table = np.array(
        (vega, vega * pieces.weight, *(pieces.size * greek for greek in (present.delta, present.gamma, present.theta)))
    )
    known = [math.isfinite(total) for total in table.sum(axis=0).tolist()]
    return tuple(
        _row(part, source, greeks if valued else _NO_GREEKS, is_hedged=index < hedged)
        for index, (part, source, greeks, valued) in enumerate(
            zip(parts, present.source, table.T.tolist(), known, strict=True)
        )
    )


def _row(part: Part, source: str, greeks: Sequence[float | None], *, is_hedged: bool) -> LegExposure:
    leg = part.leg
    vega, vega30, delta, gamma, theta = greeks
    label = f"{leg.trading_class} {leg.expires_on} {leg.strike:g}{leg.right}"
    return LegExposure(
        con_id=leg.con_id,
        label=label if is_hedged else f"{label} (not hedged)",
        quantity=part.quantity,
        vega_usd=vega,
        vega30_usd=vega30,
        delta_usd=delta,
        gamma_usd=gamma,
        theta_usd=theta,
        source=source,
    )
