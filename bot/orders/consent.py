"""Let orders wait for a human's yes, and send what was approved if the controls still let it pass."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from bot.clock import Clock
from bot.journal.entry import Kind
from bot.orders.gate import Gate
from bot.orders.pen import Pen
from bot.orders.sending import Outcome, Sender
from bot.orders.situation import Looks
from bot.session import session_at
from bot.supervise.tickets import ConsentSettings, Ticket, Tickets, consent_body, is_opening, needs_consent, ticket_body
from strategies.alvh.records import Proposal, Window


class Consent:
    """Ask for consent where the mode wants it, and take the answers; no answer in time is no."""

    def __init__(
        self,
        *,
        mode: str,
        settings: ConsentSettings,
        tickets: Tickets,
        pen: Pen,
        clock: Clock,
        looks: Looks,
        gate: Gate,
        sender: Sender,
    ) -> None:
        self._mode = mode
        self._settings = settings
        self._tickets = tickets
        self._pen = pen
        self._clock = clock
        self._looks = looks
        self._gate = gate
        self._sender = sender

    def was_asked(self, proposal: Proposal, ref: str) -> bool:
        """Say whether a human has this order before them, or has answered for ever."""
        answered = is_opening(proposal) and ref in self._tickets.answered
        return answered or any(ticket.ref == ref for ticket in self._tickets.open)

    def is_needed(self, proposal: Proposal) -> bool:
        """Say whether this order waits for a human."""
        return needs_consent(self._mode, proposal, self._settings)

    def ask(self, proposal: Proposal, ref: str, limit: Decimal) -> Outcome:
        """Open a ticket that shows the limit of this moment."""
        body = ticket_body(proposal, ref, self._clock.now(), self._settings)
        self._pen.write(Kind.TICKET, body | {"limit": str(limit)})
        return Outcome.WAITING

    def approve(self, ticket: Ticket, who: str) -> Outcome:
        """Send the order of an open ticket, if the controls still let it pass; a late yes is no."""
        look = self._looks.latest()
        if look is None or self._clock.now() >= ticket.deadline:
            self.close(ticket, "expired", who, "the yes came after the deadline")
            return Outcome.REFUSED
        if is_opening(ticket.proposal) and _window(self._clock.now()) is not _window(ticket.asked_at):
            self.close(ticket, "expired", who, "the window in which it was asked is over")
            return Outcome.REFUSED
        self.close(ticket, "approved", who, "")
        passed = self._gate.passes(ticket.proposal, ticket.ref, look)
        return Outcome.REFUSED if passed is None else self._sender.place(ticket.proposal, ticket.ref, *passed)

    def close(self, ticket: Ticket, verdict: str, who: str, why: str) -> None:
        """Write the answer to an open ticket: approved, denied or expired."""
        self._pen.write(Kind.CONSENT, consent_body(ticket, verdict, who, why))

    def expire(self, now: datetime) -> None:
        """Close the tickets whose deadline has come."""
        for ticket in self._tickets.open:
            if now >= ticket.deadline:
                self.close(ticket, "expired", "", "no answer before the deadline")

    def forget(self) -> None:
        """Close every ticket after a restart: it is no."""
        for ticket in self._tickets.open:
            self.close(ticket, "expired", "", "the bot restarted while it waited")


def _window(at: datetime) -> Window | None:
    session = session_at(at)
    return None if session is None else session.window
