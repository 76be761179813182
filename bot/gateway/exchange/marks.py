"""Give every contract one price for the books."""

from __future__ import annotations

from datetime import datetime

from bot.gateway.records import Contract, Market, Quote


class Marks:
    """Mark contracts at the market's present time; each is computed once a tick.

    A mark is the mid of the quote, else the model's price, else the last trade, else the previous close, else the
    last mark known.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._at: datetime | None = None
        self._fresh: dict[int, float | None] = {}
        self._known: dict[int, float] = {}

    def mark(self, contract: Contract) -> float | None:
        """Return the contract's price in points; `None` when it never had one."""
        if self._at != self._market.now:
            self._at, self._fresh = self._market.now, {}
        con_id = contract.con_id
        if con_id not in self._fresh:
            self._fresh[con_id] = self._compute(contract)
        return self._fresh[con_id]

    def _compute(self, contract: Contract) -> float | None:
        quote = self._market.quote(contract.con_id)
        price = middle(quote)
        if price is None and contract.sec_type == "OPT":
            greeks = self._market.greeks(contract.con_id)
            price = greeks.price if greeks is not None else None
        for fallback in (quote.last, quote.close, self._known.get(contract.con_id)):
            price = fallback if price is None else price
        if price is not None:
            self._known[contract.con_id] = price
        return price


def middle(quote: Quote) -> float | None:
    """Return the mid of a two-sided, uncrossed quote; else `None`."""
    if quote.bid is None or quote.ask is None or quote.bid < 0 or quote.ask < quote.bid:
        return None
    return (quote.bid + quote.ask) / 2.0
