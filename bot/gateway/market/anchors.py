"""Place published open, high, low and close values in time, as far as it is known, and draw the rest from the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from bot.gateway.market.bridge import Anchors, Array
from bot.gateway.market.grid import Grid
from bot.gateway.market.sessions import NEW_YORK, Hours, Span, Timetable
from bot.gateway.market.tables import Row

_MIN_INSIDE = 3  # a bar with fewer inner ticks keeps only its open and its close


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Hold one bar as ticks: first and last tick, and published prices.

    A stale open repeats the close of the session before because the index was not calculated yet: it is no anchor.
    """

    first: int
    last: int
    open: float
    high: float
    low: float
    close: float
    stale_open: bool = False


def stretches(
    bars: Sequence[Row], daily: Sequence[Row], minutes: int, hours: Hours, grid: Grid, timetable: Timetable
) -> list[Stretch]:
    """Return the bars as stretches of ticks inside the sessions, days without bars standing as one stretch.

    A bar that contains the opening of regular trading starts there: before it the last value stands. The last inner
    tick of a bar carries its close; the official close comes one tick later, at its own time.
    """
    found: list[Stretch] = []
    covered: set[date] = set()
    closes = {row.at.astimezone(NEW_YORK).date(): row.numbers["close"] for row in daily}
    for number, bar in enumerate(bars):
        day = bar.at.astimezone(NEW_YORK).date()
        end = bar.at + timedelta(minutes=minutes)
        if number + 1 < len(bars):
            end = min(end, bars[number + 1].at)
        span = _span_of_bar(timetable.spans(hours, day), bar, end)
        if span is None or not grid.holds(span.opens) or not grid.holds(span.closes):
            continue
        covered.add(day)
        first, last = grid.index(max(bar.at, span.opens)), grid.index(min(end, span.closes)) - 1
        stretch = _stretch(first, last, bar, None)
        stale = _repeats(stretch, closes.get(timetable.before(day)))
        found.append(replace(stretch, stale_open=stale))
    found.extend(_daily_stretches(daily, covered, hours, grid, timetable))
    return sorted(found, key=lambda item: item.first)


def _repeats(part: Stretch, before: float | None) -> bool:
    """Say whether a bar opens at the last close and leaves it one way, as a value that was not yet calculated."""
    return part.open == before and part.high > part.low and part.open in (part.low, part.high)


def _span_of_bar(spans: Sequence[Span], bar: Row, end: datetime) -> Span | None:
    """Return the session stretch to which a bar belongs: the latest that it touches."""
    touched = [span for span in spans if span.opens < end and span.closes > bar.at]
    return touched[-1] if touched else None


def _daily_stretches(
    daily: Sequence[Row], covered: set[date], hours: Hours, grid: Grid, timetable: Timetable
) -> list[Stretch]:
    """Return one stretch per session without bars; one without a published open starts at the close before."""
    found: list[Stretch] = []
    before: float | None = None
    for row in daily:
        day = row.at.astimezone(NEW_YORK).date()
        spans = timetable.spans(hours, day)
        if spans and day not in covered and grid.holds(spans[0].opens) and grid.holds(spans[-1].closes):
            found.append(_stretch(grid.index(spans[0].opens), grid.index(spans[-1].closes), row, before))
        before = row.numbers["close"]
    return found


def _stretch(first: int, last: int, row: Row, before: float | None) -> Stretch:
    """Return the prices of a row over its ticks, making up what was not published from what was."""
    close = row.numbers["close"]
    start = row.numbers.get("open", close if before is None else before)
    low = min(row.numbers.get("low", min(start, close)), close)
    high = max(row.numbers.get("high", max(start, close)), close)
    return Stretch(first=first, last=last, open=min(max(start, low), high), high=high, low=low, close=close)


def anchored(
    parts: Sequence[Stretch],
    official: Sequence[tuple[int, float]],
    grid: Grid,
    rng: np.random.Generator,
    guide: Array | None = None,
    late_highs: Sequence[int] = (),
) -> Anchors:
    """Return the anchors of the stretches and of the official (tick, close) values, which win.

    The high and the low of a bar happened somewhere inside it: the seed says where, low before high in a bar that rose.
    With a `guide` (the path of VIX for SPX) the low stands where the guide is highest and the high where it is lowest.
    The high of a bar that contains a tick of `late_highs` came after that tick.
    """
    points: dict[int, float] = {}
    low, high = np.full(grid.size, -np.inf), np.full(grid.size, np.inf)
    for part in parts:
        low[part.first : part.last + 1], high[part.first : part.last + 1] = part.low, part.high
        early, late = rng.uniform(0.08, 0.48), rng.uniform(0.52, 0.92)
        points[part.last] = part.close
        if not part.stale_open:
            points[part.first] = part.open
        turns = [tick for tick in late_highs if part.first < tick < part.last]
        points |= _extremes(part, early, late, guide, turns[0] if turns else None)
    for tick, value in official:
        points[tick] = value
        low[tick], high[tick] = min(low[tick], value), max(high[tick], value)
    ticks = np.array(sorted(points), dtype=np.int64)
    return Anchors(ticks=ticks, values=np.array([points[tick] for tick in ticks]), low=low, high=high)


def _extremes(part: Stretch, early: float, late: float, guide: Array | None, turn: int | None) -> dict[int, float]:
    """Return where the high and the low of a stretch stand, leaving out those that its open or close already is."""
    length = part.last - part.first
    if length - 1 < _MIN_INSIDE:
        return {}
    rose = part.close >= part.open
    at_low = part.first + round(length * (early if rose else late))
    at_high = part.first + round(length * (late if rose else early))
    if turn is not None:
        at_low = part.first + round((turn - part.first) * early)
        at_high = turn + 1 + round((part.last - turn - 2) * late)
    if guide is not None:
        inside = guide[part.first + 1 : part.last]
        if float(np.ptp(inside)) > 0:
            at_low, at_high = part.first + 1 + int(np.argmax(inside)), part.first + 1 + int(np.argmin(inside))
    edges = (part.open, part.close)
    return {tick: value for tick, value in ((at_low, part.low), (at_high, part.high)) if value not in edges}
