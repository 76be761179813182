"""Run the real bot through a scenario: real client library, real socket, simulated gateway, stepped clock."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.app import Bot
from bot.barrier import Barrier
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.clock import SteppedClock
from bot.errors import UsageProblem
from bot.gateway.errors import GatewayError
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import ScenarioInfo, load_market, scenario_info
from bot.gateway.records import Market
from bot.gateway.server import Gateway
from bot.guard.controls import GuardSettings
from bot.journal import Journal, JournalReader, journal_path
from bot.orders.ladder import OrderSettings
from bot.plan import Plan
from bot.report.page import draw
from bot.report.result import Result, Run
from bot.report.story import Teller
from bot.schedule import Stepper
from bot.session import hours_on
from strategies.alvh.policy import Policy

NEW_YORK = ZoneInfo("America/New_York")
CLIENT_ID = 17
TICK = timedelta(seconds=15)  # the market's own
LOOKS_EVERY = timedelta(minutes=1)  # the bot's wake-ups: what it does not look at need not be sent
ASLEEP = timedelta(hours=1)
BEFORE_OPEN = timedelta(minutes=30)
AFTER_CLOSE = timedelta(minutes=20)
REPORT_NAME = "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Say which scenario is shown, under which settings, and where its files go.

    `settings` are those that the scenario itself brings along, in words.
    """

    scenario: str
    folder: Path
    seed: int | None = None
    policy: Policy = field(default_factory=Policy)
    guard: GuardSettings = field(default_factory=GuardSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    durable: bool = False
    until: datetime | None = None
    events_file: Path | None = None
    surprises_file: Path | None = None
    context_from_broker: bool = False
    context_file: Path | None = None
    settings: tuple[str, ...] = ()


def described(scenario: str) -> ScenarioInfo:
    """Return what a scenario says of itself; raises `UsageProblem` when it is unknown or broken."""
    try:
        return scenario_info(scenario)
    except GatewayError as problem:
        raise UsageProblem(str(problem)) from problem


async def perform(show: Show, watch: Callable[[Teller], None] = lambda teller: None) -> Result:
    """Run the bot through the scenario and return what happened; `watch` is called after every wake-up.

    Raises `UsageProblem` for a scenario that is unknown or broken.
    """
    try:
        market = load_market(show.scenario, seed=show.seed)
    except GatewayError as problem:
        raise UsageProblem(str(problem)) from problem
    gateway = Gateway(market, SimulatedExchange(market), quiet_every=LOOKS_EVERY, models_only=True)
    port = await gateway.start(0)
    try:
        return await _run(show, market, gateway, port, watch)
    finally:
        await gateway.stop()


async def _run(show: Show, market: Market, gateway: Gateway, port: int, watch: Callable[[Teller], None]) -> Result:
    clock = SteppedClock(market.start)
    folder = fresh_folder(show.folder / f"{market.name}-seed{market.seed}")
    info = scenario_info(show.scenario)
    about: dict[str, Any] = {"scenario": market.name, "seed": market.seed, "title": info.title}
    if show.settings:
        about["scenario_settings"] = list(show.settings)
    plan = Plan(
        mode="demo",
        port=port,
        configured_account=market.opening_account().account,
        folder=folder,
        durable=show.durable,
        simulated=True,
        policy=show.policy,
        guard=show.guard,
        orders=show.orders,
        events_file=show.events_file,
        surprises_file=show.surprises_file,
        context_from_broker=show.context_from_broker,
        context_file=show.context_file,
        about=about,
    )
    endpoint = Endpoint(port=port, client_id=CLIENT_ID, account=plan.configured_account, stepped=True)
    broker = IbBroker(endpoint, clock, mode="demo", waits=clock)
    bot, teller, barrier = Bot(plan, broker, clock), Teller(), Barrier(gateway, broker, CLIENT_ID)

    def follow(journal: Journal) -> None:
        journal.follow(teller.apply)
        journal.follow(lambda entry: watch(teller))

    async def catch_up(to: datetime) -> None:
        gateway.advance(to)
        await barrier.settle()

    await bot.open(follow)
    try:
        stepper = Stepper(clock, bot.jobs(), catch_up, lambda now: stride(now, gateway.cadence()), bot.report)
        await stepper.run(show.until or market.end)
    finally:
        await bot.close()
    return _conclude(plan, teller, info, broker)


def _conclude(plan: Plan, teller: Teller, info: ScenarioInfo, broker: IbBroker) -> Result:
    """Draw the page and return the result; the journal must be closed."""
    journal = journal_path(plan.folder, plan.mode, broker.account)
    reader = JournalReader.open(journal)
    run = Run(
        mode=plan.mode,
        scenario=info.name,
        title=info.title,
        seed=int(plan.about["seed"]),
        account=broker.account,
        journal=str(journal),
        digest=reader.digest(),
        report=str(plan.folder / REPORT_NAME),
        library=broker.library,
        settings=tuple(plan.about.get("scenario_settings", ())),
    )
    reader.close()
    result = Result(run=run, teller=teller, trades=teller.trades())
    page = draw(result, teller, provenance=provenance(info))
    (plan.folder / REPORT_NAME).write_text(page, encoding="utf-8")
    return result


def provenance(info: ScenarioInfo) -> str:
    """Say which numbers of a scenario are recorded, published or modelled."""
    parts = [f"{name}: {kind}{f' ({source})' if source else ''}" for name, kind, source in info.series]
    return f"{info.text} Where the numbers come from - {'; '.join(parts)}."


def stride(now: datetime, shown_every: timedelta = TICK) -> timedelta:
    """Return how far the stepped clock may go at once: around a session to what is shown next, an hour at night."""
    hours = hours_on(now.astimezone(NEW_YORK).date())
    if hours is None:
        return ASLEEP
    watched = hours.opens_at - BEFORE_OPEN <= now < hours.closes_at + AFTER_CLOSE
    return shown_every if watched else ASLEEP


def fresh_folder(folder: Path) -> Path:
    """Return the folder of this run, emptied of what an earlier run of the same scenario and seed left there."""
    try:
        if folder.exists():
            leftovers = {path.name for path in folder.iterdir()}
            ours = REPORT_NAME in leftovers or any(name.startswith("alvh-demo-") for name in leftovers)
            if leftovers and not ours:
                raise UsageProblem(f"{folder} holds files that no demo wrote: choose another folder with --out")
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as problem:
        raise UsageProblem(
            f"the folder {folder} cannot be written ({problem.strerror}): choose another one with --out"
        ) from problem
    return folder
