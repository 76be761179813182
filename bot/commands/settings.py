"""Command `alvh config`: show the settings with their sources, check them, or begin a file of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UsageProblem
from config import layers
from config.template import user_file

Profile = Annotated[
    str | None, typer.Option("--profile", "-p", help="demo, dry-run, paper or live (default: dry-run).")
]
File = Annotated[
    str | None, typer.Option("--config", "-c", metavar="FILE", help="Your own settings file (default: $ALVH_CONFIG).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the group `config` to the application."""
    group = typer.Typer(no_args_is_help=True, help="Show, check or begin the settings.")
    group.command("show")(show)
    group.command("check")(check)
    group.command("init")(init)
    app.add_typer(group, name="config")


def show(profile: Profile = None, file: File = None, as_json: AsJson = False) -> None:
    """Print every effective setting and where its value comes from."""
    loaded = layers.load(profile, file)
    rows = {key: layers.plain(layers.value(loaded.settings, key)) for key in layers.KEYS}
    if as_json:
        listed = {key: {"value": value, "source": loaded.source[key]} for key, value in rows.items()}
        typer.echo(json.dumps(listed, indent=2, allow_nan=False))
        return
    width = max(map(len, rows))
    for key, value in rows.items():
        typer.echo(f"{key:<{width}}  {json.dumps(value):<22} {loaded.source[key]}")


def check(profile: Profile = None, file: File = None, as_json: AsJson = False) -> None:
    """Check the settings and report every error at once (exit code 2 if there is one)."""
    try:
        loaded = layers.load(profile, file)
    except layers.SettingsError as error:
        if as_json:
            found = [{"where": p.where, "key": p.key, "seen": p.seen, "expected": p.expected} for p in error.problems]
            typer.echo(json.dumps({"ok": False, "problems": found}, indent=2))
            raise typer.Exit(2) from None
        raise
    if as_json:
        typer.echo(json.dumps({"ok": True, "mode": loaded.settings.mode.value, "problems": []}))
        return
    changed = sum(source != layers.DEFAULT for source in loaded.source.values())
    typer.echo(
        f"settings are valid: mode {loaded.settings.mode}, {len(layers.KEYS)} keys, {changed} not at their default"
    )


def init(
    path: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")] = Path("alvh.toml"),
) -> None:
    """Write a settings file of your own in which every key stands as a comment with its meaning."""
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(user_file())
    except FileExistsError:
        raise UsageProblem(f"{path} exists already and is left as it is: name another file") from None
    except OSError as error:
        raise UsageProblem(f"{path} cannot be written ({error.strerror}): name a file in an existing folder") from None
    typer.echo(f"wrote {path}: take the # from the keys you change, then run: alvh config check --config {path}")
