import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from strategies.alvh.exposure import value_book, vega_delta
from strategies.alvh.policy import Gauge, Policy, SizingPolicy, VegaDelta
from strategies.alvh.records import Exposure, Greeks, GreeksSource, LegExposure, OptionLeg, Quote, Right, Surface
from strategies.alvh.surface import take_surface
from strategies.pricing import black76_greeks, black76_price
from tests.strategies.alvh.condor_market import (
    NOW,
    RATE,
    Smile,
    around,
    book_of,
    condor,
    leg,
    pairs,
    settles,
    skew,
    view_of,
    with_ib_greeks,
)

POLICY = Policy()
CALM, WILD = skew(0.13), skew(0.25)
SIGNS = (10, -10, -10, 10)
STRIKES = (2550.0, 2600.0, 2850.0, 2900.0)
CALLS = (False, False, True, True)
WEIGHT = (30 / 45) ** 0.37


def chain(forward: float, smile: Smile, days: float = 45.0) -> tuple:
    strikes = tuple(round(forward, -1) + 10.0 * step for step in (-2, -1, 0, 1, 2))
    return pairs(strikes, forward=forward, smile=smile, days=days)


def calm_surface() -> Surface:
    taken = take_surface(view_of(*chain(2760.0, CALM)), book_of(*condor(smile=CALM)), POLICY)
    assert taken is not None
    return taken


def measured(
    legs: tuple[OptionLeg, ...], forward: float, smile: Smile, policy: Policy = POLICY, baseline: Surface | None = None
) -> Exposure:
    exposure, _ = value_book(view_of(*chain(forward, smile), spot=forward), book_of(*legs), baseline, policy)
    return exposure


def vega(strike: float, forward: float, sigma: float, days: float = 45.0) -> float:
    """Return vega in dollars per share and vol point, from the textbook."""
    years = days / 365
    d1 = math.log(forward / strike) / (sigma * math.sqrt(years)) + 0.5 * sigma * math.sqrt(years)
    return math.exp(-RATE * years) * forward * norm.pdf(d1) * math.sqrt(years) * 0.01


def smile_vega(strike: float, forward: float, smile: Smile) -> float:
    return vega(strike, forward, smile(math.log(strike / forward)))


def reading(kind: VegaDelta) -> Policy:
    return Policy(sizing=SizingPolicy(vega_delta=kind))


def test_the_greeks_of_the_book_are_those_of_its_legs_in_dollars() -> None:
    book = measured(condor(smile=CALM), 2760.0, CALM)
    expected = {"delta": 0.0, "gamma": 0.0, "vega": 0.0, "theta": 0.0}
    for sign, strike, call in zip(SIGNS, STRIKES, CALLS, strict=True):
        own = black76_greeks(2760.0, strike, 45 / 365, RATE, CALM(math.log(strike / 2760.0)), call)
        for name in expected:
            expected[name] += sign * 100 * float(getattr(own, name))
    assert book.vega_usd == pytest.approx(expected["vega"], rel=1e-6)
    assert book.delta_usd == pytest.approx(expected["delta"], rel=1e-6)
    assert book.gamma_usd == pytest.approx(expected["gamma"], rel=1e-6)
    assert book.theta_usd == pytest.approx(expected["theta"], rel=1e-6)
    assert book.vega30_usd == pytest.approx(expected["vega"] * WEIGHT, rel=1e-6)
    assert (book.condors, book.legs, book.unknown_legs, book.own_greeks_legs, book.leftover_legs) == (10, 4, 0, 4, 0)


def test_an_unmoved_market_is_not_inflated() -> None:
    book = measured(condor(smile=CALM), 2760.0, CALM, baseline=calm_surface())
    assert book.vega30_baseline_usd == pytest.approx(book.vega30_usd, rel=1e-6)
    gauges = (book.inflation, book.inflation_call_side, book.inflation_both_sides, book.inflation_net)
    for gauge in (*gauges, book.iv_only):
        assert gauge == pytest.approx(0.0, abs=1e-6)
    assert book.vega_delta_usd == pytest.approx(0.0, abs=1e-3)


def test_the_gauge_is_the_growth_of_the_short_puts_vega() -> None:
    book = measured(condor(forward=2640.0, smile=WILD), 2640.0, WILD, baseline=calm_surface())
    before, now = smile_vega(2600.0, 2760.0, CALM), smile_vega(2600.0, 2640.0, WILD)
    assert book.side_vega30_baseline_usd == pytest.approx(-1000 * before * WEIGHT, rel=1e-5)
    assert book.side_vega30_usd == pytest.approx(-1000 * now * WEIGHT, rel=1e-5)
    assert book.inflation == book.inflation_put_side == pytest.approx(now / before - 1, rel=1e-5)


def test_the_other_gauges_are_shown_beside_it() -> None:
    book = measured(condor(forward=2640.0, smile=WILD), 2640.0, WILD, baseline=calm_surface())
    before = [sign * smile_vega(k, 2760.0, CALM) for sign, k in zip(SIGNS, STRIKES, strict=True)]
    now = [sign * smile_vega(k, 2640.0, WILD) for sign, k in zip(SIGNS, STRIKES, strict=True)]
    assert book.inflation_call_side == pytest.approx(now[2] / before[2] - 1, rel=1e-5)
    assert book.inflation_both_sides == pytest.approx((now[1] + now[2]) / (before[1] + before[2]) - 1, rel=1e-5)
    assert book.inflation_net == pytest.approx(sum(now) / sum(before) - 1, rel=1e-5)


@pytest.mark.parametrize("gauge", list(Gauge))
def test_the_chosen_gauge_is_the_one_that_counts(gauge: Gauge) -> None:
    policy = Policy(sizing=SizingPolicy(gauge=gauge))
    book = measured(condor(forward=2640.0, smile=WILD), 2640.0, WILD, policy, calm_surface())
    shown = {
        Gauge.PUT_SIDE: book.inflation_put_side,
        Gauge.CALL_SIDE: book.inflation_call_side,
        Gauge.BOTH_SIDES: book.inflation_both_sides,
        Gauge.NET: book.inflation_net,
    }
    assert book.inflation == shown[gauge] is not None
    assert (book.ceiling is None) is (gauge is Gauge.NET)


def test_the_volatility_part_keeps_strikes_and_the_stored_forward() -> None:
    book = measured(condor(forward=2640.0, smile=WILD), 2640.0, WILD, baseline=calm_surface())
    today = WILD(math.log(2600.0 / 2640.0))
    expected = vega(2600.0, 2760.0, today) / smile_vega(2600.0, 2760.0, CALM) - 1
    assert book.iv_only == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("delta", "expected"), [(0.16, 0.64), (0.20, 0.42), (0.25, 0.26)])
def test_the_ceiling_depends_on_the_delta_of_the_shorts(delta: float, expected: float) -> None:
    # the published ceilings of 16-, 20- and 25-delta shorts, on a flat smile
    sigma, years = 0.15, 45 / 365
    strike = 2760.0 * math.exp(sigma * math.sqrt(years) * norm.ppf(delta) + 0.5 * sigma**2 * years)
    legs = condor(strikes=(strike - 50, strike, 2900.0, 2950.0), smile=lambda _: sigma)
    taken = take_surface(view_of(*chain(2760.0, lambda _: sigma)), book_of(*legs), POLICY)
    assert measured(legs, 2760.0, lambda _: sigma, baseline=taken).ceiling == pytest.approx(expected, abs=0.01)


def test_time_passing_on_a_still_surface_inflates_nothing() -> None:
    later = NOW + timedelta(days=3)
    legs = condor(smile=CALM, now=later)
    quotes = pairs((2750.0, 2760.0, 2770.0), smile=CALM, now=later)
    book, _ = value_book(view_of(*quotes, now=later), book_of(*legs), calm_surface(), POLICY)
    assert book.inflation == pytest.approx(0.0, abs=1e-3)


def test_a_trade_looks_like_no_spike() -> None:
    doubled = measured(condor(20, smile=CALM), 2760.0, CALM, baseline=calm_surface())
    assert doubled.inflation == pytest.approx(0.0, abs=1e-6)
    assert doubled.vega30_baseline_usd == pytest.approx(doubled.vega30_usd, rel=1e-6)


def test_a_leg_opened_since_is_measured_against_the_surface_that_first_saw_it() -> None:
    legs = condor(forward=2640.0, smile=WILD)
    view, book = view_of(*chain(2640.0, WILD), spot=2640.0), book_of(*legs)
    today = take_surface(view, book, POLICY)
    assert today is not None
    opened = {option.con_id: today for option in legs}
    exposure, _ = value_book(view, book, calm_surface(), POLICY, first_seen=opened)
    assert exposure.inflation == pytest.approx(0.0, abs=1e-6)
    assert exposure.vega30_baseline_usd == pytest.approx(exposure.vega30_usd, rel=1e-6)


def test_without_a_baseline_nothing_is_compared() -> None:
    book = measured(condor(smile=CALM), 2760.0, CALM)
    assert book.vega30_usd is not None and book.side_vega30_usd is not None
    assert book.vega30_baseline_usd is book.side_vega30_baseline_usd is None
    assert book.inflation is book.iv_only is book.ceiling is book.vega_delta_usd is None
    assert measured(condor(smile=CALM), 2760.0, CALM, reading(VegaDelta.TOTAL)).vega_delta_usd == -book.vega30_usd


def test_an_expiry_that_the_baseline_cannot_reach_is_not_compared() -> None:
    baseline = replace(calm_surface(), smiles=())
    book = measured(condor(smile=CALM), 2760.0, CALM, baseline=baseline)
    assert book.vega30_baseline_usd is book.inflation is book.ceiling is None


def test_ib_s_greeks_are_taken_when_fresh_and_possible() -> None:
    legs = tuple(with_ib_greeks(option, 2760.0, CALM) for option in condor())
    exposure, rows = value_book(view_of(), book_of(*legs), None, POLICY)
    assert (exposure.unknown_legs, exposure.own_greeks_legs) == (0, 0)
    assert {row.source for row in rows} == {"ib"}
    assert exposure.vega_usd == pytest.approx(measured(condor(smile=CALM), 2760.0, CALM).vega_usd, rel=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"age_s": 60.1},
        {"age_s": -1.0},
        {"age_s": math.nan},
        {"vega": 0.0},
        {"vega": -1.0},
        {"vega": math.nan},
        {"vega": math.inf},
        {"iv": 0.0},
        {"iv": 5.0},
        {"iv": -1.0},
        {"iv": math.nan},
        {"delta": math.nan},
        {"gamma": math.inf},
        {"theta": math.nan},
    ],
)
def test_greeks_that_cannot_be_are_replaced_by_our_own_or_by_nothing(change: dict[str, float]) -> None:
    quoted = tuple(with_ib_greeks(option, 2760.0, CALM) for option in condor(smile=CALM))
    odd = (quoted[0], replace(quoted[1], greeks=replace(quoted[1].greeks, **change)), *quoted[2:])
    book = measured(odd, 2760.0, CALM)
    assert (book.own_greeks_legs, book.unknown_legs) == (1, 0)
    assert book.vega_usd == pytest.approx(measured(condor(smile=CALM), 2760.0, CALM).vega_usd, rel=1e-5)
    silent = tuple(replace(option, quote=Quote()) for option in odd)
    exposure, rows = value_book(view_of(), book_of(*silent), None, POLICY)
    assert (exposure.own_greeks_legs, exposure.unknown_legs) == (0, 1)
    assert [row.source for row in rows] == ["ib", "unknown", "ib", "ib"]


def test_greeks_of_just_the_allowed_age_are_taken() -> None:
    legs = tuple(with_ib_greeks(option, 2760.0, CALM) for option in condor())
    aged = tuple(replace(option, greeks=replace(option.greeks, age_s=60.0)) for option in legs)
    assert value_book(view_of(), book_of(*aged), None, POLICY)[0].unknown_legs == 0


def test_one_unknown_leg_makes_every_sum_unknown_and_says_so() -> None:
    legs = condor(smile=CALM)
    exposure, rows = value_book(
        view_of(*chain(2760.0, CALM)), book_of(replace(legs[0], quote=Quote()), *legs[1:]), calm_surface(), POLICY
    )
    assert (exposure.condors, exposure.unknown_legs, exposure.own_greeks_legs) == (10, 1, 3)
    assert exposure.vega_usd is exposure.vega30_usd is exposure.delta_usd is exposure.gamma_usd is None
    assert exposure.theta_usd is exposure.vega_delta_usd is exposure.short_dated_share is None
    assert exposure.inflation == pytest.approx(0.0, abs=1e-6)  # the short puts themselves are known
    assert rows[0].vega_usd is rows[0].vega30_usd is rows[0].delta_usd is rows[0].gamma_usd is rows[0].theta_usd is None
    assert rows[1].vega_usd is not None


def test_without_a_forward_our_own_greeks_do_not_exist() -> None:
    exposure, rows = value_book(view_of(), book_of(*condor(smile=CALM)), None, POLICY)
    assert exposure.unknown_legs == 4
    assert {row.source for row in rows} == {"unknown"}


def test_legs_with_less_than_two_days_left_are_not_gauged() -> None:
    for days, share in ((1.99, 1.0), (2.0, 0.0)):
        legs = condor(days=days, strikes=(2650.0, 2700.0, 2800.0, 2850.0), smile=CALM)
        view = view_of(*chain(2760.0, CALM, days))
        taken = take_surface(view, book_of(*legs), POLICY)
        exposure, _ = value_book(view, book_of(*legs), taken, POLICY)
        assert exposure.short_dated_share == share
        assert (exposure.inflation is None) is (share == 1.0)
        assert (exposure.inflation_net is None) is (share == 1.0)
        assert exposure.vega30_usd is not None and exposure.vega30_usd < 0.0


def test_the_short_dated_share_weighs_gross_vega() -> None:
    soon = condor(1, days=1.0, strikes=(2650.0, 2700.0, 2800.0, 2850.0), smile=CALM)
    far = condor(1, smile=CALM)
    view = view_of(*chain(2760.0, CALM, 1.0), *chain(2760.0, CALM))
    exposure, rows = value_book(view, book_of(*soon, *far), None, POLICY)
    gross = [abs(row.vega30_usd or 0.0) for row in rows]
    assert exposure.short_dated_share == pytest.approx(sum(gross[:4]) / sum(gross))


def test_an_empty_book_has_no_condors_and_no_exposure() -> None:
    exposure, rows = value_book(view_of(), book_of(), calm_surface(), POLICY)
    assert rows == ()
    assert (exposure.condors, exposure.legs, exposure.unknown_legs, exposure.leftover_legs) == (0, 0, 0, 0)
    assert exposure.vega_usd == exposure.vega30_usd == exposure.vega_delta_usd == 0.0
    assert exposure.inflation is exposure.ceiling is exposure.short_dated_share is exposure.lower_break_even is None


def test_leftovers_are_shown_and_not_measured() -> None:
    naked = leg(2500.0, Right.PUT, -7, smile=CALM)
    mini = with_ib_greeks(leg(250.0, Right.PUT, -3, con_id=9), 276.0, CALM)
    foreign = replace(mini, symbol="XSP", trading_class="XSP")
    unknown = replace(foreign, con_id=10, greeks=None)
    exposure, rows = value_book(
        view_of(*chain(2760.0, CALM)), book_of(naked, foreign, unknown, *condor(smile=CALM)), calm_surface(), POLICY
    )
    alone = measured(condor(smile=CALM), 2760.0, CALM, baseline=calm_surface())
    assert (exposure.condors, exposure.legs, exposure.leftover_legs, exposure.unknown_legs) == (10, 4, 3, 0)
    assert exposure.vega30_usd == pytest.approx(alone.vega30_usd)
    assert exposure.side_vega30_usd == pytest.approx(alone.side_vega30_usd)
    leftovers = rows[4:]
    assert [row.quantity for row in leftovers] == [-7, -3, -3]
    assert leftovers[0].label == "SPXW 2018-03-19 2500P (not hedged)"
    assert rows[0].label == "SPXW 2018-03-19 2550P"
    assert leftovers[0].vega_usd == pytest.approx(-700 * smile_vega(2500.0, 2760.0, CALM), rel=1e-5)
    assert (leftovers[1].source, leftovers[2].source) == ("ib", "unknown")


def test_a_leg_in_and_out_of_condors_has_a_row_for_each_piece() -> None:
    legs = condor(smile=CALM)
    _, rows = value_book(
        view_of(*chain(2760.0, CALM)), book_of(legs[0], replace(legs[1], quantity=-15), *legs[2:]), None, POLICY
    )
    assert [(row.con_id == legs[1].con_id, row.quantity) for row in rows if row.con_id == legs[1].con_id] == [
        (True, -10),
        (True, -5),
    ]


def test_a_row_is_its_legs_greeks_times_quantity_and_multiplier() -> None:
    _, rows = value_book(view_of(*chain(2760.0, CALM)), book_of(*condor(smile=CALM)), None, POLICY)
    sigma = CALM(math.log(2600.0 / 2760.0))
    own = black76_greeks(2760.0, 2600.0, 45 / 365, RATE, sigma, False)
    row: LegExposure = rows[1]
    assert row.vega_usd == pytest.approx(-1000 * float(own.vega), rel=1e-6)
    assert row.vega30_usd == pytest.approx(-1000 * float(own.vega) * WEIGHT, rel=1e-6)
    assert row.delta_usd == pytest.approx(-1000 * float(own.delta), rel=1e-6)
    assert row.gamma_usd == pytest.approx(-1000 * float(own.gamma), rel=1e-6)
    assert row.theta_usd == pytest.approx(-1000 * float(own.theta), rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "net", "baseline", "inflation", "loss", "expected"),
    [
        (VegaDelta.INCREMENT, -1400.0, -1325.0, 0.40, None, 530.0),
        (VegaDelta.INCREMENT, -1000.0, -1000.0, 1.5, None, 1000.0),
        (VegaDelta.INCREMENT, -2000.0, -1000.0, 1.5, None, 1000.0),  # inflation capped at 1
        (VegaDelta.INCREMENT, -300.0, -1000.0, 0.40, None, 300.0),  # never more than the book is short
        (VegaDelta.INCREMENT, -1000.0, -1000.0, -0.2, None, 0.0),
        (VegaDelta.INCREMENT, -1000.0, 50.0, 0.5, None, 0.0),  # long before: no short vega that grew
        (VegaDelta.INCREMENT, -1000.0, None, 0.5, None, None),
        (VegaDelta.INCREMENT, -1000.0, -1000.0, None, None, None),
        (VegaDelta.NET_LITERAL, -1400.0, -1000.0, None, None, 400.0),
        (VegaDelta.NET_LITERAL, -900.0, -1000.0, 0.4, None, 0.0),
        (VegaDelta.NET_LITERAL, -900.0, 100.0, 0.4, None, 900.0),
        (VegaDelta.NET_LITERAL, -900.0, None, 0.4, None, None),
        (VegaDelta.TOTAL, -1400.0, None, None, None, 1400.0),
        (VegaDelta.SCENARIO, -1400.0, None, None, 5000.0, 1000.0),
        (VegaDelta.SCENARIO, -1400.0, None, None, -5000.0, 0.0),
        (VegaDelta.SCENARIO, -1400.0, None, None, None, None),
    ],
)
def test_the_four_readings_of_the_vega_delta(
    kind: VegaDelta,
    net: float,
    baseline: float | None,
    inflation: float | None,
    loss: float | None,
    expected: float | None,
) -> None:
    got = vega_delta(
        net_usd=net,
        baseline_usd=baseline,
        inflation=inflation,
        scenario_loss_usd=loss,
        policy=SizingPolicy(vega_delta=kind),
    )
    assert got == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("kind", list(VegaDelta))
def test_a_book_that_is_not_short_vega_needs_nothing_and_an_unknown_one_says_nothing(kind: VegaDelta) -> None:
    for net, expected in ((0.0, 0.0), (250.0, 0.0), (None, None)):
        assert (
            vega_delta(
                net_usd=net,
                baseline_usd=-1000.0,
                inflation=0.4,
                scenario_loss_usd=1.0,
                policy=SizingPolicy(vega_delta=kind),
            )
            == expected
        )


def test_the_scenario_is_a_full_repricing() -> None:
    wide = pairs(tuple(2400.0 + 10 * step for step in range(70)), smile=CALM)
    book, _ = value_book(view_of(*wide), book_of(*condor(smile=CALM)), None, reading(VegaDelta.SCENARIO))
    moved, change = 2760.0 * 0.975, 0.0  # five points of VIX, half a percent of SPX each
    for sign, strike, call in zip(SIGNS, STRIKES, CALLS, strict=True):
        x = math.log(strike / 2760.0)
        before = black76_price(2760.0, strike, 45 / 365, RATE, CALM(x), call)
        after = black76_price(moved, strike, 45 / 365, RATE, CALM(x - math.log(0.975)) + 0.05 * WEIGHT, call)
        change += sign * 100 * float(after - before)
    assert book.vega_delta_usd == pytest.approx(-change / 5, rel=1e-3)


def test_the_scenario_needs_forwards_and_volatilities_even_with_ib_s_greeks() -> None:
    legs = tuple(with_ib_greeks(option, 2760.0, CALM) for option in condor())
    policy = reading(VegaDelta.SCENARIO)
    assert value_book(view_of(), book_of(*legs), None, policy)[0].vega_delta_usd is None
    known = measured(legs, 2760.0, CALM, policy).vega_delta_usd
    assert known == pytest.approx(measured(condor(smile=CALM), 2760.0, CALM, policy).vega_delta_usd, rel=1e-6)


wild = st.one_of(st.floats(), st.sampled_from([0.0, -1.0, 1e-320, 1.7e308, 12.5, 2600.0]))
maybe = st.one_of(st.none(), wild)
wild_quotes = st.builds(Quote, bid=maybe, ask=maybe, age_s=maybe, halted=st.booleans())
wild_greeks = st.builds(
    Greeks,
    iv=wild,
    delta=wild,
    gamma=wild,
    vega=wild,
    theta=wild,
    underlying=maybe,
    age_s=wild,
    source=st.just(GreeksSource.IB),
)
wild_legs = st.builds(
    lambda base, change, days: replace(base, **change, settles_at=settles(days)),
    st.sampled_from(condor(smile=CALM)),
    st.fixed_dictionaries(
        {"quantity": st.integers(-20, 20), "quote": wild_quotes, "greeks": st.one_of(st.none(), wild_greeks)},
        optional={"strike": wild, "avg_price": maybe},
    ),
    st.sampled_from([-1.0, 0.01, 1.5, 30.0, 45.0]),
)


@given(
    st.lists(wild_legs, max_size=6),
    maybe,
    wild,
    st.sampled_from(list(VegaDelta)),
    st.sampled_from(list(Gauge)),
    st.sampled_from([None, calm_surface()]),
)
@settings(max_examples=300, deadline=None)
def test_no_book_makes_the_exposure_raise_or_lie(
    legs: list[OptionLeg],
    spot: float | None,
    rate: float,
    kind: VegaDelta,
    gauge: Gauge,
    baseline: Surface | None,
) -> None:
    policy = Policy(sizing=SizingPolicy(vega_delta=kind, gauge=gauge))
    whole = condor(smile=CALM)
    for held in (legs, [*legs, *whole]):
        for quotes in ((), chain(2760.0, CALM)):
            exposure, rows = value_book(view_of(*quotes, spot=spot, rate=rate), book_of(*held), baseline, policy)
            numbers = (exposure.vega30_usd, exposure.inflation, exposure.ceiling, exposure.vega_delta_usd)
            assert all(value is None or math.isfinite(value) for value in numbers)
            assert exposure.vega_delta_usd is None or exposure.vega_delta_usd >= 0.0
            assert exposure.unknown_legs <= exposure.legs == len(rows) - exposure.leftover_legs
            assert exposure.unknown_legs == 0 or exposure.vega30_usd is None


def test_a_crossed_market_leaves_the_leg_unknown() -> None:
    legs = condor(smile=CALM)
    crossed = replace(legs[1], quote=replace(around(9.0), bid=9.5, ask=9.0))
    assert measured((legs[0], crossed, *legs[2:]), 2760.0, CALM).unknown_legs == 1


def test_a_foreign_option_never_borrows_the_spx_smile() -> None:
    foreign = replace(leg(2600.0, Right.PUT, -1, con_id=9), symbol="XSP", trading_class="XSP")
    _, rows = value_book(view_of(*chain(2760.0, CALM)), book_of(foreign, *condor(smile=CALM)), None, POLICY)
    assert [row.source for row in rows if row.con_id == 9] == ["unknown"]


def test_the_volatility_of_a_very_calm_market_is_believed() -> None:
    legs = tuple(with_ib_greeks(option, 2760.0, lambda _: 0.06) for option in condor())
    assert value_book(view_of(), book_of(*legs), None, POLICY)[0].unknown_legs == 0


def test_expiries_are_told_apart_and_add_up() -> None:
    near, far = condor(3, days=20.0, smile=CALM), condor(2, smile=CALM)
    naked = leg(2500.0, Right.PUT, -7, days=60.0, smile=CALM)
    view = view_of(*chain(2760.0, CALM, 20.0), *chain(2760.0, CALM))
    book, _ = value_book(view, book_of(*far, naked, *near), None, POLICY)
    assert [(expiry.settles_at, expiry.legs) for expiry in book.expiries] == [(settles(20.0), 4), (settles(45.0), 4)]
    for name in ("vega_usd", "vega30_usd", "delta_usd", "gamma_usd", "theta_usd"):
        parts = [getattr(expiry, name) for expiry in book.expiries]
        assert sum(parts) == pytest.approx(getattr(book, name))
    alone = measured(condor(2, smile=CALM), 2760.0, CALM)
    assert book.expiries[1].vega30_usd == pytest.approx(alone.vega30_usd)


def test_an_unknown_leg_hides_its_own_expiry_only() -> None:
    near, far = condor(3, days=20.0, smile=CALM), condor(2, smile=CALM)
    silent = (replace(near[0], quote=Quote()), *near[1:])
    view = view_of(*chain(2760.0, CALM, 20.0), *chain(2760.0, CALM))
    book, _ = value_book(view, book_of(*far, *silent), None, POLICY)
    assert book.vega_usd is book.expiries[0].vega_usd is None
    assert book.expiries[1].vega_usd is not None
    assert book.expiries[0].legs == 4


def test_a_leg_that_was_first_seen_without_a_smile_is_not_measured_on_an_older_one() -> None:
    legs = condor(smile=CALM)
    without = replace(calm_surface(), smiles=())
    view, book = view_of(*chain(2760.0, CALM), spot=2760.0), book_of(*legs)
    exposure, _ = value_book(view, book, calm_surface(), POLICY, first_seen={legs[1].con_id: without})
    assert exposure.inflation is None
    known, _ = value_book(view, book, calm_surface(), POLICY, first_seen={legs[1].con_id: calm_surface()})
    assert known.inflation == pytest.approx(0.0, abs=1e-6)
