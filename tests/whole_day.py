"""Stand the whole bot before the simulated gateway for part of a day, and let things happen to it.

The decision is the real one; a test may add proposals of its own to it (`Script`), so that what is tested here - the
path from a decision to the exchange and back - does not depend on what the method thinks of a particular afternoon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import bot.cycle
from bot.app import Bot
from bot.barrier import settle
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import SteppedClock
from bot.demo import stride
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import SimulatedMarket, load_market
from bot.gateway.records import OrderRequest
from bot.gateway.server import Gateway
from bot.guard.interlock import LIVE_PORTS, PAPER_PORTS
from bot.journal import Entry, Kind
from bot.orders.refs import is_ours
from bot.plan import Plan
from bot.schedule import Stepper
from bot.supervise.inbox import Inbox, Say
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import Book, Decision, FutureQuote, HedgeState, MarketView, Proposal, Purpose, Side

CLIENT_ID = 17
MORNING = datetime(2018, 2, 5, 15, 8, tzinfo=UTC)  # in the opening window of the spike day, before VX moves
PLACE, CANCEL, GLOBAL_CANCEL = 3, 4, 58
PORTS = {"demo": 0, "dry-run": min(PAPER_PORTS), "paper": min(PAPER_PORTS), "live": min(LIVE_PORTS)}


class Died(BaseException):
    """Be the end of the process, in the middle of whatever it was doing."""


@dataclass(slots=True)
class Script:
    """Decide as the method does, and add each planned purchase at the first wake-up after its time."""

    buys: list[tuple[datetime, str, int]] = field(default_factory=list)  # instant, trading class, contracts
    views: list[MarketView] = field(default_factory=list)

    def buy(self, at: datetime, trading_class: str, quantity: int) -> None:
        self.buys.append((at, trading_class, quantity))

    def decide(self, view: MarketView, book: Book, state: HedgeState, policy: Policy) -> Decision:
        decision = decide(view, book, state, policy)
        self.views.append(view)
        added = tuple(_purchase(view, *planned) for planned in self.buys if planned[0] <= view.now)
        return replace(decision, proposals=decision.proposals + added)


def _purchase(view: MarketView, at: datetime, trading_class: str, quantity: int) -> Proposal:
    future = nearest(view, trading_class)
    return Proposal(
        key=f"scripted-{at:%H%M%S}-{trading_class}",
        purpose=Purpose.TRANCHE,
        side=Side.BUY,
        con_id=future.con_id,
        trading_class=future.trading_class,
        multiplier=future.multiplier,
        quantity=quantity,
        reason="the test says so",
        tranche=1,
    )


def nearest(view: MarketView, trading_class: str) -> FutureQuote:
    found = [future for future in view.futures if future.trading_class == trading_class]
    return min(found, key=lambda future: future.dte)


@dataclass(slots=True, kw_only=True)
class Day:
    """Hold the gateway's side, the bot's side and the clock between them; both sides can die and come back."""

    folder: Path
    mode: str
    account: str
    market: SimulatedMarket
    exchange: SimulatedExchange
    clock: SteppedClock
    plan_changes: dict[str, Any]
    gateway: Gateway
    port: int = 0
    bot: Bot = field(init=False)
    broker: ReadOnlyBroker = field(init=False)
    followers: list[Callable[[Entry], None]] = field(default_factory=list)
    _stepper: Stepper = field(init=False)

    @classmethod
    async def begin(
        cls,
        folder: Path,
        *,
        mode: str = "paper",
        at: datetime = MORNING,
        scenario: str = "spike-2018-02",
        account: str = "",
        **plan_changes: Any,
    ) -> Day:
        market = load_market(scenario)
        opening = market.opening_account()
        if account:
            market.opening_account = lambda: replace(opening, account=account)  # type: ignore[method-assign]
        exchange = SimulatedExchange(market)
        gateway = Gateway(market, exchange)
        gateway.advance(at)
        day = cls(
            folder=folder,
            mode=mode,
            account=account or opening.account,
            market=market,
            exchange=exchange,
            clock=SteppedClock(market.now),
            plan_changes=plan_changes,
            gateway=gateway,
        )
        day.port = await gateway.start(0)
        await day.start()
        return day

    async def start(self) -> None:
        """Start a bot as a new process would: nothing but the journal and the broker remember the one before."""
        kind = ReadOnlyBroker if self.mode == "dry-run" else IbBroker
        place = Endpoint(
            port=self.port, client_id=CLIENT_ID, account=self.account, stepped=True, attempts=2, pause_s=0.0
        )
        self.broker = kind(place, self.clock, mode=self.mode)
        values: dict[str, Any] = {
            "mode": self.mode,
            "port": PORTS[self.mode],
            "configured_account": self.account,
            "folder": self.folder,
            "durable": False,
            "simulated": self.mode == "demo",
        }
        self.bot = Bot(Plan(**(values | self.plan_changes)), self.broker, self.clock)
        await self.bot.open(self._follow)
        self._stepper = Stepper(self.clock, self.bot.jobs(), self.catch_up, stride)

    def _follow(self, journal: Any) -> None:
        known = sum(1 for _ in journal.entries())

        def fresh(entry: Entry) -> None:
            if entry.seq > known:
                for follower in self.followers:
                    follower(entry)

        journal.follow(fresh)

    async def catch_up(self, to: datetime) -> None:
        self.gateway.advance(to)
        await settle(self.gateway, self.broker, CLIENT_ID)

    async def run(self, until: datetime) -> None:
        """Run the job table to an instant."""
        await self._stepper.run(until)

    async def pass_time(self, **span: float) -> None:
        await self.run(self.clock.now() + timedelta(**span))

    async def run_until(self, happened: Callable[[], object], limit: datetime) -> None:
        """Run until something is true, five seconds at a time; fail when it has not happened by `limit`."""
        while not happened():
            if self.clock.now() >= limit:
                pytest.fail(f"it has not happened by {limit}")
            await self.pass_time(seconds=5)

    async def die(self) -> None:
        """End the process: no goodbye in the journal, nothing flushed; the system closes its files and its socket."""
        client = self.broker._ib.client
        self.bot.journal._engine.dispose()
        self.bot.journal._broken = "the process is dead"
        if self.bot._lock is not None:
            self.bot._lock.release()
        if client.isConnected():
            client.conn.disconnect()
        await settle(self.gateway, self.broker, CLIENT_ID)

    async def close(self) -> None:
        await self.bot.close()
        await self.gateway.stop()

    # --- what there is to see

    def entries(self, *kinds: Kind) -> list[Entry]:
        return list(self.bot.journal.entries(kinds=kinds or None))

    def orders(self) -> list[Any]:
        """Return every order of the bot that the exchange ever accepted or refused, in the order of placing."""
        book = self.exchange._orders
        found = [*book.live.values(), *book.done.values()]
        return sorted((o for o in found if is_ours(o.request.order_ref, self.mode)), key=lambda o: o.perm_id)

    def refs(self) -> list[str]:
        return [order.request.order_ref for order in self.orders()]

    def futures(self) -> dict[int, int]:
        """Return the account's futures by con_id, flat ones left out."""
        held = self.exchange._accounts.of(self.account).ledger.held()
        return {p.contract.con_id: int(p.quantity) for p in held if p.is_future}

    def journal_name(self) -> str:
        return Path(self.bot.place).name

    def own(self) -> dict[int, int]:
        """Return what the journal says that the bot owns."""
        held: dict[int, int] = {}
        for lot in self._projection.lots():
            held[lot.con_id] = held.get(lot.con_id, 0) + lot.quantity
        return held

    @property
    def _projection(self) -> Any:
        return self.bot._cycle._projection

    # --- what other people do

    def word(self, say: Say, subject: str = "", who: str = "ann") -> None:
        inbox = Inbox(self.folder, self.mode, self.account)
        at = self.clock.now()
        inbox.put(say, who=who, at=at, word_id=f"{say}-{at:%H%M%S}-{subject}", subject=subject)

    def trade_by_hand(self, con_id: int, quantity: int) -> None:
        """Let another client of the account trade at the market (negative: sell)."""
        request = OrderRequest(
            client_id=99,
            order_id=1000 + len(self.exchange._orders.done) + len(self.exchange._orders.live),
            con_id=con_id,
            legs=(),
            action="BUY" if quantity > 0 else "SELL",
            quantity=abs(quantity),
            order_type="MKT",
            limit=None,
            stop=None,
            tif="DAY",
            good_till=None,
            account=self.account,
            order_ref="",
            outside_rth=False,
            what_if=False,
        )
        self.gateway._deliver(self.exchange.place(request))
        self.gateway.flush()

    def close_condors_by_hand(self) -> None:
        """Book the closing of every option position, as if somebody had bought the condors back."""
        ledger = self.exchange._accounts.of(self.account).ledger
        for position in ledger.held():
            if not position.is_future:
                mark = self.exchange._accounts.of(self.account)._valuation.mark(position.contract, position)
                ledger.trade(position.contract, -position.quantity, mark, 0.0)
                self.gateway._deliver([ledger.report(position.contract.con_id)])
        self.exchange._accounts.of(self.account).touched()
        self.gateway.flush()


def scripted(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Put a script between the cycle and the method."""
    script = Script()
    monkeypatch.setattr(bot.cycle, "decide", script.decide)
    return script
