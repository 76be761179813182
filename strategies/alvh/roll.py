"""Move a hedge that nears its settlement into the next month: first buy the far contract, then sell the near one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from math import floor

from strategies.alvh.holdings import busy, minis, owned, sellable, working
from strategies.alvh.liquidity import room
from strategies.alvh.policy import Policy
from strategies.alvh.readiness import fresh_price
from strategies.alvh.reading import Reading, pair
from strategies.alvh.records import Check, Episode, FutureQuote, Lot, Proposal, Purpose, Side
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.sales import order_limit, sell
from strategies.alvh.sizing import beta, choose_contract
from strategies.alvh.tranches import orders
from strategies.alvh.vix_call import room_under_cap

SLICES = 3  # of a roll that has no room to buy first


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Hold what a roll does at this wake-up: the episode it leaves, orders, and whether one is under way.

    `surplus` are the minis of the old month that the next one has replaced already.
    """

    episode: Episode | None
    proposals: tuple[Proposal, ...]
    checks: tuple[Check, ...]
    under_way: bool
    surplus: int = 0


def roll_due(future: FutureQuote, policy: Policy) -> bool:
    """Say whether the contract is in its roll zone (method note, 3.16)."""
    return future.dte <= policy.contract.roll_dte or future.business_days <= policy.contract.roll_business_days


def moved(points: float, near: float, far: float, near_beta: float, far_beta: float) -> float:
    """Return a base or peak of the near contract as one of the far: F2 - (F1 - x) * beta2 / beta1, in points."""
    return far - (near - points) * far_beta / near_beta


def begin_roll(reading: Reading, episode: Episode | None) -> Episode | None:
    """Return the episode, moved to the next month with base and peak when a roll is due and both prices are known."""
    near = reading.front
    if episode is None or near is None or episode.roll_from or episode.selling or reading.own == 0:
        return episode
    if near.con_id != episode.con_id or not roll_due(near, reading.policy):
        return episode
    later = tuple(future for future in reading.view.futures if future.settles_on > near.settles_on)
    big, small = pair(reading.view, choose_contract(later, reading.policy.contract))
    far = big or small
    near_price, far_price = reading.price, fresh_price(far, reading.policy)
    if far is None or near_price is None or far_price is None:
        return episode
    near_beta, far_beta = beta(near.dte, reading.policy.sizing), beta(far.dte, reading.policy.sizing)
    return replace(
        episode,
        con_id=far.con_id,
        base=moved(episode.base, near_price, far_price, near_beta, far_beta),
        peak=moved(episode.peak, near_price, far_price, near_beta, far_beta),
        roll_from=near.settles_on,
        roll_minis=owned(lot for lot in reading.state.lots if lot.settles_on == near.settles_on),
    )


def roll(reading: Reading, episode: Episode | None, *, may_buy: bool) -> Roll:
    """Return the orders of the roll under way: far lots up to floor(N1 * beta1 / beta2), near ones down as they fill.

    Where the position cap has no room for both months the roll goes in slices; a full position sells the first slice
    before it buys, for it may never hold more. Without leave to buy, only what the far lots already replace is sold.
    """
    if episode is None or episode.roll_from is None:
        return Roll(episode=episode, proposals=(), checks=(_idle(reading),), under_way=False)
    near = tuple(lot for lot in reading.state.lots if lot.settles_on <= episode.roll_from)
    ratio = _ratio(reading, episode.roll_from)
    far, cap = reading.own - owned(near), reading.policy.caps.max_position_minis
    wanted = min(floor(episode.roll_minis * (ratio or 0.0) + TOLERANCE), cap)
    if not near and (far >= wanted or not may_buy or episode.selling):
        done = _moved_over(reading, episode)
        return Roll(episode=done, proposals=(), checks=(_idle(reading),), under_way=False)
    if ratio is None:
        check = _check(None, False, "the month to roll into is not quoted: nothing is rolled")
        return Roll(episode=episode, proposals=(), checks=(check,), under_way=True)
    replaced = episode.roll_minis if far >= wanted else floor(far / ratio + TOLERANCE)
    surplus = owned(near) - max(0, episode.roll_minis - replaced)
    buys, checks = _buys(reading, wanted - far) if may_buy else ((), ())
    full = room_under_cap(reading) <= 0
    sells = _sells(reading, near, surplus, full=full, reason="the next month has replaced these")
    if may_buy and full and surplus <= 0 and not reading.buying and far < wanted:
        sells = _slice(reading, episode, near)
    why = f"{far} of {wanted} minis are in the next month, {owned(near)} of {episode.roll_minis} in the old one"
    return Roll(
        episode=episode,
        proposals=(*buys, *sells),
        checks=(_check(float(far), True, why), *checks),
        under_way=True,
        surplus=max(0, surplus),
    )


def _moved_over(reading: Reading, episode: Episode) -> Episode:
    """Return the episode after its roll: the far lots are now the position whose thirds the stages sell."""
    return replace(
        episode,
        roll_from=None,
        roll_minis=0,
        peak_position_minis=reading.own,
        tranche_goal_minis=reading.own,
        target_minis=max(episode.target_minis, reading.own),
    )


def _ratio(reading: Reading, near_date: date) -> float | None:
    if reading.front is None or reading.beta is None or reading.beta <= 0.0:
        return None
    near_days = max(0, (near_date - reading.view.session.day).days)
    return beta(near_days, reading.policy.sizing) / reading.beta


def _buys(reading: Reading, wanted: int) -> tuple[tuple[Proposal, ...], tuple[Check, ...]]:
    count = max(0, min(wanted - reading.buying, room_under_cap(reading)))
    reason = "roll into the next month: the old contract nears its settlement"
    found, checks = orders(reading, count, Purpose.ROLL_BUY, None, (reading.vx, reading.vxm), reason)
    tranche = max((lot.tranche for lot in reading.state.lots), default=1)
    alive = working(reading.state, Side.BUY)
    free = tuple(replace(item, tranche=tranche) for item in found if not alive and not busy(reading.state, item.con_id))
    return free, checks


def _slice(reading: Reading, episode: Episode, near: tuple[Lot, ...]) -> tuple[Proposal, ...]:
    """Return the sale of a third of what is rolled, so that a full position may buy; never of all that is held.

    Where the next month's market would take no contract nothing is sold: the hedge would only shrink.
    """
    rules = reading.policy.liquidity
    if not any(room(future, 1, rules).contracts for future in (reading.vx, reading.vxm)):
        return ()
    third = max(1, episode.roll_minis // SLICES)
    found = _sells(reading, near, third, full=True, reason="at the position cap these make room for the next month")
    taken = sum(minis(proposal.quantity, proposal.multiplier) for proposal in found)
    return found if taken < reading.own else ()


def _sells(reading: Reading, near: tuple[Lot, ...], surplus: int, *, full: bool, reason: str) -> tuple[Proposal, ...]:
    """Return the sells of what the far lots replace; at a full position a big contract goes a little early."""
    left = surplus - reading.selling
    found = []
    for con_id in sorted({lot.con_id for lot in near}, key=lambda con_id: _multiplier(near, con_id)):
        lot = next(lot for lot in near if lot.con_id == con_id)
        size = minis(1, lot.multiplier)
        count = left // size if not full else -(-left // size)
        quantity = min(count, sellable(reading.book, reading.state, con_id), order_limit(reading, lot.multiplier))
        if quantity <= 0 or busy(reading.state, con_id):
            continue
        left -= quantity * size
        found.append(sell(reading, lot, quantity, Purpose.ROLL_SELL, reason, number=None))
    return tuple(found)


def _multiplier(lots: tuple[Lot, ...], con_id: int) -> int:
    return next(lot.multiplier for lot in lots if lot.con_id == con_id)


def _idle(reading: Reading) -> Check:
    front = reading.front
    if front is None:
        return _check(None, True, "no contract is followed")
    due = roll_due(front, reading.policy)
    return _check(float(front.dte), True, f"{front.dte} days to settlement" + (": roll zone" if due else ""))


def _check(observed: float | None, passed: bool, why: str) -> Check:
    return Check(name="roll", observed=observed, threshold=None, passed=passed, why=why)
