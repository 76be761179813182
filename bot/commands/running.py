"""Offer `alvh run`: the bot on a real gateway, or on a simulated one that somebody else started."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.where import ConfigOption, ProfileOption
from bot.errors import UsageProblem

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.broker.readonly import ReadOnlyBroker
    from bot.clock import Clock
    from bot.plan import Plan
    from bot.watch.pager import Pager
    from bot.watch.systemd import Service
    from config.settings import Settings

ARM_FILE = "arm"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run)


def run(
    profile: ProfileOption = None,
    config: ConfigOption = None,
    gateway_time: Annotated[
        bool, typer.Option("--gateway-time", help="Live by the gateway's clock: for a simulated gateway only.")
    ] = False,
    confirm: Annotated[str, typer.Option(help="Live only: type the account's number again.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a gateway that is not there yet, and page; for a service.")
    ] = False,
) -> None:
    """Guard the account's condors until stopped: dry-run (sends nothing), paper (by itself) or live (asks first)."""
    from bot.clock import RealClock, SteppedClock
    from bot.logs import start_logs
    from config import layers

    settings = layers.load(profile, config).settings
    if settings.mode == "demo":
        raise UsageProblem("the demo brings its own gateway: use alvh demo, or choose dry-run, paper or live")
    if settings.mode == "live" and gateway_time:
        raise UsageProblem("--gateway-time is for a simulated gateway; live runs on this machine's clock")
    clock = SteppedClock(datetime.fromtimestamp(0, UTC)) if gateway_time else RealClock()
    start_logs(settings.mode, clock)
    from bot.watch.pages import Severity

    pager = _pager(settings, clock, simulated=gateway_time)
    try:
        asyncio.run(_run(settings, clock, confirm, pager, wait=wait and not gateway_time))
    except Exception as problem:
        pager.page(Severity.CRITICAL, f"the bot stops: {problem}")
        raise
    finally:
        pager.close()
        for failure in pager.failures():
            typer.echo(f"alvh: a page did not get through: {failure}", err=True)


def _pager(settings: Settings, clock: Clock, *, simulated: bool) -> Pager:
    """Return who pages; what happens on a simulated gateway stays here unless the settings ask for it."""
    from dataclasses import replace

    from bot.options import options_from
    from bot.watch.pager import Pager

    told = options_from(settings).pager
    if simulated and not settings.pages.in_simulation:
        told = replace(told, hooks=())
    return Pager(told, clock, mode=settings.mode.value, account=settings.connection.account)


async def _run(settings: Settings, clock: Clock, confirm: str, pager: Pager, *, wait: bool) -> None:
    from bot.app import Bot
    from bot.clock import SteppedClock
    from bot.collector import quieten
    from bot.gateway.door import is_loopback
    from bot.runner import check_clock, run_on_gateway_time, run_on_real_clock
    from bot.watch.systemd import Service

    broker, service = _broker(settings, clock), Service()
    bot = Bot(_plan(settings, confirm, on_gateway_time=isinstance(clock, SteppedClock)), broker, clock, pager)
    await _connect(broker, clock, pager, service, wait=wait)
    try:
        if isinstance(clock, SteppedClock):
            clock.move(await broker.heartbeat())
        else:
            await check_clock(bot, clock)
        await bot.open()
    except BaseException:
        await broker.disconnect()
        raise
    quieten()
    try:
        typer.echo(_greeting(settings, bot))
        if not is_loopback(settings.connection.host):
            typer.echo(_open_line(settings.connection.host), err=True)
        if isinstance(clock, SteppedClock):
            await run_on_gateway_time(bot, clock)
        else:
            await run_on_real_clock(bot, service)
    finally:
        await bot.close()


async def _connect(broker: ReadOnlyBroker, clock: Clock, pager: Pager, service: Service, *, wait: bool) -> None:
    """Connect; with `wait` try for as long as it takes, slower and slower at night, and page as for a lost line."""
    from bot.errors import Unreachable
    from bot.outage import Outage

    outage = Outage()
    while True:
        began = clock.now()
        try:
            return await broker.connect()
        except Unreachable as problem:
            if not wait:
                raise
            said = outage.failed(began, problem)
            service.status(f"waiting for the gateway: {problem}")
        if said is not None:
            typer.echo(said[0], err=True)
            pager.page(said[1], said[0])
        await clock.sleep(outage.pause(began).total_seconds())


def _broker(settings: Settings, clock: Clock) -> ReadOnlyBroker:
    """Return a broker object that can send orders only where the mode may."""
    from bot.broker.connection import Endpoint
    from bot.broker.ib import IbBroker
    from bot.broker.readonly import ReadOnlyBroker

    endpoint = Endpoint(**dict(settings.connection))
    kind = ReadOnlyBroker if settings.mode == "dry-run" else IbBroker
    return kind(endpoint, clock, mode=settings.mode)


def _plan(settings: Settings, confirm: str, *, on_gateway_time: bool) -> Plan:
    from dataclasses import replace

    from bot.guard.instance import state_folder
    from bot.options import options_from
    from bot.plan import Plan

    options, folder = options_from(settings), Path(settings.journal.folder)
    account = settings.connection.account
    return Plan(
        mode=settings.mode,
        port=settings.connection.port,
        configured_account=account,
        folder=folder,
        journal_url=settings.journal.url.get_secret_value(),
        durable=settings.journal.durable,
        part_bytes=settings.journal.part_mb * 1_000_000,
        policy=options.policy,
        guard=options.guard,
        orders=options.orders,
        consent=options.consent,
        events_file=options.events_file,
        surprises_file=options.surprises_file,
        context_from_broker=options.context_from_broker,
        context_file=options.context_file,
        arm_file=folder / f"{ARM_FILE}-{account}" if account else None,
        confirmed_account=confirm,
        watch=replace(options.watch, largest_skew_s=None) if on_gateway_time else options.watch,
        state=state_folder(),
    )


def _open_line(host: str) -> str:
    return (
        f"WARNING: the line to {host} leaves this machine, and the TWS API has neither a password nor encryption. "
        "Whoever stands between can read account and orders, change them, and tell the bot any price; whoever reaches "
        "that port can trade the account. Run both on one machine, or through a tunnel (ssh -L) to 127.0.0.1"
    )


def _greeting(settings: Settings, bot: Bot) -> str:
    how = {"dry-run": "sends nothing", "paper": "sends orders by itself", "live": "REAL MONEY, asks before it opens"}
    where = f"{settings.connection.host}:{settings.connection.port}"
    return (
        f"{settings.mode.upper()} on account {bot.broker.account} at {where} ({how[settings.mode]}), "
        f"{bot.broker.library}; journal {bot.place}; Ctrl-C stops it"
    )
