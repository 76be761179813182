"""Quote options from a model: the skew of SPX at the level that VIX9D, VIX and VIX3M give each expiry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from math import exp

import numpy as np

from bot.errors import UsageProblem
from bot.gateway.market.surface import spx_volatility, term_volatility
from bot.observe.settlement import settles_at
from bot.whatif.book_file import LegRow
from bot.whatif.told import Indices
from strategies.alvh.records import ChainQuote, OptionLeg, Quote, Right, Smile, SmilePoint, Surface, SurfaceSource
from strategies.pricing import DAYS_PER_YEAR, black76_price, years_until

GRID = np.linspace(-0.60, 0.40, 101)  # ln(K/F) at which a stored smile has a point
AROUND = (-50.0, -25.0, 0.0, 25.0, 50.0)  # strikes beside the money whose pairs give the forward
HALF_SPREAD = 0.015  # of the price, as SPX options show in a spike
LEAST_HALF = 0.025  # points: half a tick
AGE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Hold what option prices are made of at one instant."""

    now: datetime
    indices: Indices
    rate: float


def settled(leg: LegRow) -> datetime:
    """Return when a leg settles; raises `UsageProblem` for a day without a session."""
    found = settles_at(leg.trading_class, leg.expires)
    if found is None:
        raise UsageProblem(
            f"{leg.trading_class} {leg.expires} is no trading day: give the last trading day of the option"
        )
    return found


def held_legs(rows: Iterable[LegRow], market: Market, before: Market) -> tuple[OptionLeg, ...]:
    """Return the legs with modelled quotes; those that settled are refused, those without a price opened `before`."""
    found = []
    for place, row in enumerate(rows, 1):
        instant = settled(row)
        if instant <= market.now:
            raise UsageProblem(
                f"the option {row.right}{row.strike:g} of {row.expires} has settled: take it out of the book"
            )
        quote = quoted(market, instant, row.strike, row.right)
        mid = quote.mid or 0.0
        found.append(
            OptionLeg(
                con_id=place,
                symbol="SPX",
                trading_class=row.trading_class,
                right=Right(row.right),
                strike=row.strike,
                expires_on=row.expires,
                settles_at=instant,
                quantity=row.quantity,
                multiplier=100,
                quote=quote,
                avg_price=row.price or quoted(before, instant, row.strike, row.right).mid,
                spread_median=((quote.ask or 0.0) - (quote.bid or 0.0)) / mid,
            )
        )
    return tuple(leg for leg in found if leg.quantity)


def model_volatility(market: Market, instant: datetime, strike: float) -> float:
    """Return the model's implied volatility as a fraction: the SPX skew at the level of its term."""
    years, forward = years_until(instant, market.now), _forward(market, instant)
    return float(spx_volatility(np.log(np.array(strike) / forward), np.array(years), _level(market, years)))


def pairs(legs: Iterable[OptionLeg], market: Market) -> tuple[ChainQuote, ...]:
    """Return call and put at every held strike and around the money, for each expiry held."""
    wanted: dict[tuple[datetime, str, date], set[float]] = {}
    for leg in legs:
        centre = round(_forward(market, leg.settles_at) / 25.0) * 25.0
        strikes = wanted.setdefault((leg.settles_at, leg.trading_class, leg.expires_on), set())
        strikes |= {leg.strike, *(centre + step for step in AROUND)}
    found: list[ChainQuote] = []
    for (instant, name, expires_on), strikes in wanted.items():
        for strike in sorted(strikes):
            for right in Right:
                found.append(
                    ChainQuote(
                        con_id=100_000 + len(found),
                        trading_class=name,
                        right=right,
                        strike=strike,
                        expires_on=expires_on,
                        settles_at=instant,
                        quote=quoted(market, instant, strike, right),
                    )
                )
    return tuple(found)


def surface(legs: Iterable[OptionLeg], market: Market, day: date) -> Surface:
    """Return the modelled surface of an instant for each expiry held, as the bot would have stored it."""
    smiles = []
    for instant in sorted({leg.settles_at for leg in legs}):
        years = years_until(instant, market.now)
        sigmas = spx_volatility(GRID, np.array(years), _level(market, years))
        points = tuple(SmilePoint(x=float(x), sigma=float(s)) for x, s in zip(GRID, sigmas, strict=True))
        forward = _forward(market, instant)
        smiles.append(Smile(settles_at=instant, forward=forward, rate=market.rate, years=years, points=points))
    return Surface(taken_at=market.now, session_day=day, source=SurfaceSource.STORED, smiles=tuple(smiles))


def quoted(market: Market, instant: datetime, strike: float, right: str) -> Quote:
    """Return a two-sided market around the model's price, at its usual width."""
    years, forward = years_until(instant, market.now), _forward(market, instant)
    sigma = model_volatility(market, instant, strike)
    price = float(black76_price(forward, strike, years, market.rate, sigma, right == "C"))
    half = min(max(LEAST_HALF, HALF_SPREAD * price), 0.5 * price)
    return Quote(bid=price - half, ask=price + half, bid_size=100.0, ask_size=100.0, age_s=AGE_S)


def _forward(market: Market, instant: datetime) -> float:
    return market.indices.spx * exp(market.rate * years_until(instant, market.now))


def _level(market: Market, years: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    told = market.indices
    days = np.array(years * DAYS_PER_YEAR)
    return term_volatility(days, np.array(told.vix9d), np.array(told.vix), np.array(told.vix3m))
