"""Believe what the account holds only when the broker confirmed the end of the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.broker.ledger import Ledger
from bot.broker.port import BrokerPosition, Positions
from bot.clock import Clock
from bot.errors import Retry

Rows = tuple[BrokerPosition, ...]


class Holdings:
    """Judge one reading of the positions after the other, and give the ledger those that are complete.

    After a request that was never confirmed, a late answer could end the next one early: then two reads must agree.
    """

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._doubtful = False

    async def take(self, read: Callable[[], Awaitable[Rows]]) -> Positions:
        """Return what `read` finds; not `complete`, and in doubt the next time, when it raises `Retry`."""
        try:
            rows = await read()
            complete = not self._doubtful or rows == await read()
        except Retry:
            rows, complete = (), False
        self._doubtful = not complete
        if complete:
            self._ledger.positions({row.instrument.con_id: row.quantity for row in rows})
        return Positions(rows=rows, complete=complete, taken_at=self._clock.now())
