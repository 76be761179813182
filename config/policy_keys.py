"""Bound and describe every key of the method's policy; names, types and defaults come from the policy itself."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Key

from strategies.alvh.policy import (
    CapmPolicy,
    CapPolicy,
    ContextPolicy,
    ContractPolicy,
    CorePolicy,
    EconomicsPolicy,
    EventPolicy,
    FilterPolicy,
    FreshnessPolicy,
    LiquidityPolicy,
    ParityPolicy,
    Policy,
    Profile,
    SignalPolicy,
    SizingPolicy,
    TranchePolicy,
    UnwindPolicy,
)

HARD_POSITION_MINIS = 200
"""No settings file may allow a hedge above this many minis."""

HARD_ORDER_MINIS = 50
"""No settings file may allow a single order above this many minis."""


class Part(BaseModel):
    """Refuse unknown keys and later changes in every group of settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Bound:
    """Describe one key: what it means and, for numbers, the range it must lie in (both ends allowed)."""

    about: str
    low: float | None = None
    high: float | None = None


UNBOUNDED = Bound("")
"""Stands for a key that nobody described yet; a test refuses it."""

PROFILE = "temper of the method; promoter adds sooner and leaves later, and what you set yourself wins over it"

SIZING = {
    "coverage": Bound("share of the inflated vega that the hedge neutralises", 0.30, 1.0),
    "coverage_max": Bound("largest share the hedge may have, also while the book's vega changes", 0.30, 1.0),
    "mode": Bound("how a future's sensitivity to VIX turns vega into contracts"),
    "term_exponent": Bound("exponent of the term weighting of vega to 30 days", 0.0, 1.0),
    "min_dte_clamp_days": Bound("days to expiry below which a leg's term weight stops growing", 1.0, 60.0),
    "beta_a": Bound("level of the curve that gives a VX future's beta to VIX by days to settlement", 0.1, 2.0),
    "beta_c": Bound("decay of the same curve, per 30 days", 0.0, 3.0),
    "beta_refit": Bound("scale the curve by the last year's regression of VX on VIX, inside its band"),
    "gauge": Bound("which side's vega inflation may arm the hedge"),
    "arm_on": Bound("whether the gauge, the signals or both must agree before the hedge arms"),
    "inflation_watch": Bound("vega inflation from which the spike is watched closely", 0.0, 2.0),
    "inflation_arm": Bound("vega inflation that arms the hedge", 0.05, 2.0),
    "inflation_keep": Bound("vega inflation that must persist for further tranches", 0.0, 2.0),
    "inflation_disarm": Bound("vega inflation below which an unfilled hedge disarms", 0.0, 2.0),
    "inflation_cap": Bound("largest vega inflation that sizing takes at its word", 0.1, 3.0),
    "min_side_vega_usd": Bound("side vega, dollars per VIX point, below which a book is too small to gauge", 0.0, 1e6),
    "min_leg_days": Bound("days to settlement below which a leg is left out of the gauge", 0.0, 30.0),
    "vega_delta": Bound("how the vega to neutralise is read"),
    "scenario_vix_points": Bound("rise of VIX in the scenario reading of vega delta, points", 0.5, 50.0),
    "scenario_spx_pct_per_vix": Bound("move of SPX per VIX point in that scenario, percent", -3.0, 0.0),
    "allow_mix": Bound("allow VX and VXM in one hedge"),
    "prefer_mini": Bound("use VXM even where a whole VX would do"),
    "hedge_lone_spreads": Bound("hedge put and call spreads that are part of no condor as well"),
}

TRANCHES = {
    "cumulative": Bound("shares of the target held after tranche 1, 2 and 3; rising, the first 0.25 to 0.35", 0.0, 1.0),
    "min_gap_minutes": Bound("minutes between the fill of one tranche and the next", 1, 240),
    "max_round_trips": Bound("hedges opened and closed per session", 1, 10),
    "cooldown_minutes": Bound("minutes after going flat before the next hedge may arm", 0, 390),
}

SIGNALS = {
    "edr_multiplier": Bound("scale of the expected daily range", 0.1, 5.0),
    "rsi_length": Bound("bars of the RSI on VIX", 2, 100),
    "rsi_level": Bound("RSI level that counts as sharp", 50.0, 100.0),
    "rsi_jump": Bound("RSI points gained that count as a sharp rise", 1.0, 100.0),
    "rsi_jump_bars": Bound("bars over which the rise is measured", 1, 78),
    "vix_jump": Bound("rise of VIX over the previous close, as a fraction", 0.0, 2.0),
    "vix_jump_from_open": Bound("rise of VIX over today's open, as a fraction", 0.0, 2.0),
    "macd_fast": Bound("fast span of the MACD on VX, bars", 2, 200),
    "macd_slow": Bound("slow span of the MACD on VX, bars", 3, 400),
    "macd_signal": Bound("span of the MACD's signal line, bars", 2, 200),
    "macd_rising_bars": Bound("bars in a row on which the MACD's histogram must rise for a later tranche", 1, 2),
    "min_bars": Bound("closed five-minute bars of VX that the MACD needs", 100, 5000),
    "quorum": Bound("signals that must agree", 1, 3),
    "quorum_source_and": Bound("require breadth and VIX RSI together, as the source words it"),
    "vx_jump": Bound("rise of the traded VX over its settlement, as a fraction", 0.0, 2.0),
    "breadth_divergence": Bound(
        "standardised breadth shortfall against the index that counts as divergence", -10.0, 0.0
    ),
    "breadth_level": Bound("breadth (advancers minus decliners over their sum) that counts as weak", -1.0, 0.0),
    "breadth_breakdown": Bound("breadth that counts as a breakdown when SPX falls too", -1.0, 0.0),
    "breadth_stdev_fallback": Bound("standard deviation of breadth while there is no history", 0.01, 1.0),
}

FILTER = {
    "vix_gap_points": Bound("largest gap between VIX and the level VX implies, points", 0.1, 50.0),
    "vix_gap_share": Bound("the same gap as a share of VIX; the larger of the two counts", 0.01, 1.0),
    "vx_confirm": Bound("share of its modelled move that VX must have made", 0.0, 1.5),
    "persist_bars": Bound("closed bars over which a trigger must hold", 1, 20),
    "single_bar_vx_jump": Bound("VX jump, as a fraction, that needs no second bar", 0.0, 2.0),
    "spx_edr_share": Bound("share of its expected daily range that SPX must have fallen", 0.0, 3.0),
    "max_spread_ratio": Bound("option spreads against their median beyond which greeks are not believed", 1.0, 50.0),
    "not_before_minutes": Bound("minutes after the open before anything opens", 0, 90),
    "not_after_minutes": Bound("minutes before the close after which nothing opens", 0, 60),
}

FRESHNESS = {
    "vx_s": Bound("largest age of a VX quote, seconds", 1.0, 60.0),
    "spx_s": Bound("largest age of SPX, seconds", 1.0, 120.0),
    "vix_s": Bound("largest age of VIX, seconds", 1.0, 300.0),
    "breadth_s": Bound("largest age of the advance/decline count, seconds", 1.0, 600.0),
    "greeks_s": Bound("largest age of a leg's greeks, seconds", 1.0, 600.0),
    "positions_s": Bound("largest age of the position snapshot, seconds", 1.0, 600.0),
}

CONTRACT = {
    "min_dte": Bound("fewest calendar days to settlement of the contract to buy", 8, 60),
    "max_dte": Bound("most calendar days to settlement of the contract to buy", 20, 120),
    "roll_dte": Bound("calendar days to settlement at which a held contract is rolled", 1, 30),
    "roll_business_days": Bound("business days to settlement at which a held contract is rolled", 1, 20),
    "legging_s": Bound("seconds after which a roll's old month, replaced but unsold, is alerted", 10.0, 3600.0),
}

UNWIND = {
    "stages": Bound("retracements from peak to base that sell stage 1, 2 and 3; rising", 0.0, 1.0),
    "min_rise_points": Bound("VX points a spike must have risen before its retracement counts", 0.1, 20.0),
    "min_rise_share": Bound("the same rise as a share of the base", 0.0, 1.0),
    "quiet_bars": Bound("bars in a row with the gauge below inflation_disarm that make it stage 3", 1, 78),
    "max_sessions": Bound("sessions after which the hedge is closed whatever happened", 1, 20),
    "stop_points": Bound("loss stop of a tranche, VX points", 0.1, 20.0),
    "stop_share": Bound("loss stop of a tranche as a share of its price", 0.01, 0.5),
    "min_hold_minutes": Bound("minutes after a fill before a stage or an excess is sold; stops do not wait", 0, 240),
    "excess_ratio": Bound("hedge over what the live condors allow beyond which the excess is sold", 1.0, 3.0),
    "overnight_inflation": Bound("vega inflation needed to keep a hedge overnight", 0.0, 2.0),
    "overnight_cost_share": Bound("largest cost of one night as a share of the credit remaining", 0.0, 0.5),
    "overnight_decide_minutes": Bound("minutes before the close at which the night is decided", 5, 60),
    "stress_drop": Bound("fall of VX, as a fraction, that the margin must survive", 0.05, 0.9),
    "min_excess_liquidity_share": Bound("excess liquidity to keep after that fall, share of net liquidation", 0.0, 0.9),
}

LIQUIDITY = {
    "ratio_ok": Bound("depth over order size from which the whole order may go", 1.0, 100.0),
    "ratio_min": Bound("depth over order size below which nothing opens", 0.1, 100.0),
    "deteriorated": Bound("that ratio against its 20-session median that halves a slice", 0.0, 1.0),
    "vx_spread_ticks": Bound("VX spread that is fine, ticks", 1.0, 50.0),
    "vxm_spread_ticks": Bound("VXM spread that is fine, ticks", 1.0, 100.0),
    "vx_spread_ticks_max": Bound("VX spread beyond which nothing opens, ticks", 1.0, 100.0),
    "vxm_spread_ticks_max": Bound("VXM spread beyond which nothing opens, ticks", 1.0, 200.0),
}

CONTEXT = {
    "pace": Bound("let the context make the staged unwind one stage slower or faster"),
    "sector_z": Bound("cyclical less defensive sectors, in deviations, at which risk is being fled", -10.0, 0.0),
    "credit_pct": Bound("day's return of high-yield credit in percent that counts as falling", -20.0, 0.0),
    "earnings_gap": Bound("deviations of P/E over P/CF from which earnings quality is called stretched", 0.0, 10.0),
    "max_age_s": Bound("oldest context number from the broker, seconds", 1.0, 86_400.0),
    "max_days": Bound("oldest context number from a file, days", 0, 400),
}

PARITY = {
    "require": Bound("let nothing open where options on VIX cannot be compared with VX"),
    "strikes": Bound("strikes at the money that are compared", 1, 9),
    "max_age_s": Bound("largest age of an option's quote, seconds", 1.0, 600.0),
    "gate_points": Bound("gap between VX and the options' price from which the VX quote is suspect, points", 0.05, 5.0),
    "gate_share": Bound("the same gap as a share of VX; the larger of the two counts", 0.001, 0.20),
    "alert_points": Bound("points after costs from which a conversion or a reversal is alerted", 0.0, 5.0),
    "alert_polls": Bound("wake-ups in a row on which it must show", 1, 20),
    "option_fee_usd": Bound("commission and fees of one option on VIX, dollars", 0.0, 20.0),
    "strip_strikes": Bound("out-of-the-money SPX options of an expiry from which its variance is computed", 6, 400),
    "rich_points": Bound("points over its bound at which VX is called rich", 0.0, 10.0),
    "cheap_share": Bound("share by which the vol of vol that VX leaves room for exceeds VVIX: VX is cheap", 0.0, 2.0),
}

CAPM = {
    "future_betas": Bound("beta to the equity market of the first, second and third listed VX month", -10.0, 0.0),
    "floor": Bound("size of the portfolio's beta that a purchase may always reach", 0.0, 5.0),
    "equity_premium": Bound("expected yearly return of the equity market over cash, a fraction", 0.0, 0.20),
}

EVENTS = {
    "enabled": Bound("buy short-dated VIX calls when a spike begins around a scheduled release"),
    "names": Bound("kinds of releases that count"),
    "before_minutes": Bound("minutes before a release from which a spike belongs to it", 0, 60),
    "after_minutes": Bound("minutes after a release until which a spike belongs to it", 5, 390),
    "min_dte": Bound("fewest calendar days to settlement of a call to buy", 3, 60),
    "max_dte": Bound("most calendar days to settlement of a call to buy", 7, 90),
    "min_open_interest": Bound("smallest open interest, where the broker says it", 0, 1_000_000),
    "delta_low": Bound("smallest delta on the future of the same settlement", 0.05, 0.60),
    "delta_high": Bound("largest delta on the future of the same settlement", 0.10, 0.80),
    "event_nlv_share": Bound("premium for one event, share of net liquidation", 0.0, 0.01),
    "event_credit_share": Bound("the same as a share of the open condors' credit; the smaller counts", 0.0, 0.50),
    "month_nlv_share": Bound("premium for all events of a calendar month, share of net liquidation", 0.0, 0.02),
    "max_spread_share": Bound("widest market that is bought from, share of its middle", 0.01, 0.50),
    "limit_spread_share": Bound("share of the spread that the limit stands above the middle", 0.0, 0.50),
    "max_contracts": Bound("most event calls held at once", 1, 50),
    "max_attempts": Bound("orders sent for one event at most", 1, 10),
    "quote_age_s": Bound("largest age of a call's quote, seconds", 1.0, 300.0),
    "fomc_outside_windows": Bound("let calls be bought after an FOMC statement between the two windows"),
    "fomc_from_minutes": Bound("minutes after the statement from which they may", 0, 60),
    "fomc_until_minutes": Bound("minutes after the statement until which they may", 5, 120),
    "profit_multiple": Bound("multiple of the price paid at which half of the calls is sold", 1.1, 10.0),
    "exit_business_days": Bound("trading days before settlement at which the rest is sold", 1, 10),
}

CORE = {
    "mode": Bound("long-dated layer of VIX calls: off, report (says what it would do) or active (trades)"),
    "calls_per_ten_condors": Bound("calls of the short, middle and long term for ten condors", 0, 20),
    "dte": Bound("days to settlement that a purchase of each term looks for", 10, 400),
    "roll_dte": Bound("days to settlement at which each term may be rolled", 5, 390),
    "roll_dte_last": Bound("days to settlement at which each term is sold also without a replacement", 2, 380),
    "delta": Bound("delta of a call to buy, on the future of the same settlement", 0.20, 0.80),
    "delta_slack": Bound("distance from that delta that is accepted", 0.01, 0.30),
    "open_below_vix": Bound("VIX below which the layer is opened or filled up; a roll does not wait", 5.0, 50.0),
    "year_nlv_share": Bound("premium of the last 365 days, share of net liquidation", 0.0, 0.03),
    "max_spread_share": Bound("widest market that is bought from, share of its middle", 0.01, 0.50),
    "limit_spread_share": Bound("share of the spread that the limit stands above the middle", 0.0, 0.50),
    "max_contracts": Bound("most core calls held at once, both sides of a roll included", 1, 200),
    "max_attempts": Bound("orders sent for one term and session at most", 1, 10),
}

ECONOMICS = {
    "enabled": Bound("let the hurdle and the cost of the insurance hold back tranches 2 and 3"),
    "equity_cost": Bound("where the cost of equity comes from: fixed, or capm"),
    "cost_of_equity": Bound("yearly cost of equity when it is fixed, a fraction", 0.0, 0.50),
    "equity_beta": Bound("beta of the strategy's equity for capm", -1.0, 5.0),
    "debit_spread": Bound("what the broker asks over the cash rate for borrowed money, a fraction a year", 0.0, 0.10),
    "credit_spread": Bound("what the broker keeps of the cash rate on idle money, a fraction a year", 0.0, 0.10),
    "horizon_days": Bound("days over which the scenarios run", 1.0, 10.0),
    "base_probabilities": Bound("base case: chances of fast reversal, slow reversal and continuation", 0.0, 1.0),
    "stress_probabilities": Bound("stress case: the same three chances", 0.0, 1.0),
    "fast_retrace": Bound("share of the day's VIX rise that a fast reversal gives back", 0.0, 1.0),
    "slow_retrace": Bound("share of the day's VIX rise that a slow reversal gives back", 0.0, 1.0),
    "continuation": Bound("further rise of VIX when the spike goes on, as a fraction of VIX", 0.0, 2.0),
    "min_saving_ratio": Bound("saving in the worst scenario over the expected cost of the hedge", 0.0, 50.0),
    "vx_fee_usd": Bound("commission and fees of one VX, one way, dollars", 0.0, 50.0),
    "vxm_fee_usd": Bound("commission and fees of one VXM, one way, dollars", 0.0, 50.0),
    "reer_warn": Bound("hedge cost over premium collected that is pointed out", 0.0, 10.0),
    "reer_block": Bound("hedge cost over premium collected from which tranches 2 and 3 are blocked", 0.0, 10.0),
}

CAPS = {
    "max_position_minis": Bound("largest hedge, minis (1 VX = 10 VXM)", 1, HARD_POSITION_MINIS),
    "max_order_minis": Bound("largest single order, minis", 1, HARD_ORDER_MINIS),
}


def _bounded(annotation: Any, bound: Bound) -> Any:
    """Return the annotation with the bound on it, on each element where the key is a tuple."""
    if bound.low is None:
        return annotation
    limit = Key(ge=bound.low, le=bound.high)
    items = get_args(annotation)
    if items:
        return tuple[tuple(Annotated[item, limit] for item in items)]  # type: ignore[misc]
    return Annotated[annotation, limit]


def _model(policy: type[Any], bounds: dict[str, Bound]) -> type[Part]:
    """Build the settings group of one policy class."""
    hints = get_type_hints(policy)
    definitions: dict[str, Any] = {}
    for item in fields(policy):
        bound = bounds.get(item.name, UNBOUNDED)
        definitions[item.name] = (
            _bounded(hints[item.name], bound),
            Key(default=_default(item), description=bound.about),
        )
    model: type[Part] = create_model(policy.__name__, __base__=Part, __doc__=policy.__doc__, **definitions)
    return model


def _default(item: Field[Any]) -> Any:
    if item.default is MISSING:
        raise TypeError(f"the policy key {item.name} needs a plain default")
    return item.default


GROUPS: dict[str, tuple[type[Any], dict[str, Bound]]] = {
    "sizing": (SizingPolicy, SIZING),
    "tranches": (TranchePolicy, TRANCHES),
    "signals": (SignalPolicy, SIGNALS),
    "filter": (FilterPolicy, FILTER),
    "freshness": (FreshnessPolicy, FRESHNESS),
    "contract": (ContractPolicy, CONTRACT),
    "unwind": (UnwindPolicy, UNWIND),
    "liquidity": (LiquidityPolicy, LIQUIDITY),
    "events": (EventPolicy, EVENTS),
    "core": (CorePolicy, CORE),
    "context": (ContextPolicy, CONTEXT),
    "parity": (ParityPolicy, PARITY),
    "capm": (CapmPolicy, CAPM),
    "economics": (EconomicsPolicy, ECONOMICS),
    "caps": (CapPolicy, CAPS),
}


def policy_model() -> type[Part]:
    """Build the settings model of the whole policy."""
    parts: dict[str, Any] = {"profile": (Profile, Key(default=Profile.STEWARD, description=PROFILE))}
    for name, (policy, bounds) in GROUPS.items():
        model = _model(policy, bounds)
        parts[name] = (model, Key(default_factory=model, description=(policy.__doc__ or "").splitlines()[0]))
    whole: type[Part] = create_model("PolicySettings", __base__=Part, __doc__="The method's settings.", **parts)
    return whole


PolicySettings = policy_model()


def as_policy(settings: BaseModel) -> Policy:
    """Turn validated settings into the policy that the core is given."""
    groups = {name: policy(**dict(getattr(settings, name))) for name, (policy, _) in GROUPS.items()}
    return Policy(profile=dict(settings)["profile"], **groups)
