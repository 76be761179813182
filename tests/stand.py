"""Put an order desk before the fake broker on a stepped clock, and let it die and start again from its file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import builders
from fake_broker import ACCOUNT, ALLOWED, SETTLES, VX, VXM, FakeBroker

from bot.broker.port import OrderState, OrderUpdate
from bot.clock import SteppedClock
from bot.guard.controls import GuardSettings
from bot.guard.kill import KillSwitch
from bot.journal import Entry, Journal, Kind, Projection, journal_path
from bot.orders.desk import OrderDesk, Outcome
from bot.orders.ladder import OrderSettings
from bot.supervise.inbox import Inbox
from bot.supervise.operator import Operator
from bot.supervise.tickets import ConsentSettings
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import Account, Book, FuturePosition, MarketView, Proposal, Purpose, Side


@dataclass(slots=True, kw_only=True)
class Stand:
    """Hold a desk and everything around it; the broker and the folder outlive `restart`."""

    folder: Path
    mode: str = "paper"
    clock: SteppedClock = field(default_factory=lambda: SteppedClock(builders.at(30)))
    broker: FakeBroker = field(init=False)
    guard: GuardSettings = field(default_factory=GuardSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    consent: ConsentSettings = field(default_factory=ConsentSettings)
    environment: dict[str, str] = field(default_factory=dict)
    journal: Journal = field(init=False)
    projection: Projection = field(init=False)
    kill: KillSwitch = field(init=False)
    desk: OrderDesk = field(init=False)
    inbox: Inbox = field(init=False)
    operator: Operator = field(init=False)

    def __post_init__(self) -> None:
        self.broker = FakeBroker(self.clock)
        self.start()

    def start(self, sizing: SizingPolicy | None = None) -> None:
        self.journal = Journal.open(
            journal_path(self.folder, self.mode, ACCOUNT), mode=self.mode, account=ACCOUNT, durable=False
        )
        self.projection = Projection()
        self.journal.follow(self.projection.apply)
        self.kill = KillSwitch(self.folder, self.mode, ACCOUNT, environment=self.environment)
        self.desk = OrderDesk(
            broker=self.broker,  # type: ignore[arg-type]
            journal=self.journal,
            projection=self.projection,
            kill=self.kill,
            clock=self.clock,
            mode=self.mode,
            instruments=ALLOWED,
            guard=self.guard,
            orders=self.orders,
            consent=self.consent,
            sizing=sizing,
        )
        self.inbox = Inbox(self.folder, self.mode, ACCOUNT)
        self.operator = Operator(self.inbox, self.journal, self.desk, self.clock)

    def die(self) -> None:
        """Drop everything the process had in memory."""
        self.broker.deafen()
        self.journal.close()
        self.broker.die_before_place = self.broker.die_after_place = False

    async def restart(self) -> tuple[str, ...]:
        self.die()
        self.start()
        return await self.desk.recover()

    async def later(self, seconds: float) -> None:
        """Let time pass and attend once; where there is said to be no work, attending must do nothing."""
        self.clock.move(self.clock.now() + timedelta(seconds=seconds))
        has_work, before = self.desk.has_work() or self.operator.has_work(), self.done()
        self.operator.attend()
        await self.desk.attend()
        assert has_work or self.done() == before

    def done(self) -> tuple[int, ...]:
        """Count what was written, read and sent."""
        said = self.broker
        sent = (len(said.placed), len(said.repriced), len(said.cancelled))
        return (len(list(self.journal.entries())), said.reads, *sent)

    def submit(self, proposal: Proposal, **book: Any) -> Outcome:
        return self.desk.submit(proposal, self.view(), self.book(**book))

    def view(self) -> MarketView:
        now = self.clock.now()
        return replace(builders.spike_view((now - builders.OPEN).total_seconds() / 60), now=now)

    def book(self, **changes: Any) -> Book:
        """Return the account as the broker holds it now."""
        futures = tuple(
            FuturePosition(
                con_id=con_id,
                trading_class=ALLOWED[con_id].trading_class,
                multiplier=ALLOWED[con_id].multiplier,
                settles_on=SETTLES,
                dte=30,
                quantity=quantity,
            )
            for con_id, quantity in self.broker.held.items()
        )
        values: dict[str, Any] = {
            "legs": (),
            "futures": futures,
            "vix_options": (),
            "others": (),
            "account": Account(net_liquidation=1_000_000.0, excess_liquidity=800_000.0),
            "complete": True,
            "age_s": 0.0,
        }
        return Book(**(values | changes))

    def buy(self, quantity: int = 2, **changes: Any) -> str:
        """Submit a purchase, require that it was sent, and return its ref."""
        before = len(self.broker.placed)
        assert self.submit(buying(quantity, **changes)) is Outcome.SENT, self.entries(Kind.REFUSAL)[-1].body["why"]
        assert len(self.broker.placed) == before + 1
        return self.broker.placed[-1].ref

    async def own(self, quantity: int = 4, price: float = 20.1) -> None:
        """Let the bot own contracts that it bought twenty minutes ago."""
        ref = self.buy(quantity, key=f"own-{len(self.broker.placed)}")
        self.broker.say(ref)
        self.broker.fill(ref, quantity, price)
        self.clock.move(self.clock.now() + timedelta(minutes=20))

    def entries(self, *kinds: Kind) -> list[Entry]:
        return list(self.journal.entries(kinds=kinds or None))

    def now(self) -> datetime:
        return self.clock.now()


def at_work(quantity: int, *, ref: str = "") -> OrderUpdate:
    """Return the status of a purchase of VX that works and that the desk did not send."""
    return OrderUpdate(
        ref=ref,
        perm_id=5,
        order_id=0,
        con_id=VX.con_id,
        state=OrderState.WORKING,
        filled=0,
        remaining=quantity,
        side=Side.BUY,
        limit=15.0,
    )


def buying(quantity: int = 2, *, key: str = "buy-1", instrument: Any = None, **changes: Any) -> Proposal:
    contract = instrument or VXM
    values: dict[str, Any] = {
        "key": key,
        "purpose": Purpose.TRANCHE,
        "side": Side.BUY,
        "con_id": contract.con_id,
        "trading_class": contract.trading_class,
        "multiplier": contract.multiplier,
        "quantity": quantity,
        "reason": "test",
        "tranche": 1,
    }
    return Proposal(**(values | changes))


def selling(quantity: int = 2, *, key: str = "sell-1", **changes: Any) -> Proposal:
    values: dict[str, Any] = {"purpose": Purpose.STAGE, "side": Side.SELL, "tranche": None, "stage": 1}
    return buying(quantity, key=key, **(values | changes))
