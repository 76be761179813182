"""Let a matter through once, not a thousand times."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from bot.watch.pages import Matter, Severity

HOUR = timedelta(hours=1)
MOST_KEYS = 500  # remembered; the oldest is forgotten first


class Ration:
    """Count what was said: the same matter again only after a while, and only so many in an hour.

    What is critical has an allowance of its own, so that many small matters cannot hide a great one.
    """

    def __init__(self, repeat: timedelta, most_per_hour: int) -> None:
        self._repeat = repeat
        self._most = most_per_hour
        self._said: dict[str, tuple[datetime, Severity]] = {}
        self._kept_back: dict[str, int] = {}
        self._recent: dict[bool, deque[datetime]] = {True: deque(), False: deque()}

    def admits(self, matter: Matter, at: datetime) -> bool:
        """Say whether this may be said now, and count it; what has become more severe is news."""
        if not self.is_due(matter, at):
            self._kept_back[matter.key] = self._kept_back.get(matter.key, 0) + 1
            return False
        self.remember(matter, at)
        self._recent[matter.severity is Severity.CRITICAL].append(at)
        return True

    def is_due(self, matter: Matter, at: datetime) -> bool:
        """Say whether this may be said now, without counting it."""
        recent = self._recent[matter.severity is Severity.CRITICAL]
        while recent and at - recent[0] >= HOUR:
            recent.popleft()
        return not self._is_old(matter, at) and len(recent) < self._most

    def was_said(self, matter: Matter, since: datetime) -> bool:
        """Say whether this was said since then, as severely as now."""
        said = self._said.get(matter.key)
        return said is not None and said[0] >= since and matter.severity.rank <= said[1].rank

    def remember(self, matter: Matter, at: datetime) -> None:
        """Take note that this was said, also by an earlier process."""
        self._said.pop(matter.key, None)
        self._said[matter.key] = (at, matter.severity)
        while len(self._said) > MOST_KEYS:
            oldest = next(iter(self._said))
            self._said.pop(oldest)
            self._kept_back.pop(oldest, None)

    def _is_old(self, matter: Matter, at: datetime) -> bool:
        said = self._said.get(matter.key)
        return said is not None and at - said[0] < self._repeat and matter.severity.rank <= said[1].rank

    def kept_back(self, key: str) -> int:
        """Return how often this was kept back since it was last said, and begin counting anew."""
        return self._kept_back.pop(key, 0)
