"""Reckon a book leg by leg and contract by contract in plain Python, and compare with the arrays of the method."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.alvh.exposure import value_book
from strategies.alvh.policy import Gauge, Policy
from strategies.alvh.records import (
    Exposure,
    Greeks,
    GreeksSource,
    OptionLeg,
    Right,
    Smile,
    SmilePoint,
    Surface,
    SurfaceSource,
)
from tests.strategies.alvh.condor_market import NOW, book_of, leg, settles, view_of

POLICY = Policy()
NORMAL = NormalDist()
DAYS = (1.5, 7.0, 30.0, 45.0)
RATE = 0.02

FORWARDS = {1.5: 2758.0, 7.0: 2759.0, 30.0: 2760.0, 45.0: 2761.5}
POINTS = ((-0.08, 0.21), (-0.02, 0.15), (0.0, 0.13), (0.06, 0.11))


def baseline() -> Surface:
    points = tuple(SmilePoint(x=x, sigma=sigma) for x, sigma in POINTS)
    smiles = tuple(
        Smile(settles_at=settles(days), forward=FORWARDS[days], rate=RATE, years=days / 365, points=points)
        for days in DAYS
    )
    return Surface(taken_at=NOW, session_day=NOW.date(), source=SurfaceSource.STORED, smiles=smiles)


def sigma_at(x: float) -> float:
    """Return the volatility on the straight lines between the points, flat beyond them."""
    if x <= POINTS[0][0]:
        return POINTS[0][1]
    for (x0, s0), (x1, s1) in pairwise(POINTS):
        if x <= x1:
            return s0 + (s1 - s0) * (x - x0) / (x1 - x0)
    return POINTS[-1][1]


def vega(forward: float, strike: float, days: float, sigma: float) -> float:
    years = days / 365
    d1 = (math.log(forward / strike) + 0.5 * sigma * sigma * years) / (sigma * math.sqrt(years))
    return math.exp(-RATE * years) * forward * NORMAL.pdf(d1) * math.sqrt(years) / 100


def days_of(option: OptionLeg) -> float:
    return (option.settles_at - NOW).total_seconds() / 86_400


def weight(option: OptionLeg) -> float:
    return (30 / max(days_of(option), 7.0)) ** 0.37


def inside(legs: list[OptionLeg]) -> list[int]:
    """Match one contract at a time: the farthest short takes the nearest wing beyond it; then puts meet calls."""
    held = [0] * len(legs)
    for days in DAYS:
        sides = [spreads(legs, days, right) for right in (Right.PUT, Right.CALL)]
        for pair in zip(*sides, strict=False):
            for short, wing in pair:
                held[short] -= 1
                held[wing] += 1
    return held


def spreads(legs: list[OptionLeg], days: float, right: Right) -> list[tuple[int, int]]:
    out = 1 if right is Right.CALL else -1
    mine = [n for n, x in enumerate(legs) if x.settles_at == settles(days) and x.right is right]
    free = {n: legs[n].quantity for n in mine if legs[n].quantity > 0}
    found = []
    for short in sorted((n for n in mine if legs[n].quantity < 0), key=lambda n: (-out * legs[n].strike, n)):
        for _ in range(-legs[short].quantity):
            beyond = [n for n in free if free[n] and out * (legs[n].strike - legs[short].strike) > 0]
            if not beyond:
                break
            wing = min(beyond, key=lambda n: (out * legs[n].strike, -n))
            free[wing] -= 1
            found.append((short, wing))
    return found[::-1]


def total(legs: list[OptionLeg], held: list[int], each: Callable[[OptionLeg], float | None]) -> float | None:
    parts = [(each(option), quantity * 100) for option, quantity in zip(legs, held, strict=True) if quantity]
    return None if any(part is None for part, _ in parts) else sum(part * size for part, size in parts if part)


def greek(name: str) -> Callable[[OptionLeg], float | None]:
    return lambda option: None if option.greeks is None else getattr(option.greeks, name)


def weighted(each: Callable[[OptionLeg], float | None]) -> Callable[[OptionLeg], float | None]:
    def value(option: OptionLeg) -> float | None:
        known = each(option)
        return None if known is None else known * weight(option)

    return value


def stored_vega(option: OptionLeg) -> float:
    forward = FORWARDS[days_of(option)]
    return vega(forward, option.strike, days_of(option), sigma_at(math.log(option.strike / forward)))


def vega_on_stored_forward(option: OptionLeg) -> float | None:
    if option.greeks is None:
        return None
    return vega(FORWARDS[days_of(option)], option.strike, days_of(option), option.greeks.iv)


def vega_at_the_money(option: OptionLeg) -> float:
    return vega(FORWARDS[days_of(option)], FORWARDS[days_of(option)], days_of(option), sigma_at(0.0))


def growth(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None or not before < 0 else now / before - 1


def members(gauge: Gauge, option: OptionLeg, quantity: int) -> bool:
    if days_of(option) < 2.0:
        return False
    side = {Gauge.PUT_SIDE: {Right.PUT}, Gauge.CALL_SIDE: {Right.CALL}}.get(gauge, set(Right))
    return gauge is Gauge.NET or (quantity < 0 and option.right in side)


def inflation(legs: list[OptionLeg], held: list[int], gauge: Gauge) -> tuple[float | None, float | None, float | None]:
    """Return the gauge, its part from volatility alone, and its ceiling."""
    counted = [n if members(gauge, x, n) else 0 for x, n in zip(legs, held, strict=True)]
    before = total(legs, counted, weighted(stored_vega))
    return tuple(
        growth(total(legs, counted, weighted(each)), before)
        for each in (greek("vega"), vega_on_stored_forward, vega_at_the_money)
    )


def break_evens(legs: list[OptionLeg], held: list[int], spot: float) -> tuple[float | None, float | None]:
    roots = []
    for days in DAYS:
        mine = [(x, n) for x, n in zip(legs, held, strict=True) if n and x.settles_at == settles(days)]
        if any(x.avg_price is None for x, _ in mine):
            continue
        strikes = sorted({x.strike for x, _ in mine})
        values = [
            sum(
                n * 100 * (max(0.0, (s - x.strike) * (1 if x.right is Right.CALL else -1)) - x.avg_price)
                for x, n in mine
            )
            for s in strikes
        ]
        for low, high, at_low, at_high in zip(strikes, strikes[1:], values, values[1:], strict=False):
            if (at_low < 0) != (at_high < 0):
                roots.append(low + (high - low) * at_low / (at_low - at_high))
    return max((r for r in roots if r <= spot), default=None), min((r for r in roots if r > spot), default=None)


share = st.floats(min_value=0.01, max_value=0.9)
some_greeks = st.builds(
    Greeks,
    iv=st.floats(min_value=0.05, max_value=0.8),
    delta=st.floats(min_value=-1.0, max_value=1.0),
    gamma=share,
    vega=st.floats(min_value=0.01, max_value=9.0),
    theta=st.floats(min_value=-5.0, max_value=-0.01),
    underlying=st.just(2760.0),
    age_s=st.just(1.0),
    source=st.just(GreeksSource.IB),
)
held_legs = st.builds(
    lambda strike, right, quantity, days, known, price: replace(
        leg(2500.0 + 20 * strike, right, quantity, days=days), greeks=known, avg_price=price
    ),
    st.integers(0, 25),
    st.sampled_from(list(Right)),
    st.sampled_from([-4, -2, -1, 1, 2, 3]),
    st.sampled_from(DAYS),
    st.one_of(*[some_greeks] * 12, st.none()),
    st.one_of(*[st.integers(1, 400).map(lambda ticks: ticks / 8)] * 12, st.none()),
)


def same(found: float | None, expected: float | None, scale: float) -> bool:
    if found is None or expected is None:
        return found is None and expected is None
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9 * scale)


@given(st.one_of(st.lists(held_legs, max_size=10), st.lists(held_legs, min_size=15, max_size=40)))
@settings(max_examples=150, deadline=None)
def test_arrays_and_plain_reckoning_agree_on_every_book(legs: list[OptionLeg]) -> None:
    exposure, rows = value_book(view_of(spot=2755.0), book_of(*legs), baseline(), POLICY)
    held = inside(legs)
    assert exposure.legs == sum(n != 0 for n in held)
    assert exposure.condors == sum(n for n in held if n > 0) // 2
    assert [row.quantity for row in rows] == [
        *(n for n in held if n),
        *(x.quantity - n for x, n in zip(legs, held, strict=True) if x.quantity != n),
    ]
    gross = sum(abs(n) for n in held) * 1000.0 + 1.0
    for name in ("vega", "delta", "gamma", "theta"):
        assert same(getattr(exposure, f"{name}_usd"), total(legs, held, greek(name)), gross), name
    assert same(exposure.vega30_usd, total(legs, held, weighted(greek("vega"))), gross)
    assert same(exposure.vega30_baseline_usd, total(legs, held, weighted(stored_vega)), gross)
    assert_gauges(exposure, legs, held)
    lower, upper = break_evens(legs, held, 2755.0)
    assert same(exposure.lower_break_even, lower, 1.0)
    assert same(exposure.upper_break_even, upper, 1.0)


def assert_gauges(exposure: Exposure, legs: list[OptionLeg], held: list[int]) -> None:
    put_side, iv_only, ceiling = inflation(legs, held, Gauge.PUT_SIDE)
    assert same(exposure.inflation, put_side, 1.0)
    assert same(exposure.iv_only, iv_only, 1.0)
    assert same(exposure.ceiling, ceiling, 1.0)
    assert same(exposure.inflation_call_side, inflation(legs, held, Gauge.CALL_SIDE)[0], 1.0)
    assert same(exposure.inflation_both_sides, inflation(legs, held, Gauge.BOTH_SIDES)[0], 1.0)
    # the net of longs and shorts may almost vanish: then the growth of nearly nothing is all rounding
    counted = [n if members(Gauge.NET, x, n) else 0 for x, n in zip(legs, held, strict=True)]
    net = total(legs, counted, weighted(stored_vega))
    if net is None or abs(net) > 1.0:
        assert same(exposure.inflation_net, inflation(legs, held, Gauge.NET)[0], 1000.0)


def test_the_plain_reckoning_knows_a_condor() -> None:
    four = [(2560.0, Right.PUT, 3), (2600.0, Right.PUT, -3), (2860.0, Right.CALL, -2), (2900.0, Right.CALL, 2)]
    legs = [replace(leg(strike, right, n), avg_price=1.0) for strike, right, n in four]
    assert inside(legs) == [2, -2, -2, 2]
    assert sigma_at(-0.05) == pytest.approx(0.18)
    assert sigma_at(-0.5) == 0.21
    assert sigma_at(0.5) == 0.11
