"""Frames that no honest gateway sends: endless ones, and news of orders that cannot be decoded."""

from __future__ import annotations

import asyncio

import pytest
from harness import stage

from bot.broker.frames import LONGEST_FRAME
from bot.broker.port import LinkState, Query
from bot.errors import Halt, Retry
from bot.gateway.wire import frame

POSITION = (
    "61\x003\x00DU1234567\x00298000001\x00VIX\x00FUT\x0020180321\x000\x00\x001000\x00CFE\x00USD\x00VXH8\x00VX\x00"
)


def pushed(s, text: str) -> None:
    """Put a frame among those that the gateway sends, counted as if it had."""
    for session in s.gateway._clients():
        session._unsent += frame(text)


async def test_an_endless_frame_is_hung_up_on_and_not_collected():
    async with stage() as s:
        client = s.broker._ib.client
        for session in s.gateway._clients():
            session._unsent += (LONGEST_FRAME + 1).to_bytes(4, "big") + b"x" * 1000
        s.gateway.flush()
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert s.broker.link is LinkState.DISCONNECTED
        assert client._data == b""
        assert "16777216 bytes" in s.broker.fault


async def test_a_longest_frame_is_still_waited_for():
    async with stage() as s:
        for session in s.gateway._clients():
            session._unsent += LONGEST_FRAME.to_bytes(4, "big") + b"x" * 1000
        s.gateway.flush()
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert s.broker.link is LinkState.UP


async def test_a_position_that_cannot_be_decoded_makes_the_list_incomplete():
    async with stage() as s:
        assert (await s.broker.positions()).complete
        desk = s.gateway._account
        honest = desk.routes()

        def tell(client, values):
            pushed(s, f"{POSITION}many\x0015.0\x00")
            honest[61](client, values)

        s.gateway._routes[61] = tell
        assert not (await s.broker.positions()).complete
        assert not s.broker.fault  # it is read again; what reduces risk may still be sent
        s.gateway._routes[61] = honest[61]
        await s.broker.positions()
        assert (await s.broker.positions()).complete


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("order status", "3\x007\x00Filled\x00many\x00"),
        ("execution", "11\x00-1\x007\x00"),
        ("error", "4\x002\x00seven\x00201\x00no\x00\x00"),
    ],
)
async def test_news_of_an_order_that_cannot_be_decoded_is_a_fault(what, text):
    async with stage() as s:
        pushed(s, text)
        s.gateway.flush()
        await s.settle()
        assert f"{what} frame not readable" in s.broker.fault
        with pytest.raises(Halt):
            await s.broker.heartbeat()


async def test_a_tick_that_cannot_be_decoded_is_only_a_missing_tick():
    async with stage() as s:
        pushed(s, "1\x006\x00seven\x001\x0015.0\x001\x000\x00")
        s.gateway.flush()
        await s.settle()
        assert not s.broker.fault


async def test_an_open_order_that_cannot_be_decoded_fails_the_reading_and_locks_no_sale():
    async with stage() as s:
        honest = s.gateway._routes[16]

        def tell(client, values):
            pushed(s, "5\x00seven\x00")
            honest(client, values)

        s.gateway._routes[16] = tell
        with pytest.raises(Retry, match="a row was lost"):
            await s.broker.open_orders()
        assert not s.broker.fault


async def test_frames_without_sense_do_not_fill_the_log(caplog):
    async with stage() as s:
        for _ in range(200):
            pushed(s, "1\x006\x00seven\x001\x0015.0\x001\x000\x00")
        s.gateway.flush()
        await s.settle()
        lines = [record.message for record in caplog.records if record.name == "bot.broker.frames"]
        assert len(lines) == 21
        assert all(line.isprintable() for line in lines)


async def test_an_answer_that_the_library_cannot_read_may_be_asked_for_again():
    async with stage() as s:
        honest = s.gateway._routes[9]

        def tell(client, values):
            pushed(s, f"88\x00{values['reqId']}\x00never\x00")  # a time, under the number of this request

        s.gateway._routes[9] = tell
        with pytest.raises(Retry, match="cannot be read"):
            await s.broker.instruments(Query(symbol="SPX", sec_type="IND", exchange="CBOE"))
        s.gateway._routes[9] = honest
        assert await s.broker.instruments(Query(symbol="SPX", sec_type="IND", exchange="CBOE"))
