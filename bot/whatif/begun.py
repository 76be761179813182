"""Say when the spike began that held lots belong to, and the surface from before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot import session as calendar
from bot.errors import UsageProblem
from bot.whatif.book_file import BookFile
from bot.whatif.options import Market, surface
from bot.whatif.told import VIX3M_OVER_VIX, VIX9D_OVER_VIX, Given, Indices, Told
from strategies.alvh.records import OptionLeg, Surface

HELD_FOR = timedelta(minutes=30)  # since the last fill, when lots are held


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Hold the session and the instant of the first fill, and the surface that arming froze if it is another day's."""

    day: date
    filled_at: datetime
    frozen: Surface | None


def begun(file: BookFile, legs: Iterable[OptionLeg], told: Told, given: Given) -> Begun:
    """Return when the held lots were bought: today, unless the file says since when.

    Raises `UsageProblem` for a day that cannot be, or one that leaves out what only that day knew.
    """
    spike, today = file.spike, told.session.day
    since = today if spike.since is None else spike.since
    if since >= today and spike.prior is not None:
        raise UsageProblem("[spike.prior] is the close before an earlier session: give [spike] since = its date too")
    if since == today:
        return Begun(day=today, filled_at=told.now - HELD_FOR, frozen=None)
    hours = calendar.hours_on(since) if since < today else None
    if hours is None:
        raise UsageProblem(f"[spike] since is {since}: give the trading day of the first fill, {today} or before")
    if spike.base is None:
        raise UsageProblem("[spike] since needs base too: the settlement of the traded VX month before that day")
    return Begun(day=since, filled_at=hours.closes_at - HELD_FOR, frozen=_frozen(file, legs, since, given.rate))


def _frozen(file: BookFile, legs: Iterable[OptionLeg], since: date, rate: float) -> Surface | None:
    """Return the surface at the close before the spike, which the running bot keeps until the hedge is flat."""
    closes, before = file.spike.prior, calendar.previous_session(since)
    hours = calendar.hours_on(before)
    if closes is None or hours is None:
        return None
    indices = Indices(
        spx=closes.spx,
        vix=closes.vix,
        vix9d=closes.vix9d or VIX9D_OVER_VIX * closes.vix,
        vix3m=closes.vix3m or VIX3M_OVER_VIX * closes.vix,
    )
    return surface(legs, Market(now=hours.closes_at, indices=indices, rate=rate), before)
