"""Value, choose and size VIX calls on the future of the same settlement, and count those the bot owns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from strategies.alvh.holdings import foreign_long_minis
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.readiness import fresh_price, number
from strategies.alvh.reading import Reading
from strategies.alvh.records import (
    Book,
    CallLot,
    CallTerms,
    ChainQuote,
    Check,
    FutureQuote,
    HedgeState,
    OptionLeg,
    Proposal,
    Purpose,
    Quote,
    Right,
    Side,
)
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.sizing import beta
from strategies.pricing import black76_greeks, implied_vol, years_until

MULTIPLIER = 100
EVENT, CORE = "event-", "core-"
_FINE, _COARSE, _EDGE = 0.05, 0.10, 3.0  # VIX options: nickels below three points, dimes from there


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Hold one listed VIX call with the price it would be bought at, its delta, and what a VIX point adds to it.

    `limit` in points, `units_usd` in dollars per VIX point for one contract.
    """

    quote: ChainQuote
    dte: int
    delta: float
    limit: float
    units_usd: float

    @property
    def premium_usd(self) -> float:
        """Return what one contract costs at the limit."""
        return self.limit * MULTIPLIER


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrders:
    """Hold what one wake-up does about VIX calls: orders, refs to take back, and every check behind that."""

    proposals: tuple[Proposal, ...] = ()
    cancel: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


def tick_at(price: float) -> float:
    """Return the price step of a VIX option at this price in points; a finer listed step accepts it as well."""
    return _FINE if price < _EDGE - TOLERANCE else _COARSE


def entry_limit(quote: Quote, share: float) -> float | None:
    """Return the limit of a purchase in points: the middle plus this share of the spread, on the nearest step.

    Never above the ask; `None` without a two-sided market.
    """
    mid = number(quote.mid)
    if mid is None or quote.bid is None or quote.ask is None or mid <= 0.0:
        return None
    wanted = mid + share * (quote.ask - quote.bid)
    step = tick_at(wanted)
    nearest = math.floor(wanted / step + 0.5 + TOLERANCE) * step
    return round(min(max(nearest, step), quote.ask), 2)


def spread_share(quote: Quote) -> float | None:
    """Return the spread as a share of the middle; `None` without a two-sided market."""
    mid = number(quote.mid)
    if mid is None or mid <= 0.0 or quote.bid is None or quote.ask is None:
        return None
    return (quote.ask - quote.bid) / mid


def settles_on(option: ChainQuote | CallLot) -> date:
    """Return the settlement day: VIX options settle in New York's morning, the same day in UTC."""
    return option.settles_at.date()


def same_settlement(reading: Reading, day: date) -> FutureQuote | None:
    """Return the future that settles with the options of this day, the VX before the VXM."""
    month = [future for future in reading.view.futures if future.settles_on == day]
    return max(month, key=lambda future: future.multiplier, default=None)


def call_delta(reading: Reading, option: ChainQuote, forward: float) -> float | None:
    """Return the Black-76 delta of a call on its own future, from the volatility that its middle implies."""
    mid = number(option.quote.mid)
    if mid is None or mid <= 0.0 or forward <= 0.0 or option.strike <= 0.0:
        return None
    years, rate = years_until(option.settles_at, reading.view.now), reading.view.rate
    sigma = float(implied_vol(mid, forward, option.strike, years, rate, True))
    if not math.isfinite(sigma):
        return None
    return number(float(black76_greeks(forward, option.strike, years, rate, sigma, True).delta))


def candidate(
    reading: Reading, option: ChainQuote, *, max_age_s: float, max_spread_share: float, limit_share: float
) -> Candidate | str:
    """Return a call that could be bought with its delta and limit, or why it could not."""
    quote, day = option.quote, settles_on(option)
    future = same_settlement(reading, day)
    forward = fresh_price(future, reading.policy)
    age_s, wide, limit = number(quote.age_s), spread_share(quote), entry_limit(quote, limit_share)
    if forward is None:
        return "no live VX of the same settlement"
    if age_s is None or age_s > max_age_s or quote.delayed or quote.halted:
        return "no fresh market"
    if wide is None or limit is None:
        return "no two-sided market"
    if wide > max_spread_share + TOLERANCE:
        return "market too wide"
    delta = call_delta(reading, option, forward)
    if delta is None:
        return "no volatility fits its price"
    dte = (day - reading.view.session.day).days
    units = delta * MULTIPLIER * beta(dte, reading.policy.sizing)
    return Candidate(quote=option, dte=dte, delta=delta, limit=limit, units_usd=units)


def owned_calls(state: HedgeState, book_of: str) -> tuple[CallLot, ...]:
    """Return the bot's calls of one book: `EVENT` or `CORE`, or of one layer."""
    return tuple(lot for lot in state.calls if lot.layer.startswith(book_of))


def contracts(lots: Iterable[CallLot]) -> int:
    """Return the contracts in these lots."""
    return sum(lot.quantity for lot in lots)


def buying_calls(state: HedgeState, book_of: str) -> int:
    """Return the contracts that working purchases of one book may still fill."""
    return sum(
        order.remaining for order in state.call_orders if order.side is Side.BUY and order.layer.startswith(book_of)
    )


def event_contracts(state: HedgeState) -> int:
    """Return the event calls that the bot owns and is buying; each moves by no more than a mini of its month."""
    return contracts(owned_calls(state, EVENT)) + buying_calls(state, EVENT)


def room_under_cap(reading: Reading) -> int:
    """Return the minis that the position cap leaves; what works, event calls and what others hold count as held."""
    others = foreign_long_minis(reading.book, reading.state)
    held = reading.own + reading.buying + event_contracts(reading.state) + others
    return reading.policy.caps.max_position_minis - held


def sellable_calls(book: Book, state: HedgeState, lot: CallLot) -> int:
    """Return how many of this layer's contract may be sold: its own, never more than the account holds, less sales."""
    own = sum(one.quantity for one in state.calls if (one.con_id, one.layer) == (lot.con_id, lot.layer))
    held = sum(leg.quantity for leg in book.vix_options if leg.con_id == lot.con_id)
    sales = [order for order in state.call_orders if order.side is Side.SELL and order.con_id == lot.con_id]
    own -= sum(order.remaining for order in sales if order.layer == lot.layer)
    return max(0, min(own, held - sum(order.remaining for order in sales)))


def busy_call(state: HedgeState, con_id: int) -> bool:
    """Say whether an order of the bot in this call is still alive: one open order per contract."""
    return any(order.con_id == con_id and order.remaining > 0 for order in state.call_orders)


def without_event_calls(book: Book, state: HedgeState) -> tuple[OptionLeg, ...]:
    """Return the account's VIX options less the bot's own event calls: those are part of the hedge, not beside it."""
    own: Counter[int] = Counter()
    for lot in owned_calls(state, EVENT):
        own[lot.con_id] += lot.quantity
    return tuple(
        replace(leg, quantity=leg.quantity - min(own[leg.con_id], max(0, leg.quantity))) for leg in book.vix_options
    )


def spent_usd(state: HedgeState, book_of: str, first: date, last: date) -> float:
    """Return the premium that one book paid or has on offer in sessions from `first` to `last`."""
    return sum(
        spend.premium_usd
        for spend in state.call_spend
        if spend.layer.startswith(book_of) and first <= spend.bought_on <= last
    )


def call_units_usd(reading: Reading, lots: Iterable[CallLot], *, unknown: float = 1.0) -> float:
    """Return the long volatility of own calls in dollars per VIX point; `unknown` stands for a delta nobody knows.

    In full (1) where more of it buys less; nothing (0) where more of it would sell.
    """
    sizing, now = reading.policy.sizing, reading.view.now
    total = 0.0
    for lot in lots:
        if lot.settles_at > now:
            delta = _delta_held(reading, lot)
            total += (unknown if delta is None else delta) * lot.quantity * lot.multiplier * _beta(lot, reading, sizing)
    return total


def business_days_left(reading: Reading, option: ChainQuote | CallLot) -> int:
    """Return the trading days to a call's settlement; weekdays where no future of that day is quoted."""
    day = settles_on(option)
    future = same_settlement(reading, day)
    if future is not None:
        return future.business_days
    today = reading.view.session.day
    return sum((today + timedelta(days=n + 1)).weekday() < 5 for n in range(max(0, (day - today).days)))


def market_of(reading: Reading, lot: CallLot) -> Quote | None:
    """Return the newest known market of a call the bot owns."""
    held = [leg.quote for leg in reading.book.vix_options if leg.con_id == lot.con_id]
    listed = [option.quote for option in reading.view.vix_chain if option.con_id == lot.con_id]
    known = [quote for quote in (*held, *listed) if number(quote.age_s) is not None]
    return min(known, key=lambda quote: quote.age_s or 0.0, default=None)


def buy_call(
    reading: Reading,
    chosen: Candidate,
    quantity: int,
    *,
    layer: str,
    purpose: Purpose,
    budget_usd: float,
    limit_share: float,
    reason: str,
) -> Proposal:
    """Return the purchase of a chosen call for one layer."""
    option = chosen.quote
    terms = CallTerms(
        right=Right.CALL,
        strike=option.strike,
        expires_on=option.expires_on,
        settles_at=option.settles_at,
        layer=layer,
        limit_share=limit_share,
        budget_usd=budget_usd,
    )
    return Proposal(
        key=_key(reading.state, layer, purpose, option.con_id),
        purpose=purpose,
        side=Side.BUY,
        con_id=option.con_id,
        trading_class=option.trading_class,
        multiplier=MULTIPLIER,
        quantity=quantity,
        reason=reason,
        call=terms,
    )


def sell_call(reading: Reading, lot: CallLot, quantity: int, purpose: Purpose, reason: str) -> Proposal:
    """Return the sale of contracts of one lot."""
    terms = CallTerms(
        right=lot.right, strike=lot.strike, expires_on=lot.expires_on, settles_at=lot.settles_at, layer=lot.layer
    )
    return Proposal(
        key=_key(reading.state, lot.layer, purpose, lot.con_id),
        purpose=purpose,
        side=Side.SELL,
        con_id=lot.con_id,
        trading_class=lot.trading_class,
        multiplier=lot.multiplier,
        quantity=quantity,
        reason=reason,
        call=terms,
    )


def _key(state: HedgeState, layer: str, purpose: Purpose, con_id: int) -> str:
    stem = f"{layer}-{purpose}-{con_id}"
    return f"{stem}-{dict(state.attempts).get(stem, 0) + 1}"


def _beta(lot: CallLot, reading: Reading, sizing: SizingPolicy) -> float:
    return beta((settles_on(lot) - reading.view.session.day).days, sizing)


def _delta_held(reading: Reading, lot: CallLot) -> float | None:
    """Return the delta of a call the account shows; `None` for one it does not, or without fresh greeks."""
    leg = next((leg for leg in reading.book.vix_options if leg.con_id == lot.con_id), None)
    greeks = leg.greeks if leg is not None else None
    if greeks is None or greeks.age_s > reading.policy.freshness.greeks_s or not abs(greeks.delta) <= 1.0:
        return None
    return max(0.0, greeks.delta)
