"""Write small journals by hand: a few wake-ups, orders and fills whose figures a test can work out on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import builders
from fake_broker import ACCOUNT, VX, VXM

from bot.broker.port import Fill, Instrument, OrderTicket
from bot.journal import Entry, Journal, Kind, Shelf, Wakeup, journal_path, record_wakeup
from bot.journal.codec import to_json
from bot.report.result import Result, Run
from bot.report.story import Teller
from strategies.alvh.explain import summarise
from strategies.alvh.policy import Policy
from strategies.alvh.records import (
    Book,
    Check,
    Decision,
    Exposure,
    HedgeState,
    MarketView,
    Memory,
    Phase,
    Proposal,
    Purpose,
    Quote,
    Side,
)

LOW_GAUGE = Check(name="gauge: inflation", observed=0.1, threshold=0.3, passed=False, why="the put side is quiet")


def quoted(mid: float) -> Quote:
    return Quote(bid=mid - 0.05, ask=mid + 0.05, age_s=1.0)


def legs(*mids: float, count: int = 20) -> tuple[Any, ...]:
    """Return the condor with these mids: long put, short put, short call, long call."""
    return tuple(
        replace(leg, quote=quoted(mid)) for leg, mid in zip(builders.condor(count), mids or (9, 13, 6, 2), strict=True)
    )


def market_view(minutes: float, *, vx: float = 18.0, vxm: float | None = None, **changes: Any) -> MarketView:
    """Return the view this many minutes after the open, without bars."""
    futures = (
        builders.future(builders.VX, vx, quote=quoted(vx)),
        builders.future(builders.VXM, vx, quote=quoted(vx if vxm is None else vxm)),
    )
    bare: dict[str, Any] = {"spx_bars": (), "vix_bars": (), "breadth_bars": (), "futures": futures}
    return builders.spike_view(minutes, **(bare | changes))


def buying(key: str, quantity: int, instrument: Instrument = VXM, **changes: Any) -> Proposal:
    values: dict[str, Any] = {
        "key": key,
        "purpose": Purpose.TRANCHE,
        "side": Side.BUY,
        "con_id": instrument.con_id,
        "trading_class": instrument.trading_class,
        "multiplier": instrument.multiplier,
        "quantity": quantity,
        "reason": "the put side is inflated",
        "tranche": 1,
    }
    return Proposal(**(values | changes))


def selling(key: str, quantity: int, instrument: Instrument = VXM, **changes: Any) -> Proposal:
    values = {"purpose": Purpose.STAGE, "side": Side.SELL, "stage": 1, "tranche": None, "reason": "half is back"}
    return buying(key, quantity, instrument, **(values | changes))


def decided(
    view: MarketView,
    *proposals: Proposal,
    before: Phase = Phase.WATCH,
    after: Phase = Phase.WATCH,
    checks: Sequence[Check] = (LOW_GAUGE,),
    hedge: float = 0.0,
    exposure: Exposure | None = None,
    memory: Memory | None = None,
    summary: str = "",
) -> Decision:
    made = Decision(
        at=view.now,
        phase_before=before,
        phase_after=after,
        proposals=proposals,
        cancel=(),
        checks=tuple(checks),
        exposure=exposure or builders.exposure(vega30_usd=-2500.0),
        hedge_usd_per_point=hedge,
        target_minis=0,
        summary=summary,
        memory=memory or Memory(phase=after),
    )
    return replace(made, summary=summary or summarise(made))


@dataclass(slots=True, kw_only=True)
class SmallDay:
    """Hold one journal that a test writes entry by entry."""

    folder: Path
    mode: str = "paper"
    journal: Journal = field(init=False)
    shelf: Shelf = field(init=False)
    fills: int = 0

    def __post_init__(self) -> None:
        self.journal = Journal.open(self.path, mode=self.mode, account=ACCOUNT, durable=False)
        self.shelf = Shelf()
        self.journal.follow(self.shelf.apply)

    @property
    def path(self) -> Path:
        return journal_path(self.folder, self.mode, ACCOUNT)

    def start(self, minutes: float = 0, policy: Policy | None = None) -> int:
        return self.journal.append(Kind.START, {"policy": to_json(policy or Policy())}, at=builders.at(minutes))

    def write(self, kind: Kind, minutes: float, **body: Any) -> int:
        return self.journal.append(kind, body, at=builders.at(minutes))

    def wake(self, view: MarketView, decision: Decision | None = None, book: Book | None = None) -> int:
        wakeup = Wakeup(
            view=view,
            book=book or builders.book(legs=legs()),
            state=HedgeState(memory=Memory()),
            decision=decision or decided(view),
        )
        return record_wakeup(self.journal, self.shelf, wakeup, at=view.now)

    def send(self, minutes: float, proposal: Proposal, limit: str = "20.00") -> str:
        """Write intent and sending of an order, and return its ref."""
        instrument = VX if proposal.con_id == VX.con_id else VXM
        ref = f"ref-{proposal.key}"
        ticket = OrderTicket(
            ref=ref,
            account=ACCOUNT,
            instrument=instrument,
            side=proposal.side,
            quantity=proposal.quantity,
            limit=Decimal(limit),
        )
        body = {"ref": ref, "proposal": to_json(proposal), "ticket": to_json(ticket), "quote": None, "checks": []}
        self.write(Kind.INTENT, minutes, **body)
        self.write(Kind.SENT, minutes, ref=ref)
        return ref

    def fill(
        self, minutes: float, proposal: Proposal, quantity: int, price: float, commission: float | None = None
    ) -> int:
        self.fills += 1
        fill = Fill(
            ref=f"ref-{proposal.key}",
            exec_id=f"0000e0d5.{self.fills:08x}.01.01",
            perm_id=1,
            account=ACCOUNT,
            con_id=proposal.con_id,
            side=proposal.side,
            quantity=quantity,
            price=price,
            at=builders.at(minutes),
            commission=commission,
        )
        return self.journal.append(Kind.FILL, to_json(fill), at=builders.at(minutes))

    def ticket(self, minutes: float, proposal: Proposal, ticket_id: str, deadline_s: float = 90.0) -> int:
        deadline = builders.at(minutes) + timedelta(seconds=deadline_s)
        return self.write(
            Kind.TICKET,
            minutes,
            id=ticket_id,
            ref=f"ref-{proposal.key}",
            proposal=to_json(proposal),
            deadline=deadline.isoformat(),
            limit="20.00",
        )

    def entries(self) -> list[Entry]:
        return list(self.journal.entries())

    def teller(self) -> Teller:
        teller = Teller()
        for entry in self.entries():
            teller.apply(entry)
        return teller

    def result(self, **changes: Any) -> Result:
        values: dict[str, Any] = {
            "mode": self.mode,
            "scenario": "by-hand",
            "title": "A day by hand",
            "seed": 7,
            "account": ACCOUNT,
            "journal": str(self.path),
            "digest": self.journal.digest(),
            "report": "report.html",
            "library": "none",
        }
        teller = self.teller()
        return Result(run=Run(**(values | changes)), teller=teller, trades=teller.trades())


def hedged_day(folder: Path, mode: str = "paper") -> SmallDay:
    """Write the day that the known answers are about.

    10:00 armed; 10:01 buys 2 VXM at 18.00 (fees 2.40) and 10:03 1 VX at 18.50 (fees 2.58); 10:06 sells 1 VXM at 20.00
    (fees 1.20). The condor's mids go from 9, 13, 6, 2 to 11, 18, 3, 1; VX ends at 19.10, VXM at 19.00.
    """
    day = SmallDay(folder=folder, mode=mode)
    gauge = replace(LOW_GAUGE, passed=True, why="the put side is up by half")
    day.start(29)
    small, large, sale = buying("b1", 2), buying("b2", 1, VX, tranche=2), selling("s1", 1)
    view = market_view(30, vix=20.0)
    day.wake(view, decided(view, after=Phase.ARMED, checks=[gauge]))
    view = market_view(31, vix=21.0)
    day.wake(view, decided(view, small, before=Phase.ARMED, after=Phase.T1, checks=[gauge]))
    day.send(31, small)
    day.fill(31.5, small, 2, 18.0, 2.40)
    view = market_view(32, vix=22.0)
    day.wake(view, decided(view, large, before=Phase.T1, after=Phase.T2, checks=[gauge], hedge=200.0))
    day.send(32, large)
    day.fill(33, large, 1, 18.5, 2.58)
    view = market_view(34, vix=25.0)
    day.wake(view, decided(view, before=Phase.T2, after=Phase.T2, checks=[gauge], hedge=1200.0))
    view = market_view(35, vix=24.0)
    day.wake(view, decided(view, sale, before=Phase.T2, after=Phase.UNWIND, checks=[gauge], hedge=1200.0))
    day.send(35, sale)
    day.fill(36, sale, 1, 20.0, 1.20)
    view = market_view(37, vx=19.1, vxm=19.0, vix=23.0)
    book = builders.book(legs=legs(11, 18, 3, 1))
    day.wake(view, decided(view, before=Phase.UNWIND, after=Phase.UNWIND, checks=[gauge], hedge=1100.0), book)
    return day
