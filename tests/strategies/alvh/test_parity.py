"""VX against the options on VIX that settle with it: known prices, costs and sizes, and what bad quotes do."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from builders import (
    FAR_SETTLES,
    SETTLES,
    VX,
    VXM,
    at,
    book,
    exposure,
    future,
    lot,
    market,
    memory,
    session,
    spike_view,
    state,
)
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh.judge import judge
from strategies.alvh.parity import CONVERSION, REVERSAL, Edge, Pair, Synthetic, edges, monitor, pairs_of, synthetic
from strategies.alvh.policy import ParityPolicy, Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import ChainQuote, Decision, Memory, ParityWatch, Phase, Purpose, Quote, Right, Side

RULES = ParityPolicy()


def option(strike: float, right: Right, bid: float | None, ask: float | None, **changes: Any) -> ChainQuote:
    size = changes.pop("size", 100.0)
    made = ChainQuote(
        con_id=1,
        trading_class="VIX",
        right=right,
        strike=strike,
        expires_on=SETTLES - timedelta(days=1),
        settles_at=datetime(SETTLES.year, SETTLES.month, SETTLES.day, 14, 30, tzinfo=UTC),
        quote=Quote(bid=bid, ask=ask, bid_size=size, ask_size=size, age_s=5.0),
    )
    return replace(made, **changes)


def pair(strike: float, call: tuple[float, float], put: tuple[float, float], **changes: Any) -> Pair:
    return Pair(
        strike=strike,
        call=option(strike, Right.CALL, *call, **changes),
        put=option(strike, Right.PUT, *put, **changes),
    )


def chain(forward: float, *, half: float = 0.05, step: float = 0.5, **changes: Any) -> tuple[ChainQuote, ...]:
    """Return three strikes about a forward without interest, each option 1.50 of time value wide of the money."""
    found = []
    for n in (-1, 0, 1):
        strike = round(forward) + n * step
        call, put = 1.5 + max(0.0, forward - strike), 1.5 + max(0.0, strike - forward)
        found += [option(strike, Right.CALL, call - half, call + half, **changes)]
        found += [option(strike, Right.PUT, put - half, put + half, **changes)]
    return tuple(found)


def seen(
    options: tuple[ChainQuote, ...] = (),
    *,
    vx: float = 18.5,
    policy: Policy | None = None,
    rate: float = 0.0,
    before: Memory | None = None,
    **changes: Any,
) -> Reading:
    view = spike_view(vx=vx, vix_chain=options, rate=rate, **changes)
    return read(view, book(), state(), policy or Policy(), before or memory(), exposure())


def test_a_call_less_a_put_is_the_forward() -> None:
    # K = 20, C = 2.10, P = 1.60, 30 days at 4%: 20 + e^(0.04 * 30/365) * 0.50 = 20.5016
    found = synthetic([pair(20.0, (2.10, 2.10), (1.60, 1.60))], years=30 / 365, rate=0.04, strikes=3)
    assert found is not None
    assert found.mid == pytest.approx(20.5016, abs=1e-4)


def test_the_best_of_the_strikes_makes_the_market() -> None:
    # 18: 18 + 1.9 - 1.1 = 18.8 bid, 18 + 2.1 - 0.9 = 19.2 ask; 19: 19 + 1.4 - 1.5 = 18.9 bid, 19 + 1.6 - 1.4 = 19.2
    # ask; 20: 20 + 0.9 - 2.1 = 18.8 bid, 20 + 1.0 - 1.9 = 19.1 ask
    pairs = [
        pair(18.0, (1.9, 2.1), (0.9, 1.1)),
        pair(19.0, (1.4, 1.6), (1.4, 1.5)),
        pair(20.0, (0.9, 1.0), (1.9, 2.1)),
    ]
    found = synthetic(pairs, years=0.1, rate=0.0, strikes=3)
    assert found is not None
    assert (found.bid, found.ask) == pytest.approx((18.9, 19.1))


def test_only_the_strikes_at_the_money_are_asked() -> None:
    far = pair(40.0, (0.05, 0.10), (30.0, 40.0))  # would bid 0.05 less 40, ask 10.1
    near = pair(19.0, (1.4, 1.6), (1.4, 1.5))
    found = synthetic([far, near], years=0.1, rate=0.0, strikes=1)
    assert found is not None
    assert found.bid == pytest.approx(18.9)


def test_no_pair_makes_no_forward() -> None:
    assert synthetic([], years=0.1, rate=0.0, strikes=3) is None
    assert synthetic([pair(20.0, (2.0, 2.1), (1.5, 1.6))], years=0.1, rate=math.inf, strikes=3) is None


def test_conversion_pays_the_difference_less_twenty_options_and_one_future() -> None:
    # synthetic bid 19.00, VX ask 18.55: 0.45; costs 20 * 1.10 + 2.35 = 24.35 $, 0.02435 points of a VX
    found = synthetic([pair(19.0, (1.5, 1.6), (1.4, 1.5), size=65.0)], years=0.1, rate=0.0, strikes=3)
    assert found is not None
    one = next(edge for edge in edges(found, future(VX, 18.5), Policy()) if edge.kind == CONVERSION)
    assert one.points == pytest.approx(19.00 - 18.55 - 0.02435)
    assert one.contracts == 6  # 65 pairs are displayed and a VX takes ten
    assert one.usd == pytest.approx(one.points * 6 * 1000)


def test_a_mini_takes_one_pair() -> None:
    # reversal: VXM bid 19.99 less synthetic ask 19.20; costs 2 * 1.10 + 0.55 = 2.75 $, 0.0275 points of a VXM
    found = synthetic([pair(19.0, (1.5, 1.6), (1.4, 1.5), size=65.0)], years=0.1, rate=0.0, strikes=3)
    assert found is not None
    one = next(edge for edge in edges(found, future(VXM, 20.0), Policy()) if edge.kind == REVERSAL)
    assert one.points == pytest.approx(19.99 - 19.20 - 0.0275)
    assert one.contracts == 65


@pytest.mark.parametrize("size", [None, 0.0, 9.0, math.nan])
def test_a_size_that_is_missing_or_under_ten_pairs_does_no_vx(size: float | None) -> None:
    found = synthetic([pair(19.0, (1.5, 1.6), (1.4, 1.5), size=size)], years=0.1, rate=0.0, strikes=3)
    assert found is not None
    assert [edge.contracts for edge in edges(found, future(VX, 18.5), Policy())] == [0, 0]


@pytest.mark.parametrize(
    ("vx", "passed"), [(20.0, True), (20.29, True), (19.71, True), (20.32, False), (19.68, False), (23.0, False)]
)
def test_the_gate_opens_at_the_larger_of_thirty_cents_and_a_share(vx: float, passed: bool) -> None:
    found = monitor(seen(chain(20.0), vx=vx))
    assert found.connected is passed
    gate = found.checks[0]
    assert (gate.name, gate.passed) == ("parity: gate", passed)
    assert gate.observed == pytest.approx(abs(vx - 20.0))
    assert ("suspect" in gate.why) is not passed


def test_at_a_high_price_the_share_counts() -> None:
    assert monitor(seen(chain(40.0), vx=40.55)).connected  # 1.5% of 40.55 is 0.61
    assert not monitor(seen(chain(40.0), vx=40.70)).connected


def test_a_future_inside_the_market_of_the_options_contradicts_nothing() -> None:
    wide = chain(20.0, half=0.5)  # 19.5 to 20.5 at the strike at the money and more elsewhere
    assert monitor(seen(wide, vx=20.45)).connected
    assert not monitor(seen(wide, vx=21.10)).connected


def test_without_options_the_gate_says_so_and_passes_unless_required() -> None:
    free = monitor(seen())
    assert free.connected
    assert free.checks[0].why.startswith("not measurable: no fresh pair of options on VIX settles on 2018-03-07")
    strict = monitor(seen(policy=Policy(parity=ParityPolicy(require=True))))
    assert not strict.connected
    assert "parity.require" in strict.checks[0].why


def test_what_was_suspect_stays_so_until_it_can_be_measured_again() -> None:
    bound = replace(memory(), parity=ParityWatch(suspect_on=session(at(30)).day))
    lost = monitor(seen(before=bound))
    assert not lost.connected
    assert "suspect when last measured" in lost.checks[0].why
    healed = monitor(seen(chain(20.0), vx=20.0, before=bound))
    assert healed.connected
    assert healed.watch.suspect_on is None
    yesterday = replace(memory(), parity=ParityWatch(suspect_on=date(2018, 2, 2)))
    assert monitor(seen(before=yesterday)).connected


STALE = {"quote": Quote(bid=1.0, ask=1.1, age_s=61.0)}


@pytest.mark.parametrize(
    "changes",
    [
        STALE,
        {"quote": Quote(bid=1.0, ask=1.1)},
        {"quote": Quote(bid=1.0, ask=1.1, age_s=1.0, delayed=True)},
        {"quote": Quote(bid=1.0, ask=1.1, age_s=1.0, halted=True)},
        {"quote": Quote(bid=1.2, ask=1.1, age_s=1.0)},
        {"quote": Quote(bid=0.0, ask=1.1, age_s=1.0)},
        {"quote": Quote(bid=math.nan, ask=1.1, age_s=1.0)},
        {"quote": Quote(bid=None, ask=1.1, age_s=1.0)},
        {"quote": Quote(bid=1.0, ask=math.inf, age_s=1.0)},
        {"trading_class": "VIXW"},
        {"settles_at": datetime(2018, 4, 4, 13, 30, tzinfo=UTC)},
        {"strike": 0.0},
        {"strike": math.nan},
    ],
)
def test_an_option_that_cannot_be_used_leaves_no_pair(changes: dict[str, Any]) -> None:
    view = spike_view(
        vix_chain=(replace(option(20.0, Right.CALL, 2.0, 2.1), **changes), option(20.0, Right.PUT, 1.5, 1.6))
    )
    assert pairs_of(view, SETTLES, RULES) == ()


def test_a_hole_in_the_chain_leaves_the_other_strikes() -> None:
    view = spike_view(vix_chain=tuple(row for row in chain(20.0) if (row.strike, row.right) != (20.0, Right.PUT)))
    assert [found.strike for found in pairs_of(view, SETTLES, RULES)] == [19.5, 20.5]


def test_options_that_contradict_each_other_measure_nothing() -> None:
    broken = (*chain(20.0), *(replace(row, strike=row.strike + 0.25) for row in chain(22.0)))
    found = monitor(seen(broken, vx=20.0, policy=Policy(parity=ParityPolicy(strikes=6))))
    assert found.connected
    assert "contradict each other" in found.checks[0].why


def test_a_future_without_a_fresh_quote_is_not_measured() -> None:
    stale = replace(spike_view().futures[0], quote=market(18.5, 0.05, age_s=99.0))
    found = monitor(seen(chain(20.0), futures=(stale,)))
    assert found.checks[0].why == "not measurable: no fresh VX quote"


def test_a_future_without_a_bid_has_no_edge_and_the_check_says_so() -> None:
    bidless = Quote(bid=0.0, ask=40.0, ask_size=10.0, age_s=1.0)
    assert (
        edges(Synthetic(bid=19.9, ask=20.1, bid_pairs=50, ask_pairs=50, strikes=3), future(VX, quote=bidless), Policy())
        == ()
    )
    found = monitor(seen(chain(20.0), futures=(future(VX, quote=bidless),)))
    checks = {check.name: check for check in found.checks}
    assert checks["parity: conversion"].observed is None
    assert checks["parity: conversion"].why == "VX has no two-sided market"
    assert found.watch == ParityWatch()


def test_a_rate_that_is_no_number_measures_nothing() -> None:
    found = monitor(seen(chain(20.0), rate=math.nan))
    assert found.checks[0].why == "not measurable: the options on VIX imply no price"


def polls(count: int, vx: float) -> list[tuple[str, ...]]:
    """Return the alerts of wake-ups in a row on a market that pays."""
    held, alerts = memory(), []
    for _ in range(count):
        found = monitor(seen(chain(20.0), vx=vx, before=held))
        held = replace(held, parity=found.watch)
        alerts.append(found.alerts)
    return alerts


def test_a_conversion_is_alerted_once_on_its_third_poll() -> None:
    # VX 19.70 to 19.80 against a synthetic bid of 19.90: the gate still passes
    found = polls(6, 19.75)
    assert [len(alerts) for alerts in found] == [0, 0, 1, 0, 0, 0]
    assert "conversion" in found[2][0]
    assert "does not trade" in found[2][0]


def test_a_poll_without_an_edge_starts_the_count_again() -> None:
    held = replace(memory(), parity=ParityWatch(conversion_polls=2))
    assert monitor(seen(chain(20.0), vx=20.0, before=held)).watch.conversion_polls == 0
    assert monitor(seen(chain(20.0), vx=20.25, before=held)).watch.reversal_polls == 1


def test_a_disconnect_is_alerted_when_it_begins_and_not_again() -> None:
    found = polls(2, 23.0)
    assert any("suspect" in alert for alert in found[0])
    assert not any("suspect" in alert for alert in found[1])


def test_the_edges_are_shown_and_hold_nothing_back() -> None:
    checks = {check.name: check for check in monitor(seen(chain(20.0), vx=19.75)).checks}
    assert checks["parity: conversion"].passed
    assert checks["parity: conversion"].observed == pytest.approx(19.90 - 19.76 - 0.0275)  # the mini's
    assert "displayed sizes" in checks["parity: conversion"].why
    assert checks["parity: reversal"].observed == pytest.approx(19.74 - 20.10 - 0.0275)


def test_a_month_that_settles_on_another_day_is_not_compared() -> None:
    far = tuple(replace(row, settles_at=datetime(2018, 4, 4, 13, 30, tzinfo=UTC)) for row in chain(20.0))
    assert date(2018, 4, 4) == FAR_SETTLES
    assert monitor(seen(far, vx=23.0)).connected


def judged(vx: float, **changes: Any) -> Decision:
    """Return the decision on a morning that would buy, with options that imply 18.50."""
    options = changes.pop("options", chain(18.5))
    view = spike_view(10, vx=vx, vix_chain=options, rate=0.0, **changes)
    return judge(view, book(), state(), Policy(), memory=memory(), exposure=exposure())


def test_a_spike_whose_future_agrees_with_its_options_is_bought() -> None:
    assert [proposal.purpose for proposal in judged(18.5).proposals] == [Purpose.TRANCHE]


def test_a_suspect_future_neither_arms_nor_buys_and_the_summary_says_why() -> None:
    suspect = judged(19.2)
    assert suspect.proposals == ()
    assert suspect.phase_after is Phase.WATCH
    assert "suspect" in suspect.summary
    assert suspect.memory.parity.suspect_on is not None
    assert any("suspect" in alert for alert in suspect.alerts)


def test_a_suspect_future_still_lets_a_hedge_be_sold() -> None:
    held = lot(VXM, 8, price=30.0)
    view = spike_view(30, vx=19.5, vix_chain=chain(18.5), rate=0.0)
    known = state(held)
    decision = judge(view, book(held, legs=()), known, Policy(), memory=memory(), exposure=exposure(condors=0))
    assert any(proposal.side is Side.SELL for proposal in decision.proposals)


anything = st.one_of(
    st.none(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -1.0, 5e-324, 1e300]),
    st.floats(min_value=0.05, max_value=30.0),
)


@st.composite
def options(draw: st.DrawFn) -> ChainQuote:
    quote = Quote(
        bid=draw(anything),
        ask=draw(anything),
        bid_size=draw(anything),
        ask_size=draw(anything),
        age_s=draw(anything),
        delayed=draw(st.booleans()),
    )
    strike = draw(st.one_of(st.sampled_from([18.0, 19.0, 20.0]), st.floats(allow_nan=True)))
    return option(strike, draw(st.sampled_from(list(Right))), None, None, quote=quote)


@given(st.lists(options(), max_size=8), anything, anything)
def test_whatever_the_chain_says_a_check_answers(
    chain_: list[ChainQuote], vx: float | None, rate: float | None
) -> None:
    view = spike_view(vix_chain=tuple(chain_), rate=0.0 if rate is None else rate)
    odd = replace(view.futures[0], quote=Quote(bid=vx, ask=vx, bid_size=vx, ask_size=vx, age_s=1.0))
    reading = read(replace(view, futures=(odd, *view.futures[1:])), book(), state(), Policy(), memory(), exposure())
    found = monitor(reading)
    gate = found.checks[0]
    assert gate.name == "parity: gate"
    assert gate.passed is found.connected
    assert gate.why


@given(st.lists(options(), max_size=8), st.floats(min_value=10.0, max_value=40.0))
def test_nothing_is_bought_while_the_gate_binds(chain_: list[ChainQuote], forward: float) -> None:
    found = judged(18.5, options=(*chain(forward), *chain_))
    gate = next(check for check in found.checks if check.name == "parity: gate")
    buys = [proposal for proposal in found.proposals if proposal.side is Side.BUY]
    assert gate.passed or not buys


@given(st.floats(min_value=10.0, max_value=80.0), st.floats(min_value=-3.0, max_value=3.0))
def test_conversion_and_reversal_never_pay_together(forward: float, off: float) -> None:
    pairs = pairs_of(spike_view(vix_chain=chain(forward)), SETTLES, RULES)
    found = synthetic(pairs, years=0.1, rate=0.0, strikes=3)
    assert found is not None
    both: tuple[Edge, ...] = edges(found, future(VX, forward + off), Policy())
    assert min(edge.points for edge in both) < 0.0


def test_a_single_pair_does_one_mini() -> None:
    found = synthetic([pair(19.0, (1.5, 1.6), (1.4, 1.5), size=1.0)], years=0.1, rate=0.0, strikes=3)
    assert found is not None
    assert [edge.contracts for edge in edges(found, future(VXM, 18.5), Policy())] == [1, 1]
