"""Every named drill holds, and docs/survival.md says what came of it."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from bot.broker.client import load
from bot.drill.matrix import HEAD, row_of, row_of_proof
from bot.drill.outcome import run
from bot.drill.table import Drill, Proof, drills, proofs

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = load().name
PAGE = ROOT / "docs" / "survival.md"
ROWS = {str(number) for number in range(1, 22)}
OF_A_HEDGE = {
    "naked long",
    "wrong sign",
    "multiplier",
    "bogus VIX",
    "legging",
    "duplicate",
    "double hedging",
    "partial fills",
    "AM settlement",
    "half-days",
    "limit state",
    "margin",
    "disconnect",
    "fat finger",
    "paper gains",
    "clock skew",
    "midday",
}


def page_rows() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return text.partition("<!-- generated: drills -->\n")[2].partition("<!-- end -->")[0].splitlines()


@pytest.mark.parametrize("drill", drills(), ids=lambda drill: drill.name)
async def test_a_drill_holds_and_the_page_says_what_came_of_it(drill: Drill) -> None:
    outcome = await run(drill)
    assert outcome.failed == ()
    if LIBRARY == "ib_insync":  # the page is written with it; with the other one some lines come seconds later
        assert row_of(drill, outcome) in page_rows(), "make survival writes the page anew"


def test_the_page_has_one_row_for_every_drill_and_every_proof_and_no_other() -> None:
    rows = page_rows()
    assert tuple(rows[:2]) == HEAD
    named = [row.rsplit(" | ", 2)[1].strip("`") for row in rows[2:]]
    assert named[: len(drills())] == [drill.name for drill in drills()]
    assert rows[2 + len(drills()) :] == [row_of_proof(proof) for proof in proofs()]


def test_every_observed_failure_has_a_drill_or_a_proof() -> None:
    assert {one.row for one in (*drills(), *proofs())} == ROWS | OF_A_HEDGE


@pytest.mark.parametrize("proof", proofs(), ids=lambda proof: proof.name)
def test_the_test_that_a_proof_names_is_there(proof: Proof) -> None:
    path, _, name = proof.test.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("one", (*drills(), *proofs()), ids=lambda one: one.name)
def test_the_guard_that_a_row_names_stands_in_a_file_that_is_there(one: Drill | Proof) -> None:
    path, colon, what = one.guard.partition(": ")
    assert (ROOT / path).is_file()
    assert colon and what


def test_every_removal_of_a_guard_fits_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    sys.modules.pop("unguard", None)
    unguard = importlib.import_module("unguard")
    names = {drill.name for drill in drills()}
    assert len(unguard.REMOVALS) >= 15
    for removal in unguard.REMOVALS:
        assert removal.drill in names
        assert (ROOT / removal.file).read_text(encoding="utf-8").count(removal.old) == 1, removal
