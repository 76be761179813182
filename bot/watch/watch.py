"""Hold the watch around the trading day: before the open, at the end of every window, and every minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.alarm import Alarm
from bot.broker.port import LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import Clock
from bot.doctor.findings import Finding, State, summary, wanting
from bot.journal import Entry, Journal, Kind
from bot.orders.life import Order
from bot.schedule import Job, on_session_days
from bot.session import CLOSING_WINDOW, OPENING_WINDOW, Hours, hours_on
from bot.watch.outbox import Outbox
from bot.watch.outcomes import Outcomes
from bot.watch.pager import SEEN, Pager
from bot.watch.pages import Page, Severity
from bot.watch.pulse import REMIND_EVERY, Pulse
from bot.watch.settings import WatchSettings

NEW_YORK = ZoneInfo("America/New_York")
LOGIN_HOUR = "9"  # half an hour before the open, which is at 09:30 on every session day
WINDOW_ENDS = "11,12,13,15,16"  # 12 and 13 on half days only
WHOLE_DAY = frozenset({11, 15, 16})  # told on every weekday, so that an outside monitor can expect it
JUST_OVER = timedelta(minutes=10)
CHECK_GRACE_S = 1200
PING_GRACE_S = 600

Examine = Callable[[], Awaitable[tuple[Finding, ...]]]


class Watch:
    """Look every minute, check before the open, and tell the dead man's switch that the bot lives."""

    def __init__(
        self,
        *,
        settings: WatchSettings,
        broker: ReadOnlyBroker,
        journal: Journal,
        alarm: Alarm,
        pager: Pager,
        clock: Clock,
        examine: Examine,
        room: Callable[[], Finding],
        orders: Callable[[], Mapping[str, Order]],
    ) -> None:
        self._settings = settings
        self._broker = broker
        self._journal = journal
        self._alarm = alarm
        self._pager = pager
        self._clock = clock
        self._examine = examine
        self._room = room
        self._short_of_room_at: datetime | None = None
        self._pulse = Pulse(alarm, clock, settings.lapses)
        self._outcomes = Outcomes(alarm, clock, orders)
        self._ping = None if settings.ping is None else Outbox(settings.ping)

    def apply(self, entry: Entry) -> None:
        """Take in one new entry of the journal."""
        self._pulse.apply(entry)

    def look(self) -> None:
        """Notice silence, tell what has stood for a while, and journal what could not be told."""
        self._pulse.look(line_is_up=self._broker.link is LinkState.UP)
        self._look_at_the_disk()
        self._outcomes.look()
        self._pager.attend()
        failed = self._pager.failures() + (() if self._ping is None else self._ping.failures())
        for why in failed:
            self._alarm.alert(f"a page did not get through: {why}", name=SEEN)

    def _look_at_the_disk(self) -> None:
        """Say while there is still room that there soon will be none, and again every hour."""
        found, now = self._room(), self._clock.now()
        if found.state is not State.FAIL:
            self._short_of_room_at = None
        elif self._short_of_room_at is None or now - self._short_of_room_at >= REMIND_EVERY:
            self._short_of_room_at = now
            self._alarm.alert(f"the disk is nearly full: {found.seen}; {found.remedy}", Severity.CRITICAL)

    async def check(self) -> None:
        """Check everything before the open; what is wanting pages a human, and so does a broker that is not there."""
        if self._today() is None:
            self._tell("no session today: nothing to do")
            return
        found = await self._examine()
        body = {"name": "check", "text": summary(found), "findings": [finding.as_row() for finding in found]}
        self._journal.append(Kind.NOTE, body, at=self._clock.now())
        for state, severity in ((State.FAIL, Severity.CRITICAL), (State.WARN, Severity.WARNING)):
            named = wanting(found, state)
            if named:
                self._alarm.alert(f"check before the open: {named}", severity)
        self._tell(f"checked before the open: {summary(found)}")

    async def login(self) -> None:
        """Page when nobody has logged in half an hour before the open."""
        if self._today() is not None and self._broker.link is LinkState.DISCONNECTED:
            what = "30 minutes before the open there is no line to TWS: log in to it (the bot tries every minute)"
            self._alarm.alert(what, Severity.CRITICAL)

    async def ping(self) -> None:
        """Tell the dead man's switch that a window is over; a bot that missed its wake-ups stays silent."""
        now = self._clock.now()
        over = window_over(now, self._today())
        if not over and now.astimezone(NEW_YORK).hour not in WHOLE_DAY:
            return
        if self._alarm.halted or not self._pulse.is_sound():
            return
        self._tell(f"{over or 'nothing to do'}; {self._pulse.wakeups} wake-ups since the start")

    def jobs(self) -> tuple[Job, ...]:
        """Return the jobs of the watch, each failing by itself."""
        safely, at = self._alarm.safely, self._settings.check_at
        pings = Job(
            name="ping",
            trigger=on_session_days(hour=WINDOW_ENDS, minute="0", second="50"),
            run=safely(self.ping),
            grace_s=PING_GRACE_S,
            has_work=lambda: self._ping is not None,
        )
        if at is None:
            return (pings,)
        before = on_session_days(hour=str(at.hour), minute=str(at.minute), second="0")
        login = on_session_days(hour=LOGIN_HOUR, minute="0", second="0")
        return (
            Job(name="check", trigger=before, run=safely(self.check), grace_s=CHECK_GRACE_S),
            Job(name="login", trigger=login, run=safely(self.login), grace_s=CHECK_GRACE_S),
            pings,
        )

    def close(self) -> None:
        """Give what waits for the dead man's switch a moment to leave."""
        if self._ping is not None:
            self._ping.close(5.0)

    def _today(self) -> Hours | None:
        return hours_on(self._clock.now().astimezone(NEW_YORK).date())

    def _tell(self, text: str) -> None:
        if self._ping is not None:
            title = f"alvh {self._pager.mode} {self._pager.account}"
            self._ping.post(Page(severity=Severity.INFO, title=title, text=f"{title}: {text}"))


def window_over(now: datetime, hours: Hours | None) -> str:
    """Say which window of the session has just ended, an empty text when none has."""
    if hours is None:
        return ""
    ends = {
        "the opening window is over": hours.opens_at + OPENING_WINDOW,
        "the time between the windows is over": hours.closes_at - CLOSING_WINDOW,
        "the closing window is over": hours.closes_at,
    }
    return next((what for what, at in ends.items() if at <= now < at + JUST_OVER), "")
