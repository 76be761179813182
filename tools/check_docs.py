"""Check that the docs are true: generated parts, links, targets of make help; --write writes the generated parts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from bot.cli import build
from bot.gateway.faults.page import failures_table, kinds_text
from bot.orders import states
from config.template import settings_table
from strategies.alvh.phases import diagram

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import ideas  # noqa: E402 - it stands beside this file


def command_pages(command: Any, name: str) -> Iterator[str]:
    """Yield one Markdown section for each command under `command`, in the order in which help lists them."""
    inner = getattr(command, "commands", None)
    if inner is not None:
        for word in inner:
            yield from command_pages(inner[word], f"{name} {word}")
        return
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option" and item.name != "help"]
    shown = "".join(f" {argument.metavar or argument.name.upper()}" for argument in arguments)
    lines = [f"## `{name}{shown}`", "", " ".join((command.help or "").split()), ""]
    for item in (*arguments, *options):
        names = (
            ", ".join(f"`{word}`" for word in item.opts)
            if item in options
            else f"`{item.metavar or item.name.upper()}`"
        )
        lines.append(f"- {names}: {' '.join((item.help or '').split())}")
    yield "\n".join(lines).rstrip() + "\n"


def generated() -> dict[str, tuple[Path, str]]:
    """Return each generated part: its name, the page it stands in, and its text."""
    return {
        "settings": (ROOT / "docs" / "settings.md", settings_table()),
        "ideas": (ROOT / "docs" / "method.md", ideas.table()),
        "phases": (ROOT / "docs" / "method.md", diagram()),
        "order states": (ROOT / "docs" / "orders.md", states.diagram()),
        "failures": (ROOT / "docs" / "faults.md", failures_table()),
        "faults": (ROOT / "docs" / "faults.md", kinds_text()),
        "commands": (ROOT / "docs" / "commands.md", "\n".join(command_pages(get_command(build()), "alvh"))),
    }


def with_part(page: str, name: str, text: str) -> str:
    """Return the page with its generated part replaced."""
    start, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
    before, _, rest = page.partition(start)
    if not rest:
        raise ValueError(f"the page has no line {start.strip()}")
    return f"{before}{start}\n{text}\n{end}{rest.partition(end)[2]}"


def stale_parts() -> list[str]:
    """Name the generated parts that no longer say what the program says."""
    return [
        f"{page.relative_to(ROOT)}: the {name} are out of date, run: make docs"
        for name, (page, text) in generated().items()
        if with_part(page.read_text(encoding="utf-8"), name, text) != page.read_text(encoding="utf-8")
    ]


def tracked(pattern: str) -> list[Path]:
    """Return the files under version control that match a pattern."""
    listed = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


def dead_links() -> list[str]:
    """Name relative links of Markdown files that lead nowhere."""
    found = []
    for page in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                found.append(f"{page.relative_to(ROOT)}: the link {target} leads nowhere")
    return found


def unlisted_targets() -> list[str]:
    """Name targets of the Makefile that `make help` does not list."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split()
    listed = re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE)
    return [f"Makefile: the target {name} has no line in make help" for name in sorted(set(phony) ^ set(listed))]


def problems() -> list[str]:
    """Return everything that is wrong with the docs, one line each."""
    return stale_parts() + dead_links() + unlisted_targets() + ideas.faults()


def write() -> None:
    """Write the generated parts anew."""
    for name, (page, text) in generated().items():
        page.write_text(with_part(page.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def main() -> int:
    """Check, or write; return the exit code."""
    if sys.argv[1:] == ["--write"]:
        write()
        return 0
    found = problems()
    for line in found:
        print(line)
    print("docs: " + (f"{len(found)} problems" if found else "true"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
