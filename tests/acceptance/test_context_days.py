"""The background in a whole day's record: funds asked for over the wire, and a file that moves the unwind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from told_day import STAGED, Player, Told, check_of

from bot.journal import Wakeup
from strategies.alvh.records import Check, Purpose

UNTIL = datetime(2021, 1, 4, 15, 30, tzinfo=UTC)
FIVE_MINUTES_S = 300.0


@pytest.fixture(scope="module")
def asked(play: Player) -> Told:
    return play(STAGED, context_from_broker=True, until=UNTIL)


@pytest.fixture(scope="module")
def calm(play: Player, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Play the staged days with a file that knows of no flight from risk."""
    path = tmp_path_factory.mktemp("context") / "own.csv"
    rows = ("name,value,z,as_of,source", "sectors,,0.3,2020-12-31,own sheet", "credit,0.1,,2020-12-31,own sheet")
    path.write_text("\n".join(rows), encoding="utf-8")
    return play(STAGED, context_file=path)


def found(wakeup: Wakeup, name: str) -> Check:
    check = check_of(wakeup, name)
    assert check is not None
    return check


def first_stage(day: Told) -> Wakeup:
    return next(w for w in day.wakeups for p in w.decision.proposals if p.purpose is Purpose.STAGE)


def test_sectors_and_credit_stand_in_the_record_with_their_age(asked: Told) -> None:
    ages: set[float | None] = set()
    for wakeup in asked.wakeups:
        rows = {row.name: row for row in wakeup.view.context}
        assert set(rows) == {"sectors", "credit", "credit_spread"}
        assert not any("context" in fault for fault in wakeup.view.faults)
        ages |= {row.age_s for row in rows.values()}
        sectors, credit = (found(wakeup, f"context: {name}") for name in ("sectors", "credit"))
        assert sectors.observed == rows["sectors"].z is not None and "s old)" in sectors.why
        assert credit.observed == rows["credit"].value is not None and "against investment grade" in credit.why
    assert ages == {60.0 * minute for minute in range(5)}


def test_a_day_that_does_not_ask_has_no_context_and_says_so(staged: Told) -> None:
    assert all(wakeup.view.context == () for wakeup in staged.wakeups)
    assert found(staged.wakeups[0], "context: sectors").why == "not known"


def test_the_file_s_numbers_are_read_back_from_the_journal_with_their_date(calm: Told) -> None:
    for wakeup in calm.wakeups:
        assert "(own.csv: own sheet, as of 2020-12-31)" in found(wakeup, "context: sectors").why
        assert "one stage faster" in found(wakeup, "context: pace").why


def test_a_calm_background_moves_the_unwind_one_stage_forward(calm: Told, staged: Told) -> None:
    """At 55% given back the second stage is due by itself; at the ordinary pace it needs MACD to turn down."""
    usual, faster = first_stage(staged), first_stage(calm)
    (slow,), (fast,) = usual.decision.proposals, faster.decision.proposals
    assert slow.reason.endswith("and MACD has turned down")
    assert "MACD" not in fast.reason and fast.stage == 2
    assert [found(wakeup, "hold: stage").threshold for wakeup in (usual, faster)] == [0.9, 0.7]
