"""Draw a small market from a number: one morning or one close, one or two lots of condors, one of seven shapes.

Nothing in it was observed. The same number gives the same files; they make a scenario like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from random import Random

from bot.gateway.importing.stories import Story, write
from bot.gateway.market.catalogue import MADE_UP
from bot.gateway.market.sessions import NEW_YORK, Hours, Timetable
from bot.gateway.market.toml_table import SESSION_FILE

FIRST_DAY, LAST_DAY = date(2017, 3, 1), date(2027, 11, 30)
HISTORY, WRITTEN = 22, 26  # sessions a scenario begins with, and those that are in its files
OPENS = 9 * 60 + 30
LEAST_MOVE, USUAL_MOVE = 0.35, 0.75  # of VIX, as a share of its quiet level
SPX_PER_VIX = 0.045  # what SPX falls while VIX doubles
CLOSING_LEAD = 8  # minutes before the closing window in which its spike begins


class Shape(StrEnum):
    """Name what VIX does in the hours that are played."""

    CALM = "calm"
    COLLAPSE = "collapse"  # up, and back within the hour
    STAYING = "staying"
    GRIND = "grind"
    FALSE = "false"  # up for a few minutes
    WHIPSAW = "whipsaw"
    GAP = "gap"  # open far above the close


class Hour(StrEnum):
    """Name the hours that are played.

    An eve begins a minute before the close of the session before, so that a surface is stored, and goes on with the
    morning; a morning begins a minute before the opening, a close an hour and a bit before it, both without a surface.
    """

    EVE = "eve"
    MORNING = "morning"
    CLOSE = "close"


# Minutes after the beginning and the share of the move of VIX that is made by then.
_PATHS: dict[Shape, tuple[tuple[int, float], ...]] = {
    Shape.CALM: ((0, 0.0), (40, 0.03), (80, 0.0)),
    Shape.COLLAPSE: ((0, 0.1), (6, 0.6), (14, 1.0), (30, 1.05), (40, 0.55), (50, 0.2), (70, 0.05)),
    Shape.STAYING: ((0, 0.1), (8, 0.6), (18, 0.9), (45, 1.1), (80, 1.15)),
    Shape.GRIND: ((0, 0.1), (20, 0.5), (40, 0.9), (60, 1.2), (80, 1.4)),
    Shape.FALSE: ((0, 0.0), (10, 0.05), (12, 0.9), (17, 0.8), (19, 0.1), (60, 0.0)),
    Shape.WHIPSAW: ((0, 0.1), (8, 0.9), (22, 1.0), (30, 0.3), (44, 1.1), (54, 0.2), (66, 1.0), (80, 0.6)),
    Shape.GAP: ((0, 0.9), (15, 1.1), (30, 1.0), (45, 0.5), (70, 0.2)),
}
_WEIGHTS = {
    Shape.CALM: 1,
    Shape.COLLAPSE: 6,
    Shape.STAYING: 4,
    Shape.GRIND: 3,
    Shape.FALSE: 1,
    Shape.WHIPSAW: 4,
    Shape.GAP: 3,
}
_HOURS = {Hour.EVE: 3, Hour.MORNING: 5, Hour.CLOSE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Hold one lot of condors as `[[book]]` writes it."""

    opened: date
    days: int
    delta: float
    width: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """Hold a market drawn from `number`: the hours that are played, the story behind it, and the account."""

    number: int
    shape: Shape
    hour: Hour
    half_day: bool
    opens: datetime
    start: datetime
    end: datetime
    story: Story
    lots: tuple[Lot, ...]
    cash: int

    @property
    def name(self) -> str:
        """Return the name under which it is found."""
        return f"{MADE_UP}{self.number}"

    @property
    def account(self) -> str:
        """Return the account's id, of the form that a paper account has."""
        return f"DU{9_000_000 + self.number % 1_000_000}"


def made_up(number: int) -> MadeUp:
    """Draw the market of a number."""
    draw = Random(f"market {number}")
    table = _timetable()
    half_day = draw.random() < 0.12
    day = draw.choice(_halves() if half_day else _days())
    shape = draw.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
    hour = draw.choices(tuple(_HOURS), tuple(_HOURS.values()))[0]
    eve = table.before(day)
    closes = table.close(Hours.CASH, day)
    opens = datetime.combine(day, time(9, 30), NEW_YORK).astimezone(UTC)
    vix = round(draw.uniform(13.0, 24.0), 1)
    start = table.close(Hours.CASH, eve) - timedelta(seconds=70) if hour is Hour.EVE else opens - timedelta(minutes=1)
    end = opens + timedelta(minutes=draw.choice((45, 55, 65)))
    if hour is Hour.CLOSE:
        start, end = (
            closes - timedelta(minutes=60 + CLOSING_LEAD + 15),
            closes + timedelta(minutes=draw.choice((1, 20))),
        )
    lots = tuple(_lot(draw, eve, table) for _ in range(draw.choice((1, 1, 1, 2))))
    return MadeUp(
        number=number,
        shape=shape,
        hour=hour,
        half_day=half_day,
        opens=opens,
        start=start,
        end=end,
        story=_story(draw, number, day, vix, shape, hour, closes),
        lots=lots,
        cash=draw.choice((600_000, 1_500_000, 4_000_000)),
    )


def write_made_up(market: MadeUp, out: Path) -> Path:
    """Write the scenario into a folder of its own under `out` and return that folder."""
    folder = write(market.story, out)
    (folder / SESSION_FILE).write_text(session_toml(market), encoding="utf-8")
    return folder


def session_toml(market: MadeUp) -> str:
    """Return what `session.toml` says of it."""
    series = "".join(_series(name) for name in ("SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "VX"))
    modelled = ("VXM", "AD-NYSE", "TICK-NYSE", "SPX options", "VIX options")
    others = "".join(f'[series."{name}"]\nkind = "modelled"\nsource = "from the indices"\n\n' for name in modelled)
    book = "".join(
        f'[[book]]\nopened = "{lot.opened}"\ndays = {lot.days}\nput_delta = {lot.delta}\ncall_delta = {lot.delta}\n'
        f"width = {lot.width}.0\nquantity = {lot.quantity}\n\n"
        for lot in market.lots
    )
    kind = f"{'an early close, ' if market.half_day else ''}{market.shape}, the {market.hour}"
    return (
        f'title = "A made-up market: {kind}"\n'
        f'text = "Drawn from the number {market.number}; nothing in it was observed."\n'
        f'start = "{market.start:%Y-%m-%dT%H:%M:%SZ}"\nend = "{market.end:%Y-%m-%dT%H:%M:%SZ}"\n'
        f"seed = {market.number}\nrate = 0.03\ndividend_yield = 0.015\nhistory_sessions = {HISTORY}\n\n"
        f'[account]\nid = "{market.account}"\ncash = {market.cash}.0\n\n{series}{others}{book}'
    )


def _series(name: str) -> str:
    bars = f'bars = "{name.lower()}.csv"\nbar_minutes = 5\n' if name in ("SPX", "VIX") else ""
    daily = "vx.csv" if name == "VX" else f"{name.lower()}_daily.csv"
    return f'[series.{name}]\nkind = "modelled"\n{bars}daily = "{daily}"\nsource = "made up from a number"\n\n'


def _lot(draw: Random, eve: date, table: Timetable) -> Lot:
    opened = eve
    for _ in range(draw.randint(4, 14)):
        opened = table.before(opened)
    return Lot(
        opened=opened,
        days=draw.randint(38, 52),
        delta=draw.choice((0.10, 0.13, 0.16, 0.20)),
        width=draw.choice((25, 50, 100)),
        quantity=draw.choice((6, 15, 20, 30)),
    )


def _story(draw: Random, number: int, day: date, vix: float, shape: Shape, hour: Hour, closes: datetime) -> Story:
    spx = round(draw.uniform(2500.0, 6500.0), 0)
    move = draw.uniform(LEAST_MOVE, USUAL_MOVE)
    last = _minute(closes) + 15
    begins = _minute(closes) - 60 - CLOSING_LEAD if hour is Hour.CLOSE else OPENS
    fall = SPX_PER_VIX * draw.uniform(0.8, 1.4)
    points: list[tuple[str, float, float]] = []
    if hour is Hour.CLOSE:
        points.append((_clock(OPENS), 0.0, vix))
    stretch = draw.uniform(0.65, 0.95)
    for minute, share in _PATHS[shape]:
        wobble = share * draw.uniform(0.9, 1.1) * move
        at = begins + round(minute * stretch)
        points.append((_clock(at), round(-fall * wobble, 5), round(vix * (1.0 + wobble), 2)))
    points.append((_clock(last), points[-1][1], points[-1][2]))
    peak = max(level for _, _, level in points)
    return Story(
        name=f"{MADE_UP}{number}",
        seed=number,
        spx=spx,
        vix=vix,
        vvix=92.0,
        days={day: tuple(points)},
        vvix_on={day: round(92.0 + 1.2 * (peak - vix), 1)},
        history=WRITTEN,
    )


def _minute(at: datetime) -> int:
    local = at.astimezone(NEW_YORK)
    return local.hour * 60 + local.minute


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@cache
def _timetable() -> Timetable:
    return Timetable(FIRST_DAY - timedelta(days=30), LAST_DAY)


@cache
def _days() -> tuple[date, ...]:
    table = _timetable()
    return tuple(day for day in table.days if day >= FIRST_DAY and not table.is_half(day))


@cache
def _halves() -> tuple[date, ...]:
    table = _timetable()
    return tuple(day for day in table.days if day >= FIRST_DAY and table.is_half(day))
