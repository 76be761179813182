"""Make a market of VIX calls on the futures of the spike morning, priced by Black-76 at one volatility."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import builders
from builders import DAY, SETTLES, at, book, condor, exposure, memory, spike_view, state

from strategies.alvh.policy import CorePolicy, EventPolicy, Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import (
    Book,
    CallLot,
    CallSpend,
    ChainQuote,
    Episode,
    EventCalendar,
    Greeks,
    GreeksSource,
    HedgeState,
    MacroEvent,
    MarketView,
    OptionLeg,
    Purpose,
    Quote,
    Right,
    Side,
    Working,
)
from strategies.pricing import black76_greeks, black76_price, years_until

SIGMA = 0.95
CPI = MacroEvent(name="CPI", at=at(-60), surprise=0.2)
FOMC = MacroEvent(name="FOMC", at=at(270))
LAYER = "event-CPI-20180205T1330"
ON = Policy(events=EventPolicy(enabled=True, min_open_interest=1000))


def settles(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)


def con_of(strike: float, day: date = SETTLES) -> int:
    return int(day.strftime("%y%m%d")) * 10_000 + int(strike * 10)


def call(
    strike: float,
    *,
    now: datetime,
    forward: float = 18.5,
    day: date = SETTLES,
    sigma: float = SIGMA,
    spread: float = 0.04,
    **changes: Any,
) -> ChainQuote:
    years = years_until(settles(day), now)
    mid = float(black76_price(forward, strike, years, 0.015, sigma, True))
    half = 0.5 * spread * mid
    made = ChainQuote(
        con_id=con_of(strike, day),
        trading_class="VIX",
        right=Right.CALL,
        strike=strike,
        expires_on=day - timedelta(days=1),
        settles_at=settles(day),
        quote=Quote(bid=mid - half, ask=mid + half, bid_size=100, ask_size=100, age_s=2.0),
    )
    return replace(made, **changes)


def delta(strike: float, *, now: datetime, forward: float = 18.5, day: date = SETTLES, sigma: float = SIGMA) -> float:
    return float(black76_greeks(forward, strike, years_until(settles(day), now), 0.015, sigma, True).delta)


def chain(now: datetime, **changes: Any) -> tuple[ChainQuote, ...]:
    return tuple(call(strike, now=now, **changes) for strike in (17.0, 18.5, 20.0, 21.0, 22.0, 23.0, 24.0, 26.0, 30.0))


def calendar(*events: MacroEvent, until: date = date(2018, 12, 31)) -> EventCalendar:
    return EventCalendar(source="test", valid_until=until, events=events)


def episode(minutes: float = 20.0, **changes: Any) -> Episode:
    return builders.episode(
        **(
            dict(armed_at=at(minutes), target_minis=15, was_inverted=True, peak_position_minis=4, first_fill_on=None)
            | changes
        )
    )


def view(minutes: float = 25.0, *, event: MacroEvent = CPI, **changes: Any) -> MarketView:
    made = spike_view(minutes)
    return replace(made, **({"vix_chain": chain(made.now), "calendar": calendar(event)} | changes))


def call_lot(quantity: int = 6, *, strike: float = 23.0, price: float = 0.90, **changes: Any) -> CallLot:
    made = CallLot(
        con_id=con_of(strike),
        trading_class="VIX",
        right=Right.CALL,
        strike=strike,
        expires_on=SETTLES - timedelta(days=1),
        settles_at=settles(SETTLES),
        multiplier=100,
        layer=LAYER,
        quantity=quantity,
        price=price,
        bought_at=at(22),
        bought_on=DAY,
    )
    return replace(made, **changes)


def held(lot: CallLot, *, bid: float = 1.0, quantity: int | None = None, value: float | None = 0.3) -> OptionLeg:
    greeks = None
    if value is not None:
        greeks = Greeks(
            iv=SIGMA,
            delta=value,
            gamma=0.1,
            vega=0.02,
            theta=-0.02,
            underlying=18.5,
            age_s=1.0,
            source=GreeksSource.IB,
        )
    return OptionLeg(
        con_id=lot.con_id,
        symbol="VIX",
        trading_class=lot.trading_class,
        right=lot.right,
        strike=lot.strike,
        expires_on=lot.expires_on,
        settles_at=lot.settles_at,
        quantity=lot.quantity if quantity is None else quantity,
        multiplier=100,
        quote=Quote(bid=bid, ask=bid + 0.1, bid_size=50, ask_size=50, age_s=1.0),
        greeks=greeks,
    )


def spend(contracts: int = 6, **changes: Any) -> CallSpend:
    made = CallSpend(layer=LAYER, bought_on=DAY, orders=1, contracts=contracts, premium_usd=90.0 * contracts)
    return replace(made, **changes)


def call_order(side: Side = Side.BUY, remaining: int = 3, *, strike: float = 23.0, **changes: Any) -> Working:
    made = Working(
        ref=f"call-{side}",
        con_id=con_of(strike),
        side=side,
        purpose=Purpose.EVENT_CALLS if side is Side.BUY else Purpose.EVENT_EXIT,
        tranche=None,
        stage=None,
        remaining=remaining,
        multiplier=100,
        sent_at=at(22),
        layer=LAYER,
    )
    return replace(made, **changes)


def account(*lots: CallLot, bid: float = 1.0, **changes: Any) -> Book:
    """Return the book of twenty condors with a credit, and exactly these calls."""
    legs = tuple(replace(leg, avg_price=leg.quote.mid) for leg in condor())
    return replace(book(legs=legs, vix_options=tuple(held(lot, bid=bid) for lot in lots)), **changes)


def core_policy(**changes: Any) -> Policy:
    return Policy(core=CorePolicy(**changes))


def reading(
    seen: MarketView,
    *,
    of: Book | None = None,
    knows: HedgeState | None = None,
    spike: Episode | None = None,
    policy: Policy = ON,
    **valued: Any,
) -> Reading:
    remembered = memory(episode=spike)
    known = replace(knows or state(), memory=remembered)
    return read(seen, of or account(), known, policy, remembered, exposure(**valued))
