"""Compute RSI and MACD over closes with TA-Lib, and say when they mean nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import talib

from strategies.alvh.records import Bar

BAR = timedelta(minutes=5)


def closed_bars(bars: tuple[Bar, ...], now: datetime) -> tuple[Bar, ...]:
    """Return the bars that had ended by `now`, or nothing when the last of them is two bar lengths old or more."""
    while bars and bars[-1].end > now:
        bars = bars[:-1]
    return bars if bars and now - bars[-1].end < 2 * BAR else ()


def rsi(bars: tuple[Bar, ...], length: int) -> npt.NDArray[np.float64] | None:
    """Return Wilder's RSI of the closes, one value per bar after the first `length` (Wilder 1978, as TA-Lib seeds it).

    `None` when there are too few bars, a close is not a positive number, or no close in the series differs from the
    others: a flat market has no RSI.
    """
    closes = _closes(bars)
    if closes is None or len(closes) <= length or np.ptp(closes) == 0.0:
        return None
    values: npt.NDArray[np.float64] = talib.RSI(closes, timeperiod=length)[length:]
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Macd:
    """Hold the last MACD line and signal, and the last three histogram values, oldest first."""

    line: float
    signal: float
    histogram: tuple[float, float, float]


def macd(bars: tuple[Bar, ...], fast: int, slow: int, signal: int) -> Macd | None:
    """Return MACD of the closes with averages seeded by simple means (TA-Lib's way); `None` when it is not defined."""
    closes = _closes(bars)
    if closes is None or len(closes) < slow + signal + 1:
        return None
    line, average, histogram = talib.MACD(closes, fastperiod=fast, slowperiod=slow, signalperiod=signal)
    older, middle, last = (float(value) for value in histogram[-3:])
    return Macd(line=float(line[-1]), signal=float(average[-1]), histogram=(older, middle, last))


def _closes(bars: tuple[Bar, ...]) -> npt.NDArray[np.float64] | None:
    closes = np.array([bar.close for bar in bars], dtype=np.float64)
    return closes if closes.size and bool(np.all(np.isfinite(closes) & (closes > 0.0))) else None
