"""The observer asks once for the daily bars of VIX and of the listed VX months, and goes without what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from bot.broker.port import Instrument, Reader
from bot.errors import Retry
from bot.observe.betas import fit_beta
from bot.observe.instruments import Universe
from bot.observe.spreads import Pace
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import Bar, BetaFit
from strategies.alvh.sizing import beta

DAY = date(2018, 3, 1)
NOW = datetime(2018, 3, 1, 15, 0, tzinfo=UTC)
SETTLES = date(2018, 3, 21)
SIZING = SizingPolicy()


def instrument(con_id: int, name: str, settles_on: date | None = None) -> Instrument:
    return Instrument(
        con_id=con_id,
        symbol=name,
        sec_type="FUT" if settles_on else "IND",
        trading_class=name,
        exchange="CFE",
        currency="USD",
        multiplier=1000,
        tick=Decimal("0.05"),
        expires_on=settles_on,
    )


class DailyBars:
    """Give daily bars in which VX moves 0.9 times its beta with VIX; count the requests."""

    def __init__(self, missing: Sequence[int] = ()) -> None:
        self.asked: list[int] = []
        self._missing = missing

    async def bars(self, row: Instrument, *, minutes: int, count: int, **_: Any) -> tuple[Bar, ...]:
        self.asked.append(row.con_id)
        assert (minutes, count) == (1440, 253)
        if row.con_id in self._missing:
            raise Retry("no data for this contract")
        days = [DAY - timedelta(days=n) for n in range(50, -1, -1)]
        vix = [20.0 + (n % 7) * 0.5 - (n % 3) for n in range(len(days))]
        closes = list(vix)
        if row.expires_on is not None:
            closes = [20.0]
            for n, day in enumerate(days[1:], 1):
                closes.append(closes[-1] + 0.9 * beta((row.expires_on - day).days, SIZING) * (vix[n] - vix[n - 1]))
        ends = [datetime.combine(day, time(21, 0), UTC) for day in days]
        return tuple(Bar(end=end, open=c, high=c, low=c, close=c) for end, c in zip(ends, closes, strict=True))


VIX, VX, VXM, FAR = (
    instrument(1, "VIX"),
    instrument(2, "VX", SETTLES),
    instrument(3, "VXM", SETTLES),
    instrument(4, "VX", date(2018, 5, 16)),
)


def fitted(broker: DailyBars, sizing: SizingPolicy = SIZING) -> BetaFit | None:
    universe = Universe(indices={"VIX": VIX}, futures=(VX, VXM, FAR), faults=())
    return asyncio.run(fit_beta(cast(Reader, broker), Pace(), universe, DAY, NOW, sizing))


def test_near_vx_months_are_asked_for_once_and_today_does_not_count() -> None:
    broker = DailyBars()
    fit = fitted(broker)
    assert broker.asked == [1, 2]  # no minis, and no month that was never near enough
    assert fit is not None
    assert abs(fit.k - 0.9) < 1e-9
    assert fit.last == date(2018, 2, 28)


def test_without_vix_or_vx_there_is_no_estimate() -> None:
    assert fitted(DailyBars(missing=[1])) is None
    assert fitted(DailyBars(missing=[2])) is None


def test_switched_off_it_asks_for_nothing() -> None:
    broker = DailyBars()
    assert fitted(broker, SizingPolicy(beta_refit=False)) is None
    assert broker.asked == []
