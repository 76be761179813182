"""Connections: handshake, several clients, clashes, garbage, failures, byte counts."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.gateway.errors import GatewayError
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import START, VX_MARCH, FakeExchange, FakeMarket
from tests.gateway.raw_gateway import House, cut

ORDER = {
    "orderId": 1, "conId": VX_MARCH.con_id, "secType": "FUT", "exchange": "CFE", "action": "BUY", "totalQuantity": 1.0,
    "orderType": "LMT", "lmtPrice": 10.0, "tif": "GTC",
}  # fmt: skip
C12 = ["0", "VIX", "FUT", "20180321", "0.0", "", "", "CFE", "", "USD", "", ""]
DETAILS = ["9", "8", "55", *C12, "0", "", "", ""]
FUTURE = [str(VX_MARCH.con_id), "", "", "", "0", "", "", "CFE", "", "", "", ""]


def market_data(request_id: int, *, generics: str = "", snapshot: str = "0", contract: list[str] = FUTURE) -> list[str]:
    return ["1", "11", str(request_id), *contract, "0", generics, snapshot, "0", ""]


async def test_a_client_is_greeted_with_version_and_market_time_then_accounts_and_next_id(house: House) -> None:
    raw = await house.connect()
    assert raw.greeting == ["176", "20180205 09:30:00 EST"]
    assert raw.welcome[:2] == [["15", "1", "DU1234567"], ["9", "1", "1"]]
    assert [fields[3] for fields in raw.welcome[2:]] == ["2104", "2106", "2158"]


async def test_the_time_is_the_markets_own(house: House) -> None:
    raw = await house.connect()
    house.gateway.advance(START + timedelta(minutes=3))
    raw.write("49", "1")
    assert await raw.next() == ["49", "1", str(int(START.timestamp()) + 180)]


async def test_several_clients_are_served_at_once(house: House) -> None:
    first, second = await house.connect(1), await house.connect(2, version=160)
    for raw in (first, second):
        raw.write(*DETAILS[:-1] if raw is second else DETAILS)
        frames = await raw.until(52)
        assert [fields[0] for fields in frames] == ["10", "52"]
    assert set(house.gateway.traffic()) == {1, 2}


async def test_a_second_client_with_the_same_id_gets_326_and_is_hung_up_on(house: House) -> None:
    first = await house.connect(4)
    second = await house.connect(None)
    second.write("71", "2", "4", "")
    assert (await second.next())[3] == "326"
    with pytest.raises(ConnectionError):
        await second.next()
    first.write("49", "1")
    assert (await first.next())[0] == "49"


async def test_a_client_id_is_free_again_after_its_client_has_gone(house: House) -> None:
    first = await house.connect(4)
    first.writer.close()
    await first.writer.wait_closed()
    while house.gateway.traffic():
        await asyncio.sleep(0.001)
    assert (await house.connect(4)).welcome[0][0] == "15"


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 64, b"API\0\xff\xff\xff\xff"])
async def test_garbage_closes_that_connection_with_a_logged_line_and_nothing_else(
    house: House, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    raw = await house.connect()
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(garbage)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert any("connection closed" in record.getMessage() for record in caplog.records)
    raw.write("49", "1")
    assert (await raw.next())[0] == "49"


async def test_a_corrupt_length_after_the_handshake_closes_the_connection(house: House) -> None:
    raw = await house.connect()
    raw.writer.write(b"\xff\xff\xff\xff")
    with pytest.raises(ConnectionError):
        await raw.next()


async def test_a_frame_that_arrives_byte_by_byte_is_answered_once_complete(house: House) -> None:
    raw = await house.connect()
    for byte in b"\0\0\0\x05" + b"49\0" + b"1\0":
        raw.writer.write(bytes([byte]))
        await raw.writer.drain()
    assert (await raw.next())[0] == "49"


async def test_requests_before_start_api_are_refused(house: House) -> None:
    raw = await house.connect(None)
    raw.write("49", "1")
    assert (await raw.next())[3] == "321"


async def test_an_unserved_request_is_refused_under_its_own_id(house: House) -> None:
    raw = await house.connect()
    raw.write("52", "2", "77", "0", "SPX")
    assert (await raw.next())[:4] == ["4", "2", "77", "430"]
    raw.write("nonsense")
    assert (await raw.next())[:4] == ["4", "2", "-1", "321"]


async def test_a_request_with_missing_or_left_over_fields_is_refused_under_its_own_id(house: House) -> None:
    raw = await house.connect()
    for fields in (DETAILS[:-2], [*DETAILS, "more"]):
        raw.write(*fields)
        assert (await raw.next())[:4] == ["4", "2", "55", "320"]


async def test_a_failing_handler_is_logged_and_answered_and_the_connection_lives(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    raw = await house.connect()
    house.market.broken = True
    raw.write(*DETAILS)
    answer = await raw.next()
    assert answer[:4] == ["4", "2", "55", "321"]
    assert "the fake market is broken" in answer[4]
    assert any(record.exc_info for record in caplog.records)
    house.market.broken = False
    raw.write(*DETAILS)
    assert (await raw.next())[0] == "10"


async def test_traffic_agrees_with_what_the_client_counted(house: House) -> None:
    raw = await house.connect()
    raw.write(*DETAILS)
    await raw.until(52)
    received, sent = house.gateway.traffic()[1]
    handshake = len(b"API\0") + 4 + len("v157..176")
    assert received == handshake + 4 + len("71\x002\x001\x00\x00") + 4 + len("\0".join(DETAILS)) + 1
    assert sent == raw._buffer.consumed


async def test_every_inbound_frame_is_counted_by_message_id(house: House) -> None:
    raw = await house.connect()
    raw.write("49", "1")
    raw.write("49", "1")
    await raw.until(49)
    await raw.until(49)
    assert house.gateway.frames[49] == 2
    assert house.gateway.frames[71] == 1
    assert house.gateway.frames[3] == 0


async def test_a_port_in_use_is_one_clear_error(house: House) -> None:
    market = FakeMarket()
    with pytest.raises(GatewayError, match=f"port {house.port} on 127.0.0.1 cannot be opened: another") as told:
        await Gateway(market, FakeExchange(market)).start(house.port)
    assert "Errno" not in str(told.value)


@pytest.mark.parametrize("port", [-1, 65536, 99999])
async def test_an_impossible_port_is_answered_with_the_possible_ones(port: int) -> None:
    market = FakeMarket()
    with pytest.raises(GatewayError, match=rf"port {port} on .* expected 1 to 65535") as told:
        await Gateway(market, FakeExchange(market)).start(port)
    assert "bind" not in str(told.value)


async def test_a_host_that_is_not_here_is_answered_with_one_that_is() -> None:
    market = FakeMarket()
    with pytest.raises(GatewayError, match=r"expected an address of this machine; choose 127\.0\.0\.1"):
        await Gateway(market, FakeExchange(market), host="192.0.2.1").start(0)


async def test_stop_hangs_up_and_frees_the_port() -> None:
    market = FakeMarket()
    gateway = Gateway(market, FakeExchange(market))
    port = await gateway.start(0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(0.01)
    await gateway.stop()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    with pytest.raises(OSError, match=r"(?i)refused|connect"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_the_same_bytes_from_the_client_give_the_same_bytes_back() -> None:
    async def story() -> bytes:
        market = FakeMarket()
        gateway = Gateway(market, FakeExchange(market))
        port = await gateway.start(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = b"v157..176"
        writer.write(b"API\0" + len(body).to_bytes(4, "big") + body)
        got = await reader.read(4096)
        for fields in (["71", "2", "1", ""], market_data(3), ["92", "4", "DU1234567", ""], ["61", "1"], DETAILS):
            text = ("\0".join(fields) + "\0").encode()
            writer.write(len(text).to_bytes(4, "big") + text)
        while gateway.frames.total() < 5:
            await asyncio.sleep(0.001)
        gateway.advance(START + timedelta(minutes=10))
        await gateway.stop()
        got += await reader.read()
        writer.close()
        return got

    first, second = await story(), await story()
    assert len(first) > 2000
    assert first == second


async def test_the_market_is_walked_tick_by_tick_and_nights_in_bigger_steps(house: House) -> None:
    house.gateway.advance(START + timedelta(seconds=12))
    assert [(stop - START).total_seconds() for stop in house.market.stops] == [5, 10, 12]
    house.market.stops.clear()
    house.gateway.advance(START + timedelta(hours=10))
    assert house.market.now == START + timedelta(hours=10)
    assert len(house.market.stops) < 300  # of 7,200 ticks


async def test_a_resting_order_is_matched_at_every_tick_of_the_longest_night(house: House) -> None:
    raw = await house.connect()
    raw.write(*cut(PLACE_ORDER.build(ORDER, 176)))
    await raw.settle()
    house.gateway.advance(START + timedelta(hours=10))
    assert len(house.market.stops) == 7200


async def test_stop_does_not_wait_for_a_client_that_does_not_read(house: House) -> None:
    raw = await house.connect()
    raw.reader._transport.pause_reading()
    for _ in range(3000):
        raw.write(*DETAILS)
    await raw.writer.drain()
    await asyncio.sleep(0.05)
    await asyncio.wait_for(house.gateway.stop(), 5)
    assert house.gateway.traffic() == {}
