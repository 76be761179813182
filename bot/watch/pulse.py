"""Notice when wake-ups stop, and when they go on without seeing anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.alarm import Alarm
from bot.clock import Clock
from bot.journal.entry import Entry, Kind
from bot.session import hours_on, session_at
from bot.watch.pages import Severity

NEW_YORK = ZoneInfo("America/New_York")
WAKE_EVERY = timedelta(minutes=1)
SLACK = timedelta(seconds=30)
REMIND_EVERY = timedelta(hours=1)
HISTORY = ("bars: ", "daily SPX bars: ")  # faults of the view
LONGEST_BARE = 5  # wake-ups
ELSEWHERE = frozenset({"data: lock", "data: session"})  # locks are told by themselves


class Pulse:
    """Follow the journal's wake-ups; `look` says what is wrong once, and again every hour while it lasts."""

    def __init__(self, alarm: Alarm, clock: Clock, lapses: int) -> None:
        self._alarm = alarm
        self._clock = clock
        self._lapses = lapses
        self._begun = clock.now()
        self._last: datetime | None = None
        self._blind = self._bare = 0
        self._why = self._fault = ""
        self._told: dict[Severity, datetime] = {}
        self.wakeups = 0

    def apply(self, entry: Entry) -> None:
        """Take in one new entry."""
        if entry.kind is not Kind.WAKEUP:
            return
        self._last = entry.at
        self.wakeups += 1
        checks = entry.body["decision"]["checks"]
        failed = {check["name"]: check["why"] for check in checks if not check["passed"]}
        blind = [why for name, why in failed.items() if name.startswith("data: ") and name not in ELSEWHERE]
        self._why = "; ".join(blind)
        faults = [fault for fault in entry.body.get("view", {}).get("faults", ()) if fault.startswith(HISTORY)]
        self._bare = self._bare + 1 if faults else 0
        self._fault = faults[0] if faults else ""
        self._blind = self._blind + 1 if self._why else 0

    def look(self, *, line_is_up: bool) -> None:
        """Alert when no wake-up has succeeded for too long, or when too many in a row saw too little to open.

        While the line is not up that is the reason, and it is told by who looks after the line.
        """
        now = self._clock.now()
        session = session_at(now)
        if session is None:
            self._told.clear()
            self._blind = self._bare = 0
        elif not line_is_up:
            self._blind = 0
        elif not self._beats(now, session.opens_at):
            since = self._since(session.opens_at)
            what = f"no wake-up has succeeded since {since.astimezone(NEW_YORK):%H:%M:%S} New York time: look at TWS"
            self._tell(Severity.CRITICAL, what, now)
        elif self._blind >= self._lapses:
            what = f"{self._blind} wake-ups in a row could have opened nothing, whatever came: {self._why}"
            self._tell(Severity.WARNING, what, now)
        elif self._bare >= LONGEST_BARE:
            what = f"{self._bare} wake-ups in a row went without history, so nothing may be measured: {self._fault}"
            self._tell(Severity.WARNING, what, now)
        else:
            self._told.clear()

    def is_sound(self) -> bool:
        """Say whether wake-ups came until now, or until the close of today's session; days off are sound."""
        now = self._clock.now()
        hours = hours_on(now.astimezone(NEW_YORK).date())
        if hours is None or now < hours.opens_at:
            return True
        return self._beats(min(now, hours.closes_at), hours.opens_at)

    def _since(self, opens_at: datetime) -> datetime:
        return max(self._begun, opens_at, self._last or self._begun)

    def _beats(self, now: datetime, opens_at: datetime) -> bool:
        return now - self._since(opens_at) <= self._lapses * WAKE_EVERY + SLACK

    def _tell(self, severity: Severity, what: str, now: datetime) -> None:
        told = self._told.get(severity)
        if told is None or now - told >= REMIND_EVERY:
            self._told[severity] = now
            self._alarm.alert(what, severity)
