"""Decide whole wake-ups on options priced from a known surface: yesterday's close, then a shock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import at, book, spike_view

from strategies.alvh.decide import decide
from strategies.alvh.records import HedgeState, Memory, Phase, Side, SurfaceSource
from tests.strategies.alvh.spike_monday import POLICY, friday_close, legs, look, quoted, wake


def test_the_last_surface_of_friday_is_mondays_baseline() -> None:
    left = friday_close()
    assert left.closing_surface is not None
    monday = wake(spike_view(5, vx=17.5), 2762.0, 0.12, left)
    assert monday.memory.baseline == left.closing_surface
    assert monday.exposure is not None
    assert monday.exposure.inflation == pytest.approx(0.0, abs=0.03)
    assert monday.phase_after is Phase.WATCH
    assert not monday.proposals


def test_a_fall_with_rising_volatility_arms_and_buys() -> None:
    memory = friday_close()
    for minute in (5, 10):
        decision = wake(spike_view(minute, vx=18.5), 2700.0, 0.20, memory)
        memory = decision.memory
        if decision.proposals:
            break
    assert decision.exposure is not None
    assert decision.exposure.inflation is not None
    assert decision.exposure.inflation >= 0.40
    assert decision.exposure.condors > 0
    assert decision.phase_after is Phase.T1
    assert [proposal.side for proposal in decision.proposals] == [Side.BUY]
    assert decision.memory.episode is not None
    assert decision.memory.episode.baseline == decision.memory.baseline


def test_a_bot_that_was_down_on_friday_watches_until_it_can_model_a_baseline() -> None:
    first = wake(spike_view(4, vx=18.5), 2700.0, 0.20, Memory())
    assert first.memory.baseline is None
    assert "no prior-close baseline" in next(c.why for c in first.checks if c.name == "book: baseline")
    later = wake(spike_view(10, vx=18.5), 2700.0, 0.20, first.memory)
    assert later.memory.baseline is not None
    assert later.memory.baseline.source is SurfaceSource.MODELLED


def test_a_condor_opened_into_the_fall_is_no_spike() -> None:
    monday = wake(spike_view(5, vx=17.0), 2700.0, 0.20, friday_close()).memory
    view = look(spike_view(11, vx=17.0), 2700.0, 0.20)
    other = tuple(
        replace(item, con_id=item.con_id + 100, strike=item.strike - 150.0) for item in legs(2700.0, 0.2, at(11))
    )
    priced = tuple(replace(item, quote=quoted(item.strike, item.right, 2700.0, 0.20, at(11))) for item in other)
    found = decide(view, book(legs=priced), HedgeState(memory=monday), POLICY)
    assert [seen.con_id for seen in found.memory.first_seen] == [201, 202, 203, 204]
    assert found.exposure is not None
    assert found.exposure.inflation == pytest.approx(0.0, abs=0.02)


def test_the_same_wake_up_decides_the_same() -> None:
    memory = friday_close()
    view = spike_view(10, vx=18.5)
    assert wake(view, 2700.0, 0.20, memory) == wake(view, 2700.0, 0.20, memory)
