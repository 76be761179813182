"""What an episode keeps of each wake-up, and when it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import builders
import pytest
from builders import (
    DAY,
    DAYS,
    VX,
    VXM,
    at,
    book,
    exposure,
    future,
    lot,
    market,
    memory,
    order,
    sample,
    spike_view,
    state,
    surface,
)

from strategies.alvh.episode import arm, dropped, finish, finished, follow, phase, sampled
from strategies.alvh.policy import Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Episode, HedgeState, Lot, MarketView, Phase, Side
from strategies.alvh.signals import Signal

POLICY = Policy()
QUIET = Signal(name="breadth", value=0.0, threshold=0.0, ok=True, confirmed=False, age_s=1.0, reason="")


def episode(**changes: Any) -> Episode:
    return builders.episode(**(dict(target_minis=9, peak_position_minis=4, first_fill_on=None) | changes))


def reading(
    *lots: Lot, view: MarketView | None = None, known: HedgeState | None = None, inflation: float | None = 0.5
) -> Reading:
    seen, knows = view or spike_view(), known or state(*lots)
    return read(seen, book(*lots), knows, POLICY, knows.memory, exposure(inflation=inflation))


def followed(before: Episode | None = None, *lots: Lot, **given: Any) -> Episode:
    return follow(reading(*lots, **given), before or episode(), ())


@pytest.mark.parametrize("settle", [None, 0.0, -1.0])
def test_without_a_settlement_or_a_price_no_spike_begins(settle: float | None) -> None:
    assert arm(reading(view=spike_view(futures=(future(VX, 18.5, settle=settle),))), surface()) is None
    silent = future(VX, quote=market(18.5, 0.05, age_s=99.0))
    assert arm(reading(view=spike_view(futures=(silent,))), surface()) is None
    assert arm(reading(view=spike_view(futures=())), surface()) is None
    made = arm(reading(), surface())
    assert made is not None
    assert (made.con_id, made.base, made.peak, made.armed_on) == (VX, 16.0, pytest.approx(18.5), DAY)


@pytest.mark.parametrize(("vx", "peak"), [(18.0, 18.5), (19.0, 19.0)])
def test_the_peak_is_the_highest_price_seen(vx: float, peak: float) -> None:
    assert followed(view=spike_view(vx=vx)).peak == pytest.approx(peak)


def test_the_peak_stands_while_there_is_no_price() -> None:
    silent = spike_view(futures=(future(VX, quote=market(30.0, 0.05, age_s=99.0)),))
    assert followed(view=silent).peak == 18.5


def test_the_target_is_the_largest_seen_while_the_gauge_stands() -> None:
    assert followed().target_minis == 15
    assert followed(episode(target_minis=20)).target_minis == 20
    assert followed(inflation=0.29).target_minis == 9
    assert followed(inflation=None).target_minis == 9


@pytest.mark.parametrize(
    ("inflation", "proposed", "over"), [(0.29, 1, True), (0.29, 0, False), (0.30, 1, False), (None, 1, False)]
)
def test_below_the_keeping_level_buying_is_over_once_a_tranche_was_proposed(
    inflation: float | None, proposed: int, over: bool
) -> None:
    assert followed(episode(tranches_proposed=proposed), inflation=inflation).buying_over is over


def test_buying_that_is_over_stays_over() -> None:
    assert followed(episode(buying_over=True)).buying_over


@pytest.mark.parametrize(("points", "inverted"), [(0.0, False), (0.05, True), (0.5, True), (-1.0, False)])
def test_any_inversion_of_the_months_is_remembered(points: float, inverted: bool) -> None:
    near, far = 18.5, 18.5 - points
    view = spike_view()
    months = tuple(replace(one, quote=market(near if one.dte < 40 else far, one.tick)) for one in view.futures)
    assert followed(view=replace(view, futures=months)).was_inverted is inverted
    assert followed(episode(was_inverted=True), view=replace(view, futures=months)).was_inverted


def test_the_largest_position_is_remembered_but_not_while_two_months_overlap() -> None:
    assert followed(None, lot(quantity=7)).peak_position_minis == 7
    assert followed(None, lot(quantity=2)).peak_position_minis == 4
    assert followed(episode(roll_from=DAY), lot(quantity=7)).peak_position_minis == 4


def test_the_first_fill_is_that_of_the_oldest_lot_and_is_kept() -> None:
    old, new = lot(quantity=1, bought_on=DAYS[-2]), lot(VX, 1)
    assert followed().first_fill_on is None
    assert followed(None, new, old).first_fill_on == DAYS[-2]
    assert followed(episode(first_fill_on=DAYS[0]), old).first_fill_on == DAYS[0]


def test_an_episode_is_finished_when_all_is_sold_and_no_order_lives() -> None:
    bought = episode(first_fill_on=DAY)
    alive = state(working=(order(VXM, Side.SELL, 1),))
    ended = state(working=(order(VXM, Side.SELL, 0),))
    assert finished(reading(), bought)
    assert finished(reading(known=ended), bought)
    assert not finished(reading(known=alive), bought)
    assert not finished(reading(lot()), bought)
    assert not finished(reading(), episode())


def test_an_episode_that_bought_nothing_is_dropped_when_spike_condors_or_session_are_gone() -> None:
    calm, gone = reading(inflation=0.14), reading()
    gone = replace(gone, exposure=exposure(condors=0))
    assert not dropped(reading(), episode(), ())
    assert dropped(calm, episode(), ())
    assert dropped(gone, episode(), ())
    assert dropped(reading(), episode(armed_on=DAYS[-2]), ())
    assert not dropped(calm, episode(first_fill_on=DAY), ())
    assert not dropped(replace(calm, own=1), episode(), ())
    assert not dropped(reading(inflation=0.14, known=state(working=(order(),))), episode(), ())


def test_a_round_trip_is_counted_and_a_pause_begins() -> None:
    after = finish(memory(episode=episode(), round_trips=1), at(60), 30)
    assert (after.episode, after.cooldown_until, after.round_trips) == (None, at(90), 2)


@pytest.mark.parametrize(("proposed", "expected"), [(0, Phase.ARMED), (1, Phase.T1), (2, Phase.T2), (3, Phase.T3)])
def test_the_phase_counts_the_tranches(proposed: int, expected: Phase) -> None:
    assert phase(reading(), episode(tranches_proposed=proposed)) is expected
    assert phase(reading(), episode(tranches_proposed=proposed, selling=True)) is Phase.UNWIND


@pytest.mark.parametrize(("minutes", "expected"), [(29, Phase.COOLDOWN), (30, Phase.WATCH), (31, Phase.WATCH)])
def test_without_an_episode_the_phase_is_pause_or_watch_and_lots_are_unwound(minutes: int, expected: Phase) -> None:
    known = state(memory=memory(cooldown_until=at(30)))
    view = replace(spike_view(), now=at(minutes))
    assert phase(reading(view=view, known=known), None) is expected
    assert phase(reading(lot(quantity=1)), None) is Phase.UNWIND
    assert phase(reading(), None) is Phase.WATCH


def samples_at(minutes: float, *before: float) -> list[float]:
    """Return the minutes of the samples after a wake-up at this minute, given those of before."""
    known = state(memory=memory(samples=tuple(sample(at(n)) for n in before)))
    view = replace(spike_view(), now=at(minutes))
    found = sampled(reading(view=view, known=known), None, QUIET, QUIET, armable=True)
    return [(one.end - at(0)).total_seconds() / 60 for one in found]


def test_each_closed_bar_is_sampled_once_from_the_first_on() -> None:
    assert samples_at(4.99) == []
    assert samples_at(5.0) == [5.0]
    assert samples_at(9.99, 5.0) == [5.0]
    assert samples_at(10.1, 5.0) == [5.0, 10.0]
    assert samples_at(390.0) == [390.0]
    assert samples_at(390.1) == []
    assert samples_at(100.0, *(5.0 * n for n in range(1, 14))) == [*(5.0 * n for n in range(3, 14)), 100.0]


def test_a_sample_keeps_what_the_unwind_asks_about() -> None:
    (one,) = sampled(reading(), episode(base=16.0, peak=21.0), QUIET, QUIET, armable=False)
    assert one.retraced == pytest.approx(0.5)
    assert (one.armable, one.breadth_divergent, one.macd_hist, one.inflation) == (False, False, 0.0, 0.5)
    assert one.term_inverted is True  # the months of that morning stand one point apart
    (bare,) = sampled(reading(), None, QUIET, QUIET, armable=True)
    assert (bare.retraced, bare.armable) == (None, True)
