"""Offer `alvh whatif`: what the bot would do at a given market, without a broker."""

from __future__ import annotations

import json
from datetime import date, time
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.where import AllFlag, JsonOption, MethodOption, open_reader
from bot.errors import UsageProblem

if TYPE_CHECKING:
    from bot.whatif.answer import Answer
    from bot.whatif.bars import Macd
    from bot.whatif.told import Given
    from strategies.alvh.policy import Policy

BASELINES = ("stored", "modelled")
OF_A_BOOK = ("day", "at", "spx_prev", "vix_prev", "vix9d_prev", "vix3m_prev", "vx_prev", "hv20", "baseline", "peak")
RSI_LOW, RSI_HIGH = 5.0, 95.0
LARGEST = 1e6

BookOption = Annotated[Path | None, typer.Option("--book", "-b", metavar="FILE", help="A book: TOML, or CSV of legs.")]
LastOption = Annotated[
    Path | None, typer.Option("--journal", "-j", metavar="FILE", help="Take book and market of its last wake-up.")
]
LiveOption = Annotated[bool, typer.Option("--live", help="The same from the newest journal of the live mode.")]
PolicyOption = Annotated[
    str | None, typer.Option("--config", "-c", "--policy", metavar="FILE", help="Your own settings file.")
]
Points = Annotated[float | None, typer.Option(metavar="POINTS", help="Value now.")]
Before = Annotated[float | None, typer.Option(metavar="POINTS", help="Close of the session before.")]
Dollars = Annotated[float | None, typer.Option(metavar="DOLLARS", help="Of the account.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("whatif")(whatif)


def whatif(
    book: BookOption = None,
    journal: LastOption = None,
    live: LiveOption = False,
    wakeup: Annotated[
        int | None, typer.Option(metavar="SEQ", help="Another wake-up of the journal, by its sequence number.")
    ] = None,
    vix: Points = None,
    vx: Annotated[
        str, typer.Option(metavar="POINTS", help="VX of the traded month, or 27.6,26,24.5: one for each month.")
    ] = "",
    spx: Points = None,
    vix9d: Points = None,
    vix3m: Points = None,
    breadth: Annotated[
        float | None, typer.Option(help="(Advancers - decliners) / (advancers + decliners), -1 to 1.")
    ] = None,
    rsi: Annotated[float | None, typer.Option(help="RSI of VIX on five-minute bars, 5 to 95.")] = None,
    macd: Annotated[str | None, typer.Option(help="MACD of VX: rising, once (on one bar), flat or falling.")] = None,
    persisted: Annotated[
        bool, typer.Option(help="Whether the conditions also stood on the last two closed bars.")
    ] = True,
    baseline: Annotated[
        str,
        typer.Option(
            help="The surface of the prior close: stored, or modelled by the bot on its first day (first tranche only)."
        ),
    ] = "stored",
    at: Annotated[str | None, typer.Option(metavar="HH:MM", help="New York time; default 15:10.")] = None,
    day: Annotated[str | None, typer.Option(metavar="DATE", help="The session; default: the file's day.")] = None,
    peak: Annotated[float | None, typer.Option(metavar="POINTS", help="Highest VX since the spike began.")] = None,
    spx_prev: Before = None,
    vix_prev: Before = None,
    vix9d_prev: Before = None,
    vix3m_prev: Before = None,
    vx_prev: Annotated[
        str, typer.Option(metavar="POINTS", help="Settlements of the listed VX months, nearest first: 17.4,18.3.")
    ] = "",
    hv20: Annotated[float | None, typer.Option(metavar="PERCENT", help="20-day volatility of SPX.")] = None,
    nlv: Dollars = None,
    excess: Dollars = None,
    profile: MethodOption = None,
    config: PolicyOption = None,
    table: Annotated[bool, typer.Option("--table", help="Print the checks as a table.")] = False,
    everything: AllFlag = False,
    as_json: JsonOption = False,
) -> None:
    """Say what the bot would do at a given market: a book from a file, or the last wake-up of a journal, moved."""
    from bot.whatif.told import Given

    given = Given(
        day=_day(day),
        at=_time(at),
        spx=_price("--spx", spx),
        vix=_price("--vix", vix),
        vix9d=_price("--vix9d", vix9d),
        vix3m=_price("--vix3m", vix3m),
        vx=_prices("--vx", vx),
        spx_prev=_price("--spx-prev", spx_prev),
        vix_prev=_price("--vix-prev", vix_prev),
        vix9d_prev=_price("--vix9d-prev", vix9d_prev),
        vix3m_prev=_price("--vix3m-prev", vix3m_prev),
        vx_prev=_prices("--vx-prev", vx_prev),
        hv20=_price("--hv20", hv20),
        breadth=_between("--breadth", breadth, -1.0, 1.0),
        rsi=_between("--rsi", rsi, RSI_LOW, RSI_HIGH),
        macd=_macd(macd),
        persisted=persisted,
        baseline=_one_of("--baseline", baseline, BASELINES),
        peak=_price("--peak", peak),
        net_liquidation=_between("--nlv", nlv, 1.0, 1e12),
        excess_liquidity=_between("--excess", excess, 0.0, 1e12),
    )
    if sum((book is not None, journal is not None, live)) != 1:
        raise UsageProblem("which book? give one of --book FILE (docs/examples has some), --journal FILE, or --live")
    if book is not None:
        answer = _of_file(book, given, _policy(profile, config))
    else:
        answer = _of_journal(journal, wakeup, given, _policy(profile, config) if profile or config else None)
    if as_json:
        typer.echo(json.dumps(answer.facts(), indent=2))
    else:
        typer.echo(answer.as_text(with_table=table, everything=everything))


def _of_file(path: Path, given: Given, policy: Policy) -> Answer:
    from bot.whatif.answer import ask
    from bot.whatif.book_file import read_book
    from bot.whatif.market import wake
    from bot.whatif.presumed import of_the_hedge, prices_read, volatilities
    from bot.whatif.told import tell

    file = read_book(path)
    told = tell(file, given, policy)
    made = wake(file, told, given, policy)
    assumed = (*of_the_hedge(file, told, given, made, policy), *told.assumed)
    return ask(made, policy, assumed, read=(prices_read(told, policy), *volatilities(file, told, given)))


def _of_journal(journal: Path | None, seq: int | None, given: Given, policy: Policy | None) -> Answer:
    from bot.whatif.answer import ask
    from bot.whatif.recorded import moved, recorded_wake
    from bot.whatif.told import Given

    theirs = [name for name in OF_A_BOOK if getattr(given, name) != getattr(Given(), name)]
    if theirs:
        raise UsageProblem(f"a journal brings its own {', '.join(theirs)}: leave these out, or use --book FILE")
    recorded = recorded_wake(open_reader(journal, None if journal else "live", None), seq)
    wake, assumed = moved(recorded, given, policy or recorded.policy)
    return ask(wake, policy or recorded.policy, assumed)


def _policy(profile: str | None, config: str | None) -> Policy:
    from bot.options import options_from
    from config import layers

    return options_from(layers.load("dry-run", config, method=profile).settings).policy


def _price(name: str, value: float | None) -> float | None:
    if value is not None and not (isfinite(value) and 0.0 < value < LARGEST):
        raise UsageProblem(f"{name} is {value:g}: give a price above zero")
    return value


def _prices(name: str, text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise UsageProblem(f"{name} is '{text}': give a price, or prices with commas between them") from None
    for value in values:
        _price(name, value)
    return values


def _between(name: str, value: float | None, low: float, high: float) -> float | None:
    if value is not None and not low <= value <= high:
        raise UsageProblem(f"{name} is {value:g}: give a number from {low:g} to {high:g}")
    return value


def _one_of(name: str, text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise UsageProblem(f"{name} is '{text}': choose {', '.join(words[:-1])} or {words[-1]}")
    return text


def _macd(text: str | None) -> Macd | None:
    from bot.whatif.bars import Macd

    return None if text is None else Macd(_one_of("--macd", text, tuple(Macd)))


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f"--day is '{text}': write it as 2026-03-17") from None


def _time(text: str | None) -> time | None:
    try:
        return None if text is None else time.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f"--at is '{text}': write it as 15:10, in New York time") from None
