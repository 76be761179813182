"""A running gateway over the hand-written market and exchange, and a client that speaks frames by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.gateway.server import Gateway
from bot.gateway.wire import FrameBuffer, frame
from tests.gateway.fakes_gateway import FakeExchange, FakeMarket


@dataclass(kw_only=True)
class House:
    """Hold a running gateway and what stands behind it."""

    market: FakeMarket
    exchange: FakeExchange
    gateway: Gateway
    port: int
    raws: list[Raw] = field(default_factory=list)

    async def connect(self, client_id: int | None = 1, *, version: int = 176) -> Raw:
        """Return a raw client; without a client id it has only shaken hands."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        raw = Raw(reader, writer)
        self.raws.append(raw)
        body = f"v157..{version}".encode()
        writer.write(b"API\0" + len(body).to_bytes(4, "big") + body)
        raw.greeting = await raw.next()
        if client_id is not None:
            raw.write("71", "2", str(client_id), "")
            raw.welcome = [await raw.next() for _ in range(5)]
        return raw


def joined(fields: Iterable[str]) -> str:
    """Return fields as the text of a frame."""
    return "".join(f"{field}\0" for field in fields)


def cut(text: str) -> list[str]:
    """Return the fields of a frame's text."""
    return text.split("\0")[:-1]


class Raw:
    """Speak frames by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.greeting: list[str] = []
        self.welcome: list[list[str]] = []
        self._buffer = FrameBuffer()
        self._waiting: list[list[str]] = []

    def write(self, *fields: str) -> None:
        self.writer.write(frame(joined(fields)))

    async def next(self) -> list[str]:
        """Return the next frame; an ended connection raises."""
        while not self._waiting:
            data = await asyncio.wait_for(self.reader.read(1 << 16), 5)
            if not data:
                raise ConnectionError("the gateway hung up")
            self._buffer.feed(data)
            self._waiting += list(self._buffer.frames())
        return self._waiting.pop(0)

    async def until(self, message_id: int) -> list[list[str]]:
        """Return all frames up to and including the first with this id."""
        frames = [await self.next()]
        while frames[-1][0] != str(message_id):
            frames.append(await self.next())
        return frames

    async def settle(self) -> list[list[str]]:
        """Return everything sent up to now, using currentTime as a mark."""
        self.write("49", "1")
        return (await self.until(49))[:-1]
