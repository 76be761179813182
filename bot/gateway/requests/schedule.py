"""Answer when a contract traded: the sessions of a span of days, as history of the kind SCHEDULE."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.gateway.messages import outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, Market
from bot.gateway.requests.client import Client
from bot.gateway.requests.lookup import invalid
from bot.gateway.requests.spans import DAY, Duration

SCHEDULE = "SCHEDULE"
SCHEDULE_SINCE = 165  # the first protocol version in which a client can read one


def tell_schedule(
    client: Client, market: Market, request_id: int, contract: Contract, length: Duration, end: datetime, *, rth: bool
) -> None:
    """Send the sessions that began in the days before `end`, oldest first, in the contract's own time.

    Raises `RequestProblem` 321 for a span of less than a day.
    """
    if length.unit == "S":
        raise invalid("a schedule is asked for in days, weeks, months or years")
    zone = market.zone(contract.con_id)
    last = end.astimezone(ZoneInfo(zone)).date()
    # A day of trading is one of about 7 in 5, holidays apart.
    days = length.count * 7 // 5 + 10 if length.unit == "D" else length.seconds // DAY
    hours = market.hours(contract.con_id, last - timedelta(days=days), days + 1)[1 if rth else 0]
    rows = [row for part in hours.split(";") if (row := _row(part)) is not None]
    if length.unit == "D":
        kept = sorted({row["refDate"] for row in rows})[-length.count :]
        rows = [row for row in rows if row["refDate"] in kept]
    client.send(
        outbound.HISTORICAL_SCHEDULE,
        reqId=request_id,
        start=rows[0]["start"] if rows else "",
        end=rows[-1]["end"] if rows else "",
        timeZone=zone,
        sessions=rows,
    )


def _row(part: str) -> Values | None:
    """Return one session of an hours string (`20180204:1700-20180205:1515`); `None` for a day of rest."""
    opening, dash, closing = part.partition("-")
    if not dash:
        return None
    return {"start": _instant(opening), "end": _instant(closing), "refDate": closing.partition(":")[0]}


def _instant(text: str) -> str:
    day, _, clock = text.partition(":")
    return f"{day}-{clock[:2]}:{clock[2:]}:00"
