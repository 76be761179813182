"""A broker in memory that does exactly what a test tells it to; nothing happens by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from bot.broker.port import (
    BrokerPosition,
    Fill,
    Instrument,
    LinkState,
    Notice,
    OrderState,
    OrderTicket,
    OrderUpdate,
    Positions,
)
from bot.clock import SteppedClock
from bot.errors import Retry, Unreachable
from strategies.alvh.records import Quote, Side

ACCOUNT = "DU1234567"
SETTLES = date(2018, 3, 7)
VX = Instrument(
    con_id=11,
    symbol="VIX",
    sec_type="FUT",
    exchange="CFE",
    trading_class="VX",
    multiplier=1000,
    tick=Decimal("0.05"),
    expires_on=SETTLES,
)
VXM = replace(VX, con_id=12, symbol="VXM", trading_class="VXM", multiplier=100, tick=Decimal("0.01"))
ALLOWED = {VX.con_id: VX, VXM.con_id: VXM}


class Killed(BaseException):
    """Stand for the death of the process: nothing in the bot may catch it."""


class FakeBroker:
    """Keep orders, executions and positions as the broker would; `broker` outlives every bot in a test."""

    library = "fake"

    def __init__(self, clock: SteppedClock) -> None:
        self.account = ACCOUNT
        self.clock = clock
        self.link = LinkState.UP
        self.quotes = {con_id: Quote(bid=20.0, ask=20.3, bid_size=50, ask_size=50, age_s=1.0) for con_id in ALLOWED}
        self.settles: dict[int, float | None] = dict.fromkeys(ALLOWED, 19.0)
        self.tickets: dict[str, OrderTicket] = {}  # live at the broker
        self.placed: list[OrderTicket] = []
        self.repriced: list[tuple[str, Decimal]] = []
        self.cancelled: list[str] = []
        self.fills: list[Fill] = []
        self.completed: dict[str, OrderUpdate] = {}
        self.foreign_orders: list[OrderUpdate] = []
        self.forgotten: list[str] = []
        self.held: dict[int, int] = {}
        self.complete = True
        self.second: dict[int, int] | None = None  # what the account updates say, where it is not what is held
        self.has_second = True
        self.readable = True
        self.reads = 0
        self.drop_next = False
        self.refuse_next = False
        self.die_before_place = False
        self.die_after_place = False
        self._on_order: Callable[[OrderUpdate], None] = lambda update: None
        self._on_fill: Callable[[Fill], None] = lambda fill: None

    def listen(
        self,
        on_order: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_notice: Callable[[Notice], None],
    ) -> None:
        self._on_order, self._on_fill = on_order, on_fill

    def deafen(self) -> None:
        """Cut the bot off, as its death or a lost line does."""
        self._on_order, self._on_fill = (lambda update: None), (lambda fill: None)

    # --- what the bot does

    def place(self, ticket: OrderTicket) -> None:
        if self.die_before_place:
            raise Killed
        if self.refuse_next:
            self.refuse_next = False
            raise Unreachable("the socket is closed")
        assert ticket.ref not in {sent.ref for sent in self.placed}, "an intent became two orders"
        self.placed.append(ticket)
        if self.drop_next:
            self.drop_next = False
            return
        self.tickets[ticket.ref] = ticket
        if self.die_after_place:
            raise Killed

    def reprice(self, ref: str, limit: Decimal) -> None:
        self.repriced.append((ref, limit))

    def cancel(self, ref: str) -> None:
        self.cancelled.append(ref)

    # --- what the test lets the broker do

    def say(self, ref: str, state: OrderState = OrderState.WORKING, **changes: object) -> OrderUpdate:
        """Send the bot a status of its order."""
        update = replace(self.update(ref, state), **changes)  # type: ignore[arg-type]
        self._on_order(update)
        return update

    def update(self, ref: str, state: OrderState = OrderState.WORKING) -> OrderUpdate:
        ticket = next(sent for sent in self.placed if sent.ref == ref)
        filled = sum(fill.quantity for fill in self.fills if fill.ref == ref)
        return OrderUpdate(
            ref=ref,
            perm_id=self.perm_id(ref),
            order_id=1,
            con_id=ticket.instrument.con_id,
            state=state,
            filled=filled,
            remaining=ticket.quantity - filled,
            side=ticket.side,
        )

    def perm_id(self, ref: str) -> int:
        return 1000 + [sent.ref for sent in self.placed].index(ref)

    def fill(self, ref: str, quantity: int, price: float = 20.1, *, tell: bool = True) -> Fill:
        """Execute a part of an order, and tell the bot unless it is cut off."""
        ticket = next(sent for sent in self.placed if sent.ref == ref)
        fill = Fill(
            ref=ref,
            exec_id=f"0000e0d5.{len(self.fills):08x}.01.01",
            perm_id=self.perm_id(ref),
            account=ACCOUNT,
            con_id=ticket.instrument.con_id,
            side=ticket.side,
            quantity=quantity,
            price=price,
            at=self.clock.now(),
        )
        self.fills.append(fill)
        sign = 1 if ticket.side is Side.BUY else -1
        self.held[fill.con_id] = self.held.get(fill.con_id, 0) + sign * quantity
        if sum(done.quantity for done in self.fills if done.ref == ref) == ticket.quantity:
            self.end(ref, OrderState.FILLED, tell=False)
        if tell:
            self._on_fill(fill)
        return fill

    def correct(self, fill: Fill, quantity: int, revision: int = 2) -> Fill:
        """Tell the bot that an execution was of another quantity; of none, that it is taken back."""
        corrected = replace(fill, exec_id=f"{fill.exec_id[:-2]}{revision:02d}", quantity=quantity)
        self.fills[self.fills.index(fill)] = corrected
        sign = 1 if fill.side is Side.BUY else -1
        self.held[fill.con_id] = self.held.get(fill.con_id, 0) + sign * (quantity - fill.quantity)
        self._on_fill(corrected)
        return corrected

    def end(self, ref: str, state: OrderState = OrderState.CANCELLED, *, tell: bool = True) -> None:
        """Move an order to the completed ones."""
        self.tickets.pop(ref, None)
        self.completed[ref] = self.update(ref, state)
        if tell:
            self._on_order(self.completed[ref])

    def tell_fill(self, fill: Fill) -> None:
        self._on_fill(fill)

    def tell_order(self, update: OrderUpdate) -> None:
        self._on_order(update)

    # --- what the bot reads

    async def open_orders(self) -> Sequence[OrderUpdate]:
        self.reads += 1
        if not self.readable:
            raise Retry("open orders were not answered within 10 s")
        return [self.update(ref) for ref in self.tickets] + self.foreign_orders

    async def completed_orders(self) -> Sequence[OrderUpdate]:
        return list(self.completed.values())

    async def executions(self) -> Sequence[Fill]:
        return list(self.fills)

    async def positions(self) -> Positions:
        rows = tuple(
            BrokerPosition(account=ACCOUNT, instrument=ALLOWED[con_id], quantity=quantity, avg_price=20.0)
            for con_id, quantity in self.held.items()
            if quantity
        )
        return Positions(rows=rows, complete=self.complete, taken_at=self.clock.now())

    def forget(self, ref: str) -> None:
        self.forgotten.append(ref)

    def account_holds(self, con_id: int) -> int | None:
        return self.held.get(con_id, 0)

    def portfolio(self) -> dict[int, int] | None:
        if not self.has_second:
            return None
        return dict(self.held if self.second is None else self.second)

    def quote(self, con_id: int) -> Quote:
        return self.quotes.get(con_id, Quote())

    def day_values(self, con_id: int) -> tuple[float | None, float | None]:
        return None, self.settles.get(con_id)

    def now(self) -> datetime:
        return self.clock.now()
