"""Deciding recorded wake-ups again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import builders
import pytest
from small_day import SmallDay

from bot.errors import UsageProblem
from bot.journal import Kind, Wakeup, record_wakeup
from bot.replay.again import changed, replay
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import Phase


def genuine(day: SmallDay, minutes: float, policy: Policy, *, summary: str = "") -> int:
    """Write a wake-up that was truly decided under the policy, or one whose summary somebody has changed."""
    view, book, state = builders.spike_view(minutes), builders.book(), builders.state()
    decision = decide(view, book, state, policy)
    if summary:
        decision = replace(decision, summary=summary)
    wakeup = Wakeup(view=view, book=book, state=state, decision=decision)
    return record_wakeup(day.journal, day.shelf, wakeup, at=view.now)


def test_what_was_decided_under_the_recorded_policy_is_decided_again(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.start(29)
    for minutes in (30, 31, 35):
        genuine(day, minutes, Policy())
    outcome = replay(day.entries())
    assert (outcome.decided, outcome.identical, outcome.differences) == (3, 3, ())


def test_a_decision_that_was_tampered_with_is_named_with_the_part_that_differs(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.start(29)
    genuine(day, 30, Policy())
    seq = genuine(day, 31, Policy(), summary="All is well.")
    outcome = replay(day.entries())
    assert (outcome.decided, outcome.identical) == (2, 1)
    assert [(row.seq, row.parts) for row in outcome.differences] == [(seq, ("summary",))]


def stricter() -> Policy:
    policy = Policy()
    return replace(policy, sizing=replace(policy.sizing, inflation_arm=policy.sizing.inflation_arm + 0.07))


def test_each_wakeup_is_decided_under_the_policy_of_the_start_before_it(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.start(29)
    genuine(day, 30, Policy())
    day.start(31, stricter())
    genuine(day, 32, stricter())
    assert replay(day.entries()).differences == ()


def test_a_policy_of_the_caller_s_own_overrules_the_recorded_one(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.start(29)
    genuine(day, 30, Policy())
    outcome = replay(day.entries(), stricter())
    assert outcome.decided == 1
    assert "checks" in outcome.differences[0].parts


def test_a_journal_without_its_beginning_is_wrong_use(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    genuine(day, 30, Policy())
    with pytest.raises(UsageProblem, match="before its first start entry"):
        replay(day.entries())
    assert replay(day.entries(), Policy()).decided == 1


def test_a_journal_without_wakeups_decides_nothing(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.start()
    day.write(Kind.NOTE, 1, what="nothing")
    assert replay(day.entries()).decided == 0


def test_every_differing_field_is_named() -> None:
    view = builders.spike_view()
    then = decide(view, builders.book(), builders.state(), Policy())
    now = replace(then, phase_after=Phase.COOLDOWN, target_minis=then.target_minis + 1)
    assert changed(then, now) == ("phase_after", "target_minis")
    assert changed(then, then) == ()
