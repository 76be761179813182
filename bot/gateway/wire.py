"""Cut a byte stream into TWS frames and build frames: 4 bytes of big-endian length, then NUL-terminated text."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from bot.gateway.errors import ProtocolError

MAGIC = b"API\0"
MAX_FRAME_BYTES = 1 << 20
LOWEST_VERSION = 157
HIGHEST_VERSION = 178
ODD_VERSION = 163  # one extra contractDetails field that no later version keeps: never offered

_LENGTH = struct.Struct(">I")
_OFFER = re.compile(r"v(\d{1,5})(?:\.\.(\d{1,5}))?(?: (.*))?\Z", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Hold what a client says of itself in the handshake."""

    lowest: int
    highest: int
    options: str = ""


def frame(text: str) -> bytes:
    """Build one frame from the text of its fields, each ended by NUL."""
    body = text.encode(errors="replace")
    return _LENGTH.pack(len(body)) + body


def agreed_version(offer: Offer) -> int:
    """Return the version to announce to a client.

    Raises `ProtocolError` when the client's range and the served one do not meet.
    """
    version = min(offer.highest, HIGHEST_VERSION)
    if version == ODD_VERSION:
        version -= 1
    if version < max(offer.lowest, LOWEST_VERSION):
        raise ProtocolError(
            f"the client speaks versions {offer.lowest}..{offer.highest}, served are "
            f"{LOWEST_VERSION}..{HIGHEST_VERSION}: use another client library version"
        )
    return version


class FrameBuffer:
    """Collect the bytes of one connection and hand out what is complete."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.consumed = 0

    @property
    def waiting(self) -> int:
        """Return how many bytes have come and are not handled."""
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._bytes += data

    def drain(self) -> None:
        """Count everything that has come as handled, unread."""
        self._drop(len(self._bytes))

    def offer(self) -> Offer | None:
        """Return the client's handshake once it is complete.

        Raises `ProtocolError` as soon as the bytes cannot be one.
        """
        head = bytes(self._bytes[: len(MAGIC)])
        if not MAGIC.startswith(head):
            raise ProtocolError(f"the connection began with {head!r}, expected {MAGIC!r}: not a TWS client")
        if len(head) < len(MAGIC):
            return None
        body = self._body(len(MAGIC))
        if body is None:
            return None
        match = _OFFER.match(body.decode(errors="replace"))
        if match is None:
            raise ProtocolError(f"the handshake says {body[:40]!r}, expected v<lowest>..<highest>: not a TWS client")
        self._drop(len(MAGIC) + _LENGTH.size + len(body))
        lowest, highest, options = match.groups()
        return Offer(lowest=int(lowest), highest=int(highest or lowest), options=options or "")

    def frames(self) -> Iterator[list[str]]:
        """Yield the fields of each complete frame; `consumed` counts a frame only once its consumer asks for the next.

        Raises `ProtocolError` on a length that no frame can have.
        """
        while (body := self._body(0)) is not None:
            fields = body.decode(errors="backslashreplace").split("\0")
            if fields[-1] == "":
                fields.pop()
            yield fields
            self._drop(_LENGTH.size + len(body))

    def _body(self, start: int) -> bytes | None:
        end = start + _LENGTH.size
        if len(self._bytes) < end:
            return None
        (length,) = _LENGTH.unpack_from(self._bytes, start)
        if not 0 < length <= MAX_FRAME_BYTES:
            raise ProtocolError(f"a frame announces {length} bytes, expected 1 to {MAX_FRAME_BYTES}")
        if len(self._bytes) < end + length:
            return None
        return bytes(self._bytes[end : end + length])

    def _drop(self, count: int) -> None:
        del self._bytes[:count]
        self.consumed += count
