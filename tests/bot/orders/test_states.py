"""The table of an order's life says each thing once, forgets no word of the broker, and is what the docs draw."""

from __future__ import annotations

import pytest

from bot.orders.states import DONE, STEPS, Event, Life, after, diagram

STATUSES = (Event.PENDING, Event.WORKING, Event.FILLED, Event.CANCELLED, Event.REJECTED, Event.DOUBT, Event.REMARK)
SILENT = (Event.SILENCE, Event.ABSENT, Event.REMARK)


def reached(start: Life) -> set[Life]:
    found = {start}
    while True:
        more = {after(life, event) for life in found for event in Event} | found
        if more == found:
            return found
        found = more


def test_no_pair_of_life_and_event_stands_twice_in_the_table() -> None:
    assert len({(step.before, step.event) for step in STEPS}) == len(STEPS)


def test_a_step_of_the_table_changes_something() -> None:
    assert [step for step in STEPS if step.before is step.after] == []


def test_every_life_can_be_reached_from_an_intent_and_every_event_is_used() -> None:
    assert reached(Life.INTENDED) == set(Life)
    assert {step.event for step in STEPS} == set(Event) - {Event.REMARK}


@pytest.mark.parametrize("event", STATUSES)
def test_no_status_moves_a_filled_order(event: Event) -> None:
    assert after(Life.FILLED, event) is Life.FILLED


@pytest.mark.parametrize("life", sorted(DONE - {Life.FILLED}))
def test_an_end_leads_to_doubt_or_to_a_better_known_end_and_never_back_to_work(life: Life) -> None:
    for event in Event:
        assert after(life, event) in DONE | {Life.UNKNOWN}
    assert after(life, Event.WORKING) is Life.UNKNOWN


@pytest.mark.parametrize("life", sorted(set(Life) - DONE))
def test_neither_an_error_nor_silence_ends_an_order(life: Life) -> None:
    for event in (*SILENT, Event.DOUBT):
        assert after(life, event) not in DONE


@pytest.mark.parametrize("life", sorted(Life))
def test_an_execution_in_full_fills_whatever_was_thought_before(life: Life) -> None:
    assert after(life, Event.WHOLE) is Life.FILLED


def test_only_what_was_unknown_can_be_given_up_and_only_what_was_intended_can_be_stopped() -> None:
    assert {step.before for step in STEPS if step.after is Life.GONE} == {Life.UNKNOWN}
    assert {step.before for step in STEPS if step.after is Life.VOID} == {Life.INTENDED}


def test_every_usual_step_is_drawn_and_every_other_is_listed() -> None:
    text = diagram()
    drawn = {(step.before, step.after) for step in STEPS if step.usual}
    assert text.count(" --> ") == 1 + len(drawn)
    assert (
        "    working --> unknown: an end that only an error or Inactive announces, or a reading does not show it"
        in text
    )
    assert "- `rejected`, `gone`, `void` to `unknown`: executed in part" in text
    for line in text.split("```")[1].splitlines():
        assert line.count(":") <= 1, "Mermaid ends a label at a second colon"
