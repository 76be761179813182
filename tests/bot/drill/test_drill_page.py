"""What the page about the drills says of one: the line it is about, the time until in step, nothing of this machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.drill.day import Told
from bot.drill.matrix import HEAD, page, row_of, row_of_proof
from bot.drill.outcome import Outcome
from bot.drill.setup import Setup
from bot.drill.table import Drill, Expected, Proof, _drill, drills, proofs
from bot.errors import UsageProblem

AT = datetime(2024, 5, 24, 13, 35, 33, tzinfo=UTC)
DRILL = Drill(
    name="a-drill",
    row="4",
    fault="a fault",
    broker="does",
    bot="answers",
    guard="bot/line.py: it is tried again",
    setup=Setup(scenario="spike"),
    expected=Expected(sees=("log in",)),
)
QUIET = Outcome(failed=(), told=(), astray=(), bought=9, left=9, recovered_s=0.0, digest="")


def told(why: str, kind: str = "alert") -> Told:
    return Told(at=AT, kind=kind, why=why)


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def test_the_line_that_is_shown_is_the_one_the_drill_expects_without_the_port_of_this_run() -> None:
    lines = (told("first"), told("127.0.0.1:43211 wants you: log in"))
    row = row_of(DRILL, replace(QUIET, told=lines, recovered_s=33.4))
    assert cells(row)[4:6] == ["13:35:33 alert: 127.0.0.1 wants you: log in", "33 s"]


def test_what_only_one_library_says_of_a_broken_attempt_is_left_out() -> None:
    line = told("127.0.0.1:4 did not start the API (API connection failed: CancelledError()): log in to the gateway")
    assert "did not start the API: log in to the gateway" in row_of(DRILL, replace(QUIET, told=(line,)))


def test_a_drill_that_expects_no_line_shows_what_was_told_all_the_same_and_parity_is_not_it() -> None:
    quiet = replace(DRILL, expected=Expected())
    assert cells(row_of(quiet, replace(QUIET, told=(told("parity: VX is suspect"), told("look", "lock")))))[4] == (
        "13:35:33 lock: look"
    )
    assert cells(row_of(quiet, QUIET))[4] == "nobody is called; the journal explains it"


def test_a_bot_that_is_never_back_in_step_is_said_to_stay_locked_and_a_bar_does_not_break_the_table() -> None:
    row = row_of(replace(DRILL, fault="this | that"), replace(QUIET, recovered_s=None))
    assert cells(row)[1] == "this / that"
    assert cells(row)[5] == "opening stays locked"


def test_every_row_has_as_many_cells_as_the_head() -> None:
    proof = Proof(name="p", row="18", fault="f", broker="b", bot="c", guard="bot/line.py: g", test="tests/t.py::test_t")
    for row in page([row_of(DRILL, QUIET), row_of_proof(proof)]).splitlines():
        assert row.count("|") == HEAD[0].count("|")


def test_drills_and_proofs_stand_in_the_order_of_their_rows() -> None:
    numbers = [int(one.row) for one in drills() if one.row.isdigit()]
    assert numbers == sorted(numbers)
    assert [one.row for one in proofs()][:2] == ["18", "19"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario = 'spike'\n[drill]\nrow = '1'", "expected texts for row, fault"),
        ("scenario = 'spike'\n[drill]\nrow='1'\nfault='f'\nbroker='b'\nbot='c'\nguard='g'\ntest='t'", "test"),
        (
            "scenario = 'spike'\n[drill]\nrow='1'\nfault='f'\nbroker='b'\nbot='c'\nguard='g'\n[expect]\nsees=['(']",
            "no pattern",
        ),
        ("scenario = ", "the drill x.toml"),
    ],
)
def test_a_file_that_is_no_drill_says_why_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=said) as problem:
        _drill("x.toml", text)
    assert "\n" not in str(problem.value)
