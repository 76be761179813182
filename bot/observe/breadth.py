"""Join advancers and decliners, and know how far they usually part at a time of day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from bot.observe.market import bars_of
from bot.observe.series import Series
from bot.observe.statistics import breadth_stdev
from strategies.alvh.records import Bar, BreadthBar

LATEST = 90


class BreadthHistory:
    """Hold the joined bars of the last 21 sessions, and the `latest` of them that a view shows.

    They and their statistic change only when a bar has closed.
    """

    def __init__(self) -> None:
        self._sides: tuple[tuple[Bar, ...], tuple[Bar, ...]] = ((), ())
        self._joined: dict[datetime, tuple[Bar, Bar, BreadthBar]] = {}
        self._stdev: tuple[tuple[datetime, date], float | None] | None = None
        self.bars: tuple[BreadthBar, ...] = ()
        self.latest: tuple[BreadthBar, ...] = ()

    def join(self, series: Mapping[str, Series]) -> None:
        """Take the bid history (advancers) and the ask history (decliners) where both have a bar."""
        advancers, decliners = bars_of(series, "BID"), bars_of(series, "ASK")
        if advancers is self._sides[0] and decliners is self._sides[1]:
            return
        falling = {bar.end: bar for bar in decliners}
        pairs = ((up, falling[up.end]) for up in advancers if up.end in falling)
        self._joined = {up.end: self._pair(up, down) for up, down in pairs}
        self.bars = tuple(joined for _, _, joined in self._joined.values())
        self.latest = self.bars[-LATEST:]
        self._sides, self._stdev = (advancers, decliners), None

    def _pair(self, up: Bar, down: Bar) -> tuple[Bar, Bar, BreadthBar]:
        """Return the two with what they make; a month of bars is joined every five minutes and nearly all stay."""
        known = self._joined.get(up.end)
        if known is not None and known[0] is up and known[1] is down:
            return known
        return up, down, BreadthBar(end=up.end, advancers=up.close, decliners=down.close)

    def stdev(self, at: datetime, today: date) -> float | None:
        """Return the standard deviation of breadth at this time of day; `None` with too little history."""
        if self._stdev is None or self._stdev[0] != (at, today):
            self._stdev = ((at, today), breadth_stdev(self.bars, at, today))
        return self._stdev[1]
