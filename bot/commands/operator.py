"""Offer the operator's words: `alvh approve`, `deny`, `kill`, `rearm`, `flatten` and `reconcile`."""

from __future__ import annotations

import getpass
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.where import ConfigOption, JournalOption, JsonOption, ProfileOption, find_journal, open_reader
from bot.errors import UsageProblem

if TYPE_CHECKING:
    from bot.supervise.inbox import Say

TicketArgument = Annotated[str, typer.Argument(metavar="ID", help="The ticket's id, as alvh status shows it.")]
BY_JOURNAL = "nothing was said to any bot: mend the settings, or name the bot by its file: --journal FILE"
Why = Annotated[str, typer.Option(help="The reason, for the journal.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (approve, deny, kill, rearm, flatten, reconcile):
        app.command(command.__name__)(command)


def approve(
    ticket: TicketArgument,
    journal: JournalOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
) -> None:
    """Say yes to an order that waits; after its deadline a yes is worth nothing."""
    from bot.supervise.inbox import Say

    _say(Say.APPROVE, journal, profile, config, subject=ticket)


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


def kill(
    why: Why = "",
    journal: JournalOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
) -> None:
    """Stop every order of all bots of the folder that can send, or of the one named; sell nothing (see flatten)."""
    from bot.clock import RealClock

    reason = why or f"{getpass.getuser()} said kill at {RealClock().now():%Y-%m-%d %H:%M:%S} UTC"
    faults: list[str] = []
    chosen = journal is not None or profile is not None
    for place in (_place(journal, profile, config),) if chosen else _places(config):
        faults += _engage(place, reason)
    if faults:
        raise UsageProblem("; ".join(faults))


def rearm(journal: JournalOption = None, profile: ProfileOption = None, config: ConfigOption = None) -> None:
    """Lift the kill switch; the running bot does it within seconds and journals who asked."""
    from bot.supervise.inbox import Say

    _say(Say.REARM, journal, profile, config)


def flatten(
    why: Why = "",
    journal: JournalOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
) -> None:
    """Sell everything the bot owns, also while the kill switch is engaged."""
    from bot.supervise.inbox import Say

    _say(Say.FLATTEN, journal, profile, config, why=why)


def reconcile(
    accept: Annotated[
        int | None,
        typer.Option("--accept", metavar="CONTRACT", help="Take the account as right about this contract's number."),
    ] = None,
    why: Why = "",
    journal: JournalOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where journal and account differ and what can be done about it, or accept what the account shows."""
    from bot.report.reconciling import as_lines, reconciliation
    from bot.supervise.inbox import Say

    if accept is not None:
        _say(Say.ACCEPT, journal, profile, config, subject=str(accept), why=why)
        return
    facts = reconciliation(open_reader(journal, profile, config))
    typer.echo(json.dumps(facts, indent=2) if as_json else "\n".join(as_lines(facts)))


class _Place:
    """Hold whose inbox it is and where."""

    def __init__(self, folder: Path, mode: str, account: str) -> None:
        self.folder = folder
        self.mode = mode
        self.account = account


def _engage(place: _Place, why: str) -> list[str]:
    """Engage one kill switch, and return what prevents it: the others must still be reached."""
    from bot.guard.kill import KillSwitch

    switch = KillSwitch(place.folder, place.mode, place.account)
    try:
        switch.engage(why)
    except OSError as error:
        return [
            f"{place.mode} {place.account}: the kill switch {switch.path} cannot be written ({error.strerror}): stop "
            "the bot itself and take its orders back in TWS"
        ]
    what = "only cancels and what alvh flatten sells leave the bot"
    typer.echo(f"{place.mode} {place.account}: the kill switch is engaged; {what} until alvh rearm")
    return []


def _places(config: str | None) -> tuple[_Place, ...]:
    """Return every bot that can send and has a journal in the settings' folder: in a hurry all of them are meant."""
    from config import layers
    from config.settings import Mode

    try:
        settings = layers.load(None, config).settings
    except layers.SettingsError as wrong:
        raise UsageProblem(f"{wrong}; {BY_JOURNAL}") from None
    if settings.journal.url.get_secret_value():
        return (_place(None, None, config),)
    folder = Path(settings.journal.folder)
    found = [
        _Place(folder, mode.value, path.stem.removeprefix(f"alvh-{mode.value}-"))
        for mode in Mode
        if mode is not Mode.DRY_RUN  # it sends nothing and obeys no words
        for path in sorted(folder.glob(f"alvh-{mode.value}-*.sqlite3"))
    ]
    if not found:
        raise UsageProblem(
            f"there is no journal in {folder.resolve()}: say kill in the folder where the bot was started, or name its "
            "journal with --journal"
        )
    return tuple(found)


def _place(journal: Path | None, profile: str | None, config: str | None) -> _Place:
    from bot.journal import JournalReader
    from config import layers

    try:
        found = find_journal(journal, profile, config)
    except layers.SettingsError as wrong:
        raise UsageProblem(f"{wrong}; {BY_JOURNAL}") from None
    reader = JournalReader.open(found)
    reader.close()
    folder = found.parent if isinstance(found, Path) else Path(layers.load(profile, config).settings.journal.folder)
    return _Place(folder, reader.mode, reader.account)


def _say(
    word: Say, journal: Path | None, profile: str | None, config: str | None, *, subject: str = "", why: str = ""
) -> None:
    from bot.clock import RealClock
    from bot.supervise.inbox import Inbox

    place = _place(journal, profile, config)
    if place.mode == "dry-run":
        raise UsageProblem(
            f"a dry-run bot has no orders and obeys no words: name the bot for '{word}' with --profile or --journal"
        )
    Inbox(place.folder, place.mode, place.account).put(
        word, who=getpass.getuser(), at=RealClock().now(), word_id=uuid.uuid4().hex, subject=subject, why=why
    )
    said = f"{word} {subject}".strip()
    typer.echo(f"{place.mode} {place.account}: '{said}' is in the bot's inbox; alvh status shows what became of it")
