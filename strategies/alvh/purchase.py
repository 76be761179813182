"""Ask whether the next tranche may be bought now: the plan, the account, the night and what the market can take."""

from __future__ import annotations

from dataclasses import dataclass, replace

from strategies.alvh.margin import affordable
from strategies.alvh.overnight import keep_overnight, overnight_due, planned_stake, stakes
from strategies.alvh.permits import permit
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, Episode, Proposal, Purpose, Surface
from strategies.alvh.signs import Signs
from strategies.alvh.tranches import Plan, orders, plan, target


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Hold the planned tranche, the orders for it that may go now, and every condition on them."""

    planned: Plan
    proposals: tuple[Proposal, ...]
    checks: tuple[Check, ...]


def purchase(
    reading: Reading, episode: Episode | None, signs: Signs, baseline: Surface | None, *, armed: bool, may_buy: bool
) -> Purchase:
    """Return the next tranche, its orders where every condition holds, and every condition."""
    planned = plan(
        reading,
        episode,
        armed=armed,
        goal=episode.target_minis if episode else target(reading),
        momentum=signs.momentum,
        baseline=baseline,
    )
    night, account = _night(reading, reading.memory.episode, planned), affordable(reading, planned.minis)
    granted = permit(reading, planned)
    real = signs.ready and signs.real and planned.allowed
    free = may_buy and real and all(check.passed for check in (account, *night))
    minis = (granted.minis or 0) if free else 0
    months, reason = (reading.vx, reading.vxm), _why(reading, planned, signs)
    proposals, liquidity = orders(reading, minis, Purpose.TRANCHE, planned.number, months, reason)
    checks = (*planned.checks, account, *granted.checks, *night, *liquidity)
    return Purchase(planned=planned, proposals=proposals, checks=checks)


def _night(reading: Reading, episode: Episode | None, planned: Plan) -> tuple[Check, ...]:
    """Return the overnight conditions on a purchase so late that the decision for the night already stands."""
    if not overnight_due(reading) or planned.minis == 0:
        return ()
    held, bought = stakes(reading.state.lots), planned_stake(reading, planned.number, planned.minis)
    night = keep_overnight(reading, episode, (*held, bought))
    return tuple(replace(check, name=f"tranche {check.name}") for check in (*night.book, *night.asked[-1]))


def _why(reading: Reading, planned: Plan, signs: Signs) -> str:
    inflation = reading.exposure.inflation
    yes = ", ".join(signal.name for signal in signs.signals if signal.confirmed) or "no signal"
    share = "unknown" if inflation is None else f"{inflation:.0%}"
    why = f"short-put vega inflated by {share}; {yes}"
    return why if planned.number == 1 else f"{why}; VX MACD confirms"
