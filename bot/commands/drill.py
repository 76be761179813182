"""Offer `alvh drill`: days with faults, crashes and other people's hands, and whether the rules held."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from bot.errors import UsageProblem

if TYPE_CHECKING:
    from bot.drill.outcome import Outcome
    from bot.drill.table import Drill


NEW_YORK = ZoneInfo("America/New_York")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drill")(drill)


def drill(
    names: Annotated[list[str] | None, typer.Argument(help="Drills by name, or files of drills.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Run every named drill.")] = False,
    crash: Annotated[bool, typer.Option("--crash", help="Kill the bot's process at every moment of one day.")] = False,
    sample: Annotated[int, typer.Option(min=0, help="With --crash: only so many of the moments; 0: all.")] = 0,
    others: Annotated[int, typer.Option(min=0, help="With --crash: so many frames about no order, drawn.")] = 40,
    random: Annotated[int, typer.Option(min=0, help="Play so many days drawn at random.")] = 0,
    day: Annotated[int, typer.Option(min=-1, help="Play the random day of this number, as a failure names it.")] = -1,
    soak: Annotated[int, typer.Option(min=0, help="Play so many sessions in a row, and measure what grows.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Draws what is drawn.")] = 1,
    folder: Annotated[Path, typer.Option(help="Keeps what was tried, so that it can be gone on with.")] = Path(
        "var/drill"
    ),
) -> int:
    """Prove that the bot survives: without a name, list the drills; with names or --all, run them."""
    from bot.collector import quieten
    from bot.drill.table import drill_named, drills

    _one_thing(
        {"names": names, "--all": every, "--crash": crash, "--random": random, "--day": day >= 0, "--soak": soak}
    )
    if sample and not crash:
        raise UsageProblem("--sample goes with --crash: say alvh drill --crash --sample N")
    if crash:
        return _crash(folder, sample, others, seed)
    if random or day >= 0:
        return _random_day(day, folder) if day >= 0 else _random(random, seed, folder)
    if soak:
        return _soak(soak, seed)
    if not names and not every:
        return _list(drills())
    quieten()
    failed = 0
    files = [Path(name) for name in names or () if name.endswith(".toml")]
    wanted = drills() if every else tuple(drill_named(name) for name in names or () if not name.endswith(".toml"))
    for one in wanted:
        failed += _run(one)
    for file in files:
        failed += _replay(file)
    typer.echo(f"{len(wanted) + len(files)} run, {failed} failed")
    return 1 if failed else 0


def _one_thing(asked: dict[str, object]) -> None:
    said = [name for name, value in asked.items() if value]
    if len(said) > 1:
        raise UsageProblem(f"{' and '.join(said)} are different things: ask for one at a time")


def _list(found: tuple[Drill, ...]) -> int:
    for one in found:
        typer.echo(f"{one.row:16} {one.name:35} {one.fault}")
    typer.echo("the first column is the row of docs/survival.md")
    typer.echo(f"{len(found)} drills; run one with `alvh drill NAME`, all with `alvh drill --all`")
    return 0


def _crash(folder: Path, sample: int, others: int, seed: int) -> int:
    """Kill the process of one day at many moments, one day each, and print what came of them."""
    from bot.drill.crashes import DAY, campaign, points, sampled, table, undisturbed

    quiet = undisturbed(DAY, folder / "undisturbed")
    found = points(quiet, seed, others)
    chosen = sampled(found, seed, sample or len(found))
    typer.echo(f"{len(found)} moments of a hedged morning, {len(chosen)} to be tried")
    outcomes = campaign(DAY, folder, chosen, quiet, lambda outcome: typer.echo(outcome.line))
    for line in table(outcomes):
        typer.echo(line)
    return 1 if any(outcome.faults for outcome in outcomes) else 0


def _random(count: int, seed: int, folder: Path) -> int:
    """Play days drawn from a seed, going on where an earlier part with the same seed and folder ended."""
    from bot.collector import quieten
    from bot.drill.search import search

    quieten()
    progress = search(count, seed, folder / f"random-{seed}", typer.echo)
    return 1 if progress.failed else 0


def _random_day(number: int, folder: Path) -> int:
    """Write the drill of a number into the folder and play it."""
    from bot.drill.draw import drawn
    from bot.drill.setup import as_toml

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"day-{number}.toml"
    file.write_text(as_toml(drawn(number)), encoding="utf-8")
    return 1 if _replay(file) else 0


def _soak(sessions: int, seed: int) -> int:
    """Play one bot through many sessions without a break, and print what it held at the end of each."""
    from bot.collector import quieten
    from bot.drill.soak import soak

    quieten()
    found = soak(sessions, seed, typer.echo)
    typer.echo(f"{sessions} sessions, {found.troubles} troubles, {found.bought} minis bought")
    for what in found.failed:
        typer.echo(f"       {what}")
    return 1 if found.failed else 0


def _run(one: Drill) -> bool:
    from bot.drill.outcome import run

    outcome = asyncio.run(run(one))
    typer.echo(f"{'FAILED' if outcome.failed else 'held':6} {one.name:35} {_figures(outcome)}")
    _complain(outcome)
    return bool(outcome.failed)


def _replay(file: Path) -> bool:
    """Play a file of one drill, and leave its journal beside it."""
    from bot.drill.outcome import play
    from bot.drill.setup import read_setup

    setup = read_setup(file)
    folder = _emptied(file.with_suffix(""))
    _, outcome = asyncio.run(play(setup, folder))
    typer.echo(f"{'FAILED' if outcome.failed else 'held':6} {file} {_figures(outcome)}; journal in {folder}")
    for told in outcome.told:
        typer.echo(f"       {told.at.astimezone(NEW_YORK):%H:%M:%S} {told.kind}: {told.why}")
    _complain(outcome)
    return bool(outcome.failed)


def _emptied(folder: Path) -> Path:
    """Return the folder without what an earlier play left there; raise `UsageProblem` where it holds anything else."""
    if folder.exists():
        names = [path.name for path in folder.iterdir()]
        foreign = [name for name in names if not name.startswith(("alvh-", "arm-", "inbox-", "kill-switch-"))]
        if foreign:
            raise UsageProblem(f"{folder} holds {foreign[0]}, which no drill wrote: move it, or the file of the drill")
        shutil.rmtree(folder)
    return folder


def _figures(outcome: Outcome) -> str:
    back = "not back in step" if outcome.recovered_s is None else f"in step after {outcome.recovered_s:.0f} s"
    return f"{outcome.bought} minis bought, {outcome.left} left, {back}"


def _complain(outcome: Outcome) -> None:
    for what in outcome.failed:
        typer.echo(f"       {what}")
