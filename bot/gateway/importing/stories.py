"""Write a made-up market as a scenario's files: a quiet history, and days told by a few control points.

Nothing in it was observed. The history is drawn from the story's seed; the days are its points joined by straight lines
with a little noise; VX follows VIX by the beta of its maturity over a curve in contango.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from bot.gateway.importing.anchors import (
    BAR_HEADER,
    DAILY_HOURS,
    VX_HEADER,
    bar_rows,
    daily_rows,
    timetable_of,
    vx_rows,
    write_rows,
)
from bot.gateway.market.curve import beta
from bot.gateway.market.listing import vx_settlement_day
from bot.gateway.market.sessions import NEW_YORK, Timetable

HISTORY = 48
BAR_MINUTES = 5
MONTHS = 8
TERM = {"VIX9D": (1.52, -0.8), "VIX3M": (0.64, 2.0)}  # points per point of VIX, distance at the quiet level
Minutes = Sequence[tuple[datetime, float, float]]  # New York time, SPX, VIX
Points = Sequence[tuple[str, float, float]]  # New York time, SPX as a share of the close before, VIX in points


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Hold one scenario: the first day of its own, the quiet levels before, and the points of each day.

    `history` sessions are written before the first day.
    """

    name: str
    seed: int
    spx: float
    vix: float
    vvix: float
    days: Mapping[date, Points]
    vvix_on: Mapping[date, float]
    history: int = HISTORY


def write(story: Story, out: Path) -> Path:
    """Write the series of one scenario and return its folder."""
    folder, rng = out / story.name, np.random.default_rng(story.seed)
    folder.mkdir(parents=True, exist_ok=True)
    first, last = min(story.days), max(story.days)
    days = sessions(first, last, story.history)
    timetable = timetable_of(str(day) for day in days)
    before = [day for day in days if day < first]
    spx = quiet(rng, len(before), story.spx, 0.006)
    vix = quiet(rng, len(before), story.vix, 0.030)
    vvix = quiet(rng, len(before), story.vvix, 0.020)
    minutes = {day: path(rng, day, points, story.spx) for day, points in story.days.items()}
    closes = dict(zip(before, vix, strict=True)) | {day: rows[-1][2] for day, rows in minutes.items()}
    daily = {
        "SPX": [*ranged(rng, before, spx, 0.004), *(of_day(day, minutes[day], "SPX") for day in story.days)],
        "VIX": [*ranged(rng, before, vix, 0.020), *(of_day(day, minutes[day], "VIX") for day in story.days)],
        "VVIX": [{"date": str(day), "close": f"{value:.2f}"} for day, value in zip(before, vvix, strict=True)]
        + [{"date": str(day), "close": f"{value:.2f}"} for day, value in story.vvix_on.items()],
    }
    for name, (slope, distance) in TERM.items():
        daily[name] = [follower(story, row, slope, distance) for row in daily["VIX"]]
    for name in DAILY_HOURS:
        rows = daily_rows(name, daily[name], timetable)
        write_rows(folder / f"{name.lower()}_daily.csv", BAR_HEADER, rows)
    for name in ("SPX", "VIX"):
        rows = bar_rows(name, [bar for minute in minutes.values() for bar in bars(minute, name)], timetable)
        write_rows(folder / f"{name.lower()}.csv", BAR_HEADER, rows)
    write_rows(folder / "vx.csv", VX_HEADER, vx_rows(curve(story, days, closes, timetable), timetable))
    return folder


def sessions(first: date, last: date, before: int = HISTORY) -> list[date]:
    """Return the sessions from `before` of them ahead of the first day to the last."""
    around = Timetable(first - timedelta(days=2 * before + 10), last + timedelta(days=7))
    start = first
    for _ in range(before):
        start = around.before(start)
    found = [start]
    while found[-1] < last:
        found.append(around.after(found[-1]))
    return found


def quiet(rng: np.random.Generator, count: int, level: float, step: float) -> list[float]:
    """Return a quiet series of `count` closes that ends at `level`."""
    moves = np.cumsum(rng.normal(0.0, step, count)) * 0.6
    return [round(float(level * np.exp(value - moves[-1])), 2) for value in moves]


def ranged(
    rng: np.random.Generator, days: Sequence[date], closes: Sequence[float], reach: float
) -> list[dict[str, str]]:
    """Return daily rows around closes; the open is the close before."""
    rows, before = [], closes[0]
    for day, close in zip(days, closes, strict=True):
        up, down = np.abs(rng.normal(0.0, reach, 2))
        rows.append(row_of(day, before, max(before, close) * (1 + up), min(before, close) * (1 - down), close))
        before = close
    return rows


def path(rng: np.random.Generator, day: date, points: Points, close: float) -> list[tuple[datetime, float, float]]:
    """Return one row a minute: local time, SPX and VIX; straight between the points, with noise that ends at each."""
    at = [minute_of(clock) for clock, _, _ in points]
    minutes = np.arange(at[0], at[-1] + 1)
    spx = close * (1.0 + np.interp(minutes, at, [share for _, share, _ in points]))
    vix = np.interp(minutes, at, [level for _, _, level in points])
    wave = rng.normal(0.0, 1.0, minutes.size)
    spx, vix = spx * (1.0 - 0.0001 * wave), vix * (1.0 + 0.001 * wave)
    midnight = datetime.combine(day, time(0), NEW_YORK)
    return [
        (midnight + timedelta(minutes=int(minute)), round(float(s), 2), round(float(v), 2))
        for minute, s, v in zip(minutes, spx, vix, strict=True)
    ]


def minute_of(clock: str) -> int:
    """Return the minutes since midnight."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def within(rows: Minutes, name: str) -> list[tuple[datetime, float]]:
    """Return the minutes at which an index is calculated, with its values."""
    last = time(16, 0) if name == "SPX" else time(16, 15)
    first = time(9, 30) if name == "SPX" else time(3, 15)
    idle = (time(9, 25), time(9, 30))  # VIX rests before the opening
    return [
        (row[0], row[1] if name == "SPX" else row[2])
        for row in rows
        if first <= row[0].time() <= last and not idle[0] <= row[0].time() < idle[1]
    ]


def bars(rows: Minutes, name: str) -> list[dict[str, str]]:
    """Return bars of five minutes, stamped at their start."""
    groups: dict[datetime, list[float]] = {}
    for at, value in within(rows, name)[:-1]:
        start = at - timedelta(minutes=at.minute % BAR_MINUTES)
        groups.setdefault(start, []).append(value)
    return [
        {"ts_et": at.isoformat()} | cells(values[0], max(values), min(values), values[-1])
        for at, values in groups.items()
    ]


def of_day(day: date, rows: Minutes, name: str) -> dict[str, str]:
    """Return the daily row of a day given by the minute."""
    values = [value for _, value in within(rows, name)]
    return row_of(day, values[0], max(values), min(values), values[-1])


def row_of(day: date, opened: float, high: float, low: float, close: float) -> dict[str, str]:
    """Return one daily row."""
    return {"date": str(day)} | cells(opened, high, low, close)


def cells(opened: float, high: float, low: float, close: float) -> dict[str, str]:
    """Return prices as the files write them."""
    return {"open": f"{opened:.2f}", "high": f"{high:.2f}", "low": f"{low:.2f}", "close": f"{close:.2f}"}


def follower(story: Story, row: Mapping[str, str], slope: float, distance: float) -> dict[str, str]:
    """Return the day of an index of another term: its move is a multiple of VIX's, its range is wider still."""
    moved = {name: story.vix + distance + slope * (float(row[name]) - story.vix) for name in BAR_HEADER[1:]}
    return row_of(
        date.fromisoformat(row["date"]), moved["open"], moved["high"] * 1.02, moved["low"] * 0.98, moved["close"]
    )


def curve(
    story: Story, days: Sequence[date], closes: Mapping[date, float], timetable: Timetable
) -> list[dict[str, str]]:
    """Return the VX curve of every session: contango over the quiet level, plus beta times the move of VIX."""
    far = Timetable(days[0] - timedelta(days=60), days[-1] + timedelta(days=460))
    months = [
        (days[0].year + (days[0].month + n - 1) // 12, (days[0].month + n - 1) % 12 + 1) for n in range(MONTHS + 3)
    ]
    expiries = [vx_settlement_day(year, month, far) for year, month in months]
    rows = []
    for day in days:
        live = [expiry for expiry in expiries if expiry > day][:MONTHS]
        for expiry in live:
            left = (expiry - day).days
            settle = story.vix + 1.2 * (left / 30.4) ** 0.5 + float(beta(np.array(left))) * (closes[day] - story.vix)
            high, low = settle + 0.45 * max(closes.values()), settle - 0.45 * max(closes.values())
            size = {"volume": str(90_000 // (1 + left // 20)), "oi": str(120_000 // (1 + left // 30))}
            prices = {"open": "", "close": "", "high": f"{high:.2f}", "low": f"{max(low, 8.0):.2f}"}
            rows.append({"date": str(day), "expiry": str(expiry), "settle": f"{settle:.3f}"} | prices | size)
    return rows
