"""Page a human: follow the journal, say each matter once, and hand it to every hook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.journal.entry import Entry, Kind
from bot.watch.hooks import Hook
from bot.watch.outbox import PAUSES_S, Outbox
from bot.watch.pages import Matter, Page, Severity, matter, matter_of
from bot.watch.ration import Ration

PATIENCE = timedelta(seconds=60)  # a lock that is gone by then, as after every reconnection, is not worth a page
SEEN = "pager"  # the name of alerts about pages themselves, which are not paged


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerSettings:
    """Say who is paged, from which severity on, and how often."""

    hooks: tuple[Hook, ...] = ()
    least: Severity = Severity.WARNING
    repeat_s: float = 3600.0
    most_per_hour: int = 12
    pauses_s: tuple[float, ...] = PAUSES_S


class Pager:
    """Turn entries of the journal into pages; `mode` and `account` stand in the title of each.

    Without hooks it keeps the same count and sends nothing. Nothing here waits for anybody.
    """

    def __init__(self, settings: PagerSettings, clock: Clock, *, mode: str, account: str) -> None:
        self.mode = mode
        self.account = account
        self._settings = settings
        self._clock = clock
        self._outboxes = tuple(Outbox(hook, settings.pauses_s) for hook in settings.hooks)
        self._ration = Ration(timedelta(seconds=settings.repeat_s), settings.most_per_hour)
        self._locked: dict[str, tuple[datetime, Matter]] = {}

    def recall(self, entries: Iterable[Entry]) -> None:
        """Learn what an earlier process said: a bot that starts over and over pages no more often than one that runs.

        A lock that still stands, and that it may not have told any more, is told.
        """
        for entry in entries:
            self._told_until(entry.at)
            found = self._about(entry)
            if entry.kind is Kind.LOCK:
                self._take_lock(entry, found)
            elif found is not None:
                self._ration.remember(found, entry.at)

    def apply(self, entry: Entry) -> None:
        """Take in one new entry of the journal."""
        found = self._about(entry)
        if entry.kind is Kind.LOCK:
            self._take_lock(entry, found)
        elif found is not None:
            self._page(found)

    def page(self, severity: Severity, text: str, key: str = "") -> None:
        """Page about something that no journal holds: before it is open, or when it cannot be written."""
        self._page(matter(severity, text, key))

    def attend(self) -> None:
        """Page about the locks that have stood for a while; one that may not be told yet is told when it may."""
        now = self._clock.now()
        for name, (since, found) in tuple(self._locked.items()):
            is_known = self._ration.was_said(found, since - PATIENCE)  # an alert said why, a moment before
            if now - since >= PATIENCE and (is_known or self._ration.is_due(found, now)):
                del self._locked[name]
                if not is_known:
                    self._page(found)

    def _told_until(self, at: datetime) -> None:
        """Take note that the locks which had stood for a while at an instant in the past were told."""
        for name, (since, found) in tuple(self._locked.items()):
            if at - since >= PATIENCE:
                del self._locked[name]
                self._ration.remember(found, since + PATIENCE)

    def failures(self) -> tuple[str, ...]:
        """Return, for the journal, what could not be delivered since the last question."""
        return tuple(what for outbox in self._outboxes for what in outbox.failures())

    def close(self, timeout_s: float = 10.0) -> None:
        """Give what waits a moment to leave."""
        for outbox in self._outboxes:
            outbox.close(timeout_s)

    def _about(self, entry: Entry) -> Matter | None:
        return None if entry.body.get("name") == SEEN and entry.kind is Kind.ALERT else matter_of(entry)

    def _take_lock(self, entry: Entry, found: Matter | None) -> None:
        name = str(entry.body["name"])
        if found is None:
            self._locked.pop(name, None)
        else:
            since, _ = self._locked.get(name, (entry.at, found))
            self._locked[name] = (since, found)

    def _page(self, found: Matter) -> None:
        if found.severity.rank < self._settings.least.rank or not self._ration.admits(found, self._clock.now()):
            return
        more = self._ration.kept_back(found.key)
        text = f"{found.text} (and {more} more like it since)" if more else found.text
        self._post(Page(severity=found.severity, title=self._title(found.severity), text=text))

    def _post(self, page: Page) -> None:
        for outbox in self._outboxes:
            outbox.post(page)

    def _title(self, severity: Severity) -> str:
        return f"alvh {WORLDS.get(self.mode, self.mode)} {self.account or '(account not known)'}: {severity}"


WORLDS = {"demo": "SIMULATED", "dry-run": "DRY-RUN", "paper": "PAPER", "live": "LIVE, REAL MONEY,"}
"""What each mode is called in a message that somebody reads half asleep."""
