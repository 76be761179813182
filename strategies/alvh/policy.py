"""State the method's settings as the method note groups them (section 7); units stand in the names or beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Profile(StrEnum):
    """Name the tempers of the method; what each changes stands in `profiles.py`."""

    STEWARD = "steward"
    PROMOTER = "promoter"


class Gauge(StrEnum):
    """Choose which vega inflation may arm the hedge; only `put_side` is meant for trading."""

    PUT_SIDE = "put_side"
    CALL_SIDE = "call_side"
    BOTH_SIDES = "both_sides"
    NET = "net"


class ArmOn(StrEnum):
    """Choose what arms: the gauge, the quorum of signals, or both."""

    BOTH = "both"
    INFLATION = "inflation"
    SIGNALS = "signals"


class VegaDelta(StrEnum):
    """Choose how the source's "vega delta" is read (method note, 2.5.3)."""

    INCREMENT = "increment"
    NET_LITERAL = "net_literal"
    TOTAL = "total"
    SCENARIO = "scenario"


class SizingMode(StrEnum):
    """Choose whether a future's beta or its minimum-variance ratio turns vega into contracts."""

    ONE_OVER_BETA = "one_over_beta"
    MIN_VARIANCE = "min_variance"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingPolicy:
    """Settings of method note 2."""

    coverage: float = 0.60
    coverage_max: float = 0.75
    mode: SizingMode = SizingMode.ONE_OVER_BETA
    term_exponent: float = 0.37
    min_dte_clamp_days: float = 7.0
    beta_a: float = 0.80
    beta_c: float = 0.59
    beta_refit: bool = True
    gauge: Gauge = Gauge.PUT_SIDE
    arm_on: ArmOn = ArmOn.BOTH
    inflation_watch: float = 0.25
    inflation_arm: float = 0.40
    inflation_keep: float = 0.30
    inflation_disarm: float = 0.15
    inflation_cap: float = 1.0
    min_side_vega_usd: float = 100.0
    min_leg_days: float = 2.0
    vega_delta: VegaDelta = VegaDelta.INCREMENT
    scenario_vix_points: float = 5.0
    scenario_spx_pct_per_vix: float = -0.50  # SPX returns on VIX changes through the origin, days VIX >= +2, 2004-2021
    allow_mix: bool = True
    prefer_mini: bool = False
    hedge_lone_spreads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TranchePolicy:
    """Settings of method note 3.4."""

    cumulative: tuple[float, float, float] = (0.30, 0.65, 1.00)
    min_gap_minutes: int = 10
    max_round_trips: int = 2
    cooldown_minutes: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPolicy:
    """Settings of method note 3.0-3.4."""

    edr_multiplier: float = 1.0
    rsi_length: int = 14
    rsi_level: float = 70.0
    rsi_jump: float = 20.0
    rsi_jump_bars: int = 6
    vix_jump: float = 0.08
    vix_jump_from_open: float = 0.05
    macd_fast: int = 12
    macd_slow: int = 26
    macd_signal: int = 9
    macd_rising_bars: int = 2
    min_bars: int = 500
    quorum: int = 2
    quorum_source_and: bool = False
    vx_jump: float = 0.05
    breadth_divergence: float = -1.25
    breadth_level: float = -0.20
    breadth_breakdown: float = -0.60
    breadth_stdev_fallback: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterPolicy:
    """Settings of method note 3.5."""

    vix_gap_points: float = 2.5
    vix_gap_share: float = 0.10
    vx_confirm: float = 0.5
    persist_bars: int = 2
    single_bar_vx_jump: float = 0.10
    spx_edr_share: float = 0.25
    max_spread_ratio: float = 3.0
    not_before_minutes: int = 5  # after the open
    not_after_minutes: int = 10  # before the close


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessPolicy:
    """Largest age in seconds at which a number may still be used to open."""

    vx_s: float = 10.0
    spx_s: float = 15.0
    vix_s: float = 60.0
    breadth_s: float = 120.0
    greeks_s: float = 60.0
    positions_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPolicy:
    """Settings of method note 3.16."""

    min_dte: int = 12
    max_dte: int = 50
    roll_dte: int = 7
    roll_business_days: int = 5
    legging_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwindPolicy:
    """Settings of method note 3.14 and 3.15."""

    stages: tuple[float, float, float] = (0.50, 0.70, 0.90)
    min_rise_points: float = 1.00
    min_rise_share: float = 0.05
    quiet_bars: int = 6
    max_sessions: int = 5
    stop_points: float = 2.0
    stop_share: float = 0.10
    min_hold_minutes: int = 10
    excess_ratio: float = 1.10
    overnight_inflation: float = 0.20
    overnight_cost_share: float = 0.015
    overnight_decide_minutes: int = 15  # before the close
    stress_drop: float = 0.30
    min_excess_liquidity_share: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidityPolicy:
    """Settings of method note 3.9; spreads in ticks of the contract."""

    ratio_ok: float = 5.0
    ratio_min: float = 1.0
    deteriorated: float = 0.3
    vx_spread_ticks: float = 2.0
    vxm_spread_ticks: float = 5.0
    vx_spread_ticks_max: float = 6.0
    vxm_spread_ticks_max: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityPolicy:
    """Settings of the comparison of VX with options on VIX and with the variance of SPX."""

    require: bool = False
    strikes: int = 3
    max_age_s: float = 60.0
    gate_points: float = 0.30
    gate_share: float = 0.015
    alert_points: float = 0.05
    alert_polls: int = 3
    option_fee_usd: float = 1.10
    strip_strikes: int = 12
    rich_points: float = 0.50
    cheap_share: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPolicy:
    """Levels at which the background speaks for a justified spike, and how old its numbers may be."""

    pace: bool = True
    sector_z: float = -1.5
    credit_pct: float = -0.5
    earnings_gap: float = 1.0
    max_age_s: float = 900.0
    max_days: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class CapmPolicy:
    """Betas to the equity market of the first, second and third listed VX month, and what the portfolio may have.

    The betas are regressions of daily simple returns on SPY, 2013-2025 (R2 .52).
    """

    future_betas: tuple[float, float, float] = (-3.9, -2.75, -2.1)
    floor: float = 0.30
    equity_premium: float = 0.05


class CoreMode(StrEnum):
    """Choose whether the long-dated layer of VIX calls is left alone, described, or bought."""

    OFF = "off"
    REPORT = "report"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPolicy:
    """Settings of the VIX calls bought around scheduled releases (docs/method.md, "Events and VIX calls")."""

    enabled: bool = False
    names: tuple[str, ...] = ("FOMC", "CPI", "PPI")
    before_minutes: int = 5
    after_minutes: int = 90
    min_dte: int = 7
    max_dte: int = 30
    min_open_interest: int = 1000
    delta_low: float = 0.25
    delta_high: float = 0.35
    event_nlv_share: float = 0.0025
    event_credit_share: float = 0.10
    month_nlv_share: float = 0.01
    max_spread_share: float = 0.15
    limit_spread_share: float = 0.25
    max_contracts: int = 10
    max_attempts: int = 3
    quote_age_s: float = 60.0
    fomc_outside_windows: bool = True
    fomc_from_minutes: int = 5
    fomc_until_minutes: int = 90
    profit_multiple: float = 2.0
    exit_business_days: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CorePolicy:
    """Settings of the long-dated layer of VIX calls; one entry of a tuple for each of its three terms."""

    mode: CoreMode = CoreMode.OFF
    calls_per_ten_condors: tuple[int, int, int] = (4, 4, 2)
    dte: tuple[int, int, int] = (30, 110, 220)
    roll_dte: tuple[int, int, int] = (28, 100, 200)
    roll_dte_last: tuple[int, int, int] = (25, 90, 180)
    delta: float = 0.50
    delta_slack: float = 0.10
    open_below_vix: float = 15.0
    year_nlv_share: float = 0.02
    max_spread_share: float = 0.15
    limit_spread_share: float = 0.25
    max_contracts: int = 40
    max_attempts: int = 3


class EquityCost(StrEnum):
    """Choose where the cost of equity comes from: a stated number, or CAPM (cash plus beta times the premium)."""

    FIXED = "fixed"
    CAPM = "capm"


@dataclass(frozen=True, slots=True, kw_only=True)
class EconomicsPolicy:
    """What capital costs, the scenarios that a purchase is judged by, and what the insurance may cost.

    Probabilities and moves are for fast reversal, slow reversal and continuation, in this order: the first two give
    back a share of the day's rise of VIX, the third adds a share of VIX. They come from 144 closes with VIX up 15%.
    """

    enabled: bool = True
    equity_cost: EquityCost = EquityCost.FIXED
    cost_of_equity: float = 0.10
    equity_beta: float = 1.0
    debit_spread: float = 0.015
    credit_spread: float = 0.005
    horizon_days: float = 3.0
    base_probabilities: tuple[float, float, float] = (0.57, 0.31, 0.12)
    stress_probabilities: tuple[float, float, float] = (0.25, 0.35, 0.40)
    fast_retrace: float = 0.60
    slow_retrace: float = 0.25
    continuation: float = 0.25
    min_saving_ratio: float = 3.0
    vx_fee_usd: float = 2.35
    vxm_fee_usd: float = 0.55
    reer_warn: float = 0.25
    reer_block: float = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class CapPolicy:
    """Hard limits on the hedge in minis; the guard checks them again on its own."""

    max_position_minis: int = 30
    max_order_minis: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Hold every setting of the method; `profile` names the profile that the values were resolved under."""

    profile: Profile = Profile.STEWARD
    sizing: SizingPolicy = field(default_factory=SizingPolicy)
    tranches: TranchePolicy = field(default_factory=TranchePolicy)
    signals: SignalPolicy = field(default_factory=SignalPolicy)
    filter: FilterPolicy = field(default_factory=FilterPolicy)
    freshness: FreshnessPolicy = field(default_factory=FreshnessPolicy)
    contract: ContractPolicy = field(default_factory=ContractPolicy)
    unwind: UnwindPolicy = field(default_factory=UnwindPolicy)
    liquidity: LiquidityPolicy = field(default_factory=LiquidityPolicy)
    events: EventPolicy = field(default_factory=EventPolicy)
    core: CorePolicy = field(default_factory=CorePolicy)
    context: ContextPolicy = field(default_factory=ContextPolicy)
    parity: ParityPolicy = field(default_factory=ParityPolicy)
    capm: CapmPolicy = field(default_factory=CapmPolicy)
    economics: EconomicsPolicy = field(default_factory=EconomicsPolicy)
    caps: CapPolicy = field(default_factory=CapPolicy)
