"""Bear frames that no honest gateway sends: bound their length, and let none that tells of orders be lost unseen.

The client library collects bytes until a frame is whole, however long it says it is, and drops a frame that it cannot
decode with a line in its log.
"""

from __future__ import annotations

import logging
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bot.broker.sense import legible

LONGEST_FRAME = (1 << 24) - 1  # as in IB's own client
# What is owned and owed hangs on these. The first three also come unasked, and are then gone for good.
EXECUTION = 11
VITAL = {3: "order status", 4: "error", EXECUTION: "execution", 5: "open order", 61: "position", 101: "completed order"}
_UNASKED = frozenset({3, 4, EXECUTION})
_ANSWER_AT = 1  # field of an execution that names the request it answers; below zero: none
_LENGTH = struct.Struct(">I")

MOST_LOGGED = 20  # a gateway that sends nothing else must not fill the disk

Report = Callable[[str], None]
Decode = Callable[[Sequence[str]], None]

log = logging.getLogger(__name__)


class Losses:
    """Count the vital frames that could not be decoded; `why` is of the last.

    It also stands in for the library's log of undecodable frames, for the library tells of them nowhere else.
    """

    def __init__(self) -> None:
        self.count = 0
        self.why = ""
        self.problem: BaseException | None = None
        self._logged = 0

    def forget(self) -> None:
        """Forget the last problem."""
        self.problem = None

    def exception(self, text: str) -> None:
        """Take note of the exception that the decoder is handling, and log it on one line."""
        self.problem = sys.exc_info()[1]
        self._logged += 1
        if self._logged <= MOST_LOGGED:
            log.warning("%s: %s", legible(text), legible(repr(self.problem)))
        if self._logged == MOST_LOGGED:
            log.warning("further frames that cannot be decoded are not logged")


def watch(ib: Any, fault: Report) -> Losses:
    """Look over what arrives; `fault` is told of what nobody can read again: news that is lost, an endless frame."""
    losses = Losses()
    _bound(ib.client, fault)
    decoder = ib.client.decoder
    decoder.logger = losses
    for number in VITAL:
        decoder.handlers[number] = _counted(decoder.handlers[number], number, losses, fault)
    return losses


def _bound(client: Any, fault: Report) -> None:
    """Hang up on a gateway that announces a frame longer than any, instead of collecting it."""
    connection, take = client.conn, client._onSocketHasData

    def take_bounded(data: bytes) -> None:
        take(data)
        waiting = client._data
        if len(waiting) < _LENGTH.size:
            return
        (length,) = _LENGTH.unpack(waiting[: _LENGTH.size])
        if length > LONGEST_FRAME and connection.transport is not None:
            fault(f"a frame announces {length} bytes, expected at most {LONGEST_FRAME}")
            client._data = b""
            connection.transport.abort()

    connection.hasData -= take
    connection.hasData += take_bounded


def _counted(decode: Decode, number: int, losses: Losses, fault: Report) -> Decode:
    def decode_counted(fields: Sequence[str]) -> None:
        losses.forget()
        try:
            decode(fields)
        except Exception:
            losses.exception(f"{VITAL[number]} frame {fields}")
        problem = losses.problem
        if problem is not None:
            losses.count += 1
            losses.why = f"{VITAL[number]} frame not readable: {legible(repr(problem))}"
            if number in _UNASKED and not _is_answer(number, fields):
                fault(losses.why)

    return decode_counted


def _is_answer(number: int, fields: Sequence[str]) -> bool:
    """Say whether a frame answers a request, which can be asked again."""
    return number == EXECUTION and len(fields) > _ANSWER_AT and fields[_ANSWER_AT].isdigit()
