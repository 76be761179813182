"""Name the moments at which a process can be killed: around each journal append and around each frame on the wire."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ORDER_OUT = frozenset({"3", "4"})  # placeOrder, cancelOrder
ORDER_IN = frozenset({"3", "5", "11", "59", "101"})  # orderStatus, openOrder, execDetails, commissionReport, completed


class What(StrEnum):
    """Name what is counted."""

    APPEND = "append"  # a transaction of the journal
    ORDER_SENT = "order sent"
    ORDER_HEARD = "order heard"  # a frame about an order or an execution
    SENT = "sent"  # every other frame
    HEARD = "heard"


class Side(StrEnum):
    """Say on which side of it the process dies."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Name one moment: before or after the `number`-th of its kind since the day began, counted from 1."""

    what: What
    number: int
    side: Side

    def __str__(self) -> str:
        """Name it in a table."""
        return f"{self.side} {self.what} {self.number}"


@dataclass(slots=True)
class Fuse:
    """Count what happens in a process and kill it, as the system does with no warning, at one point.

    `orders` are the numbers of those frames about orders that place one; the others change, cancel or only ask.
    """

    point: Point | None
    seen: Counter[What] = field(default_factory=Counter)
    orders: list[int] = field(default_factory=list)

    def around(self, what: What, do: Callable[[], Any]) -> Any:
        """Do something that is counted, and die before or after it if this is the point."""
        self.seen[what] += 1
        point = self.point
        hit = point is not None and (point.what, point.number) == (what, self.seen[what])
        if hit and point is not None and point.side is Side.BEFORE:
            die()
        result = do()
        if hit:
            die()
        return result


def die() -> None:
    """End this process at once: nothing is flushed, no handler runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def every_point(counts: dict[What, int], kinds: tuple[What, ...]) -> tuple[Point, ...]:
    """Return both sides of everything of these kinds that an undisturbed day counted."""
    return tuple(
        Point(what=what, number=number, side=side)
        for what in kinds
        for number in range(1, counts.get(what, 0) + 1)
        for side in Side
    )
