"""Carry proposals to the broker and attend to what is under way; never sleep, never send twice.

Every send goes: controls, consent, intent into the journal, kill switch, broker, `sent` into the journal. Between the
intent and the send there is no await. Whatever waits (an answer, the next rung, a consent) is an instant in the
journal that `attend` compares with the clock, so a restart waits for the same things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bot.broker.codes import RESTORED_DATA_KEPT, RESTORED_DATA_LOST
from bot.broker.port import Fill, Instrument, Notice, OrderState, OrderTicket, OrderUpdate, Writer
from bot.clock import Clock
from bot.errors import AlvhError, Halt, Refuse
from bot.guard.controls import GuardSettings, failures, review
from bot.guard.kill import KillSwitch
from bot.journal.codec import to_json
from bot.journal.entry import Kind
from bot.journal.projections import Projection, session_day
from bot.journal.store import Journal
from bot.orders import life
from bot.orders.ladder import OrderSettings, rung_price, rung_time, rungs
from bot.orders.life import Life, Order
from bot.orders.reading import POSITIONS_LOCK, Reconciler
from bot.orders.refs import is_ours, order_ref
from bot.orders.situation import Look, hedge_loss_usd, situation
from bot.supervise.tickets import ConsentSettings, Ticket, Tickets, consent_body, is_opening, needs_consent, ticket_body
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import Book, Check, MarketView, Proposal, Purpose, Side
from strategies.alvh.sizing import MINI_USD, beta

LINE_IS_BACK = frozenset({RESTORED_DATA_LOST, RESTORED_DATA_KEPT})


class Outcome(StrEnum):
    """Say what became of a proposal at once; what becomes of the order later stands in the journal."""

    SENT = "sent"
    REFUSED = "refused"
    WAITING = "waiting"  # for a human's yes
    UNKNOWN = "unknown"  # the broker object failed while sending


class OrderDesk:
    """Hold the only way to the broker's write methods."""

    def __init__(
        self,
        *,
        broker: Writer,
        journal: Journal,
        projection: Projection,
        kill: KillSwitch,
        clock: Clock,
        mode: str,
        instruments: Mapping[int, Instrument],
        guard: GuardSettings | None = None,
        orders: OrderSettings | None = None,
        consent: ConsentSettings | None = None,
        sizing: SizingPolicy | None = None,
    ) -> None:
        """Wire the desk; `projection` must already follow `journal`, `instruments` is the allow-list by con_id.

        With `sizing` the guard bounds the hedge by the book's own vega as well.
        """
        self._broker = broker
        self._journal = journal
        self._projection = projection
        self._kill = kill
        self._clock = clock
        self._mode = str(mode)
        self._instruments = instruments
        self._guard = guard or GuardSettings()
        self._settings = orders or OrderSettings()
        self._consent = consent or ConsentSettings()
        self._sizing = sizing
        self.tickets = Tickets()
        journal.follow(self.tickets.apply)
        self._submitted: Look | None = None
        self._foreign: dict[int, OrderUpdate] = {}
        self._halt = ""
        self._reconciler = Reconciler(broker, journal, projection, clock, self._settings, self)
        broker.listen(self.on_order, self.on_fill, self.on_notice)

    # --- proposals

    def submit(self, proposal: Proposal, view: MarketView, book: Book) -> Outcome:
        """Guard a proposal, ask for consent where the mode wants it, and send it."""
        self._require_journal()
        self._submitted = look = Look(view=view, book=book)
        ref = order_ref(self._mode, self._broker.account, proposal.key)
        answered = is_opening(proposal) and ref in self.tickets.answered
        if answered or any(ticket.ref == ref for ticket in self.tickets.open):
            return self._refuse(proposal, ref, "consent", (), "this order was already put before a human")
        outcome = self._guarded(proposal, ref, look)
        if isinstance(outcome, Outcome):
            return outcome
        if needs_consent(self._mode, proposal, self._consent):
            body = ticket_body(proposal, ref, self._clock.now(), self._consent)
            self._append(Kind.TICKET, body | {"limit": str(outcome[0])})
            return Outcome.WAITING
        return self._send(proposal, ref, *outcome)

    def approve(self, ticket: Ticket, who: str) -> Outcome:
        """Send the order of an open ticket, if the controls still let it pass; a late yes is no."""
        self._require_journal()
        look = self._latest_look()
        if look is None or self._clock.now() >= ticket.deadline:
            self._append(Kind.CONSENT, consent_body(ticket, "expired", who, "the yes came after the deadline"))
            return Outcome.REFUSED
        self._append(Kind.CONSENT, consent_body(ticket, "approved", who, ""))
        outcome = self._guarded(ticket.proposal, ticket.ref, look)
        return outcome if isinstance(outcome, Outcome) else self._send(ticket.proposal, ticket.ref, *outcome)

    def deny(self, ticket: Ticket, who: str, why: str, verdict: str = "denied") -> None:
        """Close an open ticket without sending."""
        self._append(Kind.CONSENT, consent_body(ticket, verdict, who, why))

    def flatten(self, word_id: str) -> tuple[Outcome, ...]:
        """Sell everything the bot owns, even while the kill switch is engaged: the operator's explicit exception.

        Working purchases are taken back first; what they still fill is sold by the next such word.
        """
        self._require_journal()
        for order in self._projection.open_orders:
            if order.ticket.side is Side.BUY:
                self.cancel(order.ref, "flatten")
        return tuple(self._sell_out(con_id, word_id) for con_id in sorted(self._own_contracts()))

    def cancel(self, ref: str, why: str = "the method takes it back") -> None:
        """Ask for the cancellation of one of the bot's open orders; asking again for the same changes nothing."""
        order = self._projection.orders.get(ref)
        if order is None or order.life in life.DONE or order.cancel_asked_at is not None:
            return
        self._change(order, "cancel", None, why)

    # --- what waits

    async def attend(self) -> None:
        """Advance every deadline that has come; cheap when nothing is under way."""
        self._require_journal()
        self._obey_kill_switch()
        now = self._clock.now()
        for ticket in self.tickets.open:
            if now >= ticket.deadline:
                self.deny(ticket, "", "no answer before the deadline", "expired")
        for order in self._projection.open_orders:
            self._advance(order, now)
        await self._reconciler.attend()
        self._watch_loss(now)

    async def recover(self) -> tuple[str, ...]:
        """Bring orders and positions in step with the broker after a start or a lost line; return what locks.

        Intents without an outcome are looked up, never sent again. Tickets that waited are closed: a restart is no.
        """
        self._require_journal()
        for ticket in self.tickets.open:
            self.deny(ticket, "", "the bot restarted while it waited", "expired")
        self._obey_kill_switch()
        for order in self._projection.open_orders:
            if order.life is Life.INTENDED:
                self._say(order.ref, "unheard", why="the bot stopped between intent and send")
        await self._reconciler.recover()
        return self._projection.locked(session_day(self._clock.now()))

    # --- what the broker says; called in the order of its frames

    def on_order(self, update: OrderUpdate) -> None:
        """Take in one order status of any client."""
        try:
            self._hear(update)
        except Halt as halt:
            self._halt = str(halt)

    def on_fill(self, fill: Fill) -> None:
        """Take in one execution; the same one again changes nothing."""
        order = self._projection.orders.get(fill.ref)
        try:
            if order is None:
                self._stray(fill.ref, f"an execution of {fill.quantity}")
            elif life.executed(order, fill, self._clock.now()) is not order:
                self._append(Kind.FILL, to_json(fill))
        except Halt as halt:
            self._halt = str(halt)

    def on_notice(self, notice: Notice) -> None:
        """Journal a notice that belongs to no order."""
        try:
            self._append(Kind.NOTE, {"code": notice.code, "text": notice.text})
            if notice.code in LINE_IS_BACK:
                self.lock(POSITIONS_LOCK, "the line was lost for a while: what happened meanwhile is being read")
        except Halt as halt:
            self._halt = str(halt)

    # --- inside

    def _guarded(self, proposal: Proposal, ref: str, look: Look) -> tuple[Decimal, tuple[Check, ...]] | Outcome:
        """Return the first limit and the checks of an order that may go, or the refusal that was journalled."""
        limit = self._price(proposal.side, proposal.con_id, 0)
        seen = situation(
            proposal,
            ref,
            limit,
            look,
            now=self._clock.now(),
            broker=self._broker,
            projection=self._projection,
            instruments=self._instruments,
            foreign=self._foreign,
            cap_minis=self._cap(proposal, look),
        )
        checks = review(seen, self._guard)
        failed = failures(checks)
        if failed or limit is None:
            why = "; ".join(f"{check.name}: {check.why}" for check in failed)
            return self._refuse(proposal, ref, "guard", checks, why)
        why = self._kill.engaged() or self._projection.killed
        if why and proposal.purpose is not Purpose.FLATTEN:
            return self._refuse(proposal, ref, "kill switch", checks, f"the kill switch is engaged ({why})")
        return limit, checks

    def _send(self, proposal: Proposal, ref: str, limit: Decimal, checks: tuple[Check, ...]) -> Outcome:
        ticket = OrderTicket(
            ref=ref,
            account=self._broker.account,
            instrument=self._instruments[proposal.con_id],
            side=proposal.side,
            quantity=proposal.quantity,
            limit=limit,
        )
        body = {
            "ref": ref,
            "proposal": to_json(proposal),
            "ticket": to_json(ticket),
            "quote": to_json(self._broker.quote(proposal.con_id)),
            "checks": [to_json(check) for check in checks],
        }
        self._append(Kind.INTENT, body)
        try:
            if proposal.purpose is not Purpose.FLATTEN:
                self._kill.require()
        except Refuse as refusal:
            self._say(ref, "ended", life=Life.VOID, why=str(refusal))
            return Outcome.REFUSED
        try:
            self._broker.place(ticket)
        except (AlvhError, OSError) as failure:
            self._say(ref, "unheard", why=f"sending failed: {failure}")
            return Outcome.UNKNOWN
        self._append(Kind.SENT, {"ref": ref})
        return Outcome.SENT

    def _sell_out(self, con_id: int, word_id: str) -> Outcome:
        lots = [lot for lot in self._projection.lots() if lot.con_id == con_id]
        selling = sum(
            order.remaining
            for order in self._projection.open_orders
            if order.ticket.side is Side.SELL and order.ticket.instrument.con_id == con_id
        )
        proposal = Proposal(
            key=f"flatten-{word_id}-{con_id}",
            purpose=Purpose.FLATTEN,
            side=Side.SELL,
            con_id=con_id,
            trading_class=lots[0].trading_class,
            multiplier=lots[0].multiplier,
            quantity=self._projection.position(con_id) - selling,
            reason="the operator said flatten",
        )
        ref = order_ref(self._mode, self._broker.account, proposal.key)
        look = self._latest_look()
        if look is None:
            return self._refuse(proposal, ref, "guard", (), "no wake-up has looked at the account yet: try again")
        outcome = self._guarded(proposal, ref, look)
        return outcome if isinstance(outcome, Outcome) else self._send(proposal, ref, *outcome)

    def _advance(self, order: Order, now: datetime) -> None:
        """Do what is due for one order that is not done."""
        since = order.sent_at or order.intended_at
        if order.life is Life.SENT and now - since >= timedelta(seconds=self._settings.ack_s):
            self._say(order.ref, "unheard", why=f"no answer within {self._settings.ack_s:g} s")
        if order.life in life.DONE:
            return
        if order.cancel_asked_at is not None:
            self._insist(order, now)
        elif order.ticket.side is Side.BUY and now - since >= timedelta(seconds=self._settings.entry_cancel_s):
            self._change(order, "cancel", None, f"not filled within {self._settings.entry_cancel_s:g} s")
        elif order.life is Life.WORKING:
            self._climb(order, now)

    def _insist(self, order: Order, now: datetime) -> None:
        """Ask again for a cancellation that a lost line may have swallowed: asking twice does no harm."""
        asked = order.changed_at or order.intended_at
        if order.life is Life.WORKING and now - asked >= timedelta(seconds=self._settings.cancel_ack_s):
            self._change(order, "cancel", None, "the order still works: its cancellation is asked for again")

    def _climb(self, order: Order, now: datetime) -> None:
        """Move a working order to its next rung when that is due; a sale stays on the last and follows the market."""
        side = order.ticket.side
        if now - (order.changed_at or order.intended_at) < rung_time(side, self._settings):
            return
        rung = min(order.rung + 1, rungs(side) - 1)
        limit = self._price(side, order.ticket.instrument.con_id, rung)
        killed = (self._kill.engaged() or self._projection.killed) and order.proposal.purpose is not Purpose.FLATTEN
        if limit is None or killed or (limit == order.limit and rung == order.rung):
            return
        self._change(order, "reprice", limit, f"rung {rung + 1} of {rungs(side)}", rung)

    def _change(self, order: Order, what: str, limit: Decimal | None, why: str, rung: int = 0) -> None:
        body = {
            "ref": order.ref,
            "what": what,
            "limit": None if limit is None else str(limit),
            "rung": rung,
            "why": why,
        }
        self._append(Kind.CHANGE, body)
        try:
            if limit is None:
                self._broker.cancel(order.ref)
            else:
                self._broker.reprice(order.ref, limit)
        except (AlvhError, OSError) as failure:
            self._say(order.ref, "unheard", why=f"{what} failed: {failure}")

    def _price(self, side: Side, con_id: int, rung: int) -> Decimal | None:
        """Return the limit of a rung in the present market; a buy needs a fresh one, a sale takes what there is."""
        instrument = self._instruments.get(con_id)
        if instrument is None:
            return None
        quote = self._broker.quote(con_id)
        stale = quote.age_s is None or quote.age_s > self._guard.quote_age_s
        if side is Side.BUY and rung and (stale or quote.delayed or quote.halted):
            return None
        return rung_price(
            side,
            rung,
            quote,
            tick=instrument.tick,
            prior_settle=self._broker.day_values(con_id)[1],
            guard=self._guard,
            settings=self._settings,
        )

    def _latest_look(self) -> Look | None:
        """Return the newer of the last recorded wake-up and the last proposal's view."""
        recorded = self._projection.last_look()
        if recorded is None or (self._submitted is not None and self._submitted.view.now >= recorded[0].now):
            return self._submitted
        return Look(view=recorded[0], book=recorded[1])

    def _cap(self, proposal: Proposal, look: Look) -> int | None:
        """Return how many minis the book's vega, as last recorded, can need; `None` where that does not bind.

        A roll buys before it sells, so for a moment it holds both: only the fixed cap bounds it.
        """
        if self._sizing is None or proposal.purpose is not Purpose.TRANCHE:
            return None
        future = next((f for f in look.view.futures if f.con_id == proposal.con_id), None)
        vega = self._projection.last_vega30_usd
        if future is None or vega is None:
            return 0
        return int(self._sizing.coverage_max * max(0.0, -vega) / (beta(future.dte, self._sizing) * MINI_USD))

    def _hear(self, update: OrderUpdate) -> None:
        order = self._projection.orders.get(update.ref)
        if order is None:
            if update.state in (OrderState.PENDING, OrderState.WORKING):
                self._foreign[update.perm_id] = update
                self._stray(update.ref, "a working order")
            else:
                self._foreign.pop(update.perm_id, None)
            return
        now = self._clock.now()
        after = life.updated(order, update, now)
        if replace(after, heard_at=order.heard_at, absent=order.absent) == order and not order.absent:
            return
        body = {"ref": update.ref, "what": "update", "update": to_json(replace(update, order_id=0))}
        self._append(Kind.ORDER, body, wall={"order_id": update.order_id})

    def _stray(self, ref: str, what: str) -> None:
        """Lock when the broker knows an order that carries our name and that this journal does not hold."""
        if is_ours(ref, self._mode):
            why = f"the broker shows {what} named {ref}, which this journal does not hold: another journal was in use"
            self.lock("stray order", why)

    def _refuse(self, proposal: Proposal, ref: str, by: str, checks: tuple[Check, ...], why: str) -> Outcome:
        body = {
            "ref": ref,
            "by": by,
            "proposal": to_json(proposal),
            "checks": [to_json(check) for check in checks],
            "why": why,
        }
        self._append(Kind.REFUSAL, body)
        return Outcome.REFUSED

    def _obey_kill_switch(self) -> None:
        """Keep file and journal in step (only `rearm` lifts either), and take back what works but what flattens."""
        why = self._kill.engaged()
        if why and not self._projection.killed:
            self._append(Kind.KILL, {"by": "file or environment", "why": why})
        elif self._projection.killed and not why:
            self._pull(self._projection.killed)
        if self._projection.killed:
            for order in self._projection.open_orders:
                if order.proposal.purpose is not Purpose.FLATTEN:
                    self.cancel(order.ref, "kill switch")

    def engage_kill(self, by: str, why: str) -> None:
        """Engage the kill switch: on disk first, then in the journal, then take back what works."""
        fault = self._pull(why)
        if not self._projection.killed:
            self._append(Kind.KILL, {"by": by, "why": why})
        if fault:
            body = {"name": "kill switch", "why": f"the kill switch is in force but not on disk: {fault}"}
            self._append(Kind.ALERT, body)
        self._obey_kill_switch()

    def _pull(self, why: str) -> str:
        """Put the kill switch on disk; return what prevents it, for a full disk must not save what has to stop."""
        try:
            self._kill.engage(why)
        except OSError as fault:
            return str(fault)
        return ""

    def rearm(self, by: str) -> str:
        """Lift the kill switch on a human's word; return why it is still engaged, or an empty text."""
        try:
            self._kill.rearm()
        except OSError as fault:
            return f"the kill switch {self._kill.path} cannot be removed ({fault})"
        still = self._kill.engaged()
        if not still:
            self._append(Kind.REARM, {"by": by})
        return still

    def _watch_loss(self, now: datetime) -> None:
        """Engage the kill switch when the hedge lost its largest share of the account in one session."""
        if self._projection.killed or not self._own_contracts():
            return
        look = self._latest_look()
        value = None if look is None else look.book.account.net_liquidation
        if value is None or value <= 0:
            return
        loss = hedge_loss_usd(self._projection, self._broker, session_day(now))
        if loss is not None and loss >= self._guard.loss_kill_share * value:
            share = self._guard.loss_kill_share
            self.engage_kill("daily loss", f"the hedge lost {loss:,.0f} USD today, {share:.0%} of the account or more")

    def _own_contracts(self) -> frozenset[int]:
        return frozenset(lot.con_id for lot in self._projection.lots())

    def lock(self, name: str, why: str, day: date | None = None) -> None:
        """Set or, with an empty reason, lift a lock on opening; saying the same again writes nothing."""
        if self._projection.locks.get(name, ("", None)) != (why, day):
            self._append(Kind.LOCK, {"name": name, "why": why, "day": None if day is None else day.isoformat()})

    def _say(self, ref: str, what: str, **rest: str) -> None:
        self._append(Kind.ORDER, {"ref": ref, "what": what, **rest})

    def _append(self, kind: Kind, body: Mapping[str, Any], wall: Mapping[str, Any] | None = None) -> None:
        try:
            self._journal.append(kind, body, at=self._clock.now(), wall=wall)
        except Halt as halt:
            self._halt = str(halt)
            raise

    def _require_journal(self) -> None:
        if self._halt:
            raise Halt(self._halt)
