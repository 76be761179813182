"""Believe what the account holds only when the broker confirmed the end of the list and nothing speaks against it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from bot.broker.ledger import Ledger
from bot.broker.port import BrokerPosition, Positions
from bot.clock import Clock
from bot.errors import Retry

Rows = tuple[BrokerPosition, ...]
Held = Mapping[int, int]  # quantities by con_id
APART = timedelta(seconds=20)  # two readings of the same list count as two from this distance on
NAMED = 5  # contracts that a doubt names


class Holdings:
    """Judge one reading of the positions after the other, and give the ledger those that are complete.

    After a request that was never confirmed, a late answer could end the next one early: then two reads must agree.
    A list that lacks what was held needs a second witness: executions that explain it, the stream of account updates
    (`second`), or, where there is no such stream, the same list again some time later.
    """

    def __init__(self, ledger: Ledger, clock: Clock, second: Callable[[], Held | None] = lambda: None) -> None:
        self._ledger = ledger
        self._clock = clock
        self._second = second
        self._doubtful = False
        self._known: Held | None = None
        self._suspect: tuple[datetime, Held] | None = None

    async def take(self, read: Callable[[], Awaitable[Rows]]) -> Positions:
        """Return what `read` finds; not `complete`, and in doubt the next time, when it raises `Retry`."""
        try:
            rows = await read()
            complete = not self._doubtful or rows == await read()
            why = "" if complete else "two readings in a row differ"
        except Retry as problem:
            rows, complete, why = (), False, str(problem)
        self._doubtful = not complete
        held = {row.instrument.con_id: row.quantity for row in rows}
        if complete:
            why = self._lacking(held)
        if not why:
            self._ledger.positions(held)
            self._known, self._suspect = held, None
        return Positions(rows=rows, complete=not why, taken_at=self._clock.now(), why=why)

    def _lacking(self, held: Held) -> str:
        """Say what the list lacks without an explanation; an empty text when it lacks nothing."""
        second = self._second()
        expected = (self._known or {}) if second is None else second
        lacking = [con_id for con_id, was in expected.items() if abs(held.get(con_id, 0)) < abs(was)]
        lacking = [con_id for con_id in lacking if not self._is_explained(con_id, held)]
        if not lacking or (second is None and self._is_old_news(held)):
            return ""
        shown = ", ".join(str(con_id) for con_id in lacking[:NAMED]) + (", ..." if len(lacking) > NAMED else "")
        witness = "was held before" if second is None else "the account updates show"
        return f"the list of positions lacks {len(lacking)} of what {witness} ({shown}), and no execution explains it"

    def _is_explained(self, con_id: int, held: Held) -> bool:
        """Say whether executions lead from the last list that was believed to this one."""
        if self._known is None:
            return False
        return held.get(con_id, 0) == self._known.get(con_id, 0) + self._ledger.traded.get(con_id, 0)

    def _is_old_news(self, held: Held) -> bool:
        """Say whether the same list came before, long enough ago; otherwise remember it."""
        now = self._clock.now()
        if self._suspect is None or self._suspect[1] != held:
            self._suspect = (now, held)
        return now - self._suspect[0] >= APART
