"""Compute variance-swap volatility from a chain by the published VIX method, and bound VX by the forward of it.

The strip is that of the Cboe VIX white paper (2009 edition). The forward volatility between a future's settlement and
thirty days later bounds the future from above (Carr and Wu, "A tale of two indices", 2006): VX <= K_fwd, because the
expectation of a root is at most the root of the expectation. All of it informs; nothing here blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strategies.alvh.readiness import ABSURD, number
from strategies.alvh.reading import Reading
from strategies.alvh.records import ChainQuote, Check, IndexQuote, MarketView, Quote, Right
from strategies.pricing import DAYS_PER_YEAR, MIN_YEARS, years_until

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
MONTH_DAYS = 30.0
INDEX_DAYS = (9.0, 30.0, 93.0)  # VIX9D, VIX, VIX3M
FEWEST = 2
PROXY_POINTS = 1.0
SIDES = ((Right.CALL, "bid"), (Right.CALL, "ask"), (Right.PUT, "bid"), (Right.PUT, "ask"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Hold a term structure: days to settlement and total variance (volatility in percent, squared, times days).

    `error` is how many points a forward volatility from it may be wrong; nothing is called rich or cheap within it.
    """

    days: tuple[float, ...]
    variance: tuple[float, ...]
    source: str
    error: float

    def volatility(self, days: float) -> float | None:
        """Return the volatility in percent at a term inside the known ones, total variance linear in time."""
        if not self.days or not self.days[0] <= days <= self.days[-1]:
            return None
        return sqrt(float(np.interp(days, self.days, self.variance)) / days)


def strip_variance(
    strikes: ArrayLike,
    call_bid: ArrayLike,
    call_ask: ArrayLike,
    put_bid: ArrayLike,
    put_ask: ArrayLike,
    years: float,
    rate: float,
) -> float:
    """Return the annual variance of one expiry by the VIX method; `nan` where the chain does not give one.

    Strikes must rise. The forward comes from the strike at which call and put are closest; the strip runs outward from
    there over quotes with a bid and ends behind two strikes in a row without one.
    """
    quotes = (strikes, call_bid, call_ask, put_bid, put_ask)
    k, cb, ca, pb, pa = (np.asarray(values, dtype=np.float64) for values in quotes)
    if k.size < FEWEST or not MIN_YEARS <= years < ABSURD or not abs(rate * years) < 1.0:
        return float("nan")
    call, put = _mids(cb, ca), _mids(pb, pa)
    apart = np.abs(call - put)
    if not bool(np.isfinite(apart).any()):
        return float("nan")
    at = int(np.nanargmin(apart))
    growth = exp(rate * years)
    forward = float(k[at] + growth * (call[at] - put[at]))
    middle = int(np.searchsorted(k, forward, side="right")) - 1
    if middle < 0:
        return float("nan")
    low, high = middle - 1 - _wing(pb[:middle][::-1]), middle + 1 + _wing(cb[middle + 1 :])
    used = np.concatenate((low[::-1], [middle], high))
    value = np.where(used < middle, put[used], call[used])
    value[low.size] = 0.5 * (call[middle] + put[middle])
    good = np.isfinite(value)
    used, value = used[good], value[good]
    if used.size < FEWEST:
        return float("nan")
    width = np.gradient(k[used])  # half the distance between the neighbours, at an end the distance to the one
    total = float(np.sum(width / k[used] ** 2 * value))
    return (2.0 * growth * total - (forward / float(k[middle]) - 1.0) ** 2) / years


def _mids(bid: Floats, ask: Floats) -> Floats:
    """Return the middles of markets, `nan` where one is broken; no bid counts as a bid of nothing."""
    low = np.where(np.isfinite(bid), bid, 0.0)
    good = np.isfinite(ask) & (ask > 0.0) & (ask < ABSURD) & (low >= 0.0) & (low <= ask)
    return np.where(good, 0.5 * (low + ask), np.nan)


def _wing(bid: Floats) -> Ints:
    """Return the places outward from the money that have a bid, up to two strikes in a row without one."""
    has = bid > 0.0
    ends = np.flatnonzero(~has[:-1] & ~has[1:])
    return np.flatnonzero(has[: ends[0]] if ends.size else has)


def forward_volatility(near: float, near_days: float, far: float, far_days: float) -> float | None:
    """Return the volatility between two terms in the unit of its inputs; `None` where variance would fall."""
    between = far * far * far_days - near * near * near_days
    if not (0.0 < near_days < far_days) or not between > 0.0:
        return None
    return number(sqrt(between / (far_days - near_days)))


def index_term(view: MarketView, max_age_s: float) -> Term:
    """Return the term structure of VIX9D (if known), VIX and VIX3M: a proxy, good to about a point."""
    values = [_fresh(index, max_age_s) for index in (view.vix9d, view.vix, view.vix3m)]
    whole = values[1] is not None and values[2] is not None
    known = [(days, value) for days, value in zip(INDEX_DAYS, values, strict=True) if whole and value is not None]
    return Term(
        days=tuple(days for days, _ in known),
        variance=tuple(value * value * days for days, value in known),
        source="a proxy from the VIX indices, good to about a point",
        error=PROXY_POINTS,
    )


def chain_term(view: MarketView, fewest: int, max_age_s: float) -> Term:
    """Return the term structure of the SPX expiries of which the view holds at least `fewest` usable strikes."""
    by_expiry: dict[datetime, list[ChainQuote]] = {}
    for option in view.chain:
        age_s = number(option.quote.age_s)
        if age_s is not None and age_s <= max_age_s and not option.quote.delayed:
            by_expiry.setdefault(option.settles_at, []).append(option)
    found: list[tuple[float, float]] = []
    for settles_at, options in sorted(by_expiry.items()):
        days = (settles_at - view.now) / timedelta(days=1)
        if days <= 0.0 or len({option.strike for option in options}) < fewest:
            continue
        variance = _variance(options, years_until(settles_at, view.now), view.rate)
        if variance is not None and variance > 0.0:
            found.append((days, 1e4 * variance * days))
    return Term(
        days=tuple(days for days, _ in found),
        variance=tuple(value for _, value in found),
        source="the strips of SPX options",
        error=0.0,
    )


def informed(reading: Reading) -> tuple[Check, ...]:
    """Return what the variance of SPX says about VX: rich, cheap or neither. It never holds anything back."""
    front, price, rules = reading.front, reading.price, reading.policy.parity
    if front is None or price is None or front.dte <= 0:
        return (_told("strip: bound", None, None, "not measurable: no fresh VX quote"),)
    near, far = float(front.dte), front.dte + MONTH_DAYS
    for term in (
        chain_term(reading.view, rules.strip_strikes, reading.policy.freshness.greeks_s),
        index_term(reading.view, reading.policy.freshness.vix_s),
    ):
        first, second = term.volatility(near), term.volatility(far)
        if first is None or second is None:
            continue
        bound = forward_volatility(first, near, second, far)
        if bound is not None:
            low, high = bound - term.error, bound + term.error
            return (_bound(price, bound, high + rules.rich_points, term), _convexity(reading, price, low, near))
    return (_told("strip: bound", None, None, "not measurable: no term structure covers this VX and its month"),)


def _bound(price: float, bound: float, limit: float, term: Term) -> Check:
    why = f"VX {price:.2f} against {bound:.2f} of forward volatility ({term.source})"
    if price > limit:
        why += ": RICH, options on VIX may insure for less"
    return _told("strip: bound", price, limit, why)


def _convexity(reading: Reading, price: float, bound: float, days: float) -> Check:
    """Compare the vol of vol that lets the bound stand over VX with VVIX: sqrt(ln(K^2 / F^2) / T)."""
    name, vvix = "strip: vol of vol", reading.view.vvix
    quoted = None if vvix is None else number(vvix.last)
    if bound <= price:
        why = f"VX {price:.2f} is not below {bound:.2f}, the least that its bound may be: no vol of vol follows from it"
        return _told(name, None, None, why)
    implied = 100.0 * sqrt(2.0 * log(bound / price) * DAYS_PER_YEAR / days)
    if quoted is None:
        return _told(
            name, implied, None, f"VX leaves room for at least {implied:.0f}% of vol of vol; VVIX is not known"
        )
    limit = (1.0 + reading.policy.parity.cheap_share) * quoted
    why = f"VX leaves room for at least {implied:.0f}% of vol of vol against VVIX {quoted:.0f}"
    return _told(name, implied, limit, f"{why}: CHEAP" if implied > limit else why)


def _told(name: str, observed: float | None, threshold: float | None, why: str) -> Check:
    return Check(name=name, observed=observed, threshold=threshold, passed=True, why=why)


def _variance(options: Iterable[ChainQuote], years: float, rate: float) -> float | None:
    sides = {(option.strike, option.right): option.quote for option in options if 0.0 < option.strike < ABSURD}
    strikes = sorted({strike for strike, _ in sides})
    call_bid, call_ask, put_bid, put_ask = (
        [_side(sides, strike, right, side) for strike in strikes] for right, side in SIDES
    )
    return number(strip_variance(strikes, call_bid, call_ask, put_bid, put_ask, years, rate))


def _side(sides: Mapping[tuple[float, Right], Quote], strike: float, right: Right, side: str) -> float:
    quote = sides.get((strike, right))
    value = None if quote is None else number(quote.bid if side == "bid" else quote.ask)
    return float("nan") if value is None else value


def _fresh(index: IndexQuote, max_age_s: float) -> float | None:
    last, age_s = number(index.last), number(index.age_s)
    return last if last is not None and last > 0.0 and age_s is not None and age_s <= max_age_s else None
