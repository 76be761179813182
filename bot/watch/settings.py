"""Say how the bot watches itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from bot.watch.hooks import Hook


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """Settings of the watch; without `check_at` nothing is checked before the open, without `ping` nobody is told.

    `check_at` is New York time. `lapses` are minutes without a successful wake-up that page a human. Without
    `largest_skew_s` the broker's clock is not compared with ours.
    """

    check_at: time | None = None
    ping: Hook | None = None
    lapses: int = 3
    largest_skew_s: float | None = 2.0
