"""Learn how wide each held option usually trades at this time of day, within IB's pacing of history requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from bot.broker.port import Instrument, Reader
from bot.errors import Refuse, Retry
from bot.observe.statistics import SESSIONS, half_hour, spread_medians
from strategies.alvh.records import Bar

MINUTES = 30
HALF_HOUR = timedelta(minutes=MINUTES)
BARS = SESSIONS * 13 + 13
WINDOW = timedelta(minutes=10)
REQUESTS_A_WINDOW = 50  # IB allows 60 in ten minutes
PAUSE = timedelta(minutes=10)
SIDES = ("BID", "ASK")


class Pace:
    """Count history requests over ten minutes of the bot's clock."""

    def __init__(self) -> None:
        self._asked: list[datetime] = []

    def count(self, now: datetime) -> None:
        """Take note of one request."""
        self._asked = [at for at in self._asked if now - at < WINDOW]
        self._asked.append(now)

    def allows(self, now: datetime, requests: int) -> bool:
        """Say whether so many more requests stay well within IB's limit."""
        return sum(now - at < WINDOW for at in self._asked) + requests <= REQUESTS_A_WINDOW


class Spreads:
    """Hold half-hour bid and ask history of the held options, fetched once a session."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._day: date | None = None
        self._medians: dict[int, dict[int, float]] = {}  # by conId, then by half hour of the day
        self._bars: dict[tuple[int, str], tuple[Bar, ...]] = {}  # by conId and side, also of sessions before
        self._not_before: datetime | None = None

    async def fetch(
        self, broker: Reader, legs: Sequence[Instrument], now: datetime, today: date, most: int
    ) -> tuple[str, ...]:
        """Fetch what is missing for at most `most` options and return faults in words; a failure pauses it."""
        if self._day != today:
            self._day, self._medians, self._not_before = today, {}, None
            held = {leg.con_id for leg in legs}
            self._bars = {key: bars for key, bars in self._bars.items() if key[0] in held}
        if self._not_before is not None and now < self._not_before:
            return ()
        missing = [leg for leg in legs if leg.con_id not in self._medians]
        for leg in missing[:most]:
            if not self._pace.allows(now, len(SIDES)):
                return ()
            try:
                bids, asks = await self._sides(broker, leg, now)
                self._medians[leg.con_id] = spread_medians(bids, asks, today)
            except (Retry, Refuse) as problem:
                self._not_before = now + PAUSE
                return (f"spread history of {leg.local_symbol or leg.con_id}: {problem}",)
        return ()

    async def _sides(self, broker: Reader, leg: Instrument, now: datetime) -> tuple[tuple[Bar, ...], ...]:
        """Return bids and asks; of an option known from a session before only what came since is asked for."""
        for side in SIDES:
            self._pace.count(now)
            known = self._bars.get((leg.con_id, side), ())
            count = min(BARS, (now - known[-1].end) // HALF_HOUR + 2) if known else BARS
            found = await broker.bars(leg, what=side, minutes=MINUTES, count=count, end=now, rth=True)
            bars = {bar.end: bar for bar in (*known, *found)}
            self._bars[leg.con_id, side] = tuple(bars[end] for end in sorted(bars))[-BARS:]
        return tuple(self._bars[leg.con_id, side] for side in SIDES)

    def usual(self, now: datetime) -> dict[int, float]:
        """Return the usual relative spread at this time of day by con_id, of the options for which it is known."""
        slot = half_hour(now)
        return {con_id: medians[slot] for con_id, medians in self._medians.items() if slot in medians}
