"""Keep the bot going when a job fails: say it in the journal, forbid opening, and stop only for a broken journal."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.errors import AlvhError, Halt
from bot.journal import Journal, Kind
from bot.journal.projections import session_day

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class Alarm:
    """Write what went wrong into the journal; `halted` says why the bot must end, empty while it need not."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.halted = ""
        self._journal = journal
        self._clock = clock
        self._lock: dict[str, str] = {}

    def safely(self, job: Work) -> Work:
        """Wrap a job: what it raises is journalled and the next job runs, a broken journal halts the bot.

        What nobody meant to raise locks opening for the session as well; reducing risk stays possible.
        """

        async def run() -> None:
            if self.halted:
                return
            try:
                await job()
            except AlvhError as error:
                self.alert(str(error))
            except Exception as error:
                log.exception("a job failed")
                self.lock_opening(f"the program failed ({error!r}): report it")

        return run

    def lock_opening(self, why: str) -> None:
        """Alert, and forbid opening for the rest of the session; saying the same again writes nothing."""
        now = self._clock.now()
        lock = {"name": "program", "why": why, "day": session_day(now).isoformat()}
        if lock == self._lock:
            return
        self._lock = lock
        self.alert(why)
        if not self.halted:
            self._journal.append(Kind.LOCK, lock, at=now)

    def alert(self, why: str) -> None:
        """Journal what a human should know; a journal that cannot be written halts the bot."""
        log.error("%s", why)
        try:
            self._journal.append(Kind.ALERT, {"why": why}, at=self._clock.now())
        except Halt as halt:
            self.halted = str(halt)

    def missed(self, job: str, what: str) -> None:
        """Journal that a job was missed or failed."""
        log.error("job %s %s", job, what)
        if not self.halted:
            self._journal.append(Kind.MISSED, {"job": job, "why": what}, at=self._clock.now())
