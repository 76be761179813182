"""Follow one order from intent to end, from whatever the broker says in whatever order.

The broker's frames come late, twice, out of order and sometimes wrong. Here each becomes an event, and the table in
`states.py` says what follows from it. The rules behind the table:

* executions win: what was filled is the sum of executions; a correction replaces the execution it corrects, and one
  of nothing takes it back (a bust);
* a filled order stays filled, whatever status comes after it, unless an execution is taken back;
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

from bot.broker.codes import PERHAPS_OVER
from bot.broker.port import Fill, OrderState, OrderTicket, OrderUpdate
from bot.orders.states import DONE, Event, Life, after
from strategies.alvh.records import Proposal

__all__ = [
    "DONE",
    "Execution",
    "Life",
    "Order",
    "absent",
    "changed",
    "ended",
    "executed",
    "sent",
    "unheard",
    "updated",
]

_ENDS = (OrderState.CANCELLED, OrderState.REJECTED)
_TOLD = {
    OrderState.PENDING: Event.PENDING,
    OrderState.WORKING: Event.WORKING,
    OrderState.FILLED: Event.FILLED,
    OrderState.CANCELLED: Event.CANCELLED,
    OrderState.REJECTED: Event.REJECTED,
}
_CONCLUDED = {Life.GONE: Event.GIVEN_UP, Life.VOID: Event.STOPPED}


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
    """Hold everything that is known of one order.

    `reported` is the largest filled quantity any status gave, `taken_back` what corrections took from executions that
    such a status may have counted.
    """

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
    taken_back: int = 0
    executions: Mapping[str, Execution] = field(default_factory=dict)
    unknown_since: datetime | None = None
    absent: int = 0
    absent_since: datetime | None = None
    code: int | None = None
    text: str = ""

    @property
    def named(self) -> str:
        """Return side, quantity, contract and ref, as a human is told of it."""
        ticket = self.ticket
        return f"{ticket.side} {ticket.quantity} {ticket.instrument.trading_class} ({self.ref})"

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
        return max(0, self.reported - self.taken_back - self.filled)

    @property
    def remaining(self) -> int:
        """Return the contracts that may still be executed."""
        return self.missing if self.life in DONE else max(0, self.ticket.quantity - self.filled)

    @property
    def average(self) -> float | None:
        """Return the average execution price in points; `None` before the first."""
        total = self.filled
        return sum(e.quantity * e.price for e in self.executions.values()) / total if total else None


def sent(order: Order, at: datetime) -> Order:
    """Take in that the order was handed to the broker."""
    order = replace(order, sent_at=order.sent_at or at, changed_at=at)
    return _stand(order, Event.HANDED_OVER, at)


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
        perm_id=order.perm_id or update.perm_id,
        reported=max(order.reported, min(update.filled, order.ticket.quantity)),
        code=update.code if update.code is not None else order.code,
        text=update.text or order.text,
        absent=0 if not update.by_error else order.absent,
    )
    return _stand(order, told(update), at)


def told(update: OrderUpdate) -> Event:
    """Return what a status says; what an error or the word Inactive says proves nothing."""
    if not update.by_error:
        return _TOLD[update.state]
    return Event.DOUBT if update.state in _ENDS or update.code in PERHAPS_OVER else Event.REMARK


def executed(order: Order, fill: Fill, at: datetime) -> Order:
    """Take in one execution; the same one again changes nothing, a correction replaces what it corrects.

    A correction to nothing takes the execution back. Whether what it took back works again only a reading can tell.
    """
    known = order.executions.get(fill.root)
    if known is not None and known.exec_id > fill.exec_id:
        return order
    commission = fill.commission if fill.commission is not None else known.commission if known else None
    execution = Execution(
        exec_id=fill.exec_id, quantity=max(fill.quantity, 0), price=fill.price, at=fill.at, commission=commission
    )
    if execution == known:
        return order
    before = order.filled
    order = replace(
        order,
        executions={**order.executions, fill.root: execution},
        heard_at=at,
        perm_id=order.perm_id or fill.perm_id,
        taken_back=order.taken_back + (max(0, known.quantity - execution.quantity) if known else 0),
        absent=0,
    )
    return _stand(order, _traded(order, before), at)


def _traded(order: Order, before: int) -> Event:
    """Return what an execution, its correction or its commission says about an order that had `before` filled."""
    if order.filled >= order.ticket.quantity:
        return Event.WHOLE
    if order.filled > before:
        return Event.PART
    return Event.BUST if order.filled < before else Event.REMARK


def unheard(order: Order, at: datetime, why: str) -> Order:
    """Take in that an answer is overdue."""
    return _stand(replace(order, text=order.text or why), Event.SILENCE, at)


def absent(order: Order, at: datetime) -> Order:
    """Take in that a complete reading shows the order neither as open nor as completed."""
    counted = replace(order, absent=order.absent + 1, absent_since=order.absent_since if order.absent else at)
    return _stand(counted, Event.ABSENT, at)


def ended(order: Order, life: Life, at: datetime, why: str) -> Order:
    """Take in an end that was concluded (gone, void) instead of told."""
    told = order.filled + order.taken_back  # what no reading can show any more is not waited for
    return _stand(replace(order, text=why, reported=min(order.reported, told)), _CONCLUDED[life], at)


def _stand(order: Order, event: Event, at: datetime) -> Order:
    life = after(order.life, event)
    since = (order.unknown_since or at) if life is Life.UNKNOWN else None
    return replace(order, life=life, unknown_since=since)
