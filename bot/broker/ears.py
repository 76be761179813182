"""Hear what the library tells unasked: notices, ticks, positions, orders and executions, in the order of the frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.broker import codes, reports
from bot.broker.connection import Connection
from bot.broker.ledger import Ledger
from bot.broker.lines import Lines
from bot.broker.link import Link
from bot.broker.port import Fill, Notice, OrderState, OrderUpdate
from bot.broker.sense import legible, signed_count
from bot.clock import Clock


class Ears:
    """Hand each event of one connection to what keeps count of it, then to the bot's handlers.

    Of other accounts nothing is taken. An error frame that names an order of ours is told as an order's update, every
    other one as a notice.
    """

    def __init__(self, connection: Connection, clock: Clock, *, link: Link, lines: Lines, ledger: Ledger) -> None:
        self._connection = connection
        self._clock = clock
        self._link = link
        self._lines = lines
        self._ledger = ledger
        self._own: dict[int, OrderUpdate] = {}
        self._on_order: list[Callable[[OrderUpdate], None]] = []
        self._on_fill: list[Callable[[Fill], None]] = []
        self._on_notice: list[Callable[[Notice], None]] = []
        self._hook()

    def _hook(self) -> None:
        guarded = self._connection.guarded
        ib = self._connection.ib
        ib.errorEvent += guarded(self._heard)
        ib.pendingTickersEvent += guarded(self._ticked)
        ib.positionEvent += guarded(self._position_pushed)
        ib.orderStatusEvent += guarded(self._order_status)
        ib.execDetailsEvent += guarded(self._executed)
        ib.commissionReportEvent += guarded(self._commissioned)
        ib.disconnectedEvent += guarded(self._link.closed)

    def listen(
        self,
        on_order: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_notice: Callable[[Notice], None],
    ) -> None:
        """Register handlers; those of one kind are called in the order in which they came."""
        self._on_order.append(on_order)
        self._on_fill.append(on_fill)
        self._on_notice.append(on_notice)

    def know(self, order: OrderUpdate) -> None:
        """Learn an order of ours before anything can be heard of it."""
        self._own[order.order_id] = order

    def recall(self) -> None:
        """Learn which working orders this client id sent before, so that an error that names one is understood.

        Orders of an earlier connection are forgotten: a gateway that was restarted counts its ids from the beginning,
        and an error about a request must not be taken for one about an old order.
        """
        self._own.clear()
        client_id = self._connection.endpoint.client_id
        for trade in self._connection.ib.openTrades():
            if trade.order.clientId == client_id and self._is_ours(trade.order.account):
                self.know(reports.update_of(trade))
        self._raise_ids()

    def new_order_id(self) -> int:
        """Return an order id above every one that this client id is known to have used."""
        self._raise_ids()
        return int(self._connection.ib.client.getReqId())

    def _raise_ids(self) -> None:
        """Let the library count on from the highest id of ours; the one that the gateway offers may be rolled back."""
        ib, client_id = self._connection.ib, self._connection.endpoint.client_id
        used = [trade.order.orderId for trade in ib.trades() if trade.order.clientId == client_id]
        used += [fill.execution.orderId for fill in ib.fills() if fill.execution.clientId == client_id]
        ib.client.updateReqId(max(used, default=0) + 1)

    def _is_ours(self, account: str) -> bool:
        return account == self._connection.account

    # -- the market and the line

    def _heard(self, req_id: int, code: int, text: str, contract: Any) -> None:
        text = legible(text)
        self._connection.refused(code, text)
        own = self._own.get(req_id)
        if own is not None:
            self._order_error(own, code, text)
            return
        if self._link.heard(code, text):
            self._lines.renew(cancel=True)
        self._lines.heard(code, text, contract)
        notice = Notice(code=code, text=text, at=self._clock.now())
        for listener in self._on_notice:
            listener(notice)

    def _ticked(self, tickers: Any) -> None:
        self._lines.ticked(tickers)
        self._link.ticked()

    # -- the account

    def _position_pushed(self, position: Any) -> None:
        if self._is_ours(position.account):
            self._ledger.position(position.contract.conId, signed_count(position.position))

    def _order_status(self, trade: Any) -> None:
        if self._is_ours(trade.order.account) and not reports.is_error_entry(trade):
            self._tell_order(reports.update_of(trade))

    def _order_error(self, own: OrderUpdate, code: int, text: str) -> None:
        """Tell what an error frame says about an order of ours; only a never acknowledged order can be dead by it."""
        meaning = codes.of_order(code).meaning
        was_new = own.state is OrderState.PENDING
        states = {codes.Meaning.REJECTED: OrderState.REJECTED, codes.Meaning.CANCELLED: OrderState.CANCELLED}
        proves = meaning is codes.Meaning.CANCELLED or (meaning is codes.Meaning.REJECTED and was_new)
        state = states.get(meaning, own.state) if proves else own.state
        self._tell_order(replace(own, state=state, by_error=not proves, code=code, text=text))

    def _tell_order(self, update: OrderUpdate) -> None:
        if not update.by_error and update.order_id in self._own:
            self._own[update.order_id] = update
        self._ledger.updated(update)
        for listener in self._on_order:
            listener(update)

    def _executed(self, _trade: Any, fill: Any) -> None:
        self._tell_fill(fill)

    def _commissioned(self, _trade: Any, fill: Any, _report: Any) -> None:
        self._tell_fill(fill)

    def _tell_fill(self, fill: Any) -> None:
        if not self._is_ours(fill.execution.acctNumber):
            return
        told = reports.fill_of(fill)
        self._ledger.filled(told)
        for listener in self._on_fill:
            listener(told)
