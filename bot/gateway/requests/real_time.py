"""Stream real-time bars: one of five seconds at a time, told when it is complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, HistoryBar, Market
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.feeds import Feeds
from bot.gateway.requests.lines import Lines
from bot.gateway.requests.lookup import only_match

STEP_S = 5
STEP = timedelta(seconds=STEP_S)
_KINDS = ("TRADES", "MIDPOINT", "BID", "ASK")
_LINE = "bars"
_BEFORE = timedelta(minutes=5)  # how far back the price is sought that a bar without a tick repeats
_NO_VOLUME = -1


@dataclass(slots=True, kw_only=True)
class BarFeed:
    """Hold one client's subscription: the start of the bar that is due next, and the last price."""

    client: Client
    request_id: int
    contract: Contract
    what: str
    rth: bool
    due: datetime
    last: float | None


class RealTimeDesk:
    """Keep every client's real-time bars coming while the contract trades.

    The market moves every few seconds; a bar in which it did not repeats the last price without volume, as TWS's do.
    """

    def __init__(self, market: Market, lines: Lines, *, live_data: bool = True) -> None:
        self._market = market
        self._lines = lines
        self._live_data = live_data
        self._feeds: Feeds[BarFeed] = Feeds()

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            inbound.REQ_REAL_TIME_BARS.id: self.subscribe,
            inbound.CANCEL_REAL_TIME_BARS.id: self.cancel,
        }

    def forget(self, client: Client) -> None:
        """Drop the feeds of a client that has gone."""
        self._feeds = self._feeds.without(client)

    def contract(self, client: Client, request_id: int) -> Contract | None:
        """Return the contract of a feed, `None` when the client has none under this id."""
        return self._feeds.contract(client, request_id)

    def subscribe(self, client: Client, values: Values) -> None:
        """Begin a feed with the next full five seconds; TWS knows no other length, whatever the request says."""
        request_id, what = values["reqId"], values["what"].upper()
        contract = only_match(self._market, values)
        if what not in _KINDS:
            raise _refused(f"{what} bars are not known; expected one of {', '.join(_KINDS)}")
        if not self._live_data:
            raise _refused(f"No market data permissions for {contract.exchange} {contract.sec_type}")
        if (client, request_id) in self._feeds:
            raise RequestProblem(322, "Error processing request.-'bN' : cause - Duplicate ticker id")
        now = self._market.now
        past = self._market.bars(contract.con_id, what, now - _BEFORE, now, STEP_S, rth=values["useRth"])
        if not past and self._market.is_open(contract.con_id, rth=values["useRth"]):
            raise _refused(f"No {what} data for {contract.symbol}@{contract.exchange}")
        self._lines.take(client, _LINE, request_id)
        self._feeds[client, request_id] = BarFeed(
            client=client,
            request_id=request_id,
            contract=contract,
            what=what,
            rth=values["useRth"],
            due=_whole_step(now),
            last=past[-1].close if past else None,
        )

    def cancel(self, client: Client, values: Values) -> None:
        """End a feed."""
        if self._feeds.pop((client, values["reqId"]), None) is None:
            raise RequestProblem(300, f"Can't find EId with tickerId:{values['reqId']}")
        self._lines.give_back(client, _LINE, values["reqId"])

    @property
    def is_asked(self) -> bool:
        """Say whether anybody wants these bars."""
        return bool(self._feeds)

    def publish(self) -> None:
        """Send every feed the bars that are complete by now."""
        for feed in self._feeds.values():
            self._publish(feed)

    def _publish(self, feed: BarFeed) -> None:
        now = self._market.now
        if feed.due + STEP > now:
            return
        found = self._market.bars(feed.contract.con_id, feed.what, feed.due, now, STEP_S, rth=feed.rth)
        ticked = {bar.start: bar for bar in found}
        trades = self._market.is_open(feed.contract.con_id, rth=feed.rth)
        while feed.due + STEP <= now:
            bar = ticked.get(feed.due)
            if bar is None and trades and feed.last is not None:
                bar = _flat(feed.due, feed.last)
            if bar is not None:
                feed.last = bar.close
                feed.client.send(outbound.REAL_TIME_BAR, reqId=feed.request_id, **_values(bar, feed.what))
            feed.due += STEP


def _refused(cause: str) -> RequestProblem:
    return RequestProblem(420, f"Invalid Real-time Query:{cause}")


def _whole_step(at: datetime) -> datetime:
    """Return the first whole five seconds not before an instant."""
    return datetime.fromtimestamp(-(-at.timestamp() // STEP_S) * STEP_S, UTC)


def _flat(start: datetime, price: float) -> HistoryBar:
    return HistoryBar(start=start, open=price, high=price, low=price, close=price, wap=price)


def _values(bar: HistoryBar, what: str) -> Values:
    is_trades = what == "TRADES"
    return {
        "epoch": int(bar.start.timestamp()),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume if is_trades else _NO_VOLUME,
        "wap": bar.wap if is_trades else _NO_VOLUME,
        "count": bar.count if is_trades else _NO_VOLUME,
    }
