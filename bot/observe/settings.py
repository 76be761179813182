"""Say how far the observer looks."""

from __future__ import annotations

from dataclasses import dataclass, field

from strategies.alvh.policy import FreshnessPolicy, SizingPolicy

FAR_ENOUGH = 1.25  # a term's nearest monthly lies at most this far beyond it


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Hold the observer's settings.

    `rate` is the riskless rate a year as a fraction. `lines` bounds the market-data lines in use at once,
    `spread_requests` the options whose spread history is fetched in one wake-up. Futures settling within
    `futures_days` are quoted; only those from `min_dte` to `max_dte` days, and held ones, carry bars, and `vix_strikes`
    pairs of options on VIX at the money. Calls on VIX of about `vix_call_deltas` are watched in the first
    `vix_call_expiries` expiries from `vix_call_days`, in calendar days. With `event_calls` they are quoted at every
    look on the day of a release. `core_days` are terms at which options on VIX and their futures are watched as well.
    `sizing` holds the curve that the beta of VX is estimated against.
    """

    rate: float
    bars: int = 500
    lines: int = 100
    spread_requests: int = 12
    futures_days: int = 75
    min_dte: int = 12
    max_dte: int = 50
    tenors_days: tuple[float, ...] = (7.0, 30.0, 60.0, 90.0)
    wings: tuple[float, ...] = (0.95, 0.90, 1.03)
    recentre_share: float = 0.015
    vix_strikes: int = 3
    vix_call_days: tuple[int, int] = (7, 30)
    vix_call_expiries: int = 2
    vix_call_deltas: tuple[float, ...] = (0.55, 0.45, 0.36, 0.28, 0.21, 0.15, 0.10)
    event_calls: bool = False
    core_days: tuple[int, ...] = ()
    sizing: SizingPolicy = field(default_factory=SizingPolicy)
    freshness: FreshnessPolicy = field(default_factory=FreshnessPolicy)

    @property
    def futures_within(self) -> int:
        """Return the days within which futures are quoted."""
        return max((self.futures_days, *(int(FAR_ENOUGH * days) for days in self.core_days)))
