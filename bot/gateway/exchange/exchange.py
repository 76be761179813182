"""Match orders against the displayed market and keep the books of the login's accounts.

`SimulatedExchange` is what the gateway's server talks to. It has no clock of its own and draws no random number but
fixed functions of its seeds: the same calls against the same market give the same reports, identifiers included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.gateway.exchange.accounts import Accounts
from bot.gateway.exchange.amending import amended
from bot.gateway.exchange.depth import DisplayedDepth, Side
from bot.gateway.exchange.draws import draw
from bot.gateway.exchange.execution import Executions
from bot.gateway.exchange.groups import reduce, relieved
from bot.gateway.exchange.hands import Hands
from bot.gateway.exchange.matching import Matcher, Slice
from bot.gateway.exchange.orders import OrderBook, Status, WorkingOrder
from bot.gateway.exchange.sessions import has_expired, may_trade, trading_day, waiting_notice
from bot.gateway.exchange.validation import Refusal, check, modification, resolve_legs
from bot.gateway.exchange.what_if import margin_refusal
from bot.gateway.records import (
    ErrorReport,
    FillReport,
    Market,
    OpeningAccount,
    OrderReport,
    OrderRequest,
    PnlReport,
    PositionReport,
    Report,
    Rung,
)

_BY_TRADER = "Cancelled by Trader"
_BY_SYSTEM = "Cancelled by System"


class SimulatedExchange:
    """Implement the gateway's `Exchange` over any `Market`.

    `displayed_depth_seed` varies the size modelled behind the touch; `beside` are accounts of the login beyond those of
    the scenario.
    """

    def __init__(self, market: Market, *, displayed_depth_seed: int = 0, beside: Sequence[OpeningAccount] = ()) -> None:
        self._market = market
        self._accounts = Accounts(market, beside)
        self._orders = OrderBook()
        self._depth = DisplayedDepth(market, displayed_depth_seed)
        self._matcher = Matcher(market, self._depth, market.seed)
        self._executions = Executions(lambda account: self._accounts.of(account).ledger, market.seed)
        self._perm_id = 1_000_000_000 + int(draw(market.seed, "permId") * 1_000_000_000)
        self._priority = 0
        self._stepped_at = market.now
        self._hands = Hands(market.opening_account())

    # ---- orders

    def place(self, request: OrderRequest) -> Sequence[Report]:
        """Accept, modify (same client and order id), reject or answer as what-if."""
        key = (request.client_id, request.order_id)
        live = self._orders.live.get(key)
        if live is not None and not request.what_if:
            return self._modify(live, request)
        taken = self._identifier_taken(request)
        if taken is not None:
            return [taken.error(request)]
        legs = resolve_legs(self._market, request)
        if isinstance(legs, Refusal):
            return [legs.error(request)]
        order = WorkingOrder(
            request=request,
            legs=legs,
            perm_id=0,
            priority=0,
            leg_notional=[0.0] * len(legs),
            transmitted=request.transmit,
        )
        refusal = check(self._market, self._accounts.names, order) or self._orphan(request)
        if refusal is not None:
            return self._refuse(order, refusal)
        preview = self._accounts.of(request.account).preview(order)
        if request.what_if:
            return [preview]
        refusal = margin_refusal(preview)
        return self._accept(order) if refusal is None else self._refuse(order, refusal)

    def _identifier_taken(self, request: OrderRequest) -> Refusal | None:
        """Say why an order id cannot name a new order (a what-if takes any)."""
        if request.what_if or not self._orders.is_spent(request.client_id, request.order_id):
            return None
        done = self._orders.done.get((request.client_id, request.order_id))
        if done is not None and done.status is Status.FILLED:
            return Refusal(code=104, text="Cannot modify a filled order.")
        return Refusal(code=103, text="Duplicate order id")

    def _orphan(self, request: OrderRequest) -> Refusal | None:
        """Refuse a child whose parent is not known or died unfilled."""
        if not self._orders.lacks_parent(request):
            return None
        return Refusal(code=135, text=f"Can't find order with id ={request.parent_id}")

    def _number(self, order: WorkingOrder) -> None:
        self._perm_id += 1
        order.perm_id = self._perm_id
        order.priority = self._next_priority()

    def _next_priority(self) -> int:
        self._priority += 1
        return self._priority

    def _refuse(self, order: WorkingOrder, refusal: Refusal) -> list[Report]:
        """Send the error; a 201 leaves the order on record as Inactive."""
        reports: list[Report] = [refusal.error(order.request)]
        if refusal.on_record and not order.request.what_if:
            self._number(order)
            order.reject_reason = refusal.text
            self._orders.retire(order, Status.INACTIVE, self._market.now, refusal.text)
            reports.append(order.report())
        return reports

    def _accept(self, order: WorkingOrder) -> list[Report]:
        self._number(order)
        self._orders.add(order)
        reports: list[Report] = [order.report()]
        return reports + (self._transmit(order) if order.transmitted else [])

    def _transmit(self, order: WorkingOrder) -> list[Report]:
        """Release an order and the family it belongs to: transmitting one child transmits its parent."""
        reports: list[Report] = []
        parent = self._orders.live.get((order.request.client_id, order.request.parent_id))
        family = [order] if parent is None else [parent, *self._orders.children(parent)]
        for member in family:
            member.transmitted = True
        for member in family:
            reports += self._begin(member)
        return reports

    def _begin(self, order: WorkingOrder) -> list[Report]:
        """Send an order to the exchange if its session is open and nothing holds it; else say until when it waits."""
        if order.at_exchange or order.status.done:
            return []
        if not may_trade(self._market, order):
            return self._end(order, _BY_SYSTEM) if order.request.tif == "IOC" else [waiting_notice(self._market, order)]
        order.worked = True
        return [] if self._is_held(order) else self._activate(order)

    def _is_held(self, order: WorkingOrder) -> bool:
        """Say whether the order waits for its transmission, its parent or its trigger price."""
        parent = (order.request.client_id, order.request.parent_id)
        if not order.transmitted or (order.request.parent_id and parent in self._orders.live):
            return True
        return order.is_stop and not self._trigger(order)

    def _trigger(self, order: WorkingOrder) -> bool:
        """Trigger a stop whose price the last trade or the near touch has reached."""
        quote, stop = self._market.quote(order.request.con_id), order.request.stop
        near = quote.bid if order.direction > 0 else quote.ask
        seen = [price for price in (quote.last, near) if price is not None and price > 0]
        if stop is not None and not quote.halted:
            order.triggered = any(order.direction * (price - stop) >= 0 for price in seen)
        return order.triggered

    def _activate(self, order: WorkingOrder) -> list[Report]:
        """Put an order into the market: take what is displayed, rest with what remains."""
        order.at_exchange, order.status = True, Status.SUBMITTED
        slices = self._matcher.take(order)
        reports: list[Report] = []
        if order.request.order_type != "MKT" or sum(s.quantity for s in slices) < order.remaining:
            reports.append(order.report())
        reports += self._execute(order, slices)
        if order.status.done:
            return reports
        if order.request.tif == "IOC":
            return reports + self._end(order, _BY_SYSTEM)
        self._join(order)
        return reports

    def _join(self, order: WorkingOrder) -> None:
        order.queue_ahead = self._matcher.join(order) + self._own_ahead(order)

    def _own_ahead(self, order: WorkingOrder) -> float:
        return sum(other.remaining for other in self._orders.resting_ahead(order))

    def _modify(self, order: WorkingOrder, request: OrderRequest) -> list[Report]:
        """Replace an order's terms in place; a new price or a larger size goes to the back of the queue."""
        candidate = replace(order, request=request)
        refusal = modification(order, request) or check(self._market, self._accounts.names, candidate)
        if refusal is None and candidate.remaining > order.remaining:
            refusal = margin_refusal(self._accounts.of(request.account).preview(candidate))
        if refusal is not None:
            return [refusal.error(request), order.report()]
        old, order.request = order.request, request
        repriced = (old.limit, old.stop) != (request.limit, request.stop)
        if repriced or request.quantity > old.quantity:
            order.priority = self._next_priority()
        reports: list[Report] = [order.report()]
        if not order.at_exchange:
            order.transmitted = request.transmit
            return reports + (self._transmit(order) if order.transmitted else [])
        if may_trade(self._market, order) and (repriced or request.quantity > old.quantity):
            reports += self._execute(order, self._matcher.take(order))
            self._join(order)
        return reports

    # ---- executions and ends

    def _execute(self, order: WorkingOrder, slices: Sequence[Slice]) -> list[Report]:
        """Book executions, reporting fills, order and positions for each; a filled parent releases its children."""
        reports: list[Report] = []
        books = self._accounts.of(order.request.account)
        for piece in slices:
            reports += self._executions.book(order, piece, self._market.now)
            if order.remaining < 1:
                self._orders.retire(order, Status.FILLED, self._market.now, f"Filled Size: {order.filled:g}")
            reports.append(order.report())
            reports += [books.ledger.report(leg.contract.con_id) for leg in order.legs]
        if slices:
            books.touched()
            reports += self._relieve(order, sum(piece.quantity for piece in slices))
        if order.status is Status.FILLED:
            for child in self._orders.children(order):
                reports += self._begin(child)
        return reports

    def _relieve(self, order: WorkingOrder, shares: float) -> list[Report]:
        """Reduce or cancel the orders that need no longer trade what this one has filled."""
        reports: list[Report] = []
        for item in relieved(self._orders, order, shares):
            if item.quantity:
                reduce(item.order, item.quantity)
                reports.append(item.order.report())
            elif not item.order.status.done:
                reports += self._end(item.order, _BY_SYSTEM)
        return reports

    def _end(self, order: WorkingOrder, words: str) -> list[Report]:
        """Cancel a live order and the children that waited for it."""
        children = self._orders.children(order)
        self._orders.retire(order, Status.CANCELLED, self._market.now, words)
        reports: list[Report] = [order.report(), _error(order.key, 202, "Order Canceled - reason:")]
        for child in children:
            reports += self._end(child, _BY_SYSTEM)
        return reports

    def cancel(self, client_id: int, order_id: int) -> Sequence[Report]:
        """Cancel one order; codes 10147, 10148, 161 when it is unknown or already done, 202 when it is."""
        key = (client_id, order_id)
        if key in self._orders.live:
            return self._end(self._orders.live[key], _BY_TRADER)
        done = self._orders.done.get(key)
        if done is None:
            return [_error(key, 10147, f"OrderId {order_id} that needs to be cancelled is not found.")]
        if done.status is Status.INACTIVE:
            text = f"Cancel attempted when order is not in a cancellable state.  Order permId ={done.perm_id}"
            return [_error(key, 161, text)]
        text = f"OrderId {order_id} that needs to be cancelled can not be cancelled, state: {done.status}."
        return [_error(key, 10148, text)]

    def cancel_all(self) -> Sequence[Report]:
        """Cancel every working order of every client (reqGlobalCancel)."""
        reports: list[Report] = []
        for order in list(self._orders.live.values()):
            if not order.status.done:
                reports += self._end(order, _BY_TRADER)
        return reports

    # ---- strings that no client can pull

    def hold(self, client_id: int, order_id: int, *, held: bool) -> None:
        """Keep an order, also one still to come, from being matched; or let it, as often as it was kept."""
        self._matcher.hold((client_id, order_id), held=held)

    def fill(self, client_id: int, order_id: int, quantity: float) -> Sequence[Report]:
        """Fill so much of an order now, at its limit or at the touch; nothing while it is not in the market."""
        order = self._orders.live.get((client_id, order_id))
        if order is None or not order.at_exchange:
            return []
        piece = self._matcher.given(order, quantity)
        return [] if piece is None else self._execute(order, [piece])

    def amend(self, exec_id: str, *, shares: float, price: float) -> Sequence[Report]:
        """Correct an execution of today in the books; nothing when there is none of this id, or it is a combination's.

        The correction is told and listed beside what it corrects, and the order counts it.
        """
        fill = next((each for each in self._executions.reports if each.exec_id == exec_id), None)
        if fill is None or fill.request.legs:
            return []
        key = (fill.request.client_id, fill.request.order_id)
        order = self._orders.live.get(key) or self._orders.done[key]
        books = self._accounts.of(fill.account)
        correction = amended(books.ledger, order, fill, shares=shares, price=price)
        self._executions.reports.append(correction)
        books.touched()
        return [correction, books.ledger.report(fill.con_id)]

    # ---- time

    def step(self) -> Sequence[Report]:
        """Expire DAY and GTD orders, match the others against the market as it is, settle expired contracts."""
        now = self._market.now
        elapsed_s = (now - self._stepped_at).total_seconds()
        if trading_day(now) != trading_day(self._stepped_at):
            self._accounts.start_day()
            self._executions.reports.clear()
        self._stepped_at = now
        self._accounts.settle_daily()
        reports: list[Report] = []
        for request in self._hands.due(now):
            reports += self.place(request)
        for order in self._orders.in_priority():
            if not order.status.done:
                reports += self._advance(order, elapsed_s)
        return reports + self._accounts.settle_finally()

    def _advance(self, order: WorkingOrder, elapsed_s: float) -> list[Report]:
        """Expire, hold, send or match one live order."""
        is_open = may_trade(self._market, order)
        if has_expired(order, self._market.now, is_open=is_open):
            return self._end(order, _BY_SYSTEM)
        if not is_open:
            return []
        order.worked = True
        if order.at_exchange:
            return self._execute(order, self._matcher.rest(order, self._own_ahead(order), elapsed_s))
        return [] if self._is_held(order) else self._activate(order)

    # ---- what clients ask for

    def depth(self, con_id: int) -> tuple[tuple[Rung, ...], tuple[Rung, ...]]:
        """Return the levels that an order would meet, bids and asks from the touch outwards; none while it rests."""
        contract = self._market.contract(con_id)
        if contract is None or not self._market.is_open(con_id, rth=False):
            return (), ()
        return self._depth.left(contract, Side.BID), self._depth.left(contract, Side.ASK)

    def open_orders(self) -> Sequence[OrderReport]:
        """Return the working orders of every client, oldest first."""
        return [order.report() for order in sorted(self._orders.live.values(), key=lambda o: o.perm_id)]

    def completed_orders(self) -> Sequence[OrderReport]:
        """Return today's done orders, in the order in which they ended."""
        today = trading_day(self._market.now)
        done = self._orders.done.values()
        return [o.report() for o in done if o.completed_at is not None and trading_day(o.completed_at) == today]

    def executions(self) -> Sequence[FillReport]:
        """Return the executions since the last midnight (New York), oldest first."""
        return list(self._executions.reports)

    def accounts(self) -> Sequence[str]:
        """Return the account ids."""
        return self._accounts.names

    def positions(self, account: str) -> Sequence[PositionReport]:
        """Return non-zero positions, and zero ones that were closed today; none for an unknown account."""
        books = self._accounts.known(account)
        return [] if books is None else books.positions()

    def values(self, account: str) -> Sequence[tuple[str, str, str]]:
        """Return (tag, value, currency) of the account in IB's full tag set; nothing for an unknown account."""
        books = self._accounts.known(account)
        return [] if books is None else books.values()

    def pnl(self, account: str, con_id: int = 0) -> PnlReport:
        """Return the account's profit and loss, or one position's; zeros for what is not held."""
        books = self._accounts.known(account)
        if books is None:
            return PnlReport(daily=0.0, unrealized=0.0, realized=0.0)
        return books.position_pnl(con_id) if con_id else books.pnl()


def _error(key: tuple[int, int], code: int, text: str) -> ErrorReport:
    return ErrorReport(client_id=key[0], order_id=key[1], code=code, text=text)
