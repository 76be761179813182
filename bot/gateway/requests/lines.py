"""Count what a login may receive at once."""

from __future__ import annotations

from bot.gateway.errors import RequestProblem
from bot.gateway.requests.client import Client


class Lines:
    """Hold the market-data lines of a login: every subscription of every client takes one of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: set[tuple[Client, str, int]] = set()

    def check(self) -> None:
        """Raise `RequestProblem` 101 when none is left."""
        if len(self._held) >= self._limit:
            raise RequestProblem(101, "Max number of tickers has been reached")

    def take(self, client: Client, kind: str, request_id: int) -> None:
        """Take a line for a request of a kind.

        Raises `RequestProblem` 101 when none is left.
        """
        self.check()
        self._held.add((client, kind, request_id))

    def give_back(self, client: Client, kind: str, request_id: int) -> None:
        """Give the line of a request back; nothing happens when it holds none."""
        self._held.discard((client, kind, request_id))

    def forget(self, client: Client) -> None:
        """Give back every line of a client that has gone."""
        self._held = {held for held in self._held if held[0] is not client}
