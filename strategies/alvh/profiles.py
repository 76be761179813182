"""Choose between the two tempers of the method: the steward confirms before it adds, the promoter adds sooner.

Both live inside the same hard caps: no profile touches a cap, a stop, a guard or a window.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from strategies.alvh.policy import Policy, Profile
from strategies.alvh.records import Check

CHECK = "method: profile"
BACK_AT_BASE = 1.0  # the whole rise retraced
PROMOTER_COVERAGE = 0.75
PROMOTER_RISING_BARS = 1


def resolve(profile: Profile, base: Policy, *, explicit: Collection[str] = ()) -> Policy:
    """Return the policy under a profile; a key in `explicit`, as in "sizing.coverage", keeps its value of `base`.

    The steward is the base itself. The promoter adds a later tranche on one rising bar of the MACD instead of two,
    covers 0.75 of the vega delta (never more than `coverage_max`), and sells each stage one step later: the first at
    the second threshold of the base, the second at the third, the last when VX is back where the spike began.
    """
    for key, value in changes(profile, base).items():
        group, name = key.split(".")
        if key not in explicit:
            base = replace(base, **{group: replace(getattr(base, group), **{name: value})})
    return replace(base, profile=profile)


def changes(profile: Profile, base: Policy) -> dict[str, Any]:
    """Return what a profile makes of the base, by dotted key."""
    if profile is Profile.STEWARD:
        return {}
    _, second, third = base.unwind.stages
    return {
        "sizing.coverage": min(PROMOTER_COVERAGE, base.sizing.coverage_max),
        "signals.macd_rising_bars": PROMOTER_RISING_BARS,
        "unwind.stages": (second, third, BACK_AT_BASE),
    }


def in_force(policy: Policy) -> Check:
    """Return the line of a decision that says under which profile it was made, and what that means."""
    bars, stages = policy.signals.macd_rising_bars, ", ".join(f"{stage:.0%}" for stage in policy.unwind.stages)
    why = (
        f"{policy.profile}: covers {min(policy.sizing.coverage, policy.sizing.coverage_max):.0%} of the vega delta, "
        f"adds on {bars} rising MACD bar{'' if bars == 1 else 's'}, sells at {stages} retraced"
    )
    return Check(name=CHECK, observed=str(policy.profile), threshold=None, passed=True, why=why)
