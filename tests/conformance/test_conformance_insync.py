"""The installed client library passes every conformance step against a gateway that serves a shipped scenario."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import SimulatedMarket, load_market
from bot.gateway.server import Gateway

SCRIPT = Path(__file__).with_name("conformance_insync.py")
STEPS = 14


async def move(gateway: Gateway, market: SimulatedMarket) -> None:
    """Let half a second of the market pass in each tenth of a real one."""
    while True:
        await asyncio.sleep(0.1)
        gateway.advance(market.now + timedelta(seconds=0.5))


@pytest.mark.parametrize("scenario", ["spike-2018-02"])
async def test_the_client_library_passes_every_step(scenario: str) -> None:
    market = load_market(scenario)
    gateway = Gateway(market, SimulatedExchange(market))
    port = await gateway.start(0)
    moving = asyncio.create_task(move(gateway, market))
    script = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        "--port",
        str(port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await asyncio.wait_for(script.communicate(), 120)
    moving.cancel()
    await gateway.stop()
    lines = said.decode().splitlines()
    assert script.returncode == 0, said.decode() + complained.decode()
    assert [line.split()[0] for line in lines] == ["ok"] * STEPS
