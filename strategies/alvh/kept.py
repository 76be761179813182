"""Say why what is held is not sold: the exit rules, the nearest first."""

from __future__ import annotations

from strategies.alvh.records import Check, Decision, Purpose

EXITS = ("hold: ", "overnight: ")
LOSS, STAGE, TIME, CAP = (
    f"hold: {rule}" for rule in (Purpose.LOSS_STOP, Purpose.STAGE, Purpose.TIME_STOP, Purpose.HARD_CAP)
)
FAR = 1e9  # points; a rule whose distance is not known


def held_minis(decision: Decision) -> int:
    """Return the minis that the exit rules were asked about; 0 when they were not asked."""
    observed = _seen(decision, CAP)
    return 0 if observed is None else round(observed)


def exits(decision: Decision) -> tuple[Check, ...]:
    """Return the exit rules: those that sell, then loss stop and stages, the nearer in VX points first, then others."""
    found = [check for check in decision.checks if check.name.startswith(EXITS)]
    return tuple(sorted(found, key=lambda check: (check.passed, _rank(check), _distance(check, decision))))


def kept(decision: Decision, *, most: int = 3) -> str:
    """Return the exit rules that come next, `most` at most, in words with their numbers; empty when none was asked."""
    near = [check for check in exits(decision) if check.passed and check.name in (LOSS, STAGE)]
    last = next((check for check in decision.checks if check.name == TIME and _last_session(check)), None)
    told = [*([last] if last is not None else []), *near]
    return "; ".join(check.why for check in told[:most])


def _rank(check: Check) -> int:
    return 0 if check.name in (LOSS, STAGE) else 1


def _distance(check: Check, decision: Decision) -> float:
    """Return how far VX is from this rule in points; rules on other things are equally far."""
    if not isinstance(check.observed, float):
        return FAR
    if check.name == LOSS:
        return check.observed
    episode = decision.memory.episode
    if check.name == STAGE and episode is not None and isinstance(check.threshold, float):
        return (check.threshold - check.observed) * (episode.peak - episode.base)
    return FAR


def _last_session(check: Check) -> bool:
    return isinstance(check.observed, float) and check.observed == check.threshold


def _seen(decision: Decision, name: str) -> float | None:
    found = next((check.observed for check in decision.checks if check.name == name), None)
    return found if isinstance(found, float) else None
