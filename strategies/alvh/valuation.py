"""Value option legs as arrays: greeks now, and vegas on a stored surface."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from strategies.alvh.columns import Columns, Flags, Floats, Places, column
from strategies.alvh.records import Greeks, GreeksSource, Smile, Surface
from strategies.alvh.surface import MAX_IV, QuotedSmiles, is_spx, smile_sigma, surface_smile
from strategies.pricing import black76_greeks, black76_vega

UNKNOWN = "unknown"

_NO_GREEKS = Greeks(
    iv=math.nan,
    delta=math.nan,
    gamma=math.nan,
    vega=math.nan,
    theta=math.nan,
    underlying=None,
    age_s=math.nan,
    source=GreeksSource.IB,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Hold greeks per share of each leg, all of shape (legs,): volatility is a fraction, what is unknown is `nan`.

    `by_ib` and `own` say who valued a leg; one that is in neither is unknown.
    """

    sigma: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    by_ib: Flags
    own: Flags

    def source(self, leg: int) -> str:
        """Say who valued the leg at this place."""
        if self.by_ib[leg]:
            return GreeksSource.IB.value
        return GreeksSource.OWN.value if self.own[leg] else UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Hold vegas per share on the baseline, of shape (legs,), `nan` if unknown.

    They are taken at the baseline's volatility, at today's, and at the money.
    """

    vega: Floats
    vega_at_present_sigma: Floats
    vega_at_the_money: Floats


def trusted_greeks(book: Columns, max_age_s: float) -> tuple[Floats, Flags]:
    """Return IB's sigma, delta, gamma, vega and theta as an array of shape (5, legs), and where they can be trusted.

    They must be fresh, finite and possible: vega > 0 and 0 < sigma < 5.
    """
    seen = [leg.greeks or _NO_GREEKS for leg in book.legs]
    sigma, age_s, vega = column(seen, "iv"), column(seen, "age_s"), column(seen, "vega")
    rest = [column(seen, name) for name in ("delta", "gamma", "theta")]
    greeks = np.array([sigma, rest[0], rest[1], vega, rest[2]])
    fresh = (age_s >= 0.0) & (age_s <= max_age_s)
    possible = (vega > 0.0) & (sigma > 0.0) & (sigma < MAX_IV)
    return greeks, np.asarray(fresh & possible & np.isfinite(greeks.sum(axis=0)))


def value_now(book: Columns, ib: Floats, trusted: Flags, quoted: QuotedSmiles | None, rate: float) -> Present:
    """Return the greeks of each leg: IB's where `trusted`, else our own from the quoted volatility of its strike.

    `ib` has shape (5, legs). `quoted` may be `None` when no leg needs it. Without IB's greeks, a volatility or a
    parity forward a leg is unknown, and only SPX options are valued by us.
    """
    greeks = np.where(trusted, ib, np.nan)
    if quoted is not None and not trusted.all():
        silent = np.flatnonzero(~trusted)
        greeks[:, silent] = _own_greeks(book, silent, quoted, rate)
    return Present(
        sigma=greeks[0],
        delta=greeks[1],
        gamma=greeks[2],
        vega=greeks[3],
        theta=greeks[4],
        by_ib=trusted,
        own=~trusted & np.isfinite(greeks[3]),
    )


def value_stored(
    book: Columns, sigma: Floats, surface: Surface, now: datetime, first_seen: Mapping[int, Surface]
) -> Stored:
    """Return the vegas of today's legs with today's time left on the stored forwards and sigma(ln(K/F stored)).

    `sigma` is today's volatility of each leg, of shape (legs,). A leg whose contract is in `first_seen` uses that
    surface instead: it was opened after the baseline was stored (docs/method.md, section 2.5).
    """
    forward, rate, stored, at_the_money = np.full((4, len(book.legs)), np.nan)
    for smile, places in _stored_smiles(book, surface, now, first_seen):
        forward[places], rate[places] = smile.forward, smile.rate
        with np.errstate(all="ignore"):
            x = np.log(book.strike[places] / smile.forward)
        sigmas = smile_sigma(smile, np.append(x, 0.0))
        stored[places], at_the_money[places] = sigmas[:-1], sigmas[-1]
    vegas = black76_vega(
        forward,
        np.array([book.strike, book.strike, forward]),
        book.years,
        rate,
        np.array([stored, sigma, at_the_money]),
    )
    return Stored(vega=vegas[0], vega_at_present_sigma=vegas[1], vega_at_the_money=vegas[2])


def _own_greeks(book: Columns, places: Places, quoted: QuotedSmiles, rate: float) -> Floats:
    """Return sigma, delta, gamma, vega and theta by Black-76 of these legs, an array of shape (5, places)."""
    legs = [book.legs[place] for place in places.tolist()]
    sigma = np.array([quoted.sigmas.get((leg.settles_at, leg.strike), math.nan) for leg in legs])
    forward = np.array([quoted.forwards.get(leg.settles_at, math.nan) if is_spx(leg) else math.nan for leg in legs])
    own = black76_greeks(forward, book.strike[places], book.years[places], rate, sigma, book.is_call[places])
    greeks = np.array([sigma, own.delta, own.gamma, own.vega, own.theta])
    return np.where(np.isfinite(own.vega), greeks, math.nan)  # a volatility without a forward values nothing


def _stored_smiles(
    book: Columns, surface: Surface, now: datetime, first_seen: Mapping[int, Surface]
) -> Iterator[tuple[Smile, Places]]:
    """Yield the stored smiles with the places of the legs that are measured on each.

    Surfaces taken at one instant are one surface, so the legs of a trade share its smiles.
    """
    later: dict[tuple[datetime, int], tuple[Surface, list[int]]] = {}
    old = np.ones(len(book.legs), dtype=np.bool_)
    for place, leg in enumerate(book.legs) if first_seen else ():
        seen = first_seen.get(leg.con_id)
        if seen is not None:
            old[place] = False
            later.setdefault((seen.taken_at, int(book.expiry[place])), (seen, []))[1].append(place)
    groups = [
        (surface, expiry, np.flatnonzero(old & (book.expiry == expiry))) for expiry in range(len(book.settles_at))
    ]
    groups += [(seen, expiry, np.array(places, dtype=np.intp)) for (_, expiry), (seen, places) in later.items()]
    for chosen, expiry, places in groups:
        smile = surface_smile(chosen, book.settles_at[expiry], now) if len(places) else None
        if smile is not None:
            yield smile, places
