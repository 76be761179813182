"""The need of the book, and the words and conditions of its next tranche."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import DAY, VX, at, book, exposure, lot, memory, spike_view, state, surface

from strategies.alvh.policy import Policy, SizingPolicy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Episode, Exposure, Lot
from strategies.alvh.signals import Signal
from strategies.alvh.tranches import LIMITLESS, Plan, needed, plan

SILENT = Signal(name="VX MACD", value=None, threshold=0.0, ok=True, confirmed=False, age_s=1.0, reason="silent")


def reading(*lots: Lot, valued: Exposure | None = None, policy: Policy | None = None) -> Reading:
    known = memory()
    wake = spike_view(15)
    return read(wake, book(*lots), state(*lots, memory=known), policy or Policy(), known, valued or exposure())


def spike(**changes: Any) -> Episode:
    made = Episode(
        id="spike",
        armed_at=at(5),
        armed_on=DAY,
        baseline=surface(),
        con_id=VX,
        base=16.0,
        peak=19.0,
        target_minis=11,
        tranches_proposed=0,
        stages_done=0,
        selling=False,
        was_inverted=False,
        peak_position_minis=0,
    )
    return replace(made, **changes)


def next_tranche(read: Reading, episode: Episode | None, goal: int) -> Plan:
    return plan(read, episode, armed=True, goal=goal, momentum=SILENT, baseline=surface())


def check(planned: Plan, name: str) -> tuple[bool, str]:
    return next((found.passed, found.why) for found in planned.checks if found.name == f"tranche: {name}")


def test_a_book_of_unknown_vega_needs_nothing() -> None:
    assert needed(reading(valued=exposure(vega_delta_usd=None)), LIMITLESS) == 0
    assert needed(reading(valued=exposure(vega_delta_usd=0.0)), LIMITLESS) == 0
    assert needed(reading(), LIMITLESS) > 1


def test_where_a_mini_would_cover_nothing_nothing_is_needed() -> None:
    rich = exposure(vega_delta_usd=1_000_000.0)
    assert needed(reading(valued=rich, policy=Policy(sizing=SizingPolicy(coverage=0.0))), LIMITLESS) == 0


def test_a_tranche_of_a_single_mini_may_be_bought_and_one_of_none_may_not() -> None:
    assert check(next_tranche(reading(), spike(), 1), "size") == (True, "1 mini to reach 1 of 1")
    assert check(next_tranche(reading(), spike(), 0), "size") == (False, "the target is below one mini")


def test_a_tranche_that_is_held_already_is_not_called_a_target_too_small() -> None:
    """The first tranche of four is one mini, and one is held: the target is no reason."""
    held = lot(quantity=1)
    planned = next_tranche(reading(held), spike(tranches_proposed=1, tranche_goal_minis=1), 1)
    assert planned.minis == 0
    assert check(planned, "size")[1].endswith("would end at 1 mini, 1 held already")


@pytest.mark.parametrize(
    ("episode", "words"),
    [(None, "not asked yet: no spike is followed"), (spike(), "the target stands")],
)
def test_whether_the_spike_is_still_inflated_is_asked_of_a_spike_only(episode: Episode | None, words: str) -> None:
    assert check(next_tranche(reading(), episode, 11), "still inflated") == (True, words)


def test_a_spike_that_fell_below_the_keeping_level_says_by_which_number() -> None:
    over = spike(buying_over=True)
    below = reading(valued=exposure(inflation=0.21))
    assert check(next_tranche(below, over, 11), "still inflated") == (
        False,
        "the gauge at 21% is below the 30% that keep the target: remaining tranches are cancelled",
    )
    again = reading(valued=exposure(inflation=0.5))
    assert check(next_tranche(again, over, 11), "still inflated") == (
        False,
        "the spike fell below the keeping level: remaining tranches are cancelled",
    )
