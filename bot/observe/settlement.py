"""Say when an option really settles."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache

from bot import session
from bot.errors import UsageProblem

MORNING = time(9, 30)
MORNING_CLASSES = frozenset({"SPX", "VIX", "VIXW"})


@lru_cache(maxsize=1024)
def settles_at(trading_class: str, expires_on: date) -> datetime | None:
    """Return the settlement instant of an SPX or VIX option whose last trading day is `expires_on`.

    Morning-settled classes (SPX monthlies, VIX options) stop trading the day before and settle at 09:30 New York time
    on the next trading day; the others settle at the close, which is 13:00 on a half day. `None` for a day without a
    session, or one that the calendar does not know.
    """
    try:
        if trading_class in MORNING_CLASSES:
            morning = session.next_session(expires_on)
            return datetime.combine(morning, MORNING, session.NEW_YORK).astimezone(UTC)
        hours = session.hours_on(expires_on)
    except UsageProblem:
        return None
    return None if hours is None else hours.closes_at
