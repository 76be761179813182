"""Fold a journal into the story of its days: points for the chart, trades, moments, refusals, profit and loss.

Everything comes from the journal alone, so the same story can be told while the bot runs, afterwards, and on another
machine. Marks are mids; a leg without a bid is marked at half its ask, one without an ask keeps its last mark.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.journal import Entry, Kind, Projection, Wakeup
from bot.orders.life import Order
from strategies.alvh.explain import explain, obstacle
from strategies.alvh.records import Book, Breadth, Decision, FutureQuote, MarketView, OptionLeg, Phase, Purpose, Side

OPENING = frozenset({Purpose.TRANCHE, Purpose.ROLL_BUY, Purpose.EVENT_CALLS, Purpose.CORE_CALLS})
MINI = 100  # multiplier of one mini
NUMBER = re.compile(r"[-+]?\d[\d,.:]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Hold one wake-up as the chart and the live view show it; money in dollars since the first wake-up."""

    seq: int
    at: datetime
    phase: Phase
    vix: float | None
    vx: float | None
    breadth: float | None
    vega: float | None
    baseline: float | None
    inflation: float | None
    hedge_vega: float
    minis: int
    book_pnl: float | None
    hedge_pnl: float | None
    summary: str
    obstacle: str  # name of the check that stood against an order; empty when none did
    acts: bool = False  # whether an order was proposed
    vx_month: str = ""  # settlement month of the contract that `vx` is of
    calls: int = 0  # VIX calls that the bot bought and owns

    @property
    def vx_name(self) -> str:
        """Return VX with the month that is followed: VX Feb18."""
        return f"VX {self.vx_month}".strip()

    @property
    def hedge(self) -> str:
        """Return what is held in words: 7 minis, or 7 minis and 10 calls."""
        return f"{self.minis} minis" + (f" and {self.calls} calls" if self.calls else "")

    @property
    def net_vega(self) -> float | None:
        """Return the vega of book and hedge together in dollars per VIX point."""
        return None if self.vega is None else self.vega + self.hedge_vega


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """Hold one order that filled: `quantity` contracts at the average `price`; vega in dollars per VIX point."""

    ref: str
    at: datetime
    side: Side
    contract: str
    quantity: int
    price: float
    purpose: Purpose
    stage: int | None
    tranche: int | None
    reason: str
    vega_before: float | None
    vega_after: float | None
    layer: str = ""  # of VIX calls: the event or the term they were bought for

    @property
    def stage_name(self) -> str:
        """Return the unwind stage, or the rule that sold."""
        return f"stage {self.stage}" if self.stage is not None else str(self.purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Hold one moment worth a marker, with the explanation that the wake-up `seq` gave for it."""

    seq: int
    at: datetime
    kind: str  # armed, tranche, unwind, refused
    title: str
    label: str
    text: str


class Teller:
    """Fold journal entries, in order, into the story so far."""

    def __init__(self) -> None:
        self.start: Mapping[str, Any] = {}
        self.points: list[Point] = []
        self.moments: list[Moment] = []
        self.refusals: Counter[str] = Counter()
        self._words: dict[
            str, dict[str, tuple[int, str]]
        ] = {}  # by reason and pattern: how often, and the latest words
        self.orders_sent = 0
        self.missed = 0
        self.max_minis = 0
        self.max_calls = 0
        self._projection = Projection()
        self._marks: dict[int, float] = {}
        self._opening_marks: dict[int, tuple[int, float]] = {}
        self._decided: dict[str, tuple[Decision, Point]] = {}  # by proposal key
        self._told: set[str] = set()  # refs of orders that already have a moment

    def apply(self, entry: Entry) -> None:
        """Take in one entry."""
        self._projection.apply(entry)
        match entry.kind:
            case Kind.START:
                self.start = self.start or entry.body
            case Kind.WAKEUP:
                self._wakeup(entry)
            case Kind.MISSED:
                self.missed += 1
            case Kind.SENT:
                self.orders_sent += 1
            case Kind.FILL:
                self._fill(entry)
            case Kind.REFUSAL:
                self._refuse(f"{entry.body['by']}: {refusing(entry.body)}", entry.body["why"])
            case _:
                pass

    @property
    def minis(self) -> int:
        """Return the hedge that the bot's own executions add up to, in minis."""
        return sum(lot.quantity * lot.multiplier for lot in self._projection.lots()) // MINI

    @property
    def calls(self) -> int:
        """Return the VIX calls that the bot's own executions add up to, in contracts."""
        return sum(lot.quantity for lot in self._projection.calls())

    @property
    def fees(self) -> float:
        """Return the commissions paid on the hedge in dollars."""
        return sum(execution.commission or 0.0 for _, execution in self._projection.executions())

    def book_pnl(self) -> float | None:
        """Return the condors' profit and loss in dollars since the first wake-up; `None` before it."""
        held = self._opening_marks.items()
        total = sum(size * (self._marks[con_id] - first) for con_id, (size, first) in held)
        return round(total, 2) + 0.0 if held else None  # cents, and never a negative zero

    def hedge_pnl(self) -> float | None:
        """Return the overlay's profit and loss in dollars after fees, open lots at the mid; `None` without a mark."""
        total = -self.fees
        held: Counter[tuple[int, int]] = Counter()
        for order, execution in self._projection.executions():
            size = execution.quantity if order.ticket.side is Side.BUY else -execution.quantity
            multiplier = order.ticket.instrument.multiplier
            total -= size * multiplier * execution.price
            held[(order.ticket.instrument.con_id, multiplier)] += size
        for (con_id, multiplier), size in held.items():
            if size and con_id not in self._marks:
                return None
            total += size * multiplier * self._marks[con_id] if size else 0.0
        return total

    def trades(self) -> tuple[Trade, ...]:
        """Return every order that filled, at least in part, by the time of its last fill."""
        filled = (self._trade(order) for order in self._projection.orders.values() if order.filled)
        return tuple(sorted(filled, key=lambda trade: trade.at))

    def _wakeup(self, entry: Entry) -> None:
        wakeup = self._projection.shelf.wakeup(entry)
        decision = wakeup.decision
        self._mark(wakeup.view, wakeup.book)
        point = self._point(entry.seq, wakeup)
        self.points.append(point)
        for proposal in decision.proposals:
            self._decided.setdefault(proposal.key, (decision, point))
        if decision.phase_after is Phase.ARMED and decision.phase_before is not Phase.ARMED:
            why = next((check.why for check in decision.checks if check.name == "gauge: inflation"), decision.summary)
            self._moment(entry.seq, entry.at, "armed", f"Armed: {why}", "armed", explain(decision, everything=True))
        for why in decision.alerts:
            self._moment(entry.seq, entry.at, "refused", f"Alert: {why}", "alert", explain(decision, everything=True))
        if not any(proposal.purpose in OPENING for proposal in decision.proposals):
            blocked = obstacle(decision)
            if blocked is not None:
                self._refuse(blocked.name, blocked.why)

    def _refuse(self, reason: str, words: str) -> None:
        self.refusals[reason] += 1
        said = self._words.setdefault(reason, {})
        pattern = NUMBER.sub("#", words)
        said[pattern] = (said.get(pattern, (0, ""))[0] + 1, words)

    def example(self, reason: str) -> str:
        """Return the words most often said for a reason, with the latest numbers."""
        return max(self._words[reason].values(), key=lambda kind: kind[0])[1]

    def _point(self, seq: int, wakeup: Wakeup) -> Point:
        view, decision, exposure = wakeup.view, wakeup.decision, wakeup.decision.exposure
        self.max_minis = max(self.max_minis, self.minis)
        traded, blocked = traded_future(wakeup), obstacle(decision)
        return Point(
            seq=seq,
            at=decision.at,
            phase=decision.phase_after,
            vix=view.vix.last,
            vx=None if traded is None else traded.quote.mid,
            breadth=net_breadth(view.breadth),
            vega=None if exposure is None else exposure.vega30_usd,
            baseline=None if exposure is None else exposure.vega30_baseline_usd,
            inflation=None if exposure is None else exposure.inflation,
            hedge_vega=decision.hedge_usd_per_point,
            minis=self.minis,
            book_pnl=self.book_pnl(),
            hedge_pnl=self.hedge_pnl(),
            summary=decision.summary,
            obstacle=blocked.name if blocked is not None else "",
            acts=bool(decision.proposals),
            vx_month="" if traded is None else f"{traded.settles_on:%b%y}",
            calls=self.calls,
        )

    def _mark(self, view: MarketView, book: Book) -> None:
        for leg in book.legs:
            mark = leg_mark(leg)
            if mark is not None:
                self._marks[leg.con_id] = mark
                self._opening_marks.setdefault(leg.con_id, (leg.quantity * leg.multiplier, mark))
        for future in view.futures:
            if future.quote.mid is not None:
                self._marks[future.con_id] = future.quote.mid
        calls = {option.con_id: option.quote.mid for option in view.vix_chain}
        calls |= {option.con_id: option.quote.mid for option in book.vix_options}
        self._marks.update((con_id, mid) for con_id, mid in calls.items() if mid is not None)

    def _fill(self, entry: Entry) -> None:
        self.max_minis, self.max_calls = max(self.max_minis, self.minis), max(self.max_calls, self.calls)
        order = self._projection.orders.get(entry.body["ref"])
        if order is None or order.ref in self._told:
            return
        self._told.add(order.ref)
        proposal = order.proposal
        decision, point = self._decided.get(proposal.key, (None, None))
        bought = order.ticket.side is Side.BUY
        words = f"{'Buy' if bought else 'Sell'} {order.ticket.quantity} {contract_name(order)}: {proposal.reason}"
        what = proposal.trading_class if proposal.call is None else "calls"
        label = f"{'+' if bought else '-'}{order.ticket.quantity} {what}"
        text = explain(decision, everything=True) if decision is not None else proposal.reason
        decided_by = entry.seq if point is None else point.seq
        self._moment(decided_by, entry.at, "tranche" if bought else "unwind", words, label, text)

    def _moment(self, seq: int, at: datetime, kind: str, title: str, label: str, text: str) -> None:
        self.moments.append(Moment(seq=seq, at=at, kind=kind, title=title, label=label, text=text))

    def _trade(self, order: Order) -> Trade:
        proposal = order.proposal
        before = self._decided[proposal.key][1].net_vega if proposal.key in self._decided else None
        last = max(execution.at for execution in order.executions.values())
        after = next((point.net_vega for point in self.points if point.at > last), None)
        return Trade(
            ref=order.ref,
            at=last,
            side=order.ticket.side,
            contract=contract_name(order),
            quantity=order.filled,
            price=order.average or 0.0,
            purpose=proposal.purpose,
            stage=proposal.stage,
            tranche=proposal.tranche,
            reason=proposal.reason,
            vega_before=before,
            vega_after=after,
            layer="" if proposal.call is None else proposal.call.layer,
        )


def refusing(body: Mapping[str, Any]) -> str:
    """Return the name of the first control that a journalled refusal failed, or who refused."""
    failed = (check["name"] for check in body["checks"] if not check["passed"])
    return next(failed, "refused")


def contract_name(order: Order) -> str:
    """Return class and settlement of the traded contract as a trader writes it: VX Feb18, VIX 16Aug23 29 call."""
    call = order.proposal.call
    if call is not None:
        return f"{order.proposal.trading_class} {call.settles_at:%d%b%y} {call.strike:g} call"
    expires = order.ticket.instrument.expires_on
    return order.proposal.trading_class if expires is None else f"{order.proposal.trading_class} {expires:%b%y}"


def traded_future(wakeup: Wakeup) -> FutureQuote | None:
    """Return the future that the episode trades, else the nearest one in the view."""
    episode = wakeup.decision.memory.episode
    futures = sorted(wakeup.view.futures, key=lambda future: (future.settles_on, -future.multiplier))
    chosen = [future for future in futures if episode is not None and future.con_id == episode.con_id]
    eligible = [future for future in futures if future.bars] or futures
    return next(iter(chosen or eligible), None)


def net_breadth(breadth: Breadth) -> float | None:
    """Return (advancers - decliners) / (advancers + decliners), `None` while either is missing."""
    up, down = breadth.advancers, breadth.decliners
    return None if up is None or down is None or up + down <= 0 else (up - down) / (up + down)


def leg_mark(leg: OptionLeg) -> float | None:
    """Return an option's mark in points: the mid, or half the ask where nobody bids."""
    if leg.quote.mid is not None:
        return leg.quote.mid
    return leg.quote.ask / 2 if leg.quote.ask is not None and leg.quote.bid is None else None
