from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.alvh.condors import recognise
from strategies.alvh.records import OptionLeg, Right
from tests.strategies.alvh.condor_market import NOW, condor, leg

P, C = Right.PUT, Right.CALL


def quantities(parts: tuple) -> dict[tuple[float, Right], int]:
    return {(part.leg.strike, part.leg.right): part.quantity for part in parts}


def test_four_legs_are_a_condor() -> None:
    found = recognise(condor(10), NOW)
    assert found.count == 10
    (only,) = found.condors
    assert (only.put.short.strike, only.put.wing.strike) == (2600.0, 2550.0)
    assert (only.call.short.strike, only.call.wing.strike) == (2850.0, 2900.0)
    assert only.quantity == only.put.quantity == only.call.quantity == 10
    assert found.remainder == ()
    assert quantities(found.parts) == {(2550, P): 10, (2600, P): -10, (2850, C): -10, (2900, C): 10}


def test_no_legs_are_no_condors() -> None:
    found = recognise((), NOW)
    assert (found.count, found.condors, found.parts, found.remainder) == (0, (), (), ())


def test_two_condors_with_one_wing_in_common_are_both_found() -> None:
    legs = (leg(2500, P, 3), leg(2550, P, -1), leg(2600, P, -2), leg(2850, C, -3), leg(2900, C, 3))
    found = recognise(legs, NOW)
    assert found.count == 3
    assert found.remainder == ()


def test_each_short_takes_the_nearest_wing_beyond_it() -> None:
    legs = (leg(2450, P, 1), leg(2500, P, -1), leg(2550, P, 1), leg(2600, P, -1), leg(2850, C, -2), leg(2900, C, 2))
    pairs = {(c.put.short.strike, c.put.wing.strike) for c in recognise(legs, NOW).condors}
    assert pairs == {(2500.0, 2450.0), (2600.0, 2550.0)}


def test_a_broken_wing_is_kept() -> None:
    assert recognise(condor(2, strikes=(2300.0, 2600.0, 2850.0, 2860.0)), NOW).count == 2


def test_a_short_naked_on_one_side_is_left_over() -> None:
    found = recognise((leg(2550, P, 4), leg(2600, P, -10), leg(2850, C, -10), leg(2900, C, 10)), NOW)
    assert found.count == 4
    assert quantities(found.remainder) == {(2600, P): -6, (2850, C): -6, (2900, C): 6}


def test_a_lone_credit_spread_is_no_condor() -> None:
    found = recognise((leg(2550, P, 1), leg(2600, P, -1)), NOW)
    assert found.count == 0
    assert quantities(found.remainder) == {(2550, P): 1, (2600, P): -1}


def test_the_spreads_nearest_to_the_money_make_the_condors() -> None:
    puts = (leg(2450, P, 1), leg(2500, P, -1), leg(2550, P, 1), leg(2600, P, -1))
    found = recognise((*puts, leg(2850, C, -1), leg(2900, C, 1)), NOW)
    assert [c.put.short.strike for c in found.condors] == [2600.0]
    calls = (leg(2850, C, -1), leg(2900, C, 1), leg(2950, C, -1), leg(3000, C, 1))
    found = recognise((*puts[2:], *calls), NOW)
    assert [c.call.short.strike for c in found.condors] == [2850.0]


def test_a_wing_inside_its_short_protects_nothing() -> None:
    assert recognise((leg(2650, P, 1), leg(2600, P, -1), leg(2850, C, -1), leg(2900, C, 1)), NOW).count == 0
    assert recognise((leg(2550, P, 1), leg(2600, P, -1), leg(2850, C, -1), leg(2800, C, 1)), NOW).count == 0


def test_long_and_short_of_one_strike_do_not_match_each_other() -> None:
    puts = (leg(2600, P, 1, con_id=1), leg(2600, P, -1, con_id=2))
    assert recognise((*puts, leg(2850, C, -1), leg(2900, C, 1)), NOW).count == 0


def test_expiries_do_not_mix() -> None:
    near = (leg(2550, P, 1, days=20), leg(2600, P, -1, days=20))
    far = (leg(2850, C, -1, days=45), leg(2900, C, 1, days=45))
    assert recognise((*near, *far), NOW).count == 0


def test_morning_and_afternoon_settlement_of_one_day_do_not_mix() -> None:
    legs = condor(1, days=45.0)
    am = tuple(replace(x, settles_at=x.settles_at.replace(hour=14)) for x in legs[:2])
    assert recognise((*am, *legs[2:]), NOW).count == 0
    assert recognise((*am, *(replace(x, settles_at=am[0].settles_at) for x in legs[2:])), NOW).count == 1


@pytest.mark.parametrize(
    "change", [{"symbol": "XSP"}, {"trading_class": "XSP"}, {"multiplier": 10}, {"strike": float("nan")}]
)
def test_what_is_no_spx_option_is_left_over(change: dict[str, object]) -> None:
    legs = condor(1)
    odd = replace(legs[1], **change)
    found = recognise((legs[0], odd, *legs[2:]), NOW)
    assert found.count == 0
    assert len(found.remainder) == 4


def test_settled_and_empty_legs_are_neither_held_nor_left_over() -> None:
    found = recognise((*condor(1, days=0.0), leg(2600, P, 0)), NOW)
    assert (found.count, found.parts, found.remainder) == (0, (), ())


books = st.lists(
    st.builds(
        lambda strike, right, quantity, days: leg(2500.0 + 10 * strike, right, quantity, days=days),
        st.integers(0, 8),
        st.sampled_from([P, C]),
        st.integers(-4, 4),
        st.sampled_from([0.0, 7.0, 30.0]),
    ),
    max_size=14,
)


@given(books)
@settings(deadline=None)
def test_nothing_is_invented_and_nothing_is_lost(legs: list[OptionLeg]) -> None:
    found = recognise(legs, NOW)
    living = [x for x in legs if x.settles_at > NOW]
    inside, outside = (sum(part.quantity for part in parts) for parts in (found.parts, found.remainder))
    assert inside == 0  # every short of a condor has its wing
    assert inside + outside == sum(x.quantity for x in living)
    for condor_ in found.condors:
        assert condor_.quantity > 0
        assert condor_.put.wing.strike < condor_.put.short.strike
        assert condor_.call.wing.strike > condor_.call.short.strike
        four = (condor_.put.wing, condor_.put.short, condor_.call.wing, condor_.call.short)
        assert {x.settles_at for x in four} == {condor_.settles_at}
    for part in found.parts:
        assert 0 < part.quantity <= part.leg.quantity or part.leg.quantity <= part.quantity < 0
