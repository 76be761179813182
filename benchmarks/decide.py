"""Measure one decision on a book of 400 legs: `decide(view, book, state, policy)` alone, from plain records.

There is no gateway, no broker library and no journal here. The book is 100 condors in ten expiries, no two of them at
the same strikes. Four kinds of wake-up are timed:

* ordinary: a quiet market, IB's greeks on every leg, a stored baseline, no surface due (four wake-ups of five);
* surface due: the same, and the option surface is fitted and stored (every fifth minute);
* own greeks: no greeks from IB, so every leg is valued from its quote, and the surface is due too;
* tranche: SPX fell by 3% overnight and the first tranche is bought, which reprices the book three times on top.

Time is the CPU time of this process: another program on the machine does not count, a collection of rubbish does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from time import process_time

import numpy as np
from machine import percentile, table

from bot.collector import quieten
from strategies.alvh.decide import decide
from strategies.alvh.exposure import measure
from strategies.alvh.false_spike import credible
from strategies.alvh.judge import judge
from strategies.alvh.policy import Policy
from strategies.alvh.reading import read
from strategies.alvh.records import (
    Account,
    Bar,
    Book,
    Breadth,
    BreadthBar,
    ChainQuote,
    FutureQuote,
    Greeks,
    GreeksSource,
    HedgeState,
    IndexQuote,
    MarketView,
    Memory,
    OptionLeg,
    Quote,
    Right,
    Session,
    Surface,
    Window,
)
from strategies.alvh.surface import take_surface
from strategies.alvh.valued import value_legs
from strategies.pricing import black76_greeks, black76_price, years_until

RUNS = 400
TARGET_MS = 5.0

POLICY = Policy()
RATE = 0.015
CONDORS_PER_EXPIRY = 10
DAYS_TO_EXPIRY = (4, 11, 18, 25, 32, 39, 46, 53, 60, 67)
DAYS = (date(2018, 1, 31), date(2018, 2, 1), date(2018, 2, 2), date(2018, 2, 5))
BEFORE = datetime(2018, 2, 2, 20, 59, tzinfo=UTC)
OPENS = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
NOW = OPENS + timedelta(minutes=62)
FORWARD, QUIET, FALLEN = 2760.0, 2752.0, 2677.0
CALM, RAISED, WILD = 0.13, 0.14, 0.24
BAR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeUp:
    """Hold everything that `decide` is given."""

    view: MarketView
    book: Book
    state: HedgeState


def market(
    settles_at: datetime, strikes: np.ndarray, calls: np.ndarray, now: datetime, forward: float, level: float
) -> list[tuple[Quote, Greeks]]:
    """Return the quote and the greeks of options of one expiry; `strikes` and `calls` have one entry per option."""
    years = years_until(settles_at, now)
    x = np.log(strikes / forward)
    sigma = level - 0.9 * x + 1.5 * x * x
    prices = black76_price(forward, strikes, years, RATE, sigma, calls)
    greeks = black76_greeks(forward, strikes, years, RATE, sigma, calls)
    columns = (sigma, prices, greeks.delta, greeks.gamma, greeks.vega, greeks.theta)
    return [
        (
            Quote(bid=mid * 0.99, ask=mid * 1.01, bid_size=20.0, ask_size=20.0, age_s=1.0),
            Greeks(
                iv=iv, delta=delta, gamma=gamma, vega=vega, theta=theta,
                underlying=forward, age_s=1.0, source=GreeksSource.IB,
            ),
        )
        for iv, mid, delta, gamma, vega, theta in np.array(columns).T.tolist()
    ]  # fmt: skip


def legs_of(days: int, now: datetime, forward: float, level: float) -> list[OptionLeg]:
    """Return the condors of one expiry as legs, every strike used once."""
    settles_at = datetime(2018, 2, 5, 21, 0, tzinfo=UTC) + timedelta(days=days)
    far = 60.0 + 1.5 * days
    step = np.arange(CONDORS_PER_EXPIRY) * 5.0
    strikes = np.concatenate(
        [FORWARD - far - step - 100.0, FORWARD - far - step, FORWARD + far + step, FORWARD + far + step + 100.0]
    )
    signs = np.repeat([1, -1, -1, 1], CONDORS_PER_EXPIRY)
    calls = np.repeat([False, False, True, True], CONDORS_PER_EXPIRY)
    seen = market(settles_at, strikes, calls, now, forward, level)
    return [
        OptionLeg(
            con_id=days * 1000 + place,
            symbol="SPX",
            trading_class="SPXW",
            right=Right.CALL if call else Right.PUT,
            strike=float(strike),
            expires_on=settles_at.date(),
            settles_at=settles_at,
            quantity=int(sign) * 2,
            multiplier=100,
            quote=quote,
            avg_price=float(quote.bid or 0.0),
            greeks=greeks,
            spread_median=0.02,
        )
        for place, (strike, sign, call, (quote, greeks)) in enumerate(zip(strikes, signs, calls, seen, strict=True))
    ]


def chain_of(days: int, now: datetime, forward: float, level: float) -> list[ChainQuote]:
    """Return call and put at five strikes around the forward."""
    settles_at = datetime(2018, 2, 5, 21, 0, tzinfo=UTC) + timedelta(days=days)
    strikes = np.repeat(5.0 * round(forward / 5.0) + 5.0 * np.arange(-2, 3), 2)
    calls = np.tile([True, False], 5)
    seen = market(settles_at, strikes, calls, now, forward, level)
    return [
        ChainQuote(
            con_id=500_000 + days * 1000 + place,
            trading_class="SPXW",
            right=Right.CALL if call else Right.PUT,
            strike=float(strike),
            expires_on=settles_at.date(),
            settles_at=settles_at,
            quote=quote,
            iv=greeks.iv,
        )
        for place, (strike, call, (quote, greeks)) in enumerate(zip(strikes, calls, seen, strict=True))
    ]


def book_at(now: datetime, forward: float, level: float) -> Book:
    """Return the account with its 400 legs and nothing else."""
    legs = [leg for days in DAYS_TO_EXPIRY for leg in legs_of(days, now, forward, level)]
    account = Account(net_liquidation=2e6, excess_liquidity=1e6)
    return Book(legs=tuple(legs), futures=(), vix_options=(), others=(), account=account, complete=True, age_s=5.0)


def bars(now: datetime, count: int, level: float) -> tuple[Bar, ...]:
    """Return closed bars that wander a little around a level."""
    last = OPENS + BAR * int((now - OPENS) / BAR)
    closes = [level * (1.0 + 0.01 * math.sin(0.7 * n) + 0.0001 * n) for n in range(count)]
    ends = [last - BAR * (count - 1 - n) for n in range(count)]
    return tuple(Bar(end=end, open=c, high=c, low=c, close=c) for end, c in zip(ends, closes, strict=True))


def future(con_id: int, days: int, price: float, now: datetime) -> FutureQuote:
    """Return one VX or VXM contract with a day and a half of bars."""
    big = con_id % 2 == 1
    return FutureQuote(
        con_id=con_id,
        trading_class="VX" if big else "VXM",
        multiplier=1000 if big else 100,
        tick=0.05 if big else 0.01,
        settles_on=DAYS[-1] + timedelta(days=days),
        dte=days,
        business_days=days * 5 // 7,
        quote=Quote(bid=price - 0.05, ask=price + 0.05, last=price, bid_size=200.0, ask_size=200.0, age_s=1.0),
        prior_settle=15.6,
        bars=bars(now, 520, price),
    )


def view_at(now: datetime, forward: float, level: float) -> MarketView:
    """Return the market: two VX months with their minis, the chain, indices and breadth."""
    opens = OPENS if now >= OPENS else OPENS - timedelta(days=3)
    days = DAYS if now >= OPENS else DAYS[:-1]
    vix = 100.0 * level + 4.0
    session = Session(
        day=days[-1],
        opens_at=opens,
        closes_at=opens + timedelta(minutes=390),
        early_close=False,
        window=Window.OPENING,
        previous_close_at=BEFORE + timedelta(minutes=1),
        next_day=days[-1] + timedelta(days=1),
        recent_days=days,
    )
    breadth = tuple(
        BreadthBar(end=bar.end, advancers=500.0 - n, decliners=2400.0 + n) for n, bar in enumerate(bars(now, 90, 1.0))
    )
    return MarketView(
        now=now,
        session=session,
        spx=IndexQuote(symbol="SPX", last=forward, age_s=1.0, prev_close=FORWARD, open=forward),
        vix=IndexQuote(symbol="VIX", last=vix, age_s=1.0, prev_close=17.0, open=vix),
        vix9d=IndexQuote(symbol="VIX9D", last=vix + 2.0, age_s=1.0, prev_close=15.0),
        vix3m=IndexQuote(symbol="VIX3M", last=vix - 2.0, age_s=1.0, prev_close=17.5),
        breadth=Breadth(advancers=400.0, decliners=2500.0, age_s=1.0, unchanged_s=1.0),
        futures=tuple(future(con_id, 16 if con_id < 13 else 44, vix - 4.0, now) for con_id in (11, 12, 13, 14)),
        chain=tuple(quote for days in DAYS_TO_EXPIRY for quote in chain_of(days, now, forward, level)),
        spx_bars=bars(now, 500, forward),
        vix_bars=bars(now, 500, vix),
        breadth_bars=breadth,
        rate=RATE,
        hv20_pct=12.0,
        breadth_stdev=0.35,
    )


def remembered() -> Memory:
    """Return the memory of a bot that watched Friday's close and stored a surface a minute ago."""
    calm, held = view_at(BEFORE, FORWARD, CALM), book_at(BEFORE, FORWARD, CALM)
    baseline = take_surface(calm, held, POLICY)
    today = take_surface(view_at(NOW, QUIET, RAISED), book_at(NOW, QUIET, RAISED), POLICY)
    if baseline is None or today is None:
        raise SystemExit("the book of this benchmark cannot be fitted: look at legs_of and chain_of")
    return Memory(
        baseline=baseline,
        closing_surface=replace(today, taken_at=NOW - timedelta(minutes=1)),
        session_on=DAYS[-1],
        known_legs=tuple(sorted(leg.con_id for leg in held.legs)),
    )


def wake_ups() -> dict[str, WakeUp]:
    """Return the four kinds of wake-up."""
    memory = remembered()
    due = replace(memory, closing_surface=taken_at(memory.closing_surface, NOW - timedelta(minutes=5)))
    view, book = view_at(NOW, QUIET, RAISED), book_at(NOW, QUIET, RAISED)
    fallen, shaken = view_at(NOW, FALLEN, WILD), book_at(NOW, FALLEN, WILD)
    silent = replace(book, legs=tuple(replace(leg, greeks=None) for leg in book.legs))
    return {
        "ordinary": WakeUp(view=view, book=book, state=HedgeState(memory=memory)),
        "surface due": WakeUp(view=view, book=book, state=HedgeState(memory=due)),
        "own greeks": WakeUp(view=view, book=silent, state=HedgeState(memory=due)),
        "tranche": WakeUp(view=fallen, book=shaken, state=HedgeState(memory=memory)),
    }


def taken_at(surface: Surface | None, at: datetime) -> Surface | None:
    """Return the surface as if taken at another instant."""
    return None if surface is None else replace(surface, taken_at=at)


def parts(given: WakeUp) -> dict[str, Callable[[], object]]:
    """Return the parts of the ordinary wake-up that take time, each as a call of its own."""
    view, book, state = given.view, given.book, given.state
    memory = state.memory
    valued = value_legs(view, book, POLICY)
    exposure = measure(valued, view, memory.baseline, POLICY)
    reading = read(view, book, state, POLICY, memory, exposure, valued)
    return {
        "part: recognise and value": lambda: value_legs(view, book, POLICY),
        "part: measure": lambda: measure(valued, view, memory.baseline, POLICY),
        "part: judge": lambda: judge(view, book, state, POLICY, memory=memory, exposure=exposure, valued=valued),
        "part: false-spike filter": lambda: credible(reading),
        "part: fit the surface": lambda: take_surface(view, book, POLICY),
    }


def milliseconds(call: Callable[[], object]) -> list[float]:
    """Return the CPU time of each of `RUNS` calls."""
    times = []
    for _ in range(RUNS):
        began = process_time()
        call()
        times.append(1e3 * (process_time() - began))
    return times


def main() -> None:
    """Measure and print."""
    kinds = wake_ups()
    calls: dict[str, Callable[[], object]] = {
        f"decide, {name}": lambda given=given: decide(given.view, given.book, given.state, POLICY)
        for name, given in kinds.items()
    }
    calls |= parts(kinds["ordinary"])
    for call in calls.values():
        call()
    quieten()  # as `alvh run` does
    rows = []
    for name, call in calls.items():
        times = milliseconds(call)
        middle, high = percentile(times, 0.5), percentile(times, 0.99)
        whole = name.startswith("decide")
        target, ratio = (f"{TARGET_MS:.0f}", f"{high / TARGET_MS:.2f}") if whole else ("", "")
        rows.append((name, RUNS, f"{middle:.2f}", f"{high:.2f}", target, ratio))
    legs = len(kinds["ordinary"].book.legs)
    table((f"{legs} legs", "runs", "p50 ms", "p99 ms", "target ms", "p99/target"), rows)


if __name__ == "__main__":
    main()
