"""Make orders wait for a human's yes: silence is no, late is no, and a restart is no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.guard.controls import OPENING
from bot.journal.codec import from_json, instant, to_json
from bot.journal.entry import Entry, Kind
from strategies.alvh.records import Proposal, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentSettings:
    """Settings of consent: how long a ticket stays open, and whether orders that reduce risk need none."""

    deadline_s: float = 90.0
    reducing_is_automatic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Hold one order that waits for an answer until `deadline`."""

    id: str
    ref: str
    proposal: Proposal
    asked_at: datetime
    deadline: datetime


def needs_consent(mode: str, proposal: Proposal, settings: ConsentSettings) -> bool:
    """Say whether this order waits for a human: in live every opening one, and sales where the settings say so."""
    if mode != "live":
        return False
    return is_opening(proposal) or not settings.reducing_is_automatic


def is_opening(proposal: Proposal) -> bool:
    """Say whether an order adds risk; a no to one of these is a no for ever, a sale is asked about again."""
    return proposal.side is Side.BUY or proposal.purpose in OPENING


def ticket_body(proposal: Proposal, ref: str, at: datetime, settings: ConsentSettings) -> dict[str, Any]:
    """Return the journal's form of a new ticket; its id is the end of the order's ref."""
    deadline = at + timedelta(seconds=settings.deadline_s)
    return {"id": ref[-6:], "ref": ref, "proposal": to_json(proposal), "deadline": instant(deadline)}


def consent_body(ticket: Ticket, verdict: str, who: str, why: str) -> dict[str, Any]:
    """Return the journal's form of an answer: approved, denied, or expired."""
    return {"id": ticket.id, "ref": ticket.ref, "verdict": verdict, "who": who, "why": why}


class Tickets:
    """Fold journal entries into the tickets that are open and the refs that were answered."""

    def __init__(self) -> None:
        self._open: dict[str, Ticket] = {}
        self.answered: dict[str, str] = {}

    def apply(self, entry: Entry) -> None:
        """Take in one entry."""
        if entry.kind is Kind.TICKET:
            ticket = _ticket(entry.body, entry.at)
            self._open[ticket.id] = ticket
        elif entry.kind is Kind.CONSENT:
            self._open.pop(entry.body["id"], None)
            self.answered[entry.body["ref"]] = entry.body["verdict"]

    @property
    def open(self) -> tuple[Ticket, ...]:
        """Return the tickets that wait, oldest first."""
        return tuple(self._open.values())

    def find(self, ticket_id: str) -> Ticket | None:
        """Return the open ticket with this id."""
        return self._open.get(ticket_id)


def _ticket(body: Mapping[str, Any], at: datetime) -> Ticket:
    return Ticket(
        id=body["id"],
        ref=body["ref"],
        proposal=from_json(Proposal, body["proposal"]),
        asked_at=at,
        deadline=datetime.fromisoformat(body["deadline"]),
    )
