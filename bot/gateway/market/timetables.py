"""Write hours as IB does and say whether a contract trades at an instant."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.gateway.market.sessions import NEW_YORK, Hours, Span, Timetable
from bot.gateway.records import Contract


@lru_cache(maxsize=256)  # many options ask for the same days
def ib_hours(timetable: Timetable, hours: Hours, zone: str, first: date, days: int) -> tuple[str, str]:
    """Return tradingHours and liquidHours: `20180205:0830-20180205:1515;20180210:CLOSED`, keyed by trade date."""
    trading, liquid = [], []
    for ahead in range(days):
        day = first + timedelta(days=ahead)
        spans = timetable.spans(hours, day)
        trading.append(_written(day, _joined(spans), zone))
        liquid.append(_written(day, tuple(span for span in spans if span.regular), zone))
    return ";".join(trading), ";".join(liquid)


def _joined(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the spans with those that touch each other made one."""
    joined: list[Span] = []
    for span in spans:
        touches = bool(joined) and joined[-1].closes == span.opens
        opens = joined.pop().opens if touches else span.opens
        joined.append(Span(day=span.day, opens=opens, closes=span.closes, regular=span.regular and not touches))
    return tuple(joined)


def _written(day: date, spans: tuple[Span, ...], zone: str) -> str:
    if not spans:
        return f"{day:%Y%m%d}:CLOSED"
    local = ZoneInfo(zone)
    return ";".join(
        f"{span.opens.astimezone(local):%Y%m%d:%H%M}-{span.closes.astimezone(local):%Y%m%d:%H%M}" for span in spans
    )


def is_open(timetable: Timetable, hours: Hours, at: datetime, *, rth: bool) -> bool:
    """Say whether these hours hold at `at`; the instant of the close is closed."""
    today = at.astimezone(NEW_YORK).date()
    return any(
        span.opens <= at < span.closes and (span.regular or not rth)
        for day in (today, timetable.after(today))
        for span in timetable.spans(hours, day)
    )


def trades_still(contract: Contract, at: datetime, timetable: Timetable) -> bool:
    """Say whether a contract has not reached its last trade: 09:00 New York for VX, else the last close."""
    if contract.settles_at is None:
        return True
    if contract.sec_type == "FUT":
        return at < contract.settles_at - timedelta(minutes=30)
    if contract.trading_class == "SPXW":
        return at < contract.settles_at
    last = date(int(contract.expiry[:4]), int(contract.expiry[4:6]), int(contract.expiry[6:]))
    return at < timetable.close(Hours.OPTION, last)
