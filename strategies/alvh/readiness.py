"""Ask whether what the bot sees is good enough to open a position; closing one needs none of this."""

from __future__ import annotations

import math
from datetime import timedelta

from strategies.alvh.policy import Policy
from strategies.alvh.records import Book, Check, Exposure, FutureQuote, HedgeState, IndexQuote, MarketView, Window
from strategies.alvh.wall_time import wall_time

ABSURD = 1e12
MULTIPLIERS = {"VX": 1000, "VXM": 100}  # dollars per point


def number(value: float | None) -> float | None:
    """Return the value when it is a finite number that a market could show, and `None` otherwise."""
    return value if value is not None and math.isfinite(value) and abs(value) < ABSURD else None


def fresh_price(future: FutureQuote | None, policy: Policy) -> float | None:
    """Return the mid of a live, fresh and uncrossed market in points; `None` when there is no such market."""
    if future is None or future.quote.delayed or future.quote.halted:
        return None
    age_s, mid = number(future.quote.age_s), number(future.quote.mid)
    if age_s is None or age_s > policy.freshness.vx_s or mid is None or mid <= 0:
        return None
    return mid


def readiness(
    view: MarketView, book: Book, state: HedgeState, front: FutureQuote | None, exposure: Exposure, policy: Policy
) -> tuple[Check, ...]:
    """Return every check that the data must pass before anything may be opened (method note, 2.1, 3.0 and 4.3)."""
    return (
        _hours(view),
        _flag("data: link", view.feed_ok, "market-data link is good", "link or data farm is down: no opening"),
        _flag("data: hours", view.hours_agree, "IB and calendar agree", "IB's liquid hours differ from the calendar's"),
        _positions(book, policy),
        _legs(exposure),
        *_market(view, front, policy),
        _age("data: SPX", _level(view.spx), view.spx.age_s, policy.freshness.spx_s),
        _age("data: VIX", _level(view.vix), view.vix.age_s, policy.freshness.vix_s),
        _age("data: breadth", view.breadth.advancers, view.breadth.age_s, policy.freshness.breadth_s),
        _faults(view),
        _locked(state, view, front),
    )


def opening_time(view: MarketView, policy: Policy) -> Check:
    """Say whether the clock allows an opening order: inside a window, off its edges (method note, 3.5 and 3.9)."""
    session = view.session
    earliest = session.opens_at + timedelta(minutes=policy.filter.not_before_minutes)
    latest = session.closes_at - timedelta(minutes=policy.filter.not_after_minutes)
    if session.window is Window.GUARDIAN:
        passed, why = False, "between the windows the bot only reduces risk"
    elif view.now < earliest:
        passed, why = False, f"too early: VX spreads are widest in the first {policy.filter.not_before_minutes} minutes"
    elif view.now > latest:
        passed, why = False, f"too late: no new tranche in the last {policy.filter.not_after_minutes} minutes"
    else:
        passed, why = True, f"{session.window.value} window: the bot may open"
    return Check(
        name="time: window", observed=session.window.value, threshold="opening or closing", passed=passed, why=why
    )


def _hours(view: MarketView) -> Check:
    inside = view.session.opens_at <= view.now < view.session.closes_at
    why = "session is open" if inside else "outside the regular session: nothing is opened"
    return Check(name="data: session", observed=wall_time(view.now), threshold="session", passed=inside, why=why)


def _flag(name: str, good: bool, yes: str, no: str) -> Check:
    return Check(name=name, observed="yes" if good else "no", threshold="yes", passed=good, why=yes if good else no)


def _positions(book: Book, policy: Policy) -> Check:
    age_s = number(book.age_s)
    limit = policy.freshness.positions_s
    if not book.complete:
        passed, why = False, "positions were not confirmed as complete: no opening"
    elif age_s is None or age_s > limit:
        passed, why = False, f"positions are older than {limit:g} s: no opening"
    else:
        passed, why = True, "positions are complete and fresh"
    return Check(name="data: positions", observed=age_s, threshold=limit, passed=passed, why=why)


def _legs(exposure: Exposure) -> Check:
    unknown = exposure.unknown_legs
    why = "every leg has greeks" if unknown == 0 else f"{unknown} leg(s) cannot be valued: no hedge may be sized"
    return Check(name="data: legs", observed=float(unknown), threshold=0.0, passed=unknown == 0, why=why)


def _market(view: MarketView, front: FutureQuote | None, policy: Policy) -> tuple[Check, ...]:
    limit = policy.freshness.vx_s
    if front is None:
        missing = Check(name="data: VX", observed=None, threshold=limit, passed=False, why="no VX contract to trade")
        return (missing, _flag("data: VX live", False, "", "no VX contract to trade"))
    quote = front.quote
    age = _age("data: VX", quote.mid, quote.age_s, limit)
    live = not quote.delayed and not quote.halted
    fault = "" if live else f"VX quote is {'delayed' if quote.delayed else 'halted'}: no opening"
    fault = _wrong_size(view) or _settling(view, front) or fault
    return (age, _flag("data: VX live", not fault, "VX quote is live and trading", fault))


def _settling(view: MarketView, front: FutureQuote) -> str:
    if front.settles_on > view.session.next_day:
        return ""
    return f"{front.trading_class} settles on {front.settles_on}, before another session ends: no opening"


def _wrong_size(view: MarketView) -> str:
    """Say which contract is not of the size its class has: a mini taken for a full contract is a tenfold hedge."""
    for future in view.futures:
        expected = MULTIPLIERS.get(future.trading_class, future.multiplier)
        if future.multiplier != expected:
            return f"{future.trading_class} shows multiplier {future.multiplier}, expected {expected}: no opening"
    return ""


def _level(index: IndexQuote) -> float | None:
    """Return the level of an index; one that is not above zero is missing."""
    last = number(index.last)
    return last if last is not None and last > 0.0 else None


def _age(name: str, value: float | None, age_s: float | None, limit_s: float) -> Check:
    what = name.removeprefix("data: ")
    age_s = number(age_s)
    if number(value) is None:
        passed, why = False, f"{what} is missing"
    elif age_s is None:
        passed, why = False, f"{what} has no known age"
    else:
        passed = age_s <= limit_s
        why = (
            f"{what} is {age_s:.0f} s old"
            if passed
            else f"{what} is {age_s:.0f} s old (limit {limit_s:g} s): no opening"
        )
    return Check(name=name, observed=age_s, threshold=limit_s, passed=passed, why=why)


def _faults(view: MarketView) -> Check:
    """Show what observing went without; what matters of it has its own check."""
    why = "; ".join(view.faults) if view.faults else "the view is whole"
    return Check(name="data: view", observed=float(len(view.faults)), threshold=None, passed=True, why=why)


def _locked(state: HedgeState, view: MarketView, front: FutureQuote | None) -> Check:
    """Ask whether nothing forbids opening, at all or in the month to trade: a tranche mixes VX and VXM of one month."""
    month = {f.con_id for f in view.futures if front is not None and f.settles_on == front.settles_on}
    locks = state.locked + tuple(why for con_id, why in state.locked_contracts if con_id in month)
    why = "; ".join(locks) if locks else "nothing forbids opening"
    return Check(name="data: lock", observed=float(len(locks)), threshold=0.0, passed=not locks, why=why)
