"""Ask the rules that may hold a planned purchase back: wholly, to fewer minis, or to an earlier tranche."""

from __future__ import annotations

from collections.abc import Callable

from strategies.alvh.capm import recalibrated
from strategies.alvh.economics import worth_it
from strategies.alvh.event_calls import beside_calls
from strategies.alvh.permit import Permit
from strategies.alvh.reading import Reading
from strategies.alvh.tranches import LAST_TRANCHE, Plan

# Each rule reads the wake-up and the planned tranche. It may only hold back: no rule can make a purchase larger.
RULES: tuple[Callable[[Reading, Plan], Permit], ...] = (recalibrated, beside_calls, worth_it)


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
