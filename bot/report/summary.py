"""Print the end of a run as tables: each tranche, each sale, what it cost and what it was for."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from bot.report.result import Result, dollars
from bot.report.story import Trade
from strategies.alvh.records import Side

NEW_YORK = ZoneInfo("America/New_York")
REASONS_SHOWN = 5


def summary(result: Result, console: Console, *, program: str) -> None:
    """Print the summary of a finished run; `program` is how the reader started it."""
    run = result.run
    heading = f"\n{run.title}  ({run.mode}, {run.account}, scenario {run.scenario}, seed {run.seed})"
    console.print(heading, style="bold", markup=False)
    console.print(f"{result.period()}, {result.wakeups} wake-ups, {result.explained} explained, {run.library}")
    console.print(f"profile {result.profile}\n")
    for setting in run.settings:
        console.print(f"set by the scenario: {setting}", markup=False, highlight=False)
    for trade in result.trades:
        _print_trade(trade, console)
    if not result.trades:
        console.print(f"No order. {result.why_none()}", markup=False)
    console.print(_money(result))
    if result.teller.refusals:
        console.print("What most often stood against an order:")
        for reason, count in result.teller.refusals.most_common(REASONS_SHOWN):
            words = result.teller.example(reason)
            console.print(f"  {count:5}  {reason} - {words}", markup=False, highlight=False)
    console.print(
        f"\njournal  {run.journal}\ndigest   {run.digest}\npage     {run.report}", markup=False, highlight=False
    )
    console.print(f"explain  {program} explain --story --journal {run.journal}", markup=False, highlight=False)


def _print_trade(trade: Trade, console: Console) -> None:
    """Print one filled order in two lines that fit a terminal of eighty columns."""
    clock = f"{trade.at.astimezone(NEW_YORK):%a %d %b %H:%M:%S}"
    vega = f"vega {dollars(trade.vega_before)} to {dollars(trade.vega_after)}/pt"
    order = f"{trade.side:4} {trade.quantity} {trade.contract} at {trade.price:.3f}"
    console.print(f"{clock}  {order}  {vega}", style="green" if trade.side is Side.BUY else "yellow", highlight=False)
    console.print(f"    {_label(trade)}: {trade.reason}", markup=False, highlight=False)


def _label(trade: Trade) -> str:
    return f"tranche {trade.tranche}" if trade.side is Side.BUY and trade.tranche is not None else trade.stage_name


def _money(result: Result) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for card in result.cards():
        table.add_row(card["label"], card["value"], card["note"])
    return table
