"""Say which entries of the journal a human is paged about, how badly, and in which words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.journal.entry import Entry, Kind

FIGURES = re.compile(r"\d+(?:[.,:]\d+)*")
LONGEST_KEY = 160
LONGEST_TEXT = 1500  # characters: every service takes so much in one message


class Severity(StrEnum):
    """Name how badly a human is needed."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return its place in the order from good to know to come at once."""
        return (Severity.INFO, Severity.WARNING, Severity.CRITICAL).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Hold what a page is about; two matters with one `key` are the same thing said again."""

    severity: Severity
    text: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Hold one message that leaves the machine; the title names mode and account."""

    severity: Severity
    title: str
    text: str


def matter(severity: Severity, text: str, key: str = "") -> Matter:
    """Return a matter; without `key` it is known by its words, whatever figures stand in them."""
    words = " ".join(text.split())
    if len(words) > LONGEST_TEXT:
        words = f"{words[: LONGEST_TEXT - 4]} ..."
    return Matter(severity=severity, text=words, key=key or FIGURES.sub("#", words)[:LONGEST_KEY])


def matter_of(entry: Entry) -> Matter | None:
    """Return what a human should know of this entry, `None` for the many that concern the journal's readers only."""
    body = entry.body
    match entry.kind:
        case Kind.ALERT:
            return matter(_severity(body), str(body.get("why") or "an alert without words"))
        case Kind.KILL:
            return matter(Severity.CRITICAL, f"the kill switch is engaged by {body['by']}: {body['why']}")
        case Kind.LOCK if body["why"]:
            same = matter(Severity.WARNING, str(body["why"])).key  # an alert that said why is not said again
            return matter(Severity.WARNING, f"opening is locked ({body['name']}): {body['why']}", key=same)
        case Kind.TICKET:
            return _ticket(body)
        case Kind.REARM:
            return matter(Severity.INFO, f"the kill switch is lifted by {body['by']}")
        case Kind.START:
            return matter(Severity.INFO, "the bot started")
        case Kind.STOP:
            return matter(Severity.INFO, "the bot stopped")
    return None


PAGED = frozenset({Kind.ALERT, Kind.KILL, Kind.LOCK, Kind.TICKET, Kind.REARM, Kind.START, Kind.STOP})
"""The kinds of entries of which some are paged."""


def _severity(body: Mapping[str, Any]) -> Severity:
    said = str(body.get("severity", ""))
    return Severity(said) if said in set(Severity) else Severity.WARNING


def _ticket(body: Mapping[str, Any]) -> Matter:
    asked = body["proposal"]
    text = (
        f"an order waits for your yes until {body['deadline']}: {asked['side']} {asked['quantity']} "
        f"{asked['trading_class']} ({asked['reason']}); alvh approve {body['id']}, or let it lapse"
    )
    return matter(Severity.CRITICAL, text, key=f"ticket {body['id']}")
