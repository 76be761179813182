"""Say how far a rule lets a planned purchase go."""

from __future__ import annotations

from dataclasses import dataclass

from strategies.alvh.records import Check
from strategies.alvh.tranches import LAST_TRANCHE


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Hold how far a purchase may go: up to which tranche, how many minis of it (`None`: as planned), and why."""

    tranche: int = LAST_TRANCHE
    minis: int | None = None
    checks: tuple[Check, ...] = ()
