"""State what an order's life can be, what can happen to it, and how the one follows from the other: a table.

`life.py` asks the table and nothing else; the diagram in the docs is drawn from it. A pair that the table does not
list leaves the order as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Life(StrEnum):
    """Name how an order stands as far as the bot can prove."""

    INTENDED = "intended"  # in the journal, perhaps sent
    SENT = "sent"  # handed to the broker, no answer yet
    WORKING = "working"
    UNKNOWN = "unknown"  # only reading can tell
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    GONE = "gone"  # readings agree that the broker holds no such order
    VOID = "void"  # stopped at the last line: it was never handed over


DONE = frozenset({Life.FILLED, Life.CANCELLED, Life.REJECTED, Life.GONE, Life.VOID})


class Event(StrEnum):
    """Name what can happen to an order; the value is what the docs say."""

    HANDED_OVER = "handed to the broker"
    PENDING = "status: pending"
    WORKING = "status: working"
    FILLED = "status: filled"
    CANCELLED = "status: cancelled"
    REJECTED = "status: rejected"
    DOUBT = "an end that only an error or Inactive announces"
    REMARK = "an error that proves nothing"
    PART = "executed in part"
    WHOLE = "executed in full"
    BUST = "an execution is taken back"
    SILENCE = "no answer in time"
    ABSENT = "a reading does not show it"
    GIVEN_UP = "readings over a minute do not show it"
    STOPPED = "stopped at the last line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Hold one step of an order's life; an unusual one needs a broker that contradicts itself or comes late."""

    before: Life
    event: Event
    after: Life
    usual: bool


_ALIVE = (Life.INTENDED, Life.SENT, Life.WORKING, Life.UNKNOWN)
_HEARD_OF = (Life.INTENDED, Life.SENT, Life.WORKING)
_ENDED = (Life.CANCELLED, Life.REJECTED, Life.GONE, Life.VOID)
_USUAL = frozenset(
    {
        (Life.INTENDED, Event.HANDED_OVER),
        (Life.INTENDED, Event.STOPPED),
        (Life.INTENDED, Event.SILENCE),
        (Life.SENT, Event.WORKING),
        (Life.SENT, Event.REJECTED),
        (Life.SENT, Event.WHOLE),
        (Life.SENT, Event.SILENCE),
        (Life.SENT, Event.DOUBT),
        (Life.WORKING, Event.WHOLE),
        (Life.WORKING, Event.FILLED),
        (Life.WORKING, Event.CANCELLED),
        (Life.WORKING, Event.DOUBT),
        (Life.WORKING, Event.ABSENT),
        (Life.UNKNOWN, Event.WORKING),
        (Life.UNKNOWN, Event.FILLED),
        (Life.UNKNOWN, Event.CANCELLED),
        (Life.UNKNOWN, Event.REJECTED),
        (Life.UNKNOWN, Event.GIVEN_UP),
        (Life.FILLED, Event.BUST),
    }
)


def _steps(event: Event, after: Life, *before: Life) -> tuple[Step, ...]:
    return tuple(Step(before=life, event=event, after=after, usual=(life, event) in _USUAL) for life in before)


STEPS: tuple[Step, ...] = (
    *_steps(Event.HANDED_OVER, Life.SENT, Life.INTENDED),
    *_steps(Event.PENDING, Life.SENT, Life.INTENDED),
    *_steps(Event.PENDING, Life.UNKNOWN, *_ENDED),  # alive again after its end: one of the two statuses is wrong
    *_steps(Event.WORKING, Life.WORKING, Life.INTENDED, Life.SENT, Life.UNKNOWN),
    *_steps(Event.WORKING, Life.UNKNOWN, *_ENDED),
    *_steps(Event.FILLED, Life.FILLED, *_ALIVE, *_ENDED),
    *_steps(Event.CANCELLED, Life.CANCELLED, *_ALIVE, Life.GONE),
    *_steps(Event.REJECTED, Life.REJECTED, *_ALIVE, Life.GONE),
    *_steps(Event.DOUBT, Life.UNKNOWN, *_HEARD_OF),
    *_steps(Event.PART, Life.WORKING, Life.INTENDED, Life.SENT, Life.UNKNOWN),
    *_steps(Event.PART, Life.UNKNOWN, Life.REJECTED, Life.GONE, Life.VOID),  # after a cancellation it is a lost race
    *_steps(Event.WHOLE, Life.FILLED, *_ALIVE, *_ENDED),
    *_steps(Event.BUST, Life.UNKNOWN, Life.FILLED),
    *_steps(Event.SILENCE, Life.UNKNOWN, *_HEARD_OF),
    *_steps(Event.ABSENT, Life.UNKNOWN, *_HEARD_OF),
    *_steps(Event.GIVEN_UP, Life.GONE, Life.UNKNOWN),
    *_steps(Event.STOPPED, Life.VOID, Life.INTENDED),
)
"""Every step there is."""

_AFTER = {(step.before, step.event): step.after for step in STEPS}


def after(life: Life, event: Event) -> Life:
    """Return how an order stands after an event."""
    return _AFTER.get((life, event), life)


def diagram() -> str:
    """Return the usual steps as a Mermaid state diagram and the unusual ones as a list, in Markdown."""
    return "\n".join([*_drawn(), "", "Unusual steps:", "", *_listed()]) + "\n"


def _drawn() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {Life.INTENDED}"
    together: dict[tuple[Life, Life], list[Event]] = {}
    for step in STEPS:
        if step.usual:
            together.setdefault((step.before, step.after), []).append(step.event)
    for (before, end), events in together.items():
        words = ", or ".join(event.replace("status: ", "status ") for event in events)  # a colon would end the label
        yield f"    {before} --> {end}: {words}"
    yield "```"


def _listed() -> Iterator[str]:
    together: dict[tuple[Event, Life], list[Life]] = {}
    for step in STEPS:
        if not step.usual:
            together.setdefault((step.event, step.after), []).append(step.before)
    for (event, end), before in together.items():
        yield f"- {', '.join(f'`{life}`' for life in before)} to `{end}`: {event}"
