"""Hold one TCP connection: handshake, frames in, frames out, byte counts."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
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
HANDSHAKE_S = 60.0  # of real time in which a connection must have said who it is


class Meddler(Protocol):
    """Be somebody who may keep or change every frame to a client."""

    def outgoing(self, session: Session, message: Message, values: Values) -> None:
        """Take a frame instead of the session; what is left of it comes back by `Session.queue`."""


class House(Protocol):
    """Be what a connection belongs to: it greets, answers frames, and hears of the end."""

    def connection_time(self) -> str:
        """Return the time that the handshake announces."""

    def opened(self, session: Session) -> bool:
        """Hear that somebody came; return whether there is room."""

    def received(self, session: Session, fields: Sequence[str]) -> None:
        """Handle one frame of a connection."""

    def closed(self, session: Session) -> None:
        """Hear that a connection is gone."""

    def flush(self) -> None:
        """Write out what has been said to any client."""


class Session(asyncio.Protocol):
    """Speak with one client; everything received is handled before `data_received` returns.

    A `meddler` sees every frame to the client first. `fall_silent` and `listen` serve faults: a silent session neither
    says nor hears anything more while its socket stays open, one that does not listen keeps what comes for later.
    """

    def __init__(self, house: House) -> None:
        self.client_id = NO_CLIENT
        self.version = 0
        self.sent_bytes = 0
        self.is_closed = False
        self.is_silent = False
        self.is_taking = True
        self.meddler: Meddler | None = None
        self._is_mute = False
        self._deaf = 0
        self._held = 0
        self._house = house
        self._buffer = FrameBuffer()
        self._unsent = bytearray()
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._is_in = False
        self._peer = "?"

    @property
    def started(self) -> bool:
        """Say whether the client has named itself."""
        return self.client_id != NO_CLIENT

    @property
    def received_bytes(self) -> int:
        """Return how many bytes of the client have been handled; what is kept for later counts, it is at rest."""
        return self._buffer.consumed + (self._buffer.waiting if self._deaf else 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        if not isinstance(transport, asyncio.Transport):
            raise ProtocolError(f"expected a stream transport, got {type(transport).__name__}")
        self._transport = transport
        self._peer = str(transport.get_extra_info("peername"))
        self._is_in = self._house.opened(self)
        if self._is_in:
            self._patience = asyncio.get_running_loop().call_later(HANDSHAKE_S, self._lose_patience)
        else:
            self.is_closed = True
            transport.abort()

    def _lose_patience(self) -> None:
        """Hang up on somebody who does not say who it is; a fault that keeps us from hearing is not its fault."""
        if not (self.started or self.is_silent or self._is_mute or self._deaf or self.is_closed):
            log.warning("%s: said nothing sensible within %g s; connection closed", self._peer, HANDSHAKE_S)
            self.is_closed = True
            self.abort()

    def data_received(self, data: bytes) -> None:
        """Handle every frame that is complete now, then write all answers."""
        self._buffer.feed(data)
        if not self._deaf:
            self._hear()
        elif self._buffer.waiting > MAX_UNSENT_BYTES:
            log.warning("%s: client %d writes to somebody who does not listen; dropped", self._peer, self.client_id)
            self.abort()

    def _hear(self) -> None:
        if self.is_silent:
            self._buffer.drain()
            return
        try:
            if not self.version and not self._shake_hands():
                return
            for fields in self._buffer.frames():
                if self.is_closed or self._deaf:
                    break
                if not self.is_silent:
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
        if self._patience is not None:
            self._patience.cancel()
        if self._is_in:
            self._house.closed(self)

    def send(self, message: Message, **values: Any) -> None:
        """Queue one message until `flush`."""
        self.tell(message, values)

    def tell(self, message: Message, values: Values) -> None:
        """Queue one message of values that are already together."""
        if self.is_closed:
            return
        if self.meddler is None:
            self._unsent += frame(message.build(values, self.version))
            self._bound()
        else:
            self.meddler.outgoing(self, message, values)

    def queue(self, data: bytes) -> None:
        """Queue bytes until `flush`."""
        if not self._is_mute:
            self._unsent += data
            self._bound()

    def refuse(self, request_id: int | None, code: int, text: str) -> None:
        """Queue an error or a notice."""
        self.send(outbound.ERROR, id=-1 if request_id is None else request_id, code=code, text=text)

    def flush(self) -> None:
        """Write what is queued; a client that does not read for too long is dropped."""
        if not self._unsent or self._transport is None or self._transport.is_closing():
            return
        if not self._held:
            self.write(bytes(self._unsent))
            self._unsent.clear()
        if len(self._unsent) + self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._drop()

    def _bound(self) -> None:
        """Drop a client that asks for more at once than it could ever read."""
        if len(self._unsent) > MAX_UNSENT_BYTES:
            self._drop()

    def _drop(self) -> None:
        log.warning("%s: client %d does not read; connection dropped", self._peer, self.client_id)
        self.is_closed = True
        self._unsent.clear()
        self.abort()

    def write(self, data: bytes) -> None:
        """Write bytes at once, before anything that is queued."""
        if self._transport is not None and not self._transport.is_closing():
            self.sent_bytes += len(data)
            self._transport.write(data)

    @property
    def is_held(self) -> bool:
        """Say whether what is queued waits for somebody to let it go."""
        return self._held > 0

    def hold(self, held: bool) -> None:
        """Keep what is queued from being written, or let it go; as often let go as held."""
        self._held += 1 if held else -1
        self.flush()

    def listen(self, listens: bool) -> None:
        """Handle what comes, first of all what was kept; or keep it. As often told to as told not to."""
        self._deaf += -1 if listens else 1
        if not self._deaf and self._buffer.waiting and not self.is_closed:
            self._hear()

    def take(self, takes: bool) -> None:
        """Take the client's bytes out of the socket, or leave them there so that the client cannot go on writing."""
        if takes == self.is_taking or self._transport is None:
            return
        self.is_taking = takes
        (self._transport.resume_reading if takes else self._transport.pause_reading)()

    def fall_silent(self) -> None:
        """Say nothing and hear nothing from now on, with the socket open."""
        self.mute()
        self._unsent.clear()
        self.is_silent = True

    def mute(self) -> None:
        """Say nothing more, but go on to handle what comes."""
        self.flush()
        self._is_mute = True

    def reset(self) -> None:
        """Break the connection so that the other side sees it reset, with nothing more written."""
        self.is_closed = True
        if self._transport is not None:
            wire: socket.socket = self._transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
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
