"""Add up what the bot's own futures trades made and what they cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from bot.orders.life import Execution, Order
from strategies.alvh.records import Lot, Side

Trade = tuple[Order, Execution]


class FirstSight:
    """Remember when each option leg that is held was first seen.

    An empty list of legs forgets nothing: IB has answered with one in place of the account.
    """

    def __init__(self) -> None:
        self._seen: dict[int, datetime] = {}

    def look(self, con_ids: Collection[int], at: datetime) -> None:
        """Take in which legs a journalled wake-up held."""
        if con_ids:
            self._seen = {con_id: self._seen.get(con_id, at) for con_id in con_ids}

    def tell(self) -> list[Any]:
        """Return each leg held with when it was first seen."""
        return [[con_id, at.isoformat()] for con_id, at in self._seen.items()]

    def know(self, told: Iterable[Any]) -> None:
        """Take over what another one told."""
        self._seen = {con_id: datetime.fromisoformat(at) for con_id, at in told}

    @property
    def oldest(self) -> datetime | None:
        """Return when the oldest leg still held was first seen; `None` before any was."""
        return min(self._seen.values(), default=None)


def realised_usd(trades: Iterable[Trade], lots: Iterable[Lot]) -> float:
    """Return the profit of these trades' sales in dollars, fees apart, given the lots that the trades leave.

    What the trades brought in and what the lots still owned have cost add up to it, whichever lots a sale took.
    """
    owned = sum(lot.quantity * lot.multiplier * lot.price for lot in lots)
    return owned + sum(_proceeds(order, execution) for order, execution in trades)


def fees_usd(trades: Iterable[Trade]) -> float:
    """Return the commissions of these trades in dollars; one that is not reported yet counts once it is."""
    return sum(execution.commission or 0.0 for _, execution in trades)


def _proceeds(order: Order, execution: Execution) -> float:
    value = execution.quantity * order.ticket.instrument.multiplier * execution.price
    return value if order.ticket.side is Side.SELL else -value
