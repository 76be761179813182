"""Take the conformance steps with ib_insync, or with ib_async where that is installed.

python tests/conformance/conformance_insync.py --port 7497
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import math
import sys
from datetime import timedelta
from typing import Any

from conformance_insync_streams import Streams
from conformance_steps import (
    ATTEMPTS,
    CANCELLED,
    FAMILIES,
    ORDER_REF,
    PATIENCE_S,
    UNKNOWN_CONTRACT,
    arguments,
    check_bars,
    check_partial,
    check_two_sided,
    demand,
    front_monthly,
    more_than_displayed,
    resting_price,
    walk,
)

if importlib.util.find_spec("ib_insync"):
    import ib_insync as lib
else:
    import ib_async as lib


class Conversation(Streams):
    """Speak to a gateway through one `IB` object."""

    name = lib.__name__

    def __init__(self, host: str, port: int, client_id: int) -> None:
        self.ib = lib.IB()
        self.ib.client.MaxRequests = 0
        self.errors: list[tuple[int, int]] = []
        self.ib.errorEvent += lambda request_id, code, *_: self.errors.append((request_id, code))
        self.where = (host, port, client_id)
        self.future: Any = None
        self.tick = 0.0
        self.quote: Any = None
        self.resting: Any = None
        self.filled: Any = None

    def hang_up(self) -> None:
        self.ib.disconnect()

    async def connect(self) -> str:
        host, port, client_id = self.where
        await self.ib.connectAsync(host, port, client_id, timeout=PATIENCE_S)
        accounts = self.ib.managedAccounts()
        demand(accounts, "there is an account")
        now = await asyncio.wait_for(self.ib.reqCurrentTimeAsync(), PATIENCE_S)
        return f"version {self.ib.client.serverVersion()}, account {accounts[0]}, {now:%Y-%m-%d %H:%M} UTC"

    async def contract_details(self) -> str:
        for symbol, trading_class, multiplier in FAMILIES:
            named = {"symbol": symbol, "tradingClass": trading_class}
            family = lib.Contract(secType="FUT", exchange="CFE", currency="USD", **named)
            details = await asyncio.wait_for(self.ib.reqContractDetailsAsync(family), PATIENCE_S)
            listed = [(each.contract.lastTradeDateOrContractMonth, each.contract.conId) for each in details]
            chosen = details[front_monthly(listed)]
            demand(chosen.contract.multiplier == multiplier, f"the multiplier is {multiplier}", chosen.contract)
        self.future, self.tick = chosen.contract, chosen.minTick
        demand(chosen.timeZoneId and ":" in chosen.liquidHours, "hours are told", chosen.liquidHours)
        rule = await asyncio.wait_for(self.ib.reqMarketRuleAsync(int(chosen.marketRuleIds.split(",")[0])), PATIENCE_S)
        demand(rule[0].increment > 0, "the market rule has increments", rule)
        nothing = lib.Contract(symbol="NOSUCH", secType="FUT", exchange="CFE", currency="USD")
        demand(not await asyncio.wait_for(self.ib.reqContractDetailsAsync(nothing), PATIENCE_S), "nothing is found")
        demand(self.errors[-1][1] == UNKNOWN_CONTRACT, "an unknown contract is code 200", self.errors[-1])
        chains = await self._chains()
        return f"{len(listed)} VXM monthlies, {self.future.localSymbol} chosen, {chains} SPX option chains"

    async def _chains(self) -> int:
        (index,) = await self.ib.qualifyContractsAsync(lib.Index("SPX", "CBOE", "USD"))
        asked = self.ib.reqSecDefOptParamsAsync("SPX", "", "IND", index.conId)
        chains = await asyncio.wait_for(asked, PATIENCE_S)
        demand(chains and all(chain.expirations and chain.strikes for chain in chains), "SPX options are listed")
        return len(chains)

    async def quotes(self) -> str:
        self.quote = ticker = self.ib.reqMktData(self.future)
        await self.until(lambda: ticker.askSize > 0 and ticker.bidSize > 0, "the future is quoted")
        check_two_sided(ticker.bid, ticker.ask, ticker.bidSize, ticker.askSize)
        (index,) = await self.ib.qualifyContractsAsync(lib.Index("VIX", "CBOE", "USD"))
        (spot,) = await asyncio.wait_for(self.ib.reqTickersAsync(index), PATIENCE_S)
        demand(spot.last > 0 and spot.close > 0, "an index has last and close", spot.last, spot.close)
        demand(math.isnan(spot.bid) and math.isnan(spot.ask), "an index has no bid and ask", spot.bid, spot.ask)
        return f"{self.future.localSymbol} {ticker.bid} x {ticker.ask}, VIX {spot.last}"

    async def what_if(self) -> str:
        order = lib.MarketOrder("BUY", 1, tif="DAY", orderRef=ORDER_REF)
        state = await asyncio.wait_for(self.ib.whatIfOrderAsync(self.future, order), PATIENCE_S)
        demand(state, "the what-if is answered", self.errors[-3:])
        change = float(state.initMarginChange)
        demand(0 < change < 1e6, "one future needs margin", change)
        demand(not self.ib.openTrades(), "a what-if leaves no order", self.ib.openTrades())
        return f"initial margin {change:,.0f} USD, commission {state.commission}"

    async def place(self) -> str:
        limit = resting_price(self.quote.bid, self.tick)
        order = lib.LimitOrder("BUY", 1, limit, tif="DAY", orderRef=ORDER_REF, account=self.ib.managedAccounts()[0])
        self.resting = trade = self.ib.placeOrder(self.future, order)
        await self.until(lambda: trade.orderStatus.status in ("Submitted", "PreSubmitted"), "the order rests")
        demand(trade.order.permId > 0, "it has a permanent id", trade.order.permId)
        order.lmtPrice = round(limit - self.tick, 2)
        self.ib.placeOrder(self.future, order)
        await self.until(lambda: trade.log[-1].message == "Modified", "the change is acknowledged")
        listed = await asyncio.wait_for(self.ib.reqAllOpenOrdersAsync(), PATIENCE_S)
        seen = [each for each in listed if each.order.permId == trade.order.permId]
        demand(len(seen) == 1 and seen[0].order.lmtPrice == order.lmtPrice, "the changed order is listed once", seen)
        demand(seen[0].order.orderRef == ORDER_REF, "its reference is kept", seen[0].order.orderRef)
        return f"order {order.orderId} rests at {order.lmtPrice}"

    async def cancel(self) -> str:
        trade = self.resting
        self.ib.cancelOrder(trade.order)
        await self.until(lambda: trade.orderStatus.status == "Cancelled", "the order is cancelled")
        await self.until(lambda: (trade.order.orderId, CANCELLED) in self.errors, "the cancel is code 202")
        demand(trade.orderStatus.filled == 0, "nothing was filled", trade.orderStatus)
        return f"order {trade.order.orderId} cancelled"

    async def _buy_into_the_ask(self) -> float:
        """Place an order larger than the displayed size, wait for its first fill, and return its quantity."""
        wanted = more_than_displayed(self.quote.askSize)
        order = lib.LimitOrder("BUY", wanted, self.quote.ask, tif="DAY", orderRef=ORDER_REF)
        self.filled = trade = self.ib.placeOrder(self.future, order)
        await self.until(lambda: trade.fills and trade.orderStatus.filled > 0, "the order meets the displayed size")
        return wanted

    async def partial_fill(self) -> str:
        for _ in range(ATTEMPTS):
            before = self._held()
            wanted = await self._buy_into_the_ask()
            trade = self.filled
            if trade.orderStatus.remaining:
                break
            await self.until(lambda: self._held() == before + wanted, "the position is pushed")  # noqa: B023
        check_partial(trade.orderStatus.filled, trade.orderStatus.remaining, wanted)
        self.ib.cancelOrder(trade.order)
        await self.until(lambda: trade.orderStatus.status == "Cancelled", "the remainder is cancelled")
        filled = trade.orderStatus.filled
        await self.until(lambda: self._held() == before + filled, f"the position is pushed as {before + filled}")
        commissions = [fill.commissionReport.commission for fill in trade.fills]
        demand(all(paid > 0 for paid in commissions), "each fill has a commission", commissions)
        return f"{filled:g} of {wanted:g} filled at {trade.orderStatus.avgFillPrice}, the rest cancelled"

    def _held(self) -> float:
        return sum(each.position for each in self.ib.positions() if each.contract.conId == self.future.conId)

    async def executions(self) -> str:
        trade = self.filled
        fills = await asyncio.wait_for(self.ib.reqExecutionsAsync(lib.ExecutionFilter(symbol="VXM")), PATIENCE_S)
        mine = [fill for fill in fills if fill.execution.permId == trade.order.permId]
        shares = sum(fill.execution.shares for fill in mine)
        demand(shares == trade.orderStatus.filled, "executions add up to the fill", shares, trade.orderStatus.filled)
        demand(all(fill.execution.orderRef == ORDER_REF for fill in mine), "each has the reference", mine)
        done = await asyncio.wait_for(self.ib.reqCompletedOrdersAsync(False), PATIENCE_S)
        permits = {each.order.permId for each in done}
        demand({trade.order.permId, self.resting.order.permId} <= permits, "both orders are completed", permits)
        return f"{len(mine)} executions, {shares:g} contracts"

    async def history(self) -> str:
        index = lib.Index("SPX", "CBOE", "USD")
        for contract, duration, size in ((self.future, "1 D", "5 mins"), (index, "10 D", "1 day")):
            asked = self.ib.reqHistoricalDataAsync(contract, "", duration, size, "TRADES", False, 2)
            bars = await asyncio.wait_for(asked, PATIENCE_S)
            check_bars([bar.date for bar in bars], [(bar.open, bar.high, bar.low, bar.close) for bar in bars])
        now = await asyncio.wait_for(self.ib.reqCurrentTimeAsync(), PATIENCE_S)
        asked = self.ib.reqHistoricalDataAsync(self.future, "", "1 D", "5 mins", "TRADES", False, 2)
        last = (await asyncio.wait_for(asked, PATIENCE_S))[-1]
        demand(last.date <= now + timedelta(minutes=1), "no bar begins in the future", last.date, now)
        asked = self.ib.reqHistoricalDataAsync(self.future, "", "1 D", "7 mins", "TRADES", False, 2)
        with contextlib.suppress(TimeoutError):  # ib_async takes this refusal for a warning and waits on
            demand(not await asyncio.wait_for(asked, 1.0), "a bar size that does not exist gives nothing")
        return f"bars up to {last.date:%Y-%m-%d %H:%M} UTC"

    async def account(self) -> str:
        rows = await asyncio.wait_for(self.ib.accountSummaryAsync(), PATIENCE_S)
        worth = {row.tag: row.value for row in rows}
        demand(float(worth.get("NetLiquidation", 0)) > 0, "the account is worth something", sorted(worth))
        pnl = self.ib.reqPnL(self.ib.managedAccounts()[0])
        await self.until(lambda: not math.isnan(pnl.dailyPnL), "profit and loss are told")
        return f"net liquidation {worth['NetLiquidation']}, daily P&L {pnl.dailyPnL:,.2f}"


async def converse(host: str, port: int, client_id: int) -> int:
    """Take all steps; return 0 or 1."""
    conversation = Conversation(host, port, client_id)
    return await walk(conversation, conversation.name)


if __name__ == "__main__":
    asked = arguments(__doc__ or "")
    sys.exit(asyncio.run(converse(asked.host, asked.port, asked.client_id)))
