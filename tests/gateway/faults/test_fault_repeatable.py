"""The same faults, seed and bytes from the client give the same bytes and the same log."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.gateway.faults import Fault
from tests.gateway.fakes_gateway import START, VX_MARCH
from tests.gateway.faults.stage_faults import ORDER, opened
from tests.gateway.raw_gateway import joined

DATA = ["1", "11", "3", str(VX_MARCH.con_id), "", "FUT", "", "0", "", "", "CFE", *[""] * 4, "0", "", "0", "0", ""]
MUCH = (
    Fault.of("latency", delay_s=1.0, jitter_s=9.0),
    Fault.of("frame", act="drop", messages=["tickSize", "tickPrice"], chance=0.4),
    Fault.of("frame", act="corrupt", messages=["tickString"], chance=0.5),
    Fault.of("frame", act="duplicate", messages=["orderStatus"], chance=0.5),
    Fault.of("frame", act="reorder", messages=["openOrder"]),
    Fault.of("phantom-cancel", chance=0.5),
    Fault.of("line-lost", at="+120", lasts_s=45.0, repeat_s=7.0),
    Fault.of("odd-frame", at="+200", what="handshake", repeat_s=11.0),
    Fault.of("bad-data", at="+240", fields=["bid", "ask_size"], value=-1.0, chance=0.5, lasts_s=100.0),
)


async def story(faults: tuple[Fault, ...], seed: int) -> tuple[bytes, list[str]]:
    """Tell the same story to a gateway and return all it says, and its log."""
    async with opened(*faults, seed=seed) as stage:
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
        writer.write(b"API\0\0\0\0\x09v157..176")
        handled = len(b"API\0\0\0\0\x09v157..176")
        for fields in (["71", "2", "1", ""], DATA, ["61", "1"], ["49", "1"]):
            text = joined(fields).encode()
            handled += 4 + len(text)
            writer.write(len(text).to_bytes(4, "big") + text)
        while stage.gateway.traffic().get(1, (0, 0))[0] < handled:
            await asyncio.sleep(0)
        session = stage.gateway.connections()[0]
        for minute in range(1, 8):
            order = ORDER | {"orderId": 100 + minute, "orderType": "MKT"}
            stage.gateway.received(session, placed(order))
            stage.gateway.advance(START + timedelta(minutes=minute))
        log = [str(note) for note in stage.gateway.fault_log]
        await stage.gateway.stop()
        told = await reader.read()
        writer.close()
        return told, log


def placed(order: dict[str, object]) -> list[str]:
    from bot.gateway.messages.order import PLACE_ORDER

    return PLACE_ORDER.build(order, 176).split("\0")[:-1]


async def test_the_same_faults_and_seed_give_the_same_bytes_and_the_same_log() -> None:
    first, again, other = await story(MUCH, 5), await story(MUCH, 5), await story(MUCH, 6)
    assert len(first[0]) > 5000
    assert len(first[1]) > 30
    assert first == again
    assert first[0] != other[0]
    assert first[1] != other[1]


async def test_what_one_fault_draws_does_not_depend_on_the_others() -> None:
    """A shorter list of faults keeps the strikes of those that stay, so that a failure can be shrunk."""
    alone = (MUCH[3],)
    beside = (Fault.of("frame", act="drop", messages=["tickSize"], chance=0.5), MUCH[3])
    strikes = [
        [line for line in (await story(faults, 5))[1] if "orderStatus duplicate" in line] for faults in (alone, beside)
    ]
    assert strikes[0]
    assert strikes[0] == strikes[1]


async def test_a_default_that_is_said_changes_no_draw() -> None:
    short = Fault.of("frame", act="duplicate", messages=["orderStatus"], chance=0.5)
    strikes = [
        [line for line in (await story((fault,), 5))[1] if "orderStatus duplicate" in line]
        for fault in (short, short.but(copies=1, delay_s=5))
    ]
    assert strikes[0]
    assert strikes[0] == strikes[1]
