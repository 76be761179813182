"""Ask how much of an order the VX market can take now: the "quick ratio" of its displayed depth."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from strategies.alvh.policy import LiquidityPolicy
from strategies.alvh.readiness import number
from strategies.alvh.records import Check, FutureQuote
from strategies.alvh.rounding import TOLERANCE

BIG_MULTIPLIER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Hold the contracts that may be bought now, and the check that says why."""

    contracts: int
    check: Check


def room(future: FutureQuote | None, contracts: int, policy: LiquidityPolicy, *, label: str = "") -> Room:
    """Return how many of `contracts` may be bought now (method note, 3.9).

    QR = the smaller displayed size / contracts. QR >= ratio_ok at a normal spread takes the whole order, a QR between
    ratio_min and ratio_ok takes QR / ratio_ok of it. A spread between normal and the limit, or depth under
    `deteriorated` times its 20-session median, halves what is left. One contract always remains while the depth covers
    the order. `quick_ratio_median` is the ratio for one contract. Missing sizes or sides allow nothing.
    """
    name = f"liquidity: {label or (future.trading_class if future else 'VX')}"
    if future is None:
        return _none(name, None, policy, "the contract is not quoted")
    depth, spread = _depth(future), _spread_ticks(future)
    if depth is None or spread is None or contracts <= 0:
        return _none(name, None, policy, "no two-sided market with sizes")
    normal, limit = _spread_limits(future, policy)
    ratio = depth / contracts
    if ratio < policy.ratio_min or spread > limit + TOLERANCE:
        why = f"quick ratio {ratio:.1f}, spread {spread:.0f} ticks (limit {limit:g}): too thin to enter"
        return _none(name, ratio, policy, why)
    share = min(1.0, ratio / policy.ratio_ok)
    notes = [f"quick ratio {ratio:.1f}", f"spread {spread:.0f} ticks"]
    if spread > normal + TOLERANCE:
        share *= 0.5
        notes.append("wide")
    usual = number(future.quick_ratio_median)
    if usual is not None and usual > 0.0 and depth / usual < policy.deteriorated:
        share *= 0.5
        notes.append(f"deteriorating: {depth / usual:.0%} of the usual depth")
    elif usual is None and future.depth_sessions is not None:
        notes.append(f"usual depth not yet known ({future.depth_sessions} sessions)")
    allowed = max(1, floor(contracts * share + TOLERANCE))
    notes.append(f"{allowed} of {contracts} now")
    check = Check(name=name, observed=ratio, threshold=policy.ratio_min, passed=True, why=", ".join(notes))
    return Room(contracts=allowed, check=check)


def _depth(future: FutureQuote) -> float | None:
    bid, ask = number(future.quote.bid_size), number(future.quote.ask_size)
    return None if bid is None or ask is None else min(bid, ask)


def _spread_ticks(future: FutureQuote) -> float | None:
    quote, tick = future.quote, number(future.tick)
    if quote.bid is None or quote.ask is None or number(quote.mid) is None or tick is None or tick <= 0.0:
        return None
    return number((quote.ask - quote.bid) / tick)


def _spread_limits(future: FutureQuote, policy: LiquidityPolicy) -> tuple[float, float]:
    if future.multiplier >= BIG_MULTIPLIER:
        return policy.vx_spread_ticks, policy.vx_spread_ticks_max
    return policy.vxm_spread_ticks, policy.vxm_spread_ticks_max


def _none(name: str, ratio: float | None, policy: LiquidityPolicy, why: str) -> Room:
    check = Check(name=name, observed=ratio, threshold=policy.ratio_min, passed=False, why=why)
    return Room(contracts=0, check=check)
