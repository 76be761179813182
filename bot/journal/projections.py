"""Rebuild what the bot knows from its journal: orders, own lots, locks, the last decision's memory.

`Projection` is one fold. Starting up feeds it the whole journal; afterwards the journal feeds it each new entry, so
there is no other path to the same state; of a wake-up that was just written it takes the record itself instead of
reading the body back. Bodies it reads, all written by `bot.orders` and `bot.supervise`:

    intent   ref, proposal, ticket, quote, checks           sent   ref
    change   ref, what (reprice, cancel), limit, rung, why  fill   the fields of `bot.broker.port.Fill`
    order    ref, what (update, unheard, absent, ended), update or life, why
    lock     name, why (empty: the lock is gone), day (the session it is limited to, or null), con_id where it is
             limited to a contract
    kill     by, why                                        rearm  by
    adjust   con_id, was, now, by: what the operator accepted that the account shows of the bot's lots
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.broker.port import Fill, Instrument, OrderTicket, OrderUpdate
from bot.errors import Bug
from bot.journal.calls import call_spend, fold_calls
from bot.journal.codec import from_json, from_values, to_values
from bot.journal.depths import Depths
from bot.journal.entry import Entry, Kind
from bot.journal.lots import Departure, fold_lots, session_day
from bot.journal.shelf import Shelf, Wakeup
from bot.journal.tally import FirstSight, fees_usd, realised_usd
from bot.orders import life
from bot.orders.life import Execution, Life, Order
from strategies.alvh.records import (
    Book,
    CallLot,
    HedgeState,
    Lot,
    MarketView,
    Memory,
    Proposal,
    Side,
    Working,
)

__all__ = ["MINI", "Projection", "hedge_state", "orders", "session_day"]

MINI = 100  # multiplier of one mini
TOLD: dict[str, Any] = {  # what a projection knows, by attribute, with its type
    "orders": dict[str, Order],
    "locks": dict[str, tuple[str, date | None]],
    "contract_locks": dict[int, str],
    "locked_since": dict[int, datetime],
    "killed": str,
    "_messages": list[datetime],
    "_refs": dict[int, str],
    "_open": dict[str, None],
    "_wakeup": Any,
    "_vega30": float | None,
    "_inflation": float | None,
    "_day": date,
    "_departures": list[Departure],
}
PARTS = ("shelf", "depths", "_sight")  # which tell for themselves
DERIVED = frozenset(("_look", "_lots", "_calls"))  # from what is told


class Projection:
    """Fold journal entries, in order, into the orders and the hedge's state."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.locks: dict[str, tuple[str, date | None]] = {}
        self.contract_locks: dict[int, str] = {}
        self.locked_since: dict[int, datetime] = {}  # by contract
        self.killed = ""
        self._messages: list[datetime] = []
        self._refs: dict[int, str] = {}  # by permId
        self._open: dict[str, None] = {}  # refs that are not done, in order of intent
        self._look: tuple[MarketView, Book] | None = None
        self._wakeup: Any = None
        self._vega30: float | None = None
        self._inflation: float | None = None
        self.shelf = Shelf()
        self.depths = Depths()
        self._day = date.min  # the latest session day of any entry
        self._departures: list[Departure] = []
        self._lots: tuple[Lot, ...] | None = ()
        self._calls: tuple[CallLot, ...] | None = ()
        self._sight = FirstSight()

    def apply(self, entry: Entry) -> None:
        """Take in one entry."""
        self._day = max(self._day, session_day(entry.at))
        match entry.kind:
            case Kind.BARS | Kind.CONTRACTS | Kind.SURFACE:
                self.shelf.apply(entry)
            case Kind.WAKEUP:
                self._remember(entry)
            case Kind.INTENT:
                self._intend(entry)
            case Kind.SENT | Kind.CHANGE | Kind.ORDER | Kind.FILL:
                self._follow(entry)
            case Kind.LOCK:
                self._lock(entry)
            case Kind.KILL | Kind.REARM:
                self.killed = f"kill switch: {entry.body['why']}" if entry.kind is Kind.KILL else ""
            case Kind.ADJUST:
                self._adjust(entry)

    def tell(self) -> dict[str, Any]:
        """Return everything that is known, as JSON values; raise `Bug` when a part of it has no place here."""
        strange = vars(self).keys() - TOLD.keys() - DERIVED - set(PARTS)
        if strange:
            raise Bug(f"{sorted(strange)} would be forgotten at a start: tell it, or derive it")
        told = {name: to_values(kind, getattr(self, name)) for name, kind in TOLD.items()}
        return told | {name: getattr(self, name).tell() for name in PARTS}

    def know(self, told: Mapping[str, Any]) -> None:
        """Take over what another projection told, as if every entry it saw had been applied."""
        for name, kind in TOLD.items():
            setattr(self, name, from_values(kind, told[name]))
        for name in PARTS:
            getattr(self, name).know(told[name])
        self._look = self._lots = self._calls = None

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """Return the orders that are not done, oldest first."""
        return tuple(self.orders[ref] for ref in self._open)

    def by_perm_id(self, perm_id: int) -> Order | None:
        """Return the order that the broker knows under this permId."""
        return self.orders.get(self._refs.get(perm_id, ""))

    def position(self, con_id: int) -> int:
        """Return the contracts of one future or VIX call that the bot's own executions add up to."""
        futures = sum(lot.quantity for lot in self.lots() if lot.con_id == con_id)
        return futures + sum(lot.quantity for lot in self.calls() if lot.con_id == con_id)

    def owned(self) -> dict[int, Instrument]:
        """Return the contracts that the bot bought and still owns, as they were when it bought them."""
        held = {lot.con_id for lot in self.lots()} | {lot.con_id for lot in self.calls()}
        bought = (order.ticket.instrument for order in self.orders.values())
        return {instrument.con_id: instrument for instrument in bought if instrument.con_id in held}

    def executions(self) -> Iterator[tuple[Order, Execution]]:
        """Yield every execution with its order, oldest first."""
        pairs = [(order, e) for order in self.orders.values() for e in order.executions.values()]
        yield from sorted(pairs, key=lambda pair: pair[1].at)

    def lots(self) -> tuple[Lot, ...]:
        """Return the futures that the bot bought and still owns; what has settled by the latest entry is left out."""
        if self._lots is None:
            self._lots = fold_lots(self.executions(), self._departures)
        return tuple(lot for lot in self._lots if lot.settles_on > self._day)

    def calls(self) -> tuple[CallLot, ...]:
        """Return the VIX calls that the bot bought and still owns; what has expired by the latest entry is left out."""
        if self._calls is None:
            self._calls = fold_calls(self.executions(), self._departures)
        return tuple(lot for lot in self._calls if lot.expires_on >= self._day)

    def nets(self, day: date) -> dict[int, int]:
        """Return what the bot's executions add up to, by contract that lives on this day; below zero it is short."""
        found: dict[int, int] = {}
        for order in self.orders.values():
            instrument, sign = order.ticket.instrument, 1 if order.ticket.side is Side.BUY else -1
            last = date.max if instrument.expires_on is None else instrument.expires_on
            if last > day or (last == day and order.proposal.call is not None):
                found[instrument.con_id] = found.get(instrument.con_id, 0) + sign * order.filled
        for departure in self._departures:
            if departure.con_id in found:
                found[departure.con_id] -= departure.quantity
        return {con_id: net for con_id, net in found.items() if net}

    def departed(self, con_id: int, day: date) -> int:
        """Return how many of the bot's contracts left the account on this day otherwise than by its sales."""
        return sum(one.quantity for one in self._departures if one.con_id == con_id and session_day(one.at) == day)

    def state(self, day: date) -> HedgeState:
        """Return what one wake-up of this session is given; lots that have settled by then are left out."""
        futures = [(o, e) for o, e in self.executions() if o.proposal.call is None]
        buys = [(o, e) for o, e in futures if o.ticket.side is Side.BUY]
        today = [(o, e) for o, e in buys if session_day(e.at) == day]
        since = self._sight.oldest
        before = [(o, e) for o, e in futures if since is not None and e.at < since]
        return HedgeState(
            memory=self.memory(),
            lots=tuple(lot for lot in self.lots() if lot.settles_on > day),
            working=tuple(_working(order) for order in self.open_orders if order.proposal.call is None),
            last_fill_at=max((e.at for _, e in futures), default=None),
            last_buy_price=buys[-1][1].price if buys else None,
            bought_today_minis=sum(e.quantity * o.ticket.instrument.multiplier for o, e in today) // MINI,
            attempts=tuple(Counter(o.proposal.key.rpartition("-")[0] for o in self.orders.values()).items()),
            realised_usd=round(realised_usd(futures, fold_lots(futures)) - realised_usd(before, fold_lots(before)), 2),
            fees_usd=round(fees_usd(futures) - fees_usd(before), 2),
            locked=self.locked(day),
            locked_contracts=tuple(sorted(self.contract_locks.items())),
            calls=tuple(lot for lot in self.calls() if lot.expires_on >= day),
            call_orders=tuple(_working(order) for order in self.open_orders if order.proposal.call is not None),
            call_spend=call_spend(self.orders.values()),
        )

    def messages(self, since: datetime) -> tuple[datetime, ...]:
        """Return when orders and first cancellations were sent, after an instant; modifications are not counted."""
        return tuple(at for at in self._messages if at > since)

    def locked(self, day: date) -> tuple[str, ...]:
        """Return the reasons that forbid opening in this session."""
        reasons = [self.killed] if self.killed else []
        reasons += [why for why, only in self.locks.values() if only is None or only == day]
        reasons += [f"the outcome of order {o.ref} is unknown" for o in self.open_orders if o.life is Life.UNKNOWN]
        return tuple(reasons)

    def locked_on(self, con_id: int) -> tuple[str, ...]:
        """Return the reasons that forbid opening in this contract alone."""
        return (self.contract_locks[con_id],) if con_id in self.contract_locks else ()

    @property
    def last_vega30_usd(self) -> float | None:
        """Return the book's term-weighted vega as the last recorded wake-up measured it."""
        return self._vega30

    @property
    def last_inflation(self) -> float | None:
        """Return the vega inflation that the last recorded wake-up measured, a fraction."""
        return self._inflation

    def last_look(self) -> tuple[MarketView, Book] | None:
        """Return the view (bars are left out when it was read back) and the book of the last recorded wake-up."""
        if self._look is None and self._wakeup is not None:
            self._look = self.shelf.look(self._wakeup)
        return self._look

    def memory(self) -> Memory:
        """Return what the last recorded decision left, or a fresh memory."""
        return self.shelf.left() or Memory()

    def _remember(self, entry: Entry) -> None:
        self.shelf.apply(entry)
        self._wakeup = entry.body
        self.depths.apply(entry.body["view"])
        self._sight.look(self.shelf.legs_in(entry.body), entry.at)
        self._look = (entry.record.view, entry.record.book) if isinstance(entry.record, Wakeup) else None
        exposure = entry.body["decision"]["exposure"]
        self._vega30 = None if exposure is None else exposure["vega30_usd"]
        self._inflation = None if exposure is None else exposure["inflation"]

    def _intend(self, entry: Entry) -> None:
        ticket = from_json(OrderTicket, entry.body["ticket"])
        self._keep(
            Order(
                ref=ticket.ref,
                proposal=from_json(Proposal, entry.body["proposal"]),
                ticket=ticket,
                intended_at=entry.at,
                limit=ticket.limit,
            )
        )

    def _follow(self, entry: Entry) -> None:
        order = self.orders.get(entry.body["ref"])
        first_cancel = entry.kind is Kind.CHANGE and entry.body["what"] == "cancel"
        if order is not None and order.cancel_asked_at is not None:
            first_cancel = False
        if entry.kind is Kind.SENT or first_cancel:
            self._messages.append(entry.at)
        if order is None:
            return
        match entry.kind:
            case Kind.SENT:
                order = life.sent(order, entry.at)
            case Kind.CHANGE:
                limit = None if entry.body["what"] == "cancel" else Decimal(entry.body["limit"])
                order = life.changed(order, entry.at, limit, entry.body["rung"])
            case Kind.FILL:
                order = life.executed(order, from_json(Fill, entry.body), entry.at)
                self._lots = self._calls = None
            case _:
                order = _told(order, entry)
        self._keep(order)

    def _keep(self, order: Order) -> None:
        self.orders[order.ref] = order
        if order.perm_id:
            self._refs[order.perm_id] = order.ref
        if order.done:
            self._open.pop(order.ref, None)
        else:
            self._open[order.ref] = None

    def _adjust(self, entry: Entry) -> None:
        """Take in that contracts left; of a profit on them nothing is known, so none is counted."""
        quantity = entry.body["was"] - entry.body["now"]
        self._departures.append(Departure(con_id=entry.body["con_id"], quantity=quantity, at=entry.at))
        self._lots = self._calls = None

    def _lock(self, entry: Entry) -> None:
        body, con_id = entry.body, entry.body.get("con_id")
        if con_id is not None:
            self._lock_contract(con_id, body["why"], entry.at)
        elif body["why"]:
            day = body["day"]
            self.locks[body["name"]] = (body["why"], None if day is None else date.fromisoformat(day))
        else:
            self.locks.pop(body["name"], None)

    def _lock_contract(self, con_id: int, why: str, at: datetime) -> None:
        if why:
            self.contract_locks[con_id] = why
            self.locked_since.setdefault(con_id, at)
        else:
            self.contract_locks.pop(con_id, None)
            self.locked_since.pop(con_id, None)


def _told(order: Order, entry: Entry) -> Order:
    body = entry.body
    match body["what"]:
        case "update":
            return life.updated(order, from_json(OrderUpdate, body["update"]), entry.at)
        case "unheard":
            return life.unheard(order, entry.at, body["why"])
        case "absent":
            return life.absent(order, entry.at)
        case _:
            return life.ended(order, Life(body["life"]), entry.at, body["why"])


def _working(order: Order) -> Working:
    return Working(
        ref=order.ref,
        con_id=order.ticket.instrument.con_id,
        side=order.ticket.side,
        purpose=order.proposal.purpose,
        tranche=order.proposal.tranche,
        stage=order.proposal.stage,
        remaining=order.remaining,
        multiplier=order.ticket.instrument.multiplier,
        sent_at=order.sent_at or order.intended_at,
        unknown=order.life in (Life.UNKNOWN, Life.INTENDED) or bool(order.missing),
        layer="" if order.proposal.call is None else order.proposal.call.layer,
    )


def hedge_state(entries: Iterable[Entry], day: date) -> HedgeState:
    """Return the state that these entries leave for a wake-up of session `day`."""
    return _folded(entries).state(day)


def orders(entries: Iterable[Entry]) -> tuple[Order, ...]:
    """Return every order that these entries tell of, oldest intent first."""
    return tuple(_folded(entries).orders.values())


def _folded(entries: Iterable[Entry]) -> Projection:
    projection = Projection()
    for entry in entries:
        projection.apply(entry)
    return projection
