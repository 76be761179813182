"""Offer `alvh export`: the journal as canonical lines, the same for equal runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UsageProblem


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    journal: Annotated[Path, typer.Argument(metavar="FILE", help="A journal that the bot has written.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The text file to write; it must not exist yet.")],
) -> None:
    """Write a journal as canonical JSON lines, wall-clock fields left out, and print its digest."""
    from bot.journal import JournalReader

    if out.exists():
        raise UsageProblem(f"{out} exists already: name a file that does not")
    reader = JournalReader.open(journal)
    try:
        count = reader.export(out)
    except OSError as problem:
        raise UsageProblem(f"{out} cannot be written ({problem.strerror}): choose another place") from problem
    typer.echo(f"{count} entries written to {out}\ndigest {reader.digest()}")
