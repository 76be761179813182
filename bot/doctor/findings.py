"""Say what was looked at, how it stands, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Name how something stands."""

    FINE = "fine"
    NOTE = "note"  # could not or need not be judged
    WARN = "warn"  # the day can go on without it
    FAIL = "FAIL"  # the bot would not do its work


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Hold one thing that was looked at; `remedy` says what to do where it does not stand well."""

    topic: str
    state: State
    seen: str
    remedy: str = ""

    def as_row(self) -> list[str]:
        """Return it as JSON writes it."""
        return [self.topic, self.state.value, self.seen, self.remedy]


def fine(topic: str, seen: str) -> Finding:
    """Return what stands well."""
    return Finding(topic=topic, state=State.FINE, seen=seen)


def note(topic: str, seen: str) -> Finding:
    """Return what could not or need not be judged."""
    return Finding(topic=topic, state=State.NOTE, seen=seen)


def warn(topic: str, seen: str, remedy: str) -> Finding:
    """Return what the day can go on without."""
    return Finding(topic=topic, state=State.WARN, seen=seen, remedy=remedy)


def fail(topic: str, seen: str, remedy: str) -> Finding:
    """Return what keeps the bot from its work."""
    return Finding(topic=topic, state=State.FAIL, seen=seen, remedy=remedy)


def summary(found: Sequence[Finding]) -> str:
    """Count the findings by how they stand."""
    counts = Counter(finding.state for finding in found)
    parts = [f"{counts[state]} {state}" for state in State if counts[state]]
    return f"{len(found)} checks: {', '.join(parts) or 'none'}"


def wanting(found: Sequence[Finding], state: State) -> str:
    """Name in one line what stands so, with what to do about it; empty when nothing does."""
    named = [finding for finding in found if finding.state is state]
    return "; ".join(f"{row.topic}: {row.seen}{f' - {row.remedy}' if row.remedy else ''}" for row in named)
