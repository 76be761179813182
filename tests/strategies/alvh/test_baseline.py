from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import CLOSE, DAY, DAYS, NEXT, YESTERDAY_CLOSE, at, book, memory, sample, session, spike_view, surface

from strategies.alvh.baseline import (
    begin_session,
    ensure_baseline,
    modelled_baseline,
    see_legs,
    store_surface,
    surface_due,
)
from strategies.alvh.policy import Policy
from strategies.alvh.records import FirstSeen, Memory, Surface, SurfaceSource

POLICY = Policy()


def night(**changes: object) -> Memory:
    """Return what yesterday left behind."""
    left = Memory(closing_surface=surface(), session_on=DAYS[-2], samples=(sample(at(0)),), round_trips=2)
    return replace(left, **changes)  # type: ignore[arg-type]


def test_yesterdays_last_surface_becomes_todays_baseline() -> None:
    begun = begin_session(night(), spike_view(0))
    assert begun.baseline == surface()
    assert begun.closing_surface is None
    assert (begun.samples, begun.round_trips, begun.round_trips_on, begun.session_on) == ((), 0, DAY, DAY)


def test_a_session_begins_once() -> None:
    begun = begin_session(night(), spike_view(0))
    assert begin_session(replace(begun, round_trips=1), spike_view(5)).round_trips == 1


def test_an_older_surface_is_no_prior_close() -> None:
    older = surface(session_day=DAYS[-3])
    assert begin_session(night(closing_surface=older), spike_view(0)).baseline is None
    noon = surface(taken_at=YESTERDAY_CLOSE - timedelta(minutes=16))
    assert begin_session(night(closing_surface=noon), spike_view(0)).baseline is None
    assert begin_session(night(closing_surface=None), spike_view(0)).baseline is None
    alone = replace(spike_view(0), session=session(at(0), recent_days=(DAY,)))
    assert begin_session(night(), alone).baseline is None


def test_surfaces_are_stored_every_five_minutes_and_in_the_last_one() -> None:
    assert surface_due(memory(), spike_view(0))
    taken = memory(closing_surface=surface(taken_at=at(10), session_day=DAY))
    assert not surface_due(taken, spike_view(14))
    assert surface_due(taken, spike_view(15))
    late = memory(closing_surface=surface(taken_at=CLOSE - timedelta(minutes=2), session_day=DAY))
    assert surface_due(late, spike_view(389))
    last = memory(closing_surface=surface(taken_at=CLOSE - timedelta(minutes=1), session_day=DAY))
    assert not surface_due(last, spike_view(389.5))


@pytest.mark.parametrize("minute", [-1, 390])
def test_no_surface_is_stored_outside_the_session(minute: int) -> None:
    assert not surface_due(memory(), spike_view(minute))


def test_no_surface_is_stored_from_a_broken_feed_or_a_chain_that_cannot_be_fitted() -> None:
    view = spike_view(10)
    assert store_surface(memory(), replace(view, feed_ok=False), book(), POLICY) == memory()
    assert store_surface(memory(), view, book(), POLICY) == memory()
    assert store_surface(memory(), view, book(legs=()), POLICY).closing_surface is None


def test_a_missing_baseline_is_modelled_from_index_closes() -> None:
    view = spike_view(10)
    today = surface(taken_at=at(10), session_day=DAY)
    made = ensure_baseline(memory(baseline=None, closing_surface=today), view, POLICY).baseline
    assert made is not None
    assert made.source is SurfaceSource.MODELLED
    assert (made.session_day, made.taken_at) == (DAYS[-2], YESTERDAY_CLOSE)
    # 35 days lie between VIX at 30 and VIX3M at 93: total variance 5/63 of the way.
    total = [(58 * near**2 * 30 + 5 * far**2 * 93) / 63 for near, far in ((16.0, 17.0), (20.0, 19.0))]
    scale = (total[0] / total[1]) ** 0.5
    for before, now in zip(made.smiles[0].points, today.smiles[0].points, strict=True):
        assert before.x == now.x
        assert before.sigma == pytest.approx(now.sigma * scale)
    assert made.smiles[0].forward == pytest.approx(2762.0 * 2762.0 / 2700.0)


@pytest.mark.parametrize(("years", "ratio"), [(5 / 365, 15.0 / 21.0), (9 / 365, 15.0 / 21.0), (200 / 365, 17.0 / 19.0)])
def test_the_index_term_structure_is_flat_beyond_its_ends(years: float, ratio: float) -> None:
    smile = replace(surface().smiles[0], years=years)
    made = modelled_baseline(spike_view(10), surface(smiles=(smile,)))
    assert made is not None
    assert made.smiles[0].points[0].sigma == pytest.approx(0.20 * ratio)


def test_nothing_is_modelled_from_missing_numbers() -> None:
    view, today = spike_view(10), surface(taken_at=at(10))
    for broken in (
        replace(view, vix3m=replace(view.vix3m, prev_close=None)),
        replace(view, vix9d=replace(view.vix9d, last=0.0)),
        replace(view, spx=replace(view.spx, prev_close=None)),
        replace(view, spx=replace(view.spx, last=-1.0)),
        replace(view, session=session(at(10), recent_days=(DAY,))),
    ):
        assert modelled_baseline(broken, today) is None
    assert modelled_baseline(view, surface(smiles=())) is None


def test_a_baseline_is_modelled_only_where_none_was_stored_and_not_in_the_first_minutes() -> None:
    view = spike_view(10)
    early = memory(baseline=None, closing_surface=surface(taken_at=at(4)))
    assert ensure_baseline(early, view, POLICY).baseline is None
    assert ensure_baseline(memory(baseline=None), view, POLICY).baseline is None
    stored = memory(closing_surface=surface(taken_at=at(10)))
    assert ensure_baseline(stored, view, POLICY) == stored


def test_the_next_day_is_a_new_session() -> None:
    tomorrow = replace(spike_view(0), session=session(at(0), day=NEXT))
    assert begin_session(memory(), tomorrow).session_on == NEXT


def fitted(monkeypatch: pytest.MonkeyPatch, made: Surface | None) -> None:
    """Let the chain be fitted to a known surface; the fit has its own tests."""
    monkeypatch.setattr("strategies.alvh.baseline.take_surface", lambda view, book, policy, quoted=None: made)


def test_the_first_list_of_legs_is_taken_as_old() -> None:
    seen = see_legs(memory(), spike_view(10), book(), POLICY)
    assert seen.known_legs == (101, 102, 103, 104)
    assert seen.first_seen == ()
    assert see_legs(seen, spike_view(11), book(), POLICY) == seen


def test_a_new_leg_is_measured_on_the_smile_that_first_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = surface(taken_at=at(30), session_day=DAY)
    other = replace(now.smiles[0], settles_at=at(9999))
    fitted(monkeypatch, replace(now, smiles=(*now.smiles, other)))
    old = memory(known_legs=(101, 102, 103))
    seen = see_legs(old, spike_view(30), book(), POLICY)
    assert [item.con_id for item in seen.first_seen] == [104]
    assert seen.first_seen[0].surface == now
    assert see_legs(seen, spike_view(31), book(), POLICY) == seen
    assert see_legs(seen, spike_view(31), book(legs=()), POLICY).first_seen == ()


def test_a_new_leg_without_a_smile_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted(monkeypatch, None)
    old = memory(known_legs=(101, 102, 103))
    assert see_legs(old, spike_view(30), book(), POLICY) == old
    assert see_legs(old, spike_view(30), book(complete=False), POLICY) == old


def test_first_smiles_last_a_session_or_as_long_as_the_episode() -> None:
    left = night(first_seen=(FirstSeen(con_id=104, surface=surface()),))
    assert begin_session(left, spike_view(0)).first_seen == ()


def test_one_session_before_today_is_enough() -> None:
    made = modelled_baseline(replace(spike_view(10), session=session(at(10), recent_days=DAYS[-2:])), surface())
    assert made is not None
    assert made.session_day == DAYS[-2]
