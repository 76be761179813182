"""Buy the hedge in tranches of 30, 65 and 100% of the target, each for its own reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from strategies.alvh.holdings import MINI_MULTIPLIER, average_price, foreign, foreign_long_minis
from strategies.alvh.intent import intent_key
from strategies.alvh.liquidity import room
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import (
    Check,
    Episode,
    FutureQuote,
    Proposal,
    Purpose,
    Side,
    Surface,
    SurfaceSource,
)
from strategies.alvh.sales import order_limit
from strategies.alvh.signals import Signal
from strategies.alvh.sizing import beta, cumulative_tranches, hedge_units_usd, minis_per_usd, split_lots, target_minis
from strategies.alvh.vix_call import without_event_calls
from strategies.alvh.wall_time import wall_time

LAST_TRANCHE = 3
LIMITLESS = 1_000_000  # minis


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Hold the next tranche: its number, the position that completes it, what is still to buy in minis, and why."""

    number: int
    goal: int
    minis: int
    allowed: bool
    checks: tuple[Check, ...]


def target(reading: Reading) -> int:
    """Return the minis the book needs now, less everything long volatility beside the hedge in the account (2.5.5).

    The core layer and what others hold count; the bot's own event calls are part of what fills this target.
    """
    return needed(reading, _cap(reading))


def needed(reading: Reading, most: int) -> int:
    """Return the minis that `target` asks for, at most `most`."""
    vega, front, policy = number(reading.exposure.vega_delta_usd), reading.front, reading.policy
    if vega is None or front is None or front.dte < 0:
        return 0
    others = foreign(reading.book, reading.state)
    beside = without_event_calls(reading.book, reading.state)
    units = hedge_units_usd(others, beside, policy, reading.view.now)
    covered = minis_per_usd(front.dte, policy.sizing) * beta(front.dte, policy.sizing) * MINI_MULTIPLIER
    open_usd = max(0.0, vega - units / covered) if covered > 0.0 else 0.0
    return target_minis(open_usd, front.dte, policy, max_position=most)


def plan(
    reading: Reading, episode: Episode | None, *, armed: bool, goal: int, momentum: Signal, baseline: Surface | None
) -> Plan:
    """Return the next tranche and every condition on it (method note, 3.4).

    `goal` is the episode's target in minis. The first tranche needs what arming needed, still true now; the second and
    third need MACD and ten minutes since the last fill. What was not filled of a tranche may be bought later on the
    same conditions; a later tranche takes it along.
    """
    gap = _gap(reading)
    ready = momentum.confirmed and gap.passed
    last = 1 if baseline is not None and baseline.source is SurfaceSource.MODELLED else LAST_TRANCHE
    current = _current(reading, episode, advance=ready, last=last)
    steps = cumulative_tranches(goal, reading.policy.tranches)
    held = reading.own + reading.buying
    new = episode is None or current > episode.tranches_proposed
    position = (
        steps[min(current, LAST_TRANCHE) - 1] if new or episode is None else min(episode.tranche_goal_minis, goal)
    )
    minis = max(0, min(position, _cap(reading)) - held)
    checks = (
        *_permissions(reading, episode),
        _number(current, last),
        _trigger(current, armed, momentum, gap),
        Check(
            name="tranche: size",
            observed=float(minis),
            threshold=1.0,
            passed=minis >= 1,
            why=_sized(reading, current, minis, position, goal, armed=armed),
        ),
    )
    allowed = all(check.passed for check in checks)
    return Plan(number=current, goal=position, minis=minis, allowed=allowed, checks=checks)


def orders(
    reading: Reading,
    minis: int,
    purpose: Purpose,
    number: int | None,
    months: tuple[FutureQuote | None, FutureQuote | None],
    reason: str,
) -> tuple[tuple[Proposal, ...], tuple[Check, ...]]:
    """Return the buy orders for this many minis, cut to what market and caps can take, and the liquidity checks.

    `months` are the VX and the VXM of one settlement day; without a VX all is bought in minis, without a VXM only whole
    contracts. With nothing to buy the checks still say how liquid the two markets are.
    """
    big, small = as_contracts(minis, reading, months)
    found: list[Proposal] = []
    checks: list[Check] = []
    for future, wanted, label in ((months[0], big, "VX"), (months[1], small, "VXM")):
        space = room(future, max(1, wanted), reading.policy.liquidity, label=label)
        checks.append(space.check)
        if future is None or wanted <= 0 or space.contracts <= 0:
            continue
        quantity = min(wanted, space.contracts, order_limit(reading, future.multiplier))
        found.append(_buy(reading, future, quantity, purpose, number, reason))
    return tuple(found), tuple(checks)


def _buy(
    reading: Reading, future: FutureQuote, quantity: int, purpose: Purpose, number: int | None, reason: str
) -> Proposal:
    return Proposal(
        key=intent_key(reading, purpose, number, future.con_id),
        purpose=purpose,
        side=Side.BUY,
        con_id=future.con_id,
        trading_class=future.trading_class,
        multiplier=future.multiplier,
        quantity=quantity,
        reason=reason,
        tranche=number,
    )


def as_contracts(
    minis: int, reading: Reading, months: tuple[FutureQuote | None, FutureQuote | None]
) -> tuple[int, int]:
    """Return this many minis as (VX, VXM) contracts of what is quoted of one month."""
    if months[0] is None or reading.policy.caps.max_order_minis * MINI_MULTIPLIER < months[0].multiplier:
        return 0, minis
    if months[1] is None:
        return minis * MINI_MULTIPLIER // months[0].multiplier, 0
    return split_lots(minis, reading.policy.sizing)


def _current(reading: Reading, episode: Episode | None, *, advance: bool, last: int) -> int:
    done = episode.tranches_proposed if episode else 0
    if episode is None or done == 0 or reading.own == 0:
        return 1
    complete = reading.own + reading.buying >= episode.tranche_goal_minis
    return done + 1 if complete or (advance and done < last) else done


def _sized(reading: Reading, current: int, minis: int, position: int, goal: int, *, armed: bool) -> str:
    """Return in words how large the next tranche is, and what the cap cut off the target."""
    held = reading.own + reading.buying
    need = needed(reading, LIMITLESS) if 0 < goal == _cap(reading) else goal
    of = f"{goal} (the cap; the book would need {need})" if need > goal else f"{goal}"
    if minis:
        words = f"{counted(minis)} to reach {position} of {of}"
        return words if armed or current > 1 else f"would be {words} if it armed"
    if position == 0:
        return "the target is below one mini"
    return f"tranche {min(current, LAST_TRANCHE)} would end at {counted(position)}, {held} held already"


def counted(minis: int) -> str:
    """Return a number of minis in words."""
    return f"{minis} mini" if minis == 1 else f"{minis} minis"


def _cap(reading: Reading) -> int:
    return max(0, reading.policy.caps.max_position_minis - foreign_long_minis(reading.book, reading.state))


def _number(current: int, last: int) -> Check:
    passed = current <= last
    why = f"tranche {current} is next" if passed else f"all {last} tranche(s) allowed are bought"
    if not passed and last < LAST_TRANCHE:
        why = "a modelled baseline allows the first tranche only"
    return Check(name="tranche: number", observed=float(current), threshold=float(last), passed=passed, why=why)


def _trigger(current: int, armed: bool, momentum: Signal, gap: Check) -> Check:
    if current == 1:
        why = (
            "the spike is armed and its conditions stand"
            if armed
            else "the spike is not armed, or a condition fell away"
        )
        return Check(name="tranche: trigger", observed=None, threshold="armed", passed=armed, why=why)
    passed = momentum.confirmed and gap.passed
    why = momentum.reason if gap.passed else gap.why
    return Check(name="tranche: trigger", observed=momentum.value, threshold="MACD and gap", passed=passed, why=why)


def _permissions(reading: Reading, episode: Episode | None) -> tuple[Check, ...]:
    memory, rules = reading.memory, reading.policy.tranches
    trips, until = memory.round_trips, memory.cooldown_until
    cooling = until is not None and reading.view.now < until
    selling = episode is not None and (episode.selling or reading.selling > 0)
    closed = episode is not None and episode.buying_over
    alive = sum(order.remaining > 0 for order in reading.state.working)
    theirs = _foreign_here(reading)
    return (
        _permit(
            "round trips",
            float(trips),
            float(rules.max_round_trips),
            trips < rules.max_round_trips,
            "round trips left",
            "no round trip left today",
        ),
        _permit(
            "cooldown",
            None,
            float(rules.cooldown_minutes),
            not cooling,
            "not cooling down",
            f"cooling down until {wall_time(until)}" if until else "",
        ),
        _permit(
            "no sale yet",
            None,
            None,
            not selling,
            "nothing was sold in this episode",
            "after a sale nothing is bought until flat",
        ),
        _permit(
            "still inflated",
            number(reading.exposure.inflation),
            None if episode is None else reading.policy.sizing.inflation_keep,
            not closed,
            "not asked yet: no spike is followed" if episode is None else "the target stands",
            _closed(reading),
        ),
        _permit("one at a time", float(alive), 0.0, alive == 0, "no order is working", "an order is still working"),
        _permit(
            "own contract",
            float(theirs),
            0.0,
            theirs == 0,
            "nobody else trades this contract here",
            "foreign lots in this contract: no opening",
        ),
    )


def _closed(reading: Reading) -> str:
    """Return why no further tranche is bought: the gauge is below the keeping level, or was once."""
    inflation, keep = number(reading.exposure.inflation), reading.policy.sizing.inflation_keep
    below = "the spike fell below the keeping level"
    if inflation is not None and inflation < keep:
        below = f"the gauge at {inflation:.0%} is below the {keep:.0%} that keep the target"
    return f"{below}: remaining tranches are cancelled"


def _foreign_here(reading: Reading) -> int:
    ours = {future.con_id for future in (reading.vx, reading.vxm) if future is not None}
    return sum(abs(position.quantity) for position in foreign(reading.book, reading.state) if position.con_id in ours)


def _gap(reading: Reading) -> Check:
    filled_at, minutes = reading.state.last_fill_at, reading.policy.tranches.min_gap_minutes
    since = None if filled_at is None else (reading.view.now - filled_at) / timedelta(minutes=1)
    passed = since is None or since >= minutes
    why = (
        f"the last fill is at least {minutes} minutes old"
        if passed
        else f"less than {minutes} minutes since the last fill"
    )
    return Check(name="tranche: gap", observed=since, threshold=float(minutes), passed=passed, why=why)


def _permit(name: str, observed: float | None, threshold: float | None, passed: bool, yes: str, no: str) -> Check:
    return Check(
        name=f"tranche: {name}", observed=observed, threshold=threshold, passed=passed, why=yes if passed else no
    )


def last_buy_price(reading: Reading) -> float | None:
    """Return the average price of the newest tranche held, in points; `None` when nothing is held."""
    newest = max((lot.tranche for lot in reading.state.lots), default=0)
    return average_price(lot for lot in reading.state.lots if lot.tranche == newest)
