"""Decide whether an order may trade now, and when it next may."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.gateway.exchange.orders import WorkingOrder
from bot.gateway.records import Contract, ErrorReport, Market, OrderRequest

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


def waiting_notice(market: Market, order: WorkingOrder) -> ErrorReport:
    """Return IB's notice 399 for an order placed outside its hours."""
    request, contract = order.request, order.legs[0].contract
    until = next_open(market, contract, rth=regular_only(request, contract)) or "the next session"
    name = contract.local_symbol or contract.symbol
    text = (
        f"Order Message:\n{request.action} {request.quantity:g} {name}\n"
        f"Warning: Your order will not be placed at the exchange until {until}."
    )
    return ErrorReport(client_id=request.client_id, order_id=request.order_id, code=399, text=text)


def has_expired(order: WorkingOrder, now: datetime, *, is_open: bool) -> bool:
    """Say whether an order's time is over: a DAY order's once the session it worked in has closed."""
    request = order.request
    if request.tif == "GTD" and request.good_till is not None and request.good_till <= now:
        return True
    ends = [leg.contract.settles_at for leg in order.legs]
    if any(end is not None and end <= now for end in ends):
        return True
    return request.tif == "DAY" and order.worked and not is_open


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
