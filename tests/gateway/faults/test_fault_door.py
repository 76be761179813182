"""The door that faults shut and open in market time, and what shuts it before anybody listens."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bot.gateway.door import Door
from bot.gateway.errors import GatewayError
from bot.gateway.faults import Fault
from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import FakeExchange, FakeMarket
from tests.gateway.faults.stage_faults import Stage, opened


def a_door() -> Door:
    return Door("127.0.0.1", asyncio.Protocol)


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


async def test_a_door_shuts_and_opens_without_a_turn_of_the_loop() -> None:
    door = a_door()
    port = await door.open(0)
    for _ in range(20):
        door.shut()
        assert not is_open(port)
        door.reopen()
        assert is_open(port)
    await door.close()
    assert not is_open(port)


async def test_whoever_comes_through_a_reopened_door_is_served(stage: Stage) -> None:
    for _ in range(3):
        stage.inject("restart", lasts_s=10.0)
        stage.after(10.0)
        raw = await stage.connect()
        assert raw.welcome[0][0] == "15"


async def test_what_is_said_through_a_reopened_door_does_not_wait_for_what_was_said_before() -> None:
    met: asyncio.Queue[asyncio.BaseTransport] = asyncio.Queue()

    class Greeter(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            met.put_nowait(transport)

    door = Door("127.0.0.1", Greeter)
    port = await door.open(0)
    door.shut()
    door.reopen()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    line = (await met.get()).get_extra_info("socket")
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "Nagle's algorithm would keep answers for 40 ms"
    writer.close()
    await door.close()


async def test_a_door_whose_port_was_taken_meanwhile_says_so() -> None:
    door = a_door()
    port = await door.open(0)
    door.shut()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(GatewayError, match=f"port {port} on 127.0.0.1 cannot be opened: another program listens"):
            door.reopen()
    await door.close()


async def test_a_fault_that_shuts_the_door_at_once_holds_from_the_start() -> None:
    async with opened(Fault.of("login-wanted", lasts_s=60.0)) as stage:
        assert await stage.refused()
        stage.after(60.0)
        assert not await stage.refused()


async def test_a_fault_put_in_before_the_start_holds_from_the_start() -> None:
    market = FakeMarket()
    gateway = Gateway(market, FakeExchange(market))
    gateway.inject(Fault.of("login-wanted", lasts_s=60.0))
    port = await gateway.start(0)
    assert not is_open(port)
    await gateway.stop()


async def test_a_gateway_can_be_stopped_while_its_door_is_shut() -> None:
    async with opened(Fault.of("restart", lasts_s=60.0)) as stage:
        assert await stage.refused()
