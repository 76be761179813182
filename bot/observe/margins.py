"""Ask what one more future would tie up, once a session for each traded contract, and only while a spike builds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import date

from bot.broker.port import Instrument
from bot.errors import Refuse, Retry

Ask = Callable[[Instrument], Awaitable[float | None]]


class Margins:
    """Hold the initial margin of one contract in dollars as the broker told it in this session.

    `ask` sends a what-if, which only a broker that may write can do; `wanted` says whether one may be sent now.
    """

    def __init__(self, ask: Ask, wanted: Callable[[], bool]) -> None:
        self._ask = ask
        self._wanted = wanted
        self._day: date | None = None
        self._asked: set[int] = set()
        self._told: dict[int, float] = {}

    async def fetch(self, futures: Iterable[Instrument], day: date) -> list[str]:
        """Ask about the futures that this session has not asked about, one after another; return what went wrong."""
        if day != self._day:
            self._day, self._asked, self._told = day, set(), {}
        faults: list[str] = []
        for future in futures if self._wanted() else ():
            if future.con_id in self._asked:
                continue
            self._asked.add(future.con_id)
            try:
                margin = await self._ask(future)
            except (Retry, Refuse) as problem:
                faults.append(f"margin of {future.local_symbol}: {problem}")
                continue
            if margin is not None:
                self._told[future.con_id] = margin
        return faults

    def of(self, con_id: int) -> float | None:
        """Return the margin of one contract; `None` while it is not known."""
        return self._told.get(con_id)
