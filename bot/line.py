"""Bring a lost line back, and the bot in step with what was executed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.alarm import CLOCK, Alarm
from bot.broker.port import LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import Clock
from bot.errors import Refuse, Retry, Unreachable
from bot.session import hours_on
from bot.watch.pages import Severity

NEW_YORK = ZoneInfo("America/New_York")
BEFORE_OPEN = timedelta(minutes=90)
AFTER_CLOSE = timedelta(minutes=15)
SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)
PATIENCE = timedelta(hours=1)  # the nightly restart of TWS takes minutes
REMIND_EVERY = timedelta(hours=1)
WHOLE_SECOND = timedelta(seconds=1)  # the broker tells its time without fractions


def is_watched(now: datetime) -> bool:
    """Say whether a lost line matters at once: from before the open of a session until after its close."""
    hours = hours_on(now.astimezone(NEW_YORK).date())
    return hours is not None and hours.opens_at - BEFORE_OPEN <= now < hours.closes_at + AFTER_CLOSE


def pause_after(failures: int, now: datetime) -> timedelta:
    """Return how long to leave a gateway alone after so many failures in a row: at night longer and longer."""
    if is_watched(now):
        return SHORTEST_PAUSE
    doubled: int = 2 ** min(failures - 1, 10)
    return min(LONGEST_PAUSE, SHORTEST_PAUSE * doubled)


def skew_s(before: datetime, theirs: datetime, after: datetime) -> float:
    """Return by how many seconds the broker's clock is proven to differ, positive when it is ahead of ours.

    Its answer was written between `before` and `after` and holds whole seconds, so that much proves nothing.
    """
    ahead, behind = (theirs - after).total_seconds(), (theirs + WHOLE_SECOND - before).total_seconds()
    return ahead if ahead > 0.0 else min(0.0, behind)


class Line:
    """Watch the broker's line: listen whether anybody is there, reconnect it, have `recover` called when it is back.

    Without `largest_skew_s` the clocks are not compared.
    """

    def __init__(
        self,
        broker: ReadOnlyBroker,
        alarm: Alarm,
        recover: Callable[[], Awaitable[tuple[str, ...]]],
        clock: Clock,
        largest_skew_s: float | None = None,
    ) -> None:
        self._broker = broker
        self._alarm = alarm
        self._recover = recover
        self._clock = clock
        self._largest_skew_s = largest_skew_s
        self._was_up = True
        self._failures = 0
        self._lost_at: datetime | None = None
        self._not_before: datetime | None = None
        self._told: tuple[object, datetime] | None = None

    def needs_care(self) -> bool:
        """Say whether there is anything to mend."""
        return bool(self._broker.fault) or self._broker.link is not LinkState.UP

    async def tend(self) -> None:
        """Bring a lost line back, and everything in step: what was executed meanwhile nobody tells by itself."""
        broker = self._broker
        if broker.fault:
            self._alarm.lock_opening(f"an event of the broker could not be handled ({broker.fault})")
            await broker.disconnect()
        elif broker.link not in (LinkState.DISCONNECTED, LinkState.LOST):
            await self.listen()
        lost = broker.link is LinkState.DISCONNECTED
        if lost and not await self._reconnected():
            return
        up = broker.link is LinkState.UP
        if lost or (up and not self._was_up):
            await self._recover()
        if up:
            self._told = None
        else:
            self._complain(broker.link, f"the line to the exchange is {broker.link}: nothing is opened until it is up")
        self._was_up = up

    async def listen(self) -> None:
        """Ask the broker for its time: hang up on one that does not answer, lock opening when the clocks disagree."""
        before = self._clock.now()
        try:
            theirs = await self._broker.heartbeat()
        except Retry as silence:
            self._alarm.alert(f"the line is open and nobody answers ({silence}): it is closed and opened anew")
            await self._broker.disconnect()
            return
        if self._largest_skew_s is not None:
            self._compare_clocks(skew_s(before, theirs, self._clock.now()), self._largest_skew_s)

    def _compare_clocks(self, skew: float, largest: float) -> None:
        why = ""
        if abs(skew) > largest:
            which = "ahead of" if skew > 0 else "behind"
            why = f"the broker's clock is {abs(skew):.0f} s {which} this machine's, at most {largest:g} s are allowed: "
            why += "see that NTP runs here"
        self._alarm.lock(CLOCK, why)

    async def _reconnected(self) -> bool:
        began = self._clock.now()
        if self._not_before is not None and began < self._not_before:
            return False
        try:
            await self._broker.connect()
        except (Unreachable, Refuse) as problem:
            self._failures += 1
            self._not_before = began + pause_after(self._failures, began)
            self._was_up = False
            self._say_lost(problem, began)
            return False
        self._failures, self._lost_at, self._not_before = 0, None, None
        return True

    def _say_lost(self, problem: Unreachable | Refuse, now: datetime) -> None:
        """Say at once that the line is lost, and every hour that it still is; a restart at night wakes nobody."""
        if self._lost_at is None:
            self._lost_at = now
        lost_for = now - self._lost_at
        at_night = Severity.WARNING if lost_for >= PATIENCE else Severity.INFO
        severity = Severity.CRITICAL if is_watched(now) else at_night
        since = f" since {self._lost_at.astimezone(NEW_YORK):%a %H:%M} New York time" if lost_for >= PATIENCE else ""
        self._complain((LinkState.DISCONNECTED, severity), f"the line is lost{since}: {problem}", severity)

    def _complain(self, about: object, what: str, severity: Severity = Severity.WARNING) -> None:
        """Say a trouble once, and again every hour while it lasts."""
        now = self._clock.now()
        if self._told is None or self._told[0] != about or now - self._told[1] >= REMIND_EVERY:
            self._told = (about, now)
            self._alarm.alert(what, severity)
