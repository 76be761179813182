"""Reduce history to the few statistics that the view carries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from math import log, sqrt
from statistics import median, stdev
from zoneinfo import ZoneInfo

from strategies.alvh.records import Bar, BreadthBar

NEW_YORK = ZoneInfo("America/New_York")
SESSIONS = 20
FEWEST_SESSIONS = 10
FEWEST_SPREADS = 5
TRADING_DAYS = 252


def hv20_pct(closes: Sequence[float]) -> float | None:
    """Return the annualised standard deviation of the last 20 daily log returns in percent; `None` under 21 closes."""
    last = closes[-(SESSIONS + 1) :]
    if len(last) <= SESSIONS or min(last) <= 0.0:
        return None
    returns = [log(after / before) for before, after in pairwise(last)]
    return 100.0 * stdev(returns) * sqrt(TRADING_DAYS)


def breadth_stdev(bars: Iterable[BreadthBar], at: datetime, today: date) -> float | None:
    """Return the standard deviation of (adv-dec)/(adv+dec) at this time of day over the 20 sessions before `today`.

    `at` is the end of the bar that is asked about. `None` with fewer than ten sessions.
    """
    wanted = at.astimezone(NEW_YORK).time()
    found: dict[date, float] = {}
    for bar in bars:
        if bar.end.minute != at.minute:  # New York is whole hours from UTC
            continue
        local = bar.end.astimezone(NEW_YORK)
        total = bar.advancers + bar.decliners
        if local.time() == wanted and local.date() < today and total > 0.0:
            found[local.date()] = (bar.advancers - bar.decliners) / total
    values = [found[day] for day in sorted(found)[-SESSIONS:]]
    return stdev(values) if len(values) >= FEWEST_SESSIONS else None


def spread_median(bids: Iterable[Bar], asks: Iterable[Bar], at: datetime, today: date) -> float | None:
    """Return the median relative spread at this time of day over the last 20 sessions before `today`.

    `bids` and `asks` are half-hour bars of one option; the closes of the bar that holds the time of day of `at` count.
    `None` with fewer than five sessions.
    """
    return spread_medians(bids, asks, today).get(half_hour(at))


def spread_medians(bids: Iterable[Bar], asks: Iterable[Bar], today: date) -> dict[int, float]:
    """Return what `spread_median` gives, by half hour of the day (0 to 47), where it gives anything."""
    offered = {bar.end: bar.close for bar in asks}
    found: dict[int, dict[date, float]] = {}
    for bar in bids:
        local, ask = bar.end.astimezone(NEW_YORK), offered.get(bar.end)
        if ask is None or local.date() >= today:
            continue
        if bar.close + ask > 0.0 and bar.close <= ask:
            spread = 2.0 * (ask - bar.close) / (ask + bar.close)
            found.setdefault(half_hour(local) - 1, {})[local.date()] = spread
    enough = {when: days for when, days in found.items() if len(days) >= FEWEST_SPREADS}
    return {when: median([days[day] for day in sorted(days)[-SESSIONS:]]) for when, days in enough.items()}


def half_hour(at: datetime) -> int:
    """Return the half hour of the New York day in which an instant lies, 0 to 47."""
    local = at.astimezone(NEW_YORK)
    return local.hour * 2 + local.minute // 30
