"""Say which orders cancel or reduce each other: those of one OCA group, and the children of one parent.

TWS makes the exits of a bracket such a group by itself: what one of them fills, the others no longer need to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.gateway.exchange.orders import OrderBook, WorkingOrder

CANCEL_ALL = 1  # the OCA type in which the first fill cancels the others; in the others it reduces them


@dataclass(frozen=True, slots=True, kw_only=True)
class Relieved:
    """Hold an order that another one's fill relieves, and the quantity that is left for it (0: cancel it)."""

    order: WorkingOrder
    quantity: float


def relieved(book: OrderBook, filled: WorkingOrder, shares: float) -> list[Relieved]:
    """Return the orders that a fill of `shares` relieves, oldest first."""
    found = []
    for other in book.live.values():
        if other is filled or not (_share_group(filled, other) or _are_siblings(filled, other)):
            continue
        cancels = _share_group(filled, other) and filled.request.oca_type == CANCEL_ALL
        left = 0.0 if cancels else max(other.request.quantity - shares, 0.0)
        found.append(Relieved(order=other, quantity=left if left > other.filled else 0.0))
    return found


def reduce(order: WorkingOrder, quantity: float) -> None:
    """Lower what an order asks for, in its place in the queue."""
    order.request = replace(order.request, quantity=quantity)


def _share_group(one: WorkingOrder, other: WorkingOrder) -> bool:
    a, b = one.request, other.request
    return bool(a.oca_group) and (a.oca_group, a.account) == (b.oca_group, b.account)


def _are_siblings(one: WorkingOrder, other: WorkingOrder) -> bool:
    a, b = one.request, other.request
    return bool(a.parent_id) and (a.client_id, a.parent_id) == (b.client_id, b.parent_id)
