"""Pull strings of the exchange that no client has: fill an order now, keep one from matching, correct an execution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from bot.gateway.errors import FaultError
from bot.gateway.records import Exchange, Report

OrderKey = tuple[int, int]  # client id and order id


@runtime_checkable
class Strings(Protocol):
    """Be an exchange whose strings can be pulled."""

    def hold(self, client_id: int, order_id: int, *, held: bool) -> None:
        """Keep an order, also one still to come, from being matched; or let it, as often as it was kept."""

    def fill(self, client_id: int, order_id: int, quantity: float) -> Sequence[Report]:
        """Fill so much of an order that is in the market now, at its limit, and return what is to be told."""

    def amend(self, exec_id: str, *, shares: float, price: float) -> Sequence[Report]:
        """Correct an execution in the books, and return the correction and the position."""


def strings_of(exchange: Exchange) -> Strings:
    """Return the strings of an exchange.

    Raises `FaultError` when it has none.
    """
    if not isinstance(exchange, Strings):
        raise FaultError("this exchange cannot be told what to fill; use the simulated one")
    return exchange
