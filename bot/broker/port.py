"""State what the bot asks of a broker: a `Reader` that can only look, and a `Writer` that can also send orders.

Dry-run gets an object that has no method that writes, so it cannot be made to trade by mistake. Records carry ages
measured on the bot's own clock; nothing here is an IB type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from strategies.alvh.records import Account, Bar, Greeks, Quote, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Hold one contract as the broker defines it. `liquid_hours` are (open, close) pairs in UTC."""

    con_id: int
    symbol: str
    sec_type: str  # IND, FUT, OPT, STK
    exchange: str
    trading_class: str = ""
    currency: str = "USD"
    multiplier: int = 1
    tick: Decimal = Decimal("0.01")
    expires_on: date | None = None
    strike: float = 0.0
    right: str = ""
    local_symbol: str = ""
    liquid_hours: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Hold what to look up; empty fields match anything."""

    symbol: str
    sec_type: str
    exchange: str
    trading_class: str = ""
    expires_on: date | None = None
    strike: float = 0.0
    right: str = ""
    con_id: int = 0
    listed_on: str = ""  # primary exchange: of two stocks of one name the one that is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Hold one option class: last trading days and strikes."""

    trading_class: str
    exchange: str
    multiplier: int
    expiries: tuple[date, ...]
    strikes: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPosition:
    """Hold one position as the broker reports it; `avg_price` in points per unit (multiplier taken out)."""

    account: str
    instrument: Instrument
    quantity: int
    avg_price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Hold a snapshot of positions; `complete` only if the broker confirmed its end and nothing speaks against it.

    `why` says what does.
    """

    rows: tuple[BrokerPosition, ...]
    complete: bool
    taken_at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicket:
    """Hold one order to send. `ref` is the deterministic orderRef; `limit` is on the contract's tick.

    `legs` (two con_ids, first bought and second sold) make it a calendar spread; then `instrument` is the bought leg.
    """

    ref: str
    account: str
    instrument: Instrument
    side: Side
    quantity: int
    limit: Decimal
    tif: str = "DAY"
    outside_rth: bool = False


class OrderState(StrEnum):
    """Name how the broker says an order stands."""

    PENDING = "pending"
    WORKING = "working"
    CANCELLED = "cancelled"
    FILLED = "filled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdate:
    """Report one order of any client.

    An update that proves nothing is marked `by_error`: an error frame alone (phantom cancels), or the word Inactive.
    """

    ref: str
    perm_id: int
    order_id: int
    con_id: int
    state: OrderState
    filled: int
    remaining: int
    side: Side | None = None
    limit: float | None = None
    by_error: bool = False
    code: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Report one execution, `exec_id` with IB's correction suffix; `commission` is `None` until known.

    A correction comes under the same `root` with the last part counted up. One of no contracts takes the execution
    back: IB documents the suffix and no other word for a bust.
    """

    ref: str
    exec_id: str
    perm_id: int
    account: str
    con_id: int
    side: Side
    quantity: int
    price: float
    at: datetime
    commission: float | None = None

    @property
    def root(self) -> str:
        """Return the execution's identity, which its corrections share.

        IB's ids have four parts (0000e0d5.6435b2f3.01.01); a correction repeats the first three. An id of any other
        make is an execution of its own.
        """
        root, _, suffix = self.exec_id.rpartition(".")
        return root if root.count(".") == 2 and len(suffix) == 2 and suffix.isdigit() else self.exec_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Answer a what-if in dollars."""

    initial_change: float | None
    maintenance_change: float | None
    commission: float | None
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Hold one answer to the question for the broker's time: `theirs` was written between the other two instants."""

    asked_at: datetime
    theirs: datetime
    answered_at: datetime


class LinkState(StrEnum):
    """Name the state of the line to the exchange as the broker reports it."""

    UP = "up"
    DISCONNECTED = "disconnected"  # our socket
    LOST = "lost"  # 1100
    FARM_DOWN = "farm-down"  # 2103, 2105, 2157
    COMPETING = "competing"  # 10197
    DELAYED = "delayed"  # 10167, or market data type is not live


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Hold an error or notice frame that belongs to no order."""

    code: int
    text: str
    at: datetime


class Reader(Protocol):
    """Look at an account and a market.

    Every awaitable is bounded in time and raises `Retry`, `Refuse` or `Halt` (bot.errors) when it fails.
    """

    accounts: tuple[str, ...]
    library: str

    @property
    def account(self) -> str:
        """Return the account that is looked at."""

    @property
    def link(self) -> LinkState:
        """Return the state of the line."""

    async def connect(self) -> None:
        """Connect with bounded retries and verify account, port and market-data type."""

    async def disconnect(self) -> None:
        """Close the connection."""

    async def heartbeat(self) -> datetime:
        """Return the broker's time; raise `Retry` when it does not answer in time."""

    async def instruments(self, query: Query) -> Sequence[Instrument]:
        """Return every contract that matches."""

    async def chains(self, underlying: Instrument) -> Sequence[Chain]:
        """Return the option chains of an underlying."""

    async def positions(self) -> Positions:
        """Return the positions of the account."""

    def account_holds(self, con_id: int) -> int | None:
        """Return what the account holds of a contract as last told; `None` while that is not known."""

    def portfolio(self) -> Mapping[int, int] | None:
        """Return the quantities by con_id from another source than `positions`; `None` when there is none."""

    async def account_values(self) -> Account:
        """Return the account's figures."""

    def subscribe(self, instrument: Instrument, *, stream: bool = True) -> None:
        """Keep this instrument's quote (and an option's greeks) up to date; calling it again changes nothing.

        Without `stream` the line is only known, and `confirm` brings it up to date.
        """

    def unsubscribe(self, con_id: int) -> None:
        """Stop the subscription."""

    async def confirm(self, con_ids: Sequence[int]) -> None:
        """Ask for one snapshot of each line, so that a quiet market is known to be quiet and not dead.

        What does not answer in time keeps its age; nothing is raised for it.
        """

    def refused(self, con_id: int) -> str:
        """Return why the broker does not quote this instrument; empty when it did not say so."""

    def quote(self, con_id: int) -> Quote:
        """Return the last known quote with its age; an empty quote when there is none."""

    def day_values(self, con_id: int) -> tuple[float | None, float | None]:
        """Return today's first regular price (open) and the previous close or settlement (close)."""

    def unchanged_s(self, con_id: int) -> float | None:
        """Return the seconds since bid, ask or last last changed."""

    def greeks(self, con_id: int) -> Greeks | None:
        """Return the broker's model greeks, cleaned of sentinels, or `None`."""

    def implied_volatility(self, con_id: int) -> float | None:
        """Return the implied volatility among the model's greeks as a fraction, or `None` where they are missing."""

    async def bars(
        self, instrument: Instrument, *, what: str, minutes: int, count: int, end: datetime, rth: bool
    ) -> Sequence[Bar]:
        """Return the last `count` closed bars of `minutes` minutes that ended at or before `end`, oldest first."""

    async def open_orders(self) -> Sequence[OrderUpdate]:
        """Return every working order of every client on the account."""

    async def completed_orders(self) -> Sequence[OrderUpdate]:
        """Return today's done orders of the account."""

    async def executions(self) -> Sequence[Fill]:
        """Return today's executions of the account."""

    def forget(self, ref: str) -> None:
        """Keep no contracts on offer for an order that readings proved the broker does not hold."""

    def listen(
        self,
        on_order: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_notice: Callable[[Notice], None],
    ) -> None:
        """Register the bot's handlers; they are called in the order of the frames."""

    def wire_bytes(self) -> tuple[int, int]:
        """Return bytes (received, sent) on the broker's socket since it connected: the stepper's barrier."""


class Writer(Reader, Protocol):
    """Also send orders. None of these is ever retried: an unknown outcome is read about."""

    def place(self, ticket: OrderTicket) -> None:
        """Send one order."""

    def reprice(self, ref: str, limit: Decimal) -> None:
        """Change the limit of a working order of this connection."""

    def cancel(self, ref: str) -> None:
        """Ask for the cancellation of a working order."""

    async def what_if(self, ticket: OrderTicket) -> Margin:
        """Return what the order would do to the account's margin, without sending it."""

    async def margin_of(self, instrument: Instrument) -> float | None:
        """Return the initial margin in dollars that buying one contract would take; `None` when it is not told."""
