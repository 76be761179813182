from __future__ import annotations

from dataclasses import replace

import pytest
from builders import VX, VXM, future, market

from strategies.alvh.liquidity import room
from strategies.alvh.policy import LiquidityPolicy

RULES = LiquidityPolicy()


def test_deep_and_tight_takes_the_whole_order() -> None:
    space = room(future(VXM, quote=market(18.0, 0.01, size=40.0, ticks=5.0)), 8, RULES)
    assert space.contracts == 8
    assert space.check.passed


@pytest.mark.parametrize(("depth", "allowed"), [(40.0, 8), (20.0, 4), (8.0, 1), (7.9, 0)])
def test_thin_depth_takes_its_share_and_none_below_the_order(depth: float, allowed: int) -> None:
    assert room(future(VXM, quote=market(18.0, 0.01, size=depth)), 8, RULES).contracts == allowed


@pytest.mark.parametrize(
    ("con_id", "ticks", "allowed"),
    [(VX, 2.0, 4), (VX, 3.0, 2), (VX, 6.0, 2), (VX, 7.0, 0), (VXM, 15.0, 2), (VXM, 16.0, 0)],
)
def test_a_wide_spread_halves_and_a_very_wide_one_refuses(con_id: int, ticks: float, allowed: int) -> None:
    tick = 0.05 if con_id == VX else 0.01
    assert room(future(con_id, quote=market(18.0, tick, ticks=ticks)), 4, RULES).contracts == allowed


def test_depth_far_below_its_median_halves_the_slice() -> None:
    quote = market(18.0, 0.01, size=40.0)
    assert room(future(VXM, quote=quote, quick_ratio_median=140.0), 8, RULES).contracts == 4
    assert room(future(VXM, quote=quote, quick_ratio_median=130.0), 8, RULES).contracts == 8


def test_the_check_says_what_is_known_of_the_usual_depth() -> None:
    quote = market(18.0, 0.01, size=40.0)
    thin = room(future(VXM, quote=quote, quick_ratio_median=160.0, depth_sessions=5), 8, RULES)
    assert "deteriorating: 25% of the usual depth, 4 of 8 now" in thin.check.why
    young = room(future(VXM, quote=quote, depth_sessions=4), 8, RULES)
    assert young.contracts == 8
    assert "usual depth not yet known (4 sessions), 8 of 8 now" in young.check.why
    assert "usual" not in room(future(VXM, quote=quote), 8, RULES).check.why


def test_one_contract_is_bought_whole_or_not_at_all() -> None:
    assert room(future(VXM, quote=market(18.0, 0.01, size=1.0, ticks=10.0)), 1, RULES).contracts == 1


def test_a_missing_market_takes_nothing() -> None:
    quote = market(18.0, 0.05)
    for broken in (
        replace(quote, bid=None),
        replace(quote, ask=None),
        replace(quote, bid_size=None),
        replace(quote, ask_size=None),
        replace(quote, ask=quote.bid - 1.0 if quote.bid else None),
    ):
        space = room(future(VX, quote=broken), 1, RULES)
        assert space.contracts == 0
        assert not space.check.passed
    assert room(None, 1, RULES).contracts == 0
    assert room(future(VX, tick=0.0), 1, RULES).contracts == 0
    assert room(future(VX), 0, RULES).contracts == 0


def test_the_thinner_side_is_the_depth() -> None:
    deep = market(18.0, 0.01, size=40.0)
    for quote in (replace(deep, bid_size=20.0), replace(deep, ask_size=20.0)):
        assert room(future(VXM, quote=quote), 8, RULES).contracts == 4
