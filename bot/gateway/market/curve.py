"""Compute the paths of the VX futures: they follow VIX by the beta of their maturity and hold at every settlement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np
from numpy.typing import NDArray

from bot.gateway.errors import ScenarioError
from bot.gateway.market.bridge import Array, generator, held, settled_noise
from bot.gateway.market.grid import TICK_SECONDS
from bot.gateway.market.indices import Clockwork, Mask, day_ranges, within_ranges
from bot.gateway.market.scenario import Disconnect, LateMove, Scenario
from bot.gateway.market.sessions import NEW_YORK, VX_SETTLES_AT_CASH_CLOSE_SINCE, Hours
from bot.gateway.market.tables import Row, day, read_rows

BETA_A, BETA_C, MONTH_DAYS = 0.80, 0.59, 30.4
_NOISE = 0.002  # standard deviation of a future's own noise as a share of its price
_NOISE_HALF_LIFE = 20  # ticks
_MAX_OPENING_GAP = 0.15  # a first trade further from the last settlement is a bad print or a stop run
_COLUMNS = ("open", "high", "low", "close", "settle", "volume", "open_interest")
_DAY_S = 86400.0


def beta(days: NDArray[np.floating]) -> Array:
    """Return the points that a future moves per point of VIX, `days` before it settles (docs/method.md, beta)."""
    return np.asarray(BETA_A / (1.0 + BETA_C * np.maximum(days, 0.0) / MONTH_DAYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """Hold one VX: mid at every tick, settlements by tick, volumes by trade date, and the final price.

    `shown` is what the future is quoted around: its mid, but for the disconnects of the scenario. Options on VIX are
    priced from `mid`.
    """

    settles_on: date
    mid: Array
    shown: Array
    settle_ticks: NDArray[np.int64]
    settle_values: Array
    volumes: Mapping[date, float]
    open_interest: Mapping[date, float]
    final: float | None
    is_weekly: bool = False


def futures(scenario: Scenario, clock: Clockwork, driver: Array, seed: int) -> dict[date, Future]:
    """Return every VX monthly of the scenario by settlement day."""
    path = scenario.folder / scenario.series["VX"].daily
    rows = read_rows(path, _COLUMNS, keys=("expiry",), required=("settle",))
    by_expiry: dict[date, list[Row]] = {}
    for number, row in enumerate(rows, start=2):
        by_expiry.setdefault(day(f"{path.name}, row {number}", row.keys[0]), []).append(row)
    found = {}
    for expiry, items in sorted(by_expiry.items()):
        live = [row for row in items if row.at.astimezone(NEW_YORK).date() < expiry]
        if _settles(live, clock):
            found[expiry] = _future(expiry, items, live, scenario, clock, driver, seed)
    first = clock.grid.index(clock.timetable.close(Hours.VX, _session(scenario.start, clock)))
    if not any(future.settle_ticks[0] <= first and future.settle_ticks[-1] >= first for future in found.values()):
        raise ScenarioError(
            f"{path.name}: no future has a settlement on {_session(scenario.start, clock)}; "
            "expected the curve of every session of the scenario, add it"
        )
    return found


def _session(at: datetime, clock: Clockwork) -> date:
    return clock.timetable.on_or_before(at.astimezone(NEW_YORK).date())


def _future(
    expiry: date,
    rows: Sequence[Row],
    live: Sequence[Row],
    scenario: Scenario,
    clock: Clockwork,
    driver: Array,
    seed: int,
) -> Future:
    """Return one future: beta times VIX, a residual that runs between the published prices, and its own noise."""
    grid = clock.grid
    final = next((row.numbers["settle"] for row in rows if row.at.astimezone(NEW_YORK).date() == expiry), None)
    settles = _settles(live, clock)
    ticks = np.array(sorted(settles), dtype=np.int64)
    values = np.array([settles[tick] for tick in ticks])
    end_s = datetime.combine(expiry, time(9, 30), NEW_YORK).timestamp()
    days = (end_s - (grid.first_s + TICK_SECONDS * np.arange(grid.size))) / _DAY_S
    rng = generator(seed, f"VX {expiry}")
    noise = _NOISE * values.mean() * settled_noise(rng, grid.size, _NOISE_HALF_LIFE)
    raw = beta(days) * driver + noise
    points = settles | _traded_anchors(live, settles, clock)
    late = _late(scenario.late_moves, ticks, values, clock)
    points |= late
    at = np.array(sorted(points), dtype=np.int64)
    prices = np.array([points[tick] for tick in at])
    path = raw + np.interp(clock.pace, clock.pace[at], prices - raw[at])
    path = _damped(path, raw, at, prices, late)
    path = within_ranges(path, day_ranges(live, Hours.VX, clock), at, prices)
    mid = held(np.maximum(path, 0.05), _trading(scenario, clock))
    return Future(
        settles_on=expiry,
        mid=mid,
        shown=_shown(mid, scenario.disconnects, clock),
        settle_ticks=ticks,
        settle_values=values,
        volumes={row.at.astimezone(NEW_YORK).date(): row.numbers.get("volume", 0.0) for row in rows},
        open_interest={row.at.astimezone(NEW_YORK).date(): row.numbers.get("open_interest", 0.0) for row in rows},
        final=final,
    )


def _shown(mid: Array, disconnects: Sequence[Disconnect], clock: Clockwork) -> Array:
    """Return the path around which a future is quoted."""
    if not disconnects:
        return mid
    shown = mid.copy()
    for gap in disconnects:
        shown[clock.grid.index(gap.begins) : clock.grid.index(gap.ends)] += gap.points
    return np.maximum(shown, 0.05)


def _trading(scenario: Scenario, clock: Clockwork) -> Mask:
    """Return the ticks at which futures trade; in between the last price stands."""
    mask = clock.open[Hours.VX].copy()
    for halt in scenario.halts:
        mask[clock.grid.index(halt.begins) + 1 : clock.grid.index(halt.futures_end)] = False
    return mask


def _settles(rows: Sequence[Row], clock: Clockwork) -> dict[int, float]:
    """Return settlements by the tick at which that date's settlement was struck."""
    found: dict[int, float] = {}
    for row in rows:
        session = row.at.astimezone(NEW_YORK).date()
        at = clock.timetable.close(Hours.VX, session)
        if clock.grid.holds(at):
            found[clock.grid.index(at)] = row.numbers["settle"]
    return found


def _traded_anchors(rows: Sequence[Row], settles: Mapping[int, float], clock: Clockwork) -> dict[int, float]:
    """Return first trades at the opening of the trade date and, since October 2020, last trades at its end.

    Before, the last trade of a date stood right at its settlement and tells nothing more. Prints far from the
    settlement before them are left out: thin contracts show bad ones.
    """
    found: dict[int, float] = {}
    before: float | None = None
    for row in rows:
        session = row.at.astimezone(NEW_YORK).date()
        spans = clock.timetable.spans(Hours.VX, session)
        settle = row.numbers["settle"]
        inside = bool(spans) and clock.grid.holds(spans[0].opens) and clock.grid.holds(spans[-1].closes)
        if inside and before is not None and _near(row.numbers.get("open"), before):
            found[clock.grid.index(spans[0].opens) + 1] = row.numbers["open"]
        if inside and session >= VX_SETTLES_AT_CASH_CLOSE_SINCE and _near(row.numbers.get("close"), settle):
            found[clock.grid.index(spans[-1].closes)] = row.numbers["close"]
        before = settle
    return {tick: value for tick, value in found.items() if tick not in settles}


def _near(price: float | None, reference: float) -> bool:
    return price is not None and abs(price / reference - 1.0) <= _MAX_OPENING_GAP


def _late(moves: Sequence[LateMove], ticks: NDArray[np.int64], values: Array, clock: Clockwork) -> dict[int, float]:
    """Return one anchor per late move: the share of the day's move that had been made when it began."""
    found: dict[int, float] = {}
    for move in moves:
        place = int(np.searchsorted(ticks, clock.grid.index(clock.timetable.close(Hours.VX, move.day))))
        if 0 < place < ticks.size:
            before, after = values[place - 1], values[place]
            found[clock.grid.index(move.since)] = float(before + move.done * (after - before))
    return found


def _damped(path: Array, raw: Array, ticks: NDArray[np.int64], prices: Array, late: Iterable[int]) -> Array:
    """Return the path with every stretch that ends at a late move following VIX by one lower beta."""
    result = path.copy()
    for end in late:
        place = int(np.searchsorted(ticks, end))
        start = int(ticks[place - 1])
        moved = raw[end] - raw[start]
        if moved:
            share = (prices[place] - prices[place - 1]) / moved
            result[start : end + 1] = prices[place - 1] + share * (raw[start : end + 1] - raw[start])
    return result
