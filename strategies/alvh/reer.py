"""Relate what the hedge costs to the premium that the condors took in: the real effective rate of the insurance."""

from __future__ import annotations

from dataclasses import dataclass

from strategies.alvh.carry import differential, financing_usd
from strategies.alvh.condors import Recognition
from strategies.alvh.holdings import minis
from strategies.alvh.hurdle import usd
from strategies.alvh.margin import margin_usd
from strategies.alvh.overnight import credit_remaining_usd
from strategies.alvh.policy import EconomicsPolicy
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading, month_price
from strategies.alvh.records import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Insurance:
    """Hold the hedge's cost so far and the premium of the condors held, in dollars; a negative cost is a gain."""

    cost_usd: float
    premium_usd: float


def premium_usd(found: Recognition) -> float | None:
    """Return what the condors brought in when they were opened, in dollars; `None` if a price is missing."""
    total = 0.0
    for leg, quantity in zip(found.legs, found.inside, strict=True):
        price = number(leg.avg_price)
        if quantity != 0 and price is None:
            return None
        total -= quantity * leg.multiplier * (price or 0.0)
    return total


def unrealised_usd(reading: Reading) -> float | None:
    """Return what the bot's lots are worth more than they cost, in dollars; `None` if a month has no price."""
    total = 0.0
    for lot in reading.state.lots:
        price = month_price(reading, lot.settles_on)
        if price is None:
            return None
        total += lot.quantity * lot.multiplier * (price - lot.price)
    return total


def insurance(reading: Reading) -> Insurance | None:
    """Return cost and premium over the life of the condors held; `None` when a price of either is missing.

    The cost is -(realised + unrealised) + fees + the interest that the margin of the lots has forgone each night. The
    journal counts realised and fees since it first saw the oldest leg that is still held.
    """
    premium = premium_usd(reading.found)
    gain, financing = unrealised_usd(reading), _financing(reading)
    if premium is None or premium <= 0.0 or gain is None or financing is None:
        return None
    state = reading.state
    return Insurance(cost_usd=-(state.realised_usd + gain) + state.fees_usd + financing, premium_usd=premium)


def reer(reading: Reading, expected_cost_usd: float | None) -> tuple[Check, Check]:
    """Return the realised and the expected rate; a warning from `reer_warn`, a refusal from `reer_block`.

    `expected_cost_usd` is what the hedge costs in the base case, the planned minis included; it is held against the
    credit that closing the book's options would cost now. What is not known refuses.
    """
    rules, so_far = reading.policy.economics, insurance(reading)
    ratio = None if so_far is None else so_far.cost_usd / so_far.premium_usd
    why = "the condors' opening prices or a price of the hedge are not known"
    if so_far is not None and ratio is not None:
        why = f"the hedge has cost {usd(so_far.cost_usd)} of {usd(so_far.premium_usd)} premium: {ratio:.0%}"
    credit = credit_remaining_usd(reading.book.legs)
    expected, likely = None, "the cost to come or the credit remaining is not known"
    if expected_cost_usd is not None and credit is not None and credit > 0.0:
        expected = expected_cost_usd / credit
        likely = f"the hedge is expected to cost {usd(expected_cost_usd)} of {usd(credit)} credit: {expected:.0%}"
    return _check("realised", ratio, why, rules), _check("expected", expected, likely, rules)


def _check(name: str, ratio: float | None, why: str, rules: EconomicsPolicy) -> Check:
    passed = ratio is not None and ratio < rules.reer_block
    if not passed:
        why = f"first tranche only: {why}"
    elif ratio is not None and ratio >= rules.reer_warn:
        why = f"{why}, dear insurance: blocked at {rules.reer_block:.0%}"
    return Check(name=f"reer: {name}", observed=ratio, threshold=rules.reer_block, passed=passed, why=why)


def _financing(reading: Reading) -> float | None:
    """Return the interest that the lots' margin has forgone since they were bought, nothing when none is held."""
    total, rate, today = 0.0, 0.0, reading.view.session.day
    for lot in reading.state.lots:
        nights = max(0, (today - lot.bought_on).days)
        if nights == 0:
            continue
        rate = rate or differential(reading)
        margin = margin_usd(reading, minis(lot.quantity, lot.multiplier))
        if margin is None:
            return None
        total += financing_usd(margin, rate, nights)
    return total
