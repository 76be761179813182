"""Records shared by the rooms of the simulated gateway: wire, market, exchange.

Times are aware UTC, prices in points, quantities signed only in positions. Nothing here knows the wire format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Hold one listed contract with IB's names and quirks (`expiry` is lastTradeDateOrContractMonth, YYYYMMDD)."""

    con_id: int
    symbol: str
    sec_type: str  # IND, FUT, OPT, STK
    exchange: str
    currency: str = "USD"
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    long_name: str = ""
    min_tick: float = 0.01
    market_rule_id: int = 0
    underlying_con_id: int = 0
    contract_month: str = ""
    settles_at: datetime | None = None
    valid_exchanges: str = ""
    order_types: str = "LMT,MKT,STP,STPLMT,WHATIF"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPattern:
    """Hold what a client filled in of a contract; empty fields match anything."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    currency: str = ""
    expiry: str = ""  # YYYYMM or YYYYMMDD
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Hold a market as displayed; `None` means that the field does not exist for this contract at this time."""

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    last_size: float | None = None
    volume: float | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None  # previous session's close (futures: settlement)
    halted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Hold model greeks per share in IB's units (vega per vol point, theta per calendar day, iv as a fraction)."""

    iv: float
    delta: float
    price: float
    gamma: float
    vega: float
    theta: float
    underlying: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryBar:
    """Hold one bar of history, keyed by the instant at which it starts."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    wap: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChain:
    """Hold one class of options on an underlying."""

    exchange: str
    underlying_con_id: int
    trading_class: str
    multiplier: str
    expiries: tuple[str, ...]
    strikes: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningPosition:
    """Hold a position that the account owns when the scenario begins; `price` is the trade price in points."""

    con_id: int
    quantity: int
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HandTrade:
    """Hold a trade that the account's owner makes at `at`, at the market; `quantity` is signed."""

    at: datetime
    con_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAccount:
    """Hold an account with which a scenario begins, and what its owner will trade by hand, in order of time.

    `beside` are further accounts of the same login.
    """

    account: str
    cash: float
    positions: tuple[OpeningPosition, ...] = ()
    by_hand: tuple[HandTrade, ...] = ()
    beside: tuple[OpeningAccount, ...] = ()


class Market(Protocol):
    """Give the state of a scenario's market at its own time; a pure function of scenario, seed and time."""

    name: str
    seed: int
    start: datetime
    end: datetime
    tick_seconds: int

    @property
    def now(self) -> datetime:
        """Return the market's time."""

    def advance(self, to: datetime) -> None:
        """Move the market's time to `to` (UTC, not before `now`)."""

    def find(self, pattern: ContractPattern) -> Sequence[Contract]:
        """Return every contract listed at `now` that matches, in a stable order."""

    def contract(self, con_id: int) -> Contract | None:
        """Return the contract with this conId, also an expired one."""

    def chains(self, underlying_con_id: int) -> Sequence[OptionChain]:
        """Return the option chains on an underlying."""

    def quote(self, con_id: int) -> Quote:
        """Return the displayed market at `now`."""

    def greeks(self, con_id: int) -> Greeks | None:
        """Return model greeks of an option at `now`; `None` when its market has no model."""

    def generic(self, con_id: int) -> dict[str, float]:
        """Return generic-tick values by IB's name (`optionImpliedVol`, `openInterest`, ...), where they exist."""

    def bars(
        self, con_id: int, what: str, start: datetime, end: datetime, step_s: int, *, rth: bool
    ) -> Sequence[HistoryBar]:
        """Return bars of `step_s` seconds in [start, end), nothing after `now`.

        `what` is IB's TRADES, MIDPOINT, BID, ASK or BID_ASK.
        """

    def hours(self, con_id: int, first: date, days: int) -> tuple[str, str]:
        """Return IB's tradingHours and liquidHours for `days` calendar days from `first`, in the contract's zone."""

    def zone(self, con_id: int) -> str:
        """Return the contract's time zone id as IB writes it (US/Eastern, US/Central)."""

    def is_open(self, con_id: int, *, rth: bool) -> bool:
        """Say whether the contract trades at `now` (in its regular hours if `rth`)."""

    def market_rule(self, rule_id: int) -> Sequence[tuple[float, float]] | None:
        """Return (low edge, increment) pairs of a market rule."""

    def settlement(self, con_id: int) -> float | None:
        """Return the final settlement price of a contract that has settled by `now`."""

    def opening_account(self) -> OpeningAccount:
        """Return the account with which the scenario begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComboLeg:
    """Hold one leg of a combination order."""

    con_id: int
    ratio: int
    action: str
    exchange: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """Hold the trading content of a placeOrder frame; the wire keeps for echoing what the frame carries beyond it."""

    client_id: int
    order_id: int
    con_id: int  # 0 for a combination
    legs: tuple[ComboLeg, ...]
    action: str  # BUY, SELL
    quantity: float
    order_type: str  # LMT, MKT, STP, STP LMT
    limit: float | None
    stop: float | None
    tif: str  # DAY, GTC, IOC, GTD
    good_till: datetime | None
    account: str
    order_ref: str
    outside_rth: bool
    what_if: bool
    transmit: bool = True
    parent_id: int = 0
    oca_group: str = ""
    oca_type: int = 0
    unmodelled: tuple[str, ...] = ()  # terms that it carries beyond these, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """Say how an order stands: IB's orderStatus content plus the request it belongs to."""

    request: OrderRequest
    perm_id: int
    status: str  # PendingSubmit, PreSubmitted, Submitted, PendingCancel, Cancelled, Filled, Inactive
    filled: float
    remaining: float
    avg_price: float
    last_price: float
    why_held: str = ""
    completed_at: datetime | None = None
    completed_status: str = ""
    reject_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillReport:
    """Report one execution with its commission."""

    exec_id: str
    request: OrderRequest
    perm_id: int
    con_id: int
    at: datetime
    side: str  # BOT, SLD
    shares: float
    price: float
    cumulative: float
    avg_price: float
    commission: float
    realized_pnl: float | None
    last_liquidity: int
    account: str
    exchange: str
    is_combo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """Report an error or notice with IB's code and text; `order_id` is -1 for a system notice."""

    client_id: int
    order_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReport:
    """Report an account's position; `avg_cost` includes the multiplier, as IB's does for futures and options."""

    account: str
    con_id: int
    quantity: float
    avg_cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfReport:
    """Answer a what-if: margins before, change and after, and the commission, in dollars."""

    request: OrderRequest
    init_before: float
    maint_before: float
    equity_before: float
    init_change: float
    maint_change: float
    equity_change: float
    init_after: float
    maint_after: float
    equity_after: float
    commission: float
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PnlReport:
    """Report profit and loss in dollars: of an account, or of one position with its market value."""

    daily: float
    unrealized: float
    realized: float
    position: float = 0.0
    value: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """Hold one level of a book as clients are shown it."""

    price: float
    size: float


Report = OrderReport | FillReport | ErrorReport | PositionReport | WhatIfReport


class Exchange(Protocol):
    """Match orders against the displayed market and keep the account's books.

    Every method that can change an order returns what clients must be told, in order.
    """

    def place(self, request: OrderRequest) -> Sequence[Report]:
        """Accept, modify (same client and order id), reject or answer as what-if."""

    def cancel(self, client_id: int, order_id: int) -> Sequence[Report]:
        """Cancel one order; codes 10147, 10148, 161 when it is unknown or already done, 202 when it is."""

    def cancel_all(self) -> Sequence[Report]:
        """Cancel every working order of every client (reqGlobalCancel)."""

    def step(self) -> Sequence[Report]:
        """Match resting orders against the market as it stands; expire DAY and GTD orders; settle contracts."""

    def open_orders(self) -> Sequence[OrderReport]:
        """Return the working orders of every client, oldest first."""

    def completed_orders(self) -> Sequence[OrderReport]:
        """Return today's done orders."""

    def executions(self) -> Sequence[FillReport]:
        """Return the executions since the last midnight (New York)."""

    def accounts(self) -> Sequence[str]:
        """Return the account ids."""

    def positions(self, account: str) -> Sequence[PositionReport]:
        """Return non-zero positions, and zero ones that were closed today."""

    def values(self, account: str) -> Sequence[tuple[str, str, str]]:
        """Return (tag, value, currency) of the account with IB's full tag set, Full* and LookAhead* included."""

    def pnl(self, account: str, con_id: int = 0) -> PnlReport:
        """Return the account's profit and loss, or one position's."""

    def depth(self, con_id: int) -> tuple[tuple[Rung, ...], tuple[Rung, ...]]:
        """Return the levels of the book that are left, bids and asks from the touch outwards."""
