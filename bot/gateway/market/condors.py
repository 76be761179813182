"""Open the account's condors at model prices on earlier days, from published closes alone: no seed matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from bot.gateway.errors import ScenarioError
from bot.gateway.market.bridge import Array
from bot.gateway.market.chain import expiries, strikes
from bot.gateway.market.desk import Desk, Setting
from bot.gateway.market.listing import Expiry, OptionClass, option_id
from bot.gateway.market.scenario import CondorAt, CondorPlan
from bot.gateway.market.sessions import Hours
from bot.gateway.market.toml_table import SESSION_FILE
from bot.gateway.market.world import World
from bot.gateway.records import HandTrade, OpeningPosition


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


def trades_by_hand(world: World, desk: Desk, reference: float) -> tuple[HandTrade, ...]:
    """Return the closing trades that `[[hand]]` asks for, of each condor its short options first."""
    book, found = world.scenario.book, []
    for hand in sorted(world.scenario.hands, key=lambda hand: hand.at):
        if hand.lot > len(book) or hand.quantity > book[hand.lot - 1].quantity:
            raise ScenarioError(
                f"{SESSION_FILE}: [[hand]] closes {hand.quantity} condors of lot {hand.lot}; the book has "
                f"{[lot.quantity for lot in book]}, close what is there"
            )
        lot = replace(book[hand.lot - 1], quantity=hand.quantity)
        legs = sorted(_legs(lot, world, desk, reference), key=lambda leg: leg[1])
        found += [HandTrade(at=hand.at, con_id=con_id, quantity=-quantity) for con_id, quantity, _ in legs]
    return tuple(found)


def _legs(plan: CondorPlan | CondorAt, world: World, desk: Desk, reference: float) -> list[tuple[int, int, float]]:
    """Return (conId, signed quantity, price) of the four legs, priced where all inputs are published closes."""
    at = _opening(plan, world)
    expiry = _expiry(plan, at, world)
    setting = desk.setting(expiry, np.array([world.grid.index(at)], dtype=np.int64))
    ladder = np.array(strikes(OptionClass.SPXW, (expiry.settles_on - plan.opened).days, reference))
    put, call = _shorts(plan, desk, setting, ladder)
    wanted = (
        ("P", put - plan.width, plan.quantity),
        ("P", put, -plan.quantity),
        ("C", call, -plan.quantity),
        ("C", call + plan.width, plan.quantity),
    )
    found = []
    for right, strike, quantity in wanted:
        at_strike = float(ladder[np.argmin(np.abs(ladder - strike))])
        mid = desk.mid(OptionClass.SPXW, setting, np.array([at_strike]), np.array([right == "C"]))
        found.append((option_id(expiry, at_strike, right), quantity, max(round(float(mid[0]) / 0.05) * 0.05, 0.05)))
    return found


def _opening(plan: CondorPlan | CondorAt, world: World) -> datetime:
    """Return the published close at which a lot was opened, which must lie in the history."""
    days = world.trade_days[Hours.TERM].days
    if not days[0] <= plan.opened < world.scenario.start.date():
        raise ScenarioError(
            f"{SESSION_FILE}: book opened {plan.opened} is not within the history, {days[0]} to the day before start; "
            "choose a day in between"
        )
    if plan.opened not in days:
        raise ScenarioError(f"{SESSION_FILE}: book opened {plan.opened} is no session; choose a trading day")
    return world.timetable.close(Hours.TERM, plan.opened)


def _expiry(plan: CondorPlan | CondorAt, at: datetime, world: World) -> Expiry:
    """Return the listed expiry nearest to the days that were wanted, or the one that was named."""
    listed = expiries(OptionClass.SPXW, at, world.timetable, ())
    if isinstance(plan, CondorPlan):
        return min(listed, key=lambda item: (abs((item.settles_on - plan.opened).days - plan.days), item.settles_on))
    for item in listed:
        if item.settles_on == plan.expiry:
            return item
    raise ScenarioError(f"{SESSION_FILE}: no SPXW expired on {plan.expiry}; choose an expiry that was listed")


def _shorts(plan: CondorPlan | CondorAt, desk: Desk, setting: Setting, ladder: Array) -> tuple[float, float]:
    """Return the strikes of the short put and the short call."""
    if isinstance(plan, CondorAt):
        return plan.put_strike, plan.call_strike
    sigma = desk.sigma(OptionClass.SPXW, setting, ladder)
    put = desk.priced(setting, ladder, np.array(False), sigma).delta
    call = desk.priced(setting, ladder, np.array(True), sigma).delta
    return float(ladder[np.argmin(np.abs(put + plan.put_delta))]), float(
        ladder[np.argmin(np.abs(call - plan.call_delta))]
    )
