"""Hand-written stand-ins for the gateway's market and exchange: few contracts, straight paths, immediate fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.gateway.records import (
    Contract,
    ContractPattern,
    ErrorReport,
    FillReport,
    Greeks,
    HistoryBar,
    OpeningAccount,
    OptionChain,
    OrderReport,
    OrderRequest,
    PnlReport,
    PositionReport,
    Quote,
    Report,
    Rung,
    WhatIfReport,
)

START = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)

SPX = Contract(con_id=416904, symbol="SPX", sec_type="IND", exchange="CBOE", long_name="S&P 500 Stock Index")
ADVANCERS = Contract(con_id=26718738, symbol="AD-NYSE", sec_type="IND", exchange="NYSE")
VX_MARCH = Contract(
    con_id=298000001,
    symbol="VIX",
    sec_type="FUT",
    exchange="CFE",
    expiry="20180321",
    multiplier="1000",
    local_symbol="VXH8",
    trading_class="VX",
    min_tick=0.05,
    market_rule_id=335,
    underlying_con_id=13455763,
    contract_month="201803",
    settles_at=datetime(2018, 3, 21, 13, 30, tzinfo=UTC),
)
VX_APRIL = replace(VX_MARCH, con_id=298000002, expiry="20180418", local_symbol="VXJ8", contract_month="201804")
PUT = Contract(
    con_id=300000001,
    symbol="SPX",
    sec_type="OPT",
    exchange="SMART",
    expiry="20180316",
    strike=2600.0,
    right="P",
    multiplier="100",
    local_symbol="SPXW  180316P02600000",
    trading_class="SPXW",
    min_tick=0.05,
    underlying_con_id=416904,
    contract_month="201803",
    valid_exchanges="SMART,CBOE",
)
LISTED = (SPX, ADVANCERS, VX_MARCH, VX_APRIL, PUT)

_FIELDS = ("symbol", "sec_type", "exchange", "currency", "right", "multiplier", "local_symbol", "trading_class")


MODEL = Greeks(iv=0.2, delta=-0.2, price=11.5, gamma=0.001, vega=2.5, theta=-1.0, underlying=2700.0)


class FakeMarket:
    """Move every price up by one tick a minute."""

    name = "fake"
    seed = 1
    start = START
    end = START + timedelta(days=2)
    tick_seconds = 5

    def __init__(self) -> None:
        self.now = START
        self.quotes: dict[int, Quote] = {}
        self.models: dict[int, Greeks | None] = {}
        self.stops: list[datetime] = []
        self.broken = False

    def advance(self, to: datetime) -> None:
        self.now = to
        self.stops.append(to)

    def find(self, pattern: ContractPattern) -> Sequence[Contract]:
        if self.broken:
            raise RuntimeError("the fake market is broken")
        return [contract for contract in LISTED if _fits(contract, pattern)]

    def contract(self, con_id: int) -> Contract | None:
        return next((contract for contract in LISTED if contract.con_id == con_id), None)

    def chains(self, underlying_con_id: int) -> Sequence[OptionChain]:
        return [
            OptionChain(
                exchange="CBOE",
                underlying_con_id=underlying_con_id,
                trading_class="SPXW",
                multiplier="100",
                expiries=("20180316", "20180323"),
                strikes=(2600.0, 2605.5),
            )
        ]

    def quote(self, con_id: int) -> Quote:
        if con_id in self.quotes:
            return self.quotes[con_id]
        drift = round((self.now - START) // timedelta(minutes=1) * 0.05, 2)
        if con_id == SPX.con_id:
            return Quote(last=2700.0 + drift, close=2762.13)
        if con_id == ADVANCERS.con_id:
            return Quote(bid=600.0, ask=2400.0, bid_size=90.0, ask_size=0.0)
        if con_id == PUT.con_id:
            return Quote(bid=None, ask=12.0, ask_size=30.0, close=9.0)
        return Quote(
            bid=15.0 + drift,
            ask=round(15.05 + drift, 2),
            last=15.0 + drift,
            bid_size=80.0,
            ask_size=40.0,
            last_size=2.0,
            volume=1000.0,
        )

    def greeks(self, con_id: int) -> Greeks | None:
        return self.models.get(con_id, MODEL)

    def generic(self, con_id: int) -> dict[str, float]:
        return {"openInterest": 1234.0, "optionImpliedVol": 0.18}

    def bars(
        self, con_id: int, what: str, start: datetime, end: datetime, step_s: int, *, rth: bool
    ) -> Sequence[HistoryBar]:
        if con_id == ADVANCERS.con_id:
            return ()
        step = timedelta(seconds=step_s)
        first = START - timedelta(days=3)
        at = first + max(0, -((first - start) // step)) * step
        bars = []
        while at < min(end, self.now) or (at == start == self.now):
            close = float((min(at + step, self.now) - first) // timedelta(seconds=5))
            bars.append(HistoryBar(start=at, open=1.0, high=close, low=1.0, close=close, volume=5.0, wap=2.0, count=3))
            at += step
        return bars

    def hours(self, con_id: int, first: date, days: int) -> tuple[str, str]:
        dates = [first + timedelta(days=count) for count in range(days)]
        parts = [
            f"{day:%Y%m%d}:CLOSED" if day.weekday() > 4 else f"{day:%Y%m%d}:0830-{day:%Y%m%d}:1515" for day in dates
        ]
        return ";".join(parts), ";".join(parts)

    def zone(self, con_id: int) -> str:
        return "US/Central"

    def is_open(self, con_id: int, *, rth: bool) -> bool:
        return START <= self.now < START + timedelta(hours=6, minutes=30)

    def market_rule(self, rule_id: int) -> Sequence[tuple[float, float]] | None:
        return ((0.0, 0.05), (3.0, 0.1)) if rule_id == 335 else None

    def settlement(self, con_id: int) -> float | None:
        return None

    def opening_account(self) -> OpeningAccount:
        return OpeningAccount(account="DU1234567", cash=1e6, positions=())


def _fits(contract: Contract, pattern: ContractPattern) -> bool:
    if pattern.con_id:
        return contract.con_id == pattern.con_id
    texts = all(not getattr(pattern, name) or getattr(pattern, name) == getattr(contract, name) for name in _FIELDS)
    return texts and contract.expiry.startswith(pattern.expiry) and pattern.strike in (0.0, contract.strike)


class FakeExchange:
    """Fill market orders at the ask at once, rest the others, and fill resting ones at their limit when told to."""

    def __init__(self, market: FakeMarket) -> None:
        self.market = market
        self.requests: list[OrderRequest] = []
        self.working: dict[tuple[int, int], OrderReport] = {}
        self.done: list[OrderReport] = []
        self.fills: list[FillReport] = []
        self.held = {PUT.con_id: -2.0}
        self.fill_next: float = 0.0
        self.on_hold: set[tuple[int, int]] = set()
        self.rungs = 4
        self._permits: dict[tuple[int, int], int] = {}

    def place(self, request: OrderRequest) -> Sequence[Report]:
        self.requests.append(request)
        if request.what_if:
            return [
                WhatIfReport(
                    request=request,
                    init_before=1.0,
                    maint_before=2.0,
                    equity_before=3.0,
                    init_change=4.0,
                    maint_change=5.0,
                    equity_change=6.0,
                    init_after=7.0,
                    maint_after=8.0,
                    equity_after=9.0,
                    commission=2.36,
                )
            ]
        key = (request.client_id, request.order_id)
        perm_id = self._permits.setdefault(key, 900 + len(self._permits))
        report = OrderReport(
            request=request,
            perm_id=perm_id,
            status="Submitted",
            filled=0.0,
            remaining=request.quantity,
            avg_price=0.0,
            last_price=0.0,
        )
        if request.quantity > 1000:
            rejected = replace(report, status="Inactive")
            self.done.append(rejected)
            return [
                ErrorReport(client_id=key[0], order_id=key[1], code=201, text="Order rejected - reason:margin"),
                rejected,
            ]
        self.working[key] = report
        if request.order_type == "MKT" and key not in self.on_hold:
            return [report, *self._fill(key, request.quantity, 15.05)]
        return [report]

    def _fill(self, key: tuple[int, int], shares: float, price: float) -> list[Report]:
        report = self.working.pop(key)
        request = report.request
        filled = report.filled + shares
        is_full = filled >= request.quantity
        report = replace(
            report,
            status="Filled" if is_full else "Submitted",
            filled=filled,
            remaining=request.quantity - filled,
            avg_price=price,
            last_price=price,
        )
        if is_full:
            done = replace(report, completed_at=self.market.now, completed_status=f"Filled Size: {filled:.0f}")
            self.done.append(done)
        else:
            self.working[key] = report
        sign = 1 if request.action == "BUY" else -1
        self.held[request.con_id] = self.held.get(request.con_id, 0.0) + sign * shares
        fill = FillReport(
            exec_id=f"0001f4e8.{len(self.fills):08d}.01.01",
            request=request,
            perm_id=report.perm_id,
            con_id=request.con_id,
            at=self.market.now,
            side="BOT" if sign > 0 else "SLD",
            shares=shares,
            price=price,
            cumulative=filled,
            avg_price=price,
            commission=2.36 * shares,
            realized_pnl=None,
            last_liquidity=2,
            account="DU1234567",
            exchange="CFE",
        )
        self.fills.append(fill)
        held = PositionReport(
            account="DU1234567", con_id=request.con_id, quantity=self.held[request.con_id], avg_cost=price * 1000
        )
        return [fill, report, held]

    def hold(self, client_id: int, order_id: int, *, held: bool) -> None:
        (self.on_hold.add if held else self.on_hold.discard)((client_id, order_id))

    def fill(self, client_id: int, order_id: int, quantity: float) -> Sequence[Report]:
        report = self.working.get((client_id, order_id))
        if report is None:
            return ()
        return self._fill((client_id, order_id), min(quantity, report.remaining), report.request.limit or 15.05)

    def amend(self, exec_id: str, *, shares: float, price: float) -> Sequence[Report]:
        fill = next(fill for fill in self.fills if fill.exec_id == exec_id)
        correction = replace(fill, exec_id=f"{exec_id[:-2]}{int(exec_id[-2:]) + 1:02d}", shares=shares, price=price)
        self.fills.append(correction)
        sign = 1 if fill.side == "BOT" else -1
        self.held[fill.con_id] += sign * (shares - fill.shares)
        return [correction, self._position(fill.con_id, price)]

    def _position(self, con_id: int, price: float) -> PositionReport:
        return PositionReport(account="DU1234567", con_id=con_id, quantity=self.held[con_id], avg_cost=price * 1000)

    def cancel(self, client_id: int, order_id: int) -> Sequence[Report]:
        report = self.working.pop((client_id, order_id), None)
        if report is None:
            text = f"OrderId {order_id} that needs to be cancelled is not found."
            return [ErrorReport(client_id=client_id, order_id=order_id, code=10147, text=text)]
        cancelled = replace(
            report, status="Cancelled", completed_at=self.market.now, completed_status="Cancelled by Trader"
        )
        self.done.append(cancelled)
        return [
            cancelled,
            ErrorReport(client_id=client_id, order_id=order_id, code=202, text="Order Canceled - reason:"),
        ]

    def cancel_all(self) -> Sequence[Report]:
        return [report for key in list(self.working) for report in self.cancel(*key)]

    def step(self) -> Sequence[Report]:
        if not self.fill_next or not set(self.working) - self.on_hold:
            return ()
        shares, self.fill_next = self.fill_next, 0.0
        key, report = next((key, report) for key, report in self.working.items() if key not in self.on_hold)
        return self._fill(key, shares, report.request.limit or 0.0)

    def open_orders(self) -> Sequence[OrderReport]:
        return list(self.working.values())

    def completed_orders(self) -> Sequence[OrderReport]:
        return list(self.done)

    def executions(self) -> Sequence[FillReport]:
        return list(self.fills)

    def accounts(self) -> Sequence[str]:
        return ("DU1234567",)

    def positions(self, account: str) -> Sequence[PositionReport]:
        return [
            PositionReport(account=account, con_id=con_id, quantity=quantity, avg_cost=1150.0)
            for con_id, quantity in self.held.items()
        ]

    def values(self, account: str) -> Sequence[tuple[str, str, str]]:
        return [
            ("NetLiquidation", f"{1_000_000 + len(self.fills)}.00", "USD"),
            ("FullInitMarginReq", "1000.00", "USD"),
            ("LookAheadInitMarginReq", "1000.00", "USD"),
            ("CashBalance", "5.00", "USD"),
            ("AccountType", "INDIVIDUAL", ""),
        ]

    def pnl(self, account: str, con_id: int = 0) -> PnlReport:
        minutes = (self.market.now - START) / timedelta(minutes=1)
        return PnlReport(
            daily=minutes, unrealized=2.0, realized=3.0, position=self.held.get(con_id, 0.0), value=-2300.0
        )

    def depth(self, con_id: int) -> tuple[tuple[Rung, ...], tuple[Rung, ...]]:
        bid, ask = self.market.quote(con_id).bid, self.market.quote(con_id).ask
        bids = [] if bid is None else [Rung(price=round(bid - 0.05 * row, 2), size=10.0 + row) for row in range(4)]
        asks = [] if ask is None else [Rung(price=round(ask + 0.05 * row, 2), size=20.0 + row) for row in range(4)]
        return tuple(bids), tuple(asks[: self.rungs])
