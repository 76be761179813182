"""Hold what clients are fed until they say otherwise or go: by client and request id."""

from __future__ import annotations

from typing import Protocol, TypeVar

from bot.gateway.records import Contract
from bot.gateway.requests.client import Client


class Fed(Protocol):
    """Be one feed."""

    contract: Contract


F = TypeVar("F", bound=Fed)


class Feeds(dict[tuple[Client, int], F]):
    """Hold feeds of one kind in the order in which they began."""

    def without(self, client: Client) -> Feeds[F]:
        """Return the feeds of all other clients."""
        return Feeds({key: feed for key, feed in self.items() if key[0] is not client})

    def contract(self, client: Client, request_id: int) -> Contract | None:
        """Return what a client is fed under an id, `None` when that is nothing."""
        held = self.get((client, request_id))
        return None if held is None else held.contract
