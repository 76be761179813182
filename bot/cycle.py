"""Take every wake-up down the same seven steps: observe, recall, decide, guard, consent, execute, record."""

from __future__ import annotations

import logging
from typing import Protocol

from bot.clock import Clock
from bot.errors import AlvhError
from bot.journal import Journal, Kind, Projection, Shelf, Wakeup, record_wakeup
from bot.session import session_at
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import Book, Decision, MarketView, Proposal, Session

log = logging.getLogger(__name__)

LONGEST_LOOK_S = 90.0  # while a look waits nobody attends to orders or to the operator; the next look goes on from here


class Observer(Protocol):
    """Look at the market and the account once."""

    async def look(self, session: Session) -> tuple[MarketView, Book]:
        """Return the market and the book as they stand; raise `Retry` when the broker does not answer."""


class Desk(Protocol):
    """Carry proposals to the broker, through guards and consent, and attend to what is under way."""

    def cancel(self, ref: str) -> None:
        """Take a working order back."""

    def submit(self, proposal: Proposal, view: MarketView, book: Book) -> object:
        """Guard, ask for consent where the mode wants it, write the intent, send."""

    async def attend(self) -> None:
        """Advance every deadline that has come."""


class Cycle:
    """Hold the seven steps; whatever happens, one entry in the journal explains the wake-up."""

    def __init__(
        self,
        *,
        clock: Clock,
        observer: Observer,
        journal: Journal,
        projection: Projection,
        shelf: Shelf,
        desk: Desk,
        policy: Policy,
    ) -> None:
        self._clock = clock
        self._observer = observer
        self._journal = journal
        self._projection = projection
        self._shelf = shelf
        self._desk = desk
        self._policy = policy
        shelf.prepare()

    async def wake(self) -> None:
        """Run one wake-up; outside a session it does nothing."""
        session = session_at(self._clock.now())
        if session is None:
            return
        try:
            view, book = await self._clock.within(self._observer.look(session), LONGEST_LOOK_S)
        except TimeoutError:
            self._note_blindness(f"the broker did not answer all that was asked within {LONGEST_LOOK_S:g} s")
            return
        except AlvhError as failure:
            self._note_blindness(str(failure))
            return
        decision = self._record(view, book)
        for ref in decision.cancel:
            self._desk.cancel(ref)
        for proposal in decision.proposals:
            self._desk.submit(proposal, view, book)
        self._journal.settle()

    def _record(self, view: MarketView, book: Book) -> Decision:
        """Decide, and write what was seen and decided before anything is done about it."""
        state, view = self._projection.state(view.session.day), self._projection.depths.filled(view)
        decision = decide(view, book, state, self._policy)
        wakeup = Wakeup(view=view, book=book, state=state, decision=decision)
        record_wakeup(self._journal, self._shelf, wakeup, at=view.now)
        for why in decision.alerts:
            log.info("%s", why)
            self._journal.append(Kind.ALERT, {"why": why}, at=view.now)
        return decision

    def _note_blindness(self, why: str) -> None:
        body = {"job": "wake", "why": f"could not look, so nothing was decided: {why}"}
        self._journal.append(Kind.MISSED, body, at=self._clock.now())
