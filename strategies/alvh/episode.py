"""Follow one spike from arming to flat: what is frozen, what grows, and which phase that is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from strategies.alvh.holdings import believable
from strategies.alvh.indicators import BAR
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Episode, Memory, Phase, Sample, Surface
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.signals import Signal, future_inversion
from strategies.alvh.spike import disarmed, keeps
from strategies.alvh.stages import retraced
from strategies.alvh.tranches import target

SAMPLES_KEPT = 12
TRANCHES = {1: Phase.T1, 2: Phase.T2, 3: Phase.T3}


def arm(reading: Reading, baseline: Surface) -> Episode | None:
    """Return a new episode: baseline frozen, base at the contract's prior settlement, peak at its price."""
    front, settle = reading.front, number(reading.front.prior_settle) if reading.front else None
    if front is None or settle is None or settle <= 0.0 or reading.price is None:
        return None
    return Episode(
        id=f"{reading.view.now:%Y%m%dT%H%M}",
        armed_at=reading.view.now,
        armed_on=reading.view.session.day,
        baseline=baseline,
        con_id=front.con_id,
        base=settle,
        peak=reading.price,
        target_minis=target(reading),
        tranches_proposed=0,
        stages_done=0,
        selling=False,
        was_inverted=(future_inversion(reading.view, reading.policy) or 0.0) > 0.0,
        peak_position_minis=0,
    )


def follow(reading: Reading, episode: Episode, signals: tuple[Signal, ...]) -> Episode:
    """Return the episode after this wake-up's prices and fills.

    The target is the largest seen while the gauge stays at the keeping level; below it, once a tranche was proposed,
    the rest is cancelled for good. A missing gauge changes nothing.
    """
    kept = keeps(reading, signals)
    fills = [lot.bought_on for lot in reading.state.lots]
    inversion = future_inversion(reading.view, reading.policy)
    return replace(
        episode,
        peak=episode.peak if reading.price is None else max(episode.peak, reading.price),
        target_minis=max(episode.target_minis, target(reading)) if kept else episode.target_minis,
        buying_over=episode.buying_over or (kept is False and episode.tranches_proposed > 0),
        was_inverted=episode.was_inverted or (inversion is not None and inversion > 0.0),
        peak_position_minis=episode.peak_position_minis
        if episode.roll_from is not None
        else max(episode.peak_position_minis, reading.own),
        first_fill_on=episode.first_fill_on or (min(fills) if fills else None),
    )


def finished(reading: Reading, episode: Episode) -> bool:
    """Say whether the hedge was bought and is all sold, with no order left that could change that."""
    return episode.first_fill_on is not None and reading.own == 0 and not _alive(reading)


def dropped(reading: Reading, episode: Episode, signals: tuple[Signal, ...]) -> bool:
    """Say whether an episode that bought nothing is over: the spike, the condors or the session are gone."""
    if episode.first_fill_on is not None or reading.own > 0 or _alive(reading):
        return False
    listed = believable(reading.book, reading.state, reading.policy.freshness.positions_s)
    gone = listed and reading.exposure.guarded == 0
    over = gone or episode.armed_on != reading.view.session.day
    return over or disarmed(reading, signals)


def finish(memory: Memory, now: datetime, minutes: int) -> Memory:
    """Return the memory after a completed round trip: no episode, and a pause before the next."""
    until = now + timedelta(minutes=minutes)
    return replace(memory, episode=None, cooldown_until=until, round_trips=memory.round_trips + 1)


def phase(reading: Reading, episode: Episode | None) -> Phase:
    """Return the phase that an episode, the lots and the cooldown amount to."""
    if episode is not None:
        if episode.selling:
            return Phase.UNWIND
        return TRANCHES.get(episode.tranches_proposed, Phase.ARMED)
    if reading.own > 0:
        return Phase.UNWIND
    until = reading.memory.cooldown_until
    return Phase.COOLDOWN if until is not None and reading.view.now < until else Phase.WATCH


def sampled(
    reading: Reading, episode: Episode | None, momentum: Signal, breadth: Signal, *, armable: bool
) -> tuple[Sample, ...]:
    """Return the session's samples with the bar that has just closed, at the first wake-up that sees it closed.

    Bars are counted from the open, so a wake-up a few seconds after the full five minutes samples that bar.
    """
    samples, session, now = reading.memory.samples, reading.view.session, reading.view.now
    bars = int((now - session.opens_at) / BAR + TOLERANCE)
    end = session.opens_at + bars * BAR
    if bars < 1 or now > session.closes_at or (samples and samples[-1].end >= end):
        return samples
    inversion = future_inversion(reading.view, reading.policy)
    share = None
    if episode is not None and reading.price is not None:
        share = retraced(reading.price, episode.base, episode.peak, reading.policy.unwind)
    sample = Sample(
        end=end,
        inflation=number(reading.exposure.inflation),
        armable=armable,
        retraced=share,
        term_inverted=None if inversion is None else inversion > 0.0,
        vix_implied=reading.implied,
        breadth_divergent=breadth.confirmed,
        macd_hist=momentum.value,
    )
    return (*samples, sample)[-SAMPLES_KEPT:]


def _alive(reading: Reading) -> bool:
    return any(order.remaining > 0 for order in reading.state.working)
