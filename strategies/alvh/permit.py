"""Ask the rules that may hold a planned purchase back: wholly, to fewer minis, or to an earlier tranche."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategies.alvh.reading import Reading
from strategies.alvh.records import Check
from strategies.alvh.tranches import LAST_TRANCHE, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Hold how far a purchase may go: up to which tranche, how many minis of it (`None`: as planned), and why."""

    tranche: int = LAST_TRANCHE
    minis: int | None = None
    checks: tuple[Check, ...] = ()


# Each rule reads the wake-up and the planned tranche. It may only hold back: no rule can make a purchase larger.
RULES: tuple[Callable[[Reading, Plan], Permit], ...] = ()


def permit(reading: Reading, planned: Plan) -> Permit:
    """Return the strictest answer of all rules, with the minis that may be bought now."""
    given = [rule(reading, planned) for rule in RULES]
    tranche = min((one.tranche for one in given), default=LAST_TRANCHE)
    minis = min((planned.minis, *(one.minis for one in given if one.minis is not None)))
    return Permit(
        tranche=tranche,
        minis=max(0, minis) if planned.number <= tranche else 0,
        checks=tuple(check for one in given for check in one.checks),
    )
