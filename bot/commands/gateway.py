"""Offer `alvh gateway`: the simulated TWS on a port, for any IB client."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.clock import Clock, RealClock
from bot.errors import UsageProblem
from bot.gateway.errors import GatewayError
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.faults import Fault, read_faults
from bot.gateway.market import load_market, scenario_info, scenario_names
from bot.gateway.records import Market
from bot.gateway.server import Gateway
from bot.guard.interlock import PAPER_PORTS

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
        faults: Annotated[
            Path | None, typer.Option(help="A TOML file of faults that the gateway shall have; docs/gateway.md.")
        ] = None,
        fault_seed: Annotated[int, typer.Option(help="Seed of what is left to chance in the faults.")] = 0,
        leave: Annotated[bool, typer.Option("--exit-at-end", help="Stop when the scenario ends.")] = False,
        show: Annotated[bool, typer.Option("--list", help="List the scenarios and stop.")] = False,
    ) -> None:
        """Serve a scenario as a simulated TWS gateway that any IB client can connect to."""
        if show:
            for name in scenario_names():
                info = scenario_info(name)
                typer.echo(f"{name:22} {info.start:%Y-%m-%d} to {info.end:%Y-%m-%d}  {info.title}")
            return
        if not 0 < speed <= 100_000:
            raise UsageProblem(
                f"--speed is {speed:g}; give the scenario's seconds for each real one, above 0 and at most 100000"
            )
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(
                _serve(scenario, host, port, speed, seed, faults=_read(faults), fault_seed=fault_seed, leave=leave)
            )
            return
        typer.echo("stopped")


async def _serve(
    scenario: str,
    host: str,
    port: int,
    speed: float,
    seed: int | None,
    *,
    faults: tuple[Fault, ...],
    fault_seed: int,
    leave: bool,
) -> None:
    try:
        market = load_market(scenario, seed=seed)
        server = Gateway(market, SimulatedExchange(market), host=host, faults=faults, fault_seed=fault_seed)
        server.faults.heard = lambda note: typer.echo(str(note))
        bound = await server.start(port)
    except GatewayError as problem:
        raise UsageProblem(str(problem)) from problem
    account = market.opening_account().account
    typer.echo(
        f"SIMULATED gateway on {host}:{bound}, account {account}, "
        f"scenario {market.name}, seed {market.seed}, speed {speed:g}"
    )
    if bound not in PAPER_PORTS:
        paper = " or ".join(map(str, sorted(PAPER_PORTS)))
        typer.echo(
            f"a bot in paper mode refuses port {bound}, it takes {paper}: to let one trade here give --port 7497"
        )
    typer.echo(
        f"the market runs from {market.start:%Y-%m-%d %H:%M} to {market.end:%Y-%m-%d %H:%M} UTC; Ctrl-C stops it"
    )
    try:
        await _run(market, server, speed, RealClock())
        typer.echo("the scenario has ended: the market stands still")
        if not leave:
            await asyncio.Event().wait()
    finally:
        await server.stop()


def _read(path: Path | None) -> tuple[Fault, ...]:
    try:
        return read_faults(path) if path is not None else ()
    except GatewayError as problem:
        raise UsageProblem(str(problem)) from problem


async def _run(market: Market, server: Gateway, speed: float, clock: Clock) -> None:
    """Move the market with the real clock until the scenario ends."""
    began, start = clock.monotonic(), market.now
    while market.now < market.end:
        await asyncio.sleep(BREATH_S)
        to = start + timedelta(seconds=(clock.monotonic() - began) * speed)
        server.advance(min(to, market.end))
