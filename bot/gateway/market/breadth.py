"""Model NYSE breadth from SPX: nobody publishes intraday advances and declines, so nothing here is recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.gateway.market.bridge import Array, generator, held, settled_noise
from bot.gateway.market.indices import Clockwork
from bot.gateway.market.sessions import Hours

_ISSUES = 3000.0
_UNCHANGED = 90.0
_OWN_NOISE = 0.08  # standard deviation of (advances - declines) / (advances + declines) at an unchanged index
_NOISE_HALF_LIFE = 200  # ticks
_CEILING, _SLOPE = 0.95, 0.42  # one typical day's move gives about 0.4, three give about 0.8
_LIMIT = 0.985


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadth:
    """Hold advancers, decliners and unchanged issues, and the TICK, at every tick."""

    advancers: Array
    decliners: Array
    unchanged: Array
    tick: Array


def breadth(spx: Array, vix: Array, clock: Clockwork, seed: int) -> Breadth:
    """Return breadth as a saturating function of SPX's move since the last close, in typical daily moves, plus noise.

    A typical daily move is VIX at the last close over sqrt(252). Outside cash hours the last values stand.
    """
    rng = generator(seed, "AD-NYSE")
    open_ = clock.open[Hours.CASH]
    moved = np.log(spx / prior_closes(spx, clock)) / (prior_closes(vix, clock) / 100.0 / np.sqrt(252.0))
    balance = _CEILING * np.tanh(_SLOPE * moved) + _OWN_NOISE * settled_noise(rng, spx.size, _NOISE_HALF_LIFE)
    balance = np.clip(balance, -_LIMIT, _LIMIT)
    unchanged = np.round(_UNCHANGED * (1.2 - 0.7 * np.abs(balance)) + 6.0 * rng.standard_normal(spx.size))
    unchanged = np.clip(unchanged, 15.0, 200.0)
    advancers = np.round((_ISSUES - unchanged) * (1.0 + balance) / 2.0)
    decliners = _ISSUES - unchanged - advancers
    return Breadth(
        advancers=held(advancers, open_),
        decliners=held(decliners, open_),
        unchanged=held(unchanged, open_),
        tick=held(_tick(spx, generator(seed, "TICK-NYSE")), open_),
    )


def _tick(spx: Array, rng: np.random.Generator) -> Array:
    """Return the TICK: up-ticks less down-ticks, driven by the last two minutes of SPX and quick noise of its own."""
    lately = np.zeros(spx.size)
    lately[8:] = np.log(spx[8:] / spx[:-8]) * 1e4
    return np.asarray(np.round(np.clip(55.0 * lately + 260.0 * settled_noise(rng, spx.size, 4), -1900.0, 1900.0)))


def prior_closes(path: Array, clock: Clockwork) -> Array:
    """Return at every tick the value that stood when the current cash session opened."""
    prior = np.full(path.size, path[0])
    grid = clock.grid
    opens = [
        grid.index(span.opens)
        for day in clock.timetable.days
        for span in clock.timetable.spans(Hours.CASH, day)
        if grid.holds(span.opens)
    ]
    for first, after in zip(opens, [*opens[1:], grid.size], strict=True):
        prior[first:after] = path[max(first - 1, 0)]
    return prior
