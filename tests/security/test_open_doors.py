"""Who can reach the gateway, and what a client can make it hold: real sockets, a bound for everything."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from bot.commands import gateway as command
from bot.commands.running import _open_line
from bot.gateway import session as sessions
from bot.gateway.door import is_loopback, warning
from bot.gateway.messages import inbound
from bot.gateway.server import MOST_CONNECTIONS, Gateway
from bot.gateway.wire import MAGIC, frame
from tests.gateway.fakes_gateway import FakeExchange, FakeMarket
from tests.gateway.raw_gateway import House

HELLO = MAGIC + (9).to_bytes(4, "big") + b"v157..176"


def own_address() -> str:
    """Return an address of this machine that is not loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
    return "" if is_loopback(address) else address


@pytest.mark.skipif(not own_address(), reason="this machine has only loopback")
async def test_from_another_address_of_this_machine_the_gateway_is_not_reached(house: House) -> None:
    with pytest.raises(OSError):
        await asyncio.open_connection(own_address(), house.port)
    assert (await house.connect()).welcome


@pytest.mark.skipif(not own_address(), reason="this machine has only loopback")
async def test_told_otherwise_it_is_reached_and_says_what_that_means() -> None:
    market = FakeMarket()
    server = Gateway(market, FakeExchange(market), host=own_address())
    port = await server.start(0)
    reader, writer = await asyncio.open_connection(own_address(), port)
    writer.write(HELLO)
    assert (await reader.readexactly(4))[:3] == b"\0\0\0"
    writer.close()
    await server.stop()
    assert "without a password" in warning(own_address(), port)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"])
def test_on_loopback_nothing_is_said(host: str) -> None:
    assert is_loopback(host)
    assert warning(host, 7497) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "my-server", "127.0.0.1.example.org"])
def test_on_any_other_address_it_is_said_what_everybody_can_do(host: str) -> None:
    told = warning(host, 7497)
    assert told.startswith("WARNING")
    assert "place and cancel orders" in told
    assert "--host 127.0.0.1" in told


def test_a_line_that_leaves_the_machine_is_warned_of() -> None:
    assert "neither a password nor encryption" in _open_line("tws.example")


async def test_the_command_shouts_when_its_port_is_open_to_the_network(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ends(*_: object) -> None:
        """Let no time pass."""

    monkeypatch.setattr(command, "_run", ends)
    for host, shouts in (("0.0.0.0", True), ("127.0.0.1", False)):
        market = FakeMarket()
        server = Gateway(market, FakeExchange(market), host=host)
        await command._serve(server, market, ("DU1234567",), host, 0, 60.0, leave=True)
        assert ("WARNING: 0.0.0.0 port" in capsys.readouterr().err) is shouts


# -- what a client can make it hold


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Say whether the other side ended the connection, in order or not."""
    try:
        return await asyncio.wait_for(reader.read(), 20) is not None
    except ConnectionError:
        return True


@pytest.mark.parametrize("length", [64 << 20, 0xFFFFFFFF, (1 << 20) + 1, 0])
@pytest.mark.parametrize("shaken", [False, True], ids=["first", "after the handshake"])
async def test_a_length_that_no_frame_has_ends_the_connection_and_is_not_waited_for(
    length: int, shaken: bool, house: House
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write((HELLO if shaken else MAGIC) + struct.pack(">I", length) + b"x" * 100)
    assert await hung_up(reader)
    writer.close()
    assert (await house.connect()).welcome


async def test_only_so_many_connections_are_let_in_and_there_is_room_again_when_they_go(house: House) -> None:
    writers = []
    gone = 0
    for _ in range(1000):
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writers.append((reader, writer))
        await asyncio.sleep(0)
    await asyncio.sleep(0.2)
    gone = sum(reader.at_eof() or reader.exception() is not None for reader, _ in writers)
    assert gone == 1000 - MOST_CONNECTIONS
    assert len(house.gateway._sessions) == MOST_CONNECTIONS
    for _, writer in writers:
        writer.close()
    await asyncio.sleep(0.2)
    assert (await house.connect()).welcome


@pytest.mark.parametrize("said", [b"", MAGIC, HELLO[:9], HELLO], ids=["nothing", "magic", "half", "no client id"])
async def test_whoever_stalls_in_the_handshake_is_hung_up_on(
    said: bytes, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "HANDSHAKE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(said)
    assert await hung_up(reader)
    writer.close()


async def test_whoever_has_said_who_it_is_may_be_quiet(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "HANDSHAKE_S", 0.05)
    raw = await house.connect()
    await asyncio.sleep(0.2)
    assert await raw.settle() == []


async def test_a_client_that_asks_and_never_reads_is_dropped_before_it_fills_the_memory(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_UNSENT_BYTES", 4 << 20)
    raw = await house.connect()
    history = {
        "reqId": 7, "conId": 416904, "secType": "IND", "exchange": "CBOE", "symbol": "SPX", "barSize": "5 secs",
        "duration": "1 D", "what": "TRADES", "formatDate": 2, "useRth": False,
    }  # fmt: skip
    asked = frame(inbound.REQ_HISTORY.build(history, 176))
    raw.writer.write(asked * 100)  # they arrive together and are handled before anything is written
    for _ in range(200):
        await asyncio.sleep(0.01)
        if not house.gateway._sessions:
            break
    assert house.gateway._sessions == []
    assert 0 < house.gateway.frames[inbound.REQ_HISTORY.id] < 20  # of 100 that came, each answered with a megabyte
    assert (await house.connect(2)).welcome
