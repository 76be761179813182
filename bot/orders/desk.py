"""Carry proposals to the broker and attend to what is under way; never sleep, never send twice.

Every send goes: controls (`gate`), consent, then intent, kill switch, broker and `sent` (`sending`). Whatever waits (an
answer, the next rung, a consent) is an instant in the journal that `attend` compares with the clock, so a restart waits
for the same things.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from bot.broker.port import Fill, Instrument, Notice, OrderUpdate, Writer
from bot.clock import Clock
from bot.guard.controls import GuardSettings
from bot.guard.kill import KillSwitch
from bot.journal.entry import Kind
from bot.journal.projections import Projection, session_day
from bot.journal.store import Journal
from bot.orders.brake import Brake, LossWatch
from bot.orders.comparing import Comparing
from bot.orders.consent import Consent
from bot.orders.deadlines import Deadlines
from bot.orders.flatten import Flattening
from bot.orders.gate import Gate
from bot.orders.hearing import Hearing
from bot.orders.ladder import OrderSettings
from bot.orders.life import Life
from bot.orders.overhang import Overhang
from bot.orders.pen import Pen
from bot.orders.prices import Prices
from bot.orders.reading import Reconciler
from bot.orders.refs import order_ref
from bot.orders.sending import Outcome, Sender
from bot.orders.situation import Look, Looks
from bot.supervise.tickets import ConsentSettings, Ticket, Tickets
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import Book, MarketView, Proposal

__all__ = ["OrderDesk", "Outcome"]


class OrderDesk:
    """Be the one place that orders go through: proposals, the operator's words, the clock, and the broker's answers."""

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
        guard, settings = guard or GuardSettings(), orders or OrderSettings()
        self._broker = broker
        self._projection = projection
        self._clock = clock
        self._mode = str(mode)
        self.tickets = Tickets()
        journal.follow(self.tickets.apply, kinds={Kind.TICKET, Kind.CONSENT})
        self._pen = Pen(journal, projection, clock)
        self._looks = Looks(projection)
        self._hearing = Hearing(self._mode, projection, self._pen, clock)
        self._sender = Sender(broker, self._pen, projection, kill, instruments)
        self._brake = Brake(kill, projection, self._pen, self._sender)
        self._overhang = Overhang(broker, projection, self._pen, self._sender)
        self._loss = LossWatch(projection, broker, self._looks, self._brake, guard.loss_kill_share)
        prices = Prices(broker, instruments, guard, settings)
        self._deadlines = Deadlines(settings, self._pen, self._sender, prices, self._brake)
        self._gate = Gate(
            broker=broker,
            pen=self._pen,
            projection=projection,
            clock=clock,
            instruments=instruments,
            foreign=self._hearing.foreign,
            prices=prices,
            brake=self._brake,
            guard=guard,
            sizing=sizing,
        )
        self._consent = Consent(
            mode=self._mode,
            settings=consent or ConsentSettings(),
            tickets=self.tickets,
            pen=self._pen,
            clock=clock,
            looks=self._looks,
            gate=self._gate,
            sender=self._sender,
        )
        self._flattening = Flattening(
            broker=broker,
            name=self._ref,
            projection=projection,
            pen=self._pen,
            looks=self._looks,
            gate=self._gate,
            sender=self._sender,
        )
        self._comparing = Comparing(broker, projection, self._pen, clock, settings)
        watch = None if sizing is None else sizing.inflation_watch
        self._reconciler = Reconciler(broker, journal, projection, clock, settings, self, self._comparing, watch)
        broker.listen(self.on_order, self.on_fill, self.on_notice)

    # --- proposals

    def submit(self, proposal: Proposal, view: MarketView, book: Book) -> Outcome:
        """Guard a proposal, ask for consent where the mode wants it, and send it."""
        self._pen.require()
        self._looks.submitted = look = Look(view=view, book=book)
        ref = self._ref(proposal)
        if self._consent.was_asked(proposal, ref):
            self._pen.refuse(proposal, ref, "consent", (), "this order was already put before a human")
            return Outcome.REFUSED
        passed = self._gate.passes(proposal, ref, look)
        if passed is None:
            return Outcome.REFUSED
        if self._consent.is_needed(proposal):
            return self._consent.ask(proposal, ref, passed[0])
        return self._sender.place(proposal, ref, *passed)

    def cancel(self, ref: str, why: str = "the method takes it back") -> None:
        """Ask for the cancellation of one of the bot's open orders; asking again for the same changes nothing."""
        self._sender.cancel(ref, why)

    def lock(self, name: str, why: str, day: date | None = None) -> None:
        """Set or, with an empty reason, lift a lock on opening; saying the same again writes nothing."""
        self._pen.lock(name, why, day)

    # --- the operator's words

    def approve(self, ticket: Ticket, who: str) -> Outcome:
        """Send the order of an open ticket, if the controls still let it pass; a late yes is no."""
        self._pen.require()
        return self._consent.approve(ticket, who)

    def deny(self, ticket: Ticket, who: str, why: str, verdict: str = "denied") -> None:
        """Close an open ticket without sending."""
        self._consent.close(ticket, verdict, who, why)

    def flatten(self) -> tuple[Outcome, ...]:
        """Sell everything the bot owns, even while the kill switch is engaged: the operator's explicit exception.

        Working purchases are taken back first. What cannot be sold at once is tried again until nothing is left.
        """
        self._pen.require()
        return self._flattening.run(self._clock.now())

    def objection(self, con_id: int) -> str:
        """Say why the operator cannot accept what the account shows of a contract now; empty when they can."""
        return self._comparing.objection(con_id)

    def accept(self, con_id: int, who: str) -> None:
        """Take what the account shows as what is left of the bot's lots of a contract; ask `objection` first."""
        self._pen.require()
        self._comparing.accept(con_id, who)

    def engage_kill(self, by: str, why: str) -> None:
        """Engage the kill switch: on disk first, then in the journal, then take back what works."""
        self._brake.engage(by, why)

    def rearm(self, by: str) -> str:
        """Lift the kill switch on a human's word; return why it is still engaged, or an empty text."""
        return self._brake.rearm(by)

    # --- what waits

    def has_work(self) -> bool:
        """Say whether attending may do anything, now or by the mere passing of time.

        That is so while an order or a ticket is open, a contract is owned whose loss is watched, positions are to be
        read again, a kill switch is to be obeyed, or the journal cannot be written.
        """
        seen = self._projection
        owned = seen.lots() or seen.calls()
        waits = seen.open_orders or self.tickets.open or owned or self._reconciler.has_work() or self._flattening.stands
        return bool(waits or self._pen.halt or self._brake.engaged())

    async def attend(self) -> None:
        """Advance every deadline that has come; cheap when nothing is under way."""
        self._pen.require()
        self._brake.obey()
        now = self._clock.now()
        self._consent.expire(now)
        self._overhang.attend()
        for order in self._projection.open_orders:
            self._deadlines.advance(order, now)
        await self._reconciler.attend()
        self._flattening.attend(now)
        self._loss.attend(now)

    async def recover(self, because: str = "a start or a lost line") -> tuple[str, ...]:
        """Bring orders and positions in step with the broker after a start or a lost line; return what locks.

        Intents without an outcome are looked up, never sent again. Tickets that waited are closed: a restart is no.
        """
        self._pen.require()
        self._consent.forget()
        self._brake.obey()
        for order in self._projection.open_orders:
            if order.life is Life.INTENDED:
                self._pen.say(order.ref, "unheard", why="the bot stopped between intent and send")
        await self._reconciler.recover(because)
        return (*self._projection.locked(session_day(self._clock.now())), *self._projection.contract_locks.values())

    # --- what the broker says; called in the order of its frames

    def on_order(self, update: OrderUpdate) -> None:
        """Take in one order status of any client."""
        self._hearing.on_order(update)

    def on_fill(self, fill: Fill) -> None:
        """Take in one execution; the same one again changes nothing."""
        self._hearing.on_fill(fill)

    def saw(self, working: Collection[int], refs: Collection[str]) -> None:
        """Take in what a complete reading shows: other people's orders and strays that it does not show are gone."""
        self._hearing.saw(working, refs)

    def on_notice(self, notice: Notice) -> None:
        """Journal a notice that belongs to no order."""
        self._hearing.on_notice(notice)

    def _ref(self, proposal: Proposal) -> str:
        return order_ref(self._mode, self._broker.account, proposal.key)
