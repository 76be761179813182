"""Hold one TCP connection: handshake, frames in, frames out, byte counts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from bot.gateway.errors import ProtocolError
from bot.gateway.messages import outbound
from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import Values
from bot.gateway.wire import FrameBuffer, agreed_version, frame

log = logging.getLogger(__name__)

MAX_UNSENT_BYTES = 64 << 20
NO_CLIENT = -1


class House(Protocol):
    """Be what a connection belongs to: it greets, answers frames, and hears of the end."""

    def connection_time(self) -> str:
        """Return the time that the handshake announces."""

    def opened(self, session: Session) -> None:
        """Hear that a connection was accepted."""

    def received(self, session: Session, fields: Sequence[str]) -> None:
        """Handle one frame of a connection."""

    def closed(self, session: Session) -> None:
        """Hear that a connection is gone."""

    def flush(self) -> None:
        """Write out what has been said to any client."""


class Session(asyncio.Protocol):
    """Speak with one client; everything received is handled before `data_received` returns."""

    def __init__(self, house: House) -> None:
        self.client_id = NO_CLIENT
        self.version = 0
        self.sent_bytes = 0
        self.is_closed = False
        self._house = house
        self._buffer = FrameBuffer()
        self._unsent = bytearray()
        self._transport: asyncio.Transport | None = None
        self._peer = "?"

    @property
    def started(self) -> bool:
        """Say whether the client has named itself."""
        return self.client_id != NO_CLIENT

    @property
    def received_bytes(self) -> int:
        """Return how many bytes of the client have been parsed and handled."""
        return self._buffer.consumed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        if not isinstance(transport, asyncio.Transport):
            raise ProtocolError(f"expected a stream transport, got {type(transport).__name__}")
        self._transport = transport
        self._peer = str(transport.get_extra_info("peername"))
        self._house.opened(self)

    def data_received(self, data: bytes) -> None:
        """Handle every frame that is complete now, then write all answers."""
        self._buffer.feed(data)
        try:
            if not self.version and not self._shake_hands():
                return
            for fields in self._buffer.frames():
                if self.is_closed:
                    break
                self._house.received(self, fields)
        except ProtocolError as problem:
            log.warning("%s: %s; connection closed", self._peer, problem)
            self.close()
        finally:
            self._house.flush()

    def _shake_hands(self) -> bool:
        offer = self._buffer.offer()
        if offer is None:
            return False
        self.version = agreed_version(offer)
        self._unsent += frame(f"{self.version}\0{self._house.connection_time()}\0")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end to the house."""
        self.is_closed = True
        self._transport = None
        self._house.closed(self)

    def send(self, message: Message, **values: Any) -> None:
        """Queue one message until `flush`."""
        self.tell(message, values)

    def tell(self, message: Message, values: Values) -> None:
        """Queue one message of values that are already together."""
        if not self.is_closed:
            self._unsent += frame(message.build(values, self.version))

    def refuse(self, request_id: int | None, code: int, text: str) -> None:
        """Queue an error or a notice."""
        self.send(outbound.ERROR, id=-1 if request_id is None else request_id, code=code, text=text)

    def flush(self) -> None:
        """Write what is queued; a client that does not read for too long is dropped."""
        if not self._unsent or self._transport is None or self._transport.is_closing():
            return
        self.sent_bytes += len(self._unsent)
        self._transport.write(bytes(self._unsent))
        self._unsent.clear()
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.warning("%s: client %d does not read; connection dropped", self._peer, self.client_id)
            self._transport.abort()

    def abort(self) -> None:
        """Hang up without waiting for a client that does not read."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Write what is queued and hang up."""
        self.flush()
        self.is_closed = True
        if self._transport is not None:
            self._transport.close()
