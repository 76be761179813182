"""Offer `alvh backup` and `alvh compact`: keep copies of the journal, and keep its file short."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.where import ConfigOption, JournalOption, ProfileOption, find_journal
from bot.errors import UsageProblem

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the copies go; closed parts are copied once.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("compact")(compact)


def backup(
    folder: Folder, journal: JournalOption = None, profile: ProfileOption = None, config: ConfigOption = None
) -> None:
    """Copy the journal into a folder, also while the bot runs, and check the copy line by line."""
    from bot.journal.backup import back_up

    made = back_up(_file(journal, profile, config), folder)
    kept = f", {made.kept} closed parts were there already" if made.kept else ""
    typer.echo(f"{made.path} holds {made.last} entries ({made.copied} files copied{kept})\ndigest {made.digest}")


def compact(journal: JournalOption = None, profile: ProfileOption = None, config: ConfigOption = None) -> None:
    """Close the journal's file and go on in a new one, while no bot runs; nothing is deleted."""
    from bot.guard.instance import InstanceLock
    from bot.journal import Journal, JournalReader, Projection

    path = _file(journal, profile, config)
    reader = JournalReader.open(path)
    mode, account = reader.mode, reader.account
    reader.close()
    lock = InstanceLock(path.parent, account)
    lock.acquire()
    try:
        opened = Journal.open(path, mode=mode, account=account)
        opened.recall(Projection())
        turned = opened.turn(0)
        opened.close()
    finally:
        lock.release()
    if not turned:
        raise UsageProblem(f"{path} was not closed: another program reads it, or the disk is full; try again")
    typer.echo(f"{opened.part_paths()[-1]} is closed; {path} goes on after entry {opened.parts[-1].last}")


def _file(journal: Path | None, profile: str | None, config: str | None) -> Path:
    found = find_journal(journal, profile, config)
    if isinstance(found, str):
        raise UsageProblem("this journal is not in a file of SQLite: use the tools of its database")
    return found
