"""Measure days drawn at random for the drills, each with the start of gateway and bot, in CPU seconds.

The target is one second a day. A market is computed once for twenty days in a row: the days in which that happens are
the longest.
"""

from __future__ import annotations

import logging
from statistics import mean

from machine import percentile, table

from bot.collector import quieten
from bot.drill.search import SPACED, play_number

SEED, DAYS, TARGET_S = 1, 60, 1.0


def main() -> None:
    """Play the days and print one row."""
    quieten()
    logging.disable(logging.CRITICAL)
    play_number(SEED * SPACED)  # loads what every later day finds loaded
    days = [play_number(SEED * SPACED + number) for number in range(1, DAYS + 1)]
    seconds = [day.cpu_s for day in days]
    failed = sum(bool(day.failed) for day in days)
    figures = (f"{mean(seconds):.2f}", f"{percentile(seconds, 0.5):.2f}", f"{max(seconds):.2f}")
    head = ("days", "cpu s, mean", "median", "longest", "target s", "mean/target", "failed")
    table(head, [(DAYS, *figures, f"{TARGET_S:g}", f"{mean(seconds) / TARGET_S:.2f}", failed)])


if __name__ == "__main__":
    main()
