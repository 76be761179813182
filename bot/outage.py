"""Follow one outage of the line to the broker: when to try again, and when to tell a human how badly."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.session import hours_on
from bot.watch.pages import Severity

NEW_YORK = ZoneInfo("America/New_York")
BEFORE_OPEN = timedelta(minutes=90)
AFTER_CLOSE = timedelta(minutes=15)
SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)
PATIENCE = timedelta(hours=1)  # the nightly restart of TWS takes minutes
REMIND_EVERY = timedelta(hours=1)


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


class Outage:
    """Count failures to connect from the first to the last."""

    def __init__(self) -> None:
        self._failures = 0
        self._lost_at: datetime | None = None
        self._last_at: datetime | None = None
        self._told: tuple[Severity, datetime] | None = None

    def allows(self, now: datetime) -> bool:
        """Say whether it is time to try. While a lost line matters it always is: who asks comes once a minute.

        A pause of a minute would make every second turn a moment too early, for no two come at the same millisecond.
        """
        return self._last_at is None or is_watched(now) or now - self._last_at >= pause_after(self._failures, now)

    def failed(self, now: datetime, problem: Exception) -> tuple[str, Severity] | None:
        """Count one failure that began at `now`; return words and severity when a human should hear of it.

        That is at once and then every hour; a restart of TWS at night wakes nobody, an hour without it does.
        """
        self._failures += 1
        self._last_at = now
        self._lost_at = lost_at = self._lost_at or now
        is_long = now - lost_at >= PATIENCE
        at_night = Severity.WARNING if is_long else Severity.INFO
        severity = Severity.CRITICAL if is_watched(now) else at_night
        told = self._told
        if told is not None and told[0] is severity and now - told[1] < REMIND_EVERY:
            return None
        self._told = (severity, now)
        since = f" since {lost_at.astimezone(NEW_YORK):%a %H:%M} New York time" if is_long else ""
        return f"the line is lost{since}: {problem}", severity

    def pause(self, now: datetime) -> timedelta:
        """Return how long to wait before the next attempt."""
        return pause_after(self._failures, now)

    def over(self) -> None:
        """Begin anew: the line is back."""
        self._failures, self._lost_at, self._last_at, self._told = 0, None, None, None
