"""The promoter adds sooner and leaves later than the steward, inside the same caps, and the user wins over both."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from builders import DAY, VX, at, bars, future, rising, surface

from strategies.alvh.policy import Policy, Profile, SizingPolicy, UnwindPolicy
from strategies.alvh.profiles import changes, in_force, resolve
from strategies.alvh.records import Episode, Sample
from strategies.alvh.signals import vx_momentum
from strategies.alvh.stages import stages_due

STEWARD = Policy()
PROMOTER = resolve(Profile.PROMOTER, STEWARD)


def test_the_steward_is_the_policy_as_it_stands() -> None:
    assert resolve(Profile.STEWARD, STEWARD) == STEWARD
    assert changes(Profile.STEWARD, STEWARD) == {}


def test_the_promoter_covers_more_and_leaves_one_stage_later() -> None:
    assert PROMOTER.profile is Profile.PROMOTER
    assert PROMOTER.sizing.coverage == 0.75
    assert PROMOTER.unwind.stages == (0.70, 0.90, 1.0)


def test_no_profile_touches_a_cap_a_stop_or_a_window() -> None:
    told = changes(Profile.PROMOTER, STEWARD)
    assert set(told) == {"sizing.coverage", "signals.macd_rising_bars", "unwind.stages"}
    untouched = {item.name for item in fields(Policy)} - {"profile", "sizing", "signals", "unwind"}
    assert all(getattr(PROMOTER, name) == getattr(STEWARD, name) for name in untouched)
    same = replace(PROMOTER.unwind, stages=STEWARD.unwind.stages)
    assert same == STEWARD.unwind


def test_what_the_user_sets_wins_over_the_profile() -> None:
    mine = Policy(sizing=SizingPolicy(coverage=0.5), unwind=UnwindPolicy(stages=(0.2, 0.4, 0.6)))
    made = resolve(Profile.PROMOTER, mine, explicit={"sizing.coverage", "unwind.stages"})
    assert made.sizing.coverage == 0.5
    assert made.unwind.stages == (0.2, 0.4, 0.6)
    assert made.signals.macd_rising_bars == 1


def test_the_promoter_never_covers_more_than_the_largest_coverage() -> None:
    made = resolve(Profile.PROMOTER, Policy(sizing=SizingPolicy(coverage=0.6, coverage_max=0.65)))
    assert made.sizing.coverage == 0.65


@pytest.mark.parametrize(
    ("last", "promoter", "steward"), [((17.5, 16.5, 17.9), True, False), ((16.8, 17.4, 18.2), True, True)]
)
def test_the_promoter_adds_on_one_rising_bar(last: tuple[float, ...], promoter: bool, steward: bool) -> None:
    """A pause and a new climb: the histogram fell at the bar before the last, and rises at the last."""
    closes = rising(520, 16.0, (16.3, 16.5, *last))
    front = future(VX, last[-1], closes=bars(closes, at(30)))
    assert vx_momentum(front, at(30), PROMOTER, last_buy=None).confirmed == promoter
    assert vx_momentum(front, at(30), STEWARD, last_buy=None).confirmed == steward


@pytest.mark.parametrize(
    ("retraced", "steward", "promoter"), [(0.45, 0, 0), (0.55, 1, 0), (0.75, 2, 1), (0.95, 3, 2), (1.0, 3, 3)]
)
def test_every_stage_of_the_promoter_is_the_stewards_one_step_later(
    retraced: float, steward: int, promoter: int
) -> None:
    def sampled(minute: int, implied: float) -> Sample:
        return Sample(
            end=at(minute),
            inflation=0.4,
            armable=False,
            retraced=retraced,
            term_inverted=None,
            vix_implied=implied,
            breadth_divergent=False,
            macd_hist=0.1,
        )

    samples = (sampled(25, 22.0), sampled(30, 21.0))
    assert stages_due(samples, _episode(), STEWARD)[0] == steward
    assert stages_due(samples, _episode(), PROMOTER)[0] == promoter


def test_a_decision_says_under_which_profile_it_was_made() -> None:
    assert in_force(STEWARD).why.startswith("steward: covers 60% of the vega delta, adds on 2 rising MACD bars")
    assert in_force(PROMOTER).why == (
        "promoter: covers 75% of the vega delta, adds on 1 rising MACD bar, sells at 70%, 90%, 100% retraced"
    )


def _episode() -> Episode:
    return Episode(
        id="E",
        armed_at=at(0),
        armed_on=DAY,
        baseline=surface(),
        con_id=VX,
        base=16.0,
        peak=26.0,
        target_minis=9,
        tranches_proposed=3,
        stages_done=0,
        selling=False,
        was_inverted=False,
        peak_position_minis=9,
    )


def test_a_resolved_policy_names_its_profile() -> None:
    assert [resolve(profile, STEWARD).profile for profile in Profile] == list(Profile)
