"""Offer `alvh status`, `alvh orders` and `alvh explain`: read the journal, also while the bot runs."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from bot.commands.where import AllFlag, ConfigOption, JournalOption, JsonOption, ProfileOption, open_reader
from bot.errors import UsageProblem

Sequence = Annotated[
    int | None, typer.Argument(metavar="[SEQ]", help="A wake-up's sequence number; default: the last.")
]
StoryFlag = Annotated[bool, typer.Option("--story", help="Tell the whole journal: every moment, and why nothing else.")]
TableFlag = Annotated[bool, typer.Option("--table", help="Print the checks as a table.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("orders")(orders)
    app.command("explain")(explain)


def status(
    journal: JournalOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how the bot stands: phase, hedge, working orders, locks, tickets that wait, the last wake-up."""
    from bot.report.standing import standing

    reader = open_reader(journal, profile, config)
    facts = standing(reader.mode, reader.account, reader)
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    for name, fact in facts.items():
        typer.echo(f"{name.replace('_', ' '):18} {_plain(fact)}")


def orders(
    journal: JournalOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every order that the bot intended, with what became of it."""
    from bot.report.standing import order_rows

    rows = order_rows(open_reader(journal, profile, config))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        typer.echo("no order was intended")
    else:
        typer.echo("times are those of the intent, New York")
    for row in rows:
        average = "-" if row["average"] is None else f"{row['average']:.3f}"
        typer.echo(
            f"{row['time']}  {row['side']:4} {row['quantity']:>3} {row['contract']:20} {row['state']:9} "
            f"{row['filled']:>3} done at {average:>7}  {row['why']}  [{row['ref']}]"
        )


def explain(
    seq: Sequence = None,
    story: StoryFlag = False,
    table: TableFlag = False,
    everything: AllFlag = False,
    journal: JournalOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain one wake-up check by check, or tell the whole journal as a story."""
    from bot.journal import Kind
    from bot.report.telling import one_wakeup, story_lines

    reader = open_reader(journal, profile, config)
    if story and seq is not None:
        raise UsageProblem("--story tells the whole journal: leave the number out, or --story")
    if story:
        if not reader.count(Kind.WAKEUP):
            typer.echo(f"no wake-up yet; the journal holds {reader.last_seq()} entries: see alvh status")
        for line in story_lines(reader.entries()):
            typer.echo(line)
        return
    told = one_wakeup(reader, seq)
    if as_json:
        typer.echo(json.dumps(told.facts(), indent=2))
    else:
        typer.echo(told.as_table() if table else told.as_text(everything=everything))


def _plain(fact: Any) -> str:
    """Return a fact as a person reads it: lists one a line, indented under the first."""
    if isinstance(fact, list):
        return f"\n{'':19}".join(str(item) for item in fact) if fact else "none"
    return "-" if fact is None else str(fact)
