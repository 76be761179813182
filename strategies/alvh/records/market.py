"""Hold the market as one wake-up saw it: quotes, bars, indices, breadth, futures, chain and session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Right(StrEnum):
    """Name the two option rights as IB writes them."""

    CALL = "C"
    PUT = "P"


class Window(StrEnum):
    """Say which part of the session a wake-up falls into."""

    OPENING = "opening"  # first 90 minutes: the bot may open
    CLOSING = "closing"  # last 60 minutes: the bot may open
    GUARDIAN = "guardian"  # between them: the bot may only reduce risk


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
    `quick_ratio_median` is the usual displayed size at this time of day, known from `depth_sessions` sessions.
    `margin_usd` is the initial margin that the broker says one long contract would take.
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
    margin_usd: float | None = None
    depth_sessions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainQuote:
    """Hold one listed option that the book does not need to own: an SPX pair of a smile, or an option on VIX."""

    con_id: int
    trading_class: str
    right: Right
    strike: float
    expires_on: date
    settles_at: datetime
    quote: Quote
    iv: float | None = None
    open_interest: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroEvent:
    """Hold one scheduled release: FOMC, CPI or PPI; `surprise` is |actual - consensus| where the operator keeps it."""

    name: str
    at: datetime
    surprise: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCalendar:
    """Hold the releases around today, where they come from, and until when the list claims to be complete."""

    source: str
    valid_until: date
    events: tuple[MacroEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextValue:
    """Hold one slow number of the background (a sector's return, a valuation) with its age or its date.

    `z` is the value in standard deviations of its own history, `source` the broker or the file it was read from.
    """

    name: str
    value: float | None = None
    z: float | None = None
    age_s: float | None = None
    as_of: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaFit:
    """Hold the regression of VX on VIX over the last year: `k` times the closed form, `r2` without intercept.

    `observations` counts daily changes of contracts, `first` and `last` are the days of the oldest and newest.
    """

    k: float
    r2: float
    observations: int
    first: date
    last: date


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
    the calendar's. `vix_chain` holds listed options on VIX, `context` the slow numbers that inform and never block,
    `beta_fit` the re-estimated beta of VX.
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
    vix_chain: tuple[ChainQuote, ...] = ()
    vvix: IndexQuote | None = None
    calendar: EventCalendar | None = None
    context: tuple[ContextValue, ...] = ()
    beta_fit: BetaFit | None = None
