"""Join daily bars to those of calendar weeks and months, dated by their last day of trading as TWS dates them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from bot.gateway.records import HistoryBar
from bot.gateway.requests.spans import DAY, WEEK


def joined(bars: Sequence[HistoryBar], step_s: int) -> Sequence[HistoryBar]:
    """Return the bars of `step_s`, which are the daily ones as they are, or those of weeks or of months."""
    if step_s <= DAY:
        return bars
    return [_one(list(group)) for _, group in groupby(bars, lambda bar: _span(bar.start.date(), step_s))]


def _span(day: date, step_s: int) -> tuple[int, int]:
    week = day.isocalendar()
    return (week.year, week.week) if step_s == WEEK else (day.year, day.month)


def _one(days: Sequence[HistoryBar]) -> HistoryBar:
    volume = sum(day.volume for day in days)
    weights = [day.volume if volume else 1.0 for day in days]
    return HistoryBar(
        start=days[-1].start,
        open=days[0].open,
        high=max(day.high for day in days),
        low=min(day.low for day in days),
        close=days[-1].close,
        volume=volume,
        wap=round(sum(day.wap * weight for day, weight in zip(days, weights, strict=True)) / sum(weights), 6),
        count=sum(day.count for day in days),
    )
