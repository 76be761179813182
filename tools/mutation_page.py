"""Write docs/mutation.md: the table, and every survivor with its reason."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mutants import Mutant

REASONS = Path(__file__).resolve().parent / "survivors.toml"
START, END = "<!-- generated: mutation -->\n", "<!-- end -->"


def text(outcomes: Sequence[tuple[Mutant, str]], counts: Counter[str], alive: tuple[str, ...]) -> str:
    """Return the table per file and the list of survivors."""
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8")) if REASONS.exists() else {}
    run = Counter(mutant.path for mutant, _ in outcomes)
    left = Counter(mutant.path for mutant, outcome in outcomes if outcome in alive)
    lines = ["| file | mutants | tried | killed | |", "| --- | ---: | ---: | ---: | ---: |"]
    for path in sorted(run):
        lines.append(_row(f"`{path}`", counts[path], run[path], run[path] - left[path]))
    lines.append(_row("**all**", sum(counts[path] for path in run), run.total(), run.total() - left.total()))
    lines += ["", "| survivor | change | why it lives |", "| --- | --- | --- |"]
    for mutant, outcome in outcomes:
        if outcome in alive:
            place = f"`{mutant.path.removeprefix('strategies/')}:{mutant.line}` `{mutant.within}`"
            before, _, after = mutant.change.replace("|", "\\|").partition(" -> ")
            why = reasons.get(f"{mutant.path} {mutant.within}: {mutant.change}", outcome)
            lines.append(f"| {place} | `{before}` → `{after}` | {why} |")
    return "\n".join(lines) + "\n"


def _row(name: str, every: int, tried: int, killed: int) -> str:
    return f"| {name} | {every} | {tried} | {killed} | {100 * killed / tried:.0f}% |"


def write(root: Path, part: str) -> None:
    """Put the generated part into its page."""
    page = root / "docs" / "mutation.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    page.write_text(before + START + part + END + rest.partition(END)[2], encoding="utf-8")
