"""Model the volatility surface: total variance from the VIX term structure, one smile in normalised moneyness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TERM_DAYS = (9.0, 30.0, 93.0)
DAYS_A_YEAR = 365.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Smile:
    """Hold a hyperbola for (sigma / atm)^2 over z = ln(K/F) / (atm sqrt(T)), after Gatheral's SVI.

    `(sigma/atm)^2 = base + slope * (tilt * (z - shift) + sqrt((z - shift)^2 + width^2))`, with `base` such that it is 1
    at the money.
    """

    slope: float
    tilt: float
    shift: float
    width: float

    def ratio(self, z: Array) -> Array:
        """Return sigma / atm at normalised moneyness `z`."""
        at_money = self.slope * (-self.tilt * self.shift + np.hypot(self.shift, self.width))
        squared = 1.0 - at_money + self.slope * (self.tilt * (z - self.shift) + np.hypot(z - self.shift, self.width))
        return np.asarray(np.sqrt(np.maximum(squared, 0.04)))


# SPX: 25-delta put about 16% and 10-delta put about 38% over at the money, calls 10% to 13% under it.
SPX_SMILE = Smile(slope=0.33, tilt=-0.62, shift=0.6, width=0.7)
# VIX options: the calls carry the skew.
VIX_SMILE = Smile(slope=0.38, tilt=0.60, shift=-0.5, width=0.7)
# VIX over at-the-money volatility of SPX_SMILE at 30 days: the variance strip counts the wings (tests recompute it).
VIX_OVER_ATM = 1.0935


def term_volatility(days: Array, vix9d: Array, vix: Array, vix3m: Array) -> Array:
    """Return VIX-style volatility (percent) at `days`: total variance linear between 9, 30 and 93 days, flat beyond.

    Total variance never falls with maturity: a longer index below what that allows is lifted.
    """
    near, middle, far = TERM_DAYS
    one = vix9d * vix9d * near
    two = np.maximum(vix * vix * middle, one)
    three = np.maximum(vix3m * vix3m * far, two)
    first = one + (two - one) * (days - near) / (middle - near)
    second = two + (three - two) * (days - middle) / (far - middle)
    total = np.where(days < near, one / near * days, np.where(days < middle, first, second))
    total = np.where(days > far, three / far * days, total)
    return np.asarray(np.sqrt(total / days))


def spx_volatility(log_moneyness: Array, years: Array, level: Array) -> Array:
    """Return implied volatility as a fraction for ln(K/F), T in years and the VIX-style `level` (percent) of that T."""
    atm = level / (100.0 * VIX_OVER_ATM)
    return atm * SPX_SMILE.ratio(log_moneyness / (atm * np.sqrt(years)))


def vix_option_volatility(log_moneyness: Array, years: Array, vvix: Array) -> Array:
    """Return implied volatility of a VIX option on its future: VVIX at 30 days, falling with maturity (Samuelson)."""
    days = np.maximum(years * DAYS_A_YEAR, 5.0)
    atm = 0.90 * vvix / 100.0 * (30.0 / days) ** 0.30
    return atm * VIX_SMILE.ratio(log_moneyness / (atm * np.sqrt(years)))
