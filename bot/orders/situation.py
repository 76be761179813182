"""Gather what the pre-trade controls look at, from the broker, the journal's projection and the last look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.broker.port import Instrument, OrderState, OrderUpdate, Reader
from bot.guard.controls import MINI, PastOrder, Situation
from bot.journal.projections import Projection, session_day
from bot.orders.life import Order
from strategies.alvh.records import Book, MarketView, Proposal, Purpose, Side, Working


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Hold the view and the book that a proposal comes from."""

    view: MarketView
    book: Book

    @property
    def positions_at(self) -> datetime:
        """Return the instant at which the positions in the book were known."""
        return self.view.now - timedelta(seconds=self.book.age_s)


class Looks:
    """Know the newest look at the account; `submitted` is the one that the last proposal came from."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self.submitted: Look | None = None

    def latest(self) -> Look | None:
        """Return the newer of the last recorded wake-up and the last proposal's view."""
        recorded = self._projection.last_look()
        if recorded is None or (self.submitted is not None and self.submitted.view.now >= recorded[0].now):
            return self.submitted
        return Look(view=recorded[0], book=recorded[1])


def situation(
    proposal: Proposal,
    ref: str,
    limit: Decimal | None,
    look: Look,
    *,
    now: datetime,
    broker: Reader,
    projection: Projection,
    instruments: Mapping[int, Instrument],
    foreign: Mapping[int, OrderUpdate],
    cap_minis: int | None,
) -> Situation:
    """Return the situation of one order at this instant.

    What the bot itself traded since the book was read is added to what the book says, so that two orders of one
    wake-up cannot both use the same room.
    """
    day = look.view.session.day
    state, others = projection.state(day), foreign_working(foreign, instruments, now)
    bought, gained, sold = traded_since(projection, look.positions_at, proposal.con_id)
    held = sum(max(p.quantity, 0) * p.multiplier for p in look.book.futures) // MINI
    return Situation(
        now=now,
        today=day,
        proposal=proposal,
        ref=ref,
        limit=limit,
        instrument=instruments.get(proposal.con_id),
        quote=broker.quote(proposal.con_id),
        prior_settle=broker.day_values(proposal.con_id)[1],
        account_minis=held + bought,
        account_long=sum(held_of(look.book, proposal.con_id)) + gained - sold,
        own_minis=sum(lot.quantity * lot.multiplier for lot in state.lots) // MINI,
        own_long=projection.position(proposal.con_id),
        working=state.working + tuple(w for w in others if not is_option(instruments, w.con_id)),
        bought_today_minis=state.bought_today_minis,
        cap_minis=cap_minis,
        past=tuple(_past(order) for order in projection.orders.values()),
        messages=projection.messages(now - timedelta(hours=24)),
        net_liquidation=look.book.account.net_liquidation,
        loss_usd=hedge_loss_usd(projection, broker, day),
        locked=state.locked + projection.locked_on(proposal.con_id),
        book_complete=look.book.complete,
        feed_ok=look.view.feed_ok,
        calls=state.calls,
        call_orders=state.call_orders + tuple(w for w in others if is_option(instruments, w.con_id)),
        call_spend=state.call_spend,
    )


def held_of(book: Book, con_id: int) -> Iterator[int]:
    """Yield the account's quantities of one future or VIX option."""
    yield from (position.quantity for position in book.futures if position.con_id == con_id)
    yield from (option.quantity for option in book.vix_options if option.con_id == con_id)


def is_option(instruments: Mapping[int, Instrument], con_id: int) -> bool:
    """Say whether an allow-listed contract is an option."""
    return instruments[con_id].sec_type == "OPT"


def traded_since(projection: Projection, since: datetime, con_id: int) -> tuple[int, int, int]:
    """Return what the bot traded since the book was read: minis bought, and this contract's bought and sold.

    Whether the book holds an execution of its very instant is not known: such a one uses room and gives none.
    """
    bought = gained = sold = 0
    for order, execution in projection.executions():
        same = order.ticket.instrument.con_id == con_id
        if execution.at < since:
            continue
        if order.ticket.side is Side.BUY:
            future = order.proposal.call is None
            bought += execution.quantity * order.ticket.instrument.multiplier // MINI if future else 0
            gained += execution.quantity if same and execution.at > since else 0
        elif same:
            sold += execution.quantity
    return bought, gained, sold


def foreign_working(
    foreign: Mapping[int, OrderUpdate], instruments: Mapping[int, Instrument], now: datetime
) -> tuple[Working, ...]:
    """Return other people's working orders in the allow-listed contracts: they use room and are never touched."""
    return tuple(
        Working(
            ref=update.ref or f"foreign-{perm_id}",
            con_id=update.con_id,
            side=update.side or Side.BUY,
            purpose=Purpose.TRANCHE,
            tranche=None,
            stage=None,
            remaining=update.remaining,
            multiplier=instruments[update.con_id].multiplier,
            sent_at=now,
        )
        for perm_id, update in foreign.items()
        if update.con_id in instruments and update.state in (OrderState.PENDING, OrderState.WORKING)
    )


def hedge_loss_usd(projection: Projection, broker: Reader, day: date) -> float | None:
    """Return what the bot's own futures and VIX calls lost in this session in dollars (negative: a gain) before fees.

    Lots held since yesterday count from the prior settlement, today's trades from their prices. `None` when a future
    that is held has no mark or, held since yesterday, no prior settlement. What left the account today otherwise than
    by a sale counts as if it were still held. A call can lose no more than its price: one without a mark counts as
    worthless, one without a prior close from the price paid.
    """
    trades: dict[int, list[tuple[int, float]]] = {}
    multipliers: dict[int, int] = {lot.con_id: lot.multiplier for lot in projection.lots() if lot.settles_on > day}
    multipliers |= {lot.con_id: lot.multiplier for lot in projection.calls() if lot.expires_on >= day}
    paid: dict[int, float] = {}  # of calls, at the latest purchase
    for order, execution in projection.executions():
        if order.proposal.call is not None and order.ticket.side is Side.BUY:
            paid[order.ticket.instrument.con_id] = execution.price
        if session_day(execution.at) == day:
            con_id = order.ticket.instrument.con_id
            sign = 1 if order.ticket.side is Side.BUY else -1
            trades.setdefault(con_id, []).append((sign * execution.quantity, execution.price))
            multipliers[con_id] = order.ticket.instrument.multiplier
    loss = 0.0
    for con_id, multiplier in multipliers.items():
        held = projection.position(con_id) + projection.departed(con_id, day)
        one = _loss_points(held, trades.get(con_id, []), broker, con_id, paid.get(con_id))
        if one is None:
            return None
        loss += one * multiplier
    return loss


def _loss_points(
    position: int, trades: list[tuple[int, float]], broker: Reader, con_id: int, paid_for: float | None
) -> float | None:
    quote, settle = broker.quote(con_id), broker.day_values(con_id)[1]
    mark = quote.mid if quote.mid is not None else quote.last
    if paid_for is not None:
        mark, settle = mark or 0.0, paid_for if settle is None else settle
    carried = position - sum(quantity for quantity, _ in trades)
    if (position and mark is None) or (carried and settle is None):
        return None
    paid = sum(quantity * price for quantity, price in trades) + carried * (settle or 0.0)
    return paid - position * (mark or 0.0)


def _past(order: Order) -> PastOrder:
    filled = max((execution.at for execution in order.executions.values()), default=None)
    return PastOrder(
        ref=order.ref,
        con_id=order.ticket.instrument.con_id,
        side=order.ticket.side,
        at=order.intended_at,
        filled_at=filled,
    )
