"""Offer the command line `alvh`: options, commands, and one clear line with the right exit code for every error."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from bot.errors import AlvhError
from bot.private import close_to_others
from config.layers import SettingsError

COMMANDS = (
    "demo",
    "running",
    "doctor",
    "gateway",
    "reading",
    "whatif",
    "operator",
    "replay",
    "drill",
    "exporting",
    "keeping",
    "calendar",
    "importing",
    "settings",
)
"""Modules of `bot.commands`, in the order in which `alvh --help` lists what they register."""

HELP = (
    "Guard a book of SPX iron condors against volatility spikes with a long VIX-futures overlay. "
    "Exit codes: 0 done, 1 something is wrong, 2 wrong use or settings, 3 refused, 4 broker not reachable."
)


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"alvh {version('alvh')}")
        except PackageNotFoundError:
            typer.echo("alvh (run from its folder, not installed)")
        raise typer.Exit


def build() -> typer.Typer:
    """Build the application with every command registered."""
    app = typer.Typer(
        name="alvh",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def top(
        show_version: Annotated[
            bool,
            typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True),
        ] = False,
    ) -> None:
        """Take the options that stand before the command."""

    for name in COMMANDS:  # imported here, so that an impatient Ctrl-C meets `run`
        import_module(f"bot.commands.{name}").register(app)
    return app


def say(line: str) -> None:
    """Print one line for the operator on stderr."""
    typer.echo(line, err=True)


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors become one line each on stderr, never a traceback.

    `ALVH_TRACEBACK=1` in the environment lets the traceback through, for whoever mends the program.
    """
    try:
        code: Any = build()(args=arguments, prog_name="alvh", standalone_mode=False)
    except Exception as error:
        if os.environ.get("ALVH_TRACEBACK") == "1":
            raise
        return _report(error)
    except KeyboardInterrupt:
        say("alvh: stopped by the operator")
        return 130
    return code if isinstance(code, int) else 0


def _report(error: Exception) -> int:
    """Print what went wrong and return the exit code that goes with it."""
    if isinstance(error, SettingsError):
        for problem in error.problems:
            say(f"alvh: {problem}")
        return 2
    if isinstance(error, AlvhError):
        say(f"alvh: {_one_line(error)}")
        return error.exit_code
    if isinstance(error, typer.Abort):
        say("alvh: stopped by the operator")
        return 130
    if isinstance(error, TyperException):
        message = _one_line(error.format_message())
        if message:  # a bare `alvh` has printed its help already
            say(f"alvh: {message} (see alvh --help)")
        return error.exit_code
    say(f"alvh: {type(error).__name__}: {_one_line(error)} (a fault of the program: set ALVH_TRACEBACK=1 to see where)")
    return 1


def _one_line(message: object) -> str:
    return "".join(letter for letter in " ".join(str(message).split()) if letter.isprintable())


def main() -> None:
    """Run the command line and leave with its exit code."""
    close_to_others()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what cannot be shown must not end a command
    try:
        code = run()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


if __name__ == "__main__":
    main()
