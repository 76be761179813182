"""Offer `alvh gateway`: the simulated TWS on a port, for any IB client."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.clock import Clock, RealClock
from bot.errors import UsageProblem

if TYPE_CHECKING:  # markets and calendars take a second to import, and every command reads this file
    from bot.gateway.records import Market, OpeningAccount
    from bot.gateway.server import Gateway

_ACCOUNT = re.compile(r"[A-Z][A-Z0-9]{1,15}\Z", re.ASCII)
_CASH = re.compile(r"\d{1,12}(\.\d{1,2})?\Z", re.ASCII)
BREATH_S = 0.2  # wall-clock seconds between two looks at how far the market must move


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("gateway")
    def gateway(
        scenario: Annotated[
            str, typer.Option(help="A scenario's name or folder; --list shows them.")
        ] = "spike-2018-02",
        port: Annotated[int, typer.Option(help="The port to listen on; 0 takes any free one.")] = 7497,
        host: Annotated[
            str, typer.Option(help="The address to listen on; anything but loopback opens it to others.")
        ] = "127.0.0.1",
        speed: Annotated[float, typer.Option(help="Seconds of the scenario for each real second.")] = 60.0,
        seed: Annotated[
            int | None, typer.Option(help="Seed of the modelled paths; default: the scenario's own.")
        ] = None,
        lines: Annotated[
            int, typer.Option(help="Market-data lines of the login; what goes beyond is refused with 101.")
        ] = 100,
        account: Annotated[
            list[str] | None,
            typer.Option(help="A further account of the login as ID=CASH, such as DU7654321=50000; may be repeated."),
        ] = None,
        faults: Annotated[
            Path | None, typer.Option(help="A TOML file of faults that the gateway shall have; docs/gateway.md.")
        ] = None,
        fault_seed: Annotated[int, typer.Option(help="Seed of what is left to chance in the faults.")] = 0,
        leave: Annotated[bool, typer.Option("--exit-at-end", help="Stop when the scenario ends.")] = False,
        show: Annotated[bool, typer.Option("--list", help="List the scenarios and stop.")] = False,
    ) -> None:
        """Serve a scenario as a simulated TWS gateway that any IB client can connect to."""
        if show:
            _list()
            return
        if not 0 < speed <= 100_000:
            raise UsageProblem(
                f"--speed is {speed:g}; give the scenario's seconds for each real one, above 0 and at most 100000"
            )
        if lines < 1:
            raise UsageProblem(f"--lines is {lines}; give the market-data lines of the login, at least 1")
        beside = [_account(text) for text in account or ()]
        server, market, accounts = _built(scenario, seed, beside, faults, host=host, lines=lines, fault_seed=fault_seed)
        server.faults.heard = lambda note: typer.echo(str(note))
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(server, market, accounts, host, port, speed, leave=leave))
            return
        typer.echo("stopped")


def _list() -> None:
    from bot.gateway.market import scenario_info, scenario_names

    for name in scenario_names():
        info = scenario_info(name)
        typer.echo(f"{name:22} {info.start:%Y-%m-%d} to {info.end:%Y-%m-%d}  {info.title}")


def _built(
    scenario: str,
    seed: int | None,
    beside: list[OpeningAccount],
    faults: Path | None,
    *,
    host: str,
    lines: int,
    fault_seed: int,
) -> tuple[Gateway, Market, Sequence[str]]:
    from bot.gateway.errors import GatewayError
    from bot.gateway.exchange import SimulatedExchange
    from bot.gateway.faults import read_faults
    from bot.gateway.market import load_market
    from bot.gateway.server import Gateway

    try:
        market = load_market(scenario, seed=seed)
        exchange = SimulatedExchange(market, beside=beside)
        trouble = read_faults(faults) if faults is not None else ()
        server = Gateway(market, exchange, host=host, data_lines=lines, faults=trouble, fault_seed=fault_seed)
    except GatewayError as problem:
        raise UsageProblem(str(problem)) from problem
    return server, market, exchange.accounts()


def _account(text: str) -> OpeningAccount:
    """Return the account written as `ID=CASH`."""
    from bot.gateway.records import OpeningAccount

    name, _, cash = text.partition("=")
    if not _ACCOUNT.match(name) or not _CASH.match(cash):
        raise UsageProblem(
            f"--account is {text!r}; give its id in capitals and digits, =, and dollars: DU7654321=50000"
        )
    return OpeningAccount(account=name, cash=float(cash))


async def _serve(
    server: Gateway, market: Market, accounts: Sequence[str], host: str, port: int, speed: float, *, leave: bool
) -> None:
    from bot.gateway.door import warning
    from bot.gateway.errors import GatewayError
    from bot.guard.interlock import PAPER_PORTS

    try:
        bound = await server.start(port)
    except GatewayError as problem:
        raise UsageProblem(str(problem)) from problem
    typer.echo(
        f"SIMULATED gateway on {host}:{bound}, {'account' if len(accounts) == 1 else 'accounts'} "
        f"{', '.join(accounts)}, scenario {market.name}, seed {market.seed}, speed {speed:g}"
    )
    danger = warning(host, bound)
    if danger:
        typer.echo(danger, err=True)
    if bound not in PAPER_PORTS:
        paper = " or ".join(map(str, sorted(PAPER_PORTS)))
        typer.echo(
            f"a bot in paper mode refuses port {bound}, it takes {paper}: to let one trade here give --port 7497"
        )
    typer.echo(
        f"the market runs from {market.start:%Y-%m-%d %H:%M} to {market.end:%Y-%m-%d %H:%M} UTC; Ctrl-C stops it"
    )
    if server.faults.waiting:
        typer.echo(f"{server.faults.waiting} faults wait for their time; each is told when it begins")
    try:
        await _run(market, server, speed, RealClock())
        typer.echo("the scenario has ended: the market stands still")
        if not leave:
            await asyncio.Event().wait()
    except GatewayError as problem:  # a fault had closed the port, and somebody else has taken it since
        raise UsageProblem(str(problem)) from problem
    finally:
        await server.stop()


async def _run(market: Market, server: Gateway, speed: float, clock: Clock) -> None:
    """Move the market with the real clock until the scenario ends."""
    began, start = clock.monotonic(), market.now
    while market.now < market.end:
        await asyncio.sleep(BREATH_S)
        to = start + timedelta(seconds=(clock.monotonic() - began) * speed)
        server.advance(min(to, market.end))
