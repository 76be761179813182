"""Hold the outcome of a wake-up: every check, the exposure, the proposals and the memory for the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strategies.alvh.records.hedge import Proposal
from strategies.alvh.records.memory import Memory, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Record one question the method asked, what it saw, and whether that allows the action."""

    name: str
    observed: float | str | None
    threshold: float | str | None
    passed: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegExposure:
    """Hold one leg's greeks times quantity and multiplier in dollars; all `None` when the leg could not be valued."""

    con_id: int
    label: str
    quantity: int
    vega_usd: float | None
    vega30_usd: float | None
    delta_usd: float | None
    gamma_usd: float | None
    theta_usd: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryExposure:
    """Hold what the book has at one settlement instant: legs, and greeks in the units of `Exposure`."""

    settles_at: datetime
    legs: int
    vega_usd: float | None
    vega30_usd: float | None
    delta_usd: float | None
    gamma_usd: float | None
    theta_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Name options that are part of no condor, and why; `quantity` counts spreads, or contracts with their sign."""

    con_ids: tuple[int, ...]
    label: str
    quantity: int
    why: str
    hedged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeableShare:
    """Hold the modelled variance of the book's next day, split: three parts that add up to 1, and what VIX explains.

    `share` is what of it a long hedge that follows VIX can address at most; `deviation_usd` is its square root.
    """

    share: float
    vega_part: float
    delta_part: float
    rest_part: float
    deviation_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Hold the book's exposure now and against the baseline (method note, 2.1-2.5); dollars per VIX point.

    `vega30` is term-weighted net vega, `side_vega30` that of the short puts; `inflation` is the gauge I, `iv_only` its
    part at unchanged forwards, `ceiling` the largest value it can reach; `vega_delta` the dollars per point to
    neutralise.
    """

    condors: int
    legs: int
    unknown_legs: int
    vega_usd: float | None
    vega30_usd: float | None
    vega30_baseline_usd: float | None
    side_vega30_usd: float | None
    side_vega30_baseline_usd: float | None
    inflation: float | None
    iv_only: float | None
    ceiling: float | None
    short_dated_share: float | None
    vega_delta_usd: float | None
    delta_usd: float | None
    gamma_usd: float | None
    theta_usd: float | None
    lower_break_even: float | None = None
    upper_break_even: float | None = None
    own_greeks_legs: int = 0
    inflation_put_side: float | None = None
    inflation_call_side: float | None = None
    inflation_both_sides: float | None = None
    inflation_net: float | None = None
    leftover_legs: int = 0
    expiries: tuple[ExpiryExposure, ...] = ()
    hedgeable_share: HedgeableShare | None = None
    hedged_spreads: int = 0
    leftovers: tuple[Leftover, ...] = ()

    @property
    def guarded(self) -> int:
        """Return how many positions the hedge is for: condors, and spreads without a partner where those count."""
        return self.condors + self.hedged_spreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Hold the outcome of one wake-up: what to do, why, and the memory for the next one.

    `cancel` lists the refs of working orders to take back. `summary` is one sentence in the trader's words, `alerts`
    what a human should know now, each said once.
    """

    at: datetime
    phase_before: Phase
    phase_after: Phase
    proposals: tuple[Proposal, ...]
    cancel: tuple[str, ...]
    checks: tuple[Check, ...]
    exposure: Exposure | None
    hedge_usd_per_point: float
    target_minis: int
    summary: str
    memory: Memory
    alerts: tuple[str, ...] = ()
