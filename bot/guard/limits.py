"""State the limits of the pre-trade controls, and the situation of one order that they look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bot.broker.port import Instrument
from strategies.alvh.records import CallLot, CallSpend, Proposal, Purpose, Quote, Side, Working

MINI = 100
OPENING = frozenset({Purpose.TRANCHE, Purpose.ROLL_BUY, Purpose.EVENT_CALLS, Purpose.CORE_CALLS})


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """Settings of the pre-trade controls; quantities in minis, shares as fractions, times in seconds."""

    max_order_minis: int = 10
    max_position_minis: int = 30
    max_bought_share: float = 2.0  # of the largest position, a day
    collar_ticks: int = 2  # beyond the far touch
    collar_mid_share: float = 0.03
    collar_settle_share: float = 0.40
    messages_per_minute: int = 5
    messages_per_day: int = 60
    reserve_per_minute: int = 2  # of those, kept for reducing risk
    reserve_per_day: int = 20
    duplicate_s: float = 60.0
    repeat_fills: int = 3
    repeat_s: float = 600.0
    quote_age_s: float = 10.0
    loss_unwind_share: float = 0.01
    loss_kill_share: float = 0.02
    max_price: float = 200.0
    max_order_calls: int = 10  # contracts of VIX calls
    max_event_calls: int = 10
    max_core_calls: int = 40
    event_premium_share: float = 0.0025  # of the account, for one event, for a calendar month, and a year of the core
    month_premium_share: float = 0.01
    core_premium_share: float = 0.02
    call_mid_share: float = 0.50  # a sale of calls may stand this far under the middle


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOrder:
    """Hold an intent that was sent before: what duplicates are looked for among."""

    ref: str
    con_id: int
    side: Side
    at: datetime
    filled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Hold everything the controls look at.

    `limit` is the first price of the order. `instrument` is the allow-listed contract, `None` when the proposal's is
    not on the list. `account_minis` is the account's hedge with foreign lots, `account_long` and `own_long` are the
    contracts of this very future or call that the account and the bot's own executions show. `calls`, `call_orders` and
    `call_spend` are what the bot owns, has working and has spent in VIX calls. `messages` are the instants of
    orders and cancellations already sent. `loss_usd` is today's loss of the hedge, positive.
    """

    now: datetime
    today: date
    proposal: Proposal
    ref: str
    limit: Decimal | None
    instrument: Instrument | None
    quote: Quote
    prior_settle: float | None
    account_minis: int
    account_long: int
    own_minis: int
    own_long: int
    working: tuple[Working, ...]
    bought_today_minis: int
    cap_minis: int | None
    past: tuple[PastOrder, ...] = ()
    messages: tuple[datetime, ...] = ()
    net_liquidation: float | None = None
    loss_usd: float | None = None
    locked: tuple[str, ...] = ()
    book_complete: bool = True
    feed_ok: bool = True
    calls: tuple[CallLot, ...] = ()
    call_orders: tuple[Working, ...] = ()
    call_spend: tuple[CallSpend, ...] = ()

    @property
    def minis(self) -> int:
        """Return the order's size in minis."""
        return self.proposal.quantity * self.proposal.multiplier // MINI

    @property
    def opening(self) -> bool:
        """Say whether the order adds risk: everything but a sale does."""
        return self.proposal.side is Side.BUY or self.proposal.purpose in OPENING
