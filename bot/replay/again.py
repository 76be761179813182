"""Decide every recorded wake-up again from its recorded view, book and state, and compare the decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from bot.errors import UsageProblem
from bot.journal import Entry, Kind, Shelf
from bot.journal.codec import from_json
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Name a wake-up that is decided differently now, and the parts of the decision that differ."""

    seq: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Hold the outcome: how many wake-ups were decided again, and which came out differently."""

    decided: int
    differences: tuple[Difference, ...]

    @property
    def identical(self) -> int:
        """Count the wake-ups that came out as recorded."""
        return self.decided - len(self.differences)


def replay(entries: Iterable[Entry], policy: Policy | None = None) -> Replay:
    """Decide every wake-up in `entries` again, under `policy` or else under the one that was in force then.

    Raises `UsageProblem` when the entries do not say under which policy they were decided.
    """
    shelf = Shelf()
    in_force = policy
    decided = 0
    differences: list[Difference] = []
    for entry in entries:
        shelf.apply(entry)
        if entry.kind is Kind.START and policy is None:
            in_force = from_json(Policy, entry.body["policy"])
        if entry.kind is not Kind.WAKEUP:
            continue
        if in_force is None:
            raise UsageProblem("the journal has wake-ups before its first start entry: replay the whole file")
        decided += 1
        then = shelf.restore(entry.body)
        parts = changed(then.decision, decide(then.view, then.book, then.state, in_force))
        if parts:
            differences.append(Difference(seq=entry.seq, parts=parts))
    return Replay(decided=decided, differences=tuple(differences))


def changed(then: Decision, now: Decision) -> tuple[str, ...]:
    """Return the names of the decision's fields whose values differ."""
    return tuple(item.name for item in fields(Decision) if getattr(then, item.name) != getattr(now, item.name))
