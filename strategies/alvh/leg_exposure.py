"""Say leg by leg what a book is made of, for whoever wants to look at it; the method needs the sums only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strategies.alvh.leftovers import name
from strategies.alvh.records import LegExposure
from strategies.alvh.valued import Valued

_NO_GREEKS = (None,) * 5


@np.errstate(over="ignore", invalid="ignore")
def leg_exposures(valued: Valued) -> tuple[LegExposure, ...]:
    """Return one row per piece of a leg: what counts of each, then what is left over of each."""
    inside = valued.found.holding(lone=valued.with_lone)
    outside = [leg.quantity - part for leg, part in zip(valued.book.legs, inside, strict=True)]
    return tuple(
        _row(valued, place, quantity, note)
        for quantities, note in ((inside, ""), (outside, " (not hedged)"))
        for place, quantity in enumerate(quantities)
        if quantity
    )


def _row(valued: Valued, place: int, quantity: int, note: str) -> LegExposure:
    leg, present = valued.book.legs[place], valued.present
    size, weight = quantity * leg.multiplier, float(valued.book.weight[place])
    each = (present.vega, present.vega * weight, present.delta, present.gamma, present.theta)
    greeks: Sequence[float | None] = [float(size * greek[place]) for greek in each]
    if not np.isfinite([greek for greek in greeks if greek is not None]).all():
        greeks = _NO_GREEKS
    vega, vega30, delta, gamma, theta = greeks
    return LegExposure(
        con_id=leg.con_id,
        label=name(leg) + note,
        quantity=quantity,
        vega_usd=vega,
        vega30_usd=vega30,
        delta_usd=delta,
        gamma_usd=gamma,
        theta_usd=theta,
        source=present.source(place),
    )
