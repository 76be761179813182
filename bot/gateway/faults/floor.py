"""Be the exchange as the gateway sees it: faults may answer in its place, and change what it lists."""

from __future__ import annotations

from collections.abc import Sequence

from bot.gateway.faults.interposer import Interposer
from bot.gateway.records import (
    Exchange,
    FillReport,
    OrderReport,
    OrderRequest,
    PnlReport,
    PositionReport,
    Report,
    Rung,
)


class Floor:
    """Implement `Exchange` over the true one."""

    def __init__(self, exchange: Exchange, interposer: Interposer) -> None:
        self._exchange = exchange
        self._interposer = interposer

    def place(self, request: OrderRequest) -> Sequence[Report]:
        """Accept, modify, reject or answer as what-if."""
        return self._interposer.placing(request)

    def cancel(self, client_id: int, order_id: int) -> Sequence[Report]:
        """Cancel one order."""
        return self._interposer.cancelling(client_id, order_id)

    def cancel_all(self) -> Sequence[Report]:
        """Cancel every working order of every client."""
        return self._exchange.cancel_all()

    def step(self) -> Sequence[Report]:
        """Match resting orders."""
        return self._exchange.step()

    def open_orders(self) -> Sequence[OrderReport]:
        """Return the working orders as clients are shown them."""
        return self._interposer.listing("open", self._exchange.open_orders())

    def completed_orders(self) -> Sequence[OrderReport]:
        """Return today's done orders as clients are shown them."""
        return self._interposer.listing("completed", self._exchange.completed_orders())

    def executions(self) -> Sequence[FillReport]:
        """Return today's executions as clients are shown them."""
        return self._interposer.listing("executions", self._exchange.executions())

    def accounts(self) -> Sequence[str]:
        """Return the account ids."""
        return self._exchange.accounts()

    def positions(self, account: str) -> Sequence[PositionReport]:
        """Return positions as clients are shown them."""
        return self._interposer.listing("positions", self._exchange.positions(account), account)

    def values(self, account: str) -> Sequence[tuple[str, str, str]]:
        """Return the account's values."""
        return self._exchange.values(account)

    def pnl(self, account: str, con_id: int = 0) -> PnlReport:
        """Return profit and loss."""
        return self._exchange.pnl(account, con_id)

    def depth(self, con_id: int) -> tuple[tuple[Rung, ...], tuple[Rung, ...]]:
        """Return the levels of a book."""
        return self._exchange.depth(con_id)
