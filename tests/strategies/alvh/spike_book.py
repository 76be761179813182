"""Make a reading of ten quoted condors after a spike, with room for any hedge, so that economics can be worked out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from builders import VX, VXM, future

from strategies.alvh.exposure import value_book
from strategies.alvh.policy import Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Account, Book, HedgeState, IndexQuote, Lot, Memory
from tests.strategies.alvh.condor_market import NOW, Smile, book_of, condor, pairs, view_of

FORWARD = 2680.0
DAYS = 45.0
SETTLES_ON = (NOW + timedelta(days=45)).date()
ACCOUNT = Account(net_liquidation=500_000.0, excess_liquidity=300_000.0, cash=200_000.0)


def flat(sigma: float) -> Smile:
    return lambda _: sigma


def priced(book: Book, credit: float = 20.0) -> Book:
    """Return the book with each short leg sold for half the condor's `credit` in points and the wings bought for 0."""
    legs = tuple(replace(leg, avg_price=0.5 * credit if leg.quantity < 0 else 0.0) for leg in book.legs)
    return replace(book, legs=legs)


def reading(
    *lots: Lot,
    vix: float = 23.0,
    previous: float = 16.0,
    vx: float = 20.0,
    policy: Policy | None = None,
    smile: Smile | None = None,
    account: Account = ACCOUNT,
    credit: float = 20.0,
    state: dict[str, Any] | None = None,
    **changes: Any,
) -> Reading:
    """Return ten condors 2550/2600/2850/2900 of 45 days at SPX 2680, by default on a flat volatility of 20%."""
    rules, seen = policy or Policy(), smile or flat(0.20)
    legs = condor(10, days=DAYS, forward=FORWARD, smile=seen)
    chain = pairs((2600.0, 2650.0, 2700.0, 2750.0), days=DAYS, forward=FORWARD, smile=seen)
    months = tuple(replace(future(con_id, vx), settles_on=SETTLES_ON, dte=45, business_days=30) for con_id in (VX, VXM))
    view = replace(
        view_of(*chain, spot=FORWARD),
        vix=IndexQuote(symbol="VIX", last=vix, age_s=1.0, prev_close=previous),
        futures=months,
        **changes,
    )
    book = priced(replace(book_of(*legs), account=account), credit)
    known = HedgeState(memory=Memory(), lots=lots, **(state or {}))
    exposure, _ = value_book(view, book, None, rules)
    return read(view, book, known, rules, Memory(), exposure)
