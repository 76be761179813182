"""Join advancers and decliners, and know how far they usually part at a time of day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from bot.observe.market import bars_of
from bot.observe.series import Series
from bot.observe.statistics import breadth_stdev
from strategies.alvh.records import Bar, BreadthBar

LATEST = 90
LATE = 6  # bars at the end that history may still correct


class BreadthHistory:
    """Hold the joined bars of the last 21 sessions, and the `latest` of them that a view shows.

    They and their statistic change only when a bar has closed.
    """

    def __init__(self) -> None:
        self._sides: tuple[tuple[Bar, ...], tuple[Bar, ...]] = ((), ())
        self._stdev: tuple[tuple[datetime, date], float | None] | None = None
        self.bars: tuple[BreadthBar, ...] = ()
        self.latest: tuple[BreadthBar, ...] = ()

    def join(self, series: Mapping[str, Series]) -> None:
        """Take the bid history (advancers) and the ask history (decliners) where both have a bar."""
        advancers, decliners = bars_of(series, "BID"), bars_of(series, "ASK")
        if advancers is self._sides[0] and decliners is self._sides[1]:
            return
        kept = self._unchanged(advancers, decliners)
        falling = {bar.end: bar.close for bar in decliners[len(kept) :]}
        fresh = (
            BreadthBar(end=bar.end, advancers=bar.close, decliners=falling[bar.end])
            for bar in advancers[len(kept) :]
            if bar.end in falling
        )
        self.bars = (*kept, *fresh)
        self.latest = self.bars[-LATEST:]
        self._sides, self._stdev = (advancers, decliners), None

    def _unchanged(self, advancers: tuple[Bar, ...], decliners: tuple[Bar, ...]) -> tuple[BreadthBar, ...]:
        """Return the joined bars that stay: of a month of them only the last few change when a bar has closed.

        Nothing is said to stay unless every bar of either side had its counterpart.
        """
        ups, downs = self._sides
        if not advancers or not len(ups) == len(downs) == len(self.bars) or advancers[0] not in ups:
            return ()
        gone = ups.index(advancers[0])
        count = max(0, len(ups) - gone - LATE)
        is_same = advancers[:count] == ups[gone : gone + count] and decliners[:count] == downs[gone : gone + count]
        return self.bars[gone : gone + count] if is_same else ()

    def stdev(self, at: datetime, today: date) -> float | None:
        """Return the standard deviation of breadth at this time of day; `None` with too little history."""
        if self._stdev is None or self._stdev[0] != (at, today):
            self._stdev = ((at, today), breadth_stdev(self.bars, at, today))
        return self._stdev[1]
