"""Judge one wake-up over a book that is already valued: carry the spike on, sell, roll or buy, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from strategies.alvh.beta_fit import beta_in_force, with_refitted_beta
from strategies.alvh.carry import term_structure
from strategies.alvh.ceiling import Ceiling, lowest
from strategies.alvh.core_layer import core_layer
from strategies.alvh.engine import second_engine
from strategies.alvh.episode import arm, dropped, finish, finished, follow, phase, sampled
from strategies.alvh.event_calls import event_calls
from strategies.alvh.explain import summarise
from strategies.alvh.false_spike import persistent
from strategies.alvh.holdings import taken_back, working
from strategies.alvh.policy import Policy
from strategies.alvh.profiles import in_force
from strategies.alvh.purchase import purchase
from strategies.alvh.readiness import opening_time
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import (
    Book,
    Check,
    Decision,
    Episode,
    Exposure,
    HedgeState,
    MarketView,
    Memory,
    Phase,
    Proposal,
    Purpose,
    Sample,
    Side,
    Surface,
)
from strategies.alvh.roll import begin_roll, roll
from strategies.alvh.roll_watch import Late, watch_roll
from strategies.alvh.sales import one_a_contract, sales
from strategies.alvh.signs import Signs, read_signs
from strategies.alvh.sizing import hedge_units_usd
from strategies.alvh.tranches import Plan
from strategies.alvh.unwind import ceilings
from strategies.alvh.valued import Valued


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Hold what the episode does at this wake-up."""

    episode: Episode | None
    proposals: tuple[Proposal, ...]
    checks: tuple[Check, ...]
    late: Late
    cancel: tuple[str, ...]


def judge(
    view: MarketView,
    book: Book,
    state: HedgeState,
    policy: Policy,
    *,
    memory: Memory,
    exposure: Exposure,
    valued: Valued | None = None,
) -> Decision:
    """Return the decision on a book that is already valued, with the baseline that the memory holds.

    `valued` holds its legs where the caller has them, so that no rule needs to value them again.
    """
    reading = read(view, book, state, with_refitted_beta(view, policy), memory, exposure, valued)
    baseline = memory.episode.baseline if memory.episode else memory.baseline
    signs = read_signs(reading, baseline)
    episode, ended = _carry(reading, signs)
    samples = sampled(reading, episode, signs.momentum, signs.signals[0], armable=signs.armable)
    action = _act(reading, episode, signs, baseline, samples)
    return _conclude(reading, signs, action, samples, ended=ended)


def _carry(reading: Reading, signs: Signs) -> tuple[Episode | None, bool]:
    """Return the episode as it goes on, and whether one has just ended with everything sold."""
    episode = reading.memory.episode
    if episode is None:
        return None, False
    if finished(reading, episode):
        return None, True
    if dropped(reading, episode, signs.signals):
        return None, False
    return begin_roll(reading, follow(reading, episode, signs.signals)), False


def _act(
    reading: Reading,
    episode: Episode | None,
    signs: Signs,
    baseline: Surface | None,
    samples: tuple[Sample, ...],
) -> Action:
    """Return the orders of this wake-up: sales first, then a roll, then a tranche; never two of them at once."""
    steady, hour = persistent(reading, samples), opening_time(reading.view, reading.policy)
    armed = signs.armable and steady.passed
    if episode is None and armed and baseline is not None and _may_arm(reading):
        episode = arm(reading, baseline)
    reading = _followed(reading, episode)
    found = ceilings(reading, episode, samples)
    binding = lowest(found, reading)
    rolled = roll(reading, episode, may_buy=binding is None and hour.passed and signs.ready)
    idle = binding is None and not rolled.under_way
    bought = purchase(
        reading,
        rolled.episode,
        signs,
        baseline,
        armed=armed and episode is not None,
        may_buy=idle and hour.passed and episode is not None,
    )
    free = idle and not bought.proposals
    calls = event_calls(reading, episode, samples, ready=signs.ready and signs.real, clear=free)
    core = core_layer(reading, ready=signs.ready and hour.passed)
    late = watch_roll(reading, rolled.episode, rolled.surplus)
    sold = sales(reading, binding) if binding else rolled.proposals
    after = _after(reading, rolled.episode, bought.planned, binding, bought=bool(bought.proposals))
    return Action(
        episode=after,
        proposals=one_a_contract((*sold, *bought.proposals, *calls.proposals, *core.proposals)),
        checks=(
            steady,
            hour,
            *bought.checks,
            *rolled.checks,
            *late.checks,
            *_lines(found),
            *calls.checks,
            *core.checks,
        ),
        late=late,
        cancel=(*_cancel(reading, after, hour), *calls.cancel, *core.cancel),
    )


def _followed(reading: Reading, episode: Episode | None) -> Reading:
    """Return the reading with the month that this episode trades."""
    memory = replace(reading.memory, episode=episode)
    return read(reading.view, reading.book, reading.state, reading.policy, memory, reading.exposure, reading.valued)


def _conclude(reading: Reading, signs: Signs, action: Action, samples: tuple[Sample, ...], *, ended: bool) -> Decision:
    view, state, policy = reading.view, reading.state, reading.policy
    memory = replace(reading.memory, episode=action.episode, samples=samples, parity=signs.parity.watch)
    memory = replace(memory, roll=action.late.watch)
    after = Phase.FLAT if ended else phase(reading, action.episode)
    if ended:
        memory = finish(memory, view.now, policy.tranches.cooldown_minutes)
    memory = replace(memory, phase=after)
    decision = Decision(
        at=view.now,
        phase_before=state.memory.phase,
        phase_after=after,
        proposals=action.proposals,
        cancel=action.cancel,
        checks=tuple(_sayable(check) for check in (*signs.checks, *action.checks, *_told(reading))),
        exposure=reading.exposure,
        hedge_usd_per_point=hedge_units_usd(reading.book.futures, reading.book.vix_options, policy, view.now),
        target_minis=action.episode.target_minis if action.episode else 0,
        summary="",
        memory=memory,
        alerts=(*signs.parity.alerts, *action.late.alerts),
    )
    return replace(decision, summary=summarise(decision))


def _told(reading: Reading) -> tuple[Check, ...]:
    """Return what is told at every wake-up and decides nothing."""
    informing = (term_structure(reading), *second_engine(reading))
    return (*informing, beta_in_force(reading.view, reading.policy), in_force(reading.policy))


def _may_arm(reading: Reading) -> bool:
    """Say whether a new spike may begin; not at the wake-up that ends one, whose gauge was measured on its baseline."""
    until, trips = reading.memory.cooldown_until, reading.memory.round_trips
    cooling = until is not None and reading.view.now < until
    idle = reading.own == 0 and not reading.state.working and reading.memory.episode is None
    return idle and not cooling and trips < reading.policy.tranches.max_round_trips


def _after(
    reading: Reading, episode: Episode | None, planned: Plan, binding: Ceiling | None, *, bought: bool
) -> Episode | None:
    if episode is None:
        return None
    if bought:
        return replace(episode, tranches_proposed=planned.number, tranche_goal_minis=planned.goal)
    if binding is None:
        return episode
    stage = binding.stage if binding.stage is not None else episode.stages_done
    flat = reading.view.session.day if binding.purpose is Purpose.OVERNIGHT else episode.flatten_on
    left = (binding.minis or 0) if binding.purpose is Purpose.OVERNIGHT else episode.overnight_minis
    done = max(stage, episode.stages_done)
    return replace(episode, selling=True, stages_done=done, flatten_on=flat, overnight_minis=left)


def _cancel(reading: Reading, episode: Episode | None, hour: Check) -> tuple[str, ...]:
    """Return the buys to take back: the bot wants to sell, or may no longer open, or the rest of the spike is gone."""
    all_of_them = episode is None or episode.selling or not hour.passed
    over = episode is not None and episode.buying_over
    return taken_back(
        order
        for order in working(reading.state, Side.BUY)
        if all_of_them or (over and order.purpose is Purpose.TRANCHE)
    )


def _sayable(check: Check) -> Check:
    """Return the check with numbers the journal can keep: a quotient of absurd prices may be infinite."""
    observed, threshold = _finite(check.observed), _finite(check.threshold)
    if observed is check.observed and threshold is check.threshold:
        return check
    return replace(check, observed=observed, threshold=threshold)


def _finite(value: float | str | None) -> float | str | None:
    return None if isinstance(value, float) and not isfinite(value) else value


def _lines(found: tuple[Ceiling, ...]) -> tuple[Check, ...]:
    return tuple(check for ceiling in found for check in ceiling.checks)
