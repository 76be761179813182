from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.alvh.condors import recognise
from strategies.alvh.exposure import value_book
from strategies.alvh.leftovers import leftovers
from strategies.alvh.policy import Policy, SizingPolicy
from strategies.alvh.records import Leftover, OptionLeg, Right
from tests.strategies.alvh.condor_market import NOW, book_of, condor, leg, pairs, skew, view_of

P, C = Right.PUT, Right.CALL
CALM = skew(0.13)
LONE = Policy(sizing=SizingPolicy(hedge_lone_spreads=True))


def listed(*legs: OptionLeg, lone: bool = False) -> list[tuple[str, int, str]]:
    return [
        (left.label.split(" ", 2)[2], left.quantity, left.why)
        for left in leftovers(recognise(legs, NOW), hedge_lone_spreads=lone)
    ]


def test_a_whole_condor_leaves_nothing() -> None:
    assert listed(*condor(3)) == []


def test_broken_wings_leave_nothing() -> None:
    assert listed(*condor(2, strikes=(2300.0, 2600.0, 2850.0, 2860.0))) == []


def test_a_call_side_filled_in_part_leaves_put_spreads_without_a_partner() -> None:
    puts, calls = condor(10)[:2], condor(7)[2:]
    assert recognise((*puts, *calls), NOW).count == 7
    assert listed(*puts, *calls) == [("2600P/2550P", 3, "unmatched put spread")]


def test_a_wing_filled_in_part_leaves_a_naked_short_and_a_spread_on_the_other_side() -> None:
    legs = condor(10)
    torn = (replace(legs[0], quantity=4), *legs[1:])
    assert recognise(torn, NOW).count == 4
    assert listed(*torn) == [("2850C/2900C", 6, "unmatched call spread"), ("2600P", -6, "naked put")]


def test_a_short_filled_in_part_leaves_a_spare_long() -> None:
    legs = condor(5)
    torn = (legs[0], replace(legs[1], quantity=-3), replace(legs[2], quantity=-3), replace(legs[3], quantity=3))
    assert listed(*torn) == [("2550P", 2, "spare long put")]


def test_a_side_rolled_to_other_strikes_still_makes_condors() -> None:
    # the puts of four condors were rolled down in two steps, the calls were left where they were
    puts = (leg(2400, P, 1), leg(2450, P, -1), leg(2500, P, 3), leg(2550, P, -3))
    calls = (leg(2850, C, -4), leg(2900, C, 4))
    found = recognise((*calls, *puts), NOW)
    assert found.count == 4
    strikes = {(c.put.short.strike, c.put.wing.strike, c.call.short.strike, c.quantity) for c in found.condors}
    assert strikes == {(2550.0, 2500.0, 2850.0, 3), (2450.0, 2400.0, 2850.0, 1)}
    assert listed(*calls, *puts) == []


def test_a_side_rolled_to_another_expiry_leaves_both_sides_alone() -> None:
    puts, calls = condor(2, days=20.0)[:2], condor(2)[2:]
    assert recognise((*puts, *calls), NOW).count == 0
    assert listed(*puts, *calls) == [
        ("2600P/2550P", 2, "unmatched put spread"),
        ("2850C/2900C", 2, "unmatched call spread"),
    ]


def test_every_expiry_has_its_own_condors_and_leftovers() -> None:
    near, far = condor(3, days=20.0), condor(2)
    naked = leg(2950, C, -1, days=20.0)
    found = recognise((*far, naked, *near), NOW)
    assert [(c.settles_at, c.quantity) for c in found.condors] == [(near[0].settles_at, 3), (far[0].settles_at, 2)]
    assert listed(*far, naked, *near) == [("2950C", -1, "naked call")]


def test_two_condors_at_overlapping_strikes_are_matched_contract_by_contract() -> None:
    # the wing of one is the short of the other: the account shows the net of the strike, and only that
    legs = (leg(2500, P, 2), leg(2600, P, -2), leg(2800, C, -2), leg(2850, C, 1), leg(2900, C, 1))
    found = recognise(legs, NOW)
    assert found.count == 2
    assert {c.call.wing.strike for c in found.condors} == {2850.0, 2900.0}
    assert listed(*legs) == []


@pytest.mark.parametrize("change", [{"symbol": "XSP", "trading_class": "XSP"}, {"multiplier": 10}])
def test_what_is_no_spx_option_is_of_another_class(change: dict[str, object]) -> None:
    assert listed(replace(leg(2600, P, -1), **change))[0][2] == "other class"


def test_a_strike_that_is_no_number_is_said() -> None:
    assert [left[2] for left in listed(replace(leg(2600, P, -1), strike=float("nan")))] == ["no strike"]


def test_a_lone_spread_is_hedged_only_when_the_setting_says_so() -> None:
    legs = (
        *condor(3, smile=CALM),
        *(leg(strike, P, n, days=30.0, smile=CALM) for strike, n in ((2500, 2), (2550, -2))),
    )
    quotes = [quote for days in (30.0, 45.0) for quote in pairs((2750.0, 2760.0, 2770.0), days=days, smile=CALM)]
    without, rows = value_book(view_of(*quotes), book_of(*legs), None, Policy())
    assert (without.condors, without.hedged_spreads, without.guarded) == (3, 0, 3)
    assert (without.legs, without.leftover_legs) == (4, 2)
    assert [left.hedged for left in without.leftovers] == [False]
    assert [row.label.endswith("(not hedged)") for row in rows] == [False] * 4 + [True] * 2
    counted, rows = value_book(view_of(*quotes), book_of(*legs), None, LONE)
    assert (counted.condors, counted.hedged_spreads, counted.guarded) == (3, 2, 5)
    assert (counted.legs, counted.leftover_legs) == (6, 0)
    assert [left.hedged for left in counted.leftovers] == [True]
    assert not any(row.label.endswith("(not hedged)") for row in rows)
    spread = sum(
        row.vega30_usd or 0.0 for row in rows if row.label.endswith(("2500P", "2550P")) and "-03-04" in row.label
    )
    assert counted.vega30_usd == pytest.approx((without.vega30_usd or 0.0) + spread)


def test_naked_shorts_are_hedged_by_no_setting() -> None:
    exposure, _ = value_book(view_of(), book_of(leg(2600, P, -1)), None, LONE)
    assert (exposure.guarded, exposure.legs, exposure.leftover_legs) == (0, 0, 1)
    assert exposure.vega30_usd == 0.0


books = st.lists(
    st.builds(
        lambda strike, right, quantity, days: leg(2500.0 + 10 * strike, right, quantity, days=days),
        st.integers(0, 8),
        st.sampled_from([P, C]),
        st.integers(-4, 4),
        st.sampled_from([0.0, 7.0, 30.0]),
    ),
    max_size=14,
    unique_by=lambda x: x.con_id,
)


@given(books, st.booleans())
@settings(deadline=None)
def test_condors_and_leftovers_are_the_whole_book(legs: list[OptionLeg], lone: bool) -> None:
    found = recognise(legs, NOW)
    held = {x.con_id: part for x, part in zip(found.legs, found.inside, strict=True)}
    for left in leftovers(found, hedge_lone_spreads=lone):
        for con_id, sign in signs(left):
            held[con_id] += sign * left.quantity
    assert held == {x.con_id: x.quantity for x in legs if x.settles_at > NOW and x.quantity}


def signs(left: Leftover) -> list[tuple[int, int]]:
    """Return what one unit of a leftover holds: a spread is short its first leg and long its second."""
    return list(zip(left.con_ids, (-1, 1) if len(left.con_ids) == 2 else (1,), strict=True))
