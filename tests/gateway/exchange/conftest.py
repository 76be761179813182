"""A hand-written market for the exchange's tests: quotes are what the test says they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.gateway.exchange import SimulatedExchange
from bot.gateway.records import (
    ComboLeg,
    Contract,
    ContractPattern,
    Greeks,
    HistoryBar,
    OpeningAccount,
    OpeningPosition,
    OptionChain,
    OrderRequest,
    Quote,
    Report,
)

ACCOUNT = "DU1234567"
START = datetime(2018, 2, 5, 15, 0, tzinfo=UTC)  # 10:00 in New York, a Monday
SPX, VX_FEB, VX_MAR, VXM_FEB = 416904, 101, 102, 201
SHORT_PUT, LONG_PUT, SHORT_CALL, LONG_CALL, FAR_CALL = 301, 302, 303, 304, 305


def _future(con_id: int, symbol: str, expiry: str, multiplier: str, tick: float, local: str) -> Contract:
    return Contract(
        con_id=con_id, symbol=symbol, sec_type="FUT", exchange="CFE", expiry=expiry, multiplier=multiplier,
        min_tick=tick, local_symbol=local, trading_class="VX" if symbol == "VIX" else "VXM",
        settles_at=datetime(int(expiry[:4]), int(expiry[4:6]), int(expiry[6:]), 14, 0, tzinfo=UTC),
    )  # fmt: skip


def _option(con_id: int, strike: float, right: str) -> Contract:
    return Contract(
        con_id=con_id, symbol="SPX", sec_type="OPT", exchange="CBOE", expiry="20180309", strike=strike, right=right,
        multiplier="100", local_symbol=f"SPXW {strike:g}{right}", trading_class="SPXW", min_tick=0.05,
        underlying_con_id=SPX, settles_at=datetime(2018, 3, 9, 21, 15, tzinfo=UTC),
    )  # fmt: skip


@dataclass
class FakeMarket:
    """Show what it is told to show."""

    name: str = "fake"
    seed: int = 7
    start: datetime = START
    end: datetime = START + timedelta(days=60)
    tick_seconds: int = 5
    now: datetime = START
    quotes: dict[int, Quote] = field(default_factory=dict)
    contracts: dict[int, Contract] = field(default_factory=dict)
    settlements: dict[int, float] = field(default_factory=dict)
    cash: float = 500_000.0
    opening: tuple[OpeningPosition, ...] = ()
    regular: bool = True
    extended: bool = True

    def advance(self, to: datetime) -> None:
        self.now = to

    def show(self, con_id: int, **changes: float | bool | None) -> None:
        """Change fields of a contract's quote."""
        self.quotes[con_id] = replace(self.quotes.get(con_id, Quote()), **changes)  # type: ignore[arg-type]

    def find(self, pattern: ContractPattern) -> Sequence[Contract]:
        return [c for c in self.contracts.values() if pattern.con_id in (0, c.con_id)]

    def contract(self, con_id: int) -> Contract | None:
        return self.contracts.get(con_id)

    def chains(self, underlying_con_id: int) -> Sequence[OptionChain]:
        return []

    def quote(self, con_id: int) -> Quote:
        return self.quotes.get(con_id, Quote())

    def greeks(self, con_id: int) -> Greeks | None:
        return None

    def generic(self, con_id: int) -> dict[str, float]:
        return {}

    def bars(
        self, con_id: int, what: str, start: datetime, end: datetime, step_s: int, *, rth: bool
    ) -> Sequence[HistoryBar]:
        return []

    def hours(self, con_id: int, first: date, days: int) -> tuple[str, str]:
        return (
            "20180204:1700-20180205:1515;20180205:1530-20180206:1515",
            "20180205:0830-20180205:1515;20180206:0830-20180206:1515",
        )

    def zone(self, con_id: int) -> str:
        return "US/Central"

    def is_open(self, con_id: int, *, rth: bool) -> bool:
        return self.regular if rth else self.regular or self.extended

    def market_rule(self, rule_id: int) -> Sequence[tuple[float, float]] | None:
        return None

    def settlement(self, con_id: int) -> float | None:
        return self.settlements.get(con_id)

    def opening_account(self) -> OpeningAccount:
        return OpeningAccount(account=ACCOUNT, cash=self.cash, positions=self.opening)


def fake_market() -> FakeMarket:
    """Return a market with two VX, one VXM, an SPX condor's legs, and the index."""
    listed = (
        Contract(con_id=SPX, symbol="SPX", sec_type="IND", exchange="CBOE"),
        _future(VX_FEB, "VIX", "20180214", "1000", 0.05, "VXG8"),
        _future(VX_MAR, "VIX", "20180321", "1000", 0.05, "VXH8"),
        _future(VXM_FEB, "VXM", "20180214", "100", 0.01, "VXMG8"),
        _option(LONG_PUT, 2400, "P"),
        _option(SHORT_PUT, 2450, "P"),
        _option(SHORT_CALL, 2800, "C"),
        _option(LONG_CALL, 2825, "C"),
        _option(FAR_CALL, 2900, "C"),
    )
    market = FakeMarket(contracts={c.con_id: c for c in listed})
    market.show(SPX, last=2650.0, close=2700.0)
    market.show(VX_FEB, bid=20.0, ask=20.1, bid_size=30, ask_size=10, last=20.05, close=18.0)
    market.show(VX_MAR, bid=18.0, ask=18.05, bid_size=40, ask_size=20, last=18.0, close=17.0)
    market.show(VXM_FEB, bid=20.00, ask=20.10, bid_size=5, ask_size=5, last=20.05, close=18.0)
    for con_id, mid in ((LONG_PUT, 8.0), (SHORT_PUT, 11.0), (SHORT_CALL, 5.0), (LONG_CALL, 3.5), (FAR_CALL, 1.0)):
        market.show(con_id, bid=mid - 0.25, ask=mid + 0.25, bid_size=20, ask_size=20, close=mid - 1.0)
    return market


@dataclass
class Bench:
    """Hold an exchange over a fake market, and shorten the tests' sentences."""

    market: FakeMarket
    exchange: SimulatedExchange

    def order(self, action: str, quantity: float, limit: float | None = None, **changes: object) -> OrderRequest:
        """Return an order for the front VX, a limit order when a limit is given."""
        request = OrderRequest(
            client_id=1, order_id=1, con_id=VX_FEB, legs=(), action=action, quantity=quantity,
            order_type="MKT" if limit is None else "LMT", limit=limit, stop=None, tif="DAY", good_till=None,
            account=ACCOUNT, order_ref="", outside_rth=False, what_if=False,
        )  # fmt: skip
        return replace(request, **changes)  # type: ignore[arg-type]

    def calendar(self, action: str, quantity: float, limit: float | None, **changes: object) -> OrderRequest:
        """Return an order that buys the front VX against the second, when it is a BUY."""
        legs = (ComboLeg(con_id=VX_FEB, ratio=1, action="BUY"), ComboLeg(con_id=VX_MAR, ratio=1, action="SELL"))
        return self.order(action, quantity, limit, con_id=0, legs=legs, **changes)

    def tick(self, seconds: float = 5.0) -> Sequence[Report]:
        """Let time pass and the exchange match."""
        self.market.advance(self.market.now + timedelta(seconds=seconds))
        return self.exchange.step()


@pytest.fixture
def make_bench() -> Callable[..., Bench]:
    """Return a maker of benches; keyword arguments change the market first."""

    def make(**changes: object) -> Bench:
        market = fake_market()
        for name, value in changes.items():
            setattr(market, name, value)
        return Bench(market, SimulatedExchange(market))

    return make


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """Return an exchange over the fake market with half a million dollars."""
    return make_bench()
