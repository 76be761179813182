"""Ask what the condors and their hedge earn in three days if the spike reverses fast, slowly, or goes on.

The condors are repriced in full (`scenario_shock.py`); the hedge moves by beta times the move of VIX, less the roll.
Everything is in dollars. Probabilities, moves and cash flows: docs/method.md, "What a hedge must earn".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategies.alvh.carry import credit_rate, expected_roll_points
from strategies.alvh.holdings import MINI_MULTIPLIER, minis
from strategies.alvh.irr import DAYS_PER_YEAR, Flow, irr, simple_return
from strategies.alvh.margin import margin_usd
from strategies.alvh.policy import Policy
from strategies.alvh.readiness import fresh_price, number
from strategies.alvh.reading import Reading, contract
from strategies.alvh.records import FutureQuote
from strategies.alvh.scenario_shock import changes_usd, regressed
from strategies.alvh.surface import quoted_smiles
from strategies.alvh.tranches import as_contracts
from strategies.alvh.valued import value_legs

NAMES = ("fast reversal", "slow reversal", "continuation")

Chances = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Hold one scenario: the move of VIX in points and what condors and hedge earn by the horizon, costs included."""

    name: str
    vix_points: float
    condor_usd: float
    hedge_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Hold the three outcomes, the margin of condors and hedge, and what entering the hedge costs at once."""

    outcomes: tuple[Outcome, Outcome, Outcome]
    days: float
    condor_margin_usd: float
    hedge_margin_usd: float
    entry_usd: float

    def expected(self, chances: Chances) -> tuple[float, float]:
        """Return the expected dollars of the condors and of the hedge."""
        pairs = tuple(zip(chances, self.outcomes, strict=True))
        return sum(p * one.condor_usd for p, one in pairs), sum(p * one.hedge_usd for p, one in pairs)

    @property
    def worst(self) -> Outcome:
        """Return the outcome in which the condors lose most."""
        return min(self.outcomes, key=lambda one: one.condor_usd)

    @property
    def margin_usd(self) -> float:
        """Return the margin of condors and hedge together."""
        return self.condor_margin_usd + self.hedge_margin_usd

    def flows(self, chances: Chances, *, condors: bool, hedge: bool) -> tuple[Flow, ...]:
        """Return the expected cash flows: the margin out and back, the cost of entering, and what is earned."""
        earned, insured = self.expected(chances)
        margin = (self.condor_margin_usd if condors else 0.0) + (self.hedge_margin_usd if hedge else 0.0)
        entry = self.entry_usd if hedge else 0.0
        pnl = (earned if condors else 0.0) + (insured if hedge else 0.0)
        return (0.0, -margin - entry), (self.days, margin + entry + pnl)

    def rates(self, chances: Chances) -> tuple[float | None, float | None, float | None]:
        """Return the internal rates of return a year of the condors, of the hedge, and of both."""
        return (
            irr(self.flows(chances, condors=True, hedge=False)),
            irr(self.flows(chances, condors=False, hedge=True)),
            irr(self.flows(chances, condors=True, hedge=True)),
        )

    def simple(self, chances: Chances) -> float | None:
        """Return the simple yearly return of condors and hedge on their margin."""
        return simple_return(sum(self.expected(chances)), self.margin_usd, self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedged:
    """Hold the hedge once bought: dollars per VIX point, what rolls away a day, its worth, its costs and its margin."""

    usd_per_point: float
    roll_usd: float
    worth_usd: float
    entry_usd: float
    exit_usd: float
    margin_usd: float


def vix_moves(reading: Reading) -> tuple[float, float, float] | None:
    """Return the move of VIX in points in each scenario; `None` while VIX or its previous close is missing.

    The first two give back a share of the day's rise, the third adds a share of VIX.
    """
    rules, vix, change = reading.policy.economics, number(reading.view.vix.last), reading.vix_change
    if vix is None or vix <= 0.0 or change is None:
        return None
    rise = min(max(0.0, change), vix)
    return -rules.fast_retrace * rise, -rules.slow_retrace * rise, rules.continuation * vix


def look_ahead(reading: Reading, planned: int) -> Outlook | str:
    """Return what condors and hedge earn in each scenario once `planned` minis are bought, or why that is unknown."""
    moves, rules = vix_moves(reading), reading.policy.economics
    if moves is None:
        return "VIX or its previous close is not known"
    hedge = _hedge(reading, planned)
    if isinstance(hedge, str):
        return hedge
    if not reading.found.pairs:
        return "there is no condor"
    changes = _condor_changes(reading, moves)
    if isinstance(changes, str):
        return changes
    earned = hedge.margin_usd * credit_rate(reading) * rules.horizon_days / DAYS_PER_YEAR
    costs = hedge.entry_usd + hedge.exit_usd
    outcomes = [
        Outcome(
            name=name,
            vix_points=points,
            condor_usd=change,
            hedge_usd=_variation(hedge, points, rules.horizon_days) + earned - costs,
        )
        for name, points, change in zip(NAMES, moves, changes, strict=True)
    ]
    return Outlook(
        outcomes=(outcomes[0], outcomes[1], outcomes[2]),
        days=rules.horizon_days,
        condor_margin_usd=reading.found.margin_usd,
        hedge_margin_usd=hedge.margin_usd,
        entry_usd=hedge.entry_usd,
    )


def _variation(hedge: Hedged, points: float, days: float) -> float:
    """Return what the futures earn: beta times the move of VIX less the roll; VX cannot fall below zero."""
    return max(hedge.usd_per_point * points - hedge.roll_usd * days, -hedge.worth_usd)


@np.errstate(all="ignore")
def _condor_changes(reading: Reading, moves: tuple[float, float, float]) -> tuple[float, ...] | str:
    view, policy = reading.view, reading.policy
    valued = reading.valued or value_legs(view, reading.book, policy)
    quoted = valued.quoted or quoted_smiles(view, reading.book, policy)
    shocks = tuple(regressed(points, policy.sizing, days=policy.economics.horizon_days) for points in moves)
    changes = changes_usd(valued.book, valued.held, valued.present, quoted, view, shocks)
    known = tuple(change for change in changes if change is not None)
    return known if len(known) == len(changes) else "a leg of the condors cannot be repriced"


def _hedge(reading: Reading, planned: int) -> Hedged | str:
    """Return the hedge after buying `planned` minis; what is already bought or working counts, its exit included."""
    price, roll, margin = reading.price, expected_roll_points(reading), margin_usd(reading, 1)
    if price is None or reading.beta is None or roll is None or margin is None:
        return "the price of the traded future, or its distance to VIX, is not known"
    bought = _crossing(reading, planned)
    left = _leaving(reading)
    if bought is None or left is None:
        return "a future of the hedge has no quoted spread"
    total = max(0, reading.own + reading.buying + planned)
    return Hedged(
        usd_per_point=total * MINI_MULTIPLIER * reading.beta,
        roll_usd=total * MINI_MULTIPLIER * roll,
        worth_usd=total * MINI_MULTIPLIER * price,
        entry_usd=bought,
        exit_usd=bought + left,
        margin_usd=total * margin,
    )


def _crossing(reading: Reading, wanted: int) -> float | None:
    """Return the fees and half spreads of buying or selling this many minis, split as an order would be."""
    months = (reading.vx, reading.vxm)
    counts = as_contracts(wanted, reading, months)
    costs = [_cost(future, count, reading.policy) for future, count in zip(months, counts, strict=True)]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def _leaving(reading: Reading) -> float | None:
    """Return the fees and half spreads of selling what the bot owns."""
    costs = [_cost(contract(reading.view, lot.con_id), lot.quantity, reading.policy) for lot in reading.state.lots]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def _cost(future: FutureQuote | None, contracts: int, policy: Policy) -> float | None:
    if contracts <= 0:
        return 0.0
    if future is None or fresh_price(future, policy) is None or future.quote.bid is None or future.quote.ask is None:
        return None
    rules, spread = policy.economics, future.quote.ask - future.quote.bid
    fee = rules.vxm_fee_usd if minis(1, future.multiplier) == 1 else rules.vx_fee_usd
    return contracts * (fee + 0.5 * spread * future.multiplier)
