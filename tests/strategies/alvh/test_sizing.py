import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh.policy import ContractPolicy, Policy, SizingMode, SizingPolicy, TranchePolicy
from strategies.alvh.records import FuturePosition, FutureQuote, Greeks, GreeksSource, OptionLeg, Quote, Right
from strategies.alvh.sizing import (
    beta,
    choose_contract,
    cumulative_tranches,
    hedge_units_usd,
    minis_per_usd,
    split_lots,
    split_sale,
    stage_remaining,
    target_minis,
    term_weight,
    vix_implied,
)

SIZING = SizingPolicy()
NOW = datetime(2018, 2, 5, 20, 0, tzinfo=UTC)


def sized(coverage: float = 0.675, mode: SizingMode = SizingMode.ONE_OVER_BETA) -> Policy:
    return Policy(sizing=SizingPolicy(coverage=coverage, mode=mode))


def future(quantity: int, dte: int, *, multiplier: int = 1000, settles_on: date | None = None) -> FuturePosition:
    return FuturePosition(
        con_id=1,
        trading_class="VX" if multiplier == 1000 else "VXM",
        multiplier=multiplier,
        settles_on=settles_on or date(2018, 2, 5) + timedelta(days=dte),
        dte=dte,
        quantity=quantity,
    )


def quoted(dte: int, trading_class: str = "VX") -> FutureQuote:
    return FutureQuote(
        con_id=dte,
        trading_class=trading_class,
        multiplier=1000,
        tick=0.05,
        settles_on=date(2018, 2, 5) + timedelta(days=dte),
        dte=dte,
        business_days=dte,
        quote=Quote(),
    )


def vix_option(
    quantity: int, *, delta: float | None = 0.5, right: Right = Right.CALL, days: int = 30, age_s: float = 1.0
) -> OptionLeg:
    greeks = None
    if delta is not None:
        greeks = Greeks(
            iv=0.9, delta=delta, gamma=0.1, vega=0.01, theta=0, underlying=16, age_s=age_s, source=GreeksSource.IB
        )
    settles_at = datetime(2018, 2, 5, 14, 30, tzinfo=UTC) + timedelta(days=days)
    return OptionLeg(
        con_id=days,
        symbol="VIX",
        trading_class="VIX",
        right=right,
        strike=20.0,
        expires_on=settles_at.date(),
        settles_at=settles_at,
        quantity=quantity,
        multiplier=100,
        quote=Quote(),
        greeks=greeks,
    )


@pytest.mark.parametrize(
    ("days", "expected"),
    [(5, 0.729), (12, 0.649), (16, 0.6104), (22, 0.561), (30, 0.5056), (45, 0.4270), (60, 0.370), (90, 0.291)],
)
def test_beta_follows_the_published_table(days: int, expected: float) -> None:
    assert beta(days, SIZING) == pytest.approx(expected, abs=6e-4)


def test_beta_is_largest_at_settlement_and_does_not_blow_up_after_it() -> None:
    assert beta(0, SIZING) == 0.80
    assert beta(-400, SIZING) == 0.80


@pytest.mark.parametrize(
    ("days", "ours", "root"),
    [
        (1, 1.713, 2.070),
        (7, 1.713, 2.070),
        (9, 1.561, 1.826),
        (14, 1.326, 1.464),
        (30, 1.000, 1.000),
        (45, 0.861, 0.816),
        (60, 0.774, 0.707),
        (93, 0.658, 0.568),
    ],
)
def test_term_weights_follow_the_published_table(days: float, ours: float, root: float) -> None:
    assert term_weight(days, SIZING) == pytest.approx(ours, abs=1e-3)
    assert term_weight(days, SizingPolicy(term_exponent=0.5)) == pytest.approx(root, abs=1e-3)


@pytest.mark.parametrize(
    ("vega_delta", "coverage", "dte", "expected"),
    [
        (530.0, 0.675, 45, 8),
        (1600.0, 0.675, 30, 21),
        (400.0, 0.60, 30, 4),
        (400.0, 0.75, 30, 5),
        (1000.0, 0.675, 30, 13),
        (540.0, 0.60, 45, 7),
        (0.0, 0.675, 30, 0),
        (75.0, 0.675, 30, 1),
        (74.0, 0.675, 30, 0),
    ],
)
def test_targets_follow_the_worked_sizes(vega_delta: float, coverage: float, dte: int, expected: int) -> None:
    assert target_minis(vega_delta, dte, sized(coverage), max_position=100) == expected


def test_the_worked_ratio_is_exact_before_rounding() -> None:
    assert 530.0 * minis_per_usd(45, sized().sizing) == pytest.approx(8.377, abs=1e-3)
    assert 1600.0 * minis_per_usd(30, sized().sizing) == pytest.approx(21.36, abs=5e-3)


def test_coverage_above_its_cap_is_cut_to_it() -> None:
    assert minis_per_usd(30, sized(1.0).sizing) == minis_per_usd(30, sized(0.75).sizing)


@pytest.mark.parametrize(
    ("dte", "ratio"),
    [
        *((1, 1.19), (3, 1.19), (4, 1.37), (7, 1.37), (8, 1.26), (15, 1.44), (30, 1.30), (31, 1.73), (46, 1.64)),
        *((61, 2.02), (91, 2.51), (120, 2.51), (121, 2.88), (400, 2.88)),
    ],
)
def test_minimum_variance_uses_the_regression_of_vix_on_the_future(dte: int, ratio: float) -> None:
    assert minis_per_usd(dte, sized(mode=SizingMode.MIN_VARIANCE).sizing) == pytest.approx(ratio / 100)


def test_a_whole_number_of_minis_survives_floating_point() -> None:
    exact = 7 / minis_per_usd(45, SIZING)
    assert target_minis(exact, 45, Policy(), max_position=30) == 7
    assert target_minis(exact * 0.999, 45, Policy(), max_position=30) == 6


@pytest.mark.parametrize("vega_delta", [math.nan, -math.inf, -500.0])
def test_nonsense_asks_for_no_hedge(vega_delta: float) -> None:
    assert target_minis(vega_delta, 30, Policy(), max_position=30) == 0


@given(st.floats(), st.integers(-10, 400), st.integers(-5, 100))
def test_the_target_is_never_negative_and_never_above_its_cap(vega_delta: float, dte: int, cap: int) -> None:
    assert 0 <= target_minis(vega_delta, dte, Policy(), max_position=cap) <= max(cap, 0)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (-1, (0, 0, 0)),
        (0, (0, 0, 0)),
        (1, (1, 1, 1)),
        (2, (1, 2, 2)),
        (3, (1, 2, 3)),
        (4, (1, 2, 4)),
        (8, (2, 5, 8)),
        (20, (6, 13, 20)),
        (21, (6, 13, 21)),
    ],
)
def test_tranches_add_up_to_the_target(target: int, expected: tuple[int, int, int]) -> None:
    assert cumulative_tranches(target, TranchePolicy()) == expected


@given(st.integers(0, 500))
def test_tranches_never_shrink_and_a_target_always_gets_a_first_lot(target: int) -> None:
    first, second, third = cumulative_tranches(target, TranchePolicy())
    assert min(target, 1) <= first <= second <= third == target


@pytest.mark.parametrize(
    ("minis", "mixed", "single", "mini"),
    [
        (0, (0, 0), (0, 0), (0, 0)),
        (-3, (0, 0), (0, 0), (0, 0)),
        (9, (0, 9), (0, 9), (0, 9)),
        (10, (1, 0), (1, 0), (0, 10)),
        (27, (2, 7), (2, 0), (0, 27)),
    ],
)
def test_orders_are_split_into_big_and_small_contracts(
    minis: int, mixed: tuple[int, int], single: tuple[int, int], mini: tuple[int, int]
) -> None:
    assert split_lots(minis, SIZING) == mixed
    assert split_lots(minis, SizingPolicy(allow_mix=False)) == single
    assert split_lots(minis, SizingPolicy(prefer_mini=True)) == mini


@pytest.mark.parametrize(
    ("quantity", "expected"), [(8, (5, 2, 0)), (1, (0, 0, 0)), (3, (2, 1, 0)), (0, (0, 0, 0)), (-4, (0, 0, 0))]
)
def test_stages_leave_two_thirds_one_third_and_nothing(quantity: int, expected: tuple[int, int, int]) -> None:
    assert stage_remaining(quantity) == expected


@pytest.mark.parametrize(
    ("minis", "vx", "vxm", "expected"),
    [
        (3, 2, 7, (0, 3)),
        (7, 2, 7, (0, 7)),
        (8, 2, 7, (1, 7)),  # one whole VX for the missing mini
        (17, 2, 7, (1, 7)),
        (18, 2, 7, (2, 7)),
        (99, 2, 7, (2, 7)),
        (0, 2, 7, (0, 0)),
        (-5, 2, 7, (0, 0)),
        (5, 0, 0, (0, 0)),
        (5, -1, -2, (0, 0)),
    ],
)
def test_a_sale_takes_minis_first_then_whole_contracts(
    minis: int, vx: int, vxm: int, expected: tuple[int, int]
) -> None:
    assert split_sale(minis, vx, vxm) == expected


@given(st.integers(-5, 500), st.integers(-2, 40), st.integers(-2, 200))
def test_a_sale_never_exceeds_what_is_owned_and_covers_what_it_can(minis: int, vx: int, vxm: int) -> None:
    big, small = split_sale(minis, vx, vxm)
    assert 0 <= big <= max(vx, 0) and 0 <= small <= max(vxm, 0)
    assert 10 * big + small >= min(minis, 10 * max(vx, 0) + max(vxm, 0))


def test_held_futures_count_with_their_beta() -> None:
    held = (future(1, 30), future(3, 30, multiplier=100))
    assert hedge_units_usd(held, (), Policy(), NOW) == pytest.approx(1300 * 0.5056, abs=0.1)


def test_a_short_future_nets_within_its_expiry_and_never_beyond() -> None:
    same_day = date(2018, 3, 7)
    both = (future(-2, 30, settles_on=same_day), future(3, 30, settles_on=same_day))
    assert hedge_units_usd(both, (), Policy(), NOW) == pytest.approx(1000 * beta(30, SIZING))
    assert hedge_units_usd((future(-2, 60), future(1, 30)), (), Policy(), NOW) == pytest.approx(1000 * beta(30, SIZING))
    assert hedge_units_usd((future(-2, 30),), (), Policy(), NOW) == 0.0


def test_a_future_counts_on_its_settlement_day_and_not_after_it() -> None:
    assert hedge_units_usd((future(1, 0),), (), Policy(), NOW) == pytest.approx(800.0)
    assert hedge_units_usd((future(1, -1),), (), Policy(), NOW) == 0.0


def test_a_vix_call_counts_with_its_delta() -> None:
    assert hedge_units_usd((), (vix_option(4),), Policy(), NOW) == pytest.approx(4 * 100 * 0.5 * beta(30, SIZING))


def test_a_vix_call_and_a_future_of_one_settlement_day_net() -> None:
    call, short = vix_option(30), future(-1, 30)
    assert hedge_units_usd((short,), (call,), Policy(), NOW) == pytest.approx(500 * beta(30, SIZING))


def test_a_long_call_of_unknown_delta_counts_in_full_and_others_not_at_all() -> None:
    full = 100 * beta(30, SIZING)
    assert hedge_units_usd((), (vix_option(1, delta=None),), Policy(), NOW) == pytest.approx(full)
    assert hedge_units_usd((), (vix_option(1, age_s=61.0),), Policy(), NOW) == pytest.approx(full)
    assert hedge_units_usd((), (vix_option(1, age_s=60.0),), Policy(), NOW) == pytest.approx(full / 2)
    assert hedge_units_usd((), (vix_option(1, delta=math.nan),), Policy(), NOW) == pytest.approx(full)
    assert hedge_units_usd((), (vix_option(1, delta=1.05),), Policy(), NOW) == pytest.approx(full)
    assert hedge_units_usd((), (vix_option(1, delta=-2.0),), Policy(), NOW) == pytest.approx(full)
    assert hedge_units_usd((), (vix_option(-1, delta=None),), Policy(), NOW) == 0.0
    assert hedge_units_usd((), (vix_option(1, delta=None, right=Right.PUT),), Policy(), NOW) == 0.0


def test_a_settled_vix_option_counts_nothing() -> None:
    assert hedge_units_usd((), (vix_option(1, days=0),), Policy(), NOW) == 0.0
    call = vix_option(1, days=0)
    assert hedge_units_usd((), (call,), Policy(), call.settles_at) == 0.0
    assert hedge_units_usd((), (call,), Policy(), call.settles_at - timedelta(seconds=1)) == pytest.approx(40.0)


def test_the_implied_vix_of_august_2024_rejects_the_spot() -> None:
    implied = vix_implied(23.39, 37.10, 21.8527, 16, SIZING)
    assert implied == pytest.approx(48.37, abs=0.005)
    assert 65.73 - implied == pytest.approx(17.4, abs=0.05)


@pytest.mark.parametrize(("days", "expected"), [((5, 33, 61), 33), ((12, 40), 12), ((11, 50), 50), ((11, 51), None)])
def test_the_nearest_month_inside_the_limits_is_traded(days: tuple[int, ...], expected: int | None) -> None:
    day = choose_contract([quoted(dte) for dte in reversed(days)], ContractPolicy())
    assert day == (None if expected is None else date(2018, 2, 5) + timedelta(days=expected))


def test_weeklies_are_never_traded_and_no_quote_means_no_contract() -> None:
    assert choose_contract([quoted(20, "VX08")], ContractPolicy()) is None
    assert choose_contract([quoted(20, "VXM")], ContractPolicy()) == date(2018, 2, 25)
    assert choose_contract([], ContractPolicy()) is None
