"""Stand the real bot before the simulated gateway for a day: both sides can die and come back, and people interfere."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import Bot
from bot.barrier import Barrier
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.broker.port import LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import SteppedClock
from bot.demo import CLIENT_ID, LOOKS_EVERY, stride
from bot.drill.hands import OtherHands
from bot.drill.setup import Crash, Does, Hand, Setup, market_of
from bot.drill.standing import Watcher, differences
from bot.drill.witness import WatchedExchange, Witness
from bot.errors import AlvhError, Refuse, UsageProblem
from bot.gateway.errors import GatewayError
from bot.gateway.faults import Fault, times
from bot.gateway.market import SimulatedMarket, load_market, scenario_info
from bot.gateway.server import Gateway
from bot.guard.interlock import LIVE_PORTS, PAPER_PORTS
from bot.journal import Entry, Journal, Kind
from bot.options import Options, options_from
from bot.passage import Passage
from bot.plan import Plan
from bot.schedule import Stepper
from bot.supervise.inbox import Inbox, Say
from bot.watch.settings import WatchSettings
from config import layers

START_AGAIN = timedelta(seconds=30)  # what the unit file of docs/operations.md says
SLICE = timedelta(minutes=1)
PART_BYTES = 64_000_000  # the default of `journal.part_mb`: only a soak gets so far
SHORTEST_STEP = timedelta(milliseconds=100)
WORDS = {Does.KILL: Say.KILL, Does.REARM: Say.REARM, Does.FLATTEN: Say.FLATTEN}
PORTS = {"dry-run": min(PAPER_PORTS), "paper": min(PAPER_PORTS), "live": min(LIVE_PORTS)}


class Died(BaseException):
    """Be the end of the bot's process, in the middle of whatever it was doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Hold one line that a human could read: an alert, a lock, a kill, a refusal to start."""

    at: datetime
    kind: str
    why: str


class Day:
    """Hold the gateway's side, the bot's side, the clock between them, and what a human was told.

    `starts` are the instants at which a process began, `deaths` those at which one died; `gave_up` is why none is
    started again. `final_lots` pairs, by contract, what the journal says with what was executed.
    """

    def __init__(self, setup: Setup, folder: Path) -> None:
        self.setup = setup
        self.folder = folder
        self.market = _market(setup)
        self.account = self.market.opening_account().account
        self.witness = Witness(self.market, setup.mode)
        self.exchange = WatchedExchange(self.market, self.witness)
        self.gateway = Gateway(
            self.market,
            self.exchange,
            data_lines=setup.lines,
            quiet_every=LOOKS_EVERY,
            models_only=True,
            fault_seed=setup.fault_seed,
        )
        self.clock = SteppedClock(self.market.now)
        self.begins_at, self.ends_at = self.market.now, self.market.end
        self.options = _options(setup)
        self.watcher = Watcher(self.witness)
        self.final_lots: dict[int, tuple[int, int]] = {}
        self.final_differences: tuple[str, ...] = ()
        self.flattened_at: datetime | None = None
        self.told: list[Told] = []
        self.starts: list[datetime] = []
        self.deaths: list[datetime] = []
        self.bot: Bot | None = None
        self.broker: ReadOnlyBroker | None = None
        self.journal_path: Path | None = None
        self.gave_up = ""
        self.port = 0
        self._start_at: datetime | None = None
        self._stepper: Stepper | None = None
        self._barrier: Barrier | None = None
        self._plans: list[tuple[datetime, Callable[[], None]]] = []
        self._fuses: list[Crash] = []
        self._dying: Crash | None = None
        self._words = 0
        self._others = OtherHands(self.market, self.exchange, self.account)

    # --- the day

    async def begin(self) -> None:
        """Open the gateway at the setup's beginning, and let faults, crashes and hands wait for their times."""
        setup = self.setup
        self.gateway.advance(times.first(setup.begin, self.market.now))
        now = self.begins_at = self.market.now
        self.ends_at = times.first(setup.until, now) if setup.until else self.market.end
        self.clock.move(now)
        for fault in setup.faults:
            self.gateway.inject(fault)
            self._mark(fault)
        for crash in setup.crashes:
            self.plan(times.first(crash.at, now), self._light(crash))
        for hand in setup.hands:
            self.plan(times.first(hand.at, now), self._lend(hand))
        if setup.flatten:
            self.plan(times.first(setup.flatten, now), self._lend(Hand(at=setup.flatten, does=Does.FLATTEN)))
        self.port = await self.gateway.start(0)
        self._start_at = now

    async def play(self) -> None:
        """Play the day from its beginning to its end."""
        await self.begin()
        try:
            await self.run(self.ends_at)
        finally:
            await self.close()

    async def run(self, until: datetime) -> None:
        """Let the day go on; a dead bot is started again as a service manager would."""
        while self.clock.now() < until:
            stop = min([until, *(at for at, _ in self._plans if at > self.clock.now())])
            if self.bot is None:
                stop = min(stop, max(self._start_at or until, self.clock.now()))
                await self._pass_without_bot(stop)
                if self._start_at is not None and self.clock.now() >= self._start_at:
                    await self._start()
            else:
                await self._let(self._live(stop))
            await self._do_plans()

    def _mark(self, fault: Fault) -> None:
        """Have the day stop where a fault begins, so that by night too it is noticed when it comes."""
        at = dict(fault.values).get("at", "")
        if isinstance(at, str) and at:
            self.plan(times.first(at, self.begins_at), _nothing)

    def plan(self, at: datetime, do: Callable[[], None]) -> None:
        """Do something at an instant, between two jobs of the bot."""
        self._plans.append((at, do))
        self._plans.sort(key=lambda plan: plan[0])

    async def close(self) -> None:
        """Say goodbye to bot and gateway."""
        bot, self.bot = self.bot, None
        if bot is not None and self._stepper is not None:
            self._conclude(bot)
            await self._passage().through(bot.close())
        await self.gateway.stop()

    def _conclude(self, bot: Bot) -> None:
        """Keep what the bot knows at the end of the day."""
        known, true = bot.known, self.witness.own
        contracts = {con_id for con_id, owned in true.items() if owned}
        contracts |= {lot.con_id for lot in known.lots()} | {lot.con_id for lot in known.calls()}
        self.final_lots = {con_id: (known.position(con_id), true[con_id]) for con_id in contracts}
        self.final_differences = differences(self.clock.now(), self.broker, known, self.witness)

    async def catch_up(self, to: datetime) -> None:
        """Bring the market to an instant, let both ends of the socket agree, and look how things stand."""
        self.gateway.advance(to)
        if self._barrier is not None:
            await self._barrier.settle()
        if self._dying is not None:
            raise Died(self._dying)
        bot = self.bot if self._stepper is not None else None
        self.watcher.look(to, self.broker if bot else None, bot.known if bot else None)

    # --- the bot's process

    async def _start(self) -> None:
        """Start a bot as a new process would: nothing but the journal and the broker remember the one before."""
        self._start_at = None
        now = self.clock.now()
        self.starts.append(now)
        place = Endpoint(port=self.port, client_id=CLIENT_ID, account=self.account, stepped=True)
        kind = ReadOnlyBroker if self.setup.mode == "dry-run" else IbBroker
        self.broker = kind(place, self.clock, mode=self.setup.mode, waits=self.clock)
        self.bot = Bot(_plan(self.setup, self.options, self.folder, self.account), self.broker, self.clock)
        self._barrier = Barrier(self.gateway, self.broker, CLIENT_ID)
        await self._let(self._open(self.bot))

    async def _open(self, bot: Bot) -> None:
        try:
            await self._passage().through(bot.open(self._follow))
        except AlvhError as problem:
            self.tell("not started", str(problem))
            self.gave_up = str(problem) if isinstance(problem, Refuse | UsageProblem) else ""
            await self._bury(None if self.gave_up else START_AGAIN)
            return
        self.journal_path = Path(bot.place)
        self._stepper = Stepper(self.clock, bot.jobs(), self.catch_up, self._stride, bot.report)

    async def _live(self, until: datetime) -> None:
        if self._stepper is None or self.bot is None:
            return
        while self.clock.now() < until and not self.bot.halted:
            now = self.clock.now()
            is_quiet = self.broker is not None and self.broker.link is LinkState.UP
            await self._stepper.run(min(until, now + (max(SLICE, self._stride(now)) if is_quiet else SLICE)))
        if self.bot.halted:
            self.tell("halted", self.bot.halted)
            await self._bury(START_AGAIN)

    async def _let(self, life: Coroutine[Any, Any, None]) -> None:
        """Await something that the bot's process does, and bury the process if it dies of it."""
        try:
            await life
        except Died as death:
            (crash,) = death.args
            self.deaths.append(self.clock.now())
            await self._bury(timedelta(seconds=crash.down_s))

    async def _bury(self, down: timedelta | None) -> None:
        """Take away what a dead process leaves: no goodbye, nothing flushed; the system closes files and socket."""
        bot, self.bot, self._stepper = self.bot, None, None
        self._dying = None
        if bot is not None:
            bot.abandon()
        if self._barrier is not None:
            await self._barrier.settle()
        self._barrier = None
        self._start_at = None if down is None else self.clock.now() + down

    async def _pass_without_bot(self, until: datetime) -> None:
        passage = self._passage()
        while self.clock.now() < until:
            await passage.step(until)

    def _passage(self) -> Passage:
        return Passage(self.clock, self.catch_up, self._stride)

    def _stride(self, now: datetime) -> timedelta:
        """Go no further than to what a fault does next: an answer that is late must not come after the wait for it."""
        usual, due = stride(now, self.gateway.cadence()), self.gateway.faults.due()
        return usual if due is None else min(usual, max(due - now, SHORTEST_STEP))

    def _follow(self, journal: Journal) -> None:
        journal.follow(self._hear, kinds=())

    def _hear(self, entry: Entry) -> None:
        """Take note of what the bot has just written; a fuse of that kind ends the process."""
        if entry.kind in (Kind.ALERT, Kind.KILL) or (entry.kind is Kind.LOCK and entry.body["why"]):
            self.tell(str(entry.kind), str(entry.body["why"]))
        if entry.kind is Kind.TICKET and self.setup.answer_s >= 0:
            subject = str(entry.body["id"])
            self.plan(entry.at + timedelta(seconds=self.setup.answer_s), lambda: self._say(Say.APPROVE, subject))
        for place, crash in enumerate(self._fuses):
            if crash.entry == entry.kind:
                left = crash.nth - 1
                self._fuses[place] = replace(crash, nth=left)
                if left == 0:
                    del self._fuses[place]
                    self._die(crash)

    def _die(self, crash: Crash) -> None:
        """End the process here and now: whatever it is called from, it writes nothing any more."""
        self._dying = crash
        if self.bot is not None:
            self.bot.journal.close()
        raise Died(crash)

    def tell(self, kind: str, why: str) -> None:
        """Note that a human can know something from now on."""
        self.told.append(Told(at=self.clock.now(), kind=kind, why=why))

    # --- what happens to it

    async def _do_plans(self) -> None:
        now = self.clock.now()
        while self._plans and self._plans[0][0] <= now:
            await self._let(_called(self._plans.pop(0)[1]))

    def _light(self, crash: Crash) -> Callable[[], None]:
        def light() -> None:
            if crash.entry:
                self._fuses.append(crash)
            elif self.bot is not None:
                raise Died(crash)

        return light

    def _lend(self, hand: Hand) -> Callable[[], None]:
        def lend() -> None:
            if hand.does is Does.FLATTEN:
                self.flattened_at = self.clock.now()
            if hand.does in WORDS:
                self._say(WORDS[hand.does])
            else:
                self.gateway.tell(self._others.trade(hand))
                self.gateway.flush()

        return lend

    def _say(self, say: Say, subject: str = "") -> None:
        self._words += 1
        inbox = Inbox(self.folder, self.setup.mode, self.account)
        inbox.put(say, who="drill", at=self.clock.now(), word_id=f"word-{self._words}", subject=subject)


def _nothing() -> None:
    """Be a plan that only stops the day."""


async def _called(do: Callable[[], None]) -> None:
    do()


def _market(setup: Setup) -> SimulatedMarket:
    try:
        market = load_market(market_of(setup), seed=setup.seed)
    except GatewayError as problem:
        raise UsageProblem(str(problem)) from problem
    if setup.mode == "live":
        opening = market.opening_account()
        real = replace(opening, account=opening.account.replace("DU", "U"))
        market.opening_account = lambda: real  # type: ignore[method-assign]
    return market


def _options(setup: Setup) -> Options:
    info = scenario_info(market_of(setup))
    groups: dict[str, Any] = {name: dict(values) for name, values in info.policy.items()}
    for name, values in setup.policy.items():
        groups[name] = {**groups.get(name, {}), **values}
    return options_from(layers.load("demo", environ={}, scenario=groups).settings)


def _plan(setup: Setup, options: Options, folder: Path, account: str) -> Plan:
    values: dict[str, Any] = {}
    if setup.mode == "live":
        arm = folder / f"arm-{account}"
        arm.parent.mkdir(parents=True, exist_ok=True)
        arm.write_text(account, encoding="utf-8")
        values = {"arm_file": arm, "confirmed_account": account}
    return Plan(
        mode=setup.mode,
        port=PORTS[setup.mode],
        configured_account=account,
        folder=folder,
        durable=False,
        part_bytes=PART_BYTES,
        data_lines=setup.lines,
        policy=options.policy,
        guard=options.guard,
        orders=options.orders,
        consent=options.consent,
        events_file=options.events_file,
        context_from_broker=False,
        watch=WatchSettings(check_at=times.time_of_day(setup.check_at)),
        **values,
    )
