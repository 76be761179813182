"""Put the bot together: one broker, one journal, one cycle, one job table, the same for every mode and clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from bot.alarm import Alarm
from bot.broker.ib import IbBroker
from bot.broker.port import Instrument, LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import Clock
from bot.collector import tidy
from bot.cycle import Cycle, Desk
from bot.doctor.doctor import Case, Doctor
from bot.doctor.findings import Finding
from bot.doctor.machine import room_in
from bot.events import Releases
from bot.guard.instance import InstanceLock
from bot.guard.interlock import Link, interlock
from bot.guard.kill import KillSwitch
from bot.journal import Journal, Kind, Projection, journal_path
from bot.journal.codec import to_json
from bot.journal.place import place_name
from bot.line import Line
from bot.observe.context import background_of
from bot.observe.margins import Margins
from bot.observe.observer import Observer
from bot.observe.settings import Sight
from bot.orders.desk import OrderDesk
from bot.orders.rehearsal import RehearsalDesk
from bot.plan import Plan
from bot.schedule import Job, on_session_days
from bot.session import session_at
from bot.supervise.inbox import Inbox
from bot.supervise.operator import Operator
from bot.watch.hours import off_hours
from bot.watch.pager import Pager, PagerSettings
from bot.watch.pages import PAGED
from bot.watch.watch import Watch
from strategies.alvh.policy import CoreMode

WAKE_SECOND = "5"  # a few seconds after the minute, when the bar that ended with it is closed
ATTEND_SECONDS = "*/5"
TEND_SECOND = "30"
TEND_GRACE_S = 55  # a gateway that answers nothing makes every job late: this one finds that out
HOURS = "9-16"  # New York; the session calendar decides the rest


class AllowList(Mapping[int, Instrument]):
    """Show the desk the futures and calls that the observer has checked, by con_id; a new session may bring others."""

    def __init__(self, observer: Observer, owned: Callable[[], Mapping[int, Instrument]]) -> None:
        """Take what is checked now, and what was checked when the bot bought it: that must stay sellable."""
        self._observer = observer
        self._owned = owned

    def __getitem__(self, con_id: int) -> Instrument:
        """Return the checked contract."""
        checked = self._observer.tradable()
        return checked[con_id] if con_id in checked else self._owned()[con_id]

    def __iter__(self) -> Iterator[int]:
        """Yield every allowed con_id."""
        return iter({**self._owned(), **self._observer.tradable()})

    def __len__(self) -> int:
        """Count the allowed contracts."""
        return len({**self._owned(), **self._observer.tradable()})


class RecoveringDesk(Desk, Protocol):
    """Be a desk that can get back in step after a start or a lost line."""

    def has_work(self) -> bool:
        """Say whether attending may do anything, now or by the mere passing of time."""

    async def recover(self) -> tuple[str, ...]:
        """Bring orders and positions in step with the broker and return what locks opening."""


class Bot:
    """Hold the assembled parts from `open` to `close`; `broker` decides whether anything can be sent at all."""

    def __init__(self, plan: Plan, broker: ReadOnlyBroker, clock: Clock, pager: Pager | None = None) -> None:
        self.plan = plan
        self.broker = broker
        self.clock = clock
        self.pager = pager or Pager(PagerSettings(), clock, mode=plan.mode, account=plan.configured_account)
        self.journal: Journal
        self.place = ""
        self._writer = broker if isinstance(broker, IbBroker) else None
        self._lock: InstanceLock | None = None
        self._known: Projection
        self._cycle: Cycle
        self._desk: RecoveringDesk
        self._alarm: Alarm
        self._line: Line
        self._watch: Watch
        self._operator: Operator | None = None

    async def open(self, follow: Callable[[Journal], None] = lambda journal: None) -> None:
        """Connect, make sure that everything agrees, and recover; `follow` may watch the journal from its start.

        Raises `Unreachable` without a gateway, `Refuse` when mode, port, account and settings disagree or another bot
        runs.
        """
        if self.broker.link is LinkState.DISCONNECTED:
            await self.broker.connect()
        plan, account = self.plan, self.broker.account
        interlock(
            Link(
                mode=plan.mode,
                port=plan.port,
                account=account,
                configured_account=plan.configured_account,
                simulated=plan.simulated,
                may_write=self._writer is not None,
                arm_file=plan.arm_file,
                confirmed_account=plan.confirmed_account,
            )
        )
        self.pager.account = account
        trades = self._writer is not None and not plan.simulated
        self._lock = InstanceLock(plan.folder, account, plan.state if trades else None)
        self._lock.acquire()
        place = plan.journal_url or journal_path(plan.folder, plan.mode, account)
        self.place = place_name(place)
        self.journal = Journal.open(place, mode=plan.mode, account=account, durable=plan.durable)
        follow(self.journal)
        self._alarm = Alarm(self.journal, self.clock, self.pager)
        self._assemble()
        self._turn_journal()
        self._follow_with_the_watch()
        self._journal_start()
        await self._desk.recover()
        await self._line.listen()

    def _follow_with_the_watch(self) -> None:
        """Let pager and alarm learn what was said before, then follow what is written from now on."""
        said = tuple(self.journal.entries(kinds=PAGED))
        self.pager.recall(said)
        for entry in said:
            self._alarm.recall(entry)
        self.journal.follow(self.pager.apply, kinds=())
        self.journal.follow(self._watch.apply, kinds=())

    def _assemble(self) -> None:
        plan = self.plan
        projection = self._known = Projection()
        self.journal.recall(projection)
        contract = plan.policy.contract
        sight = Sight(
            rate=plan.rate,
            lines=plan.data_lines,
            min_dte=contract.min_dte,
            max_dte=contract.max_dte,
            sizing=plan.policy.sizing,
            freshness=plan.policy.freshness,
            event_calls=plan.policy.events.enabled,
            core_days=plan.policy.core.dte if plan.policy.core.mode is not CoreMode.OFF else (),
        )
        releases = Releases(plan.policy.events.names, plan.events_file, plan.surprises_file)
        background = background_of(plan.context_file, self.clock.now(), from_broker=plan.context_from_broker)
        observer = Observer(
            self.broker, self.clock, sight, releases, self._margins(projection), background, projection.owned
        )
        self._desk = self._new_desk(projection, AllowList(observer, projection.owned))
        self._line = Line(self.broker, self._alarm, self._desk.recover, self.clock, plan.watch.largest_skew_s)
        self._watch = self._new_watch(projection)
        self._cycle = Cycle(
            clock=self.clock,
            observer=observer,
            journal=self.journal,
            projection=projection,
            shelf=projection.shelf,
            desk=self._desk,
            policy=plan.policy,
        )

    def _new_watch(self, projection: Projection) -> Watch:
        """Return the watch around the day, with a doctor that asks this bot's own broker."""
        plan = self.plan
        case = Case(
            mode=plan.mode,
            folder=plan.folder,
            min_dte=plan.policy.contract.min_dte,
            max_dte=plan.policy.contract.max_dte,
            largest_minis=plan.guard.max_order_minis,
            largest_skew_s=plan.watch.largest_skew_s,
            events_file=plan.events_file,
        )
        doctor = Doctor(case, self.broker, self.clock, lambda: projection.orders)

        async def examine() -> tuple[Finding, ...]:
            await self._line.tend()
            return await doctor.examine()

        return Watch(
            settings=plan.watch,
            broker=self.broker,
            journal=self.journal,
            alarm=self._alarm,
            pager=self.pager,
            clock=self.clock,
            examine=examine,
            room=lambda: room_in(plan.folder),
            orders=lambda: projection.orders,
        )

    def _margins(self, projection: Projection) -> Margins | None:
        """Return what may ask the broker for margins: only one that may write, while a spike builds and no kill stands.

        A what-if travels in the frame of an order, so a quiet day and a dry run send none.
        """
        if self._writer is None:
            return None
        watch = self.plan.policy.sizing.inflation_watch

        def wanted() -> bool:
            inflation = projection.last_inflation
            return not projection.killed and inflation is not None and inflation >= watch

        return Margins(self._writer.margin_of, wanted)

    def _new_desk(self, projection: Projection, allowed: AllowList) -> RecoveringDesk:
        """Return the desk that sends, with the operator's inbox beside it, or the one that only rehearses."""
        plan = self.plan
        if self._writer is None:
            return RehearsalDesk(
                broker=self.broker,
                journal=self.journal,
                projection=projection,
                clock=self.clock,
                mode=plan.mode,
                instruments=allowed,
                guard=plan.guard,
                orders=plan.orders,
            )
        desk = OrderDesk(
            broker=self._writer,
            journal=self.journal,
            projection=projection,
            kill=KillSwitch(plan.folder, plan.mode, self.broker.account),
            clock=self.clock,
            mode=plan.mode,
            instruments=allowed,
            guard=plan.guard,
            orders=plan.orders,
            consent=plan.consent,
            sizing=plan.policy.sizing,
        )
        self._operator = Operator(Inbox(plan.folder, plan.mode, self.broker.account), self.journal, desk, self.clock)
        return desk

    def _turn_journal(self) -> None:
        """Close the journal's file when it is long, so that the next start reads a short one."""
        if self.plan.part_bytes:
            self.journal.turn(self.plan.part_bytes)

    def _journal_start(self) -> None:
        body = {
            "mode": self.plan.mode,
            "account": self.broker.account,
            "client_library": self.broker.library,
            "policy": to_json(self.plan.policy),
            **self.plan.about,
        }
        self.journal.append(Kind.START, body, at=self.clock.now())

    def jobs(self) -> tuple[Job, ...]:
        """Return the job table, in the order in which jobs that fall due together run."""
        safely = self._alarm.safely
        return (
            Job(
                name="attend",
                trigger=on_session_days(hour=HOURS, second=ATTEND_SECONDS),
                run=safely(self._attend),
                grace_s=4,
                has_work=self._has_work,
            ),
            Job(name="wake", trigger=on_session_days(hour=HOURS, second=WAKE_SECOND), run=safely(self._cycle.wake)),
            Job(
                name="tend",
                trigger=on_session_days(hour=HOURS, second=TEND_SECOND),
                run=safely(self._tend),
                grace_s=TEND_GRACE_S,
            ),
            Job(name="keep", trigger=off_hours(HOURS), run=safely(self._tend), has_work=self._line.needs_care),
            *self._watch.jobs(),
        )

    async def close(self) -> None:
        """Say goodbye in the journal, disconnect, and give the account's lock back."""
        try:
            if not self.halted:
                self.journal.append(Kind.STOP, {"mode": self.plan.mode}, at=self.clock.now())
        finally:
            await self.broker.disconnect()
            self.journal.close()
            if self._lock is not None:
                self._lock.release()
            self._watch.close()

    def abandon(self) -> None:
        """Let everything go as the system does when a process is killed: no goodbye, nothing written, nothing sent."""
        journal: Journal | None = getattr(self, "journal", None)
        if journal is not None:
            journal.close()
        if self._lock is not None:
            self._lock.release()
        self.broker.hang_up()

    @property
    def known(self) -> Projection:
        """Return what the bot knows from its journal."""
        return self._known

    @property
    def halted(self) -> str:
        """Return why the bot must end; empty while it need not."""
        return self._alarm.halted

    def report(self, job: str, what: str) -> None:
        """Journal that a job was missed or failed."""
        self._alarm.missed(job, what)

    def _has_work(self) -> bool:
        """Say whether a word of the operator waits, or anything at the desk."""
        return self._desk.has_work() or (self._operator is not None and self._operator.has_work())

    async def _tend(self) -> None:
        """Look after the line, and clear rubbish away half a minute from every wake-up."""
        try:
            await self._line.tend()
        finally:
            self._watch.look()
        if session_at(self.clock.now()) is None:
            self._turn_journal()
        tidy()

    async def _attend(self) -> None:
        """Obey the operator, then advance what is under way, even when an unreadable inbox stops the former."""
        try:
            if self._operator is not None:
                self._operator.attend()
        finally:
            await self._desk.attend()
