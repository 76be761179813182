"""Model NYSE breadth from SPX: advances and declines are not published intraday anywhere, so nothing here is recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.gateway.market.bridge import Array, generator, held, settled_noise
from bot.gateway.market.indices import Clockwork, Mask
from bot.gateway.market.sessions import Hours

_ISSUES = 3000.0
_UNCHANGED = 90.0
_OWN_NOISE = 0.13  # standard deviation of (advances - declines) / (advances + declines) at an unchanged index
_NOISE_HALF_LIFE = 200  # ticks
_SLOPE = 0.9  # tanh argument per typical day's move


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadth:
    """Hold advancers, decliners and unchanged issues, and the TICK, at every tick."""

    advancers: Array
    decliners: Array
    unchanged: Array
    tick: Array


def breadth(spx: Array, vix: Array, clock: Clockwork, seed: int) -> Breadth:
    """Return breadth as a saturating function of SPX's move since the last close in units of a typical day's move.

    A typical day's move is half of VIX / sqrt(252) in percent: VIX overstates what is realised. Outside cash hours the last
    values stand.
    """
    rng = generator(seed, "AD-NYSE")
    open_ = clock.open[Hours.CASH]
    moved = np.log(spx / prior_closes(spx, clock)) / (0.7 * vix / 100.0 / np.sqrt(252.0))
    balance = np.tanh(_SLOPE * moved + 0.15 * settled_noise(rng, spx.size, _NOISE_HALF_LIFE))
    balance = np.clip(balance + _OWN_NOISE * settled_noise(rng, spx.size, _NOISE_HALF_LIFE), -0.985, 0.985)
    unchanged = np.round(_UNCHANGED * (1.2 - 0.7 * np.abs(balance)) + 6.0 * rng.standard_normal(spx.size))
    unchanged = np.clip(unchanged, 15.0, 200.0)
    advancers = np.round((_ISSUES - unchanged) * (1.0 + balance) / 2.0)
    decliners = _ISSUES - unchanged - advancers
    lately = np.log(spx / np.roll(spx, 8)) * 1e4
    lately[:8] = 0.0
    tick = np.round(np.clip(55.0 * lately + 260.0 * settled_noise(rng, spx.size, 4), -1900.0, 1900.0))
    advancers, decliners, unchanged, tick = (held(item, open_) for item in (advancers, decliners, unchanged, tick))
    return Breadth(advancers=advancers, decliners=decliners, unchanged=unchanged, tick=tick)


def prior_closes(spx: Array, clock: Clockwork) -> Array:
    """Return at every tick the index at the close of the session before the current one."""
    prior = np.full(spx.size, spx[0])
    grid = clock.grid
    opens = [
        grid.index(span.opens)
        for day in clock.timetable.days
        for span in clock.timetable.spans(Hours.CASH, day)
        if grid.holds(span.opens)
    ]
    for first, after in zip(opens, [*opens[1:], grid.size], strict=True):
        prior[first:after] = spx[max(first - 1, 0)]
    return prior
