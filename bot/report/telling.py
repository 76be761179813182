"""Tell one wake-up, or a whole journal, in the trader's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.journal import Entry
from bot.journal.reading import Reading
from bot.journal.wakeups import restored, wakeup_entry
from bot.report.result import dollars
from bot.report.standing import clock
from bot.report.story import Moment, Point, Teller
from strategies.alvh.explain import AGREED, TOLD, explain, table
from strategies.alvh.records import Decision, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Hold one wake-up that was found in a journal."""

    seq: int
    decision: Decision

    def as_text(self, *, everything: bool = False) -> str:
        """Return the short text, or with `everything` also the checks that passed."""
        text = explain(self.decision, everything=everything)
        return f"wake-up {self.seq}, {clock(self.decision.at)} New York\n{text}"

    def as_table(self) -> str:
        """Return the checks as aligned columns."""
        rows = [("check", "observed", "threshold", "passed", "why"), *table(self.decision)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join("  ".join([*(row[k].ljust(widths[k]) for k in range(4)), row[4]]) for row in rows)

    def facts(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        decision = self.decision
        return {
            "seq": self.seq,
            "time": decision.at.isoformat(),
            "summary": decision.summary,
            "phase_before": str(decision.phase_before),
            "phase_after": str(decision.phase_after),
            "proposals": [proposal.reason for proposal in decision.proposals],
            "checks": [
                {"name": c.name, "observed": c.observed, "threshold": c.threshold, "passed": c.passed, "why": c.why}
                for c in decision.checks
            ],
        }


def one_wakeup(journal: Reading, seq: int | None) -> Told:
    """Return the wake-up with this sequence number, or the last one; raise `UsageProblem` when there is none."""
    found = wakeup_entry(journal, seq)
    return Told(seq=found.seq, decision=restored(journal, found).decision)


def story_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the journal as a story: moments in full, quiet stretches in one line each, days apart."""
    teller = Teller()
    for entry in entries:
        teller.apply(entry)
    moments = iter(teller.moments)
    moment = next(moments, None)
    stretch: list[Point] = []
    for point in teller.points:
        while moment is not None and moment.at < point.at:
            yield from _quiet(stretch)
            stretch = []
            yield from _told(moment)
            moment = next(moments, None)
        if stretch and _chapter(point) != _chapter(stretch[-1]):
            yield from _quiet(stretch)
            stretch = []
        stretch.append(point)
    yield from _quiet(stretch)
    while moment is not None:
        yield from _told(moment)
        moment = next(moments, None)


def _chapter(point: Point) -> tuple[str, str, str, bool, str]:
    """Return what must stay the same for wake-ups to be told in one breath: day, phase, obstacle, acts, VX month."""
    waits = point.phase is Phase.UNWIND and not point.acts and not point.obstacle.startswith("data: ")
    obstacle = point.phase.value if waits else point.obstacle  # whatever bars a purchase, it only waits to sell more
    return (clock(point.at)[:14], point.phase, obstacle, point.acts, point.vx_month)


def _quiet(stretch: list[Point]) -> Iterator[str]:
    if not stretch:
        return
    first, last = stretch[0], stretch[-1]
    span = f"{clock(first.at)[:-3]}" if len(stretch) == 1 else f"{clock(first.at)[:-3]} to {clock(last.at)[-8:-3]}"
    wakeups = "1 wake-up" if len(stretch) == 1 else f"{len(stretch)} wake-ups"
    yield f"{span}  {wakeups}: {last.summary}"
    yield (
        f"    VIX {_path(first.vix, last.vix)}, {last.vx_name} {_path(first.vx, last.vx)}, "
        f"breadth {_path(first.breadth, last.breadth)}, put side {_path(first.inflation, last.inflation, '+.0%')}, "
        f"vega {dollars(last.vega)}, hedge {last.hedge}, "
        f"P&L book {dollars(last.book_pnl)} hedge {dollars(last.hedge_pnl)}"
    )


def _path(first: float | None, last: float | None, form: str = ".2f") -> str:
    """Return how a figure moved over a stretch; a dash stands for a missing one."""
    begin, end = ("-" if value is None else format(value, form) for value in (first, last))
    return begin if begin == end else f"{begin} to {end}"


def _told(moment: Moment) -> Iterator[str]:
    yield ""
    yield f"*** {clock(moment.at)}  {moment.title}"
    for line in moment.text.splitlines():
        if line in (TOLD, AGREED):
            break
        yield f"    {line}"
    yield f"    Every check: alvh explain {moment.seq} --all"
    yield ""
