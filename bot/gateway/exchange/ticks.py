"""Know the price grid of a contract and of a combination."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from bot.gateway.records import Contract, Market

COMBO_TICK = {"FUT": 0.01, "OPT": 0.05}
_NEAR = 1e-7


def increment(market: Market, contract: Contract, price: float) -> float:
    """Return the contract's price increment, in points, at `price`: its market rule, or its min tick without one."""
    rule = market.market_rule(contract.market_rule_id) if contract.market_rule_id else None
    if not rule:
        return contract.min_tick
    step = rule[0][1]
    for edge, width in rule:
        if price >= edge - _NEAR:
            step = width
    return step


def combo_increment(contracts: Sequence[Contract]) -> float:
    """Return the increment of a combination's net price: 0.01 between CFE futures, 0.05 between SPX options."""
    return max(COMBO_TICK[contract.sec_type] for contract in contracts)


def conforms(price: float, step: float) -> bool:
    """Say whether `price` lies on a grid of `step`, within float noise; one without end lies on none."""
    return isfinite(price / step) and abs(round(price / step) * step - price) < _NEAR


def tidy(price: float) -> float:
    """Return the price without float noise (10 decimals)."""
    return round(price, 10)


def not_above(price: float, bound: float) -> bool:
    """Say whether `price` <= `bound`, within float noise."""
    return price <= bound + _NEAR


def same(price: float, other: float) -> bool:
    """Say whether two prices are equal, within float noise."""
    return abs(price - other) < _NEAR
