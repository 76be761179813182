"""Run every named drill and write the table of docs/survival.md from what came of it.

python tools/survival.py            # run, and say what differs from the page
python tools/survival.py --write    # run, and write it
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bot.collector import quieten
from bot.drill.matrix import page, row_of, row_of_proof
from bot.drill.outcome import run
from bot.drill.table import drills, proofs

PAGE = Path(__file__).resolve().parents[1] / "docs" / "survival.md"
MARK = re.compile(r"(<!-- generated: drills -->\n).*?(<!-- end -->)", re.DOTALL)


def table(names: Sequence[str], old: str) -> tuple[str, list[str], list[float]]:
    """Return the page's table, what failed, and the seconds until in step of every drill that came back."""
    rows, failed, recovered = [], [], []
    standing = {row.rsplit(" | ", 2)[1].strip("`"): row for row in old.splitlines() if row.startswith("| ")}
    for drill in drills():
        if names and drill.name not in names and drill.name in standing:
            rows.append(standing[drill.name])
            continue
        outcome = asyncio.run(run(drill))
        rows.append(row_of(drill, outcome))
        failed += [f"{drill.name}: {what}" for what in outcome.failed]
        if outcome.recovered_s is not None:
            recovered.append(outcome.recovered_s)
    return page([*rows, *map(row_of_proof, proofs())]), failed, recovered


def main(arguments: Sequence[str]) -> int:
    """Run the drills, write or compare the page; the exit code says whether all held."""
    quieten()
    text = PAGE.read_text(encoding="utf-8")
    names = [one for one in arguments if not one.startswith("-")]
    made, failed, recovered = table(names, text)
    for what in failed:
        print(what)
    new = MARK.sub(lambda found: f"{found[1]}{made}{found[2]}", text)
    if "--write" in arguments:
        PAGE.write_text(new, encoding="utf-8")
    elif new != text:
        failed.append("docs/survival.md")
        print("docs/survival.md is not what the drills say: make survival")
    print(f"{len(recovered)} drills came back in step: median {median(recovered):.0f} s, worst {max(recovered):.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
