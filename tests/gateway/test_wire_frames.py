"""Frames: any cut of the byte stream gives the same fields; what cannot be the protocol is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.errors import ProtocolError
from bot.gateway.wire import MAX_FRAME_BYTES, FrameBuffer, Offer, agreed_version, frame
from tests.gateway.raw_gateway import joined

FIELD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
FIELDS = st.lists(FIELD, min_size=1, max_size=8)


@given(st.lists(FIELDS, max_size=6), st.lists(st.integers(1, 30), max_size=40))
def test_frames_survive_any_segmentation(messages: list[list[str]], cuts: list[int]) -> None:
    stream = b"".join(frame(joined(fields)) for fields in messages)
    buffer, got, at = FrameBuffer(), [], 0
    for cut in [*cuts, len(stream)]:
        buffer.feed(stream[at : at + cut])
        at += cut
        got += list(buffer.frames())
    assert got == messages
    assert buffer.consumed == len(stream)


def test_a_frame_is_length_then_nul_terminated_fields() -> None:
    assert frame("49\x001\0") == b"\0\0\0\x05" + b"49\0" + b"1\0"


def test_a_frame_counts_as_consumed_only_after_it_was_handled() -> None:
    buffer = FrameBuffer()
    buffer.feed(frame("49\x001\0"))
    frames = buffer.frames()
    next(frames)
    assert buffer.consumed == 0
    assert next(frames, None) is None
    assert buffer.consumed == 9


@pytest.mark.parametrize("length", [0, MAX_FRAME_BYTES + 1, 0xFFFFFFFF])
def test_an_impossible_length_is_refused(length: int) -> None:
    buffer = FrameBuffer()
    buffer.feed(struct.pack(">I", length))
    with pytest.raises(ProtocolError, match="a frame announces"):
        list(buffer.frames())


def test_bad_utf_8_is_shown_escaped_and_the_stream_goes_on() -> None:
    buffer = FrameBuffer()
    buffer.feed(b"\0\0\0\x03\xff1\0" + frame("49\0"))
    assert list(buffer.frames()) == [["\\xff1"], ["49"]]


@pytest.mark.parametrize(
    ("said", "offer"),
    [
        ("v157..176", Offer(lowest=157, highest=176)),
        ("v100..157", Offer(lowest=100, highest=157)),
        ("v170", Offer(lowest=170, highest=170)),
        ("v157..178 +PACEAPI", Offer(lowest=157, highest=178, options="+PACEAPI")),
    ],
)
def test_the_handshake_is_read_even_byte_by_byte(said: str, offer: Offer) -> None:
    body = said.encode()
    buffer = FrameBuffer()
    for byte in (b"API\0" + struct.pack(">I", len(body)) + body)[:-1]:
        buffer.feed(bytes([byte]))
        assert buffer.offer() is None
    buffer.feed(body[-1:])
    assert buffer.offer() == offer
    assert buffer.consumed == 8 + len(body)


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"APX\0", b"API\0\0\0\0\x04vABC"])
def test_garbage_before_the_handshake_is_refused(garbage: bytes) -> None:
    buffer = FrameBuffer()
    buffer.feed(garbage)
    with pytest.raises(ProtocolError):
        buffer.offer()


@pytest.mark.parametrize(
    ("lowest", "highest", "announced"),
    [(157, 176, 176), (157, 178, 178), (100, 226, 178), (100, 157, 157), (100, 163, 162), (178, 200, 178)],
)
def test_the_announced_version_is_the_highest_both_know(lowest: int, highest: int, announced: int) -> None:
    assert agreed_version(Offer(lowest=lowest, highest=highest)) == announced


@pytest.mark.parametrize(("lowest", "highest"), [(100, 156), (179, 226), (163, 163)])
def test_a_client_without_a_common_version_is_refused(lowest: int, highest: int) -> None:
    with pytest.raises(ProtocolError, match=r"served are 157\.\.178"):
        agreed_version(Offer(lowest=lowest, highest=highest))
