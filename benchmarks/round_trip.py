"""Measure placeOrder to the first orderStatus against `alvh gateway` in its own process: library and bare socket."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import sys
from time import perf_counter
from typing import Any

from ib_insync import IB, Contract, Future, LimitOrder
from machine import percentile, table

ORDERS = 1000
LENGTH = struct.Struct(">I")
ORDER_STATUS = b"3"


def gateway() -> tuple[subprocess.Popen[str], int]:
    """Start a gateway on a free port and return its process and port."""
    command = [sys.executable, "-m", "bot.cli", "gateway", "--port", "0", "--speed", "0.1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise SystemExit("the gateway has no output to read its port from")
    line = process.stdout.readline()
    return process, int(line.split("127.0.0.1:")[1].split(",")[0])


async def through_library(port: int) -> tuple[list[float], bytes]:
    """Place and cancel orders through ib_insync; return seconds to the first status, and one placeOrder frame."""
    ib, sent = IB(), []
    ib.client.MaxRequests = 0  # the library would pause after 45 requests a second
    await ib.connectAsync("127.0.0.1", port, clientId=1)
    contract = (await ib.reqContractDetailsAsync(Future("VXM", exchange="CFE")))[0].contract
    if contract is None:
        raise SystemExit("the gateway lists no VXM contract")
    original = ib.client.conn.sendMsg
    ib.client.conn.sendMsg = lambda message: (sent.append(message), original(message))[1]
    seconds = [await _one(ib, contract) for _ in range(ORDERS)]
    ib.disconnect()
    return seconds, next(message for message in sent if message[4:6] == b"3\0")


async def _one(ib: IB, contract: Contract) -> float:
    heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def hear(_: Any) -> None:
        if not heard.done():
            heard.set_result(perf_counter())

    ib.orderStatusEvent += hear
    began = perf_counter()
    trade = ib.placeOrder(contract, LimitOrder("BUY", 1, 5.0))
    took = await asyncio.wait_for(heard, 10) - began
    ib.orderStatusEvent -= hear
    ib.cancelOrder(trade.order)
    return took


class Bare:
    """Speak just enough of the protocol: handshake, startApi, and frames as they are."""

    def __init__(self, port: int, client_id: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bytes = b""
        self._socket.sendall(b"API\0" + self._framed(b"v157..178"))
        self.read()
        self.send([b"71", b"2", str(client_id).encode(), b""])

    @staticmethod
    def _framed(body: bytes) -> bytes:
        return LENGTH.pack(len(body)) + body

    def send(self, fields: list[bytes]) -> None:
        """Send one frame."""
        self._socket.sendall(self._framed(b"\0".join(fields) + b"\0"))

    def read(self) -> list[bytes]:
        """Return the fields of the next frame."""
        while len(self._bytes) < 4 or len(self._bytes) < 4 + LENGTH.unpack_from(self._bytes)[0]:
            received = self._socket.recv(65536)
            if not received:
                raise SystemExit("the gateway hung up")
            self._bytes += received
        end = 4 + LENGTH.unpack_from(self._bytes)[0]
        body, self._bytes = self._bytes[4:end], self._bytes[end:]
        return body.rstrip(b"\0").split(b"\0")


def through_socket(port: int, frame: bytes) -> list[float]:
    """Replay one placeOrder frame with fresh order ids and return seconds to the first status."""
    bare, seconds = Bare(port, 2), []
    fields = frame[4:].removesuffix(b"\0").split(b"\0")
    for order_id in range(1, ORDERS + 1):
        number = str(order_id).encode()
        began = perf_counter()
        bare.send([fields[0], number, *fields[2:]])
        while (answer := bare.read())[0] != ORDER_STATUS or answer[1] != number:
            if answer[0] == b"4" and answer[2] == number:
                raise SystemExit(f"order {order_id} was refused: {answer}")
        seconds.append(perf_counter() - began)
        bare.send([b"4", b"1", number, b""])
    return seconds


def main() -> None:
    """Measure both ways and print them side by side."""
    process, port = gateway()
    try:
        library, frame = asyncio.run(through_library(port))
        bare = through_socket(port, frame)
    finally:
        process.terminate()
        process.wait()
    base = percentile(bare, 0.5)
    rows = [
        (name, len(found), f"{1e3 * middle:.2f}", f"{1e3 * percentile(found, 0.99):.2f}", f"{middle / base:.1f}")
        for name, found in (("bare socket", bare), ("ib_insync", library))
        if (middle := percentile(found, 0.5))
    ]
    table(("placeOrder to orderStatus", "orders", "median ms", "p99 ms", "ratio"), rows)


if __name__ == "__main__":
    main()
