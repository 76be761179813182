"""Write what came of the drills as the rows of a page: what was played, what was told, how long until in step."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.drill.day import Told
from bot.drill.outcome import Outcome
from bot.drill.table import Drill, Proof

HEAD = (
    "| row | fault | what the broker does | what the bot does | what you see | in step after | drill | guard |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
)
_PORT = re.compile(r"127\.0\.0\.1:\w+")
_INSIDES = re.compile(r" \((?:API connection failed|silence)[^:]*:? ?[^)]*\)+(?=:)")
LONGEST = 180


def row_of(drill: Drill, outcome: Outcome) -> str:
    """Return a drill's row."""
    name = f"`{drill.name}`"
    return _cells(
        drill.row, drill.fault, drill.broker, drill.bot, seen(drill, outcome), _after(outcome), name, drill.guard
    )


def row_of_proof(proof: Proof) -> str:
    """Return the row of what an ordinary test proves."""
    name = f"`{proof.test.partition('::')[0]}`"
    return _cells(proof.row, proof.fault, proof.broker, proof.bot, "see the test", "-", name, proof.guard)


def page(rows: Iterable[str]) -> str:
    """Return the table."""
    return "\n".join([*HEAD, *rows]) + "\n"


def seen(drill: Drill, outcome: Outcome) -> str:
    """Return the line that the drill is about, as it was told, with the market's time in UTC; or that none was."""
    for pattern in drill.expected.sees:
        for told in outcome.told:
            if re.search(pattern, told.why):
                return _line(told)
    others = [told for told in outcome.told if not told.why.startswith("parity")]
    return _line(others[0]) if others else "nobody is called; the journal explains it"


def _after(outcome: Outcome) -> str:
    if outcome.recovered_s is None:
        return "opening stays locked"
    return f"{outcome.recovered_s:.0f} s" if outcome.recovered_s else "at once"


def _line(told: Told) -> str:
    return f"{told.at:%H:%M:%S} {told.kind}: {_plain(told.why)}"


def _plain(text: str) -> str:
    """Return a told line without what differs from run to run or from library to library, and not endless."""
    text = _INSIDES.sub("", _PORT.sub("127.0.0.1", text))
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} ..."


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
