"""Take one guard at a time out of a copy of the program, and see that the drill which proves it fails.

    python tools/unguard.py [DRILL ...]        # all of them, or those named
    python tools/unguard.py --write            # and write the second table of docs/survival.md (named: their rows)

The work tree is never touched. A removal whose text no longer stands in its file exactly once is an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "survival.md"
PACKAGES = ("bot", "config", "strategies")
MARK = re.compile(r"(<!-- generated: guards -->\n).*?(<!-- end -->)", re.DOTALL)
LONGEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Say how one guard is taken out: in `file` the text `old` becomes `new`; `what` are the words of the page."""

    drill: str
    what: str
    file: str
    old: str
    new: str


REMOVALS = (
    Removal(
        drill="hand-sells-what-is-being-sold",
        what="a working sale that offers more than the account holds is taken back",
        file="bot/orders/desk.py",
        old="        self._overhang.attend()\n",
        new="",
    ),
    Removal(
        drill="flatten-while-the-line-is-down",
        what="flatten stands until nothing is owned",
        file="bot/orders/desk.py",
        old="        self._flattening.attend(now)\n",
        new="",
    ),
    Removal(
        drill="flatten-in-a-new-process",
        what="flatten stands until nothing is owned, before the first look too",
        file="bot/orders/desk.py",
        old="        self._flattening.attend(now)\n",
        new="",
    ),
    Removal(
        drill="contracts-unanswered-after-a-restart",
        what="what is owned stays on the allow-list",
        file="bot/app.py",
        old="return checked[con_id] if con_id in checked else self._owned()[con_id]",
        new="return checked[con_id]",
    ),
    Removal(
        drill="line-lost-and-kept",
        what="1101 and 1102 lock opening until everything was read",
        file="bot/orders/hearing.py",
        old="            if notice.code in LINE_IS_BACK:\n",
        new="            if False:\n",
    ),
    Removal(
        drill="frozen-prices-said-to-be-new",
        what="a VX quote that options on VIX contradict opens nothing",
        file="strategies/alvh/parity.py",
        old="    passed = abs(gap) <= limit or inside\n",
        new="    passed = True\n",
    ),
    Removal(
        drill="nightly-restart",
        what="the line is kept by night too",
        file="bot/app.py",
        old="has_work=self._line.needs_care",
        new="has_work=lambda: False",
    ),
    Removal(
        drill="login-not-answered",
        what="no line half an hour before the open pages",
        file="bot/watch/watch.py",
        old="            self._alarm.alert(what, Severity.CRITICAL)\n",
        new="            pass\n",
    ),
    Removal(
        drill="silent-order-lost",
        what="an order is gone only after three complete readings over a minute",
        file="bot/orders/reading.py",
        old="        if order.absent < self._settings.gone_after_readings:\n            return\n"
        "        if now - since < timedelta(seconds=self._settings.gone_after_s):\n            return\n",
        new="",
    ),
    Removal(
        drill="refused-twice-201",
        what="the same refusal twice stops opening",
        file="bot/watch/outcomes.py",
        old="            if times >= ENOUGH:\n",
        new="            if False:\n",
    ),
    Removal(
        drill="foreign-order-at-work",
        what="other people's working orders use room",
        file="bot/orders/situation.py",
        old="state.working + tuple(w for w in others if not is_option(instruments, w.con_id))",
        new="state.working",
    ),
    Removal(
        drill="competing-session",
        what="10197 is a state of the line until ticks come again",
        file="bot/broker/link.py",
        old="        elif code == codes.COMPETING_SESSION:\n",
        new="        elif False:\n",
    ),
    Removal(
        drill="delayed-vx",
        what="what comes as delayed marks the quote",
        file="bot/broker/quotes.py",
        old="            self.delayed, self._shown = is_delayed, None\n",
        new="            self._shown = None\n",
    ),
    Removal(
        drill="half-open-socket",
        what="a gateway that does not tell its time is hung up on",
        file="bot/line.py",
        old="            await self.listen()\n",
        new="            pass\n",
    ),
    Removal(
        drill="lists-without-end",
        what="after one look-up without an answer no more are asked",
        file="bot/observe/finder.py",
        old="                if isinstance(problem, Retry) and self._silent not in problems:\n",
        new="                if False:\n",
    ),
    Removal(
        drill="contract-unknown",
        what="a future that is not found is a fault, and looked up again",
        file="bot/observe/instruments.py",
        old="    if not rows:\n",
        new="    if False:\n",
    ),
    Removal(
        drill="positions-empty",
        what="a list that lacks what was held needs a second witness",
        file="bot/broker/holdings.py",
        old="            why = self._lacking(held)\n",
        new="            why = ''\n",
    ),
    Removal(
        drill="condors-closed-by-hand",
        what="without condors the hedge is sold",
        file="strategies/alvh/unwind.py",
        old="    gone = condors == 0 and",
        new="    gone = False and",
    ),
    Removal(
        drill="multiplier-mix-up",
        what="a future must fit its pin in every field",
        file="bot/observe/instruments.py",
        old="    if row.multiplier != pin.multiplier:\n",
        new="    if False:\n",
    ),
    Removal(
        drill="bogus-vix",
        what="a VIX far above what VX implies is not credible",
        file="strategies/alvh/false_spike.py",
        old='return _check("filter: credibility", gap, limit, gap <= limit, why)',
        new='return _check("filter: credibility", gap, limit, True, why)',
    ),
    Removal(
        drill="partial-fill",
        what="a purchase that is not filled within 90 s is taken back",
        file="bot/orders/deadlines.py",
        old="        elif order.ticket.side is Side.BUY and now",
        new="        elif False and now",
    ),
    Removal(
        drill="vx-halted",
        what="tick 49 marks a quote as halted",
        file="bot/broker/quotes.py",
        old='halted=(value("halted") or 0.0) > 0.0',
        new="halted=False",
    ),
    Removal(
        drill="clock-ahead",
        what="clocks more than 2 s apart lock opening",
        file="bot/line.py",
        old="        if abs(skew) > largest:\n",
        new="        if False:\n",
    ),
    Removal(
        drill="disconnected-with-a-hedge",
        what="a lost line is tried every minute",
        file="bot/line.py",
        old="        if not self._outage.allows(began):\n",
        new="        if True:\n",
    ),
    Removal(
        drill="history-refused",
        what="wake-ups without history are told",
        file="bot/watch/pulse.py",
        old="        elif self._bare >= LONGEST_BARE:\n",
        new="        elif False:\n",
    ),
    Removal(
        drill="execution-busted",
        what="a correction has the positions read before anything is opened, and is told",
        file="bot/orders/hearing.py",
        old="        if after.taken_back == before.taken_back:\n",
        new="        if True:\n",
    ),
    Removal(
        drill="margin-too-high",
        what="excess liquidity after the purchase stays above its floor",
        file="strategies/alvh/margin.py",
        old="passed=left >= limit, why=why)",
        new="passed=True, why=why)",
    ),
    Removal(
        drill="foreign-lots",
        what="foreign lots in the traded contract forbid opening",
        file="strategies/alvh/tranches.py",
        old="    theirs = _foreign_here(reading)\n",
        new="    theirs = 0\n",
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Run the removals named, or all; the exit code says whether every drill failed without its guard."""
    named = [one for one in arguments if not one.startswith("-")]
    wanted = [one for one in REMOVALS if not named or one.drill in named]
    rows = standing() if named else {}
    survived = []
    with tempfile.TemporaryDirectory(prefix="alvh-unguard-") as folder:
        tree = Path(folder)
        for package in PACKAGES:
            shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
        for removal in wanted:
            said = without(removal, tree)
            print(f"{'fails' if said else 'HOLDS WITHOUT IT':16} {removal.drill:32} {said or removal.what}", flush=True)
            survived += [] if said else [removal.drill]
            said = said.replace("|", "/")
            rows[removal.drill] = f"| `{removal.drill}` | `{removal.file}`: {removal.what} | {said} |"
    if "--write" in arguments:
        write([rows[one.drill] for one in REMOVALS if one.drill in rows])
    print(f"{len(wanted)} guards removed, {len(wanted) - len(survived)} drills failed")
    return 1 if survived else 0


def without(removal: Removal, tree: Path) -> str:
    """Return what a drill said without the guard: why it failed, or nothing when it held; the copy is put back."""
    file = tree / removal.file
    text = file.read_text(encoding="utf-8")
    times = text.count(removal.old)
    if times != 1:
        raise SystemExit(f"{removal.file} holds the guard of {removal.drill} {times} times, expected 1")
    file.write_text(text.replace(removal.old, removal.new), encoding="utf-8")
    try:
        return _played(removal.drill, tree)
    finally:
        file.write_text(text, encoding="utf-8")


def _played(drill: str, tree: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "bot.cli", "drill", drill]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode == 0:
        return ""
    complaints = [line.strip() for line in done.stdout.splitlines() if line.startswith("       ")]
    complaints.sort(key=lambda what: what.startswith("nobody was told"))  # what was done says more than what was told
    said = complaints[0] if complaints else (done.stderr.strip().splitlines() or ["it failed without a word"])[-1]
    said = re.sub(r"; told was: .*", "", re.sub(r"127\.0\.0\.1:\w+", "127.0.0.1", said))
    return said if len(said) <= LONGEST else f"{said[:LONGEST].rstrip()} ..."


def standing() -> dict[str, str]:
    """Return the rows of the second table as they stand, by drill."""
    found = MARK.search(PAGE.read_text(encoding="utf-8"))
    rows = found[0].splitlines() if found is not None else []
    return {row.split("`")[1]: row for row in rows if row.startswith("| `")}


def write(rows: Sequence[str]) -> None:
    """Write the second table of the page."""
    table = "\n".join(["| drill | guard that was removed | what the drill then says |", "| --- | --- | --- |", *rows])
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARK.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
