"""Bytes of a client against the gateway's wire: framing, handshake, the layout of every request."""

from __future__ import annotations

from fuzz.feed import Feed

from bot.gateway.errors import ProtocolError
from bot.gateway.messages import inbound
from bot.gateway.wire import HIGHEST_VERSION, LOWEST_VERSION, MAGIC, FrameBuffer, agreed_version

IDS = sorted(inbound.REQUESTS)


def wire(data: bytes) -> None:
    """However the bytes are split, the same frames come out, or the same refusal."""
    feed = Feed(data)
    cuts = [feed.whole(255) for _ in range(feed.whole(6))]
    stream = _stream(feed)
    whole = _read(stream, [])
    split = _read(stream, cuts)
    if whole != split:
        raise AssertionError(f"the bytes read whole give {whole!r}, split at {cuts} {split!r}")


def _stream(feed: Feed) -> bytes:
    """Return free bytes, or a handshake and frames whose lengths are true, free, or one off."""
    if feed.whole(3) == 0:
        return feed.rest()
    hello = feed.pick((b"v157..178", b"v100..176 +PACEAPI", b"v178", feed.take(12)))
    stream = MAGIC + len(hello).to_bytes(4, "big") + hello
    while feed.left:
        body = feed.take(feed.whole(40))
        length = feed.pick((len(body), len(body), len(body), len(body) + 1, int.from_bytes(feed.take(4), "big")))
        stream += length.to_bytes(4, "big") + body
    return stream


def _read(stream: bytes, cuts: list[int]) -> tuple[object, list[list[str]], bool]:
    buffer, offer, frames, refused = FrameBuffer(), None, [], False
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(stream[at : at + cut])
        at += cut
    pieces.append(stream[at:])
    try:
        for piece in pieces:
            buffer.feed(piece)
            if offer is None:
                offer = buffer.offer()
                if offer is None:
                    continue
                if not LOWEST_VERSION <= agreed_version(offer) <= HIGHEST_VERSION:
                    raise AssertionError("a version that is not served was agreed")
            for fields in buffer.frames():  # one by one: those before a refusal count
                frames.append(fields)
    except ProtocolError:
        refused = True
    if buffer.consumed > len(stream):
        raise AssertionError("more was consumed than came")
    return offer, frames, refused


def request(data: bytes) -> None:
    """The fields of any request are read, or refused as a protocol error; nothing else."""
    feed = Feed(data)
    message = inbound.REQUESTS[feed.pick(IDS)]
    version = LOWEST_VERSION + feed.whole(HIGHEST_VERSION - LOWEST_VERSION)
    fields = [str(message.id)]
    while feed.left and len(fields) < 200:
        fields.append(feed.text())
    try:
        message.parse(fields, version)
    except ProtocolError as problem:
        if len(str(problem)) > 700:
            raise AssertionError("a refusal repeats what was sent at length") from problem
