from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import book, exposure, lot, memory, spike_view, state, surface

from strategies.alvh.policy import ArmOn, Policy, SizingPolicy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Exposure, IndexQuote, MarketView, SurfaceSource
from strategies.alvh.signals import Signal
from strategies.alvh.spike import Gauge, disarmed, gauge, keeps

YES = Signal(name="yes", value=1.0, threshold=0.0, ok=True, confirmed=True, age_s=1.0, reason="")
NO = replace(YES, name="no", confirmed=False)
AGREED = (YES, YES, NO, NO)
ALONE = (YES, NO, NO, NO)


def policy(arm_on: ArmOn = ArmOn.BOTH) -> Policy:
    return Policy(sizing=SizingPolicy(arm_on=arm_on))


def reading(valued: Exposure | None = None, view: MarketView | None = None, rules: Policy | None = None) -> Reading:
    return read(view or spike_view(), book(), state(), rules or policy(), memory(), valued or exposure())


def judged(signals: tuple[Signal, ...] = AGREED, *, rules: Policy | None = None, **changes: Any) -> Gauge:
    return gauge(reading(exposure(**changes), rules=rules), surface(), signals)


def names(found: Gauge) -> dict[str, bool]:
    return {check.name: check.passed for check in found.checks}


def test_a_threatened_inflated_book_with_a_quorum_is_armable() -> None:
    assert judged().armable


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"condors": 0}, "book: condors"),
        ({"vega30_usd": 0.0}, "book: net vega"),
        ({"vega30_usd": None}, "book: net vega"),
        ({"side_vega30_baseline_usd": -99.9}, "book: put side"),
        ({"side_vega30_baseline_usd": None}, "book: put side"),
        ({"short_dated_share": 0.51}, "book: days left"),
        ({"short_dated_share": None}, "book: days left"),
        ({"iv_only": 0.0}, "gauge: IV part"),
        ({"iv_only": None}, "gauge: IV part"),
        ({"inflation": 0.39}, "gauge: inflation"),
        ({"inflation": None}, "gauge: inflation"),
    ],
)
def test_each_missing_condition_refuses_by_its_name(changes: dict[str, float | None], name: str) -> None:
    found = judged(**changes)
    assert not found.armable
    assert [key for key, passed in names(found).items() if not passed] == [name]


def test_inflation_of_forty_percent_arms_and_thirty_nine_never_does() -> None:
    assert judged(inflation=0.40).armable
    assert not judged(inflation=0.39).armable


def test_without_a_baseline_the_bot_only_watches() -> None:
    found = gauge(reading(), None, AGREED)
    assert not found.armable
    assert found.checks[0].why.startswith("no prior-close baseline")
    assert gauge(reading(), surface(SurfaceSource.MODELLED), AGREED).armable


def test_spx_must_have_fallen_a_quarter_of_its_expected_range() -> None:
    # EDR = (21 + 12) / 2 / sqrt(252) = 1.039%, a quarter of it is 0.26%
    assert gauge(reading(view=spike_view(spx=2754.8)), surface(), AGREED).armable
    assert not gauge(reading(view=spike_view(spx=2754.9)), surface(), AGREED).armable
    blind = replace(spike_view(), hv20_pct=None)
    assert not gauge(reading(view=blind), surface(), AGREED).armable


def test_vix_must_be_up_and_fresh() -> None:
    assert not gauge(reading(view=spike_view(vix=16.0)), surface(), AGREED).armable
    stale = replace(spike_view(), vix=IndexQuote(symbol="VIX", last=20.0, age_s=61.0, prev_close=16.0))
    assert not gauge(reading(view=stale), surface(), AGREED).armable


def test_setting_decides_whether_gauge_or_quorum_or_both_arm() -> None:
    inflated, quiet = 0.5, 0.1
    assert not judged(ALONE, inflation=inflated).armable
    assert judged(ALONE, inflation=inflated, rules=policy(ArmOn.INFLATION)).armable
    assert not judged(AGREED, inflation=quiet).armable
    assert judged(AGREED, inflation=quiet, rules=policy(ArmOn.SIGNALS)).armable
    assert not judged(ALONE, inflation=quiet, rules=policy(ArmOn.SIGNALS)).armable


def test_every_setting_shows_the_same_questions() -> None:
    shown = [sorted(names(judged(rules=policy(arm_on)))) for arm_on in ArmOn]
    assert shown[0] == shown[1] == shown[2]


def test_a_gauge_that_cannot_reach_its_level_warns_and_does_not_refuse() -> None:
    found = judged(ceiling=0.42)
    warning = next(check for check in found.checks if check.name == "gauge: ceiling")
    assert not warning.passed
    assert warning.why == (
        "from this prior close (VIX 16.00) these strikes can reach 42% at most, 40% arms: little room"
    )
    assert found.armable
    assert names(judged(ceiling=None))["gauge: ceiling"]


def test_while_a_hedge_is_held_nobody_is_told_what_arms() -> None:
    view, valued = spike_view(), exposure(ceiling=0.20)
    held = read(view, book(lot()), state(lot()), policy(), memory(), valued)
    check = next(found for found in gauge(held, surface(), AGREED).checks if found.name == "gauge: ceiling")
    assert check.passed
    assert check.why == "a hedge is held: nothing is to arm"


def test_strikes_that_cannot_arm_from_this_close_are_told_with_what_is_needed_and_the_setting() -> None:
    found = judged(inflation=0.16, ceiling=0.20)
    warning = next(check for check in found.checks if check.name == "gauge: ceiling")
    assert not warning.passed
    assert warning.why.startswith("from this prior close (VIX 16.00) these strikes can reach 20% at most, 40% arms (")
    assert 'sizing.arm_on = "signals"' in warning.why


def test_the_target_is_kept_down_to_thirty_percent() -> None:
    assert keeps(reading(exposure(inflation=0.30)), AGREED) is True
    assert keeps(reading(exposure(inflation=0.29)), AGREED) is False
    assert keeps(reading(exposure(inflation=None)), AGREED) is None
    signals_only = reading(exposure(inflation=None), rules=policy(ArmOn.SIGNALS))
    assert keeps(signals_only, AGREED) is True
    assert keeps(signals_only, ALONE) is False


def test_below_fifteen_percent_the_spike_is_off() -> None:
    assert disarmed(reading(exposure(inflation=0.14)), AGREED)
    assert not disarmed(reading(exposure(inflation=0.15)), AGREED)
    assert not disarmed(reading(exposure(inflation=None)), AGREED)
    signals_only = reading(rules=policy(ArmOn.SIGNALS))
    assert disarmed(signals_only, (NO, NO))
    assert not disarmed(signals_only, ALONE)
    assert not disarmed(signals_only, (NO, replace(NO, ok=False)))


def test_vix_and_its_part_of_the_gauge_are_held_against_zero() -> None:
    limits = {check.name: check.threshold for check in judged().checks}
    assert (limits["gauge: VIX up"], limits["gauge: IV part"]) == (0.0, 0.0)
    assert judged(iv_only=0.001).armable


@pytest.mark.parametrize(
    ("inflation", "why"),
    [
        (0.40, "is inflated by 40%"),
        (SizingPolicy().inflation_watch, "is inflated by 25%: under watch"),
        (0.10, "is inflated by 10% only"),
        (0.0, "is inflated by 0% only"),
        (-0.10, "is 10% below its prior close"),
        (None, "is not known"),
    ],
)
def test_the_gauge_is_told_in_words(inflation: float | None, why: str) -> None:
    check = next(check for check in judged(inflation=inflation).checks if check.name == "gauge: inflation")
    assert check.why.endswith(why)


@pytest.mark.parametrize(
    ("name", "field", "refused", "why"),
    [
        ("book: net vega", "vega30_usd", 0.0, "the book cannot be valued: no opening"),
        ("book: days left", "short_dated_share", 1.0, "how much of the vega expires within days is not known"),
        ("book: put side", "side_vega30_baseline_usd", 0.0, "the short puts have no vega at the prior close"),
        ("gauge: IV part", "iv_only", 0.0, "what implied volatility alone did to the short puts is not known"),
    ],
)
def test_what_is_not_known_is_not_called_a_no(name: str, field: str, refused: float, why: str) -> None:
    unknown, no = (
        next(check.why for check in judged(**{field: value}).checks if check.name == name) for value in (None, refused)
    )
    assert unknown.startswith(why)
    assert not no.startswith(why)


def test_a_missing_index_is_told_apart_from_one_that_has_not_moved() -> None:
    blind = replace(spike_view(), spx=IndexQuote(symbol="SPX"), vix=IndexQuote(symbol="VIX"))
    said = {check.name: check.why for check in gauge(reading(view=blind), surface(), AGREED).checks}
    assert said["gauge: SPX down"] == "the move of SPX or its expected range is not known"
    assert said["gauge: VIX up"] == "VIX is stale, or its previous close is not known"
