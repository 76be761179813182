"""Take the conformance steps with Interactive Brokers' own Python client: ibapi 9.81, or a 10.x that still speaks text.

    python tests/conformance/conformance_ibapi.py --port 7497

The package is not a dependency of this project (its licence is Interactive Brokers' own): install it in an
environment of its own.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from conformance_ibapi_streams import KEPT as KEPT_OF_STREAMS
from conformance_ibapi_streams import Streams
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
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

BID, ASK, LAST, CLOSE = 1, 2, 4, 9
BID_SIZE, ASK_SIZE = 0, 3


def plain(value: Any) -> Any:
    """Return a Decimal (10.x) as the number it is."""
    return float(value) if isinstance(value, Decimal) else value


class Ears(EWrapper):
    """Keep everything the gateway says, by callback."""

    def __init__(self) -> None:
        EWrapper.__init__(self)
        self.heard: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.errors: list[tuple[int, int]] = []
        self.prices: dict[int, dict[int, float]] = defaultdict(dict)
        self.sizes: dict[int, dict[int, float]] = defaultdict(dict)
        self.status: dict[int, tuple[str, float, float, float]] = {}
        self.held: dict[int, float] = defaultdict(float)
        self.commissions: dict[str, float] = {}

    def error(self, reqId: int, *rest: Any) -> None:
        numbers = [item for item in rest if isinstance(item, int)]
        self.errors.append((reqId, numbers[-1]))  # 10.x puts a time before the code

    def tickPrice(self, reqId: int, tickType: int, price: float, attrib: Any) -> None:
        self.prices[reqId][tickType] = price

    def tickSize(self, reqId: int, tickType: int, size: Any) -> None:
        self.sizes[reqId][tickType] = plain(size)

    def orderStatus(self, orderId: int, status: str, filled: Any, remaining: Any, avgFillPrice: float, *_: Any) -> None:
        self.status[orderId] = (status, plain(filled), plain(remaining), avgFillPrice)

    def position(self, account: str, contract: Contract, position: Any, avgCost: float) -> None:
        self.held[contract.conId] = plain(position)

    def commissionReport(self, report: Any) -> None:
        self.commissions[report.execId] = report.commission

    def commissionAndFeesReport(self, report: Any) -> None:
        self.commissions[report.execId] = report.commissionAndFees


def _keeping(name: str) -> Callable[..., None]:
    def keep(self: Ears, *arguments: Any) -> None:
        self.heard[name].append(arguments)

    return keep


KEPT = (
    "managedAccounts", "nextValidId", "currentTime", "contractDetails", "contractDetailsEnd", "marketRule",
    "securityDefinitionOptionParameter", "securityDefinitionOptionParameterEnd", "openOrder", "openOrderEnd",
    "execDetails", "execDetailsEnd", "completedOrder", "completedOrdersEnd", "positionEnd", "historicalData",
    "historicalDataEnd", "accountSummary", "accountSummaryEnd", "pnl", "tickSnapshotEnd",
)  # fmt: skip
for _name in (*KEPT, *KEPT_OF_STREAMS):
    setattr(Ears, _name, _keeping(_name))


class Conversation(Streams):
    """Speak to a gateway from this thread while another one reads."""

    name = "ibapi"

    def __init__(self, host: str, port: int, client_id: int) -> None:
        self.ears = Ears()
        self.api = EClient(self.ears)
        self.where = (host, port, client_id)
        self.listener = threading.Thread(target=self.api.run, daemon=True)
        self.next_id = 1000
        self.future: Any = None
        self.tick = 0.0
        self.quote_id = 0
        self.account_name = ""
        self.resting = self.filling = 0

    def hang_up(self) -> None:
        self.api.disconnect()

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait until something holds and return it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if outcome := holds():
                return outcome
            time.sleep(0.005)
        demand(False, what, self.ears.errors[-3:])

    def heard(self, name: str, request_id: int | None = None) -> list[tuple[Any, ...]]:
        """Return what one callback was given, all of it or under one request id."""
        return [words for words in tuple(self.ears.heard[name]) if request_id is None or words[0] == request_id]

    def request_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def connect(self) -> str:
        self.api.connect(*self.where)
        self.listener.start()
        (self.next_id,) = self.until(lambda: self.heard("nextValidId"), "the next order id is told")[0]
        (accounts,) = self.until(lambda: self.heard("managedAccounts"), "the accounts are told")[0]
        self.account_name = accounts.split(",")[0]
        self.api.reqCurrentTime()
        (now,) = self.until(lambda: self.heard("currentTime"), "the time is told")[0]
        clock = time.strftime("%Y-%m-%d %H:%M", time.gmtime(now))
        return f"version {self.api.serverVersion()}, account {self.account_name}, {clock} UTC"

    def details(self, contract: Contract) -> list[Any]:
        request_id = self.request_id()
        self.api.reqContractDetails(request_id, contract)
        self.until(
            lambda: self.heard("contractDetailsEnd", request_id) or request_id in dict(self.ears.errors),
            "contract details are answered",
        )
        return [details for _, details in self.heard("contractDetails", request_id)]

    def contract_details(self) -> str:
        for symbol, trading_class, multiplier in FAMILIES:
            found = self.details(contract(symbol, "FUT", "CFE", trading_class))
            listed = [(each.contract.lastTradeDateOrContractMonth, each.contract.conId) for each in found]
            chosen = found[front_monthly(listed)]
            demand(chosen.contract.multiplier == multiplier, f"the multiplier is {multiplier}", chosen.contract)
        self.future, self.tick = chosen.contract, chosen.minTick
        demand(chosen.timeZoneId and ":" in chosen.liquidHours, "hours are told", chosen.liquidHours)
        self.api.reqMarketRule(int(chosen.marketRuleIds.split(",")[0]))
        _, increments = self.until(lambda: self.heard("marketRule"), "the market rule is told")[0]
        demand(increments[0].increment > 0, "the market rule has increments", increments)
        demand(not self.details(contract("NOSUCH", "FUT", "CFE")), "nothing is found")
        demand(self.ears.errors[-1][1] == UNKNOWN_CONTRACT, "an unknown contract is code 200", self.ears.errors[-1])
        (index,) = self.details(contract("SPX", "IND", "CBOE"))
        request_id = self.request_id()
        self.api.reqSecDefOptParams(request_id, "SPX", "", "IND", index.contract.conId)
        self.until(lambda: self.heard("securityDefinitionOptionParameterEnd", request_id), "option chains end")
        chains = self.heard("securityDefinitionOptionParameter", request_id)
        demand(chains and all(chain[5] and chain[6] for chain in chains), "SPX options are listed", chains)
        return f"{len(listed)} VXM monthlies, {self.future.localSymbol} chosen, {len(chains)} SPX option chains"

    def quotes(self) -> str:
        self.quote_id = request_id = self.request_id()
        self.api.reqMktData(request_id, self.future, "", False, False, [])
        prices, sizes = self.ears.prices[request_id], self.ears.sizes[request_id]
        self.until(lambda: {BID, ASK} <= prices.keys() and {BID_SIZE, ASK_SIZE} <= sizes.keys(), "the future is quoted")
        check_two_sided(prices[BID], prices[ASK], sizes[BID_SIZE], sizes[ASK_SIZE])
        snapshot = self.request_id()
        self.api.reqMktData(snapshot, contract("VIX", "IND", "CBOE"), "", True, False, [])
        self.until(lambda: self.heard("tickSnapshotEnd", snapshot), "the snapshot ends")
        spot = self.ears.prices[snapshot]
        demand({LAST, CLOSE} <= spot.keys(), "an index has last and close", spot)
        demand(not {BID, ASK} & spot.keys(), "an index has no bid and ask", spot)
        return f"{self.future.localSymbol} {prices[BID]} x {prices[ASK]}, VIX {spot[LAST]}"

    def order(self, kind: str, quantity: float, limit: float = 0.0) -> Order:
        order = Order()
        order.action, order.orderType, order.totalQuantity = "BUY", kind, Decimal(int(quantity))
        if kind == "LMT":
            order.lmtPrice = limit
        order.tif, order.account, order.orderRef = "DAY", self.account_name, ORDER_REF
        order.eTradeOnly = order.firmQuoteOnly = False
        return order

    def what_if(self) -> str:
        order, order_id = self.order("MKT", 1), self.request_id()
        order.whatIf = True
        self.api.placeOrder(order_id, self.future, order)
        answer = self.until(lambda: self.heard("openOrder", order_id), "the what-if is answered")[0]
        change = float(answer[3].initMarginChange)
        demand(0 < change < 1e6, "one future needs margin", change)
        demand(order_id not in self.ears.status, "a what-if leaves no order", self.ears.status)
        return f"initial margin {change:,.0f} USD"

    def place(self) -> str:
        limit = resting_price(self.ears.prices[self.quote_id][BID], self.tick)
        self.resting = order_id = self.request_id()
        self.api.placeOrder(order_id, self.future, self.order("LMT", 1, limit))
        self.until(lambda: self._status(order_id) in ("Submitted", "PreSubmitted"), "the order rests")
        changed = round(limit - self.tick, 2)
        self.api.placeOrder(order_id, self.future, self.order("LMT", 1, changed))
        self.until(lambda: self.heard("openOrder", order_id)[-1][2].lmtPrice == changed, "the change is acknowledged")
        self.ears.heard["openOrder"].clear()
        self.api.reqAllOpenOrders()
        self.until(lambda: self.heard("openOrderEnd"), "the list of open orders ends")
        (seen,) = self.heard("openOrder", order_id)
        demand(seen[2].lmtPrice == changed and seen[2].permId > 0, "the changed order is listed", seen[2])
        demand(seen[2].orderRef == ORDER_REF, "its reference is kept", seen[2].orderRef)
        return f"order {order_id} rests at {changed}"

    def _status(self, order_id: int) -> str:
        return self.ears.status.get(order_id, ("", 0.0, 0.0, 0.0))[0]

    def cancel_order(self, order_id: int) -> None:
        try:
            from ibapi.order_cancel import OrderCancel
        except ImportError:
            self.api.cancelOrder(order_id)
        else:
            self.api.cancelOrder(order_id, OrderCancel())

    def cancel(self) -> str:
        self.cancel_order(self.resting)
        self.until(lambda: self._status(self.resting) == "Cancelled", "the order is cancelled")
        self.until(lambda: (self.resting, CANCELLED) in self.ears.errors, "the cancel is code 202")
        demand(self.ears.status[self.resting][1] == 0, "nothing was filled", self.ears.status[self.resting])
        return f"order {self.resting} cancelled"

    def buy_into_the_ask(self) -> float:
        """Place an order larger than the displayed size, wait for its first fill, and return its quantity."""
        self.filling = order_id = self.request_id()
        wanted = more_than_displayed(self.ears.sizes[self.quote_id][ASK_SIZE])
        self.api.placeOrder(order_id, self.future, self.order("LMT", wanted, self.ears.prices[self.quote_id][ASK]))
        self.until(lambda: self.ears.status.get(order_id, ("", 0.0))[1] > 0, "the order meets the displayed size")
        return wanted

    def partial_fill(self) -> str:
        self.api.reqPositions()
        self.until(lambda: self.heard("positionEnd"), "the positions end")
        for _ in range(ATTEMPTS):
            before = self.ears.held[self.future.conId]
            wanted = self.buy_into_the_ask()
            order_id = self.filling
            _, filled, remaining, _ = self.ears.status[order_id]
            if remaining:
                break
            self.until(lambda: self.ears.held[self.future.conId] == before + wanted, "it is pushed")  # noqa: B023
        check_partial(filled, remaining, wanted)
        self.cancel_order(order_id)
        self.until(lambda: self._status(order_id) == "Cancelled", "the remainder is cancelled")
        _, filled, _, average = self.ears.status[order_id]
        self.until(lambda: self.ears.held[self.future.conId] == before + filled, "the position is pushed")
        return f"{filled:g} of {wanted:g} filled at {average}, the rest cancelled"

    def executions(self) -> str:
        asked, request_id = ExecutionFilter(), self.request_id()
        asked.symbol = "VXM"
        self.api.reqExecutions(request_id, asked)
        self.until(lambda: self.heard("execDetailsEnd", request_id), "the executions end")
        heard = [words[2] for words in self.heard("execDetails", request_id)]
        mine = [each for each in heard if (each.clientId, each.orderId) == (self.where[2], self.filling)]
        shares = sum(float(execution.shares) for execution in mine)
        demand(shares == self.ears.status[self.filling][1], "executions add up to the fill", shares)
        self.until(lambda: all(each.execId in self.ears.commissions for each in mine), "each has a commission")
        demand(all(self.ears.commissions[each.execId] > 0 for each in mine), "commissions are paid")
        demand(all(each.orderRef == ORDER_REF for each in mine), "each has the reference")
        self.api.reqCompletedOrders(False)
        self.until(lambda: self.heard("completedOrdersEnd"), "the completed orders end")
        states = {words[2].status for words in self.heard("completedOrder")}
        demand("Cancelled" in states, "the cancelled orders are completed", states)
        return f"{len(mine)} executions, {shares:g} contracts"

    def history(self) -> str:
        bars: list[Any] = []
        index = contract("SPX", "IND", "CBOE")
        for asked, duration, size in ((index, "10 D", "1 day"), (self.future, "1 D", "5 mins")):
            request_id = self.request_id()
            self.api.reqHistoricalData(request_id, asked, "", duration, size, "TRADES", 0, 2, False, [])
            self.until(lambda wanted=request_id: self.heard("historicalDataEnd", wanted), "the bars end")
            bars = [bar for _, bar in self.heard("historicalData", request_id)]
            check_bars([bar.date for bar in bars], [(bar.open, bar.high, bar.low, bar.close) for bar in bars])
        request_id = self.request_id()
        self.api.reqHistoricalData(request_id, self.future, "", "1 D", "7 mins", "TRADES", 0, 2, False, [])
        self.until(lambda: (request_id, 321) in self.ears.errors, "a bar size that does not exist is code 321")
        return f"bars up to {time.strftime('%Y-%m-%d %H:%M', time.gmtime(int(bars[-1].date)))} UTC"

    def account(self) -> str:
        request_id = self.request_id()
        self.api.reqAccountSummary(request_id, "All", "NetLiquidation,AvailableFunds")
        self.until(lambda: self.heard("accountSummaryEnd", request_id), "the summary ends")
        worth = {words[2]: float(words[3]) for words in self.heard("accountSummary", request_id)}
        demand(worth.keys() == {"NetLiquidation", "AvailableFunds"}, "the tags asked for are sent", worth)
        demand(worth["NetLiquidation"] > 0, "the account is worth something", worth)
        pnl_id = self.request_id()
        self.api.reqPnL(pnl_id, self.account_name, "")
        daily = self.until(lambda: self.heard("pnl", pnl_id), "profit and loss are told")[0][1]
        return f"net liquidation {worth['NetLiquidation']:,.2f}, daily P&L {daily:,.2f}"


def contract(symbol: str, kind: str, exchange: str, trading_class: str = "") -> Contract:
    """Return what a client fills in of a contract."""
    wanted = Contract()
    wanted.tradingClass = trading_class
    wanted.symbol, wanted.secType, wanted.exchange, wanted.currency = symbol, kind, exchange, "USD"
    return wanted


if __name__ == "__main__":
    logging.getLogger("ibapi").setLevel(logging.CRITICAL)
    logging.disable(logging.WARNING)
    asked_for = arguments(__doc__ or "")
    conversation = Conversation(asked_for.host, asked_for.port, asked_for.client_id)
    sys.exit(asyncio.run(walk(conversation, conversation.name)))
