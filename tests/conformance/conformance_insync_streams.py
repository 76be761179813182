"""The steps beyond a trading day's own, with ib_insync or ib_async: search, streams, groups of orders, refusals."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from conformance_steps import (
    MONTHLY,
    ORDER_REF,
    PATIENCE_S,
    REFUSED,
    SLOW_S,
    UNKNOWN_CONTRACT,
    check_ladder,
    check_real_time,
    demand,
    resting_price,
)

if importlib.util.find_spec("ib_insync"):
    import ib_insync as lib
else:
    import ib_async as lib

RequestError = importlib.import_module(f"{lib.__name__}.wrapper").RequestError


class Streams:
    """Hold steps that a conversation takes after it has chosen a future and been quoted it."""

    ib: Any
    future: Any
    tick: float
    quote: Any
    errors: list[tuple[int, int]]

    async def until(self, holds: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until something holds."""
        for _ in range(int(patience_s / 0.01)):
            if holds():
                return
            await asyncio.sleep(0.01)
        demand(holds(), what, self.errors[-3:])

    async def search(self) -> str:
        found = await asyncio.wait_for(self.ib.reqMatchingSymbolsAsync("VIX"), PATIENCE_S)
        kinds = {each.contract.symbol: each.derivativeSecTypes for each in found}
        demand("FUT" in kinds.get("VIX", ()), "VIX is found, with its futures", kinds)
        family = lib.Contract(symbol="VIX", secType="FUT", exchange="CFE", currency="USD")
        details = await asyncio.wait_for(self.ib.reqContractDetailsAsync(family), PATIENCE_S)
        weeklies = [each.contract for each in details if each.contract.tradingClass != MONTHLY]
        if weeklies:
            await self._ambiguous(family)
        asked = self.ib.reqHeadTimeStampAsync(self.future, "TRADES", True, 2)
        head = await asyncio.wait_for(asked, PATIENCE_S)
        now = await asyncio.wait_for(self.ib.reqCurrentTimeAsync(), PATIENCE_S)
        demand(head < now, "history begins before now", head, now)
        return (
            f"{len(details)} VX, {len(weeklies)} of them weeklies; history of {self.future.localSymbol} from {head:%F}"
        )

    async def _ambiguous(self, family: Any) -> None:
        """Ask for the history of a contract whose class is left open."""
        before = len(self.errors)
        await asyncio.wait_for(self.ib.reqHistoricalDataAsync(family, "", "1 D", "1 day", "TRADES", True), PATIENCE_S)
        codes = [code for _, code in self.errors[before:]]
        demand(codes == [UNKNOWN_CONTRACT], "without its class a VX is ambiguous", codes)

    async def streams(self) -> str:
        bars = self.ib.reqRealTimeBars(self.future, 5, "MIDPOINT", False)
        ladder = self.ib.reqMktDepth(self.future, 5)
        await self.until(lambda: len(ladder.domBids) == len(ladder.domAsks) == 5, "five levels are shown a side")
        check_ladder([level.price for level in ladder.domBids], [level.price for level in ladder.domAsks])
        touch = f"{ladder.domBids[0].price} x {ladder.domAsks[0].price}"
        told: list[Any] = []
        ticker = self.ib.reqTickByTickData(self.future, "BidAsk")
        ticker.updateEvent += lambda each: told.extend(each.tickByTicks)
        await self.until(lambda: told, "the quote is told as a tick")
        demand(0 < told[0].bidPrice < told[0].askPrice, "the tick has two sides", told[0])
        now = await asyncio.wait_for(self.ib.reqCurrentTimeAsync(), PATIENCE_S)
        asked = self.ib.reqHistoricalTicksAsync(self.future, "", now, 3, "BID_ASK", False)
        past = await asyncio.wait_for(asked, PATIENCE_S)
        demand(len(past) == 3 and past[-1].time <= now, "three quotes of the past are told", past)
        await self.until(lambda: len(bars) >= 2, "two bars of five seconds come", SLOW_S)
        check_real_time([bar.time.timestamp() for bar in bars], [(b.open_, b.high, b.low, b.close) for b in bars])
        self.ib.cancelRealTimeBars(bars)
        self.ib.cancelMktDepth(self.future)
        self.ib.cancelTickByTickData(self.future, "BidAsk")
        return f"{len(bars)} bars, {len(told)} ticks, {touch}"

    def _limit(self, price: float, action: str = "BUY", **more: Any) -> Any:
        account = self.ib.managedAccounts()[0]
        return lib.LimitOrder(action, 1, price, tif="DAY", orderRef=ORDER_REF, account=account, **more)

    async def groups(self) -> str:
        far, near = resting_price(self.quote.bid, self.tick), round(self.quote.ask * 1.02 / self.tick) * self.tick
        pair = self.ib.oneCancelsAll(
            [self._limit(far), self._limit(round(near, 2))], f"group {self.ib.client.getReqId()}", 1
        )
        rests, fills = (self.ib.placeOrder(self.future, order) for order in pair)
        await self.until(lambda: fills.orderStatus.status == "Filled", "one of a group fills")
        await self.until(lambda: rests.orderStatus.status == "Cancelled", "the other one is cancelled")
        entry, stop = self._limit(round(near, 2)), lib.StopOrder("SELL", 1, far, tif="DAY", orderRef=ORDER_REF)
        entry.orderId, entry.transmit = self.ib.client.getReqId(), False
        stop.parentId, stop.account = entry.orderId, entry.account
        bought, guarded = (self.ib.placeOrder(self.future, order) for order in (entry, stop))
        await self.until(lambda: bought.orderStatus.status == "Filled", "the entry of a bracket fills")
        await self.until(lambda: guarded.orderStatus.status == "PreSubmitted", "its stop waits")
        self.ib.cancelOrder(stop)
        await self.until(lambda: guarded.orderStatus.status == "Cancelled", "the stop is cancelled")
        return "one cancels the other, a stop waits for its entry"

    async def refusals(self) -> str:
        scan = lib.ScannerSubscription(instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_GAIN")
        asked = {
            "fundamentals": lambda: self.ib.reqFundamentalDataAsync(self.future, "ReportsFinSummary"),
            "news": lambda: self.ib.reqHistoricalNewsAsync(1, "BRFG", "", "", 5),
            "article": lambda: self.ib.reqNewsArticleAsync("BRFG", "BRFG$1"),
            "scanner": lambda: self.ib.reqScannerDataAsync(scan),
        }
        self.ib.RaiseRequestErrors = True
        for name, code in REFUSED.items():
            try:
                answer = await asyncio.wait_for(asked[name](), PATIENCE_S)
            except RequestError as problem:
                demand(problem.code == code, f"{name} is refused with {code}", problem.code)
            else:
                demand(False, f"{name} is refused", answer)
        self.ib.RaiseRequestErrors = False
        demand(await asyncio.wait_for(self.ib.reqMktDepthExchangesAsync(), PATIENCE_S), "exchanges with depth are told")
        demand(await asyncio.wait_for(self.ib.reqNewsProvidersAsync(), PATIENCE_S) == [], "there are no news")
        xml = await asyncio.wait_for(self.ib.reqScannerParametersAsync(), PATIENCE_S)
        demand(xml.startswith("<?xml"), "the parameters of scanners are told", xml[:40])
        return f"{len(REFUSED)} kinds of requests refused, three questions without an id answered"
