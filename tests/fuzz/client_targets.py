"""Frames of a broken or hostile gateway against the bot's broker: bent on their way from an honest gateway.

Whatever comes, every reader returns or raises one of the bot's own errors, no handler's exception gets loose, and what
is told as a price, a size, a position or a fill is one.
"""

from __future__ import annotations

import asyncio
import atexit
import math
from collections.abc import Awaitable
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from fuzz.feed import Feed, hushed
from fuzz.gateway_targets import Sink
from gateway.fakes_gateway import PUT, SPX, START, VX_MARCH, FakeExchange, FakeMarket

from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.broker.port import Fill, Instrument, OrderTicket, OrderUpdate, Query
from bot.clock import SteppedClock
from bot.errors import AlvhError
from bot.gateway.server import Gateway
from bot.gateway.session import Session
from bot.gateway.wire import FrameBuffer, frame
from strategies.alvh.records import Quote, Side

LARGEST = 1e15
IDENTIFIERS = ("con_id", "perm_id", "order_id", "code")
TURNS = 12  # of the event loop, until nothing more is under way
LOUD = ("ib_insync.Decoder", "ib_async.Decoder", "eventkit.event", "aeventkit.event", "asyncio", "bot.broker.frames")
LOUD += tuple(f"{library}.{part}" for library in ("ib_insync", "ib_async") for part in ("client", "wrapper", "ib"))


class Wire(Sink):
    """Carry bytes to the other end in the next turn of the event loop."""

    def __init__(self, deliver: Any) -> None:
        super().__init__()
        self._deliver = deliver

    def write(self, data: Any) -> None:
        super().write(data)
        if not self.closed:
            asyncio.get_running_loop().call_soon(self._deliver, bytes(data))

    def write_eof(self) -> None:
        """End the conversation; nothing waits for it here."""


class Bender:
    """Stand between the gateway and the client and bend what the former says, as the bytes of the input tell."""

    def __init__(self, feed: Feed, listener: Any) -> None:
        self._feed = feed
        self._listener = listener
        self._frames = FrameBuffer()
        self._honest = 8  # frames of the start that pass as they are

    def hear(self, data: bytes) -> None:
        """Take bytes of the gateway and hand on what becomes of them."""
        self._frames.feed(data)
        for frame_fields in self._frames.frames():
            for told in self._bent(frame_fields):
                if self._listener.transport is not None:
                    self._listener.data_received(told)

    def _bent(self, told: list[str]) -> list[bytes]:
        feed = self._feed
        if self._honest and feed.left:
            self._honest -= 1
            return [_framed(told)]
        act = feed.whole(31)
        if act in (1, 2, 3, 4, 5, 6):
            for _ in range(1 + act // 3):
                at = 1 + feed.whole(max(1, len(told) - 2))
                if at < len(told):
                    told[at] = feed.text()
        elif act == 7:
            return []
        elif act == 8:
            return [_framed(told), _framed(told)]
        elif act == 9:
            told = told[: feed.whole(len(told))]
        elif act == 10:
            told = [*told, feed.text()]
        elif act == 11:
            told[0] = str(feed.whole(110))
        elif act == 12:
            return [_framed(told), frame("".join(f"{feed.text()}\0" for _ in range(feed.whole(12))))]
        elif act == 13:
            whole = _framed(told)
            return [whole[:2], whole[2:]]
        elif act == 14:
            return [feed.take(4).ljust(4, b"\0") + _framed(told)[4:]]
        return [_framed(told)]


def _framed(told: list[str]) -> bytes:
    return frame("".join(f"{field}\0" for field in told))


def client(data: bytes) -> None:
    """Lead the bot's broker through a morning on a line where everything may be bent."""
    loose: list[BaseException] = []
    loop = _loop()
    loop.set_exception_handler(
        lambda _, context: loose.append(context.get("exception") or RuntimeError(context["message"]))
    )
    with hushed(*LOUD):
        loop.run_until_complete(_morning(Feed(data)))
    if loose:
        raise loose[0]


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


class Morning:
    """Hold one broker on one in-memory line to one honest gateway."""

    def __init__(self, feed: Feed) -> None:
        self.market = FakeMarket()
        self.exchange = FakeExchange(self.market)
        self.gateway = Gateway(self.market, self.exchange)
        self.clock = SteppedClock(START)
        place = Endpoint(client_id=7, timeout_s=5.0, attempts=1, pause_s=0.0, stepped=True)
        self.broker = IbBroker(place, self.clock, mode="paper", waits=self.clock)
        self.told: list[Any] = []
        self.broker.listen(self.told.append, self.told.append, self.told.append)
        self._feed = feed
        self._session: Session | None = None
        connection = self.broker._ib.client.conn
        connection.connectAsync = self._join

    async def _join(self, _host: str, _port: int) -> None:
        connection, session = self.broker._ib.client.conn, Session(self.gateway)
        connection.reset()
        session.connection_made(Wire(Bender(self._feed, connection).hear))
        connection.transport = Wire(session.data_received)
        self._session = session

    async def ask(self, work: Awaitable[Any]) -> Any:
        """Return what the bot's broker answers, or the error of its own that it raises."""
        task = asyncio.ensure_future(work)
        for _ in range(40):
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if task.done():
                break
            self.clock.move(self.clock.now() + timedelta(seconds=5))
        else:
            task.cancel()
            raise AssertionError("the broker never answered")
        try:
            return task.result()
        except AlvhError as problem:
            return problem

    async def go_on(self, seconds: float) -> None:
        """Move the market and the clock."""
        to = max(self.clock.now(), self.market.now) + timedelta(seconds=seconds)
        self.clock.move(to)
        self.gateway.advance(to)
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Hang up, and let nothing of this line reach the next."""
        await self.ask(self.broker.disconnect())
        if self._session is not None and not self._session.is_closed:
            self._session.connection_lost(None)
        for _ in range(TURNS):
            await asyncio.sleep(0)


async def _morning(feed: Feed) -> None:
    morning = Morning(feed)
    broker = morning.broker
    if not isinstance(await morning.ask(broker.connect()), AlvhError):
        await _look_round(morning)
        await _trade(morning)
        for told in morning.told:
            check(told)
    await morning.end()


async def _look_round(morning: Morning) -> None:
    broker = morning.broker
    vx = Query(symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX")
    put = Query(symbol="SPX", sec_type="OPT", exchange="SMART", con_id=PUT.con_id)
    for query in (vx, put):
        found = await morning.ask(broker.instruments(query))
        check(found)
        for row in found if isinstance(found, tuple) else ():
            broker.subscribe(row)
    await morning.go_on(10)
    spx = Instrument(con_id=SPX.con_id, symbol="SPX", sec_type="IND", exchange="CBOE")
    broker.subscribe(spx)
    check(await morning.ask(broker.chains(spx)))
    check(await morning.ask(broker.positions()))
    check(await morning.ask(broker.account_values()))
    check(await morning.ask(broker.bars(spx, what="TRADES", minutes=5, count=3, end=START, rth=True)))
    check(await morning.ask(broker.confirm([SPX.con_id, VX_MARCH.con_id])))
    check(await morning.ask(broker.heartbeat()))
    _check_market(morning)


async def _trade(morning: Morning) -> None:
    broker = morning.broker
    future = Instrument(
        con_id=VX_MARCH.con_id, symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX", multiplier=1000,
        tick=Decimal("0.05"), expires_on=date(2018, 3, 21), local_symbol="VXH8",
    )  # fmt: skip
    for number, side in enumerate((Side.BUY, Side.BUY, Side.SELL), start=1):
        held = broker._ledger.sellable(future.con_id)
        ticket = OrderTicket(
            ref=f"alvh-paper-{number}", account=broker.account, instrument=future, side=side, quantity=number,
            limit=Decimal("15.05"),
        )  # fmt: skip
        await morning.ask(_placed(broker, ticket))
        if not 0 <= broker._ledger.sellable(future.con_id) <= max(held, 0) + 1_000_000_000:
            raise AssertionError("what may be sold is no number of contracts")
        morning.exchange.fill_next = 1.0
        await morning.go_on(10)
    check(await morning.ask(broker.open_orders()))
    check(await morning.ask(broker.executions()))
    check(await morning.ask(broker.completed_orders()))
    check(await morning.ask(broker.positions()))
    _check_market(morning)


async def _placed(broker: IbBroker, ticket: OrderTicket) -> None:
    broker.place(ticket)


def _check_market(morning: Morning) -> None:
    for con_id in (SPX.con_id, VX_MARCH.con_id, PUT.con_id):
        check(morning.broker.quote(con_id))
        check(morning.broker.greeks(con_id))
        check(morning.broker.day_values(con_id))


def check(told: Any) -> None:
    """Raise unless every number in what was told is one that can be true."""
    if isinstance(told, AlvhError | str | date | bool) or told is None:
        return
    if isinstance(told, int | float | Decimal):
        if not math.isfinite(told) or abs(told) > LARGEST:
            raise AssertionError(f"{told} was taken for a number")
        return
    if isinstance(told, tuple | list):
        for item in told:
            check(item)
        return
    if not is_dataclass(told):
        raise AssertionError(f"{told!r} is none of the bot's records")
    for field in fields(told):
        if field.name not in IDENTIFIERS:
            check(getattr(told, field.name))
    _check_signs(told)


def _check_signs(told: Any) -> None:
    wrong = ""
    if isinstance(told, Quote):
        numbers = (told.bid, told.ask, told.last, told.bid_size, told.ask_size, told.age_s)
        wrong = "a quote below zero" if any(number is not None and number < 0 for number in numbers) else ""
    elif isinstance(told, Fill):
        wrong = "no execution" if told.quantity < 0 or not told.exec_id else ""
    elif isinstance(told, OrderUpdate):
        wrong = "a negative count" if told.filled < 0 or told.remaining < 0 else ""
    elif isinstance(told, Instrument):
        wrong = "no contract" if told.tick <= 0 or told.multiplier < 1 else ""
    if wrong:
        raise AssertionError(f"{wrong}: {told!r}")
