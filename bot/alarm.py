"""Keep the bot going when a job fails: say it in the journal, forbid opening, and stop only for a broken journal."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from bot.clock import Clock
from bot.errors import AlvhError, Halt
from bot.journal import Entry, Journal, Kind
from bot.journal.projections import session_day
from bot.watch.pager import Pager
from bot.watch.pages import Severity

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]

PROGRAM = "program"
CLOCK = "clock"
REFUSED = "refused orders"


class Alarm:
    """Write what went wrong into the journal; `halted` says why the bot must end, empty while it need not.

    What the journal holds is paged by whoever follows it; only a journal that cannot be written is told to the pager.
    """

    def __init__(self, journal: Journal, clock: Clock, pager: Pager | None = None) -> None:
        self.halted = ""
        self._journal = journal
        self._clock = clock
        self._pager = pager
        self._locks: dict[str, tuple[str, str]] = {}

    def recall(self, entry: Entry) -> None:
        """Learn from an earlier entry which of its own locks stands."""
        if entry.kind is Kind.LOCK and entry.body["name"] in (PROGRAM, CLOCK, REFUSED):
            self._locks[entry.body["name"]] = (entry.body["why"], entry.body["day"] or "")

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
        self.lock(PROGRAM, why)

    def lock(self, name: str, why: str) -> None:
        """Alert and forbid opening for the rest of the session, or, without `why`, allow it again.

        Saying the same again writes nothing.
        """
        day = session_day(self._clock.now()).isoformat()
        standing, since = self._locks.get(name, ("", ""))
        if (why, day) == (standing, since) or not (why or standing):
            return
        self._locks[name] = (why, day)
        if why:
            self.alert(why, Severity.CRITICAL)
        self._write(Kind.LOCK, {"name": name, "why": why, "day": day if why else None})

    def alert(self, why: str, severity: Severity = Severity.WARNING, *, name: str = "") -> None:
        """Journal what a human should know; a journal that cannot be written halts the bot."""
        log.log(logging.INFO if severity is Severity.INFO else logging.ERROR, "%s", why)
        body = {"why": why}
        if severity is not Severity.WARNING:
            body["severity"] = severity.value
        if name:
            body["name"] = name
        self._write(Kind.ALERT, body)

    def missed(self, job: str, what: str) -> None:
        """Journal that a job was missed or failed."""
        log.error("job %s %s", job, what)
        self._write(Kind.MISSED, {"job": job, "why": what})

    def _write(self, kind: Kind, body: Mapping[str, str | None]) -> None:
        """Append one entry; when that fails the bot must end, and a human is told while there is still somebody to."""
        if self.halted:
            return
        try:
            self._journal.append(kind, body, at=self._clock.now())
        except Halt as halt:
            self.halted = str(halt)
            if self._pager is not None:
                self._pager.page(Severity.CRITICAL, f"the bot stops: {halt}")
