"""Draw a season from a number: weeks of sessions in a row, most of them calm, some with a spike, one book of condors.

Nothing in it was observed. It is for playing a bot through many days without a break.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from bot.gateway.importing.stories import Points, Story, write
from bot.gateway.market.sessions import NEW_YORK, Hours, Timetable
from bot.gateway.market.toml_table import SESSION_FILE

HISTORY, WRITTEN = 20, 24  # sessions the scenario begins with, and those in its files
QUIET_VIX, QUIET_SPX, QUIET_VVIX = 15.0, 4200.0, 90.0
SPIKES = 0.35  # of the sessions
FALL = 0.05  # of SPX while VIX doubles
BOOK = ((5, 45), (8, 75), (10, 110), (12, 140))  # sessions before the first that a lot was opened, its days then
CLOCKS = ("09:30", "09:45", "10:05", "10:40", "11:30", "13:00", "15:00", "15:40", "16:15")
CALM = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SHAPES = (
    (0.1, 0.5, 0.8, 0.5, 0.25, 0.1, 0.05, 0.05, 0.05),  # up in the morning and back by noon
    (0.0, 0.2, 0.5, 0.9, 1.0, 0.9, 0.6, 0.4, 0.35),  # a slower one
    (0.0, 0.0, 0.05, 0.05, 0.05, 0.1, 0.4, 0.8, 0.7),  # late in the day
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Hold the sessions that are played, the story of their prices, and the seed."""

    sessions: tuple[date, ...]
    story: Story
    seed: int


def season(first: date, sessions: int, seed: int) -> Season:
    """Draw a season that begins on `first`, a session, and has so many of them."""
    draw = Random(f"season {seed}")
    table = Timetable(first - timedelta(days=60), first + timedelta(days=2 * sessions + 30))
    days = [first]
    while len(days) < sessions:
        days.append(table.after(days[-1]))
    points: dict[date, Points] = {}
    spx, vix = 0.0, QUIET_VIX
    for day in days:
        shape = draw.choice(SHAPES) if draw.random() < SPIKES else CALM
        points[day] = _points(draw, shape, spx, vix)
        _, spx, vix = points[day][-1]
        spx, vix = spx * 0.9, vix + 0.4 * (QUIET_VIX - vix)  # back towards the quiet level overnight
    story = Story(
        name=f"season-{seed}",
        seed=seed,
        spx=QUIET_SPX,
        vix=QUIET_VIX,
        vvix=QUIET_VVIX,
        days=points,
        vvix_on=dict.fromkeys(days, QUIET_VVIX),
        history=WRITTEN,
    )
    return Season(sessions=tuple(days), story=story, seed=seed)


def write_season(drawn: Season, out: Path) -> Path:
    """Write it as a scenario into a folder of its own under `out` and return that folder."""
    folder = write(drawn.story, out)
    (folder / SESSION_FILE).write_text(_session_toml(drawn), encoding="utf-8")
    return folder


def _points(draw: Random, shape: tuple[float, ...], spx: float, vix: float) -> Points:
    move, points = draw.uniform(0.4, 0.9), []
    for clock, share in zip(CLOCKS, shape, strict=True):
        wobble = share * move + draw.uniform(-0.01, 0.01)
        points.append((clock, round(spx - FALL * wobble, 5), round(vix * (1.0 + wobble), 2)))
    return tuple(points)


def _session_toml(drawn: Season) -> str:
    first, last = drawn.sessions[0], drawn.sessions[-1]
    table = Timetable(first - timedelta(days=60), last + timedelta(days=30))
    start = table.close(Hours.CASH, table.before(first)) - timedelta(seconds=70)
    end = datetime.combine(last, time(17), NEW_YORK).astimezone(UTC)
    lots = ""
    for before, days in BOOK:
        opened = first
        for _ in range(before):
            opened = table.before(opened)
        lots += (
            f'[[book]]\nopened = "{opened}"\ndays = {days}\nput_delta = 0.13\ncall_delta = 0.13\nwidth = 50.0\n'
            "quantity = 10\n\n"
        )
    return (
        f'title = "A made-up season of {len(drawn.sessions)} sessions"\ntext = "Drawn from the number {drawn.seed}."\n'
        f'start = "{start:%Y-%m-%dT%H:%M:%SZ}"\nend = "{end:%Y-%m-%dT%H:%M:%SZ}"\nseed = {drawn.seed}\n'
        f"rate = 0.03\ndividend_yield = 0.015\nhistory_sessions = {HISTORY}\n\n"
        f'[account]\nid = "DU8000001"\ncash = 2000000.0\n\n{_series()}{lots}'
    )


def _series() -> str:
    rows = ""
    for name in ("SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "VX"):
        bars = f'bars = "{name.lower()}.csv"\nbar_minutes = 5\n' if name in ("SPX", "VIX") else ""
        daily = "vx.csv" if name == "VX" else f"{name.lower()}_daily.csv"
        rows += f'[series.{name}]\nkind = "modelled"\n{bars}daily = "{daily}"\nsource = "made up"\n\n'
    for name in ("VXM", "AD-NYSE", "TICK-NYSE", "SPX options", "VIX options"):
        rows += f'[series."{name}"]\nkind = "modelled"\nsource = "from the indices"\n\n'
    return rows
