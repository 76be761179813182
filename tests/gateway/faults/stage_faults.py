"""A gateway over the hand-written market whose clients are spoken for by hand, with faults put in by a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.gateway.faults.records import Fault
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import START, VX_MARCH, FakeExchange, FakeMarket
from tests.gateway.raw_gateway import House, Raw, cut

TURNS = 30  # of the event loop, for what is on its way to arrive

ORDER = {
    "orderId": 5,
    "conId": VX_MARCH.con_id,
    "secType": "FUT",
    "exchange": "CFE",
    "action": "BUY",
    "totalQuantity": 3.0,
    "orderType": "LMT",
    "lmtPrice": 14.5,
    "tif": "DAY",
    "orderRef": "r-1",
    "transmit": True,
}


@dataclass(kw_only=True)
class Stage(House):
    """Hold a running gateway, and put faults into it."""

    def inject(self, kind: str, **values: Any) -> Fault:
        fault = Fault.of(kind, **values)
        self.gateway.inject(fault)
        return fault

    def after(self, seconds: float) -> None:
        """Let market time pass."""
        self.gateway.advance(self.market.now + timedelta(seconds=seconds))

    def notes(self) -> list[str]:
        return [note.what for note in self.gateway.fault_log]

    def place(self, raw: Raw, order_id: int = 5, **more: Any) -> None:
        raw.write(*cut(PLACE_ORDER.build(ORDER | {"orderId": order_id} | more, int(raw.greeting[0]))))

    async def refused(self) -> bool:
        """Say whether nobody listens."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except ConnectionRefusedError:
            return True
        writer.close()
        return False


@asynccontextmanager
async def opened(*faults: Fault, seed: int = 0) -> AsyncIterator[Stage]:
    market = FakeMarket()
    exchange = FakeExchange(market)
    gateway = Gateway(market, exchange, faults=faults, fault_seed=seed)
    stage = Stage(market=market, exchange=exchange, gateway=gateway, port=await gateway.start(0))
    try:
        yield stage
    finally:
        for raw in stage.raws:
            raw.writer.close()
        await gateway.stop()


async def heard(raw: Raw) -> list[list[str]]:
    """Return every whole frame that has arrived by now, without asking for anything."""
    frames = []
    for _ in range(TURNS):
        await asyncio.sleep(0)
    while True:
        try:
            frames.append(await asyncio.wait_for(raw.next(), 0.02))
        except TimeoutError:
            return frames


async def ended(raw: Raw) -> str:
    """Return how a connection ended: closed, reset, or not at all (open)."""
    try:
        while True:
            if not await asyncio.wait_for(raw.reader.read(1 << 16), 0.3):
                return "closed"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "open"


def codes(frames: list[list[str]]) -> list[int]:
    """Return the codes of the error frames."""
    return [int(fields[3]) for fields in frames if fields[0] == "4"]


def ids(frames: list[list[str]]) -> list[str]:
    return [fields[0] for fields in frames]


__all__ = ["ORDER", "START", "Stage", "codes", "ended", "heard", "ids", "opened"]
