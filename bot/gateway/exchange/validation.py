"""Refuse orders the way IB does: its codes, its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from bot.gateway.exchange.orders import Leg, WorkingOrder
from bot.gateway.exchange.ticks import combo_increment, conforms, increment
from bot.gateway.records import ErrorReport, Market, OrderRequest

PROTECTION = 0.10  # CFE limit order protection: how far through the market a limit may be
_TYPES = ("LMT", "MKT", "STP", "STP LMT")
_TIFS = ("DAY", "GTC", "IOC", "GTD")
_TRADABLE = ("FUT", "OPT")

WRONG_TICK = "The price does not conform to the minimum price variation for this contract."
NO_DEFINITION = "No security definition has been found for the request"
UNSUPPORTED = "Unsupported order type for this exchange and security type."
MISMATCH = "Order being modified does not match original order."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Hold why an order is not taken; `on_record` orders (code 201) are kept as Inactive."""

    code: int
    text: str

    @property
    def on_record(self) -> bool:
        """Say whether the order is known to the broker and ends as Inactive."""
        return self.code == 201

    def error(self, request: OrderRequest) -> ErrorReport:
        """Return the error to send to the order's client."""
        return ErrorReport(client_id=request.client_id, order_id=request.order_id, code=self.code, text=self.text)


def rejected(reason: str) -> Refusal:
    """Return IB's general rejection with a reason."""
    return Refusal(code=201, text=f"Order rejected - reason:{reason}")


def invalid(cause: str) -> Refusal:
    """Return IB's failed request validation with a cause."""
    return Refusal(code=321, text=f"Error validating request.-'bW' : cause - {cause}")


def resolve_legs(market: Market, request: OrderRequest) -> tuple[Leg, ...] | Refusal:
    """Return the contracts that an order trades, or why they are not known."""
    wanted = [(leg.con_id, leg.ratio, 1 if leg.action == "BUY" else -1) for leg in request.legs]
    legs = []
    for con_id, ratio, sign in wanted or [(request.con_id, 1, 1)]:
        contract = market.contract(con_id)
        if contract is None:
            return Refusal(code=200, text=NO_DEFINITION)
        legs.append(Leg(contract=contract, ratio=ratio, sign=sign))
    return tuple(legs)


def check(market: Market, accounts: Sequence[str], order: WorkingOrder) -> Refusal | None:
    """Return the first reason against an order, margin aside; `None` when there is none."""
    for rule in (_fields, _instrument, _prices, _combination, _session, _protection):
        refusal = rule(market, accounts, order)
        if refusal is not None:
            return refusal
    return None


def modification(order: WorkingOrder, request: OrderRequest) -> Refusal | None:
    """Return why `request` cannot replace the terms of the live `order`.

    It must keep contract, side, type and account, and leave something to fill.
    """
    old = order.request
    same = (old.con_id, old.legs, old.action, old.order_type, old.account) == (
        request.con_id, request.legs, request.action, request.order_type, request.account
    )  # fmt: skip
    if not same or (order.filled and request.quantity <= order.filled):
        return Refusal(code=105, text=MISMATCH)
    return None


def _fields(market: Market, accounts: Sequence[str], order: WorkingOrder) -> Refusal | None:
    request = order.request
    if not request.account and len(accounts) > 1:
        return Refusal(code=435, text="You must specify an account.")
    faults: tuple[tuple[bool, str], ...] = (
        (request.account not in ("", *accounts), f"Invalid account code '{request.account}'."),
        (request.action not in ("BUY", "SELL"), f"Invalid action '{request.action}'."),
        (not request.quantity > 0, "Order quantity must be positive."),
        (request.quantity % 1 != 0, "Fractional order sizes are not supported for this contract."),
        (request.tif not in _TIFS, f"Invalid time in force '{request.tif}'."),
        (request.tif == "GTD" and request.good_till is None, "GTD order needs a good till date."),
        (request.tif == "GTD" and _past(market, request), "Good till date is in the past."),
    )
    return next((invalid(cause) for wrong, cause in faults if wrong), None)


def _past(market: Market, request: OrderRequest) -> bool:
    return request.good_till is not None and request.good_till <= market.now


def _instrument(market: Market, accounts: Sequence[str], order: WorkingOrder) -> Refusal | None:
    if order.request.unmodelled:
        return Refusal(code=387, text=f"{UNSUPPORTED} Not modelled: {', '.join(order.request.unmodelled)}.")
    if order.request.order_type not in _TYPES:
        return Refusal(code=387, text=UNSUPPORTED)
    for leg in order.legs:
        contract = leg.contract
        if contract.sec_type not in _TRADABLE:
            return Refusal(code=387, text=UNSUPPORTED)
        if contract.settles_at is not None and contract.settles_at <= market.now:
            return rejected("The contract has expired.")
    return None


def _prices(market: Market, accounts: Sequence[str], order: WorkingOrder) -> Refusal | None:
    request = order.request
    needed = (("LMT", request.limit), ("STP LMT", request.limit), ("STP", request.stop), ("STP LMT", request.stop))
    for kind, price in needed:
        if request.order_type != kind:
            continue
        if price is None or not isfinite(price) or (price <= 0 and not order.is_combo):
            return invalid("The order needs a price.")
        if not conforms(price, _step(market, order, price)):
            return Refusal(code=110, text=WRONG_TICK)
    return None


def _step(market: Market, order: WorkingOrder, price: float) -> float:
    if order.is_combo:
        return combo_increment([leg.contract for leg in order.legs])
    return increment(market, order.legs[0].contract, price)


def _combination(market: Market, accounts: Sequence[str], order: WorkingOrder) -> Refusal | None:
    if not order.is_combo:
        return None
    kinds = {(leg.contract.sec_type, leg.contract.multiplier) for leg in order.legs}
    distinct = {leg.contract.con_id for leg in order.legs}
    several = len(order.legs) > 1 and len(distinct) == len(order.legs)
    alike = len(kinds) == 1 and all(leg.ratio >= 1 for leg in order.legs)
    if not (several and alike) or order.request.order_type not in ("LMT", "MKT"):
        return rejected("The combination is not valid: its legs must differ, and share a type and a multiplier.")
    return None


def _session(market: Market, accounts: Sequence[str], order: WorkingOrder) -> Refusal | None:
    """Refuse market orders on CFE in extended hours (exchange rule); a closed market only delays an order."""
    for leg in order.legs:
        con_id = leg.contract.con_id
        extended = market.is_open(con_id, rth=False) and not market.is_open(con_id, rth=True)
        if order.request.order_type == "MKT" and leg.contract.exchange == "CFE" and extended:
            return rejected("Market orders are not accepted by the exchange outside regular trading hours.")
    return None


def _protection(market: Market, accounts: Sequence[str], order: WorkingOrder) -> Refusal | None:
    """Refuse a CFE limit more than 10% through the opposite touch, or through the last trade without one.

    A stop that waits for its price has not reached the exchange.
    """
    limit = order.limit
    if limit is None or order.is_combo or order.is_stop or order.legs[0].contract.exchange != "CFE":
        return None
    quote = market.quote(order.request.con_id)
    touch = quote.ask if order.direction > 0 else quote.bid
    reference = touch if touch is not None and touch > 0 else quote.last
    if reference is None or order.direction * (limit - reference) <= PROTECTION * reference:
        return None
    return rejected(f"The limit price {limit:g} is more than 10% through the market at {reference:g}.")
