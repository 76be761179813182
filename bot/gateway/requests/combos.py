"""Read a combination from a request, and quote it from its legs."""

from __future__ import annotations

from collections.abc import Iterable

from bot.gateway.errors import RequestProblem
from bot.gateway.messages.values import Values
from bot.gateway.records import ComboLeg, Contract, Market, Quote
from bot.gateway.requests.lookup import UNKNOWN_CONTRACT, invalid

BAG = "BAG"


def combo_legs(market: Market, values: Values) -> tuple[ComboLeg, ...]:
    """Return the legs of a request for a combination; none for any other contract.

    Raises `RequestProblem` when a leg is unknown or cannot be read.
    """
    if values["secType"] != BAG:
        return ()
    legs = tuple(_leg(record) for record in values["legs"])
    if not legs:
        raise invalid("Please enter combo legs")
    if any(market.contract(leg.con_id) is None for leg in legs):
        raise RequestProblem(200, UNKNOWN_CONTRACT)
    return legs


def _leg(record: Values) -> ComboLeg:
    ratio, action = record["ratio"] or 0, record["action"].upper()
    if action not in ("BUY", "SELL") or ratio < 1:
        raise invalid(f"Invalid combo leg: {record['action']} x {record['ratio']}")
    return ComboLeg(con_id=record["conId"] or 0, ratio=ratio, action=action, exchange=record["exchange"])


def combo_contract(market: Market, values: Values, legs: tuple[ComboLeg, ...]) -> Contract:
    """Return a combination as a contract without an id."""
    ticks = [contract.min_tick for leg in legs if (contract := market.contract(leg.con_id))]
    return Contract(
        con_id=0,
        symbol=values["symbol"],
        sec_type=BAG,
        exchange=values["exchange"],
        currency=values["currency"] or "USD",
        min_tick=min(ticks),
    )


def combo_quote(market: Market, legs: Iterable[ComboLeg]) -> Quote:
    """Return the implied market of a combination; a side is missing when a leg it needs is."""
    bids: list[tuple[float | None, float | None, ComboLeg]] = []
    asks: list[tuple[float | None, float | None, ComboLeg]] = []
    for leg in legs:
        quote = market.quote(leg.con_id)
        near, far = (quote.bid, quote.bid_size), (quote.ask, quote.ask_size)
        if leg.action == "SELL":
            near, far = far, near
        bids.append((*near, leg))
        asks.append((*far, leg))
    bid, bid_size = _side(bids)
    ask, ask_size = _side(asks)
    return Quote(bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)


def _side(parts: list[tuple[float | None, float | None, ComboLeg]]) -> tuple[float | None, float | None]:
    price, size = 0.0, float("inf")
    for leg_price, leg_size, leg in parts:
        if leg_price is None:
            return None, None
        price += leg_price * leg.ratio * (1 if leg.action == "BUY" else -1)
        size = min(size, (leg_size or 0.0) // leg.ratio)
    return round(price, 10), size
