"""Split the book's exposure by settlement instant."""

from __future__ import annotations

import numpy as np

from strategies.alvh.gauges import known
from strategies.alvh.records import ExpiryExposure
from strategies.alvh.valued import Valued


@np.errstate(over="ignore", invalid="ignore")
def by_expiry(valued: Valued) -> tuple[ExpiryExposure, ...]:
    """Return one record per settlement instant at which a leg that counts settles, the earliest first.

    The records add up to the book; a sum of which a leg is unknown is `None` in its own expiry alone.
    """
    book, present, counted = valued.book, valued.present, valued.counted
    per_share = np.array([present.vega, present.vega * book.weight, present.delta, present.gamma, present.theta])
    dollars = (valued.size * per_share)[:, counted]
    expiry = book.expiry[counted]
    legs = np.bincount(expiry, minlength=len(book.settles_at)).tolist()
    sums = [np.bincount(expiry, row, minlength=len(book.settles_at)).tolist() for row in dollars]
    return tuple(
        ExpiryExposure(
            settles_at=settles_at,
            legs=count,
            vega_usd=known(vega),
            vega30_usd=known(vega30),
            delta_usd=known(delta),
            gamma_usd=known(gamma),
            theta_usd=known(theta),
        )
        for settles_at, count, vega, vega30, delta, gamma, theta in zip(book.settles_at, legs, *sums, strict=True)
        if count
    )
