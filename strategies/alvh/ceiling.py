"""Say what a ceiling is: the most minis one rule lets the bot keep; of several the lowest binds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, Lot, Purpose

PATIENT = frozenset({Purpose.STAGE, Purpose.EXCESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Hold the most minis one rule lets the bot keep, the lots it wants gone first, and the check that says why.

    A rule without an opinion has no `minis`.
    """

    purpose: Purpose
    minis: int | None
    checks: tuple[Check, ...]
    reason: str = ""
    stage: int | None = None
    tranche: int | None = None
    first: tuple[Lot, ...] = ()


def ceiling_of(
    reading: Reading,
    purpose: Purpose,
    keep: int | None,
    why: str,
    reason: str,
    *,
    observed: float | None = None,
    threshold: float | None = None,
    stage: int | None = None,
) -> Ceiling:
    """Return what one rule lets the bot keep, in minis, and the check that says why; `None` is no opinion."""
    passed = keep is None or reading.own <= keep
    check = Check(name=f"hold: {purpose}", observed=observed, threshold=threshold, passed=passed, why=why)
    return Ceiling(purpose=purpose, minis=keep, reason=reason, checks=(check,), stage=stage)


def lowest(found: Iterable[Ceiling], reading: Reading) -> Ceiling | None:
    """Return the binding ceiling: below what the bot owns, the lowest, the first in precedence among equals.

    Within ten minutes of a fill a stage or an excess waits; guards and stops never do.
    """
    binding = [
        ceiling
        for ceiling in found
        if ceiling.minis is not None
        and ceiling.minis < reading.own
        and not (ceiling.purpose in PATIENT and just_filled(reading))
    ]
    return min(binding, key=lambda ceiling: ceiling.minis or 0, default=None)


def just_filled(reading: Reading) -> bool:
    """Say whether the last fill is younger than the minimum holding time."""
    filled_at = reading.state.last_fill_at
    return filled_at is not None and reading.view.now - filled_at < timedelta(
        minutes=reading.policy.unwind.min_hold_minutes
    )
