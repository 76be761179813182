"""Model what the broker asks as margin, in dollars.

A stated model, not a broker's: rates are in the order of magnitude of what brokers ask and of what IB has announced
for short volatility futures.

VX and VXM, by product-weighted notional: a long pays `LONG_FUTURE_RATE` of notional; a short pays
`SHORT_STRESS_SHARE` of what it loses when volatility rises by `SHORT_STRESS_RISE` (35% of the loss at +300%). Long
and short expiries offset into calendar spreads at `SPREAD_RATE` of the larger side's average notional. Maintenance is
`MAINTENANCE_SHARE` of initial.

Index options, by class and expiry: the largest loss at expiry over the strikes (an iron condor pays its wider wing x
multiplier; its premium is in cash and not deducted). Shorts with no long of the same right behind them pay the
broad-index formula of Regulation T: premium + max(15% of the underlying less the amount out of the money, 10% of the
underlying, for puts of the strike).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.gateway.exchange.ledger import Position, multiplier
from bot.gateway.records import Contract

LONG_FUTURE_RATE = 0.30
SHORT_STRESS_SHARE = 0.35
SHORT_STRESS_RISE = 3.00
SHORT_FUTURE_RATE = SHORT_STRESS_SHARE * SHORT_STRESS_RISE
SPREAD_RATE = 0.10
MAINTENANCE_SHARE = 0.80
NAKED_RATE = 0.15
NAKED_FLOOR_RATE = 0.10

PriceOf = Callable[[Contract], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Hold the requirements of the two segments in dollars: securities (options) and commodities (futures)."""

    init_securities: float
    maint_securities: float
    init_commodities: float
    maint_commodities: float

    @property
    def init(self) -> float:
        """Return the initial requirement of both segments."""
        return self.init_securities + self.init_commodities

    @property
    def maint(self) -> float:
        """Return the maintenance requirement of both segments."""
        return self.maint_securities + self.maint_commodities


@dataclass(slots=True)
class _Holding:
    contract: Contract
    quantity: float


def requirement(positions: Iterable[Position], mark_of: PriceOf, underlying_of: PriceOf) -> Margin:
    """Return what `positions` need; `mark_of` prices a contract, `underlying_of` its underlying, both in points."""
    futures: list[Position] = []
    options: dict[tuple[str, str, str], list[Position]] = defaultdict(list)
    for position in positions:
        contract = position.contract
        if position.is_future:
            futures.append(position)
        else:
            options[contract.symbol, contract.trading_class, contract.expiry].append(position)
    securities = sum(options_requirement(group, mark_of, underlying_of) for group in options.values())
    commodities = futures_requirement([(p.quantity * p.multiplier, mark_of(p.contract)) for p in futures])
    return Margin(
        init_securities=securities,
        maint_securities=securities,
        init_commodities=commodities,
        maint_commodities=commodities * MAINTENANCE_SHARE,
    )


def futures_requirement(lots: list[tuple[float, float]]) -> float:
    """Return the initial requirement of (signed dollars a point, mark) lots of one family of futures."""
    longs = [(size, mark) for size, mark in lots if size > 0]
    shorts = [(-size, mark) for size, mark in lots if size < 0]
    long_points, short_points = sum(size for size, _ in longs), sum(size for size, _ in shorts)
    long_mark, short_mark = _average(longs), _average(shorts)
    paired = min(long_points, short_points)
    spread = paired * max(long_mark, short_mark) * SPREAD_RATE
    outright_long = (long_points - paired) * long_mark * LONG_FUTURE_RATE
    outright_short = (short_points - paired) * short_mark * SHORT_FUTURE_RATE
    return spread + outright_long + outright_short


def options_requirement(group: list[Position], mark_of: PriceOf, underlying_of: PriceOf) -> float:
    """Return the requirement of one class and expiry of options."""
    held = [_Holding(p.contract, p.quantity) for p in group]
    naked = [*_strip_naked(held, "C"), *_strip_naked(held, "P")]
    strikes = {h.contract.strike for h in held if h.quantity}
    bounded = max((-_payoff(held, strike) for strike in strikes), default=0.0)
    uncovered = sum(n.quantity * naked_short(n.contract, mark_of(n.contract), underlying_of(n.contract)) for n in naked)
    return max(bounded, 0.0) + uncovered


def naked_short(contract: Contract, premium: float, underlying: float) -> float:
    """Return the requirement of one uncovered short option in dollars (Regulation T, broad-based index)."""
    is_call = contract.right == "C"
    out = max(contract.strike - underlying if is_call else underlying - contract.strike, 0.0)
    floor = NAKED_FLOOR_RATE * (underlying if is_call else contract.strike)
    return (premium + max(NAKED_RATE * underlying - out, floor)) * multiplier(contract)


def _strip_naked(held: list[_Holding], right: str) -> list[_Holding]:
    """Take the shorts that no long of their right covers out of `held`, farthest out first; return positive counts."""
    side = [h for h in held if h.contract.right == right]
    excess = -sum(h.quantity for h in side)
    stripped = []
    for holding in sorted(side, key=lambda h: h.contract.strike, reverse=right == "C"):
        count = min(excess, -holding.quantity)
        if count > 0:
            stripped.append(_Holding(holding.contract, count))
            holding.quantity += count
            excess -= count
    return stripped


def _payoff(held: list[_Holding], settlement: float) -> float:
    """Return what the options pay at expiry in dollars, premiums left out."""
    total = 0.0
    for holding in held:
        contract = holding.contract
        moneyness = settlement - contract.strike if contract.right == "C" else contract.strike - settlement
        if moneyness > 0:
            total += holding.quantity * multiplier(contract) * moneyness
    return total


def _average(sides: list[tuple[float, float]]) -> float:
    total = sum(size for size, _ in sides)
    return sum(size * mark for size, mark in sides) / total if total else 0.0
