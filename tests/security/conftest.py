"""Give tests a gateway over the hand-written market and exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import FakeExchange, FakeMarket
from tests.gateway.raw_gateway import House


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    market = FakeMarket()
    exchange = FakeExchange(market)
    gateway = Gateway(market, exchange, data_lines=5)
    opened = House(market=market, exchange=exchange, gateway=gateway, port=await gateway.start(0))
    yield opened
    for raw in opened.raws:
        raw.writer.close()
    await gateway.stop()
