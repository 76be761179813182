"""Count market time in uniform ticks, from the first instant of history to the end of the scenario."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

TICK_SECONDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Hold a uniform grid of instants: tick `i` is `first_s + i * TICK_SECONDS` in epoch seconds."""

    first_s: int
    size: int

    @classmethod
    def spanning(cls, first: datetime, last: datetime) -> Grid:
        """Return the grid whose first tick is at or before `first` and whose last is at or after `last`."""
        low = int(first.timestamp()) // TICK_SECONDS * TICK_SECONDS
        high = -(-int(last.timestamp()) // TICK_SECONDS) * TICK_SECONDS
        return cls(first_s=low, size=(high - low) // TICK_SECONDS + 1)

    def index(self, at: datetime) -> int:
        """Return the last tick at or before `at`, clamped to the grid."""
        return self.index_s(int(at.timestamp()))

    def index_s(self, at_s: int) -> int:
        """Return the last tick at or before epoch second `at_s`, clamped to the grid."""
        return min(max((at_s - self.first_s) // TICK_SECONDS, 0), self.size - 1)

    def holds(self, at: datetime) -> bool:
        """Say whether `at` lies between the first and the last tick."""
        return 0 <= int(at.timestamp()) - self.first_s <= (self.size - 1) * TICK_SECONDS

    def second(self, tick: int) -> int:
        """Return the epoch second of a tick."""
        return self.first_s + tick * TICK_SECONDS

    def instant(self, tick: int) -> datetime:
        """Return the instant of a tick."""
        return datetime.fromtimestamp(self.second(tick), UTC)
