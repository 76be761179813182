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


class Barrier:
    """Stand between a gateway and one of its clients; remember where they last came to rest."""

    def __init__(self, gateway: Served, broker: Connected, client_id: int) -> None:
        self._gateway = gateway
        self._broker = broker
        self._client_id = client_id
        self._rested_at: tuple[int, int] | None = None

    async def settle(self) -> None:
        """Return when the gateway has handled all the broker sent, the broker all the gateway sent, and nothing moves.

        A closed connection counts as settled. An open one on which neither end has said a word since it last came to
        rest is at rest still. Raises `Bug` when they never agree.
        """
        ours, theirs = self._broker.wire_bytes(), self._theirs()
        if theirs is not None and ours == self._rested_at and theirs == (ours[1], ours[0]):
            return
        self._rested_at = await self._come_to_rest()

    async def _come_to_rest(self) -> tuple[int, int] | None:
        """Return the bytes at which both ends rest, `None` without an open connection."""
        quiet = 0
        before: tuple[int, int] | None = None
        for _ in range(MAX_ROUNDS):
            await asyncio.sleep(0)
            ours, theirs = self._broker.wire_bytes(), self._theirs()
            closed = ours == (0, 0) or theirs is None
            agreed = closed or theirs == (ours[1], ours[0])
            quiet = quiet + 1 if agreed and ours == before else 0
            before = ours
            if quiet >= QUIET_ROUNDS:
                return None if closed else ours
        raise Bug(f"the gateway counts (received, sent) {self._theirs()}, the broker {self._broker.wire_bytes()}")

    def _theirs(self) -> tuple[int, int] | None:
        return self._gateway.traffic().get(self._client_id)


async def settle(gateway: Served, broker: Connected, client_id: int) -> None:
    """Wait once as `Barrier.settle` does, whatever went before."""
    await Barrier(gateway, broker, client_id).settle()
