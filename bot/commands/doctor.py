"""Offer `alvh doctor`: everything a trading day needs, looked at before it is needed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.where import ConfigOption, JsonOption, ProfileOption
from bot.errors import UsageProblem

if TYPE_CHECKING:
    from bot.broker.readonly import ReadOnlyBroker
    from bot.clock import Clock
    from bot.doctor.findings import Finding
    from config.settings import Settings

SPARE_ID = 500  # added to the client id when the bot itself holds it
LARGEST_ID = 9999


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    profile: ProfileOption = None,
    config: ConfigOption = None,
    page: Annotated[bool, typer.Option("--page", help="Also page a human about what is wanting.")] = False,
    gateway_time: Annotated[
        bool, typer.Option("--gateway-time", help="Live by the gateway's clock: for a simulated gateway only.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Examine line, login, data of every series, contracts, leave to send orders, journal, disk, clock and calendar.

    Exit code 0 when the bot could do its work, 1 when something is wanting, 4 when the gateway cannot be reached.
    """
    from bot.clock import RealClock, ShiftedClock
    from bot.doctor.findings import State, summary
    from config import layers

    settings = layers.load(profile, config).settings
    if settings.mode == "demo":
        raise UsageProblem("the demo brings its own gateway: choose dry-run, paper or live")
    clock = ShiftedClock() if gateway_time else RealClock()
    found, reached = asyncio.run(_examine(settings, clock))
    if as_json:
        rows = [finding.as_row() for finding in found]
        typer.echo(json.dumps({"mode": settings.mode.value, "summary": summary(found), "findings": rows}, indent=2))
    else:
        _print(settings.mode.value, found)
    fails = any(finding.state is State.FAIL for finding in found)
    if page and fails:
        _page(settings, clock, found)
    if fails:
        raise typer.Exit(1 if reached else 4)


async def _examine(settings: Settings, clock: Clock) -> tuple[tuple[Finding, ...], bool]:
    """Return what was found, and whether the gateway was reached."""
    from bot.clock import ShiftedClock
    from bot.doctor import machine
    from bot.doctor.doctor import Case, Doctor
    from bot.options import options_from

    options, folder = options_from(settings), Path(settings.journal.folder)
    broker, told = await _connected(settings, clock)
    if broker is not None and isinstance(clock, ShiftedClock):
        clock.shift_to(await broker.heartbeat())
    if broker is None:
        here = (*machine.of_folder(folder), *machine.of_calendar(clock.now(), options.events_file))
        return (*told, *here), False
    case = Case(
        mode=settings.mode.value,
        folder=folder,
        min_dte=options.policy.contract.min_dte,
        max_dte=options.policy.contract.max_dte,
        largest_minis=options.guard.max_order_minis,
        largest_skew_s=None if isinstance(clock, ShiftedClock) else options.watch.largest_skew_s,
        events_file=options.events_file,
    )
    try:
        known = _refs(folder, settings.mode.value, broker.account)
        return (*told, *await Doctor(case, broker, clock, lambda: known).examine()), True
    finally:
        await broker.disconnect()


async def _connected(settings: Settings, clock: Clock) -> tuple[ReadOnlyBroker | None, list[Finding]]:
    """Return a connected broker, under another client id where the bot holds its own, or why there is none."""
    from bot.broker.connection import Endpoint
    from bot.broker.ib import IbBroker
    from bot.broker.readonly import ReadOnlyBroker
    from bot.doctor.findings import fail, note
    from bot.errors import Refuse, Unreachable

    kind = ReadOnlyBroker if settings.mode == "dry-run" else IbBroker
    own = settings.connection.client_id
    told: list[Finding] = []
    for client_id in (own, own + SPARE_ID if own + SPARE_ID <= LARGEST_ID else own - SPARE_ID):
        broker = kind(Endpoint(**dict(settings.connection) | {"client_id": client_id}), clock, mode=settings.mode)
        try:
            await broker.connect()
            return broker, told
        except Refuse as problem:
            return None, [*told, fail("line", str(problem), "log in to the right account, or mend the settings")]
        except Unreachable as problem:
            if not str(problem).startswith("client id"):
                return None, [*told, fail("line", str(problem), "start TWS or IB Gateway, log in, enable its socket")]
            told.append(note("client id", f"{client_id} is in use, by the running bot or by another program"))
    return None, [*told, fail("line", "no client id is free", "stop the other programs at this gateway")]


def _refs(folder: Path, mode: str, account: str) -> Collection[str] | None:
    """Return the orders that this folder's journal knows; `None` where there is no journal."""
    from bot.journal import JournalReader, Kind, journal_path

    path = journal_path(folder, mode, account)
    if not path.is_file():
        return None
    reader = JournalReader.open(path)
    try:
        return {str(entry.body["ref"]) for entry in reader.entries(kinds=(Kind.INTENT,))}
    finally:
        reader.close()


def _print(mode: str, found: tuple[Finding, ...]) -> None:
    from bot.doctor.findings import summary

    width = max(len(finding.topic) for finding in found)
    for finding in found:
        remedy = f" -> {finding.remedy}" if finding.remedy else ""
        typer.echo(f"{finding.state.value:<4}  {finding.topic:<{width}}  {finding.seen}{remedy}")
    typer.echo(f"{mode}: {summary(found)}")


def _page(settings: Settings, clock: Clock, found: tuple[Finding, ...]) -> None:
    from bot.doctor.findings import State, wanting
    from bot.options import options_from
    from bot.watch.pager import Pager
    from bot.watch.pages import Severity

    pager = Pager(options_from(settings).pager, clock, mode=settings.mode.value, account=settings.connection.account)
    pager.page(Severity.CRITICAL, f"alvh doctor: {wanting(found, State.FAIL)}")
    pager.close()
    for failure in pager.failures():
        typer.echo(f"alvh: a page did not get through: {failure}", err=True)
