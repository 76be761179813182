"""Answer for the futures: which VX and VXM are listed, what each shows, and where each settles."""

from __future__ import annotations

from datetime import date, datetime

from bot.gateway.market import history
from bot.gateway.market.curve import Future
from bot.gateway.market.listing import future_contract, future_of
from bot.gateway.market.sessions import Hours
from bot.gateway.market.ticker import Ticker
from bot.gateway.market.weeklies import (
    listed_weeks,
    settlement_day,
    settles_at,
    weekly_contract,
    weekly_future,
    weekly_of,
)
from bot.gateway.market.world import World
from bot.gateway.records import Contract, Quote

_VX_LISTED, _VXM_LISTED = 8, 4
_MINI_OPEN_INTEREST = 0.3  # contracts of VXM per contract of VX, roughly


class Futures:
    """Know the monthlies of a world by their published curve, and its weeklies by the model between them.

    A weekly's path is computed when somebody asks for it first.
    """

    def __init__(self, world: World, ticker: Ticker) -> None:
        self._world = world
        self._ticker = ticker
        self._weeklies: dict[date, Future | None] = {}

    def listed(self, now: datetime) -> list[Contract]:
        """Return what is listed: eight VX monthlies, four VXM monthlies, and the weeklies in between."""
        days = [day for day in self._world.futures if settles_at(day) > now]
        whole = [future_contract(day, mini=False) for day in days[:_VX_LISTED]]
        minis = [future_contract(day, mini=True) for day in days[:_VXM_LISTED]]
        weeks = listed_weeks(now, self._world.timetable)
        return whole + minis + [self._weekly(week) for week in weeks if days and week < days[-1]]

    def _weekly(self, week: date) -> Contract:
        return weekly_contract(week, settlement_day(week, self._world.timetable))

    def contract(self, con_id: int) -> Contract | None:
        """Return the future with this conId, also an expired one; `None` when this world has none."""
        monthly, week = future_of(con_id), weekly_of(con_id)
        if monthly is not None and monthly[0] in self._world.futures:
            return future_contract(monthly[0], mini=monthly[1])
        first, last = self._world.timetable.days[0], max(self._world.futures)
        return self._weekly(week) if week is not None and first <= week < last else None

    def _of(self, con_id: int) -> tuple[Future, bool] | None:
        """Return (the future, is it a mini) of a conId; `None` when this world has none."""
        monthly, week = future_of(con_id), weekly_of(con_id)
        if monthly is not None:
            found = self._world.futures.get(monthly[0])
            return None if found is None else (found, monthly[1])
        if week is None or self.contract(con_id) is None:
            return None
        if week not in self._weeklies:
            self._weeklies[week] = weekly_future(self._world, settlement_day(week, self._world.timetable))
        weekly = self._weeklies[week]
        return None if weekly is None else (weekly, False)

    def quote(self, con_id: int, tick: int, *, open_: bool, halted: bool) -> Quote:
        """Return what a future shows; nothing when this world has none with this conId."""
        found = self._of(con_id)
        if found is None:
            return Quote()
        return self._ticker.future(found[0], tick, con_id=con_id, mini=found[1], open_=open_, halted=halted)

    def sampler(self, con_id: int, what: str) -> history.Sampler | None:
        """Return how to sample the history of a future; `None` when there is none."""
        found = self._of(con_id)
        if found is None:
            return None
        return history.future_sampler(self._world, self._ticker, found[0], con_id, found[1], what)

    def generic(self, con_id: int, tick: int) -> dict[str, float]:
        """Return the open interest as published up to yesterday."""
        found = self._of(con_id)
        if found is None:
            return {}
        days = self._world.trade_days[Hours.VX]
        today = days.days[days.at(tick)]
        known = {day: value for day, value in found[0].open_interest.items() if day < today and value}
        share = _MINI_OPEN_INTEREST if found[1] else 1.0
        return {"futuresOpenInterest": known[max(known)] * share} if known else {}

    def final(self, settles_on: date) -> float | None:
        """Return the published final settlement of a monthly; `None` for any other day."""
        listed = self._world.futures.get(settles_on)
        return None if listed is None else listed.final


def is_future(con_id: int) -> bool:
    """Say whether a conId is one of a future, listed or not."""
    return future_of(con_id) is not None or weekly_of(con_id) is not None
