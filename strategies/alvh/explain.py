"""Tell a trader what one wake-up saw, what it decided and why."""

from __future__ import annotations

from strategies.alvh.records import Check, Decision


def explain(decision: Decision) -> str:
    """Return a short text in the trader's words: outcome, book, then every check."""
    lines = [decision.summary, *(_line(check) for check in decision.checks)]
    return "\n".join(lines)


def table(decision: Decision) -> list[tuple[str, str, str, str, str]]:
    """Return one row per check: name, observed, threshold, yes or no, reason."""
    return [
        (check.name, show(check.observed), show(check.threshold), "yes" if check.passed else "no", check.why)
        for check in decision.checks
    ]


def show(value: float | str | None) -> str:
    """Return a value as a trader reads it; a missing one is a dash."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,.4g}"


def _line(check: Check) -> str:
    return f"  {'ok' if check.passed else 'NO'}  {check.name}: {show(check.observed)} / {show(check.threshold)} - {check.why}"
