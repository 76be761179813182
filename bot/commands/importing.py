"""Offer `alvh data import`: turn recorded or published figures into a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UsageProblem


def register(app: typer.Typer) -> None:
    """Add the group `data` to the application."""
    group = typer.Typer(no_args_is_help=True, help="Turn recorded data into scenarios.")
    group.command("import")(import_data)
    app.add_typer(group, name="data")

    @group.callback()
    def data() -> None:
        """Turn recorded data into scenarios."""


def import_data(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of recorded CSV files.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder in which the scenario's folder is made.")],
    name: Annotated[str, typer.Option(help="The scenario's name; default: the folder's.")] = "",
    history: Annotated[
        Path | None, typer.Option(help="A folder of daily CSV files from before the session: the warm-up's history.")
    ] = None,
) -> None:
    """Make a scenario from recorded minutes, quotes and daily figures; run it with `alvh demo --scenario FOLDER`."""
    from bot.gateway.errors import GatewayError
    from bot.gateway.importing import import_session

    try:
        folder = import_session(source, out, name=name or source.name, history=history)
    except GatewayError as problem:
        raise UsageProblem(str(problem)) from problem
    typer.echo(f"scenario written to {folder}; run it with: alvh demo --scenario {folder}")
