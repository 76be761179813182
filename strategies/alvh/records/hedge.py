"""Hold what the journal knows of the hedge: own lots, working orders, and what a proposal is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from strategies.alvh.records.market import Right
from strategies.alvh.records.memory import Memory


class Side(StrEnum):
    """Name the two order sides."""

    BUY = "BUY"
    SELL = "SELL"


class Purpose(StrEnum):
    """Say why an order is proposed; everything but TRANCHE, ROLL_BUY and the two purchases of calls reduces risk."""

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
    EVENT_CALLS = "event-calls"
    EVENT_PROFIT = "event-profit"
    EVENT_EXIT = "event-exit"
    CORE_CALLS = "core-calls"
    CORE_ROLL = "core-roll"
    FLATTEN = "flatten"  # the operator's own word; the method never proposes it


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
class CallTerms:
    """Name the VIX call of a proposal and what it is bought for.

    `layer` is the book it belongs to: the id of an event, or `core-short`, `core-middle`, `core-long`. `settles_at` is
    the true settlement; `expires_on` the last trading day. `limit_share` of the spread is added to the middle for the
    limit of a purchase, and `budget_usd` is all the premium that this purchase may cost.
    """

    right: Right
    strike: float
    expires_on: date
    settles_at: datetime
    layer: str
    limit_share: float = 0.25
    budget_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLot:
    """Hold VIX calls that the bot itself bought and still owns, by layer; `price` is the average fill in points.

    Event calls and the core layer are told apart by `layer` alone, also where both hold the same contract.
    """

    con_id: int
    trading_class: str
    right: Right
    strike: float
    expires_on: date
    settles_at: datetime
    multiplier: int
    layer: str
    quantity: int
    price: float
    bought_at: datetime
    bought_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpend:
    """Hold what one layer bought in one session: orders sent, contracts filled, premium paid or still on offer."""

    layer: str
    bought_on: date
    orders: int
    contracts: int
    premium_usd: float


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
    layer: str = ""  # of VIX calls


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeState:
    """Hold what the journal knows: the last decision's memory, own lots and working orders, and today's activity.

    `attempts` counts, for each proposal key without its last part (the attempt number), the orders that were sent.
    `realised_usd` and `fees_usd` are those of the bot's own futures trades since the oldest option leg that is still
    held was first seen.
    VIX calls stand apart from the futures: `calls` are own lots, `call_orders` what works in them, `call_spend` what
    was bought by layer and session. Nothing of them is in `lots` or `working`.
    """

    memory: Memory
    lots: tuple[Lot, ...] = ()
    working: tuple[Working, ...] = ()
    last_fill_at: datetime | None = None
    last_buy_price: float | None = None
    bought_today_minis: int = 0
    attempts: tuple[tuple[str, int], ...] = ()
    realised_usd: float = 0.0
    fees_usd: float = 0.0
    calls: tuple[CallLot, ...] = ()
    call_orders: tuple[Working, ...] = ()
    call_spend: tuple[CallSpend, ...] = ()
    locked: tuple[str, ...] = ()  # reasons that forbid opening (unknown outcome, kill switch, daily loss, ...)
    locked_contracts: tuple[tuple[int, str], ...] = ()  # con_id and reason: these alone may not be opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Propose one order. `key` identifies the intent for ever: the same intent always carries the same key.

    `call` is given for VIX calls and for nothing else.
    """

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
    call: CallTerms | None = None
