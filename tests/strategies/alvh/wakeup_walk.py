"""Walk the core from wake-up to wake-up: orders fill, fail or stay, the market and the book change in between."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from builders import CLOSE, OPEN, bars, book, exposure, lot, memory, rising, session, spike_view

from strategies.alvh.holdings import owned
from strategies.alvh.judge import judge
from strategies.alvh.policy import Policy
from strategies.alvh.records import (
    Decision,
    Exposure,
    HedgeState,
    Lot,
    MarketView,
    Memory,
    Phase,
    Proposal,
    Side,
    Window,
    Working,
)

MINI = 100


@dataclass(slots=True, kw_only=True)
class Walk:
    """Hold what the journal would hold between two wake-ups; `refused` are orders that ended and may still fill."""

    policy: Policy
    minute: float = 30.0
    memory: Memory = field(default_factory=memory)
    lots: tuple[Lot, ...] = ()
    working: tuple[Working, ...] = ()
    ended: tuple[Working, ...] = ()
    last_fill_at: Any = None
    condors: bool = True
    sent: int = 0

    @property
    def own(self) -> int:
        """Return the minis held."""
        return owned(self.lots)

    @property
    def phase(self) -> Phase:
        return self.memory.phase

    def wake(self, view: MarketView, valued: Exposure, **of_book: Any) -> Decision:
        """Decide one wake-up and take its orders as sent."""
        legs = {} if self.condors else {"legs": ()}
        held = book(*self.lots, **{**legs, **of_book})
        if not self.condors:
            valued = replace(valued, condors=0, vega30_usd=0.0, vega_delta_usd=0.0)
        known = HedgeState(memory=self.memory, lots=self.lots, working=self.working, last_fill_at=self.last_fill_at)
        decision = judge(view, held, known, self.policy, memory=self.memory, exposure=valued)
        self.memory = decision.memory
        kept = tuple(order for order in self.working if order.ref not in decision.cancel)
        self.ended += tuple(order for order in self.working if order.ref in decision.cancel)
        self.working = kept + tuple(self._sent(proposal, view) for proposal in decision.proposals)
        self.minute += 5.0
        return decision

    def fill(self, share: float, view: MarketView) -> None:
        """Fill this share of every working order, rounded down; the rest stays."""
        for order in self.working:
            self._fill(order, int(order.remaining * share + 1e-9), view)

    def cancel(self) -> None:
        """End every working order without a fill."""
        self.ended += self.working
        self.working = ()

    def fill_late(self, view: MarketView) -> None:
        """Fill the last purchase that had ended: the broker's cancel came too late."""
        for order in reversed(self.ended):
            if order.side is Side.BUY:
                self.ended = tuple(item for item in self.ended if item is not order)
                self._buy(order, order.remaining, view)
                return

    def flatten(self) -> None:
        """Let the operator sell everything and take every order back."""
        self.working, self.lots = (), ()

    def _sent(self, proposal: Proposal, view: MarketView) -> Working:
        self.sent += 1
        return Working(
            ref=f"r{self.sent}",
            con_id=proposal.con_id,
            side=proposal.side,
            purpose=proposal.purpose,
            tranche=proposal.tranche,
            stage=proposal.stage,
            remaining=proposal.quantity,
            multiplier=proposal.multiplier,
            sent_at=view.now,
        )

    def _fill(self, order: Working, quantity: int, view: MarketView) -> None:
        if quantity <= 0:
            return
        rest = replace(order, remaining=order.remaining - quantity)
        self.working = tuple(rest if item is order else item for item in self.working)
        self.working = tuple(item for item in self.working if item.remaining)
        if order.side is Side.BUY:
            self._buy(order, quantity, view)
            return
        self.last_fill_at = view.now
        for held in self.lots:
            if held.con_id == order.con_id and quantity:
                taken = min(quantity, held.quantity)
                quantity -= taken
                self.lots = tuple(replace(x, quantity=x.quantity - taken) if x is held else x for x in self.lots)
        assert quantity == 0, "a sale was filled for more than is owned: the account is short"
        self.lots = tuple(item for item in self.lots if item.quantity)

    def _buy(self, order: Working, quantity: int, view: MarketView) -> None:
        price = next(future.quote.mid for future in view.futures if future.con_id == order.con_id) or 0.0
        made = lot(order.con_id, quantity, tranche=order.tranche or 1, price=price)
        self.lots += (replace(made, bought_at=view.now, bought_on=view.session.day),)
        self.last_fill_at = view.now


def market(minute: float, *, vx: float, vix: float, climbs: bool, window: Window) -> MarketView:
    """Return a view of the spike morning with these prices, a MACD that rises or falls, and this window."""
    minute = min(minute, 385.0)
    view = spike_view(minute, vx=vx, vix=vix)
    end = OPEN + timedelta(minutes=5 * (minute // 5))
    last = (vx - 2.3, vx - 2.1, vx - 1.8, vx - 1.4, vx - 0.9, vx) if climbs else (vx + 2, vx + 1.5, vx + 1, vx)
    closes = bars(rising(520, vx - 2.5 if climbs else 16.0, last), end)
    futures = tuple(replace(item, bars=closes) if item.bars else item for item in view.futures)
    return replace(view, futures=futures, session=session(view.now, window=window, closes_at=CLOSE))


def gauged(inflation: float, **changes: Any) -> Exposure:
    """Return the book's exposure at an inflation."""
    return exposure(inflation=inflation, **changes)
