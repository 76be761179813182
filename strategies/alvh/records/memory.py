"""Hold what one decision leaves to the next: the stored surface, the samples and the spike that is under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Phase(StrEnum):
    """Name the states of the spike machine (method note, 3.4)."""

    WATCH = "watch"
    ARMED = "armed"
    T1 = "tranche-1"
    T2 = "tranche-2"
    T3 = "tranche-3"
    UNWIND = "unwinding"
    FLAT = "flat"
    COOLDOWN = "cooling"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmilePoint:
    """Hold one point of a stored smile: x = ln(K/F) and its Black-76 volatility as a fraction."""

    x: float
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Smile:
    """Hold one expiry of a stored surface; `years` is the time to settlement when it was taken."""

    settles_at: datetime
    forward: float
    rate: float
    years: float
    points: tuple[SmilePoint, ...]


class SurfaceSource(StrEnum):
    """Say where a surface comes from; a modelled one allows the first tranche only (method note, 2.5.1)."""

    STORED = "stored"
    BARS = "bars"
    MODELLED = "modelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Hold the option surface at one instant: the baseline that a spike is measured against."""

    taken_at: datetime
    session_day: date
    source: SurfaceSource
    smiles: tuple[Smile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSeen:
    """Hold the smile on which a leg opened since the baseline is measured: that of the wake-up that first saw it."""

    con_id: int
    surface: Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Hold what one closed bar said, so that rules over several bars need no clock and no history store.

    `armable` is true when everything but persistence allowed arming; `term_inverted` compares the first two VX months.
    """

    end: datetime
    inflation: float | None
    armable: bool
    retraced: float | None
    term_inverted: bool | None
    vix_implied: float | None
    breadth_divergent: bool
    macd_hist: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Hold one spike from arming to flat: the frozen baseline, base and peak of the traded contract, what was done.

    `con_id` is the contract whose mid sets base and peak. `selling` is true once anything but a roll was sold,
    `buying_over` once the inflation fell below the keeping level; `tranche_goal_minis` is the position that completes
    the tranche in progress. A roll that began keeps the settlement day it leaves in `roll_from` and the minis it
    started with in `roll_minis`. `flatten_on` is the last session on which the overnight decision was to sell,
    `overnight_minis` what it let stay.
    """

    id: str
    armed_at: datetime
    armed_on: date
    baseline: Surface
    con_id: int
    base: float
    peak: float
    target_minis: int
    tranches_proposed: int
    stages_done: int
    selling: bool
    was_inverted: bool
    peak_position_minis: int
    first_fill_on: date | None = None
    tranche_goal_minis: int = 0
    buying_over: bool = False
    roll_from: date | None = None
    roll_minis: int = 0
    flatten_on: date | None = None
    overnight_minis: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityWatch:
    """Hold on how many polls in a row conversion and reversal paid, and the session on which VX was last suspect."""

    conversion_polls: int = 0
    reversal_polls: int = 0
    suspect_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollWatch:
    """Hold the sessions on which a roll was last said to be overdue, and its legs to stand apart for too long."""

    overdue_on: date | None = None
    apart_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Hold what one decision leaves to the next; the journal keeps it inside the decision's record.

    `closing_surface` is the last surface stored in the running session; when a new session starts it becomes
    `baseline`. `samples` are those of the session `session_on`. `known_legs` are the SPX legs that were already held,
    `first_seen` the smiles of those opened since the baseline was stored.
    """

    phase: Phase = Phase.WATCH
    episode: Episode | None = None
    baseline: Surface | None = None
    closing_surface: Surface | None = None
    cooldown_until: datetime | None = None
    round_trips: int = 0
    round_trips_on: date | None = None
    samples: tuple[Sample, ...] = ()
    session_on: date | None = None
    known_legs: tuple[int, ...] | None = None
    first_seen: tuple[FirstSeen, ...] = ()
    parity: ParityWatch = ParityWatch()
    roll: RollWatch = RollWatch()
