"""Write the desk's entries, and remember when the journal can no longer be written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.errors import Halt
from bot.journal.codec import to_json
from bot.journal.entry import Kind
from bot.journal.projections import Projection
from bot.journal.store import Journal
from bot.orders.life import Life
from strategies.alvh.records import Check, Proposal, Side

POSITIONS_LOCK = "positions"
REMIND_EVERY = timedelta(minutes=15)


class Pen:
    """Write entries at the present instant; `halt` says why no more can be written."""

    def __init__(self, journal: Journal, projection: Projection, clock: Clock) -> None:
        self._journal = journal
        self._projection = projection
        self._clock = clock
        self.halt = ""
        self._unsold: dict[int, datetime] = {}  # by contract, when a human was told of it

    def require(self) -> None:
        """Raise `Halt` again when an entry could not be written before."""
        if self.halt:
            raise Halt(self.halt)

    def write(self, kind: Kind, body: Mapping[str, Any], wall: Mapping[str, Any] | None = None) -> None:
        """Append one entry; raise `Halt`, and remember it, when that fails."""
        try:
            self._journal.append(kind, body, at=self._clock.now(), wall=wall)
        except Halt as halt:
            self.halt = str(halt)
            raise

    def say(self, ref: str, what: str, **rest: str) -> None:
        """Write what became of an order: unheard, or ended with its life and why."""
        self.write(Kind.ORDER, {"ref": ref, "what": what, **rest})

    def refuse(self, proposal: Proposal, ref: str, by: str, checks: tuple[Check, ...], why: str) -> None:
        """Write that an order is not sent, who says so, and the checks that were made."""
        body = {
            "ref": ref,
            "by": by,
            "proposal": to_json(proposal),
            "checks": [to_json(check) for check in checks],
            "why": why,
        }
        self.write(Kind.REFUSAL, body)

    def stop(self, proposal: Proposal, ref: str, why: str) -> None:
        """Write that an order was stopped at the last line and nothing of it was sent."""
        self.say(ref, "ended", life=Life.VOID, why=why)
        self.tell_unsold(proposal, why)

    def doubt(self, con_id: int, why: str) -> None:
        """Have positions read before anything is opened, unless those of this contract are in doubt already."""
        if con_id not in self._projection.contract_locks:
            self.lock(POSITIONS_LOCK, f"{why}: positions are being read")

    def tell_unsold(self, proposal: Proposal, why: str) -> None:
        """Say, and again every quarter of an hour, that a sale was not sent; of a purchase the journal is enough."""
        now, told = self._clock.now(), self._unsold.get(proposal.con_id)
        if proposal.side is Side.BUY or (told is not None and now - told < REMIND_EVERY):
            return
        self._unsold[proposal.con_id] = now
        what = f"{proposal.purpose}: SELL {proposal.quantity} {proposal.trading_class} (contract {proposal.con_id})"
        text = f"{what} was not sent: {why}; it is tried again, alvh reconcile shows what the account holds"
        self.write(Kind.ALERT, {"why": text, "severity": "critical"})

    def lock(self, name: str, why: str, day: date | None = None) -> None:
        """Set or, with an empty reason, lift a lock on opening; saying the same again writes nothing."""
        if self._projection.locks.get(name, ("", None)) != (why, day):
            self.write(Kind.LOCK, {"name": name, "why": why, "day": None if day is None else day.isoformat()})

    def lock_contract(self, con_id: int, name: str, why: str) -> None:
        """Set or, with an empty reason, lift a lock on opening in one contract; the same again writes nothing."""
        if self._projection.contract_locks.get(con_id, "") != why:
            self.write(Kind.LOCK, {"name": name, "why": why, "day": None, "con_id": con_id})
