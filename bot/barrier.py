"""Wait until both ends of a socket agree on every byte: what makes a stepped day exact over a real connection."""

from __future__ import annotations

import asyncio
from typing import Protocol

from bot.errors import Bug

QUIET_ROUNDS = 3
MAX_ROUNDS = 200_000


class Served(Protocol):
    """Be a gateway that counts bytes."""

    def traffic(self) -> dict[int, tuple[int, int]]:
        """Return, by client id, the bytes received and handled and the bytes sent."""


class Connected(Protocol):
    """Be a broker that counts bytes."""

    def wire_bytes(self) -> tuple[int, int]:
        """Return bytes (received, sent) since the connection was made; zeros while there is none."""


async def settle(gateway: Served, broker: Connected, client_id: int) -> None:
    """Return when the gateway has handled all the broker sent, the broker all the gateway sent, and nothing moves.

    A closed connection counts as settled. Raises `Bug` when they never agree.
    """
    quiet = 0
    before: tuple[int, int] | None = None
    for _ in range(MAX_ROUNDS):
        await asyncio.sleep(0)
        ours = broker.wire_bytes()
        theirs = gateway.traffic().get(client_id)
        agreed = ours == (0, 0) or theirs is None or theirs == (ours[1], ours[0])
        quiet = quiet + 1 if agreed and ours == before else 0
        before = ours
        if quiet >= QUIET_ROUNDS:
            return
    raise Bug(
        f"the gateway counts (received, sent) {gateway.traffic().get(client_id)}, the broker {broker.wire_bytes()}"
    )
