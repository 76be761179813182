"""State what the core is given (view, book, state) and what it gives back (decision).

Everything here is a frozen value with plain fields, so that a wake-up can be written to the journal and decided again
from the record alone. Conventions, stated once:

* prices are in points, greeks in IB's units (vega: dollars per share per volatility point), times are aware UTC;
* `None` means *missing*; a number is never used to say so;
* quantities are signed (long positive); a proposal's quantity is positive and its `side` gives the direction;
* one *mini* is 1 VXM or a tenth of a VX; `*_usd_per_point` is dollars per one VIX point.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Right(StrEnum):
    """Name the two option rights as IB writes them."""

    CALL = "C"
    PUT = "P"


class Side(StrEnum):
    """Name the two order sides."""

    BUY = "BUY"
    SELL = "SELL"


class Window(StrEnum):
    """Say which part of the session a wake-up falls into."""

    OPENING = "opening"  # first 90 minutes: the bot may open
    CLOSING = "closing"  # last 60 minutes: the bot may open
    GUARDIAN = "guardian"  # between them: the bot may only reduce risk


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


class Purpose(StrEnum):
    """Say why an order is proposed; everything but TRANCHE and ROLL_BUY reduces risk."""

    TRANCHE = "tranche"
    ROLL_BUY = "roll-buy"
    ROLL_SELL = "roll-sell"
    STAGE = "stage"
    LOSS_STOP = "loss-stop"
    TIME_STOP = "time-stop"
    OVERNIGHT = "overnight"
    EXCESS = "excess"
    HARD_CAP = "hard-cap"
    SETTLEMENT = "settlement"
    NO_CONDORS = "no-condors"
    FLATTEN = "flatten"  # the operator's own word; the method never proposes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Record one question the method asked, what it saw, and whether that allows the action."""

    name: str
    observed: float | str | None
    threshold: float | str | None
    passed: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Hold one market as it stood, each side missing (`None`) when it was absent, zero, negative or not a number."""

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    age_s: float | None = None
    delayed: bool = False
    halted: bool = False

    @property
    def mid(self) -> float | None:
        """Return the middle of bid and ask; `None` when a side is missing or the market is crossed."""
        if self.bid is None or self.ask is None or self.ask < self.bid:
            return None
        return 0.5 * (self.bid + self.ask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Hold one closed bar, keyed by the instant at which it ended."""

    end: datetime
    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreadthBar:
    """Hold advancers and decliners of the NYSE at the end of one closed bar."""

    end: datetime
    advancers: float
    decliners: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexQuote:
    """Hold an index: last value, its age, the previous session's close and today's first regular value."""

    symbol: str
    last: float | None = None
    age_s: float | None = None
    prev_close: float | None = None
    open: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadth:
    """Hold the NYSE advance/decline count; `unchanged_s` is the time since either number last moved."""

    advancers: float | None = None
    decliners: float | None = None
    age_s: float | None = None
    unchanged_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureQuote:
    """Hold one tradable VX or VXM monthly contract and its market.

    `settles_on` is the final settlement day, `dte` the calendar days to it, `business_days` the trading days to it.
    `bars` are closed 5-minute bars of the mid, extended hours included. `prior_settle` is the last daily settlement.
    """

    con_id: int
    trading_class: str
    multiplier: int
    tick: float
    settles_on: date
    dte: int
    business_days: int
    quote: Quote
    prior_settle: float | None = None
    bars: tuple[Bar, ...] = ()
    quick_ratio_median: float | None = None


class GreeksSource(StrEnum):
    """Say who computed a leg's greeks."""

    IB = "ib"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Hold one option's greeks per share: vega per vol point, theta per calendar day, `iv` as a fraction."""

    iv: float
    delta: float
    gamma: float
    vega: float
    theta: float
    underlying: float | None
    age_s: float
    source: GreeksSource


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionLeg:
    """Hold one option position of the account.

    `expires_on` is the last trading day as IB gives it, `settles_at` the true settlement instant (AM classes settle on
    the next business morning). `greeks` are IB's, already cleaned of sentinels, or `None`. `spread_median` is the
    20-session median relative bid/ask spread of this leg at this time of day.
    """

    con_id: int
    symbol: str
    trading_class: str
    right: Right
    strike: float
    expires_on: date
    settles_at: datetime
    quantity: int
    multiplier: int
    quote: Quote
    avg_price: float | None = None
    greeks: Greeks | None = None
    spread_median: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainQuote:
    """Hold one listed SPX option that the book does not need to own: the pairs that give forwards and smiles."""

    con_id: int
    trading_class: str
    right: Right
    strike: float
    expires_on: date
    settles_at: datetime
    quote: Quote
    iv: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Hold today's trading session as the calendar gives it; `recent_days` ends with today, oldest first."""

    day: date
    opens_at: datetime
    closes_at: datetime
    early_close: bool
    window: Window
    previous_close_at: datetime
    next_day: date
    recent_days: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """Hold the market as one wake-up saw it.

    Bars are closed 5-minute bars, oldest first. `hv20_pct` is the annualised standard deviation of the last 20 daily
    log returns of SPX in percent, `breadth_stdev` the 20-session standard deviation of (adv-dec)/(adv+dec) at this
    time of day. `faults` says in plain words what was missing or wrong when the view was taken; `feed_ok` is false
    while the broker reports lost connectivity or a broken data farm, `hours_agree` while IB's liquid hours differ from
    the calendar's.
    """

    now: datetime
    session: Session
    spx: IndexQuote
    vix: IndexQuote
    vix9d: IndexQuote
    vix3m: IndexQuote
    breadth: Breadth
    futures: tuple[FutureQuote, ...]
    chain: tuple[ChainQuote, ...]
    spx_bars: tuple[Bar, ...]
    vix_bars: tuple[Bar, ...]
    breadth_bars: tuple[BreadthBar, ...]
    rate: float
    hv20_pct: float | None = None
    breadth_stdev: float | None = None
    feed_ok: bool = True
    hours_agree: bool = True
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FuturePosition:
    """Hold the account's whole position in one volatility future, foreign lots included."""

    con_id: int
    trading_class: str
    multiplier: int
    settles_on: date
    dte: int
    quantity: int
    avg_price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPosition:
    """Hold a position that the method neither hedges nor trades; it is shown as such."""

    description: str
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Hold the account's figures in dollars; `None` where the broker did not say."""

    net_liquidation: float | None = None
    excess_liquidity: float | None = None
    initial_margin: float | None = None
    maintenance_margin: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Hold the account's positions; `complete` is false when the broker's snapshot was not confirmed as whole."""

    legs: tuple[OptionLeg, ...]
    futures: tuple[FuturePosition, ...]
    vix_options: tuple[OptionLeg, ...]
    others: tuple[OtherPosition, ...]
    account: Account
    complete: bool
    age_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Hold contracts that the bot itself bought and still owns, by tranche; `price` is the average fill in points."""

    con_id: int
    trading_class: str
    multiplier: int
    settles_on: date
    tranche: int
    quantity: int
    price: float
    bought_at: datetime
    bought_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Hold an order of the bot that may still fill; one whose outcome is unknown counts as working."""

    ref: str
    con_id: int
    side: Side
    purpose: Purpose
    tranche: int | None
    stage: int | None
    remaining: int
    multiplier: int
    sent_at: datetime
    unknown: bool = False


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
    started with in `roll_minis`. `flatten_on` is the session on which the overnight decision was to go home flat.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeState:
    """Hold what the journal knows: the last decision's memory, own lots and working orders, and today's activity.

    `attempts` counts, for each proposal key without its last part (the attempt number), the orders that were sent.
    """

    memory: Memory
    lots: tuple[Lot, ...] = ()
    working: tuple[Working, ...] = ()
    last_fill_at: datetime | None = None
    last_buy_price: float | None = None
    bought_today_minis: int = 0
    attempts: tuple[tuple[str, int], ...] = ()
    locked: tuple[str, ...] = ()  # reasons that forbid opening (mismatch, unknown outcome, kill switch, daily loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Propose one order. `key` identifies the intent for ever: the same intent always carries the same key."""

    key: str
    purpose: Purpose
    side: Side
    con_id: int
    trading_class: str
    multiplier: int
    quantity: int
    reason: str
    tranche: int | None = None
    stage: int | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Hold the outcome of one wake-up: what to do, why, and the memory for the next one.

    `cancel` lists the refs of working orders to take back. `summary` is one sentence in the trader's words.
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
