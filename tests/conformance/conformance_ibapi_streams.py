"""The steps beyond a trading day's own, with Interactive Brokers' client: search, streams, groups, refusals."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from conformance_steps import (
    MONTHLY,
    REFUSED,
    SLOW_S,
    UNKNOWN_CONTRACT,
    check_ladder,
    check_real_time,
    demand,
    resting_price,
)
from ibapi.scanner import ScannerSubscription

BID, ASK = 1, 2
KEPT = (
    "symbolSamples", "headTimestamp", "realtimeBar", "updateMktDepth", "tickByTickBidAsk", "historicalTicksBidAsk",
    "mktDepthExchanges", "newsProviders", "scannerParameters", "familyCodes",
)  # fmt: skip


class Streams:
    """Hold steps that a conversation takes after it has chosen a future and been quoted it."""

    api: Any
    ears: Any
    future: Any
    tick: float
    quote_id: int
    until: Callable[..., Any]
    heard: Callable[..., list[tuple[Any, ...]]]
    request_id: Callable[[], int]
    details: Callable[[Any], list[Any]]
    order: Callable[..., Any]
    cancel_order: Callable[[int], None]
    _status: Callable[[int], str]

    def search(self) -> str:
        request_id = self.request_id()
        self.api.reqMatchingSymbols(request_id, "VIX")
        ((_, found),) = self.until(lambda: self.heard("symbolSamples", request_id), "symbols are found")
        kinds = {each.contract.symbol: each.derivativeSecTypes for each in found}
        demand("FUT" in kinds.get("VIX", ()), "VIX is found, with its futures", kinds)
        family = type(self.future)()
        family.symbol, family.secType, family.exchange, family.currency = "VIX", "FUT", "CFE", "USD"
        listed = self.details(family)
        weeklies = [each for each in listed if each.contract.tradingClass != MONTHLY]
        if weeklies:
            request_id = self.request_id()
            self.api.reqHistoricalData(request_id, family, "", "1 D", "1 day", "TRADES", 1, 1, False, [])
            self.until(lambda: (request_id, UNKNOWN_CONTRACT) in self.ears.errors, "a VX without class is ambiguous")
        request_id = self.request_id()
        self.api.reqHeadTimeStamp(request_id, self.future, "TRADES", 1, 2)
        ((_, head),) = self.until(lambda: self.heard("headTimestamp", request_id), "the head of history is told")
        demand(int(head) > 0, "it is an instant", head)
        return f"{len(listed)} VX, {len(weeklies)} of them weeklies; history of {self.future.localSymbol} from {head}"

    def streams(self) -> str:
        bars, ladder, ticks, past = (self.request_id() for _ in range(4))
        self.api.reqRealTimeBars(bars, self.future, 5, "MIDPOINT", False, [])
        self.api.reqMktDepth(ladder, self.future, 5, False, [])
        rows = self.until(
            lambda: len(self.heard("updateMktDepth", ladder)) >= 10 and self.heard("updateMktDepth", ladder),
            "five levels are shown a side",
        )
        sides = [[row[4] for row in rows[:10] if row[3] == side] for side in (1, 0)]
        check_ladder(*sides)
        self.api.reqTickByTickData(ticks, self.future, "BidAsk", 0, False)
        told = self.until(lambda: self.heard("tickByTickBidAsk", ticks), "the quote is told as a tick")[0]
        demand(0 < told[2] < told[3], "the tick has two sides", told)
        self.ears.heard["currentTime"].clear()
        self.api.reqCurrentTime()
        ((now,),) = self.until(lambda: self.heard("currentTime"), "the time is told")
        end = time.strftime("%Y%m%d-%H:%M:%S", time.gmtime(now))
        self.api.reqHistoricalTicks(past, self.future, "", end, 3, "BID_ASK", 0, False, [])
        ((_, quotes, done),) = self.until(lambda: self.heard("historicalTicksBidAsk", past), "past quotes are told")
        demand(done and len(quotes) == 3 and quotes[-1].time <= now, "they are three", quotes)
        deadline = time.monotonic() + SLOW_S
        while len(self.heard("realtimeBar", bars)) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        found = self.heard("realtimeBar", bars)
        check_real_time([bar[1] for bar in found], [bar[2:6] for bar in found])
        self.api.cancelRealTimeBars(bars)
        self.api.cancelMktDepth(ladder, False)
        self.api.cancelTickByTickData(ticks)
        return f"{len(found)} bars, {len(rows)} rows of depth, {told[2]} x {told[3]}"

    def groups(self) -> str:
        prices = self.ears.prices[self.quote_id]
        far, near = resting_price(prices[BID], self.tick), round(round(prices[ASK] * 1.02 / self.tick) * self.tick, 2)
        rests, fills, entry, stop = (self.request_id() for _ in range(4))
        for order_id, limit in ((rests, far), (fills, near)):
            order = self.order("LMT", 1, limit)
            order.ocaGroup, order.ocaType = f"group {rests}", 1
            self.api.placeOrder(order_id, self.future, order)
        self.until(lambda: self._status(fills) == "Filled", "one of a group fills")
        self.until(lambda: self._status(rests) == "Cancelled", "the other one is cancelled")
        first, second = self.order("LMT", 1, near), self.order("STP", 1)
        first.transmit, second.parentId = False, entry
        second.action, second.auxPrice = "SELL", far
        self.api.placeOrder(entry, self.future, first)
        self.api.placeOrder(stop, self.future, second)
        self.until(lambda: self._status(entry) == "Filled", "the entry of a bracket fills")
        self.until(lambda: self._status(stop) == "PreSubmitted", "its stop waits")
        self.cancel_order(stop)
        self.until(lambda: self._status(stop) == "Cancelled", "the stop is cancelled")
        return "one cancels the other, a stop waits for its entry"

    def refusals(self) -> str:
        scan = ScannerSubscription()
        scan.instrument, scan.locationCode, scan.scanCode = "STK", "STK.US.MAJOR", "TOP_PERC_GAIN"
        asked = {
            "fundamentals": self._fundamentals,
            "news": lambda request_id: self.api.reqHistoricalNews(request_id, 1, "BRFG", "", "", 5, []),
            "article": lambda request_id: self.api.reqNewsArticle(request_id, "BRFG", "BRFG$1", []),
            "scanner": lambda request_id: self.api.reqScannerSubscription(request_id, scan, [], []),
        }
        for name, code in REFUSED.items():
            request_id = self.request_id()
            if asked[name](request_id) == NO_SUCH_CALL:
                continue
            self.until(lambda wanted=(request_id, code): wanted in self.ears.errors, f"{name} is refused with {code}")
        self.api.reqMktDepthExchanges()
        self.api.reqNewsProviders()
        self.api.reqScannerParameters()
        self.api.reqFamilyCodes()
        for callback in ("mktDepthExchanges", "newsProviders", "scannerParameters", "familyCodes"):
            self.until(lambda callback=callback: self.heard(callback), f"{callback} is answered")
        return f"{len(REFUSED)} kinds of requests refused, four questions without an id answered"

    def _fundamentals(self, request_id: int) -> str | None:
        if not hasattr(self.api, "reqFundamentalData"):
            return NO_SUCH_CALL  # dropped from the newest clients
        self.api.reqFundamentalData(request_id, self.future, "ReportsFinSummary", [])
        return None


NO_SUCH_CALL = "no such call"
