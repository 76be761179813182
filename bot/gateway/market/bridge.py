"""Draw a path through published values: a Brownian bridge in operational time, the same for the same random numbers."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one series, independent of those of every other."""
    return np.random.default_rng([seed & 0x7FFFFFFF, zlib.crc32(name.encode())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """Hold published values by tick (increasing), and the band each tick must stay in (infinite where unknown)."""

    ticks: Ints
    values: Array
    low: Array
    high: Array


def interpolate(ticks: Ints, values: Array, pace: Array) -> Array:
    """Return the straight line through the points in operational time `pace` (cumulated), flat beyond the ends."""
    return np.interp(pace, pace[ticks], values)


def bridge(ticks: Ints, values: Array, pace: Array, steps: Array) -> Array:
    """Return a path on the whole grid that passes exactly through (ticks, values).

    `pace` is the cumulated operational time of each tick; `steps` the noise of each tick, already scaled. The noise
    walks freely between two points and is tied down at both; before the first and after the last it is zero.
    """
    walk = np.cumsum(steps)
    tied = walk - interpolate(ticks, walk[ticks], pace)
    tied[: ticks[0]] = 0.0
    tied[ticks[-1] :] = 0.0
    path = interpolate(ticks, values, pace) + tied
    path[ticks] = values
    return path


def folded(path: Array, low: Array, high: Array) -> Array:
    """Return the path reflected into [low, high] at every tick where the band is finite."""
    inside = path.copy()
    known = np.isfinite(low) & np.isfinite(high)
    bottom, width = low[known], high[known] - low[known]
    span = np.where(width > 0, width, 1.0)
    offset = np.mod(path[known] - bottom, 2 * span)
    inside[known] = bottom + np.where(width > 0, np.minimum(offset, 2 * span - offset), 0.0)
    return inside


def held(values: Array, known: NDArray[np.bool_]) -> Array:
    """Return the values with every unknown tick repeating the last known one (the first known one before it)."""
    last = np.maximum.accumulate(np.where(known, np.arange(values.size), -1))
    last[last < 0] = int(np.argmax(known))
    return values[last]


def settled_noise(rng: np.random.Generator, size: int, half_life: int) -> Array:
    """Return stationary mean-reverting noise of unit variance whose memory halves in `half_life` ticks."""
    keep = 0.5 ** (1.0 / half_life)
    shocks = rng.standard_normal(size) * np.sqrt(1.0 - keep * keep)
    block = 16 * half_life  # 2**16 keeps the scaled sums well inside double precision
    decay = keep ** np.arange(1, block + 1)
    noise = np.empty(size)
    last = float(rng.standard_normal())
    for begin in range(0, size, block):
        part = shocks[begin : begin + block]
        weights = decay[: part.size]
        noise[begin : begin + block] = weights * (last + np.cumsum(part / weights))
        last = float(noise[begin + part.size - 1])
    return noise
