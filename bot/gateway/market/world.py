"""Compute everything a scenario's market is made of, once: time, hours, index paths, futures, breadth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.gateway.errors import ScenarioError
from bot.gateway.kept import Bars
from bot.gateway.market.breadth import Breadth, breadth
from bot.gateway.market.curve import Future, futures
from bot.gateway.market.grid import Grid
from bot.gateway.market.indices import Clockwork, IndexPaths, index_paths
from bot.gateway.market.scenario import Scenario
from bot.gateway.market.sessions import NEW_YORK, Hours, Timetable

LISTED_AHEAD = timedelta(days=420)
_MARGIN = timedelta(days=90)
_AFTER_END = timedelta(days=1)  # so that the last session's published close and settlement shape its path


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeDays:
    """Hold the trade dates of one timetable with the ticks at which each opens and closes, to be looked up by tick."""

    days: tuple[date, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]

    def at(self, tick: int) -> int:
        """Return the position of the latest trade date that has opened by `tick` (0 before the first)."""
        return max(bisect_right(self.first, tick) - 1, 0)

    def ticks(self, position: int, size: int) -> tuple[int, int]:
        """Return the tick at which a trade date opens and that at which the next does, on a grid of `size` ticks."""
        return self.first[position], self.first[position + 1] if position + 1 < len(self.first) else size


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Hold the computed market; every array runs over the grid.

    `kept` are the bars of a past that was asked for, in a world that is played more than once; `None`: none are kept.
    """

    scenario: Scenario
    seed: int
    grid: Grid
    timetable: Timetable
    clock: Clockwork
    paths: IndexPaths
    futures: Mapping[date, Future]
    breadth: Breadth
    trade_days: Mapping[Hours, TradeDays]
    kept: dict[tuple[object, ...], Bars] | None = None


def build(scenario: Scenario, seed: int) -> World:
    """Return the market of a scenario for a seed."""
    timetable = Timetable(scenario.start.date() - _MARGIN, scenario.end.date() + LISTED_AHEAD)
    grid = Grid.spanning(_history_start(scenario, timetable), scenario.end + _AFTER_END)
    clock = Clockwork.of(grid, timetable)
    paths = index_paths(scenario, clock, seed)
    return World(
        scenario=scenario,
        seed=seed,
        grid=grid,
        timetable=timetable,
        clock=clock,
        paths=paths,
        futures=futures(scenario, clock, paths.driver, seed),
        breadth=breadth(paths.shown["SPX"], paths.driver, clock, seed),
        trade_days={hours: _trade_days(hours, grid, timetable) for hours in Hours},
    )


def _history_start(scenario: Scenario, timetable: Timetable) -> datetime:
    """Return the instant at which VX opened for the first session of history."""
    day = timetable.on_or_before(scenario.start.astimezone(NEW_YORK).date())
    for _ in range(scenario.history_sessions):
        day = timetable.before(day)
    return timetable.spans(Hours.VX, day)[0].opens


def _trade_days(hours: Hours, grid: Grid, timetable: Timetable) -> TradeDays:
    rows = []
    for day in timetable.days:
        spans = timetable.spans(hours, day)
        if grid.holds(spans[0].opens):
            rows.append((day, grid.index(spans[0].opens), grid.index(spans[-1].closes)))
    if not rows:
        raise ScenarioError("session.toml: no session lies between start and end; choose trading days")
    return TradeDays(
        days=tuple(row[0] for row in rows), first=tuple(row[1] for row in rows), last=tuple(row[2] for row in rows)
    )
