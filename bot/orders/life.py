"""Follow one order from intent to end, from whatever the broker says in whatever order.

The broker's frames come late, twice, out of order and sometimes wrong. The rules:

* executions win: what was filled is the sum of executions, a corrected execution replaces the one it corrects;
* a filled order stays filled, whatever status comes after it;
* a cancellation or rejection that an error frame alone announced proves nothing: the order is *unknown* until an
  order status or a reading says what became of it;
* an unknown order is read about; an order that several readings in a row do not find is *gone*;
* a fill after a cancellation is a fill: the cancellation lost the race.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.broker.port import Fill, OrderState, OrderTicket, OrderUpdate
from strategies.alvh.records import Proposal, Side


class Life(StrEnum):
    """Name how an order stands as far as the bot can prove."""

    INTENDED = "intended"  # in the journal, perhaps sent
    SENT = "sent"  # handed to the broker, no answer yet
    WORKING = "working"
    UNKNOWN = "unknown"  # only reading can tell
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    GONE = "gone"  # readings agree that the broker holds no such order
    VOID = "void"  # stopped at the last line: it was never handed over


DONE = frozenset({Life.FILLED, Life.CANCELLED, Life.REJECTED, Life.GONE, Life.VOID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Hold one execution of an order, after corrections."""

    exec_id: str
    quantity: int
    price: float
    at: datetime
    commission: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Hold everything that is known of one order; `reported` is the largest filled quantity any status gave."""

    ref: str
    proposal: Proposal
    ticket: OrderTicket
    intended_at: datetime
    life: Life = Life.INTENDED
    sent_at: datetime | None = None
    heard_at: datetime | None = None
    changed_at: datetime | None = None
    rung: int = 0
    limit: Decimal
    cancel_asked_at: datetime | None = None
    perm_id: int = 0
    reported: int = 0
    executions: Mapping[str, Execution] = field(default_factory=dict)
    unknown_since: datetime | None = None
    absent: int = 0
    absent_since: datetime | None = None
    code: int | None = None
    text: str = ""

    @property
    def filled(self) -> int:
        """Return the contracts executed."""
        return sum(execution.quantity for execution in self.executions.values())

    @property
    def done(self) -> bool:
        """Say whether nothing more is expected, short of a surprise."""
        return self.life in DONE and not self.missing

    @property
    def missing(self) -> int:
        """Return the contracts that a status reported as filled and no execution has shown yet."""
        return max(0, self.reported - self.filled)

    @property
    def remaining(self) -> int:
        """Return the contracts that may still be executed."""
        return self.missing if self.life in DONE else max(0, self.ticket.quantity - self.filled)

    @property
    def average(self) -> float | None:
        """Return the average execution price in points; `None` before the first."""
        total = self.filled
        return sum(e.quantity * e.price for e in self.executions.values()) / total if total else None


def exec_root(exec_id: str) -> str:
    """Return an execution's identity.

    IB's ids have four parts (0000e0d5.6435b2f3.01.01); a correction repeats the first three and counts the last up.
    """
    root, _, suffix = exec_id.rpartition(".")
    return root if root.count(".") == 2 and len(suffix) == 2 and suffix.isdigit() else exec_id


def sent(order: Order, at: datetime) -> Order:
    """Take in that the order was handed to the broker."""
    life = Life.SENT if order.life is Life.INTENDED else order.life
    return replace(order, life=life, sent_at=order.sent_at or at, changed_at=at)


def changed(order: Order, at: datetime, limit: Decimal | None, rung: int) -> Order:
    """Take in that a new limit, or with `limit=None` the cancellation, was asked for."""
    if limit is None:
        return replace(order, cancel_asked_at=order.cancel_asked_at or at, changed_at=at)
    return replace(order, limit=limit, rung=rung, changed_at=at)


def updated(order: Order, update: OrderUpdate, at: datetime) -> Order:
    """Take in one status, from the stream or from a reading."""
    order = replace(
        order,
        heard_at=at,
        perm_id=update.perm_id or order.perm_id,
        reported=max(order.reported, min(update.filled, order.ticket.quantity)),
        code=update.code if update.code is not None else order.code,
        text=update.text or order.text,
        absent=0 if not update.by_error else order.absent,
    )
    return _stand(order, _told(order, update), at)


def _told(order: Order, update: OrderUpdate) -> Life:
    """Return how the order stands after a status, executions apart."""
    if order.life is Life.FILLED or (order.life in DONE and update.by_error):
        return order.life
    match update.state:
        case OrderState.FILLED:
            return Life.FILLED
        case OrderState.CANCELLED | OrderState.REJECTED if update.by_error:
            return Life.UNKNOWN
        case OrderState.CANCELLED:
            return Life.CANCELLED
        case OrderState.REJECTED:
            return Life.REJECTED
        case OrderState.WORKING if order.life not in DONE:
            return Life.WORKING
        case OrderState.PENDING if order.life not in DONE:
            return Life.SENT if order.life is Life.INTENDED else order.life
    return Life.UNKNOWN  # alive again after its end: one of the two statuses is wrong


def executed(order: Order, fill: Fill, at: datetime) -> Order:
    """Take in one execution; the same one again changes nothing, a correction replaces what it corrects."""
    root = exec_root(fill.exec_id)
    known = order.executions.get(root)
    if known is not None and known.exec_id > fill.exec_id:
        return order
    commission = fill.commission if fill.commission is not None else known.commission if known else None
    execution = Execution(
        exec_id=fill.exec_id, quantity=fill.quantity, price=fill.price, at=fill.at, commission=commission
    )
    if execution == known:
        return order
    executions = {**order.executions, root: execution}
    order = replace(order, executions=executions, heard_at=at, perm_id=fill.perm_id or order.perm_id, absent=0)
    return _stand(order, Life.WORKING if order.life in (Life.INTENDED, Life.SENT, Life.UNKNOWN) else order.life, at)


def unheard(order: Order, at: datetime, why: str) -> Order:
    """Take in that an answer is overdue."""
    return _stand(replace(order, text=order.text or why), Life.UNKNOWN, at)


def absent(order: Order, at: datetime) -> Order:
    """Take in that a complete reading shows the order neither as open nor as completed."""
    counted = replace(order, absent=order.absent + 1, absent_since=order.absent_since if order.absent else at)
    return counted if order.life in DONE else _stand(counted, Life.UNKNOWN, at)


def ended(order: Order, life: Life, at: datetime, why: str) -> Order:
    """Take in an end that was concluded (gone, void) instead of told."""
    return _stand(replace(order, text=why), life, at)


def _stand(order: Order, life: Life, at: datetime) -> Order:
    """Return the order with this life, unless its executions say that it is filled."""
    if order.filled >= order.ticket.quantity:
        life = Life.FILLED
    since = (order.unknown_since or at) if life is Life.UNKNOWN else None
    return replace(order, life=life, unknown_since=since)


def signed(order: Order) -> int:
    """Return the contracts that the order has added to the position."""
    return order.filled if order.ticket.side is Side.BUY else -order.filled
