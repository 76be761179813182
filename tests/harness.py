"""Put the real client library before the simulated gateway, in one process, on a stepped clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.barrier import settle
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import SteppedClock
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import SimulatedMarket, load_market
from bot.gateway.server import Gateway

CLIENT_ID = 7


@dataclass(slots=True, kw_only=True)
class Stage:
    """Hold the market, its gateway, the clock, and a broker that is connected."""

    market: SimulatedMarket
    exchange: SimulatedExchange
    gateway: Gateway
    clock: SteppedClock
    broker: IbBroker
    endpoint: Endpoint

    async def settle(self) -> None:
        """Wait until both sides agree on the bytes."""
        await settle(self.gateway, self.broker, self.endpoint.client_id)

    async def move(self, to: datetime) -> None:
        """Move the clock, let the market catch up tick by tick, and settle."""
        self.clock.move(to)
        self.gateway.advance(to)
        await self.settle()

    async def say(self, code: int, text: str, request_id: int | None = None) -> None:
        """Let the gateway send an error or notice frame, as TWS does, and settle."""
        for session in self.gateway._clients():
            session.refuse(request_id, code, text)
        self.gateway.flush()
        await self.settle()

    async def after(self, **span: float) -> None:
        """Move by a span, given as `timedelta` takes it."""
        await self.move(self.clock.now() + timedelta(**span))


def endpoint(port: int, **changes: object) -> Endpoint:
    """Return an endpoint with short waits on the given port."""
    fields: dict[str, object] = {
        "port": port,
        "client_id": CLIENT_ID,
        "timeout_s": 20.0,
        "attempts": 2,
        "pause_s": 0.0,
        "stepped": True,
    }
    return Endpoint(**{**fields, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def stage(
    scenario: str = "spike-2018-02",
    *,
    at: datetime | None = None,
    seed: int | None = None,
    broker: Callable[..., ReadOnlyBroker] = IbBroker,
    mode: str = "demo",
) -> AsyncIterator[Stage]:
    """Start a gateway on a free port, connect, settle; stop both at the end."""
    market = load_market(scenario, seed=seed)
    exchange = SimulatedExchange(market)
    gateway = Gateway(market, exchange)
    if at is not None:
        gateway.advance(at)
    clock = SteppedClock(market.now)
    place = endpoint(await gateway.start(0))
    connected = broker(place, clock, mode=mode)
    try:
        await connected.connect()
        set_up = Stage(
            market=market,
            exchange=exchange,
            gateway=gateway,
            clock=clock,
            broker=connected,
            endpoint=place,  # type: ignore[arg-type]
        )
        await set_up.settle()
        yield set_up
    finally:
        await connected.disconnect()
        await gateway.stop()
