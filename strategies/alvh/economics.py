"""Hold the second and third tranche back when the book does not earn its capital or the insurance is too dear."""

from __future__ import annotations

from strategies.alvh.carry import carry_checks
from strategies.alvh.hurdle import FAILED, hurdle, rates
from strategies.alvh.permit import Permit
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check
from strategies.alvh.reer import reer
from strategies.alvh.scenarios import look_ahead
from strategies.alvh.tranches import LAST_TRANCHE, Plan
from strategies.alvh.wacc import cost_of_capital

FIRST_TRANCHE = 1


def worth_it(reading: Reading, planned: Plan) -> Permit:
    """Return the first tranche only unless the hurdle and the cost of the insurance allow more.

    Asked only when a purchase is planned and its own conditions hold: repricing the book costs a few milliseconds.
    """
    rules = reading.policy.economics
    if not rules.enabled or not planned.allowed or planned.minis <= 0:
        return Permit()
    outlook = look_ahead(reading, planned.minis)
    carried = carry_checks(reading, reading.own + planned.minis)
    if isinstance(outlook, str):
        unknown = Check(name="hurdle: outlook", observed=None, threshold=None, passed=False, why=f"{FAILED}{outlook}")
        return Permit(tranche=FIRST_TRANCHE, checks=(unknown, *reer(reading, None), *carried))
    capital = cost_of_capital(reading.book.account, reading.view.rate, reading.policy)
    _, hedge = outlook.expected(rules.base_probabilities)
    binding = (*hurdle(outlook, capital, rules), *reer(reading, -hedge))
    tranche = LAST_TRANCHE if all(check.passed for check in binding) else FIRST_TRANCHE
    return Permit(tranche=tranche, checks=(*binding, *rates(outlook, rules), *carried))
