"""Bytes of a client against a whole gateway: the hand-written market and exchange, and a real scenario's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import timedelta
from functools import cache
from typing import Any

from fuzz.feed import Feed
from gateway.fakes_gateway import PUT, SPX, VX_MARCH, FakeExchange, FakeMarket

from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import SimulatedMarket, load_market
from bot.gateway.messages import inbound
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.messages.schema import Message
from bot.gateway.records import ContractPattern
from bot.gateway.server import Gateway
from bot.gateway.session import Session
from bot.gateway.wire import MAGIC, frame

VERSIONS = (157, 162, 164, 169, 170, 176, 178)
IDS = sorted(set(inbound.REQUESTS) - {inbound.START_API.id})
ORDER_IDS = (3, 3, 3, 4, 58, 16, 5, 99, 61, 7, 92, 94)
PLAUSIBLE: dict[str, Any] = {
    "reqId": 7, "orderId": 7, "secType": "FUT", "exchange": "CFE", "barSize": "5 mins", "duration": "1 D",
    "what": "TRADES", "formatDate": 2, "action": "BUY", "totalQuantity": 1.0, "orderType": "LMT", "lmtPrice": 15.0,
    "tags": "NetLiquidation", "type": 1, "ruleId": 335, "pattern": "S", "tif": "DAY", "transmit": True,
}  # fmt: skip
WORDS = (
    "VIX", "SPX", "CFE", "CBOE", "SMART", "FUT", "OPT", "BAG", "IND", "STK", "VX", "VXM", "SPXW", "BUY", "SELL", "LMT",
    "MKT", "STP", "STP LMT", "TRAIL", "GTC", "IOC", "GTD", "DAY", "1 D", "1 Y", "3600 S", "1 min", "5 mins", "1 day",
    "TRADES", "MIDPOINT", "BID_ASK", "1", "0", "2", "20180205 15:00:00 US/Eastern", "20180205-15:00:00", "DU1234567",
)  # fmt: skip


class Sink(asyncio.Transport):
    """Be a transport that counts what is written and remembers being closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0
        self.closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def write(self, data: Any) -> None:
        self.written += len(data)

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


class Failures(logging.Handler):
    """Keep the first exception that the gateway met where none was meant."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.first: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None and self.first is None:
            self.first = record.exc_info[1]


@contextmanager
def no_failure() -> Iterator[None]:
    """Raise what the gateway logged as a failure of its own; nothing of it is shown."""
    failures, logger = Failures(), logging.getLogger("bot.gateway")
    before = logger.propagate
    logger.addHandler(failures)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(failures)
        logger.propagate = before
    if failures.first is not None:
        raise failures.first


@cache
def _shown() -> SimulatedMarket:
    market = load_market("calm")
    market.advance(market.start + timedelta(minutes=12))
    return market


def fresh_market() -> SimulatedMarket:
    """Return the scenario's market at its twelfth minute; advancing it leaves the cached one where it is."""
    market = copy(_shown())
    market._shown, market._open = {}, {}
    return market


@no_failure()
def gateway(data: bytes) -> None:
    """Raw bytes after a sound handshake: nothing raises, whatever the gateway makes of them."""
    feed = Feed(data)
    market = FakeMarket()
    house, session = _connected(Gateway(market, FakeExchange(market)), feed.pick(VERSIONS))
    while feed.left and not session.is_closed:
        session.data_received(feed.take(1 + feed.whole(255)))
    _settle(house, session, market)


@no_failure()
def requests(data: bytes) -> None:
    """Known requests with bent fields against the hand-written market: answered, never failed."""
    feed = Feed(data)
    market = FakeMarket()
    house, session = _connected(Gateway(market, FakeExchange(market)), feed.pick(VERSIONS))
    contracts = (SPX, VX_MARCH, PUT)
    _converse(feed, session, IDS, lambda: feed.pick(contracts).con_id)
    _settle(house, session, market)


@no_failure()
def orders(data: bytes) -> None:
    """Orders with bent fields against a real scenario's market and exchange; the books stay finite."""
    feed = Feed(data)
    market = fresh_market()
    exchange = SimulatedExchange(market)
    house, session = _connected(Gateway(market, exchange), feed.pick(VERSIONS))
    known = _tradable()
    _converse(feed, session, ORDER_IDS, lambda: feed.pick(known), lambda: _move(house, market, feed))
    _settle(house, session, market)
    for account in exchange.accounts():
        for row in exchange.positions(account):
            if not (abs(row.quantity) < 1e12 and abs(row.avg_cost) < 1e15):
                raise AssertionError(f"the account holds {row}")


@no_failure()
def scenario(data: bytes) -> None:
    """Every request with bent fields against a real scenario."""
    feed = Feed(data)
    market = fresh_market()
    house, session = _connected(Gateway(market, SimulatedExchange(market)), feed.pick(VERSIONS))
    known = _tradable()
    _converse(feed, session, IDS, lambda: feed.pick(known), lambda: _move(house, market, feed))
    _settle(house, session, market)


@cache
def _tradable() -> tuple[int, ...]:
    market = _shown()
    futures = [row.con_id for row in market.find(ContractPattern(symbol="VIX", sec_type="FUT"))][:4]
    return (*futures, *[row.con_id for row in market.opening_account().positions][:4], SPX.con_id)


def _connected(house: Gateway, version: int) -> tuple[Gateway, Session]:
    session = Session(house)
    session._transport, session._is_in = Sink(), house.opened(session)  # no event loop runs here, nor any patience
    body = f"v157..{version}".encode()
    session.data_received(MAGIC + len(body).to_bytes(4, "big") + body)
    session.data_received(frame("71\x002\x001\x00\x00"))
    return house, session


def _converse(
    feed: Feed,
    session: Session,
    ids: tuple[int, ...] | list[int],
    con_id: Callable[[], int],
    between: Callable[[], None] = lambda: None,
) -> None:
    for _ in range(8):
        if not feed.left or session.is_closed:
            return
        message = inbound.REQUESTS[feed.pick(ids)]
        session.data_received(frame(_bent(feed, message, session.version, con_id())))
        between()


def _bent(feed: Feed, message: Message, version: int, con_id: int) -> str:
    values = PLAUSIBLE | {"conId": con_id, "orderId": 1 + feed.whole(3), "action": feed.pick(("BUY", "SELL"))}
    if message is PLACE_ORDER:
        values["duration"] = None
        values["lmtPrice"] = feed.pick((15.0, 20.0, 0.05, 100.0))
        values["totalQuantity"] = float(feed.whole(20))
        if feed.whole(1):  # by its number alone
            values.update({"secType": "", "exchange": ""})
    fields = message.build(values, version).split("\0")[:-1]
    for _ in range(feed.whole(5)):
        at = feed.whole(max(1, len(fields) - 1))
        if 0 < at < len(fields):
            fields[at] = feed.pick(WORDS) if feed.whole(1) else feed.text()
    cut = feed.whole(63)
    if cut == 1:
        fields = fields[: feed.whole(len(fields))]
    if cut == 2:
        fields.append(feed.text())
    return "".join(f"{field}\0" for field in fields)


def _move(house: Gateway, market: Any, feed: Feed) -> None:
    if feed.whole(3) == 0:
        house.advance(market.now + timedelta(seconds=5 * feed.whole(12)))


def _settle(house: Gateway, session: Session, market: Any) -> None:
    house.advance(market.now + timedelta(seconds=10))
    session.connection_lost(None)
