"""Price European options on a forward: Black-76 values, greeks and implied volatility, vectorised.

Arguments broadcast against each other and may be scalars or arrays; results are arrays. Volatilities and rates are
fractions per year, times are years of 365 days. Bad input (not a number, non-positive forward or strike) gives `nan`
in the cells concerned and never an exception, so that one bad quote cannot spoil a book.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

DAYS_PER_YEAR = 365.0
SECONDS_PER_DAY = 86_400.0
MIN_YEARS = 1 / (24 * 365)
"""Shortest time to settlement that is priced: one hour. Greeks explode below it."""

_SIGMA_MAX = 10.0
_SIGMA_MIN = 1e-4
_SOLVER_STEPS = 80
_TOLERANCE = 1e-7  # a step triples the digits, so one of this size leaves nothing to find
_INV_SQRT_2PI = 1.0 / np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Black76Greeks:
    """Hold value and greeks per share: delta and gamma to the forward, vega per vol point, theta per calendar day."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


def years_until(settles_at: datetime, at: datetime) -> float:
    """Return the time from `at` to settlement in years, never below one hour."""
    return max((settles_at - at).total_seconds() / (SECONDS_PER_DAY * DAYS_PER_YEAR), MIN_YEARS)


def black76_price(
    forward: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, sigma: ArrayLike, is_call: ArrayLike
) -> Floats:
    """Return discounted Black-76 prices (Black, "The pricing of commodity contracts", 1976).

    A volatility or a time of zero gives the discounted intrinsic value.
    """
    f, k, t, r, s, call = _arrays(forward, strike, years, rate, sigma, is_call)
    with np.errstate(all="ignore"):
        intrinsic = np.maximum(_sign(call) * (f - k), 0.0)
        return np.asarray(np.exp(-r * t) * (intrinsic + _time_value(np.log(f / k), np.sqrt(f * k), s * np.sqrt(t))))


def black76_greeks(
    forward: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, sigma: ArrayLike, is_call: ArrayLike
) -> Black76Greeks:
    """Return Black-76 values and greeks per share: vega per vol point (0.01), theta per day at a constant forward.

    Where volatility or time is zero, delta is the discounted step and gamma, vega and the decay of time value are zero.
    """
    f, k, t, r, s, call = _arrays(forward, strike, years, rate, sigma, is_call)
    sign = _sign(call)
    with np.errstate(all="ignore"):
        stdev = s * np.sqrt(t)
        alive = stdev > 0.0
        step = np.where(f == k, 0.0, np.where(f > k, np.inf, -np.inf))
        d1 = np.where(alive, np.log(f / k) / stdev + 0.5 * stdev, step)
        discount = np.exp(-r * t)
        density = np.where(alive, discount * _density(d1), 0.0)
        price = discount * (np.maximum(sign * (f - k), 0.0) + _time_value(np.log(f / k), np.sqrt(f * k), stdev))
        decay = np.where(alive, f * density * s / (2.0 * np.sqrt(t)), 0.0)
        greeks = Black76Greeks(
            price=price,
            delta=sign * discount * ndtr(sign * d1),
            gamma=np.where(alive, density / (f * stdev), 0.0),
            vega=f * density * np.sqrt(t) * 0.01,
            theta=(r * price - decay) / DAYS_PER_YEAR,
        )
    return _blank(greeks, np.isnan(price))


def black76_vega(forward: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, sigma: ArrayLike) -> Floats:
    """Return Black-76 vega per share and vol point (0.01), that of `black76_greeks` without the other greeks."""
    f, k, t, r, s = _arrays(forward, strike, years, rate, sigma)
    with np.errstate(all="ignore"):
        stdev, moneyness = s * np.sqrt(t), np.log(f / k)
        density = _density(moneyness / stdev + 0.5 * stdev)
        vega = np.where(stdev > 0.0, np.exp(-r * t) * f * density * np.sqrt(t) * 0.01, 0.0)
        return np.where(np.isfinite(moneyness + stdev + f * k), vega, np.nan)


def implied_vol(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    is_call: ArrayLike,
    guess: ArrayLike = np.nan,
) -> Floats:
    """Return the volatility at which Black-76 gives `price`; `nan` where there is none between 0.01% and 1000%.

    A `guess` of the volatility shortens the search and changes nothing else; it may be wrong or `nan`.

    Works on the time value, so that an option in the money is solved as its partner out of the money, by Halley's
    method kept inside a shrinking bracket. Below the inflection point (Manaster and Koehler, 1982), where the value
    itself is too curved, the step is taken in its logarithm, which is almost straight in 1 / variance.
    """
    p, f, k, t, r, call, near = _arrays(price, forward, strike, years, rate, is_call, guess)
    with np.errstate(all="ignore"):
        moneyness = np.log(f / k)
        target = (p * np.exp(r * t) - np.maximum(_sign(call) * (f - k), 0.0)) / np.sqrt(f * k)
        low = np.broadcast_to(_SIGMA_MIN * np.sqrt(t), target.shape)
        high = np.broadcast_to(_SIGMA_MAX * np.sqrt(t), target.shape)
        solvable = (
            np.isfinite(moneyness)
            & (t > 0.0)
            & (target > _time_value(moneyness, 1.0, low))
            & (target < _time_value(moneyness, 1.0, high))
        )
        result = np.full(target.shape, np.nan)
        given = (target, moneyness, low, high, near * np.sqrt(t))
        result[solvable] = _total_stdev(*(values[solvable] for values in given))
        return np.asarray(result / np.sqrt(t), dtype=np.float64)


def _arrays(*values: ArrayLike) -> tuple[Floats, ...]:
    """Broadcast to float arrays of one shape; flags become 0.0 and 1.0."""
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    shape = np.broadcast_shapes(*{array.shape for array in arrays})
    return tuple(array if array.shape == shape else np.broadcast_to(array, shape) for array in arrays)


def _sign(is_call: Floats) -> Floats:
    return np.where(is_call != 0.0, 1.0, -1.0)


def _density(d: Floats) -> Floats:
    return np.asarray(_INV_SQRT_2PI * np.exp(-0.5 * d * d), dtype=np.float64)


def _time_value(moneyness: Floats, scale: Floats | float, stdev: Floats) -> Floats:
    """Return the undiscounted value of the option out of the money; `scale` is sqrt(F K), `moneyness` ln(F/K)."""
    away = -np.abs(moneyness)
    usable = stdev > 0.0
    d = np.where(usable, away / np.where(usable, stdev, 1.0), -np.inf)
    value = np.exp(0.5 * away) * ndtr(d + 0.5 * stdev) - np.exp(-0.5 * away) * ndtr(d - 0.5 * stdev)
    return np.asarray(scale * np.where(np.isfinite(moneyness + stdev), np.maximum(value, 0.0), np.nan))


def _total_stdev(target: Floats, moneyness: Floats, low: Floats, high: Floats, guess: Floats) -> Floats:
    """Solve for sigma * sqrt(T), the time value in units of sqrt(F K) being bracketed by `low` and `high`.

    The first value tried is the inflection point, or the guess where it lies on the solution's side of that point.
    """
    away = np.abs(moneyness)
    root = np.exp(0.5 * away)
    inflection = np.sqrt(2.0 * away)
    steep = target < _time_value(moneyness, 1.0, inflection)
    start = np.where(away > 0.0, inflection, target / _INV_SQRT_2PI)
    helps = (guess > 0.0) & np.where(steep, guess < inflection, guess > inflection)
    stdev = np.clip(np.where(helps, guess, start), low, high)
    for _ in range(_SOLVER_STEPS):
        scaled, half = away / stdev, 0.5 * stdev
        value = np.maximum(ndtr(half - scaled) / root - ndtr(-half - scaled) * root, 0.0)
        slope = root * _density(scaled + half)
        over = value > target
        low, high = np.where(over, low, stdev), np.where(over, stdev, high)
        bend = (scaled * scaled - half * half) / stdev  # the slope's own slope over it
        bend = np.where(steep, bend - slope / value + 3.0 / stdev, bend)
        step = np.where(steep, value * np.log(target / value), target - value) / slope
        step = step / np.maximum(1.0 + 0.5 * step * bend, 0.5)
        reached = np.where(steep, stdev / np.sqrt(1.0 - 2.0 * step / stdev), stdev + step)
        moved = np.where((reached >= low) & (reached <= high), reached, 0.5 * (low + high))
        done = np.abs(moved - stdev) <= _TOLERANCE * stdev
        stdev = moved
        if bool(done.all()):
            break
    return stdev


def _blank(greeks: Black76Greeks, bad: NDArray[np.bool_]) -> Black76Greeks:
    """Return the greeks with every cell `nan` where one input was unusable."""
    if not bool(bad.any()):
        return greeks
    return Black76Greeks(
        price=np.where(bad, np.nan, greeks.price),
        delta=np.where(bad, np.nan, greeks.delta),
        gamma=np.where(bad, np.nan, greeks.gamma),
        vega=np.where(bad, np.nan, greeks.vega),
        theta=np.where(bad, np.nan, greeks.theta),
    )
