"""Offer the operator's words: `alvh approve`, `deny`, `kill`, `rearm` and `flatten`."""

from __future__ import annotations

import getpass
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.where import ConfigOption, JournalOption, ProfileOption, find_journal
from bot.errors import UsageProblem

if TYPE_CHECKING:
    from bot.supervise.inbox import Say

TicketArgument = Annotated[str, typer.Argument(metavar="ID", help="The ticket's id, as alvh status shows it.")]
Why = Annotated[str, typer.Option(help="The reason, for the journal.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command("approve")
    def approve(
        ticket: TicketArgument,
        journal: JournalOption = None,
        profile: ProfileOption = None,
        config: ConfigOption = None,
    ) -> None:
        """Say yes to an order that waits; after its deadline a yes is worth nothing."""
        from bot.supervise.inbox import Say

        _say(Say.APPROVE, journal, profile, config, subject=ticket)

    @app.command("deny")
    def deny(
        ticket: TicketArgument,
        why: Why = "",
        journal: JournalOption = None,
        profile: ProfileOption = None,
        config: ConfigOption = None,
    ) -> None:
        """Say no to an order that waits; silence says the same."""
        from bot.supervise.inbox import Say

        _say(Say.DENY, journal, profile, config, subject=ticket, why=why)

    @app.command("kill")
    def kill(
        why: Why = "",
        journal: JournalOption = None,
        profile: ProfileOption = None,
        config: ConfigOption = None,
    ) -> None:
        """Stop every order at once, on disk and across restarts; it sells nothing (see flatten)."""
        from bot.clock import RealClock
        from bot.guard.kill import KillSwitch

        place = _place(journal, profile, config)
        switch = KillSwitch(place.folder, place.mode, place.account)
        switch.engage(why or f"{getpass.getuser()} said kill at {RealClock().now():%Y-%m-%d %H:%M:%S} UTC")
        typer.echo(
            f"{place.mode} {place.account}: the kill switch is engaged; only cancels leave the bot until alvh rearm"
        )

    @app.command("rearm")
    def rearm(journal: JournalOption = None, profile: ProfileOption = None, config: ConfigOption = None) -> None:
        """Lift the kill switch; the running bot does it within seconds and journals who asked."""
        from bot.supervise.inbox import Say

        _say(Say.REARM, journal, profile, config)

    @app.command("flatten")
    def flatten(
        why: Why = "",
        journal: JournalOption = None,
        profile: ProfileOption = None,
        config: ConfigOption = None,
    ) -> None:
        """Sell everything the bot owns, also while the kill switch is engaged."""
        from bot.supervise.inbox import Say

        _say(Say.FLATTEN, journal, profile, config, why=why)


class _Place:
    """Hold whose inbox it is and where."""

    def __init__(self, folder: Path, mode: str, account: str) -> None:
        self.folder = folder
        self.mode = mode
        self.account = account


def _place(journal: Path | None, profile: str | None, config: str | None) -> _Place:
    from bot.journal import JournalReader

    found = find_journal(journal, profile, config)
    if not isinstance(found, Path):
        raise UsageProblem(
            "the journal is no file: name the bot's folder with --journal FOLDER/alvh-MODE-ACCOUNT.sqlite3"
        )
    reader = JournalReader.open(found)
    reader.close()
    return _Place(found.parent, reader.mode, reader.account)


def _say(
    word: Say, journal: Path | None, profile: str | None, config: str | None, *, subject: str = "", why: str = ""
) -> None:
    from bot.clock import RealClock
    from bot.supervise.inbox import Inbox

    place = _place(journal, profile, config)
    Inbox(place.folder, place.mode, place.account).put(
        word, who=getpass.getuser(), at=RealClock().now(), word_id=uuid.uuid4().hex, subject=subject, why=why
    )
    said = f"{word} {subject}".strip()
    typer.echo(f"{place.mode} {place.account}: '{said}' is in the bot's inbox; alvh status shows what became of it")
