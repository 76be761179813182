"""Offer `alvh demo`: the real bot through a scenario, on the embedded simulated gateway, in seconds."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.where import ConfigOption, JsonOption, MethodOption

if TYPE_CHECKING:
    from bot.demo import Show
    from bot.report.result import Result


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    scenario: Annotated[
        str, typer.Option(help="A scenario's name or folder; `alvh gateway --list` shows them.")
    ] = "spike-2018-02",
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the modelled paths; default: the scenario's own.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for journal and page; default: the profile's.")] = None,
    profile: MethodOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Guard the scenario's condor book with the real bot, show it live, and draw the picture of the days."""
    from bot.collector import quieten
    from bot.demo import Show, described, perform
    from bot.options import options_from
    from config import layers

    quieten()
    info = described(scenario)
    loaded = layers.load("demo", config, method=profile, scenario=info.policy)
    settings, parts = loaded.settings, options_from(loaded.settings)
    show = Show(
        scenario=scenario,
        folder=out or Path(settings.journal.folder),
        seed=seed,
        policy=parts.policy,
        guard=parts.guard,
        orders=parts.orders,
        durable=settings.journal.durable,
        events_file=parts.events_file,
        surprises_file=parts.surprises_file or info.surprises,
        context_from_broker=parts.context_from_broker,
        context_file=parts.context_file,
        settings=tuple(
            f"{key} = {layers.value(settings, key)}"
            for key, source in loaded.source.items()
            if source == layers.SCENARIO
        ),
    )
    if as_json:
        typer.echo(json.dumps(asyncio.run(perform(show)).as_json(), indent=2))
        return
    _watch(show)


def _watch(show: Show) -> None:
    from rich.console import Console

    from bot.demo import perform
    from bot.report.live import LiveView
    from bot.report.summary import summary

    console = Console(soft_wrap=True)
    view = LiveView(console, mode="demo", title=show.scenario)
    with view:
        result: Result = asyncio.run(perform(show, view.update))
    summary(result, console, program=_program())


def _program() -> str:
    """Return the command as the reader can type it here: a path while the environment is not on the search path."""
    name = Path(sys.argv[0])
    return os.path.relpath(name) if name.name == "alvh" and shutil.which("alvh") is None else "alvh"
