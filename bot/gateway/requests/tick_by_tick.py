"""Stream a contract tick by tick: every trade, every quote, or every middle, one message each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, Market, Quote
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.feeds import Feeds
from bot.gateway.requests.lookup import only_match
from bot.gateway.requests.past_ticks import MOST_PAST, past_ticks, tell_past_ticks

MOST = 5  # streams of a login at once
_NUMBERS = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}
_TRADES = ("Last", "AllLast")
_HISTORY_OF = {"Last": "TRADES", "AllLast": "TRADES", "BidAsk": "BID_ASK", "MidPoint": "MIDPOINT"}


@dataclass(slots=True, kw_only=True)
class TickFeed:
    """Hold one client's stream, and the quote it was told last."""

    client: Client
    request_id: int
    contract: Contract
    kind: str
    seen: Quote


class TickByTickDesk:
    """Tell every stream what has ticked since it was told last."""

    def __init__(self, market: Market, *, live_data: bool = True) -> None:
        self._market = market
        self._live_data = live_data
        self._feeds: Feeds[TickFeed] = Feeds()

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            inbound.REQ_TICK_BY_TICK.id: self.subscribe,
            inbound.CANCEL_TICK_BY_TICK.id: self.cancel,
        }

    def forget(self, client: Client) -> None:
        """Drop the streams of a client that has gone."""
        self._feeds = self._feeds.without(client)

    def contract(self, client: Client, request_id: int) -> Contract | None:
        """Return the contract of a stream, `None` when the client has none under this id."""
        return self._feeds.contract(client, request_id)

    def subscribe(self, client: Client, values: Values) -> None:
        """Begin a stream: first the ticks of the past that were asked for, then the present quote or middle."""
        request_id, kind = values["reqId"], values["kind"]
        contract = only_match(self._market, values)
        quote = self._market.quote(contract.con_id)
        cause = self._against(contract, kind, quote)
        if cause:
            raise RequestProblem(10189, f"Failed to request tick-by-tick data:{cause}")
        if (client, request_id) in self._feeds:
            raise RequestProblem(322, "Error processing request.-'cW' : cause - Duplicate ticker id")
        if len(self._feeds) >= MOST:
            raise RequestProblem(10190, "Max number of tick-by-tick requests has been reached.")
        if values["count"]:
            what, count = _HISTORY_OF[kind], min(values["count"], MOST_PAST)
            found = past_ticks(self._market, contract, what, self._market.now, count, forward=False, rth=False)
            tell_past_ticks(client, request_id, contract, what, found)
        seen = quote if kind in _TRADES else Quote()
        feed = TickFeed(client=client, request_id=request_id, contract=contract, kind=kind, seen=seen)
        self._feeds[client, request_id] = feed
        self._tell(feed)

    def _against(self, contract: Contract, kind: str, quote: Quote) -> str:
        """Return why a contract cannot be streamed; nothing when it can."""
        if kind not in _NUMBERS:
            return f"{kind} is not known; expected one of {', '.join(_NUMBERS)}"
        if contract.sec_type == "OPT":
            return "options are not supported"
        if not self._live_data:
            return f"No market data permissions for {contract.exchange} {contract.sec_type}"
        if contract.sec_type == "IND" and quote.bid is None and kind not in _TRADES:
            return f"{contract.symbol} has no {kind}"
        return ""

    def cancel(self, client: Client, values: Values) -> None:
        """End a stream."""
        if self._feeds.pop((client, values["reqId"]), None) is None:
            raise RequestProblem(300, f"Can't find EId with tickerId:{values['reqId']}")

    def publish(self) -> None:
        """Send every stream what has ticked."""
        for feed in self._feeds.values():
            self._tell(feed)

    def _tell(self, feed: TickFeed) -> None:
        quote = self._market.quote(feed.contract.con_id)
        if quote is feed.seen:
            return
        told = _TICKS[feed.kind](feed.seen, quote, feed.contract)
        feed.seen = quote
        if told is not None:
            message, values = told
            feed.client.send(message, **values, **self._head(feed, self._market.now))

    def _head(self, feed: TickFeed, at: datetime) -> Values:
        return {"reqId": feed.request_id, "kind": _NUMBERS[feed.kind], "epoch": int(at.timestamp()), "mask": 0}


Told = tuple[Message, Values] | None


def _trade(before: Quote, after: Quote, contract: Contract) -> Told:
    """Return the trade: its size is what the volume grew by; of an index, which has none, every change of the last."""
    grown = (after.volume or 0.0) - (before.volume or 0.0)
    traded = grown > 0 if after.volume is not None else after.last != before.last
    if after.last is None or not traded:
        return None
    size = grown if after.volume is not None else 0.0
    return outbound.TICK_TRADE, {"price": after.last, "size": size, "exchange": contract.exchange, "conditions": ""}


def _quote(before: Quote, after: Quote, _: Contract) -> Told:
    shown = (after.bid, after.ask, after.bid_size, after.ask_size)
    if shown == (before.bid, before.ask, before.bid_size, before.ask_size):
        return None
    names = ("bid", "ask", "bidSize", "askSize")
    return outbound.TICK_QUOTE, {name: value or 0.0 for name, value in zip(names, shown, strict=True)}


def _middle(before: Quote, after: Quote, _: Contract) -> Told:
    middle = _between(after)
    return None if middle is None or middle == _between(before) else (outbound.TICK_MIDPOINT, {"price": middle})


def _between(quote: Quote) -> float | None:
    return None if quote.bid is None or quote.ask is None else (quote.bid + quote.ask) / 2.0


_TICKS: dict[str, Callable[[Quote, Quote, Contract], Told]] = {
    "Last": _trade,
    "AllLast": _trade,
    "BidAsk": _quote,
    "MidPoint": _middle,
}
