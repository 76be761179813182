"""Compare the advance/decline line with SPX: the index may mask weakness, or everything falls together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from strategies.alvh.indicators import BAR, closed_bars
from strategies.alvh.policy import Policy
from strategies.alvh.readiness import number
from strategies.alvh.records import BreadthBar, MarketView

SESSION_MINUTES = 390.0
TRADING_DAYS = 252.0
ISSUES_MIN, ISSUES_MAX = 1500.0, 3500.0
UNCHANGED_MAX_S = 120.0
CLIP = 4.0
SLOPE_BARS = 6
SLOPE_SPX_PCT = -0.10
SLOPE_BREADTH = -0.15
BREAKDOWN_EDR = -0.5
MIN_DAILY_PCT = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class BreadthReading:
    """Hold what one pair of closed bars says: b = (adv - dec) / (adv + dec), SPX in percent, z_b - z_r."""

    level: float
    spx_pct: float
    gap: float


def edr_pct(view: MarketView, policy: Policy) -> float | None:
    """Return the expected daily range of SPX in percent, half implied and half realised (method note, 3.0)."""
    vix9d, realised = number(view.vix9d.last), number(view.hv20_pct)
    if vix9d is None or realised is None:
        return None
    daily = 0.5 * (vix9d + realised) / sqrt(TRADING_DAYS)
    return policy.signals.edr_multiplier * daily if daily > MIN_DAILY_PCT else None


def spx_return_pct(view: MarketView, price: float | None = None) -> float | None:
    """Return the move of SPX from the previous close in percent, at `price` or at the last value."""
    last, previous = number(view.spx.last if price is None else price), number(view.spx.prev_close)
    if last is None or last <= 0.0 or previous is None or previous <= 0.0:
        return None
    return 100.0 * (last / previous - 1.0)


def breadth_level(bar: BreadthBar) -> float | None:
    """Return (advancers - decliners) / (advancers + decliners); `None` when the counts cannot be the NYSE's."""
    up, down = number(bar.advancers), number(bar.decliners)
    if up is None or down is None or up < 0.0 or down < 0.0 or not ISSUES_MIN <= up + down <= ISSUES_MAX:
        return None
    return (up - down) / (up + down)


def breadth_fault(view: MarketView, policy: Policy) -> str:
    """Say why breadth cannot be used now; an empty text means that it can."""
    now, breadth = view.now, view.breadth
    age_s, unchanged_s = number(breadth.age_s), number(breadth.unchanged_s)
    if now < view.session.opens_at + timedelta(minutes=policy.filter.not_before_minutes):
        return "the first minutes after the open are not judged"
    if age_s is None or age_s > policy.freshness.breadth_s:
        return "advance/decline count is missing or stale"
    if unchanged_s is None or unchanged_s > UNCHANGED_MAX_S:
        return f"advance/decline count has not moved for {UNCHANGED_MAX_S:.0f} s"
    return ""


def breadth_readings(view: MarketView, policy: Policy) -> tuple[BreadthReading, ...]:
    """Return the readings of the last closed bars of this session, oldest first, at most seven.

    Bars are matched by their end and must follow each other without a gap; the first missing one ends the series. The
    first bar of the session already counts: sigma grows with the root of the minutes since the open, never zero.
    """
    expected = edr_pct(view, policy)
    ends = {bar.end: bar.close for bar in closed_bars(view.spx_bars[-SLOPE_BARS - 3 :], view.now)}
    found: list[BreadthReading] = []
    wanted: datetime | None = None
    for bar in reversed(view.breadth_bars[-SLOPE_BARS - 3 :]):
        if bar.end > view.now or expected is None:
            continue
        stale = wanted is None and view.now - bar.end >= 2 * BAR
        if stale or (wanted is not None and bar.end != wanted) or bar.end <= view.session.opens_at:
            break
        reading = _reading(view, bar, ends.get(bar.end), expected, policy)
        if reading is None:
            break
        found.append(reading)
        wanted = bar.end - BAR
    return tuple(reversed(found[: SLOPE_BARS + 1]))


def divergent(readings: tuple[BreadthReading, ...], policy: Policy) -> bool:
    """Say whether breadth is much weaker than SPX on two closed bars, or slid for half an hour under a calm one."""
    signals = policy.signals
    weak = [r.gap <= signals.breadth_divergence and r.level <= signals.breadth_level for r in readings[-2:]]
    if len(weak) == 2 and all(weak):
        return True
    if len(readings) <= SLOPE_BARS:
        return False
    first, last = readings[-SLOPE_BARS - 1], readings[-1]
    return last.spx_pct - first.spx_pct >= SLOPE_SPX_PCT and last.level - first.level <= SLOPE_BREADTH


def broken_down(readings: tuple[BreadthReading, ...], view: MarketView, policy: Policy) -> bool:
    """Say whether breadth and index fall together on the last closed bar: the coincident form of the signal."""
    expected = edr_pct(view, policy)
    return expected is not None and any(
        last.level <= policy.signals.breadth_breakdown and last.spx_pct <= BREAKDOWN_EDR * expected
        for last in readings[-1:]
    )


def _reading(
    view: MarketView, bar: BreadthBar, close: float | None, expected: float, policy: Policy
) -> BreadthReading | None:
    level = breadth_level(bar)
    spx = spx_return_pct(view, close) if close is not None else None
    if level is None or spx is None:
        return None
    minutes = (bar.end - view.session.opens_at).total_seconds() / 60.0
    sigma = expected * sqrt(min(minutes, SESSION_MINUTES) / SESSION_MINUTES)
    deviation = number(view.breadth_stdev)
    scale = deviation if deviation is not None and deviation > 0.0 else policy.signals.breadth_stdev_fallback
    return BreadthReading(level=level, spx_pct=spx, gap=_clip(level / scale) - _clip(spx / sigma))


def _clip(value: float) -> float:
    return max(-CLIP, min(CLIP, value))
