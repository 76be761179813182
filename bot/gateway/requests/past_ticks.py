"""Answer for single ticks of the past: trades, middles, bids and asks, at most a thousand at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, HistoryBar, Market
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.lookup import only_match
from bot.gateway.requests.times import parse_time

MOST_PAST = 1000
_STEP_S = 5
_FIRST_SPAN = timedelta(hours=1)
_WIDEN = 4
_LONGEST_SPAN = timedelta(days=60)


class PastTickDesk:
    """Answer with the ticks of the market's past; it moves every few seconds, so each bar of five is one tick."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {inbound.REQ_HISTORICAL_TICKS.id: self.ticks}

    def ticks(self, client: Client, values: Values) -> None:
        """Send the ticks from a beginning on, or up to an end."""
        what, count = values["what"].upper(), values["count"] or 0
        if what not in _SHAPES:
            raise _refused(f"{what} ticks are not known; expected one of {', '.join(_SHAPES)}")
        if bool(values["begin"]) == bool(values["end"]):
            raise _refused("expected either a start or an end time")
        if not 1 <= count <= MOST_PAST:
            raise _refused(f"expected 1 to {MOST_PAST} ticks, got {count}")
        contract = only_match(self._market, values)
        at, forward = parse_time(values["begin"] or values["end"]), bool(values["begin"])
        found = past_ticks(self._market, contract, what, at, count, forward=forward, rth=values["useRth"])
        tell_past_ticks(client, values["reqId"], contract, what, found)


def past_ticks(
    market: Market, contract: Contract, what: str, at: datetime, count: int, *, forward: bool, rth: bool
) -> Sequence[HistoryBar]:
    """Return up to `count` ticks from `at` on, or the last ones before it, oldest first; nothing after now.

    Trades without volume did not happen, but of an index, which has none.
    """
    span = _FIRST_SPAN
    while True:
        start, end = (at, at + span) if forward else (at - span, at)
        bars = market.bars(contract.con_id, what, start, min(end, market.now), _STEP_S, rth=rth)
        traded = what != "TRADES" or contract.sec_type != "FUT"
        found = [bar for bar in bars if traded or bar.volume]
        if len(found) >= count or span >= _LONGEST_SPAN or (forward and end >= market.now):
            return found[:count] if forward else found[-count:]
        span *= _WIDEN


def tell_past_ticks(
    client: Client, request_id: int, contract: Contract, what: str, found: Sequence[HistoryBar]
) -> None:
    """Send ticks of the past in the message that carries their kind."""
    message, shape = _SHAPES[what]
    ticks = [{"epoch": int(bar.start.timestamp()), "mask": 0, **shape(bar, contract)} for bar in found]
    client.send(message, reqId=request_id, ticks=ticks, done=True)


def _refused(cause: str) -> RequestProblem:
    return RequestProblem(10187, f"Failed to request historical ticks:{cause}")


def _trade(bar: HistoryBar, contract: Contract) -> Values:
    return {"price": bar.close, "size": bar.volume, "exchange": contract.exchange, "conditions": ""}


def _quote(bar: HistoryBar, _: Contract) -> Values:
    """Return bid and ask; the sizes of the past are not kept and are sent as nothing."""
    return {"bid": bar.low, "ask": bar.high, "bidSize": 0.0, "askSize": 0.0}


def _middle(bar: HistoryBar, _: Contract) -> Values:
    return {"price": bar.close, "size": 0.0}


_SHAPES: dict[str, tuple[Message, Callable[[HistoryBar, Contract], Values]]] = {
    "TRADES": (outbound.PAST_TRADES, _trade),
    "BID_ASK": (outbound.PAST_QUOTES, _quote),
    "MIDPOINT": (outbound.PAST_MIDPOINTS, _middle),
}
