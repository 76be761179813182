"""Hold the only way to the broker's write methods: what is about to be sent stands in the journal first.

An order goes: intent into the journal, kill switch, broker, `sent` into the journal, with no await between intent and
send. What the broker object stopped before anything of it left is void; what failed in any other way has an unknown
outcome: it is read about, never sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from bot.broker.port import Instrument, OrderTicket, Writer
from bot.errors import AlvhError, NotSent, Refuse
from bot.guard.kill import KillSwitch
from bot.journal.codec import to_json
from bot.journal.entry import Kind
from bot.journal.projections import Projection
from bot.orders.life import DONE, Order
from bot.orders.pen import Pen
from strategies.alvh.records import Check, Proposal, Purpose, Side


class Outcome(StrEnum):
    """Say what became of a proposal at once; what becomes of the order later stands in the journal."""

    SENT = "sent"
    REFUSED = "refused"
    WAITING = "waiting"  # for a human's yes
    UNKNOWN = "unknown"  # the broker object failed while sending


class Sender:
    """Place, reprice and cancel the bot's own orders."""

    def __init__(
        self,
        broker: Writer,
        pen: Pen,
        projection: Projection,
        kill: KillSwitch,
        instruments: Mapping[int, Instrument],
    ) -> None:
        self._broker = broker
        self._pen = pen
        self._projection = projection
        self._kill = kill
        self._instruments = instruments

    def place(self, proposal: Proposal, ref: str, limit: Decimal, checks: tuple[Check, ...]) -> Outcome:
        """Send an order that every control let pass."""
        ticket = OrderTicket(
            ref=ref,
            account=self._broker.account,
            instrument=self._instruments[proposal.con_id],
            side=proposal.side,
            quantity=proposal.quantity,
            limit=limit,
        )
        self._intend(proposal, ticket, checks)
        try:
            if proposal.purpose is not Purpose.FLATTEN:
                self._kill.require()
        except Refuse as refusal:
            self._pen.stop(proposal, ref, str(refusal))
            return Outcome.REFUSED
        try:
            self._broker.place(ticket)
        except NotSent as refusal:
            self._pen.stop(proposal, ref, str(refusal))
            if proposal.side is Side.SELL:
                self._pen.doubt(proposal.con_id, str(refusal))
            return Outcome.REFUSED
        except (AlvhError, OSError) as failure:
            self._pen.say(ref, "unheard", why=f"sending failed: {failure}")
            return Outcome.UNKNOWN
        self._pen.write(Kind.SENT, {"ref": ref})
        return Outcome.SENT

    def cancel(self, ref: str, why: str) -> None:
        """Ask for the cancellation of an open order; asking again for the same changes nothing."""
        order = self._projection.orders.get(ref)
        if order is None or order.life in DONE or order.cancel_asked_at is not None:
            return
        self.cancel_again(order, why)

    def cancel_again(self, order: Order, why: str) -> None:
        """Ask for a cancellation whether or not it was asked for before."""
        self._change(order, "cancel", None, why)

    def reprice(self, order: Order, limit: Decimal, rung: int, why: str) -> None:
        """Move a working order to another limit."""
        self._change(order, "reprice", limit, why, rung)

    def _intend(self, proposal: Proposal, ticket: OrderTicket, checks: tuple[Check, ...]) -> None:
        body = {
            "ref": ticket.ref,
            "proposal": to_json(proposal),
            "ticket": to_json(ticket),
            "quote": to_json(self._broker.quote(proposal.con_id)),
            "checks": [to_json(check) for check in checks],
        }
        self._pen.write(Kind.INTENT, body)

    def _change(self, order: Order, what: str, limit: Decimal | None, why: str, rung: int = 0) -> None:
        body = {
            "ref": order.ref,
            "what": what,
            "limit": None if limit is None else str(limit),
            "rung": rung,
            "why": why,
        }
        self._pen.write(Kind.CHANGE, body)
        try:
            if limit is None:
                self._broker.cancel(order.ref)
            else:
                self._broker.reprice(order.ref, limit)
        except (AlvhError, OSError) as failure:
            self._pen.say(order.ref, "unheard", why=f"{what} failed: {failure}")
