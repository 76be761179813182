"""Stand between the gateway and its connections and let the faults that are due do their work."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from bot.gateway import wire
from bot.gateway.faults import times
from bot.gateway.faults.catalogue import kind_of
from bot.gateway.faults.parcel import Direction, Parcel
from bot.gateway.faults.records import Fault, FaultNote
from bot.gateway.faults.strings import strings_of
from bot.gateway.faults.trouble import Names, Trouble
from bot.gateway.messages import inbound
from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, Exchange, Market, OrderReport, OrderRequest, Report

if TYPE_CHECKING:
    from bot.gateway.session import Session

_LONGEST_SPAN_S = 10.0 * 366 * 86_400
_FIRST_PERM_ID = 2_100_000_001  # above every one that the exchange gives
_BY_NUMBER = {str(number): message for number, message in inbound.REQUESTS.items()}


class Premises(Protocol):
    """Be the gateway as far as faults may touch it."""

    def connections(self) -> Sequence[Session]:
        """Return every open connection, also of clients that have not named themselves."""

    def handle(self, session: Session, fields: Sequence[str]) -> None:
        """Handle a client's frame."""

    def tell(self, reports: Iterable[Report]) -> None:
        """Tell clients what the exchange reported."""

    def shut_door(self) -> None:
        """Stop listening: whoever comes is refused."""

    def open_door(self) -> None:
        """Listen again."""

    def show_all_again(self) -> None:
        """Let every subscriber be shown everything anew."""

    def forget_data(self, session: Session) -> None:
        """Drop what a client is subscribed to."""

    def subscribed(self, session: Session) -> dict[int, Contract]:
        """Return the contracts a client is shown, by request id."""

    def contract(self, session: Session, request_id: int) -> Contract | None:
        """Return the contract that a client is shown under a request id, `None` when it is shown none."""

    def forget_ids(self, by: int) -> None:
        """Roll every client's next order id back."""

    def tell_next_id(self, session: Session) -> None:
        """Tell a client its next order id."""


class Interposer:
    """Hold the faults of a gateway, let each begin and end at its time, and show it what passes meanwhile."""

    def __init__(self, premises: Premises, market: Market, exchange: Exchange, seed: int) -> None:
        self.market = market
        self.exchange = exchange
        self.log: list[FaultNote] = []
        self.heard: Callable[[FaultNote], None] | None = None
        self._premises = premises
        self._seed = seed
        self._alike: Counter[str] = Counter()
        self._troubles: list[Trouble] = []
        self._active: list[Trouble] = []
        self._by_name: dict[tuple[Direction, str], tuple[Trouble, ...]] = {}
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._current: Parcel | None = None
        self._shut = 0
        self._perm_ids = itertools.count(_FIRST_PERM_ID)

    # ---- faults and time

    @property
    def is_idle(self) -> bool:
        """Say whether there is no fault at all."""
        return not self._troubles

    @property
    def active(self) -> tuple[Trouble, ...]:
        """Return the faults at work now, oldest first."""
        return tuple(self._active)

    @property
    def wants_shut(self) -> bool:
        """Say whether a fault wants nobody let in."""
        return self._shut > 0

    def add(self, fault: Fault) -> None:
        """Take a fault in; it begins at its time, or at once when that has come.

        Raises `FaultError` when it says what it must not.
        """
        kind = kind_of(fault)
        said = kind.read(fault)
        if kind.needs_strings:
            strings_of(self.exchange)
        begins = times.first(said["at"], self.market.now)
        words = f"{fault.kind} {sorted(said.items())}"  # the same whether a default is said or not, as 60 or as 60.0
        self._alike[words] += 1
        trouble = kind.make(fault, said, self, Random(f"{self._seed}|{self._alike[words]}|{words}"))
        self._troubles.append(trouble)
        self._schedule(begins, lambda: self._begin(trouble))

    @property
    def waiting(self) -> int:
        """Return how many faults were put in and have not begun."""
        return len(self._troubles) - len(self._active)

    def due(self) -> datetime | None:
        """Return when something falls due next."""
        return self._due[0][0] if self._due else None

    def act(self) -> None:
        """Do everything that is due at the market's time."""
        while self._due and self._due[0][0] <= self.market.now:
            heapq.heappop(self._due)[2]()

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something after some seconds of the market."""
        self._schedule(self.market.now + timedelta(seconds=min(seconds, _LONGEST_SPAN_S)), do)

    def _schedule(self, at: datetime, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at, next(self._number), do))

    def _begin(self, trouble: Trouble) -> None:
        again = times.day_after(trouble.said["at"], self.market.now) if trouble.said["daily"] else None
        if again is not None:
            self._schedule(again, lambda: self._begin(trouble))
        if trouble in self._active:  # a day later, and not over yet
            return
        self._active.append(trouble)
        self._by_name.clear()
        lasts_s = trouble.said.get("lasts_s", 0.0)
        if not math.isinf(lasts_s):
            self.later(lasts_s, lambda: self._end(trouble))
        trouble.begin()

    def _end(self, trouble: Trouble) -> None:
        if trouble in self._active:
            self._active.remove(trouble)
            self._by_name.clear()
            trouble.end()

    def connecting(self, session: Session) -> None:
        """Let faults hear of a new connection."""
        for trouble in self.active:
            trouble.connecting(session)

    # ---- frames

    def outgoing(self, session: Session, message: Message, values: Values) -> None:
        """Let faults see a frame to a client, and queue what they leave of it."""
        troubles = self._hearing(Direction.OUT, message.name)
        if not troubles:
            session.queue(wire.frame(message.build(values, session.version)))
            return
        parcel = Parcel(
            session=session,
            direction=Direction.OUT,
            name=message.name,
            message=message,
            answering=self._answering(session),
            given=values,
        )
        self._pass(parcel, troubles)

    def incoming(self, session: Session, fields: Sequence[str]) -> None:
        """Let faults see a client's frame, and let the gateway handle what they leave of it."""
        message = _BY_NUMBER.get(fields[0]) if fields else None
        name = message.name if message else ""
        parcel = Parcel(
            session=session, direction=Direction.IN, name=name, message=message, answering=name, fields=list(fields)
        )
        self._pass(parcel, self._hearing(Direction.IN, name))

    def pass_on(self, parcel: Parcel, behind: Trouble) -> None:
        """Let a frame that a fault has kept go on, past the faults that stand behind it."""
        troubles = self._hearing(parcel.direction, parcel.name)
        after = self._troubles.index(behind)
        self._pass(parcel, tuple(each for each in troubles if self._troubles.index(each) > after))

    def say(self, session: Session, message: Message, **values: Any) -> None:
        """Queue a frame that no fault sees."""
        session.queue(wire.frame(message.build(values, session.version)))

    def _hearing(self, direction: Direction, name: str) -> tuple[Trouble, ...]:
        found = self._by_name.get((direction, name))
        if found is None:
            active = sorted(self._active, key=self._troubles.index)
            found = tuple(each for each in active if _hears(each, direction, name))
            self._by_name[direction, name] = found
        return found

    def _pass(self, parcel: Parcel, troubles: tuple[Trouble, ...]) -> None:
        for place, trouble in enumerate(troubles):
            if not trouble.concerns(parcel.session):
                continue
            changed = trouble.outgoing(parcel) if parcel.direction is Direction.OUT else trouble.incoming(parcel)
            if changed is not None:
                for each in changed:
                    self._pass(each, troubles[place + 1 :])
                return
        self._deliver(parcel)

    def _deliver(self, parcel: Parcel) -> None:
        session = parcel.session
        if session.is_closed:
            return
        if parcel.direction is Direction.OUT:
            session.queue(parcel.wire())
            return
        before, self._current = self._current, parcel
        try:
            self._premises.handle(session, parcel.split())
        finally:
            self._current = before

    def _answering(self, session: Session) -> str:
        current = self._current
        return current.name if current is not None and current.session is session else ""

    # ---- orders and the exchange

    def placing(self, request: OrderRequest) -> Sequence[Report]:
        """Let faults answer a new order, or else the exchange, and let them see what it says."""
        for trouble in self.active:
            answer = trouble.placing(request)
            if answer is not None:
                return answer
        reports = self.exchange.place(request)
        for trouble in self.active:
            reports = trouble.placed(request, reports)
        return reports

    def cancelling(self, client_id: int, order_id: int) -> Sequence[Report]:
        """Let faults answer a cancel, or else the exchange."""
        report = self.order(client_id, order_id)
        if report is not None:
            for trouble in self.active:
                answer = trouble.cancelling(report.request)
                if answer is not None:
                    return answer
        return self.exchange.cancel(client_id, order_id)

    def telling(self, reports: Iterable[Report]) -> list[Report]:
        """Let faults see what the exchange reported, and return what is told."""
        told = list(reports)
        for trouble in self.active:
            told = trouble.telling(told)
        return told

    def listing(self, what: str, rows: Sequence[Any], account: str = "") -> Sequence[Any]:
        """Let faults see a list that a client asked for, and return what it is shown."""
        for trouble in self.active:
            rows = trouble.listing(what, rows, account)
        return rows

    def report(self, reports: Iterable[Report]) -> None:
        """Tell clients what the exchange did because of a fault, past the other faults."""
        self._premises.tell(self.telling(reports))

    def order(self, client_id: int, order_id: int) -> OrderReport | None:
        """Return an order as it truly stands, `None` when the exchange has none of this id."""
        for report in (*self.exchange.open_orders(), *self.exchange.completed_orders()):
            if (report.request.client_id, report.request.order_id) == (client_id, order_id):
                return report
        return None

    def next_perm_id(self) -> int:
        """Return a permanent id for an order that the exchange never sees."""
        return next(self._perm_ids)

    # ---- the house

    def clients(self) -> list[Session]:
        """Return the clients that have named themselves."""
        return [each for each in self._premises.connections() if each.started and not each.is_closed]

    def connections(self) -> list[Session]:
        """Return every open connection."""
        return [each for each in self._premises.connections() if not each.is_closed]

    def contract(self, session: Session, request_id: int | None) -> Contract | None:
        """Return the contract that a request of a client is about, `None` when it is about none."""
        if request_id is None:
            return None
        current = self._current
        if current is not None and current.session is session and current.values.get("reqId") == request_id:
            return self.requested(current.values)
        return self._premises.contract(session, request_id)

    def requested(self, values: Values) -> Contract | None:
        """Return the contract that a request describes, as well as it does."""
        con_id = values.get("conId")
        listed = self.market.contract(con_id) if con_id else None
        if listed is not None or "secType" not in values:
            return listed
        return Contract(
            con_id=con_id or 0,
            symbol=values.get("symbol") or "",
            sec_type=values.get("secType") or "",
            exchange=values.get("exchange") or "",
            local_symbol=values.get("localSymbol") or "",
            trading_class=values.get("tradingClass") or "",
        )

    def subscribed(self, session: Session) -> dict[int, Contract]:
        """Return the contracts a client is shown, by request id."""
        return self._premises.subscribed(session)

    def tell(self, reports: Iterable[Report]) -> None:
        """Tell clients what the exchange reported, and write it out with everything else."""
        self._premises.tell(reports)

    def shut_door(self) -> None:
        """Stop listening until everybody who wanted it shut has let it be opened."""
        self._shut += 1
        self._premises.shut_door()

    def open_door(self) -> None:
        """Listen again, unless somebody else still wants it shut."""
        self._shut -= 1
        if not self._shut:
            self._premises.open_door()

    def show_all_again(self) -> None:
        """Let every subscriber be shown everything anew."""
        self._premises.show_all_again()

    def forget_data(self, session: Session) -> None:
        """Drop what a client is subscribed to."""
        self._premises.forget_data(session)

    def forget_ids(self, by: int) -> None:
        """Roll every client's next order id back."""
        self._premises.forget_ids(by)

    def tell_next_id(self, session: Session) -> None:
        """Tell a client its next order id."""
        self._premises.tell_next_id(session)

    def note(self, fault: Fault, what: str, client_id: int = -1, frame: str = "") -> None:
        """Write into the log what a fault did."""
        written = FaultNote(at=self.market.now, fault=fault, client_id=client_id, frame=frame, what=what)
        self.log.append(written)
        if self.heard is not None:
            self.heard(written)


def _hears(trouble: Trouble, direction: Direction, name: str) -> bool:
    names: Names = trouble.hears_out if direction is Direction.OUT else trouble.hears_in
    return names is None or name in names
