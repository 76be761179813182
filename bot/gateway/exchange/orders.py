"""Hold the orders that the exchange knows, and the words of their lives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.gateway.records import Contract, OrderReport, OrderRequest


class Status(StrEnum):
    """Name IB's order states that an exchange can report."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    CANCELLED = "Cancelled"
    FILLED = "Filled"
    INACTIVE = "Inactive"

    @property
    def done(self) -> bool:
        """Say whether nothing more can happen to an order in this state."""
        return self in _DONE


_DONE = frozenset({Status.CANCELLED, Status.FILLED, Status.INACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Hold one leg: buying the order trades `sign` x `ratio` of the contract for each unit of order quantity."""

    contract: Contract
    ratio: int
    sign: int  # +1 bought, -1 sold, when the order is a BUY


@dataclass(slots=True, kw_only=True)
class WorkingOrder:
    """Hold one order and how far it has come.

    `transmitted`, `worked`, `at_exchange` and `triggered` say how far it has come; `queue_ahead` is the size, in
    contracts, that must trade at the limit before the order's turn; below zero it is volume that reached the order
    without filling a whole contract yet. `notional` is the sum of price x quantity of the fills.
    """

    request: OrderRequest
    legs: tuple[Leg, ...]
    perm_id: int
    priority: int
    status: Status = Status.PRE_SUBMITTED
    filled: float = 0.0
    notional: float = 0.0
    last_price: float = 0.0
    queue_ahead: float = 0.0
    leg_notional: list[float] = field(default_factory=list)
    transmitted: bool = True
    worked: bool = False  # its session has been open since it was placed
    at_exchange: bool = False
    triggered: bool = False
    completed_at: datetime | None = None
    completed_status: str = ""
    reject_reason: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """Return (client id, order id), which names an order while its client lives."""
        return self.request.client_id, self.request.order_id

    @property
    def direction(self) -> int:
        """Return +1 for a BUY, -1 for a SELL."""
        return 1 if self.request.action == "BUY" else -1

    @property
    def remaining(self) -> float:
        """Return the quantity not yet filled; zero once a filled or rejected order has ended."""
        return max(self.request.quantity - self.filled, 0.0)

    @property
    def is_combo(self) -> bool:
        """Say whether this is a combination."""
        return bool(self.request.legs)

    @property
    def is_stop(self) -> bool:
        """Say whether the order waits for a trigger price."""
        return self.request.order_type in ("STP", "STP LMT") and not self.triggered

    @property
    def limit(self) -> float | None:
        """Return the worst price, `None` for a market order."""
        return self.request.limit if self.request.order_type in ("LMT", "STP LMT") else None

    def why_held(self) -> str:
        """Return IB's whyHeld word: `child` and `trigger` for orders that wait for a parent or a price."""
        if self.status.done or self.at_exchange:
            return ""
        waits = (("child", self.request.parent_id != 0), ("trigger", self.is_stop))
        return ",".join(word for word, applies in waits if applies)

    def report(self) -> OrderReport:
        """Return the order as clients are told of it."""
        return OrderReport(
            request=self.request,
            perm_id=self.perm_id,
            status=str(self.status),
            filled=self.filled,
            remaining=self.remaining,
            avg_price=self.notional / self.filled if self.filled else 0.0,
            last_price=self.last_price,
            why_held=self.why_held(),
            completed_at=self.completed_at,
            completed_status=self.completed_status,
            reject_reason=self.reject_reason,
        )


@dataclass(slots=True)
class OrderBook:
    """Keep live orders by client and order id, and the done ones in the order in which they ended."""

    live: dict[tuple[int, int], WorkingOrder] = field(default_factory=dict)
    done: dict[tuple[int, int], WorkingOrder] = field(default_factory=dict)
    highest_done: dict[int, int] = field(default_factory=dict)

    def add(self, order: WorkingOrder) -> None:
        """Take in a new live order."""
        self.live[order.key] = order

    def retire(self, order: WorkingOrder, status: Status, at: datetime, words: str) -> None:
        """Move an order to the done ones, with IB's completed status text."""
        order.status, order.completed_at, order.completed_status = status, at, words
        self.live.pop(order.key, None)
        self.done[order.key] = order
        client, number = order.key
        self.highest_done[client] = max(number, self.highest_done.get(client, 0))

    def is_spent(self, client_id: int, order_id: int) -> bool:
        """Say whether the id was used up: at or below one that this client has seen end."""
        return order_id <= self.highest_done.get(client_id, -1)

    def lacks_parent(self, request: OrderRequest) -> bool:
        """Say whether a child's parent is not known or died unfilled."""
        parent = (request.client_id, request.parent_id)
        done = self.done.get(parent)
        return bool(request.parent_id) and parent not in self.live and (done is None or done.status != Status.FILLED)

    def children(self, parent: WorkingOrder) -> list[WorkingOrder]:
        """Return the live orders attached to `parent`, oldest first."""
        client, number = parent.key
        return [o for o in self.live.values() if o.request.client_id == client and o.request.parent_id == number]

    def in_priority(self) -> list[WorkingOrder]:
        """Return live orders by contract and side, better price first (market orders best), then older first."""
        return sorted(self.live.values(), key=_priority)

    def resting_ahead(self, order: WorkingOrder) -> Iterator[WorkingOrder]:
        """Yield the orders of this exchange that stand before `order` at its price."""
        for other in self.live.values():
            if other.priority < order.priority and other.at_exchange and _place(other) == _place(order):
                yield other


def _place(order: WorkingOrder) -> tuple[object, ...]:
    return order.request.con_id, order.request.legs, order.request.action, order.limit


def _priority(order: WorkingOrder) -> tuple[int, str, float, int]:
    limit = order.limit
    rank = float("-inf") if limit is None else -order.direction * limit
    return order.request.con_id, order.request.action, rank, order.priority
