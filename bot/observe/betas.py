"""Ask once a session for the daily settlements that the beta of VX is re-estimated from."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.broker.port import Instrument, Reader
from bot.errors import Refuse, Retry
from bot.observe.instruments import Universe
from bot.observe.spreads import Pace
from strategies.alvh.beta_fit import DTE_MAX, SESSIONS, estimate
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import BetaFit

NEW_YORK = ZoneInfo("America/New_York")
DAY_MINUTES = 1440


async def fit_beta(
    broker: Reader, pace: Pace, universe: Universe, day: date, now: datetime, sizing: SizingPolicy
) -> BetaFit | None:
    """Return the estimate from the listed VX months near enough to have counted, or `None` where nothing is known.

    The broker keeps no daily settlements as such: the closes of its daily bars stand for them. Months that have settled
    are not listed, so a year of sessions gives a few dozen observations. A series that the broker does not give is
    left out, and nothing is asked again before the next session.
    """
    vix = universe.indices.get("VIX")
    months = [
        row
        for row in universe.futures
        if row.trading_class == "VX" and row.expires_on is not None and (row.expires_on - day).days <= DTE_MAX
    ]
    if vix is None or not sizing.beta_refit:
        return None
    level = await _closes(broker, pace, vix, day, now)
    if not level:
        return None
    settlements = {
        row.expires_on: await _closes(broker, pace, row, day, now) for row in months if row.expires_on is not None
    }
    return estimate(settlements, level, sizing)


async def _closes(broker: Reader, pace: Pace, row: Instrument, day: date, now: datetime) -> dict[date, float]:
    """Return the closes of the sessions before `day`."""
    pace.count(now)
    try:
        bars = await broker.bars(row, what="TRADES", minutes=DAY_MINUTES, count=SESSIONS + 1, end=now, rth=True)
    except (Retry, Refuse):
        return {}
    closes = {bar.end.astimezone(NEW_YORK).date(): bar.close for bar in bars}
    return {on: close for on, close in closes.items() if on < day}
