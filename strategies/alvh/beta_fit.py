"""Re-estimate the beta of VX from its own last year, and use it only inside a band around the closed form.

Through-origin regression of a contract's daily change on k * beta(d) * the change of VIX, pooled over all contracts of
8 to 60 days (docs/method.md, section 2.3). A regression for each maturity would never have enough observations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from math import isfinite

from strategies.alvh.policy import Policy, SizingPolicy
from strategies.alvh.records import BetaFit, Check, MarketView
from strategies.alvh.sizing import beta

CHECK = "sizing: VX beta"
SESSIONS = 252
FEWEST = 40  # observations
DTE_MIN, DTE_MAX = 8, 60
LOW, HIGH = 0.70, 1.30

Closes = Mapping[date, float]


def estimate(settlements: Mapping[date, Closes], vix: Closes, sizing: SizingPolicy) -> BetaFit | None:
    """Return k and its R2 from daily settlements by settlement day of the contract, and daily closes of VIX.

    Only the last 252 closes of VIX count. R2 is that of a regression without intercept, 1 - SSE / sum of squares.
    `None` without observations or where VIX did not move.
    """
    sessions = sorted(day for day, close in vix.items() if _usable(close))[-SESSIONS - 1 :]
    rows = [
        row for settles_on, closes in settlements.items() for row in _rows(settles_on, closes, vix, sessions, sizing)
    ]
    moved = sum(x * x for _, x, _ in rows)
    total = sum(y * y for _, _, y in rows)
    if moved <= 0.0 or total <= 0.0:
        return None
    k = sum(x * y for _, x, y in rows) / moved
    missed = sum((y - k * x) * (y - k * x) for _, x, y in rows)
    days = [day for day, _, _ in rows]
    return BetaFit(k=k, r2=1.0 - missed / total, observations=len(rows), first=min(days), last=max(days))


def refitted(view: MarketView, sizing: SizingPolicy) -> SizingPolicy:
    """Return the sizing in force at this wake-up: beta scaled by k and coverage at most R2, or as it stands."""
    fit = view.beta_fit
    if fit is None or _refused(fit, sizing):
        return sizing
    most = min(sizing.coverage_max, fit.r2)
    return replace(sizing, beta_a=sizing.beta_a * fit.k, coverage_max=most)


def with_refitted_beta(view: MarketView, policy: Policy) -> Policy:
    """Return the policy of this wake-up; every rule that asks for a beta then gets the one in force."""
    sizing = refitted(view, policy.sizing)
    return policy if sizing is policy.sizing else replace(policy, sizing=sizing)


def beta_in_force(view: MarketView, policy: Policy) -> Check:
    """Return the line that says which beta was used, and why; it blocks nothing."""
    fit = view.beta_fit
    if fit is None:
        why = "closed form: no daily settlements of VX and VIX to estimate from"
        return Check(name=CHECK, observed=None, threshold="0.7 to 1.3", passed=True, why=why)
    told = f"{fit.k:.2f} times the closed form over {fit.observations} days of contracts, {fit.first} to {fit.last}"
    refusal = _refused(fit, policy.sizing)
    why = f"closed form: {refusal} ({told})" if refusal else f"{told}; coverage at most R2 {fit.r2:.0%}"
    return Check(name=CHECK, observed=fit.k, threshold="0.7 to 1.3", passed=True, why=why)


def _refused(fit: BetaFit, sizing: SizingPolicy) -> str:
    """Say why an estimate is not used; an empty text means that it is."""
    if not sizing.beta_refit:
        return "switched off"
    if fit.observations < FEWEST:
        return f"fewer than {FEWEST} observations"
    if not LOW <= fit.k <= HIGH:
        return "the estimate lies outside its band"
    return "" if 0.0 < fit.r2 <= 1.0 else "the estimate explains nothing"


def _rows(
    settles_on: date, closes: Closes, vix: Closes, sessions: list[date], sizing: SizingPolicy
) -> Iterator[tuple[date, float, float]]:
    """Yield (day, beta * change of VIX, change of the contract) for each session of one contract that counts."""
    for before, day in pairwise(sessions):
        days = (settles_on - day).days
        old, new = closes.get(before), closes.get(day)
        if DTE_MIN <= days <= DTE_MAX and _usable(old) and _usable(new) and old is not None and new is not None:
            yield day, beta(days, sizing) * (vix[day] - vix[before]), new - old


def _usable(price: float | None) -> bool:
    return price is not None and isfinite(price) and price > 0.0
