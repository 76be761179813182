"""Hold what the journal knows of the hedge: own lots, working orders, and what a proposal is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from strategies.alvh.records.memory import Memory


class Side(StrEnum):
    """Name the two order sides."""

    BUY = "BUY"
    SELL = "SELL"


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
class HedgeState:
    """Hold what the journal knows: the last decision's memory, own lots and working orders, and today's activity.

    `attempts` counts, for each proposal key without its last part (the attempt number), the orders that were sent.
    `realised_usd` and `fees_usd` are those of the bot's own fills since it last was flat and nothing was working.
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
