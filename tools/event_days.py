"""Write the two modelled scenarios of release days: an FOMC statement and a CPI surprise.

Nothing in them was observed. A quiet history is drawn from a fixed seed; the paths of the days themselves are the
control points below, joined by straight lines with a little noise; VX follows VIX by the beta of its maturity. The
dates are those of real releases, so that the calendar knows them; the markets of those dates were different ones.

    python tools/event_days.py bot/gateway/scenarios
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bot.gateway.importing.stories import Story, write

FOMC_DAY = Story(
    name="fomc-day",
    seed=20230726,
    spx=4175.0,
    vix=18.0,
    vvix=92.0,
    days={
        date(2023, 7, 26): (
            ("09:30", 0.000, 18.0),
            ("11:00", 0.001, 18.1),
            ("13:55", -0.001, 18.6),
            ("14:00", -0.002, 18.9),
            ("14:06", -0.010, 21.6),
            ("14:20", -0.014, 23.2),
            ("14:45", -0.019, 25.2),
            ("15:20", -0.023, 26.6),
            ("15:50", -0.025, 27.4),
            ("16:15", -0.025, 27.2),
        ),
        date(2023, 7, 27): (
            ("09:30", -0.022, 26.0),
            ("10:00", -0.020, 25.0),
            ("11:00", -0.014, 23.2),
            ("12:30", -0.009, 21.2),
            ("14:00", -0.006, 19.8),
            ("16:15", -0.004, 19.2),
        ),
    },
    vvix_on={date(2023, 7, 26): 118.0, date(2023, 7, 27): 100.0},
)
CPI_DAY = Story(
    name="cpi-surprise",
    seed=20251024,
    spx=4080.0,
    vix=18.5,
    vvix=92.0,
    days={
        date(2025, 10, 24): (
            ("08:25", 0.000, 18.4),
            ("08:31", 0.000, 20.5),
            ("09:30", -0.013, 22.4),
            ("09:45", -0.020, 24.2),
            ("10:15", -0.027, 26.8),
            ("11:30", -0.034, 30.2),
            ("13:00", -0.033, 29.4),
            ("15:00", -0.032, 29.0),
            ("16:15", -0.031, 28.6),
        ),
        date(2025, 10, 27): (
            ("09:30", -0.025, 26.0),
            ("10:30", -0.019, 24.0),
            ("12:00", -0.013, 21.8),
            ("14:00", -0.008, 20.2),
            ("16:15", -0.006, 19.6),
        ),
    },
    vvix_on={date(2025, 10, 24): 125.0, date(2025, 10, 27): 101.0},
)


def main(arguments: Sequence[str]) -> int:
    """Write the series of both scenarios under the folder given; `session.toml` is written by hand."""
    if len(arguments) != 1:
        print("usage: python tools/event_days.py FOLDER")
        return 2
    for story in (FOMC_DAY, CPI_DAY):
        print(write(story, Path(arguments[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
