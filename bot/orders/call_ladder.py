"""Price orders in VIX calls: a purchase stands a share of the spread above the middle, a sale walks down to the bid.

A purchase has one rung: its premium was budgeted at that price, and what the market does not give is not chased. A sale
goes from the middle to the bid and then some steps under it, never below half of the middle, and follows the market.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bot.guard.calls import FINE, grid
from strategies.alvh.records import Quote
from strategies.alvh.vix_call import entry_limit

LAST_SHARE = 0.50


def call_entry(quote: Quote, share: float) -> Decimal | None:
    """Return the limit of a purchase in points; `None` without a two-sided market."""
    wanted = entry_limit(quote, share)
    return None if wanted is None else _on_step(wanted, ROUND_FLOOR)


def call_exit(rung: int, quote: Quote, through: int) -> Decimal | None:
    """Return the limit of a sale on a rung (0 is the first); without a two-sided market what is known of it."""
    if quote.mid is None or quote.bid is None:
        known = next((price for price in (quote.bid, quote.last) if price is not None), None)
        return FINE if known is None else _on_step(known, ROUND_FLOOR)
    floor = quote.mid * (1.0 - LAST_SHARE)
    under = quote.bid - through * float(grid(Decimal(str(quote.bid))))
    wanted = (quote.mid, quote.bid, under)[min(rung, 2)]
    return _on_step(max(wanted, floor), ROUND_CEILING)


def _on_step(price: float, rounding: str) -> Decimal:
    """Return the price on the step that holds at its level, at least one step; a millionth off counts as on it."""
    exact = Decimal(repr(round(price, 6)))
    step = grid(exact)
    return max((exact / step).to_integral_value(rounding=rounding) * step, FINE).quantize(Decimal("0.01"))
