"""Keep the option surface that a spike is measured against: the last one of the previous session."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import sqrt

from strategies.alvh.policy import Policy
from strategies.alvh.readiness import number
from strategies.alvh.records import (
    Book,
    FirstSeen,
    IndexQuote,
    MarketView,
    Memory,
    OptionLeg,
    Smile,
    SmilePoint,
    Surface,
    SurfaceSource,
)
from strategies.alvh.surface import QuotedSmiles, take_surface

EVERY = timedelta(minutes=5)
LAST = timedelta(minutes=1)
CLOSE_ENOUGH = timedelta(minutes=15)
TERMS_DAYS = (9.0, 30.0, 93.0)
YEAR_DAYS = 365.0


def begin_session(memory: Memory, view: MarketView) -> Memory:
    """Turn yesterday's last surface into today's baseline when the day has changed; forget yesterday's bars and trips.

    The surface must come from the session just before this one and from its last fifteen minutes: anything older, or
    from a bot that stopped at noon, is no prior close.
    """
    day = view.session.day
    if memory.session_on == day:
        return memory
    last = memory.closing_surface
    return replace(
        memory,
        session_on=day,
        baseline=last if last is not None and _is_prior_close(last, view) else None,
        closing_surface=None,
        samples=(),
        first_seen=memory.first_seen if memory.episode is not None else (),
        round_trips=0,
        round_trips_on=day,
    )


def store_surface(
    memory: Memory, view: MarketView, book: Book, policy: Policy, quoted: QuotedSmiles | None = None
) -> Memory:
    """Return the memory with a new surface when five minutes have passed, or the last minute has begun."""
    if not view.feed_ok or not surface_due(memory, view):
        return memory
    surface = take_surface(view, book, policy, quoted)
    return memory if surface is None else replace(memory, closing_surface=surface)


def see_legs(
    memory: Memory, view: MarketView, book: Book, policy: Policy, quoted: QuotedSmiles | None = None
) -> Memory:
    """Return the memory with the smiles of legs that this wake-up is the first to see.

    A trade must never look like a spike: a leg opened after the baseline is measured against the market it was opened
    in. The bot's very first list of legs is taken as old. A leg whose smile cannot be fitted yet is tried again.
    """
    if not book.complete:
        return memory
    held = {leg.con_id: leg for leg in book.legs if leg.quantity != 0}
    if memory.known_legs is None:
        return replace(memory, known_legs=tuple(sorted(held)))
    opened = sorted(held.keys() - set(memory.known_legs))
    surface = take_surface(view, book, policy, quoted) if opened and view.feed_ok else None
    first_seen = [seen for seen in memory.first_seen if seen.con_id in held]
    if surface is not None:
        first_seen += [FirstSeen(con_id=con_id, surface=_only(surface, held[con_id])) for con_id in opened]
    known = held.keys() & set(memory.known_legs) if surface is None else held.keys()
    return replace(memory, known_legs=tuple(sorted(known)), first_seen=tuple(first_seen))


def surface_due(memory: Memory, view: MarketView) -> bool:
    """Say whether this wake-up is one at which the surface is stored."""
    session = view.session
    if not session.opens_at <= view.now < session.closes_at:
        return False
    if memory.closing_surface is None:
        return True
    taken_at = memory.closing_surface.taken_at
    final = session.closes_at - LAST
    return view.now - taken_at >= EVERY or (view.now >= final > taken_at)


def ensure_baseline(memory: Memory, view: MarketView, policy: Policy) -> Memory:
    """Return the memory with a modelled baseline where none was stored and one can be modelled.

    It is made once a session, from the first surface taken after the opening minutes.
    """
    earliest = view.session.opens_at + timedelta(minutes=policy.filter.not_before_minutes)
    today = memory.closing_surface
    if memory.baseline is not None or today is None or today.taken_at < earliest:
        return memory
    return replace(memory, baseline=modelled_baseline(view, today))


def modelled_baseline(view: MarketView, today: Surface) -> Surface | None:
    """Model yesterday's closing surface from index closes and today's skew (method note, 2.5.1 b).

    Each expiry keeps its shape in ln(K/F); its level is scaled by the index term structure (VIX9D, VIX, VIX3M: total
    variance linear in time, flat volatility beyond the ends) of the previous close over that of now, and its forward by
    SPX. `None` when an index or a close is missing, or the calendar knows no previous session.
    """
    days = view.session.recent_days
    before, now = _term(view, "prev_close"), _term(view, "last")
    spx_before, spx_now = _index_value(view.spx, "prev_close"), _index_value(view.spx, "last")
    if before is None or now is None or spx_before is None or spx_now is None or len(days) < 2 or not today.smiles:
        return None
    smiles = tuple(_scaled(smile, before, now, spx_before / spx_now) for smile in today.smiles)
    return Surface(
        taken_at=view.session.previous_close_at, session_day=days[-2], source=SurfaceSource.MODELLED, smiles=smiles
    )


def _only(surface: Surface, leg: OptionLeg) -> Surface:
    return replace(surface, smiles=tuple(smile for smile in surface.smiles if smile.settles_at == leg.settles_at))


def _is_prior_close(surface: Surface, view: MarketView) -> bool:
    days, closed_at = view.session.recent_days, view.session.previous_close_at
    return len(days) > 1 and surface.session_day == days[-2] and surface.taken_at >= closed_at - CLOSE_ENOUGH


def _term(view: MarketView, field: str) -> tuple[float, ...] | None:
    values = tuple(_index_value(index, field) for index in (view.vix9d, view.vix, view.vix3m))
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(TERMS_DAYS) else None


def _index_value(index: IndexQuote, field: str) -> float | None:
    value = number(index.prev_close if field == "prev_close" else index.last)
    return value if value is not None and value > 0.0 else None


def _scaled(smile: Smile, before: tuple[float, ...], now: tuple[float, ...], moved: float) -> Smile:
    days = smile.years * YEAR_DAYS
    scale = _level(before, days) / _level(now, days)
    points = tuple(SmilePoint(x=point.x, sigma=point.sigma * scale) for point in smile.points)
    return replace(smile, forward=smile.forward * moved, points=points)


def _level(term: tuple[float, ...], days: float) -> float:
    if days <= TERMS_DAYS[0]:
        return term[0]
    for near in range(len(TERMS_DAYS) - 1):
        first, second = TERMS_DAYS[near], TERMS_DAYS[near + 1]
        if days <= second:
            share = (days - first) / (second - first)
            total = (1.0 - share) * term[near] * term[near] * first + share * term[near + 1] * term[near + 1] * second
            return sqrt(total / days)
    return term[-1]
