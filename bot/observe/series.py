"""Keep closed five-minute bars of one instrument: from history, and from samples where history has a hole."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from bot.broker.port import Instrument, Reader
from bot.errors import Refuse, Retry
from strategies.alvh.records import Bar

STEP = timedelta(minutes=5)
MINUTES = 5
TOP_UP = 48
FEWEST_SAMPLES = 3


class Series:
    """Hold the closed `bars` of one instrument, oldest first, at most `keep` of them; the tuple changes only with them.

    History is asked for at most once per closed bar. It wins over samples: these depend on when the bot woke up.
    """

    def __init__(self, instrument: Instrument, *, what: str, rth: bool, keep: int) -> None:
        self.instrument = instrument
        self.fault = ""
        self._what, self._rth, self._keep = what, rth, keep
        self._bars: dict[datetime, Bar] = {}
        self.bars: tuple[Bar, ...] = ()
        self._asked_for: datetime | None = None
        self._answered: datetime | None = None  # the mark up to which history was last given
        self._samples: list[tuple[datetime, float]] = []

    def sample(self, at: datetime, price: float | None) -> None:
        """Remember one price for a bar that history may not give; on an edge it belongs to the bar that ends."""
        if price is not None:
            self._samples.append((at, price))

    def is_due(self, now: datetime) -> bool:
        """Say whether a bar has closed since history was last asked for."""
        return self._asked_for != floor(now)

    async def refresh(self, broker: Reader, now: datetime) -> None:
        """Bring the bars up to the last five-minute mark; a broker that does not answer leaves a fault in words."""
        if not self.is_due(now):
            return
        mark = self._asked_for = floor(now)
        try:
            found = await broker.bars(
                self.instrument, what=self._what, minutes=MINUTES, count=self._missing(mark), end=mark, rth=self._rth
            )
            self.fault, self._answered = "", mark
        except (Retry, Refuse) as problem:
            found = ()
            self.fault = str(problem)
        self._merge(tuple(found), mark)

    def _missing(self, mark: datetime) -> int:
        """Return how many bars may have closed since the last one, or since history was last given, with one more."""
        if not self._bars:
            return self._keep
        missing = (mark - next(reversed(self._bars))) // STEP + 1
        if missing > TOP_UP and self._answered is not None:
            after_answer = (mark - self._answered) // STEP + 1
            missing = after_answer if after_answer <= TOP_UP else missing  # nothing came: the market was closed
        return min(missing, self._keep)

    def _merge(self, found: tuple[Bar, ...], mark: datetime) -> None:
        fresh = {end: bar for end, bar in self._sampled(mark).items() if end not in self._bars}
        fresh |= {bar.end: bar for bar in found if self._bars.get(bar.end) != bar}
        if fresh:
            self._take(fresh)
        self._samples = [(at, price) for at, price in self._samples if at > mark]

    def _take(self, fresh: dict[datetime, Bar]) -> None:
        """Add bars that are new or were corrected; only one that is older than the last disturbs the order."""
        added = [end for end in fresh if end not in self._bars]
        in_order = not self._bars or not added or min(added) > next(reversed(self._bars))
        self._bars |= {end: fresh[end] for end in sorted(fresh)}
        if not in_order:
            self._bars = {end: self._bars[end] for end in sorted(self._bars)}
        for end in list(islice(self._bars, max(0, len(self._bars) - self._keep))):
            del self._bars[end]
        self.bars = tuple(self._bars.values())

    def _sampled(self, mark: datetime) -> dict[datetime, Bar]:
        buckets: dict[datetime, list[float]] = {}
        for at, price in self._samples:
            end = floor(at) if at == floor(at) else floor(at) + STEP
            if end <= mark:
                buckets.setdefault(end, []).append(price)
        return {
            end: Bar(end=end, open=prices[0], high=max(prices), low=min(prices), close=prices[-1])
            for end, prices in buckets.items()
            if len(prices) >= FEWEST_SAMPLES
        }


def floor(at: datetime) -> datetime:
    """Return the last five-minute mark at or before an instant."""
    return at - timedelta(minutes=at.minute % MINUTES, seconds=at.second, microseconds=at.microsecond)
