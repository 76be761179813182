"""Write four modelled scenarios: a roll week, an illiquid close, condors closed by hand, an overnight collapse.

Nothing in them was observed: a quiet history and control points (`bot/gateway/importing/stories.py`). The dates are
real ones only because hours, holidays and settlement days need some; the markets of those dates were different ones.

    python tools/method_days.py bot/gateway/scenarios
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bot.gateway.importing.stories import Story, write

ROLL_WEEK = Story(
    name="roll-week",
    seed=20231103,
    spx=4300.0,
    vix=18.0,
    vvix=92.0,
    days={
        date(2023, 11, 3): (
            ("09:30", -0.004, 19.5),
            ("09:45", -0.010, 22.5),
            ("10:15", -0.018, 26.5),
            ("11:00", -0.022, 28.0),
            ("13:00", -0.022, 28.0),
            ("16:15", -0.024, 28.5),
        ),
        date(2023, 11, 6): (
            ("09:30", -0.026, 29.0),
            ("12:00", -0.027, 29.2),
            ("16:15", -0.027, 29.4),
        ),
        date(2023, 11, 7): (
            ("09:30", -0.028, 29.6),
            ("12:00", -0.029, 29.9),
            ("16:15", -0.029, 30.0),
        ),
        date(2023, 11, 8): (
            ("09:30", -0.030, 30.2),
            ("12:00", -0.030, 30.2),
            ("16:15", -0.030, 30.0),
        ),
        date(2023, 11, 9): (
            ("09:30", -0.026, 28.0),
            ("10:30", -0.020, 25.5),
            ("12:00", -0.014, 23.0),
            ("14:00", -0.009, 21.0),
            ("16:15", -0.008, 20.6),
        ),
    },
    vvix_on={
        date(2023, 11, 3): 120.0,
        date(2023, 11, 6): 120.0,
        date(2023, 11, 7): 119.0,
        date(2023, 11, 8): 118.0,
        date(2023, 11, 9): 104.0,
    },
)
ILLIQUID_CLOSE = Story(
    name="illiquid-close",
    seed=20240411,
    spx=5000.0,
    vix=17.0,
    vvix=90.0,
    days={
        date(2024, 4, 11): (
            ("09:30", 0.000, 17.0),
            ("12:00", -0.001, 17.2),
            ("14:30", -0.004, 18.2),
            ("14:50", -0.010, 20.5),
            ("15:05", -0.016, 23.5),
            ("15:30", -0.022, 26.5),
            ("15:50", -0.026, 29.0),
            ("16:15", -0.026, 28.8),
        ),
    },
    vvix_on={date(2024, 4, 11): 122.0},
)
CONDOR_CLOSED = Story(
    name="condor-closed",
    seed=20240530,
    spx=5100.0,
    vix=17.5,
    vvix=91.0,
    days={
        date(2024, 5, 30): (
            ("09:30", -0.003, 18.6),
            ("09:45", -0.010, 21.5),
            ("09:55", -0.014, 23.5),
            ("10:20", -0.014, 23.5),
            ("10:35", -0.018, 25.2),
            ("10:50", -0.024, 28.2),
            ("11:00", -0.026, 29.2),
            ("12:30", -0.027, 29.6),
            ("14:30", -0.028, 30.0),
            ("16:15", -0.028, 30.0),
        ),
    },
    vvix_on={date(2024, 5, 30): 124.0},
)
OVERNIGHT_COLLAPSE = Story(
    name="overnight-collapse",
    seed=20240222,
    spx=4900.0,
    vix=17.5,
    vvix=91.0,
    days={
        date(2024, 2, 22): (
            ("09:30", 0.000, 17.6),
            ("13:00", -0.004, 18.4),
            ("14:30", -0.010, 21.5),
            ("14:50", -0.016, 24.0),
            ("15:15", -0.016, 24.2),
            ("15:30", -0.022, 27.0),
            ("15:42", -0.029, 30.5),
            ("16:15", -0.029, 30.6),
        ),
        date(2024, 2, 23): (
            ("09:30", -0.024, 28.0),
            ("09:50", -0.020, 26.0),
            ("10:20", -0.015, 23.8),
            ("11:00", -0.011, 21.8),
            ("12:00", -0.007, 19.8),
            ("13:30", -0.004, 18.8),
            ("16:15", -0.003, 18.4),
        ),
    },
    vvix_on={date(2024, 2, 22): 124.0, date(2024, 2, 23): 101.0},
)
STORIES = (ROLL_WEEK, ILLIQUID_CLOSE, CONDOR_CLOSED, OVERNIGHT_COLLAPSE)


def main(arguments: Sequence[str]) -> int:
    """Write the series of every story under the folder given; `session.toml` is written by hand."""
    if len(arguments) != 1:
        print("usage: python tools/method_days.py FOLDER")
        return 2
    for story in STORIES:
        print(write(story, Path(arguments[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
