"""State how the phases of a spike may follow each other; a test explores the core and finds these and no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from strategies.alvh.records import Phase

MOMENTUM = "MACD confirms, some minutes after the last fill"
CEILING = "a ceiling binds, something is sold"
FLATTENED = "the operator sold everything"
LATE = "an order that had ended filled late, lots without a spike are held"
ORPHANS = "such lots are sold"
NO_PAUSE = "with the pause set to nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Hold one step from a wake-up's phase to the next one's; an unusual one needs a late fill or the operator."""

    before: Phase
    after: Phase
    when: str
    usual: bool = True


def _usual(before: Phase, after: Phase, when: str) -> Transition:
    return Transition(before=before, after=after, when=when)


def _unusual(before: Phase, after: Phase, when: str) -> Transition:
    return Transition(before=before, after=after, when=when, usual=False)


TRANSITIONS = (
    _usual(Phase.WATCH, Phase.ARMED, "gauge, quorum and filter agree on two closed bars"),
    _usual(Phase.ARMED, Phase.WATCH, "spike, condors or session gone before anything was bought"),
    _usual(Phase.ARMED, Phase.T1, "first tranche proposed"),
    _usual(Phase.WATCH, Phase.T1, "armed and proposed at one wake-up"),
    _usual(Phase.T1, Phase.WATCH, "nothing filled, and the spike went"),
    _usual(Phase.T1, Phase.T2, MOMENTUM),
    _usual(Phase.T2, Phase.T3, MOMENTUM),
    _usual(Phase.T1, Phase.UNWIND, CEILING),
    _usual(Phase.T2, Phase.UNWIND, CEILING),
    _usual(Phase.T3, Phase.UNWIND, CEILING),
    _usual(Phase.UNWIND, Phase.FLAT, "all sold"),
    _usual(Phase.FLAT, Phase.COOLDOWN, "at the next wake-up"),
    _usual(Phase.COOLDOWN, Phase.WATCH, "the pause is over"),
    _usual(Phase.COOLDOWN, Phase.ARMED, "the pause is over and a new spike stands"),
    _usual(Phase.COOLDOWN, Phase.T1, "the same, and its first tranche is proposed"),
    _unusual(Phase.T1, Phase.FLAT, FLATTENED),
    _unusual(Phase.T2, Phase.FLAT, FLATTENED),
    _unusual(Phase.T3, Phase.FLAT, FLATTENED),
    _unusual(Phase.WATCH, Phase.UNWIND, LATE),
    _unusual(Phase.COOLDOWN, Phase.UNWIND, LATE),
    _unusual(Phase.FLAT, Phase.UNWIND, LATE),
    _unusual(Phase.ARMED, Phase.UNWIND, "an order that had ended filled late, and a ceiling binds"),
    _unusual(Phase.ARMED, Phase.FLAT, "an order that had ended filled late, and the operator sold it"),
    _unusual(Phase.UNWIND, Phase.WATCH, ORPHANS),
    _unusual(Phase.UNWIND, Phase.COOLDOWN, f"{ORPHANS} during the pause"),
    _unusual(Phase.UNWIND, Phase.ARMED, f"{ORPHANS}, and a new spike stands"),
    _unusual(Phase.UNWIND, Phase.T1, f"{ORPHANS}, and a new spike's first tranche is proposed"),
    _unusual(Phase.FLAT, Phase.WATCH, "on the next session, or with the pause set to nothing"),
    _unusual(Phase.FLAT, Phase.ARMED, f"a new spike stands, {NO_PAUSE}"),
    _unusual(Phase.FLAT, Phase.T1, f"a new spike's first tranche is proposed, {NO_PAUSE}"),
)
"""Every change of phase from one wake-up to the next; a phase may also stay."""


def diagram() -> str:
    """Return the usual steps as a Mermaid state diagram and the unusual ones as a list, in Markdown."""
    return "\n".join([*_drawn(), "", "Unusual steps:", "", *_listed()]) + "\n"


def _drawn() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {_node(Phase.WATCH)}"
    for step in TRANSITIONS:
        if step.usual:
            yield f"    {_node(step.before)} --> {_node(step.after)}: {step.when}"
    yield "```"


def _listed() -> Iterator[str]:
    found: dict[tuple[str, Phase], list[Phase]] = {}
    for step in TRANSITIONS:
        if not step.usual:
            found.setdefault((step.when, step.after), []).append(step.before)
    for (when, after), before in found.items():
        yield f"- {', '.join(f'`{phase}`' for phase in before)} to `{after}`: {when}"


def _node(phase: Phase) -> str:
    return str(phase).replace("-", "")
