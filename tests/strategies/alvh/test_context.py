from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import DAY, book, breadth_bars, exposure, memory, spike_view, state
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh.context import Context, context, paced
from strategies.alvh.policy import ContextPolicy, Policy
from strategies.alvh.reading import read
from strategies.alvh.records import Check, ContextValue, EventCalendar, MacroEvent, MarketView

STAGES = (0.50, 0.70, 0.90)
FLED = ContextValue(name="sectors", z=-2.0, age_s=60.0, source="IB")
CALM = ContextValue(name="sectors", z=0.1, age_s=60.0, source="IB")
CREDIT_DOWN = ContextValue(name="credit", value=-0.8, age_s=60.0, source="IB")
CREDIT_FLAT = ContextValue(name="credit", value=0.1, age_s=60.0, source="IB")


def calendar(view: MarketView, *, minutes_ago: float | None = None, surprise: float | None = None) -> EventCalendar:
    events = (
        ()
        if minutes_ago is None
        else (MacroEvent(name="CPI", at=view.now - timedelta(minutes=minutes_ago), surprise=surprise),)
    )
    return EventCalendar(source="test", valid_until=DAY, events=events)


def judged(*values: ContextValue, broken: bool = True, policy: Policy | None = None, **event: Any) -> Context:
    view = spike_view()
    if not broken:
        view = replace(view, breadth_bars=breadth_bars([0.1] * 7, view.breadth_bars[-1].end))
    known = event["calendar"] if "calendar" in event else calendar(view, **event)
    view = replace(view, context=values, calendar=known)
    return context(read(view, book(), state(), policy or Policy(), memory(), exposure()))


def found(result: Context, name: str) -> Check:
    return next(check for check in result.checks if check.name == f"context: {name}")


def test_three_reasons_slow_the_unwind_by_one_stage() -> None:
    assert judged(FLED, CREDIT_DOWN).pace == 1


def test_two_reasons_leave_the_pace_alone() -> None:
    assert judged(FLED, CREDIT_FLAT).pace == 0


def test_one_reason_or_none_speeds_the_unwind_up() -> None:
    assert judged(CALM, CREDIT_FLAT).pace == -1
    assert judged(CALM, CREDIT_FLAT, broken=False).pace == -1


def test_what_is_not_known_may_be_a_reason_so_nothing_is_sped_up_for_it() -> None:
    assert judged().pace == 0
    assert judged(CALM).pace == 0
    assert judged(CALM, CREDIT_FLAT, calendar=None).pace == 0


def test_a_surprise_counts_for_ninety_minutes_and_only_with_a_figure() -> None:
    assert judged(FLED, CREDIT_FLAT, minutes_ago=30, surprise=0.2).pace == 1
    assert judged(FLED, CREDIT_FLAT, minutes_ago=91, surprise=0.2).pace == 0
    assert judged(FLED, CREDIT_FLAT, minutes_ago=30, surprise=0.0).pace == 0
    assert "not known" in found(judged(FLED, CREDIT_FLAT, minutes_ago=30), "surprise").why


def test_a_calendar_that_has_run_out_knows_nothing() -> None:
    stale = EventCalendar(source="test", valid_until=DAY - timedelta(days=1), events=())
    assert "not known" in found(judged(calendar=stale), "surprise").why


@pytest.mark.parametrize(
    "old",
    [
        replace(FLED, age_s=901.0),
        replace(FLED, age_s=None),
        replace(FLED, age_s=-1.0),
        replace(FLED, age_s=None, as_of=DAY - timedelta(days=41)),
        replace(FLED, age_s=None, as_of=DAY + timedelta(days=1)),
        replace(FLED, z=None),
        replace(FLED, z=float("nan")),
    ],
)
def test_an_old_or_empty_number_is_no_reason(old: ContextValue) -> None:
    assert judged(old, CREDIT_DOWN).pace == 0
    assert "not known" in found(judged(old), "sectors").why


def test_a_number_from_a_file_says_its_date() -> None:
    dated = replace(FLED, age_s=None, as_of=DAY - timedelta(days=3), source="weekly.csv")
    assert "weekly.csv, as of 2018-02-02" in found(judged(dated), "sectors").why


def test_stretched_earnings_are_a_label_and_no_reason() -> None:
    stretched = ContextValue(name="earnings", value=1.4, as_of=DAY, source="own.csv")
    result = judged(stretched, FLED, CREDIT_FLAT)
    assert "stretched" in found(result, "earnings").why
    assert result.pace == 0
    assert "same story" in found(judged(replace(stretched, value=0.2)), "earnings").why


def test_the_pace_can_be_switched_off() -> None:
    assert judged(FLED, CREDIT_DOWN, policy=Policy(context=ContextPolicy(pace=False))).pace == 0


@given(st.floats(), st.floats(), st.floats())
def test_nothing_of_the_context_ever_blocks(z: float, credit: float, age_s: float) -> None:
    result = judged(replace(FLED, z=z, age_s=age_s), replace(CREDIT_DOWN, value=credit, age_s=age_s))
    assert all(check.passed for check in result.checks)
    assert result.pace in (-1, 0, 1)


def test_the_pace_moves_every_stage_by_one_and_the_last_never_beyond_the_base() -> None:
    assert paced(STAGES, 0) == STAGES
    assert paced(STAGES, 1) == (0.70, 0.90, 1.00)
    assert paced(STAGES, -1) == (0.50, 0.50, 0.70)


@pytest.mark.parametrize("age_s", [0.0, 900.0])
def test_a_number_of_just_this_moment_or_just_the_allowed_age_is_a_reason(age_s: float) -> None:
    assert judged(replace(FLED, age_s=age_s), CREDIT_DOWN).pace == 1


def test_sectors_are_shown_as_deviations_and_credit_as_a_change() -> None:
    shown = judged(replace(FLED, value=-7.0), replace(CREDIT_DOWN, z=-9.0))
    assert (found(shown, "sectors").observed, found(shown, "credit").observed) == (-2.0, -0.8)
