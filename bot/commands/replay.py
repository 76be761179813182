"""Offer `alvh replay`: decide recorded wake-ups again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.where import JsonOption

SHOWN = 20  # differences printed at most


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("replay")
    def again(
        journal: Annotated[Path, typer.Argument(metavar="FILE", help="A journal that the bot has written.")],
        as_json: JsonOption = False,
    ) -> None:
        """Decide every recorded wake-up again from its recorded view, and say how many came out identical."""
        from bot.journal import JournalReader
        from bot.replay.again import replay

        reader = JournalReader.open(journal)
        outcome = replay(reader.entries())
        if as_json:
            rows = [{"seq": row.seq, "parts": list(row.parts)} for row in outcome.differences]
            typer.echo(json.dumps({"decided": outcome.decided, "identical": outcome.identical, "differences": rows}))
        else:
            typer.echo(f"{outcome.identical} of {outcome.decided} decisions came out identical")
            for row in outcome.differences[:SHOWN]:
                typer.echo(f"  wake-up {row.seq}: {', '.join(row.parts)} differ")
        if outcome.differences or not outcome.decided:
            raise typer.Exit(1)
