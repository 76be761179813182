"""Find the journal that a reading command is about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UsageProblem
from bot.journal import JournalReader
from config import layers

JournalOption = Annotated[
    Path | None, typer.Option("--journal", "-j", metavar="FILE", help="A journal file; default: the profile's own.")
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", "-p", help="demo, dry-run, paper or live (default: dry-run).")
]
MethodOption = Annotated[
    str | None, typer.Option("--profile", help="Temper of the method: steward or promoter (default: policy.profile).")
]
ConfigOption = Annotated[str | None, typer.Option("--config", "-c", metavar="FILE", help="Your own settings file.")]
AllFlag = Annotated[bool, typer.Option("--all", help="Also print every check that passed.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def find_journal(journal: Path | None, profile: str | None, config: str | None) -> Path | str:
    """Return the named journal, or the newest one of the profile's mode in its folder."""
    if journal is not None:
        return journal
    settings = layers.load(profile, config).settings
    if settings.journal.url.get_secret_value():
        return settings.journal.url.get_secret_value()
    folder, account = Path(settings.journal.folder), settings.connection.account or "*"
    found = sorted(folder.glob(f"alvh-{settings.mode}-{account}.sqlite3"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise UsageProblem(
            f"there is no journal of mode {settings.mode} in {folder}: start the bot first, choose another --profile, "
            "or name a file with --journal"
        )
    return found[-1]


def open_reader(journal: Path | None, profile: str | None, config: str | None) -> JournalReader:
    """Open the journal for reading while the bot may be writing it."""
    return JournalReader.open(find_journal(journal, profile, config))
