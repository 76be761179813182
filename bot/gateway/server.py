"""Serve a simulated market and exchange to TWS API clients over TCP, on the market's own time."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.gateway.door import Door
from bot.gateway.errors import ProtocolError, RequestProblem
from bot.gateway.faults.floor import Floor
from bot.gateway.faults.interposer import Interposer
from bot.gateway.faults.records import Fault, FaultNote
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, Exchange, Market, OrderRequest, Report
from bot.gateway.requests.account import AccountDesk, account_list
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.contracts import ContractDesk
from bot.gateway.requests.declined import DECLINED
from bot.gateway.requests.history import HistoryDesk
from bot.gateway.requests.lines import Lines
from bot.gateway.requests.orders import OrderDesk
from bot.gateway.requests.quotes import QuoteDesk
from bot.gateway.requests.streams import Streams
from bot.gateway.session import Session

log = logging.getLogger(__name__)

TWS_ZONE = ZoneInfo("US/Eastern")
MOST_CONNECTIONS = 32  # as TWS
QUIET_GAP = timedelta(minutes=15)
QUIET_STEP = timedelta(minutes=5)
_TURNS_TO_CLOSE = 20  # of the event loop, for what is still unsent to a client that reads
_LONGEST_ID = 5  # digits
_LONGEST_NUMBER = 18
_FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)


class Gateway:
    """Be the TWS: accept clients, answer them at once, and tell them what changes as the market's time moves.

    `live_data=False` makes an account without live market data (354, delayed ticks only); `data_lines` is the number of
    streaming quotes it may hold at once. `quiet_every` thins out the quotes that clients are shown while no order
    rests, for a client that looks once a minute; `models_only` leaves out an option's computations at its bid, ask and
    last, for one that reads only the model's. `faults` misbehave at their times, fixed by `fault_seed`.
    """

    def __init__(
        self,
        market: Market,
        exchange: Exchange,
        *,
        host: str = "127.0.0.1",
        live_data: bool = True,
        data_lines: int = 100,
        quiet_every: timedelta = timedelta(),
        models_only: bool = False,
        faults: Sequence[Fault] = (),
        fault_seed: int = 0,
    ) -> None:
        self.frames: Counter[int] = Counter()
        self.faults = Interposer(self, market, exchange, fault_seed)
        self._market = market
        self._exchange = exchange
        self._quiet_every = quiet_every
        self._tick = timedelta(seconds=market.tick_seconds)
        self._turn = max(self._tick, quiet_every)
        self._door = Door(host, lambda: Session(self))
        self._sessions: list[Session] = []
        self._is_full = False
        self._shows_all = False
        floor = Floor(exchange, self.faults)
        self._orders = OrderDesk(market, floor, self._clients, self._deliver)
        self._account = AccountDesk(market, floor)
        lines = Lines(data_lines)
        self._quotes = QuoteDesk(market, lines, live_data=live_data, models_only=models_only)
        self._streams = Streams(market, floor, lines, live_data=live_data)
        self._history = HistoryDesk(market)
        self._routes: Routes = {
            **ContractDesk(market).routes(),
            **self._quotes.routes(),
            **self._history.routes(),
            **self._streams.routes(),
            **self._orders.routes(),
            **self._account.routes(),
            inbound.REQ_CURRENT_TIME.id: self._tell_time,
            inbound.REQ_MANAGED_ACCOUNTS.id: self._tell_accounts,
            inbound.REQ_IDS.id: self._tell_next_id,
            inbound.SET_LOG_LEVEL.id: _accept,
        }
        for fault in faults:
            self.faults.add(fault)

    async def start(self, port: int) -> int:
        """Listen on `port` (0: any free one) and return it.

        Raises `GatewayError` when the port cannot be had.
        """
        bound = await self._door.open(port)
        if self.faults.wants_shut:
            self._door.shut()
        self.faults.act()
        return bound

    async def stop(self) -> None:
        """Hang up on every client and stop listening."""
        self._door.shut()
        for session in tuple(self._sessions):
            session.close()
        for _ in range(_TURNS_TO_CLOSE):
            await asyncio.sleep(0)
        for session in tuple(self._sessions):
            session.abort()
        while self._sessions:
            await asyncio.sleep(0)
        await self._door.close()

    def advance(self, to: datetime) -> None:
        """Walk the market to `to` tick by tick, match at every tick, and tell clients what changed.

        A leap of more than a quarter of an hour is taken in steps of five minutes while no order rests. Displayed
        markets move on ticks only, so nothing is compared when `to` lies within the present one. With `quiet_every`
        clients are shown at every tick only what orders rest in, all else so seldom, and of a leap where it ends.
        """
        leaps, is_due = to - self._market.now > QUIET_GAP, False
        while self._market.now < to:
            ticks, turns = self._begun(self._tick), self._begun(self._turn)
            self._market.advance(self._next_stop(to, leaps=leaps))
            self.faults.act()
            self._deliver(self._exchange.step())
            is_due = is_due or self._begun(self._turn) != turns or self._shows_all
            if leaps and self._market.now < to and self._quiet_every:
                self.flush()
                continue
            if is_due:
                is_due = self._shows_all = False
                self._quotes.publish()
                self._history.publish()
                self._streams.publish()
            elif self._begun(self._tick) != ticks:
                self._quotes.publish(self._resting())
            self._streams.keep_time()
            self._account.publish()
            self.flush()

    def cadence(self) -> timedelta:
        """Return how often clients are shown quotes: at every tick of the market while an order rests."""
        return self._tick if self._exchange.open_orders() else self._turn

    @property
    def fault_log(self) -> list[FaultNote]:
        """Return what faults have done, oldest first."""
        return self.faults.log

    def inject(self, fault: Fault) -> None:
        """Let one more fault misbehave, from its time on or at once.

        Raises `FaultError` when it says what it must not.
        """
        self.faults.add(fault)
        for session in self._sessions:
            session.meddler = self.faults
        self.faults.act()
        self.flush()

    def traffic(self) -> dict[int, tuple[int, int]]:
        """Return, by client id, the bytes received and handled and the bytes sent.

        A client whose bytes are left in the socket on purpose is left out: nobody can say what it has sent.
        """
        takers = [client for client in self._clients() if client.is_taking]
        return {client.client_id: (client.received_bytes, client.sent_bytes) for client in takers}

    def connection_time(self) -> str:
        """Return the market's time as the handshake announces it."""
        return f"{self._market.now.astimezone(TWS_ZONE):%Y%m%d %H:%M:%S %Z}"

    def opened(self, session: Session) -> bool:
        """Add a connection; return whether there is room for it."""
        if len(self._sessions) >= MOST_CONNECTIONS:
            if not self._is_full:
                log.warning("%d connections are open; no further one is let in", MOST_CONNECTIONS)
            self._is_full = True
            return False
        self._is_full = False
        self._sessions.append(session)
        if not self.faults.is_idle:
            session.meddler = self.faults
            self.faults.connecting(session)
        return True

    def closed(self, session: Session) -> None:
        """Forget a connection and what it subscribed to; its orders stay."""
        self._sessions.remove(session)
        for desk in (self._quotes, self._history, self._streams, self._account):
            desk.forget(session)

    def flush(self) -> None:
        """Write out what has been said to any client."""
        for session in self._sessions:
            session.flush()

    def received(self, session: Session, fields: Sequence[str]) -> None:
        """Take one frame, past the faults if there are any."""
        if self.faults.is_idle:
            self.handle(session, fields)
        else:
            self.faults.incoming(session, fields)

    def handle(self, session: Session, fields: Sequence[str]) -> None:
        """Handle one frame; a failing handler is logged and answered with an error, never with a dropped connection."""
        message_id = _whole(fields[0]) or 0 if fields and len(fields[0]) <= _LONGEST_ID else 0
        self.frames[message_id] += 1
        message = inbound.REQUESTS.get(message_id)
        if message is None:
            self._refuse_unknown(session, message_id, fields)
        elif message is inbound.START_API:
            self._start(session, fields)
        elif not session.started:
            session.refuse(None, 321, "Error validating request.-'bN' : cause - startApi must come first")
        else:
            self._handle(session, message, fields)

    def _handle(self, session: Session, message: Message, fields: Sequence[str]) -> None:
        values: Values = {}
        try:
            values = message.parse(fields, session.version)
            self._routes[message.id](session, values)
        except RequestProblem as problem:
            session.refuse(_request_id(values), problem.code, problem.text)
        except ProtocolError as problem:
            log.warning("client %d: %s", session.client_id, problem)
            session.refuse(_guessed_id(message, fields), 320, f"Error reading request: {problem}")
        except Exception as problem:
            log.exception("client %d: %s failed", session.client_id, message.name)
            text = (
                f"Error validating request.-'bN' : cause - {message.name} failed in the simulated gateway: {problem!r}"
            )
            session.refuse(_request_id(values), 321, text)

    def _refuse_unknown(self, session: Session, message_id: int, fields: Sequence[str]) -> None:
        log.warning("client %d: request %s is not served", session.client_id, fields[:1])
        declined = DECLINED.get(message_id)
        if declined is not None:
            session.refuse(declined.request_id(fields), declined.code, declined.text)
            return
        session.refuse(None, 321, f"Error validating request.-'bN' : cause - request {message_id} is not known")

    def _start(self, session: Session, fields: Sequence[str]) -> None:
        client_id = inbound.START_API.parse(fields, session.version)["clientId"]
        if session.started:
            session.refuse(None, 321, "Error validating request.-'bN' : cause - the API has been started already")
            return
        if client_id is None or client_id < 0:
            raise ProtocolError(f"startApi carries client id {client_id}, expected a number from 0")
        if any(other.client_id == client_id for other in self._clients()):
            log.warning("client id %d is in use; second connection closed", client_id)
            text = "Unable to connect as the client id is already in use. Retry with a unique client id."
            session.refuse(None, 326, text)
            session.close()
            return
        session.client_id = client_id
        self._tell_accounts(session, {})
        self._tell_next_id(session, {})
        for code, text in _FARMS:
            session.refuse(None, code, text)

    def _tell_accounts(self, client: Client, _: Values) -> None:
        client.send(outbound.MANAGED_ACCOUNTS, accounts=account_list(self._exchange.accounts()))

    def _tell_next_id(self, client: Client, _: Values) -> None:
        client.send(outbound.NEXT_VALID_ID, orderId=self._orders.next_id(client.client_id))

    def _tell_time(self, client: Client, _: Values) -> None:
        client.send(outbound.CURRENT_TIME, epoch=int(self._market.now.timestamp()))

    def _clients(self) -> list[Session]:
        return [session for session in self._sessions if session.started and not session.is_closed]

    def connections(self) -> Sequence[Session]:
        """Return every open connection."""
        return tuple(self._sessions)

    def tell(self, reports: Iterable[Report]) -> None:
        """Tell clients what the exchange reported."""
        for report in reports:
            self._orders.tell(report)
            self._account.tell(report)

    def shut_door(self) -> None:
        """Stop listening: whoever comes is refused."""
        self._door.shut()

    def open_door(self) -> None:
        """Listen again on the same port."""
        self._door.reopen()

    def show_all_again(self) -> None:
        """Let every subscriber be shown everything anew."""
        self._quotes.forget_shown()
        self._shows_all = True

    def forget_data(self, session: Session) -> None:
        """Drop what a client is subscribed to."""
        for desk in (self._quotes, self._history, self._streams):
            desk.forget(session)

    def contract(self, session: Session, request_id: int) -> Contract | None:
        """Return the contract that a client is shown under a request id, `None` when it is shown none."""
        for desk in (self._quotes, self._history, self._streams):
            contract = desk.contract(session, request_id)
            if contract is not None:
                return contract
        return None

    def subscribed(self, session: Session) -> dict[int, Contract]:
        """Return the contracts a client is shown, by request id."""
        return self._quotes.subscribed(session)

    def forget_ids(self, by: int) -> None:
        """Roll every client's next order id back."""
        self._orders.roll_back(by)

    def tell_next_id(self, session: Session) -> None:
        """Tell a client its next order id."""
        self._tell_next_id(session, {})

    def _deliver(self, reports: Iterable[Report]) -> None:
        self.tell(reports if self.faults.is_idle else self.faults.telling(reports))

    def _begun(self, cadence: timedelta) -> int:
        """Return how many spans of `cadence` have begun since the market's start."""
        return (self._market.now - self._market.start) // cadence

    def _resting(self) -> set[int]:
        """Return the contracts in which orders rest."""
        return {con_id for order in self._exchange.open_orders() for con_id in _con_ids(order.request)}

    def _next_stop(self, to: datetime, *, leaps: bool) -> datetime:
        now, step = self._market.now, self._streams.longest_step(self._tick)
        if leaps:
            step = max(step, self._quiet_every if self._exchange.open_orders() else QUIET_STEP)
        ticks = (now - self._market.start) // step + 1
        stop = min(to, self._market.start + ticks * step)
        due = self.faults.due()
        return stop if due is None else min(stop, max(due, now))


def _con_ids(request: OrderRequest) -> tuple[int, ...]:
    return tuple(leg.con_id for leg in request.legs) or (request.con_id,)


def _accept(_: Client, __: Values) -> None:
    """Take note of a setting that changes nothing here."""


def _whole(text: str) -> int | None:
    return int(text) if len(text) <= _LONGEST_NUMBER and text.isascii() and text.isdigit() else None


def _request_id(values: Values) -> int | None:
    wanted: int | None = values.get("reqId", values.get("orderId"))
    return wanted


def _guessed_id(message: Message, fields: Sequence[str]) -> int | None:
    names = [getattr(part, "name", "") for part in message.parts]
    for name in ("reqId", "orderId"):
        if name in names and names.index(name) + 1 < len(fields):
            return _whole(fields[names.index(name) + 1])
    return None
