"""The table of phases is what the core does: a walk through every situation finds these steps and no others."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

from builders import OPEN

from strategies.alvh.phases import TRANSITIONS, diagram
from strategies.alvh.policy import EconomicsPolicy, Policy, TranchePolicy, UnwindPolicy
from strategies.alvh.records import Exposure, MarketView, Phase, Side, Window
from tests.strategies.alvh.wakeup_walk import Walk, gauged, market

POLICY = Policy(
    tranches=TranchePolicy(min_gap_minutes=1, cooldown_minutes=12, max_round_trips=10),
    unwind=UnwindPolicy(min_hold_minutes=0),
    economics=EconomicsPolicy(enabled=False),
)
PATIENT = replace(POLICY, tranches=replace(POLICY.tranches, cooldown_minutes=0))
LAST_MINUTE = 330.0
Between = Callable[[Walk, MarketView], None]
BETWEEN: tuple[Between, ...] = (
    lambda walk, view: walk.fill(1.0, view),
    lambda walk, view: None,
    lambda walk, view: walk.cancel(),
    lambda walk, view: walk.fill_late(view),
    lambda walk, view: walk.flatten(),
)


def markets(walk: Walk) -> Iterator[tuple[MarketView, Exposure, bool]]:
    """Yield a climbing spike, the same between the windows, its collapse, and the spike without condors."""
    up = 18.5 + 0.02 * (walk.minute - 30.0)
    yield market(walk.minute, vx=up, vix=21.0, climbs=True, window=Window.OPENING), gauged(0.5), True
    yield market(walk.minute, vx=up, vix=21.0, climbs=True, window=Window.GUARDIAN), gauged(0.5), True
    yield market(walk.minute, vx=16.1, vix=16.5, climbs=False, window=Window.OPENING), gauged(0.05), True
    yield market(walk.minute, vx=up, vix=21.0, climbs=True, window=Window.OPENING), gauged(0.5), False


def steps(walk: Walk) -> Iterator[tuple[Phase, Walk]]:
    """Yield every way in which one wake-up may follow: the phase before, and the walk after it."""
    for view, valued, condors in markets(walk):
        for between in BETWEEN:
            after = copy.copy(walk)
            between(after, view)
            after.condors = condors
            after.wake(view, valued)
            yield walk.phase, after


def situation(walk: Walk) -> object:
    """Return what decides how a walk goes on; two walks alike in it need not both be followed."""
    episode, until = walk.memory.episode, walk.memory.cooldown_until
    spike = (
        None
        if episode is None
        else (episode.tranches_proposed, episode.selling, episode.first_fill_on is None, episode.buying_over)
    )
    left = 0.0 if until is None else max(0.0, (until - OPEN).total_seconds() / 60.0 - walk.minute)
    sides = frozenset(order.side for order in walk.working)
    late = any(order.side is Side.BUY for order in walk.ended)
    return walk.phase, spike, walk.own > 0, sides, late, left


def explored(policy: Policy) -> set[tuple[Phase, Phase]]:
    """Return every change of phase that any walk from a quiet start can make."""
    start = Walk(policy=policy)
    seen, waiting = {situation(start)}, deque([start])
    found: set[tuple[Phase, Phase]] = set()
    while waiting:
        walk = waiting.popleft()
        assert walk.minute < LAST_MINUTE, "the walk must close before the session does"
        for before, after in steps(walk):
            found.add((before, after.phase))
            if situation(after) not in seen:
                seen.add(situation(after))
                waiting.append(after)
    return {(before, after) for before, after in found if before is not after}


def without_a_pause() -> set[tuple[Phase, Phase]]:
    """Return the steps that leave `flat` where the settings ask for no pause."""
    walk = Walk(policy=PATIENT)
    for _ in range(2):
        view, valued, _ = next(markets(walk))
        walk.wake(view, valued)
    view, valued, _ = next(markets(walk))
    walk.fill(1.0, view)
    walk.wake(view, valued)
    walk.flatten()
    walk.wake(*next(markets(walk))[:2])
    assert walk.phase is Phase.FLAT
    return {(before, after.phase) for before, after in steps(walk) if after.phase is not Phase.FLAT}


def test_the_core_takes_every_step_of_the_table_and_no_other() -> None:
    told = {(step.before, step.after) for step in TRANSITIONS}
    assert explored(POLICY) | without_a_pause() == told


def test_no_step_stands_twice_in_the_table() -> None:
    assert len({(step.before, step.after) for step in TRANSITIONS}) == len(TRANSITIONS)


def test_every_usual_step_is_drawn_and_every_other_is_listed() -> None:
    text = diagram()
    assert text.count(" --> ") == 1 + sum(step.usual for step in TRANSITIONS)
    assert "    tranche1 --> tranche2: MACD confirms" in text
    assert "- `tranche-1`, `tranche-2`, `tranche-3` to `flat`: the operator sold everything" in text
