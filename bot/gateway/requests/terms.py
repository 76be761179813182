"""Find terms of an order that are not modelled: an order that ignored them would trade what nobody asked for."""

from __future__ import annotations

from bot.gateway.messages.values import Values

# Field of placeOrder -> what it is called in a refusal. Empty, zero and unset mean that the order goes without.
_TERMS = {
    "conditions": "conditions",
    "algoStrategy": "algorithms",
    "goodAfterTime": "a time to begin",
    "minQty": "a least quantity",
    "allOrNone": "all or none",
    "discretionaryAmt": "a discretionary amount",
    "adjustedOrderType": "adjusted stops",
    "hedgeType": "attached hedges",
    "scalePriceIncrement": "scale orders",
    "faGroup": "allocation to a group",
    "faMethod": "allocation by a method",
    "faPercentage": "allocation by a percentage",
    "cashQty": "quantities in cash",
}
_ABSENT: tuple[object, ...] = (None, "", 0, "None", [])


def unmodelled(values: Values) -> tuple[str, ...]:
    """Return, in words, the terms of a placeOrder frame that the exchange does not model."""
    return tuple(words for name, words in _TERMS.items() if values[name] not in _ABSENT)
