"""Hold the account's positions and figures as the broker gave them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from strategies.alvh.records.market import Quote, Right


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
    cash: float | None = None


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
