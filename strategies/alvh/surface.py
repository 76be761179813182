"""Fit, store and read the option surface: parity forwards and one smile in ln(K/F) per expiry."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from itertools import compress, pairwise
from statistics import median

import numpy as np

from strategies.alvh.columns import Flags, Floats
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
from strategies.alvh.rounding import TOLERANCE
from strategies.pricing import SECONDS_PER_DAY, implied_vol, years_until

SPX_CLASSES = frozenset({"SPX", "SPXW"})
MIN_POINTS = 2
MAX_IV = 5.0

_PARITY_PAIRS = 3
_LEAST_PRICE, _MOST_PRICE = 0.01, 1e7  # of a strike or a forward; what lies outside is no quote
_MOST_CARRY = 5.0  # rate times years; more is no interest rate

SmilePoints = list[tuple[float, float]]  # x = ln(K/F) and volatility, x rising

_Point = tuple[datetime, float]
_Mids = Mapping[_Point, float]


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
    bid, ask, age_s = quote.bid, quote.ask, quote.age_s
    if bid is None or ask is None or age_s is None or quote.halted or quote.delayed:
        return None
    if not (age_s <= max_age_s and bid <= ask):
        return None
    mid = 0.5 * (bid + ask)
    return mid if 0.0 < mid < math.inf else None


def forwards(view: MarketView, book: Book, policy: Policy) -> Mapping[datetime, float]:
    """Return the put-call-parity forward of every expiry that has a quoted pair, keyed by settlement instant.

    F = K + e^{rT} (C - P), the median over the three strikes at which call and put are closest to each other: there
    the spreads are tightest, and one bad quote cannot move the result.
    """
    return _forwards(*_mids(_listed(view, book), policy), view)


def quoted_smiles(view: MarketView, book: Book, policy: Policy) -> QuotedSmiles:
    """Return forwards and volatilities by strike from fresh mids; IB's volatility stands in where a mid gives none.

    At each strike the option out of the money speaks first, its partner in the money second.
    """
    listed = _listed(view, book)
    calls, puts = _mids(listed, policy)
    found = _forwards(calls, puts, view)
    sigmas = _ib_sigmas(listed, policy)
    points, sigma, is_otm = _implied(calls, puts, found, view, sigmas)
    usable = (sigma > 0.0) & (sigma < MAX_IV)
    for speaks in (usable & ~is_otm, usable & is_otm):
        sigmas.update(zip(compress(points, speaks.tolist()), sigma[speaks].tolist(), strict=True))
    return QuotedSmiles(forwards=found, sigmas=sigmas)


def take_surface(view: MarketView, book: Book, policy: Policy, quoted: QuotedSmiles | None = None) -> Surface | None:
    """Return the surface of this instant, or `None` when an expiry that the book holds cannot be fitted.

    A fit needs a parity forward, two points, and points as far out as the short strikes of the expiry, unless it has
    less than the gauge's minimum of days left. `quoted` spares reading the quotes again where the caller has done so.
    """
    smiles = fit_smiles(quoted or quoted_smiles(view, book, policy), view)
    fitted = {smile.settles_at: smile for smile in smiles}
    shorts: defaultdict[datetime, list[float]] = defaultdict(list)
    for leg in book.legs:
        if leg.quantity != 0 and leg.settles_at > view.now and is_spx(leg):
            shorts[leg.settles_at].extend((leg.strike,) if leg.quantity < 0 else ())
    reached = (_reaches(fitted.get(at), at, strikes, view.now, policy) for at, strikes in shorts.items())
    if not smiles or not all(reached):
        return None
    return Surface(taken_at=view.now, session_day=view.session.day, source=SurfaceSource.STORED, smiles=tuple(smiles))


def smile_points(quoted: QuotedSmiles) -> dict[datetime, SmilePoints]:
    """Return ln(K/F) and volatility of each quoted strike, lowest strike first, of every expiry with a forward."""
    by_strike: defaultdict[datetime, SmilePoints] = defaultdict(list)
    for (settles_at, strike), sigma in quoted.sigmas.items():
        by_strike[settles_at].append((strike, sigma))
    return {
        settles_at: [(math.log(strike / forward), sigma) for strike, sigma in sorted(found)]
        for settles_at, found in by_strike.items()
        if (forward := quoted.forwards.get(settles_at)) is not None
    }


def fit_smiles(quoted: QuotedSmiles, view: MarketView) -> list[Smile]:
    """Return one smile for each expiry with a forward and at least one volatility, nearest expiry first."""
    return [
        Smile(
            settles_at=settles_at,
            forward=quoted.forwards[settles_at],
            rate=view.rate,
            years=years_until(settles_at, view.now),
            points=tuple([SmilePoint(x=x, sigma=sigma) for x, sigma in points]),
        )
        for settles_at, points in sorted(smile_points(quoted).items())
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


def _mids(listed: Sequence[ChainQuote | OptionLeg], policy: Policy) -> tuple[_Mids, _Mids]:
    """Return the mids of calls and of puts that say something; of several quotes of one option the last counts."""
    calls: dict[_Point, float] = {}
    puts: dict[_Point, float] = {}
    limit, call = policy.freshness.greeks_s, Right.CALL
    for option in listed:
        mid = quoted_mid(option.quote, limit)
        if mid is not None:
            side = calls if option.right is call else puts
            side[option.settles_at, option.strike] = mid
    return calls, puts


def _listed(view: MarketView, book: Book) -> list[ChainQuote | OptionLeg]:
    """Return every living SPX option with a usable strike; the book's own quotes come last and so win."""
    listed: list[ChainQuote | OptionLeg] = [quote for quote in view.chain if quote.trading_class in SPX_CLASSES]
    listed += [leg for leg in book.legs if is_spx(leg)]
    now, least, most = view.now, _LEAST_PRICE, _MOST_PRICE
    return [option for option in listed if option.settles_at > now and least <= option.strike <= most]


def _is_price(value: float) -> bool:
    return _LEAST_PRICE <= value <= _MOST_PRICE


def _forwards(calls: _Mids, puts: _Mids, view: MarketView) -> dict[datetime, float]:
    pairs: defaultdict[datetime, list[tuple[float, float, float]]] = defaultdict(list)
    for (settles_at, strike), call in calls.items():
        put = puts.get((settles_at, strike))
        if put is not None:
            pairs[settles_at].append((abs(call - put), strike, call - put))
    found = {}
    for settles_at, differences in pairs.items():
        growth = _growth(view.rate, years_until(settles_at, view.now))
        nearest = nsmallest(_PARITY_PAIRS, differences)
        forward = median(strike + growth * difference for _, strike, difference in nearest)
        if _is_price(forward):
            found[settles_at] = forward
    return found


def _growth(rate: float, years: float) -> float:
    return math.exp(rate * years) if abs(rate * years) < _MOST_CARRY else math.nan


def _ib_sigmas(listed: Sequence[ChainQuote | OptionLeg], policy: Policy) -> dict[_Point, float]:
    """Return IB's own volatilities; those of the chain carry no age of their own and share their quote's."""
    sigmas: dict[_Point, float] = {}
    limit = policy.freshness.greeks_s
    for option in listed:
        if isinstance(option, OptionLeg):
            iv, age_s = (option.greeks.iv, option.greeks.age_s) if option.greeks is not None else (None, None)
        else:
            iv, age_s = option.iv, option.quote.age_s
        if iv is not None and age_s is not None and age_s <= limit and 0.0 < iv < MAX_IV:
            sigmas[option.settles_at, option.strike] = iv
    return sigmas


def _implied(
    calls: _Mids, puts: _Mids, found: Mapping[datetime, float], view: MarketView, guess: Mapping[_Point, float]
) -> tuple[list[_Point], Floats, Flags]:
    """Return expiry and strike of each option, its volatility (`nan` without a forward), and if it is out of the money.

    The arrays have shape (options,). `guess` holds volatilities to begin with.
    """
    points = [*calls, *puts]
    place = {settles_at: index for index, settles_at in enumerate(found)}
    expiry = [place.get(settles_at, -1) for settles_at, _ in points]
    forward = np.array([*found.values(), math.nan])[expiry]
    time = np.array([*(years_until(settles_at, view.now) for settles_at in found), math.nan])[expiry]
    strike, mid = np.array([strike for _, strike in points]), np.array([*calls.values(), *puts.values()])
    is_call = np.arange(len(points)) < len(calls)
    near = np.array([guess.get(point, math.nan) for point in points])
    sigma = implied_vol(mid, forward, strike, time, view.rate, is_call, near)
    return points, sigma, np.where(is_call, strike >= forward, strike < forward)


def _reaches(
    smile: Smile | None, settles_at: datetime, strikes: Sequence[float], now: datetime, policy: Policy
) -> bool:
    """Say whether a held expiry has a fit, and one that reaches the short strikes that the gauge reads."""
    if smile is None or len(smile.points) < MIN_POINTS:
        return False
    days = (settles_at - now).total_seconds() / SECONDS_PER_DAY
    if not strikes or days < policy.sizing.min_leg_days:
        return True
    if not all(_is_price(strike) for strike in strikes):
        return False
    nearest, farthest = (math.log(strike / smile.forward) for strike in (min(strikes), max(strikes)))
    return smile.points[0].x - TOLERANCE <= nearest and farthest <= smile.points[-1].x + TOLERANCE
