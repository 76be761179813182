"""Write the markets that the named drills play: one short morning with a spike and its end, and the same on a half day.

Nothing in them was observed. They are as small as a day can be on which the method buys and sells: one lot of condors,
from a minute before the close of the session before (so that a baseline is stored) to 40 minutes after the open.

    python tools/drill_markets.py bot/drill/markets
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bot.gateway.importing.stories import Points, Story, write
from bot.gateway.market.sessions import NEW_YORK, Hours, Timetable
from bot.gateway.market.toml_table import SESSION_FILE

HISTORY = 20
SPIKE_POINTS: Points = (
    ("09:30", -0.014, 20.0),
    ("09:40", -0.020, 22.4),
    ("09:46", -0.024, 23.6),
    ("09:47", -0.024, 23.6),
    ("09:58", -0.008, 18.2),
    ("10:04", -0.003, 16.2),
    ("16:15", 0.000, 15.2),
)
SPIKE = Story(
    name="spike",
    seed=20240524,
    spx=5200.0,
    vix=15.0,
    vvix=90.0,
    days={date(2024, 5, 24): SPIKE_POINTS},
    vvix_on={date(2024, 5, 24): 102.0},
    history=24,
)
STORIES = (SPIKE,)
TEXT = "Written by hand for drills; nothing in it was observed."
BOOK = (("2024-05-10", 45, 0.16, 50, 40),)


def session_toml(story: Story) -> str:
    """Return what `session.toml` says of a story."""
    (day,) = story.days
    table = Timetable(day - timedelta(days=30), day + timedelta(days=30))
    start = table.close(Hours.CASH, table.before(day)) - timedelta(seconds=70)
    end = datetime.combine(day, time(10, 8), NEW_YORK).astimezone(UTC)
    series = "".join(_series(name) for name in ("SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "VX"))
    modelled = ("VXM", "AD-NYSE", "TICK-NYSE", "SPX options", "VIX options")
    others = "".join(f'[series."{name}"]\nkind = "modelled"\nsource = "from the indices"\n\n' for name in modelled)
    book = "".join(
        f'[[book]]\nopened = "{opened}"\ndays = {days}\nput_delta = {delta}\ncall_delta = {delta}\n'
        f"width = {width}.0\nquantity = {quantity}\n\n"
        for opened, days, delta, width, quantity in BOOK
    )
    return (
        f'title = "A morning for drills: {story.name}"\ntext = "{TEXT}"\n'
        f'start = "{start:%Y-%m-%dT%H:%M:%SZ}"\nend = "{end:%Y-%m-%dT%H:%M:%SZ}"\n'
        f"seed = {story.seed}\nrate = 0.03\ndividend_yield = 0.015\nhistory_sessions = {HISTORY}\n\n"
        f'[account]\nid = "DU{story.seed}"\ncash = 2000000.0\n\n{series}{others}{book}'
    )


def _series(name: str) -> str:
    bars = f'bars = "{name.lower()}.csv"\nbar_minutes = 5\n' if name in ("SPX", "VIX") else ""
    daily = "vx.csv" if name == "VX" else f"{name.lower()}_daily.csv"
    return f'[series.{name}]\nkind = "modelled"\n{bars}daily = "{daily}"\nsource = "written by hand"\n\n'


def main(arguments: Sequence[str]) -> int:
    """Write every market under the folder given."""
    if len(arguments) != 1:
        print("usage: python tools/drill_markets.py FOLDER")
        return 2
    for story in STORIES:
        folder = write(story, Path(arguments[0]))
        (folder / SESSION_FILE).write_text(session_toml(story), encoding="utf-8")
        print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
