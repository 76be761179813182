"""Whatever a fault does, both ends of a socket of a real client library come to rest, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.barrier import Barrier
from bot.gateway.errors import FaultError
from bot.gateway.faults import KINDS, Fault, check
from bot.gateway.faults.trouble import Kind
from tests.gateway.faults.library_faults import CLIENT_ID, Library
from tests.gateway.faults.stage_faults import Stage, opened

STEPS = 7
SAME_EVERYWHERE = frozenset({"nth", "every", "chance", "times", "lasts_s", "contracts", "text", "repeat_s", "code"})
NEEDED: dict[str, dict[str, Any]] = {"frame": {"act": "drop"}, "bad-data": {"fields": ["bid"]}}
FRAMES = ("orderStatus", "placeOrder", "currentTime", "tickPrice", "reqCurrentTime", "position")


def variants(kind: Kind) -> Iterator[Fault]:
    """Yield a kind's plain fault, then one for each typical value of each thing that may be said of it."""
    plain = Fault.of(kind.name, **NEEDED.get(kind.name, {}))
    yield plain
    for key in kind.keys.known:
        for value in key.typical if key.name not in SAME_EVERYWHERE else ():
            fault = plain.but(**{key.name: value})
            if kind.name == "frame" and key.name == "act":
                fault = fault.but(messages=list(FRAMES), nth=3, set__clientId=1, direction="both")
                fault = fault if value == "replace" else fault.without("set.clientId")
            yield fault


@pytest.mark.parametrize("name", sorted(KINDS))
async def test_both_ends_come_to_rest_under_every_fault(name: str) -> None:
    for fault in variants(KINDS[name]):
        try:
            check(fault)
        except FaultError:
            continue
        async with opened() as stage:
            await _story(stage, fault)


async def _story(stage: Stage, fault: Fault) -> None:
    library = Library()
    await library.ib.connectAsync("127.0.0.1", stage.port, clientId=CLIENT_ID, timeout=5)
    barrier = Barrier(stage.gateway, library, CLIENT_ID)
    try:
        await barrier.settle()
        stage.inject(fault.kind, **dict(fault.values))
        for step in range(STEPS):
            library.chatter(step)
            await barrier.settle()
            stage.exchange.fill_next = 1.0
            stage.gateway.advance(stage.market.now + timedelta(seconds=7 if step % 2 else 60))
            await barrier.settle()
    finally:
        library.ib.disconnect()
        await asyncio.sleep(0)
