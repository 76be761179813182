"""Say how much of the book's one-day risk a hedge in VIX futures can address at all.

A model, not a forecast: SPX and VIX move jointly and normally for one day, the book follows its greeks, and each
expiry's volatility follows VIX by its term weight, with a noise of its own. docs/method.md, section 4.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from strategies.alvh.breadth import edr_pct
from strategies.alvh.policy import Policy
from strategies.alvh.readiness import number
from strategies.alvh.records import ExpiryExposure, HedgeableShare, MarketView

SPX_VIX_CORRELATION = -0.82
"""Correlation of daily SPX returns with daily changes of VIX, 2004 to 2021."""

VEGA_RESPONSE = 0.4
"""What condors lost on days when VIX rose by 2 points or more, as a share of V30 times that rise, 2008 to 2021.

From the authors' first study, a book of ordinary 45-day condors repriced daily on a modelled skew: as SPX falls along
the skew, the volatility at a fixed strike rises less than VIX does.
"""

TERM_R2 = 0.92
"""Share of the daily variance of VIX9D and of VIX3M that VIX explains, 2011 to 2021 (0.917 and 0.918)."""


def hedgeable_share(expiries: Sequence[ExpiryExposure], view: MarketView, policy: Policy) -> HedgeableShare | None:
    """Return the split of the variance of tomorrow's profit; `None` when a greek, SPX or its daily range is missing.

    One day of SPX is half implied and half realised (EDR); the deviation of VIX follows from the regression of SPX on
    VIX that the scenario uses.
    """
    vega30, delta, gamma = (_total(expiries, name) for name in ("vega30_usd", "delta_usd", "gamma_usd"))
    spot, range_pct, slope_pct = number(view.spx.last), edr_pct(view, policy), policy.sizing.scenario_spx_pct_per_vix
    if vega30 is None or delta is None or gamma is None or spot is None or spot <= 0.0:
        return None
    if range_pct is None or slope_pct >= 0.0:
        return None
    spx_pct = range_pct / policy.signals.edr_multiplier
    spx_points, vix_points = spot * spx_pct / 100.0, SPX_VIX_CORRELATION * spx_pct / slope_pct
    vega_usd, delta_usd = VEGA_RESPONSE * vega30 * vix_points, delta * spx_points
    shared = SPX_VIX_CORRELATION * vega_usd * delta_usd
    alone = sum(_square((expiry.vega30_usd or 0.0) * vix_points) for expiry in expiries)
    rest = 0.5 * _square(gamma * spx_points * spx_points) + alone * (1.0 - TERM_R2) / TERM_R2
    variance = _square(vega_usd) + _square(delta_usd) + 2.0 * shared + rest
    if not 0.0 < variance < math.inf:
        return None
    with_vix_usd = vega_usd + SPX_VIX_CORRELATION * delta_usd  # dollars per deviation of VIX
    return HedgeableShare(
        share=_square(with_vix_usd) / variance if with_vix_usd < 0.0 else 0.0,
        vega_part=(_square(vega_usd) + shared) / variance,
        delta_part=(_square(delta_usd) + shared) / variance,
        rest_part=rest / variance,
        deviation_usd=math.sqrt(variance),
    )


def _square(value: float) -> float:
    """Return the square, infinite where `**` would raise."""
    return value * value


def _total(expiries: Sequence[ExpiryExposure], name: str) -> float | None:
    """Return the sum of one greek over the expiries, `None` if one of them is unknown."""
    values = [number(getattr(expiry, name)) for expiry in expiries]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
