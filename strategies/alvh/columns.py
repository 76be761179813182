"""Lay the legs of a book out as columns: one array per property, one entry per leg."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import OptionLeg, Right
from strategies.alvh.sizing import term_weight
from strategies.pricing import DAYS_PER_YEAR, years_until

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Hold the living legs of a book in its order; every array has shape (legs,).

    `expiry` is the place of a leg's settlement instant in `settles_at`, the earliest of which comes first. `quantity`
    is in contracts, long positive, `strike` in points, `multiplier` in dollars per point; `years` and `days` run to
    the settlement instant and are never below an hour; `weight` is vol points per VIX point.
    """

    legs: tuple[OptionLeg, ...]
    settles_at: tuple[datetime, ...]
    expiry: Places
    quantity: Floats
    strike: Floats
    is_call: Flags
    multiplier: Floats
    years: Floats
    days: Floats
    weight: Floats


def lay_out(legs: Iterable[OptionLeg], now: datetime, policy: SizingPolicy) -> Columns:
    """Return the legs that are held and not yet settled as columns."""
    living = tuple(leg for leg in legs if leg.quantity != 0 and leg.settles_at > now)
    instants = [leg.settles_at for leg in living]
    settles_at = tuple(sorted(set(instants)))
    place = {instant: index for index, instant in enumerate(settles_at)}
    expiry = np.array([place[instant] for instant in instants], dtype=np.intp)
    years = np.array([years_until(instant, now) for instant in settles_at])
    weight = np.array([term_weight(float(day), policy) for day in years * DAYS_PER_YEAR])
    return Columns(
        legs=living,
        settles_at=settles_at,
        expiry=expiry,
        quantity=column(living, "quantity"),
        strike=column(living, "strike"),
        is_call=np.array([leg.right is Right.CALL for leg in living], dtype=np.bool_),
        multiplier=column(living, "multiplier"),
        years=years[expiry],
        days=years[expiry] * DAYS_PER_YEAR,
        weight=weight[expiry],
    )


def column(records: Sequence[object], name: str) -> Floats:
    """Return one field of the records as an array of shape (records,); what is missing is `nan`."""
    return np.array(list(map(attrgetter(name), records)), dtype=np.float64)
