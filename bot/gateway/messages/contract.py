"""Lay out the contract blocks that many messages share."""

from __future__ import annotations

from bot.gateway.messages.schema import Each, Part, When, equals, flag, number, text, whole

_HEAD = (
    *whole("conId"),
    *text("symbol", "secType", "expiry"),
    *number("strike"),
    *text("right", "multiplier", "exchange"),
)
_TAIL = text("currency", "localSymbol", "tradingClass")

CONTRACT = (*_HEAD, *_TAIL)  # as the server writes it: 11 fields
REQUESTED_CONTRACT = (*_HEAD, *text("primaryExchange"), *_TAIL)  # as clients write it: 12 fields

LEGS = Each("legs", (*whole("conId", "ratio"), *text("action", "exchange")))
COMBO = When(equals("secType", "BAG"), (LEGS,))

ORDER_LEGS = Each(
    "legs",
    (
        *whole("conId", "ratio"),
        *text("action", "exchange"),
        *whole("openClose", "shortSaleSlot"),
        *text("designatedLocation"),
        *whole("exemptCode"),
    ),
)
LEG_PRICES = Each("legPrices", number("price"))
ROUTING = Each("smartComboRoutingParams", text("tag", "value"))

DELTA_NEUTRAL: tuple[Part, ...] = (
    *flag("hasDeltaNeutral"),
    When(
        lambda values: bool(values.get("hasDeltaNeutral")),
        (*whole("dncConId"), *number("dncDelta", "dncPrice")),
    ),
)
