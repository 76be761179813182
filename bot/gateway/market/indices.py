"""Compute the paths of SPX and VIX through their published values, and of the other indices that follow VIX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.gateway.errors import ScenarioError
from bot.gateway.market.anchors import Stretch, anchored, stretches
from bot.gateway.market.bridge import Anchors, Array, bridge, folded, generator, held, interpolate, settled_noise
from bot.gateway.market.grid import TICK_SECONDS, Grid
from bot.gateway.market.scenario import Kind, Scenario
from bot.gateway.market.sessions import NEW_YORK, Hours, Timetable
from bot.gateway.market.tables import Row, read_rows

Mask = NDArray[np.bool_]
OHLC = ("open", "high", "low", "close")
# Points of each index per point of VIX, daily regressions 2011-2026 (docs/method.md, term weighting); VVIX: rough.
ELASTICITY = {"VIX9D": 1.52, "VIX3M": 0.64, "VVIX": 2.5}
INDEX_HOURS = {"SPX": Hours.CASH, "VIX": Hours.VIX, "VIX9D": Hours.TERM, "VIX3M": Hours.TERM, "VVIX": Hours.TERM}
_TICKS_PER_YEAR = 252 * 6.5 * 3600 / TICK_SECONDS
_PACE_REGULAR, _PACE_EXTENDED = 1.0, 0.15
_BAR_NOISE = 0.5  # share of a bar's range that its inner noise explains; the anchors explain the rest
_CO_MOVEMENT = -0.8  # correlation of the noise of SPX and VIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """Hold the masks and the operational time that every path shares; all arrays run over the grid."""

    grid: Grid
    timetable: Timetable
    open: Mapping[Hours, Mask]
    regular: Mapping[Hours, Mask]
    pace: Array

    @classmethod
    def of(cls, grid: Grid, timetable: Timetable) -> Clockwork:
        """Return the masks of the grid; a span includes the tick of its close, at which the close is published."""
        open_ = {hours: _mask(grid, timetable, hours, regular_only=False) for hours in Hours}
        regular = {hours: _mask(grid, timetable, hours, regular_only=True) for hours in Hours}
        weights = np.where(open_[Hours.VIX] | open_[Hours.VX], _PACE_EXTENDED, 0.0)
        weights[regular[Hours.OPTION]] = _PACE_REGULAR
        return cls(grid=grid, timetable=timetable, open=open_, regular=regular, pace=np.cumsum(weights))

    def weights(self) -> Array:
        """Return the operational time of each tick."""
        return np.diff(self.pace, prepend=self.pace[0])


def _mask(grid: Grid, timetable: Timetable, hours: Hours, *, regular_only: bool) -> Mask:
    mask = np.zeros(grid.size, dtype=bool)
    for day in timetable.days:
        for span in timetable.spans(hours, day):
            first_s, last_s = int(span.opens.timestamp()), int(span.closes.timestamp())
            if (span.regular or not regular_only) and last_s >= grid.first_s and first_s <= grid.second(grid.size - 1):
                mask[grid.index_s(first_s) : grid.index_s(last_s) + 1] = True
    return mask


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPaths:
    """Hold what every index shows at every tick, the continuous VIX that drives the rest, and published closes."""

    shown: Mapping[str, Array]
    driver: Array
    followers: Mapping[str, Array]  # continuous, as the surface needs them
    closes: Mapping[str, tuple[tuple[int, float], ...]]


def official_closes(rows: Sequence[Row], hours: Hours, clock: Clockwork) -> tuple[tuple[int, float], ...]:
    """Return (tick, close) of every daily row, placed at the time at which that session's close is published."""
    found = []
    for row in rows:
        day = row.at.astimezone(NEW_YORK).date()
        if clock.timetable.is_session(day):
            at = clock.timetable.close(hours, day)
            if clock.grid.holds(at):
                found.append((clock.grid.index(at), row.numbers["close"]))
    return tuple(found)


def check_cover(file: str, ticks: Sequence[int], hours: Hours, scenario: Scenario, clock: Clockwork) -> None:
    """Refuse published closes that leave out a session between the first of history and the last of the scenario."""
    last = scenario.end.astimezone(NEW_YORK).date()
    days = [day for day in clock.timetable.days if clock.grid.holds(clock.timetable.close(hours, day)) and day <= last]
    missing = sorted({clock.grid.index(clock.timetable.close(hours, day)) for day in days} - set(ticks))
    if missing:
        day = clock.grid.instant(missing[0]).astimezone(NEW_YORK).date()
        raise ScenarioError(
            f"{file}: no row for {day}; expected every session from {days[0]} to {days[-1]} "
            f"({scenario.history_sessions} sessions of history), add it"
        )


def index_paths(scenario: Scenario, clock: Clockwork, seed: int) -> IndexPaths:
    """Return the paths of all published indices."""
    daily = {
        name: read_rows(scenario.folder / scenario.series[name].daily, OHLC, required=("close",))
        for name in INDEX_HOURS
    }
    closes = {name: official_closes(rows, INDEX_HOURS[name], clock) for name, rows in daily.items()}
    for name, found in closes.items():
        check_cover(scenario.series[name].daily, [tick for tick, _ in found], INDEX_HOURS[name], scenario, clock)
    parts = {name: _parts(scenario, name, daily[name], clock) for name in ("SPX", "VIX")}
    rng = {name: generator(seed, name) for name in INDEX_HOURS}
    late_highs = [clock.grid.index(move.since) for move in scenario.late_moves]
    vix_anchors = anchored(parts["VIX"], closes["VIX"], clock.grid, rng["VIX"], late_highs=late_highs)
    vix_noise = rng["VIX"].standard_normal(clock.grid.size)
    driver = _path(vix_anchors, parts["VIX"], vix_noise, clock)
    own = rng["SPX"].standard_normal(clock.grid.size)
    spx_noise = _CO_MOVEMENT * vix_noise + np.sqrt(1 - _CO_MOVEMENT**2) * own
    spx_anchors = anchored(parts["SPX"], closes["SPX"], clock.grid, rng["SPX"], guide=driver)
    spx = _path(spx_anchors, parts["SPX"], spx_noise, clock)
    if scenario.series["SPX"].kind is Kind.RECORDED:
        spx = _recorded(spx, parts["SPX"], spx_anchors)
    stopped = _stopped(scenario, clock)
    shown = {
        "SPX": held(np.round(spx, 2), clock.open[Hours.CASH] & ~stopped),
        "VIX": held(np.round(driver, 2), _calculated(parts["VIX"], clock) & ~stopped),
    }
    followers = {}
    for name in ("VIX9D", "VIX3M", "VVIX"):
        followers[name] = follower(name, daily[name], closes[name], driver, clock, rng[name])
        shown[name] = held(np.round(followers[name], 2), clock.open[Hours.TERM])
    return IndexPaths(shown=shown, driver=driver, followers=followers, closes=closes)


def _calculated(parts: Sequence[Stretch], clock: Clockwork) -> Mask:
    """Return the ticks at which VIX is published: its sessions, and the extended ones only where there are bars."""
    mask = clock.regular[Hours.VIX].copy()
    for part in parts:
        mask[part.first : part.last + 1] = True
    return np.asarray(mask & clock.open[Hours.VIX])


def _stopped(scenario: Scenario, clock: Clockwork) -> Mask:
    """Return the ticks at which a market-wide halt stops SPX, and with its options VIX."""
    mask = np.zeros(clock.grid.size, dtype=bool)
    for halt in scenario.halts:
        mask[clock.grid.index(halt.begins) + 1 : clock.grid.index(halt.ends)] = True
    return mask


def _parts(scenario: Scenario, name: str, daily: Sequence[Row], clock: Clockwork) -> list[Stretch]:
    series = scenario.series[name]
    bars = read_rows(scenario.folder / series.bars, OHLC) if series.bars else ()
    return stretches(bars, daily, series.bar_minutes, INDEX_HOURS[name], clock.grid, clock.timetable)


def _path(anchors: Anchors, parts: Sequence[Stretch], noise: Array, clock: Clockwork) -> Array:
    """Return the bridge through the anchors in logarithms, kept inside each bar's published range."""
    scale = np.zeros(clock.grid.size)
    for part in parts:
        ticks = max(clock.pace[part.last] - clock.pace[part.first], 1.0)
        # A Brownian path over the bar has a mean range of 1.6 standard deviations.
        spread = np.log(part.high / part.low) if part.low > 0 else 0.0
        scale[part.first : part.last + 1] = _BAR_NOISE * spread / (1.6 * np.sqrt(ticks))
    scale = held(scale, scale > 0) if np.any(scale > 0) else scale
    steps = noise * scale * np.sqrt(clock.weights())
    path = np.exp(bridge(anchors.ticks, np.log(anchors.values), clock.pace, steps))
    path = folded(path, anchors.low, anchors.high)
    path[anchors.ticks] = anchors.values
    return path


def _recorded(path: Array, parts: Sequence[Stretch], anchors: Anchors) -> Array:
    """Return the path sampled as of each tick: between two recorded values the earlier one stands."""
    known = np.zeros(path.size, dtype=bool)
    known[anchors.ticks] = True
    stepped = held(path, known)
    if not parts:
        return path
    result = path.copy()
    for part in parts:
        result[part.first : part.last + 1] = stepped[part.first : part.last + 1]
    return result


def follower(
    name: str,
    rows: Sequence[Row],
    closes: Sequence[tuple[int, float]],
    driver: Array,
    clock: Clockwork,
    rng: np.random.Generator,
) -> Array:
    """Return an index that moves with VIX, holds at its published closes and stays inside its published daily range.

    Between two closes the distance to `ELASTICITY` times VIX runs straight in operational time.
    """
    ticks = np.array([tick for tick, _ in closes], dtype=np.int64)
    values = np.array([value for _, value in closes])
    elasticity = ELASTICITY[name]
    noise = 0.004 * values.mean() * settled_noise(rng, clock.grid.size, 40)
    raw = elasticity * driver + noise
    path = raw + interpolate(ticks, values - raw[ticks], clock.pace)
    ranges = day_ranges(rows, Hours.TERM, clock)
    return np.maximum(within_ranges(path, ranges, ticks, values), 0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRange:
    """Hold the ticks of one trade date and its published range."""

    first: int
    last: int
    low: float
    high: float


def day_ranges(rows: Sequence[Row], hours: Hours, clock: Clockwork) -> list[DayRange]:
    """Return the published range of every row's trade date on the grid, where both ends are known."""
    found = []
    for row in rows:
        spans = clock.timetable.spans(hours, row.at.astimezone(NEW_YORK).date())
        if not spans or "high" not in row.numbers or "low" not in row.numbers or not clock.grid.holds(spans[-1].closes):
            continue
        first, last = clock.grid.index(spans[0].opens), clock.grid.index(spans[-1].closes)
        found.append(DayRange(first=first, last=last, low=row.numbers["low"], high=row.numbers["high"]))
    return found


def within_ranges(path: Array, ranges: Sequence[DayRange], ticks: NDArray[np.int64], values: Array) -> Array:
    """Return the path with each day squeezed into its published range, the anchors untouched.

    Above the day's highest anchor the path is scaled so that it just reaches the high, below the lowest one so that it
    reaches the low: the shape of the day stays and nothing is cut flat.
    """
    result = path.copy()
    for item in ranges:
        part = result[item.first : item.last + 1]
        inside = (ticks >= item.first) & (ticks <= item.last)
        anchors = values[inside]
        edge = np.clip(part[0], item.low, item.high)
        top = float(max(anchors.max(initial=edge), edge))
        bottom = float(min(anchors.min(initial=edge), edge))
        peak, trough = float(part.max()), float(part.min())
        if peak > item.high and peak > top:
            over = part > top
            part[over] = top + (part[over] - top) * max(item.high - top, 0.0) / (peak - top)
        if trough < item.low and trough < bottom:
            under = part < bottom
            part[under] = bottom - (bottom - part[under]) * max(bottom - item.low, 0.0) / (bottom - trough)
    result[ticks] = values
    return result
