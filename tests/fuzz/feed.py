"""Take numbers, choices and texts out of a string of bytes, so that a fuzzer that bends the bytes bends the input."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

NASTY = (
    "", "0", "1", "-1", "-2", "7", "2147483647", "-2147483648", "9223372036854775807", "1.7976931348623157E308",
    "1e308", "-1e308", "1e400", "Infinity", "Infinite", "-Infinity", "nan", "NaN", "0.05", "-0.05", "1_000", "1e2",
    "0x10", "9" * 400, "\ud800".encode("utf-8", "backslashreplace").decode(), "\uffff", "\x1b[2J", "<script>", "%s%n",
    "true", "\u0663",
)  # fmt: skip


@contextmanager
def hushed(*names: str) -> Iterator[None]:
    """Keep these loggers quiet for a while."""
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


class Feed:
    """Hand out what the bytes say, from the front; when they are used up, zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Return how many bytes are not used yet."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end."""
        taken = self._data[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def rest(self) -> bytes:
        """Return everything that is left."""
        return self.take(self.left)

    def whole(self, most: int) -> int:
        """Return a number from 0 to `most`."""
        width = max(1, (most.bit_length() + 7) // 8)
        return int.from_bytes(self.take(width), "big") % (most + 1)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.whole(len(choices) - 1)]

    def text(self, most: int = 24) -> str:
        """Return a short text: one that has hurt others, a number, or free bytes; NUL never is in it."""
        kind = self.whole(3)
        if kind == 0:
            return self.pick(NASTY)
        if kind == 1:
            return str(int.from_bytes(self.take(4), "big", signed=True))
        if kind == 2:
            return repr(int.from_bytes(self.take(4), "big", signed=True) / 100)
        return self.take(self.whole(most)).decode("utf-8", "replace").replace("\0", " ")
