"""Open the account's condors at model prices on an earlier day, from published values alone: the seed changes nothing."""

from __future__ import annotations

from datetime import date

import numpy as np

from bot.gateway.errors import ScenarioError
from bot.gateway.market.chain import expiries, strikes
from bot.gateway.market.desk import Desk
from bot.gateway.market.listing import Expiry, OptionClass, option_id
from bot.gateway.market.scenario import SESSION_FILE, CondorPlan
from bot.gateway.market.sessions import Hours
from bot.gateway.market.world import World
from bot.gateway.records import OpeningPosition


def opening_positions(world: World, desk: Desk, reference: float) -> tuple[OpeningPosition, ...]:
    """Return the option positions of the scenario's book, one per contract, at their average opening price."""
    totals: dict[int, tuple[int, float]] = {}
    for plan in world.scenario.book:
        for con_id, quantity, price in _legs(plan, world, desk, reference):
            held, paid = totals.get(con_id, (0, 0.0))
            totals[con_id] = (held + quantity, paid + quantity * price)
    return tuple(
        OpeningPosition(con_id=con_id, quantity=held, price=round(paid / held, 4))
        for con_id, (held, paid) in sorted(totals.items())
        if held
    )


def _legs(plan: CondorPlan, world: World, desk: Desk, reference: float) -> list[tuple[int, int, float]]:
    """Return (conId, signed quantity, price) of the four legs, struck and priced where all inputs are published closes."""
    if not world.timetable.is_session(plan.opened):
        raise ScenarioError(f"{SESSION_FILE}: book opened {plan.opened} is no session; choose a trading day")
    at = world.timetable.close(Hours.TERM, plan.opened)
    if not world.grid.holds(at) or at >= world.scenario.start:
        raise ScenarioError(
            f"{SESSION_FILE}: book opened {plan.opened} is not within the history before start; choose a day in between"
        )
    listed = expiries(OptionClass.SPXW, at, world.timetable, ())
    expiry = min(listed, key=lambda item: (abs((item.settles_on - plan.opened).days - plan.days), item.settles_on))
    ticks = np.array([world.grid.index(at)], dtype=np.int64)
    ladder = np.array(strikes(OptionClass.SPXW, _ahead(expiry, plan.opened), reference))
    setting = desk.setting(expiry, ticks)
    delta = {right: desk.greeks(OptionClass.SPXW, setting, ladder, np.array(right == "C")).delta for right in "PC"}
    short_put = float(ladder[np.argmin(np.abs(delta["P"] + plan.put_delta))])
    short_call = float(ladder[np.argmin(np.abs(delta["C"] - plan.call_delta))])
    wanted = (
        ("P", short_put - plan.width, plan.quantity),
        ("P", short_put, -plan.quantity),
        ("C", short_call, -plan.quantity),
        ("C", short_call + plan.width, plan.quantity),
    )
    found = []
    for right, strike, quantity in wanted:
        at_strike = float(ladder[np.argmin(np.abs(ladder - strike))])
        mid = desk.mid(OptionClass.SPXW, setting, np.array([at_strike]), np.array([right == "C"]))
        found.append((option_id(expiry, at_strike, right), quantity, max(round(float(mid[0]) / 0.05) * 0.05, 0.05)))
    return found


def _ahead(expiry: Expiry, today: date) -> int:
    return (expiry.settles_on - today).days
