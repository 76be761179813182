"""A list of positions that is unconfirmed, old or empty in place of the account proves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import builders
import pytest
from builders import VXM, book, exposure, lot, memory, position, spike_view, state

from strategies.alvh.episode import dropped
from strategies.alvh.judge import judge
from strategies.alvh.policy import Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Book, Decision, Episode, Exposure, Lot, Purpose
from strategies.alvh.unwind import excess, no_condors

GONE = exposure(condors=0, legs=0, vega30_usd=0.0, inflation=None, vega_delta_usd=0.0)
UNCONFIRMED: dict[str, Any] = {"legs": (), "futures": (), "complete": False}
OLD: dict[str, Any] = {"legs": (), "age_s": 600.0}
EMPTY: dict[str, Any] = {"legs": (), "futures": ()}


def episode(**changes: Any) -> Episode:
    return builders.episode(**(dict(con_id=VXM) | changes))


def reading(*lots: Lot, held: Book, valued: Exposure) -> Reading:
    return read(spike_view(60), held, state(*lots), Policy(), memory(), valued)


def decided(**held: Any) -> Decision:
    own = lot(VXM, 6)
    remembered = memory(episode=episode())
    known = replace(state(own), memory=remembered)
    return judge(spike_view(60), book(own, **held), known, Policy(), memory=remembered, exposure=GONE)


@pytest.mark.parametrize("held", [UNCONFIRMED, OLD, EMPTY])
def test_one_doubtful_list_does_not_begin_the_unwind(held: dict[str, Any]) -> None:
    decision = decided(**held)
    assert not decision.proposals
    assert decision.memory.episode is not None
    assert not decision.memory.episode.selling, "a single bad reading must not end the hedge for good"


def test_a_proven_end_of_the_condors_sells_everything() -> None:
    decision = decided(legs=())
    assert [(p.purpose, p.quantity) for p in decision.proposals] == [(Purpose.NO_CONDORS, 6)]


def test_lots_that_are_partly_gone_still_prove_the_list() -> None:
    own = lot(VXM, 6)
    held = book(own, legs=(), futures=(position(VXM, 2),))
    assert no_condors(reading(own, held=held, valued=GONE)).minis == 0


def test_excess_is_not_measured_on_a_list_in_doubt() -> None:
    own = lot(VXM, 6)
    assert excess(reading(own, held=book(own), valued=GONE), None).minis == 0
    assert excess(reading(own, held=book(own, complete=False), valued=GONE), None).minis is None


@pytest.mark.parametrize(("complete", "over"), [(True, True), (False, False)])
def test_an_armed_spike_ends_with_the_condors_only_when_that_is_proven(complete: bool, over: bool) -> None:
    armed = episode(first_fill_on=None, tranches_proposed=0, peak_position_minis=0)
    held = book(legs=(), complete=complete)
    assert dropped(reading(held=held, valued=exposure(condors=0)), armed, ()) is over
