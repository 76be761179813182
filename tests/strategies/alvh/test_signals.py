from __future__ import annotations

import math
from dataclasses import replace

import pytest
from builders import VX, VXM, at, bars, future, market, rising, spike_view

from strategies.alvh.indicators import rsi
from strategies.alvh.policy import Policy, SignalPolicy
from strategies.alvh.records import IndexQuote, MarketView
from strategies.alvh.signals import (
    Signal,
    future_inversion,
    quorum,
    term_inversion,
    vix_rsi,
    vx_jump,
    vx_momentum,
)

POLICY = Policy()


def signal(name: str, *, confirmed: bool) -> Signal:
    return Signal(name=name, value=1.0, threshold=0.0, ok=True, confirmed=confirmed, age_s=1.0, reason="")


def test_a_sharp_rise_of_vix_confirms_rsi() -> None:
    found = vix_rsi(spike_view(), POLICY)
    assert found.confirmed
    assert found.value is not None
    assert found.value >= 70.0
    assert found.age_s == 0.0


def test_rsi_needs_three_bars_of_this_session() -> None:
    assert not vix_rsi(spike_view(14), POLICY).ok
    assert vix_rsi(spike_view(15), POLICY).ok


def test_a_high_rsi_that_did_not_jump_is_not_sharp() -> None:
    climb = [16.0 * 1.002**n for n in range(60)]
    found = vix_rsi(replace(spike_view(), vix_bars=bars(climb, at(30))), POLICY)
    assert found.ok
    assert not found.confirmed


def test_rsi_counts_only_while_vix_itself_jumped() -> None:
    view = spike_view()
    calm = replace(view.vix, prev_close=19.9, open=19.9)
    assert not vix_rsi(replace(view, vix=calm), POLICY).confirmed
    from_open = replace(view.vix, prev_close=19.9, open=19.0)
    assert vix_rsi(replace(view, vix=from_open), POLICY).confirmed


def test_rsi_is_missing_without_bars_movement_or_a_reference() -> None:
    view = spike_view()
    assert not vix_rsi(replace(view, vix_bars=()), POLICY).ok
    assert not vix_rsi(replace(view, vix_bars=bars([16.0] * 60, at(30))), POLICY).ok
    assert not vix_rsi(replace(view, vix_bars=view.vix_bars[-18:]), POLICY).ok
    assert not vix_rsi(replace(view, vix=IndexQuote(symbol="VIX", last=20.0, age_s=1.0)), POLICY).ok
    assert not vix_rsi(replace(view, now=at(41)), POLICY).ok


def test_vx_five_percent_over_its_settlement_confirms() -> None:
    assert vx_jump(future(VX, 16.8, settle=16.0), POLICY).confirmed
    assert not vx_jump(future(VX, 16.79, settle=16.0), POLICY).confirmed


@pytest.mark.parametrize("settle", [None, 0.0])
def test_vx_jump_is_missing_without_a_settlement(settle: float | None) -> None:
    assert not vx_jump(future(VX, 18.0, settle=settle), POLICY).ok


def test_vx_jump_is_missing_without_a_fresh_price() -> None:
    assert not vx_jump(None, POLICY).ok
    assert not vx_jump(future(VX, quote=market(18.0, 0.05, age_s=11.0)), POLICY).ok
    assert not vx_jump(future(VX, quote=replace(market(18.0, 0.05), delayed=True)), POLICY).ok


def term_view(near: float, vix: float, first: float | None, second: float | None) -> MarketView:
    view = spike_view(vix=vix)
    months = tuple(
        replace(item, quote=market(price, item.tick) if price is not None else replace(item.quote, bid=None))
        for item, price in zip(view.futures, (first, first, second, second), strict=True)
    )
    return replace(view, vix9d=IndexQuote(symbol="VIX9D", last=near, age_s=1.0), futures=months)


def test_term_structure_inverts_at_either_end() -> None:
    assert term_inversion(term_view(21.0, 20.0, 16.0, 17.0), POLICY).confirmed
    assert term_inversion(term_view(19.0, 20.0, 18.0, 17.0), POLICY).confirmed
    assert not term_inversion(term_view(19.0, 20.0, 16.0, 17.0), POLICY).confirmed


def test_term_structure_is_missing_only_when_both_ends_are() -> None:
    half = term_inversion(term_view(21.0, 20.0, None, 17.0), POLICY)
    assert half.ok
    assert half.confirmed
    view = term_view(21.0, 20.0, None, None)
    stale = replace(view, vix9d=replace(view.vix9d, age_s=61.0))
    assert not term_inversion(stale, POLICY).ok


def test_a_mini_stands_in_for_a_month_without_a_big_contract() -> None:
    view = spike_view()
    minis = tuple(item for item in view.futures if item.multiplier == 100)
    assert future_inversion(replace(view, futures=minis), POLICY) == pytest.approx(1.0)
    assert future_inversion(replace(view, futures=minis[:1]), POLICY) is None


def test_rising_momentum_above_the_last_purchase_confirms() -> None:
    front = spike_view().futures[0]
    assert vx_momentum(front, at(30), POLICY, last_buy=18.4).confirmed
    assert vx_momentum(front, at(30), POLICY, last_buy=None).confirmed
    below = vx_momentum(front, at(30), POLICY, last_buy=18.5)
    assert below.ok
    assert not below.confirmed
    assert "not above" in below.reason


def test_momentum_must_rise_on_two_bars() -> None:
    flat = future(VX, 18.5, closes=bars(rising(520, 16.0, (17.0, 18.0, 18.5, 18.5, 18.3)), at(30)))
    assert not vx_momentum(flat, at(30), POLICY, last_buy=None).confirmed


def test_momentum_needs_its_warm_up() -> None:
    front = spike_view().futures[0]
    assert vx_momentum(replace(front, bars=front.bars[-500:]), at(30), POLICY, last_buy=None).ok
    assert not vx_momentum(replace(front, bars=front.bars[-499:]), at(30), POLICY, last_buy=None).ok
    assert not vx_momentum(None, at(30), POLICY, last_buy=None).ok


def test_momentum_is_missing_without_a_price_or_fresh_bars() -> None:
    front = spike_view().futures[1]
    assert front.con_id == VXM
    assert not vx_momentum(replace(front, quote=market(18.5, 0.01, age_s=99.0)), at(30), POLICY, last_buy=None).ok
    assert not vx_momentum(front, at(41), POLICY, last_buy=None).ok


def test_quorum_counts_what_is_confirmed() -> None:
    found = (signal("breadth", confirmed=True), signal("VIX RSI", confirmed=False), signal("VX jump", confirmed=True))
    assert quorum(found, POLICY).passed
    assert not quorum(found[:2], POLICY).passed


def test_the_sources_own_quorum_wants_breadth_and_rsi() -> None:
    literal = replace(POLICY, signals=SignalPolicy(quorum_source_and=True))
    found = (signal("breadth", confirmed=True), signal("VX jump", confirmed=True), signal("VIX RSI", confirmed=False))
    assert not quorum(found, literal).passed
    assert quorum((found[0], replace(found[2], confirmed=True)), literal).passed


def test_rsi_must_rise_by_its_jump() -> None:
    view = spike_view()
    values = rsi(view.vix_bars, POLICY.signals.rsi_length)
    assert values is not None
    rise = float(values[-1] - values[-POLICY.signals.rsi_jump_bars - 1 : -1].min())

    def confirmed(jump: float) -> bool:
        return vix_rsi(view, replace(POLICY, signals=replace(POLICY.signals, rsi_jump=jump))).confirmed

    assert confirmed(rise)
    assert not confirmed(math.nextafter(rise, math.inf))


def test_a_flat_term_structure_is_in_order() -> None:
    found = term_inversion(term_view(20.0, 20.0, 17.0, 17.0), POLICY)
    assert (found.ok, found.confirmed, found.value) == (True, False, 0.0)
    assert found.reason.endswith(": in order")
