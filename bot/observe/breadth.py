"""Join advancers and decliners, and know how far they usually part at a time of day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from bot.observe.market import bars_of
from bot.observe.series import Series
from bot.observe.statistics import breadth_stdev
from strategies.alvh.records import Bar, BreadthBar


class BreadthHistory:
    """Hold the joined bars of the last 21 sessions; they and their statistic change only when a bar has closed."""

    def __init__(self) -> None:
        self._sides: tuple[tuple[Bar, ...], tuple[Bar, ...]] = ((), ())
        self._stdev: tuple[tuple[datetime, date], float | None] | None = None
        self.bars: tuple[BreadthBar, ...] = ()

    def join(self, series: Mapping[str, Series]) -> None:
        """Take the bid history (advancers) and the ask history (decliners) where both have a bar."""
        advancers, decliners = bars_of(series, "BID"), bars_of(series, "ASK")
        if advancers is self._sides[0] and decliners is self._sides[1]:
            return
        closes = {bar.end: bar.close for bar in decliners}
        self.bars = tuple(
            BreadthBar(end=bar.end, advancers=bar.close, decliners=closes[bar.end])
            for bar in advancers
            if bar.end in closes
        )
        self._sides, self._stdev = (advancers, decliners), None

    def stdev(self, at: datetime, today: date) -> float | None:
        """Return the standard deviation of breadth at this time of day; `None` with too little history."""
        if self._stdev is None or self._stdev[0] != (at, today):
            self._stdev = ((at, today), breadth_stdev(self.bars, at, today))
        return self._stdev[1]
