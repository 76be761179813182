"""Value pieces of option legs as arrays: greeks now, and vegas on a stored surface."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from strategies.alvh.condors import Part
from strategies.alvh.policy import Policy
from strategies.alvh.records import Greeks, GreeksSource, OptionLeg, Right, Smile, Surface
from strategies.alvh.sizing import term_weight
from strategies.alvh.surface import MAX_IV, QuotedSmiles, is_spx, smile_sigma, surface_smile
from strategies.pricing import DAYS_PER_YEAR, black76_greeks, years_until

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Hold what does not depend on the market: terms of each piece; `size` is quantity times multiplier."""

    size: Floats
    strike: Floats
    is_call: Flags
    years: Floats
    days: Floats
    weight: Floats
    settles_at: tuple[datetime, ...]
    con_id: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Hold greeks per share, volatility as a fraction, `nan` where a piece cannot be valued, and who valued it."""

    sigma: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Hold vegas per share on the baseline: at its own volatility, at today's, and at the money; `nan` if unknown."""

    vega: Floats
    vega_at_present_sigma: Floats
    vega_at_the_money: Floats


def lay_out(parts: Sequence[Part], now: datetime, policy: Policy) -> Pieces:
    """Return the terms of the pieces at `now`; times count to the true settlement instant and never below an hour."""
    legs = [part.leg for part in parts]
    years = np.array([years_until(leg.settles_at, now) for leg in legs])
    days = years * DAYS_PER_YEAR
    return Pieces(
        size=np.array([float(part.quantity * part.leg.multiplier) for part in parts]),
        strike=np.array([leg.strike for leg in legs], dtype=np.float64),
        is_call=np.array([leg.right is Right.CALL for leg in legs], dtype=np.bool_),
        years=years,
        days=days,
        weight=np.array([term_weight(float(day), policy.sizing) for day in days]),
        settles_at=tuple(leg.settles_at for leg in legs),
        con_id=tuple(leg.con_id for leg in legs),
    )


def trusted_greeks(leg: OptionLeg, max_age_s: float) -> Greeks | None:
    """Return IB's greeks when they are fresh, finite and possible (vega > 0, 0 < iv < 5); `None` otherwise."""
    greeks = leg.greeks
    if greeks is None or not 0.0 <= greeks.age_s <= max_age_s:
        return None
    if not (greeks.vega > 0.0 and 0.0 < greeks.iv < MAX_IV):
        return None
    return greeks if math.isfinite(greeks.vega + greeks.delta + greeks.gamma + greeks.theta) else None


def value_now(
    parts: Sequence[Part], trusted: Sequence[Greeks | None], pieces: Pieces, quoted: QuotedSmiles | None, rate: float
) -> Present:
    """Return the greeks of each piece: IB's where `trusted`, else our own from the quoted volatility of its strike.

    `quoted` may be `None` when no leg needs it. Without IB's greeks, a volatility or a parity forward a piece is
    unknown, and only SPX options are valued by us.
    """
    rows = np.full((5, len(parts)), np.nan)
    source = [UNKNOWN] * len(parts)
    own: list[tuple[int, float, float]] = []
    for index, (part, greeks) in enumerate(zip(parts, trusted, strict=True)):
        leg = part.leg
        if greeks is not None:
            rows[:, index] = (greeks.iv, greeks.delta, greeks.gamma, greeks.vega, greeks.theta)
            source[index] = GreeksSource.IB.value
        elif quoted is not None and is_spx(leg):
            sigma, forward = quoted.sigmas.get((leg.settles_at, leg.strike)), quoted.forwards.get(leg.settles_at)
            if sigma is not None and forward is not None:
                own.append((index, sigma, forward))
    _fill_own(rows, source, own, pieces, rate)
    return Present(sigma=rows[0], delta=rows[1], gamma=rows[2], vega=rows[3], theta=rows[4], source=tuple(source))


def value_stored(
    pieces: Pieces, present: Present, surface: Surface, now: datetime, first_seen: Mapping[int, Surface]
) -> Stored:
    """Return the vegas of today's pieces with today's time left on the stored forwards and sigma(ln(K/F stored)).

    A piece whose contract is in `first_seen` uses that surface instead: it was opened after the baseline was stored
    (docs/method.md, section 2.5).
    """
    forward, rate, sigma, sigma_at_money = np.full((4, len(pieces.strike)), np.nan)
    groups: defaultdict[tuple[int, datetime], list[int]] = defaultdict(list)
    surfaces = {id(surface): surface}
    for index, (con_id, settles_at) in enumerate(zip(pieces.con_id, pieces.settles_at, strict=True)):
        chosen = first_seen.get(con_id, surface)
        surfaces[id(chosen)] = chosen
        groups[id(chosen), settles_at].append(index)
    for (key, settles_at), members in groups.items():
        smile = surface_smile(surfaces[key], settles_at, now)
        if smile is not None:
            forward[members], rate[members] = smile.forward, smile.rate
            sigma[members] = _sigma_at(smile, pieces.strike[members])
            sigma_at_money[members] = smile_sigma(smile, 0.0)

    def vega(strike: Floats, volatility: Floats) -> Floats:
        return black76_greeks(forward, strike, pieces.years, rate, volatility, pieces.is_call).vega

    return Stored(
        vega=vega(pieces.strike, sigma),
        vega_at_present_sigma=vega(pieces.strike, present.sigma),
        vega_at_the_money=vega(forward, sigma_at_money),
    )


def _sigma_at(smile: Smile, strikes: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return smile_sigma(smile, np.log(strikes / smile.forward))


def _fill_own(
    rows: Floats, source: list[str], own: Sequence[tuple[int, float, float]], pieces: Pieces, rate: float
) -> None:
    """Compute the pieces in `own` (index, volatility, forward) in one go and write them into `rows` and `source`."""
    if not own:
        return
    index = [entry[0] for entry in own]
    sigma = np.array([entry[1] for entry in own])
    forward = np.array([entry[2] for entry in own])
    greeks = black76_greeks(forward, pieces.strike[index], pieces.years[index], rate, sigma, pieces.is_call[index])
    rows[:, index] = (sigma, greeks.delta, greeks.gamma, greeks.vega, greeks.theta)
    for place in index:
        source[place] = GreeksSource.OWN.value if math.isfinite(rows[3, place]) else UNKNOWN
