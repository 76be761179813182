"""Make whole wake-ups on options priced from a known surface: Friday's close at 12% volatility, then Monday's fall."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from builders import DAYS, YESTERDAY_CLOSE, book, leg, session, spike_view

from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import ChainQuote, Decision, HedgeState, MarketView, Memory, OptionLeg, Quote, Right
from strategies.pricing import black76_price

POLICY = Policy()
EXPIRY = date(2018, 3, 16)
SETTLES_AT = datetime(2018, 3, 16, 20, 0, tzinfo=UTC)
STRIKES = tuple(2300.0 + 25.0 * n for n in range(29))


def quoted(strike: float, right: Right, forward: float, level: float, now: datetime) -> Quote:
    x = math.log(strike / forward)
    years = (SETTLES_AT - now) / timedelta(days=365)
    sigma = max(0.05, level - 0.9 * x + 1.5 * x * x)
    mid = float(black76_price(forward, strike, years, 0.015, sigma, right is Right.CALL))
    return Quote(bid=mid * 0.99, ask=mid * 1.01, bid_size=10.0, ask_size=10.0, age_s=1.0)


def chain(forward: float, level: float, now: datetime) -> tuple[ChainQuote, ...]:
    return tuple(
        ChainQuote(
            con_id=int(strike) * 10 + (right is Right.CALL),
            trading_class="SPXW",
            right=right,
            strike=strike,
            expires_on=EXPIRY,
            settles_at=SETTLES_AT,
            quote=quoted(strike, right, forward, level, now),
        )
        for strike in STRIKES
        for right in Right
    )


def legs(forward: float, level: float, now: datetime, count: int = 20) -> tuple[OptionLeg, ...]:
    wings = ((2500.0, Right.PUT, 1), (2550.0, Right.PUT, -1), (2875.0, Right.CALL, -1), (2925.0, Right.CALL, 1))
    return tuple(
        leg(
            n,
            strike,
            right,
            sign * count,
            1.0,
            expires_on=EXPIRY,
            settles_at=SETTLES_AT,
            quote=quoted(strike, right, forward, level, now),
        )
        for n, (strike, right, sign) in enumerate(wings, start=101)
    )


def look(view: MarketView, forward: float, level: float) -> MarketView:
    return replace(view, chain=chain(forward, level, view.now))


def wake(view: MarketView, forward: float, level: float, memory: Memory) -> Decision:
    held = book(legs=legs(forward, level, view.now))
    return decide(look(view, forward, level), held, HedgeState(memory=memory), POLICY)


def friday_close() -> Memory:
    """Return the memory of a bot that watched Friday's last minute at 12% volatility."""
    now = YESTERDAY_CLOSE - timedelta(minutes=1)
    friday = session(
        now, day=DAYS[-2], opens_at=now - timedelta(hours=6), closes_at=YESTERDAY_CLOSE, recent_days=DAYS[:-1]
    )
    calm = spike_view(10, vx=16.0, vix=16.0, spx=2762.0)
    return wake(replace(calm, now=now, session=friday), 2762.0, 0.12, Memory()).memory
