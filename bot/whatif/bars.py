"""Make bars that say what was told: a VIX whose RSI is a given number, a VX whose MACD rises or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from strategies.alvh.indicators import BAR, rsi
from strategies.alvh.records import Bar, BreadthBar

ISSUES = 2800.0  # of the NYSE, advancing or declining
LOOK_BACK = 8
RSI_BARS = 61
RSI_STEP = 0.002  # of the price: how far the quiet bars swing
SEARCHES = 60
WARM_UP = 40  # bars beyond the warm-up that the MACD asks for


class Macd(StrEnum):
    """Say what the MACD of VX is told to do on the last closed bars."""

    RISING = "rising"  # on two bars in a row
    ONCE = "once"  # on the last bar alone
    FLAT = "flat"
    FALLING = "falling"


CLIMBS: dict[Macd, tuple[float, ...]] = {
    Macd.RISING: (0.01, 0.02, 0.04, 0.07, 0.11, 0.16),
    Macd.ONCE: (0.01, 0.02, 0.04, 0.09, 0.05, 0.12),
    Macd.FLAT: (),
    Macd.FALLING: (-0.01, -0.02, -0.04, -0.07, -0.11, -0.16),
}
"""The last closes against the quiet level before them, as fractions."""


def steady(value: float, end: datetime, count: int = LOOK_BACK) -> tuple[Bar, ...]:
    """Return bars that stood at one value, the last one ending at `end`."""
    return _bars([value] * count, end)


def steady_breadth(level: float, end: datetime, count: int = LOOK_BACK) -> tuple[BreadthBar, ...]:
    """Return bars whose (advancers - decliners) / (advancers + decliners) stood at `level`."""
    up, down = ISSUES * (1.0 + level) / 2.0, ISSUES * (1.0 - level) / 2.0
    return tuple(BreadthBar(end=end - n * BAR, advancers=up, decliners=down) for n in range(count - 1, -1, -1))


def with_rsi(last: float, wanted: float, length: int, end: datetime) -> tuple[Bar, ...]:
    """Return bars that end at `last` with Wilder's RSI of their closes at `wanted` (1 to 99).

    Quiet bars swing evenly, then the last one moves as far as the RSI asks for; found by halving.
    """
    low, high = -200.0, 200.0  # the last move in swings
    for _ in range(SEARCHES):
        middle = 0.5 * (low + high)
        values = rsi(_bars(_swing(middle, last), end), length)
        if values is None or float(values[-1]) < wanted:
            low = middle
        else:
            high = middle
    return _bars(_swing(high, last), end)


def with_macd(last: float, macd: Macd, min_bars: int, end: datetime) -> tuple[Bar, ...]:
    """Return bars that end at `last` and whose MACD does what was told on the last of them."""
    climb = CLIMBS[macd]
    level = last / (1.0 + climb[-1]) if climb else last
    quiet = [level * (1.0 + (0.0005 if n % 2 else -0.0005)) for n in range(min_bars + WARM_UP - len(climb))]
    return _bars(quiet + [level * (1.0 + share) for share in climb], end)


def last_closed(now: datetime, opens_at: datetime) -> datetime:
    """Return the end of the last bar that has closed, counted from the open."""
    return opens_at + ((now - opens_at) // BAR) * BAR


def _swing(move: float, last: float) -> Sequence[float]:
    step = RSI_STEP * last / max(1.0, abs(move) / 20.0)
    before = last - move * step
    return [before + (step if (RSI_BARS - n) % 2 else 0.0) for n in range(RSI_BARS - 1)] + [last]


def _bars(closes: Sequence[float], end: datetime) -> tuple[Bar, ...]:
    first = end - BAR * (len(closes) - 1)
    return tuple(
        Bar(end=first + timedelta(seconds=n * BAR.total_seconds()), open=close, high=close, low=close, close=close)
        for n, close in enumerate(closes)
    )
