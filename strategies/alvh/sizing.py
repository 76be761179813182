"""Turn a vega delta into VX and VXM lots: beta by days to expiry, term weights, tranches, order splits, netting.

Sizes are counted in *minis* (1 VXM, or a tenth of a VX) and always rounded down: a hedge that is too small costs some
protection, one that is too large is a bet.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from strategies.alvh.policy import ContractPolicy, Policy, SizingMode, SizingPolicy, TranchePolicy
from strategies.alvh.records import FuturePosition, FutureQuote, OptionLeg, Right
from strategies.alvh.rounding import TOLERANCE

MINI_USD = 100
MINIS_PER_VX = 10
MONTHLY_CLASSES = frozenset({"VX", "VXM"})

_DAYS_PER_MONTH = 30.4
_TERM_DAYS = 30.0
_SMALL_TARGETS = {1: (1, 1, 1), 2: (1, 2, 2), 3: (1, 2, 3)}

# Points of VIX per point of VX, by the last calendar day of the bucket (docs/method.md, section 2.3).
_VIX_PER_VX = (
    (3, 1.19),
    (7, 1.37),
    (14, 1.26),
    (21, 1.44),
    (30, 1.30),
    (45, 1.73),
    (60, 1.64),
    (90, 2.02),
    (120, 2.51),
)
_VIX_PER_VX_FAR = 2.88


def beta(dte: float, policy: SizingPolicy) -> float:
    """Return the points a VX future moves per point of VIX, `dte` calendar days before it settles.

    The closed form a / (1 + c * d / 30.4) of docs/method.md, section 2.3; a past settlement counts as today's.
    """
    return policy.beta_a / (1.0 + policy.beta_c * max(dte, 0.0) / _DAYS_PER_MONTH)


def term_weight(days: float, policy: SizingPolicy) -> float:
    """Return the vol points an option of this term moves per point of VIX: (30 / max(days, clamp)) ** p.

    The clamp (7 days) stands because shorter volatilities move with events (docs/method.md, section 2.2).
    """
    return float((_TERM_DAYS / max(days, policy.min_dte_clamp_days)) ** policy.term_exponent)


def minis_per_usd(dte: float, policy: SizingPolicy) -> float:
    """Return the minis bought per dollar of vega delta, not rounded (docs/method.md, section 2.4).

    `one_over_beta` buys coverage / (beta * 100); `min_variance` buys the regression ratio of VIX on VX / 100, which has
    the coverage in it already. Coverage above `coverage_max` is cut to it.
    """
    if policy.mode is SizingMode.MIN_VARIANCE:
        ratio = next((ratio for last, ratio in _VIX_PER_VX if dte <= last), _VIX_PER_VX_FAR)
        return ratio / MINI_USD
    return min(policy.coverage, policy.coverage_max) / (beta(dte, policy) * MINI_USD)


def target_minis(vega_delta_usd: float, dte: int, policy: Policy, *, max_position: int) -> int:
    """Return the hedge in minis for a vega delta in dollars per VIX point: rounded down, capped, never negative.

    A vega delta that is negative or not a number asks for nothing.
    """
    wanted = vega_delta_usd * minis_per_usd(dte, policy.sizing)
    if not wanted > 0.0:
        return 0
    return max(0, math.floor(min(wanted + TOLERANCE, max_position)))


def cumulative_tranches(target: int, policy: TranchePolicy) -> tuple[int, int, int]:
    """Return the position in minis after each tranche; the last is the target.

    Targets of one, two and three minis go in single lots, so that a small book gets its first layer.
    """
    if target <= 0:
        return 0, 0, 0
    if target in _SMALL_TARGETS:
        return _SMALL_TARGETS[target]
    first, second, third = (math.floor(target * share + TOLERANCE) for share in policy.cumulative)
    return first, second, third


def split_lots(minis: int, policy: SizingPolicy) -> tuple[int, int]:
    """Return one order's size as (VX, VXM) contracts.

    Tens go into VX, the rest into VXM. `prefer_mini` puts all of it into VXM; without `allow_mix` the order uses one
    contract only: whole VX from ten minis up (the rest is left out), VXM below.
    """
    minis = max(minis, 0)
    if policy.prefer_mini:
        return 0, minis
    whole, rest = divmod(minis, MINIS_PER_VX)
    if policy.allow_mix or whole == 0:
        return whole, rest
    return whole, 0


def stage_remaining(quantity: int) -> tuple[int, int, int]:
    """Return the minis that remain after each of the three unwind stages of a position of `quantity` minis."""
    held = max(quantity, 0)
    return 2 * held // 3, held // 3, 0


def split_sale(minis_to_sell: int, own_vx: int, own_vxm: int) -> tuple[int, int]:
    """Return a sale as (VX, VXM) contracts: VXM first, then VX rounded up to whole ones, never more than is owned."""
    wanted = max(minis_to_sell, 0)
    vxm = min(wanted, max(own_vxm, 0))
    vx = min(math.ceil((wanted - vxm) / MINIS_PER_VX), max(own_vx, 0))
    return vx, vxm


def hedge_units_usd(
    futures: Iterable[FuturePosition], vix_options: Iterable[OptionLeg], policy: Policy, now: datetime
) -> float:
    """Return the long volatility of these positions in dollars per VIX point, each expiry counting at least zero.

    A future counts quantity * multiplier * beta, a VIX option its delta on top; a short expiry never raises the target
    for a new hedge (docs/method.md, section 2.5). A call whose delta is missing or stale counts in full when it is
    long, and any other option of unknown delta not at all: not knowing must not make the hedge larger.
    """
    units: defaultdict[date, float] = defaultdict(float)
    for future in futures:
        if future.dte >= 0:
            units[future.settles_on] += future.quantity * future.multiplier * beta(future.dte, policy.sizing)
    for option in vix_options:
        if option.settles_at > now:
            days = (option.settles_at.date() - now.date()).days
            delta = _delta(option, policy.freshness.greeks_s)
            units[option.settles_at.date()] += delta * option.quantity * option.multiplier * beta(days, policy.sizing)
    return sum(max(0.0, value) for value in units.values())


def vix_implied(vix_prev: float, vx_now: float, vx_prev_settle: float, dte: float, policy: SizingPolicy) -> float:
    """Return the VIX that a future's move since its last settlement implies (docs/method.md, section 3.5)."""
    return vix_prev + (vx_now - vx_prev_settle) / beta(dte, policy)


def choose_contract(futures: Sequence[FutureQuote], policy: ContractPolicy) -> date | None:
    """Return the settlement day of the nearest monthly contract inside the allowed days to expiry, if there is one."""
    allowed = (
        future
        for future in futures
        if future.trading_class in MONTHLY_CLASSES and policy.min_dte <= future.dte <= policy.max_dte
    )
    nearest = min(allowed, key=lambda future: (future.dte, future.settles_on), default=None)
    return None if nearest is None else nearest.settles_on


def _delta(option: OptionLeg, max_age_s: float) -> float:
    greeks = option.greeks
    if greeks is not None and greeks.age_s <= max_age_s and abs(greeks.delta) <= 1.0:
        return greeks.delta
    return 1.0 if option.right is Right.CALL and option.quantity > 0 else 0.0
