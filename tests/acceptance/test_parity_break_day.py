"""A VX quote that options on VIX contradict: nothing opens on it, it is said, and afterwards the hedge is bought."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from told_day import STAGED, Player, Told, check_of

from bot.journal import Kind
from strategies.alvh.records import Phase, Purpose

BEGINS = datetime(2018, 2, 2, 18, 50, tzinfo=UTC)
ENDS = datetime(2018, 2, 2, 20, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def day(play: Player) -> Told:
    """Two February 2018 with a made-up disconnect of 85 minutes, fifteen of them in the closing window."""
    return play("parity-break", until=datetime(2018, 2, 2, 20, 40, tzinfo=UTC))


def test_the_gate_binds_during_the_disconnect_and_at_no_other_time(day: Told) -> None:
    for wakeup in day.wakeups:
        gate = check_of(wakeup, "parity: gate")
        assert gate is not None
        assert gate.passed is not (BEGINS <= wakeup.view.now < ENDS), (wakeup.view.now, gate.why)


def test_while_it_binds_nothing_arms_or_is_bought_and_the_reason_is_recorded(day: Told) -> None:
    held_back = [w for w in day.wakeups if BEGINS <= w.view.now < ENDS]
    assert len(held_back) == 85
    for wakeup in held_back:
        assert wakeup.decision.proposals == ()
        assert wakeup.decision.phase_after is Phase.WATCH
    in_window = [w for w in held_back if w.view.session.window != "guardian"]
    assert len(in_window) == 15
    assert all("is suspect" in w.decision.summary for w in in_window)
    # The gate is what stands in the way: data and filters agree with opening, and so does the gauge at the end.
    last = {check.name: check for check in in_window[-1].decision.checks}
    assert [name for name in last if name.startswith(("data: ", "gauge: ", "arm: ")) and not last[name].passed] == []


def test_it_is_alerted_once_in_the_journal(day: Told) -> None:
    alerts = [str(entry.body["why"]) for entry in day.entries if entry.kind is Kind.ALERT]
    assert sum("is suspect" in why for why in alerts) == 1
    assert sum("reversal" in why for why in alerts) == 1
    assert len(alerts) == 2


def test_once_the_quotes_agree_again_the_hedge_is_bought(day: Told) -> None:
    bought = [w for w in day.wakeups for p in w.decision.proposals if p.purpose is Purpose.TRANCHE]
    assert bought
    assert ENDS <= bought[0].view.now <= datetime(2018, 2, 2, 20, 35, tzinfo=UTC)
    assert day.json["tranches"]


@pytest.mark.parametrize("name", ["calm", STAGED])
def test_on_an_ordinary_day_the_gate_is_measured_and_never_binds(play: Player, name: str) -> None:
    told = play(name)
    gates = [check_of(wakeup, "parity: gate") for wakeup in told.wakeups]
    assert all(gate is not None and gate.passed for gate in gates)
    assert sum(gate is not None and gate.observed is not None for gate in gates) >= 0.99 * len(gates)
    assert [why for entry in told.entries if entry.kind is Kind.ALERT and "parity" in (why := entry.body["why"])] == []
