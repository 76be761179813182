"""Make a condor book and its market from a known smile, so that tests know every answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from strategies.alvh.records import (
    Account,
    Book,
    Breadth,
    ChainQuote,
    Greeks,
    GreeksSource,
    IndexQuote,
    MarketView,
    OptionLeg,
    Quote,
    Right,
    Session,
    Window,
)
from strategies.pricing import black76_greeks, black76_price, years_until

NOW = datetime(2018, 2, 2, 20, 59, tzinfo=UTC)
RATE = 0.02
Smile = Callable[[float], float]


def skew(level: float) -> Smile:
    return lambda x: level - 0.9 * x + 1.5 * x * x


def settles(days: float, now: datetime = NOW) -> datetime:
    return now + timedelta(days=days)


def price(forward: float, strike: float, days: float, right: Right, smile: Smile) -> float:
    years = years_until(settles(days), NOW)
    return float(black76_price(forward, strike, years, RATE, smile(math.log(strike / forward)), right is Right.CALL))


def around(mid: float) -> Quote:
    return Quote(bid=mid * 0.99, ask=mid * 1.01, bid_size=10, ask_size=10, age_s=1.0)


def leg(
    strike: float,
    right: Right,
    quantity: int,
    *,
    days: float = 45.0,
    forward: float = 2760.0,
    smile: Smile | None = None,
    con_id: int | None = None,
    now: datetime = NOW,
) -> OptionLeg:
    """Return a leg quoted on the smile; without one it has no market."""
    settles_at = settles(days)
    quote = Quote()
    if smile is not None:
        years = years_until(settles_at, now)
        sigma = smile(math.log(strike / forward))
        quote = around(float(black76_price(forward, strike, years, RATE, sigma, right is Right.CALL)))
    return OptionLeg(
        con_id=con_id if con_id is not None else int(strike) * 10 + (right is Right.CALL) + int(days) * 100_000,
        symbol="SPX",
        trading_class="SPXW",
        right=right,
        strike=strike,
        expires_on=settles_at.date(),
        settles_at=settles_at,
        quantity=quantity,
        multiplier=100,
        quote=quote,
    )


def with_ib_greeks(option: OptionLeg, forward: float, smile: Smile, *, now: datetime = NOW) -> OptionLeg:
    years = years_until(option.settles_at, now)
    sigma = smile(math.log(option.strike / forward))
    own = black76_greeks(forward, option.strike, years, RATE, sigma, option.right is Right.CALL)
    greeks = Greeks(
        iv=sigma,
        delta=float(own.delta),
        gamma=float(own.gamma),
        vega=float(own.vega),
        theta=float(own.theta),
        underlying=forward,
        age_s=1.0,
        source=GreeksSource.IB,
    )
    return replace(option, greeks=greeks)


def condor(
    quantity: int = 10,
    *,
    strikes: tuple[float, float, float, float] = (2550.0, 2600.0, 2850.0, 2900.0),
    days: float = 45.0,
    forward: float = 2760.0,
    smile: Smile | None = None,
    now: datetime = NOW,
) -> tuple[OptionLeg, ...]:
    """Return the four legs: long put, short put, short call, long call."""
    signs = (1, -1, -1, 1)
    rights = (Right.PUT, Right.PUT, Right.CALL, Right.CALL)
    return tuple(
        leg(strike, right, sign * quantity, days=days, forward=forward, smile=smile, now=now)
        for strike, right, sign in zip(strikes, rights, signs, strict=True)
    )


def pairs(
    strikes: tuple[float, ...], *, days: float = 45.0, forward: float = 2760.0, smile: Smile, now: datetime = NOW
) -> tuple[ChainQuote, ...]:
    """Return quoted calls and puts at these strikes."""
    quotes = []
    for strike in strikes:
        for right in Right:
            option = leg(strike, right, 0, days=days, forward=forward, smile=smile, now=now)
            quotes.append(
                ChainQuote(
                    con_id=option.con_id + 5,
                    trading_class="SPXW",
                    right=right,
                    strike=strike,
                    expires_on=option.expires_on,
                    settles_at=option.settles_at,
                    quote=option.quote,
                )
            )
    return tuple(quotes)


def book_of(*legs: OptionLeg) -> Book:
    return Book(legs=legs, futures=(), vix_options=(), others=(), account=Account(), complete=True, age_s=1.0)


def view_of(*chain: ChainQuote, now: datetime = NOW, spot: float | None = 2755.0, rate: float = RATE) -> MarketView:
    session = Session(
        day=date(2018, 2, 2),
        opens_at=datetime(2018, 2, 2, 14, 30, tzinfo=UTC),
        closes_at=datetime(2018, 2, 2, 21, 0, tzinfo=UTC),
        early_close=False,
        window=Window.CLOSING,
        previous_close_at=datetime(2018, 2, 1, 21, 0, tzinfo=UTC),
        next_day=date(2018, 2, 5),
        recent_days=(date(2018, 2, 1), date(2018, 2, 2)),
    )
    return MarketView(
        now=now,
        session=session,
        spx=IndexQuote(symbol="SPX", last=spot, age_s=1.0),
        vix=IndexQuote(symbol="VIX"),
        vix9d=IndexQuote(symbol="VIX9D"),
        vix3m=IndexQuote(symbol="VIX3M"),
        breadth=Breadth(),
        futures=(),
        chain=chain,
        spx_bars=(),
        vix_bars=(),
        breadth_bars=(),
        rate=rate,
    )
