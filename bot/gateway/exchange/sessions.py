"""Decide whether an order may trade now, and when it next may."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.gateway.exchange.orders import WorkingOrder
from bot.gateway.records import Contract, Market, OrderRequest

NEW_YORK = ZoneInfo("America/New_York")
_LOOK_AHEAD_DAYS = 8


def regular_only(request: OrderRequest, contract: Contract) -> bool:
    """Say whether an order works in regular hours alone: by its flag, or as CFE takes market orders only then."""
    market_like = request.order_type in ("MKT", "STP")
    return not request.outside_rth or (market_like and contract.exchange == "CFE")


def may_trade(market: Market, order: WorkingOrder) -> bool:
    """Say whether every leg's session lets the order trade now."""
    return all(market.is_open(leg.contract.con_id, rth=regular_only(order.request, leg.contract)) for leg in order.legs)


def trading_day(at: datetime) -> date:
    """Return the New York calendar day, by which the account's day is counted."""
    return at.astimezone(NEW_YORK).date()


def next_open(market: Market, contract: Contract, *, rth: bool) -> str:
    """Return when the contract next opens as IB writes it (`20180205 09:30:00 US/Eastern`), or nothing."""
    zone = market.zone(contract.con_id)
    here = market.now.astimezone(ZoneInfo(zone))
    trading, liquid = market.hours(contract.con_id, here.date(), _LOOK_AHEAD_DAYS)
    for opening in sorted(_openings(liquid if rth else trading)):
        if opening > here.replace(tzinfo=None):
            return f"{opening:%Y%m%d %H:%M:%S} {zone}"
    return ""


def _openings(hours: str) -> list[datetime]:
    """Return the opening times in an hours string (`20261122:1700-20261123:1600;20261125:CLOSED`), zone left out."""
    found = []
    for part in hours.split(";"):
        opening = part.partition("-")[0]
        day, _, minute = opening.partition(":")
        if len(day) == len("YYYYMMDD") and minute.isdigit():
            start = date(int(day[:4]), int(day[4:6]), int(day[6:]))
            midnight = datetime.combine(start, datetime.min.time())
            found.append(midnight + timedelta(hours=int(minute[:2]), minutes=int(minute[2:])))
    return found
