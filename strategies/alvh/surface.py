"""Fit, store and read the option surface: parity forwards and one smile in ln(K/F) per expiry."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from strategies.alvh.policy import Policy
from strategies.alvh.records import (
    Book,
    ChainQuote,
    MarketView,
    OptionLeg,
    Quote,
    Right,
    Smile,
    SmilePoint,
    Surface,
    SurfaceSource,
)
from strategies.pricing import SECONDS_PER_DAY, implied_vol, years_until

SPX_CLASSES = frozenset({"SPX", "SPXW"})
MIN_POINTS = 2
MAX_IV = 5.0

_PARITY_PAIRS = 3
_LEAST_PRICE, _MOST_PRICE = 0.01, 1e7  # of a strike or a forward; what lies outside is no quote
_MOST_CARRY = 5.0  # rate times years; more is no interest rate

_Key = tuple[datetime, float, Right]
Floats = NDArray[np.float64]


def is_spx(leg: OptionLeg) -> bool:
    """Say whether the method hedges this option: a European SPX or SPXW option on 100 times the index."""
    return leg.symbol == "SPX" and leg.trading_class in SPX_CLASSES and leg.multiplier == 100


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedSmiles:
    """Hold what the quotes of one wake-up say: a parity forward per expiry and a volatility per expiry and strike."""

    forwards: Mapping[datetime, float]
    sigmas: Mapping[tuple[datetime, float], float]


def quoted_mid(quote: Quote, max_age_s: float) -> float | None:
    """Return the mid of a fresh, live, uncrossed two-sided market; `None` otherwise."""
    age_s, mid = quote.age_s, quote.mid
    if quote.halted or quote.delayed or age_s is None or not age_s <= max_age_s:
        return None
    return mid if mid is not None and math.isfinite(mid) and mid > 0.0 else None


def forwards(view: MarketView, book: Book, policy: Policy) -> Mapping[datetime, float]:
    """Return the put-call-parity forward of every expiry that has a quoted pair, keyed by settlement instant.

    F = K + e^{rT} (C - P), the median over the three strikes at which call and put are closest to each other: there
    the spreads are tightest, and one bad quote cannot move the result.
    """
    return _forwards(_mids(view, book, policy), view)


def quoted_smiles(view: MarketView, book: Book, policy: Policy) -> QuotedSmiles:
    """Return forwards and volatilities by strike from fresh mids; IB's volatility stands in where a mid gives none.

    At each strike the option out of the money speaks first, its partner in the money second.
    """
    mids = _mids(view, book, policy)
    found = _forwards(mids, view)
    sigmas = _ib_sigmas(view, book, policy)
    for preferred in (False, True):
        keys = [key for key in mids if key[0] in found and _is_otm(key, found[key[0]]) is preferred]
        for key, sigma in zip(keys, _implied(keys, mids, found, view), strict=True):
            if 0.0 < sigma < MAX_IV:
                sigmas[key[0], key[1]] = float(sigma)
    return QuotedSmiles(forwards=found, sigmas=sigmas)


def take_surface(view: MarketView, book: Book, policy: Policy) -> Surface | None:
    """Return the surface of this instant, or `None` when an expiry that the book holds cannot be fitted.

    A fit needs a parity forward, two points, and points as far out as the short strikes of the expiry, unless it has
    less than the gauge's minimum of days left.
    """
    smiles = fit_smiles(quoted_smiles(view, book, policy), view)
    fitted = {smile.settles_at: smile for smile in smiles}
    for leg in book.legs:
        if not is_spx(leg) or leg.settles_at <= view.now or leg.quantity == 0:
            continue
        smile = fitted.get(leg.settles_at)
        if smile is None or len(smile.points) < MIN_POINTS or not _covers(smile, leg, view.now, policy):
            return None
    if not smiles:
        return None
    return Surface(taken_at=view.now, session_day=view.session.day, source=SurfaceSource.STORED, smiles=tuple(smiles))


def fit_smiles(quoted: QuotedSmiles, view: MarketView) -> list[Smile]:
    """Return one smile for each expiry with a forward and at least one volatility, nearest expiry first."""
    points: defaultdict[datetime, list[SmilePoint]] = defaultdict(list)
    for (settles_at, strike), sigma in quoted.sigmas.items():
        if settles_at in quoted.forwards:
            points[settles_at].append(SmilePoint(x=math.log(strike / quoted.forwards[settles_at]), sigma=sigma))
    return [
        Smile(
            settles_at=settles_at,
            forward=quoted.forwards[settles_at],
            rate=view.rate,
            years=years_until(settles_at, view.now),
            points=tuple(sorted(points[settles_at], key=lambda point: point.x)),
        )
        for settles_at in sorted(points)
    ]


def smile_sigma(smile: Smile, x: float | Floats) -> Floats:
    """Return the volatility at x = ln(K/F), linear between the points and flat beyond them; `nan` without points."""
    if not smile.points:
        return np.full(np.shape(x), np.nan)
    return np.asarray(np.interp(x, [point.x for point in smile.points], [point.sigma for point in smile.points]))


def surface_smile(surface: Surface, settles_at: datetime, at: datetime) -> Smile | None:
    """Return the smile of an expiry: its own, else between its neighbours, else the nearest one's shape and forward.

    Between two expiries total variance at equal x, the logarithm of the forward and the rate are linear in the time
    left at `at`. `None` when the surface has no other usable expiry that is still alive.
    """
    own = next((smile for smile in surface.smiles if smile.settles_at == settles_at), None)
    if own is not None:
        return own
    usable = (smile for smile in surface.smiles if smile.settles_at > at and smile.points and _is_price(smile.forward))
    alive = sorted(usable, key=lambda smile: smile.settles_at)
    if not alive:
        return None
    for near, far in pairwise(alive):
        if near.settles_at < settles_at < far.settles_at:
            return _between(near, far, settles_at, at)
    nearest = alive[0] if settles_at < alive[0].settles_at else alive[-1]
    return Smile(
        settles_at=settles_at,
        forward=nearest.forward,
        rate=nearest.rate,
        years=years_until(settles_at, surface.taken_at),
        points=nearest.points,
    )


def _between(near: Smile, far: Smile, settles_at: datetime, at: datetime) -> Smile:
    t0, t, t1 = (years_until(instant, at) for instant in (near.settles_at, settles_at, far.settles_at))
    share = (t - t0) / (t1 - t0) if t1 > t0 else 0.0
    xs = np.array(sorted({point.x for smile in (near, far) for point in smile.points}))
    variance = (1.0 - share) * smile_sigma(near, xs) ** 2 * t0 + share * smile_sigma(far, xs) ** 2 * t1
    sigmas = np.sqrt(variance / t)
    return Smile(
        settles_at=settles_at,
        forward=math.exp((1.0 - share) * math.log(near.forward) + share * math.log(far.forward)),
        rate=(1.0 - share) * near.rate + share * far.rate,
        years=(1.0 - share) * near.years + share * far.years,
        points=tuple(SmilePoint(x=float(x), sigma=float(s)) for x, s in zip(xs, sigmas, strict=True)),
    )


def _mids(view: MarketView, book: Book, policy: Policy) -> dict[_Key, float]:
    limit, mids = policy.freshness.greeks_s, {}
    for option in _listed(view, book):
        mid = quoted_mid(option.quote, limit)
        if mid is not None:
            mids[option.settles_at, option.strike, option.right] = mid
    return mids


def _listed(view: MarketView, book: Book) -> Iterable[ChainQuote | OptionLeg]:
    """Yield every living SPX option with a usable strike; the book's own quotes come last and so win."""
    for quote in view.chain:
        if quote.trading_class in SPX_CLASSES and quote.settles_at > view.now and _is_price(quote.strike):
            yield quote
    for leg in book.legs:
        if is_spx(leg) and leg.settles_at > view.now and _is_price(leg.strike):
            yield leg


def _is_price(value: float) -> bool:
    return _LEAST_PRICE <= value <= _MOST_PRICE


def _forwards(mids: Mapping[_Key, float], view: MarketView) -> dict[datetime, float]:
    pairs: defaultdict[datetime, list[tuple[float, float]]] = defaultdict(list)
    for (settles_at, strike, right), call in mids.items():
        put = mids.get((settles_at, strike, Right.PUT)) if right is Right.CALL else None
        if put is not None:
            pairs[settles_at].append((call - put, strike))
    found = {}
    for settles_at, differences in pairs.items():
        growth = _growth(view.rate, years_until(settles_at, view.now))
        nearest = sorted(differences, key=lambda pair: (abs(pair[0]), pair[1]))[:_PARITY_PAIRS]
        forward = median(strike + growth * difference for difference, strike in nearest)
        if _is_price(forward):
            found[settles_at] = forward
    return found


def _growth(rate: float, years: float) -> float:
    return math.exp(rate * years) if abs(rate * years) < _MOST_CARRY else math.nan


def _ib_sigmas(view: MarketView, book: Book, policy: Policy) -> dict[tuple[datetime, float], float]:
    """Return IB's own volatilities; those of the chain carry no age of their own and share their quote's."""
    sigmas: dict[tuple[datetime, float], float] = {}
    limit = policy.freshness.greeks_s
    for option in _listed(view, book):
        if isinstance(option, OptionLeg):
            iv, age_s = (option.greeks.iv, option.greeks.age_s) if option.greeks is not None else (None, None)
        else:
            iv, age_s = option.iv, option.quote.age_s
        if iv is not None and age_s is not None and age_s <= limit and 0.0 < iv < MAX_IV:
            sigmas[option.settles_at, option.strike] = iv
    return sigmas


def _is_otm(key: _Key, forward: float) -> bool:
    _, strike, right = key
    return strike >= forward if right is Right.CALL else strike < forward


def _implied(keys: list[_Key], mids: Mapping[_Key, float], found: Mapping[datetime, float], view: MarketView) -> Floats:
    return implied_vol(
        [mids[key] for key in keys],
        [found[key[0]] for key in keys],
        [key[1] for key in keys],
        [years_until(key[0], view.now) for key in keys],
        view.rate,
        [key[2] is Right.CALL for key in keys],
    )


def _covers(smile: Smile, leg: OptionLeg, now: datetime, policy: Policy) -> bool:
    days = (leg.settles_at - now).total_seconds() / SECONDS_PER_DAY
    if leg.quantity > 0 or days < policy.sizing.min_leg_days:
        return True
    x = math.log(leg.strike / smile.forward) if _is_price(leg.strike) else math.nan
    return smile.points[0].x - 1e-9 <= x <= smile.points[-1].x + 1e-9
