from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from builders import DAY, future, lot, state
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.alvh.core_layer import chosen_call, core_layer, terms_of
from strategies.alvh.judge import judge
from strategies.alvh.policy import CoreMode, CorePolicy, EventPolicy, Policy
from strategies.alvh.reading import Reading
from strategies.alvh.records import Account, CallLot, HedgeState, IndexQuote, MarketView, Purpose, Sample, Side
from strategies.alvh.sales import one_a_contract
from strategies.alvh.tranches import target
from strategies.alvh.vix_call import CORE, EVENT
from tests.strategies.alvh.call_market import (
    account,
    call,
    call_lot,
    call_order,
    con_of,
    episode,
    held,
    reading,
    settles,
    spend,
    view,
)

SHORT, MIDDLE, LONG = (DAY + timedelta(days=n) for n in (33, 112, 224))
ACTIVE = Policy(core=CorePolicy(mode=CoreMode.ACTIVE))
REPORT = Policy(core=CorePolicy(mode=CoreMode.REPORT))


def quiet(vix: float = 14.0) -> MarketView:
    """Return a market with VX and calls of the three terms, the forwards at 15.5."""
    seen = view(30)
    months = tuple(
        future(900 + n, 15.5, settles_on=day, dte=(day - DAY).days, settle=15.4)
        for n, day in enumerate((SHORT, MIDDLE, LONG))
    )
    chain = tuple(
        call(strike, now=seen.now, forward=15.5, day=day, sigma=0.7)
        for day in (SHORT, MIDDLE, LONG)
        for strike in (15.0, 16.0, 17.0, 18.0)
    )
    return replace(
        seen,
        vix=IndexQuote(symbol="VIX", last=vix, age_s=5.0, prev_close=14.0, open=14.0),
        futures=(*seen.futures, *months),
        vix_chain=chain,
    )


def core_lot(quantity: int, day: date = SHORT, name: str = "short", strike: float = 16.0) -> CallLot:
    return call_lot(
        quantity,
        strike=strike,
        con_id=con_of(strike, day),
        settles_at=settles(day),
        expires_on=day - timedelta(days=1),
        layer=f"{CORE}{name}",
    )


def asked(found: Reading, *, ready: bool = True) -> list[tuple[Side, int, str, date]]:
    return [
        (order.side, order.quantity, order.call.layer, order.call.settles_at.date())
        for order in core_layer(found, ready=ready).proposals
        if order.call is not None
    ]


def test_off_is_silent_and_report_says_what_it_would_buy_with_numbers() -> None:
    assert core_layer(reading(quiet(), policy=Policy()), ready=True).checks == ()
    found = core_layer(reading(quiet(), policy=REPORT), ready=True)
    assert found.proposals == ()
    short, middle, long = found.checks
    assert (short.name, short.observed, short.threshold) == ("core: short", 0.0, 8.0)
    assert (middle.threshold, long.threshold) == (8.0, 4.0)
    assert "would buy 8 VIX 10Mar18 16 call" in short.why and "of the year's premium left" in short.why


@pytest.mark.parametrize(("condors", "wanted"), [(10, (4, 4, 2)), (20, (8, 8, 4)), (9, (3, 3, 1)), (0, (0, 0, 0))])
def test_four_four_and_two_calls_for_ten_condors(condors: int, wanted: tuple[int, ...]) -> None:
    assert tuple(term.wanted for term in terms_of(reading(quiet(), policy=ACTIVE, condors=condors))) == wanted


def test_active_opens_one_term_at_a_time_at_half_delta_while_vix_is_low() -> None:
    assert asked(reading(quiet(), policy=ACTIVE)) == [(Side.BUY, 8, "core-short", SHORT)]
    mine = core_lot(8)
    knows = state(calls=(mine,))
    assert asked(reading(quiet(), of=account(mine), knows=knows, policy=ACTIVE)) == [
        (Side.BUY, 8, "core-middle", MIDDLE)
    ]
    assert asked(reading(quiet(15.0), policy=ACTIVE)) == []
    assert asked(reading(quiet(), policy=ACTIVE), ready=False) == []


def test_a_roll_buys_first_whatever_vix_says_and_sells_when_the_new_calls_are_there() -> None:
    old, new = core_lot(8, DAY + timedelta(days=28)), core_lot(8)
    seen = quiet(22.0)
    only_old = reading(seen, of=account(old), knows=state(calls=(old,)), policy=ACTIVE)
    assert asked(only_old) == [(Side.BUY, 8, "core-short", SHORT)]
    both = reading(seen, of=account(old, new), knows=state(calls=(old, new)), policy=ACTIVE)
    assert asked(both) == [(Side.SELL, 8, "core-short", DAY + timedelta(days=28))]


def test_calls_go_on_their_last_day_also_without_a_replacement() -> None:
    old = core_lot(8, DAY + timedelta(days=25))
    bare = replace(quiet(22.0), vix_chain=())
    assert asked(reading(bare, of=account(old), knows=state(calls=(old,)), policy=ACTIVE)) == [
        (Side.SELL, 8, "core-short", DAY + timedelta(days=25))
    ]
    earlier = core_lot(8, DAY + timedelta(days=26))
    assert asked(reading(bare, of=account(earlier), knows=state(calls=(earlier,)), policy=ACTIVE)) == []


def test_the_year_s_premium_and_the_cap_bound_the_layer() -> None:
    spent = spend(0, layer="core-long", bought_on=DAY - timedelta(days=364), premium_usd=9_900.0)
    assert asked(reading(quiet(), knows=state(call_spend=(spent,)), policy=ACTIVE)) == []
    before = replace(spent, bought_on=DAY - timedelta(days=366))
    assert asked(reading(quiet(), knows=state(call_spend=(before,)), policy=ACTIVE)) != []
    tight = Policy(core=CorePolicy(mode=CoreMode.ACTIVE, max_contracts=3))
    assert asked(reading(quiet(), policy=tight)) == [(Side.BUY, 3, "core-short", SHORT)]


def test_an_account_of_unknown_value_buys_no_layer() -> None:
    unknown = replace(account(), account=Account())
    assert asked(reading(quiet(), of=unknown, policy=ACTIVE)) == []


def test_a_working_order_of_the_layer_is_waited_for_and_taken_back_outside_the_window() -> None:
    working = state(call_orders=(call_order(layer="core-short"),))
    assert asked(reading(quiet(), knows=working, policy=ACTIVE)) == []
    assert core_layer(reading(quiet(), knows=working, policy=ACTIVE), ready=False).cancel == ("call-BUY",)
    assert core_layer(reading(quiet(), knows=working, policy=Policy()), ready=True).cancel == ("call-BUY",)


def test_a_layer_without_condors_buys_nothing_and_is_sold_at_its_roll() -> None:
    mine, old = core_lot(8), core_lot(8, DAY + timedelta(days=28))
    quiet_book = reading(quiet(), of=account(mine), knows=state(calls=(mine,)), policy=ACTIVE, condors=0)
    assert asked(quiet_book) == []
    due = reading(quiet(), of=account(old), knows=state(calls=(old,)), policy=ACTIVE, condors=0)
    assert asked(due) == [(Side.SELL, 8, "core-short", DAY + timedelta(days=28))]


def test_two_layers_never_trade_the_same_call_at_one_wake_up() -> None:
    (bought,) = core_layer(reading(quiet(), policy=ACTIVE), ready=True).proposals
    sale = replace(bought, side=Side.SELL, purpose=Purpose.CORE_ROLL)
    other = replace(bought, con_id=bought.con_id + 1)
    assert one_a_contract((bought, sale)) == (sale,)
    assert one_a_contract((sale, replace(sale, quantity=1))) == (sale,)
    assert one_a_contract((bought, replace(bought, quantity=1), other)) == (bought, other)


# --- whatever happens


@st.composite
def situations(draw: st.DrawFn) -> tuple[MarketView, HedgeState, dict[str, Any], tuple[CallLot, ...], Policy]:
    """Return a wake-up with futures, event calls and core calls held, in any phase of a spike."""
    core, event = draw(st.integers(0, 9)), draw(st.integers(0, 10))
    calls = tuple(
        lot_
        for lot_ in (core_lot(core, DAY + timedelta(days=60), "short", 23.0), call_lot(event, strike=23.0))
        if lot_.quantity
    )
    minis = draw(st.integers(0, 20))
    samples = tuple(
        Sample(
            end=view(5 * n).now,
            inflation=draw(st.sampled_from([0.1, 0.5])),
            armable=True,
            retraced=draw(st.sampled_from([None, 0.2, 0.55, 0.75, 0.95])),
            term_inverted=draw(st.booleans()),
            vix_implied=30.0 - n,
            breadth_divergent=False,
            macd_hist=draw(st.sampled_from([-0.1, 0.1])),
        )
        for n in (4, 5)
    )
    spike = draw(
        st.sampled_from([None, episode(), episode(stages_done=2, selling=True), episode(first_fill_on=DAY, peak=25.0)])
    )
    valued = {
        "condors": draw(st.sampled_from([0, 20])),
        "vega30_usd": draw(st.sampled_from([-2500.0, -100.0, 50.0])),
        "inflation": draw(st.sampled_from([0.05, 0.5])),
    }
    knows = state(
        *((lot(quantity=minis),) if minis else ()),
        calls=calls,
        call_spend=(spend(event),) if event else (),
    )
    memory = replace(knows.memory, episode=spike, samples=samples)
    mode = draw(st.sampled_from([CoreMode.OFF, CoreMode.REPORT]))
    policy = Policy(core=CorePolicy(mode=mode), events=EventPolicy(enabled=draw(st.booleans())))
    minutes = draw(st.sampled_from([25.0, 200.0, 376.0, 384.0]))
    return view(minutes), replace(knows, memory=memory), valued, calls, policy


@settings(max_examples=300, deadline=None)
@given(situations(), st.booleans())
def test_no_unwind_sells_the_core_and_nothing_is_sold_that_is_not_owned(
    made: tuple[MarketView, HedgeState, dict[str, Any], tuple[CallLot, ...], Policy], whole: bool
) -> None:
    seen, knows, valued, calls, policy = made
    of = replace(account(*calls), complete=whole)
    found = reading(seen, of=of, knows=knows, spike=knows.memory.episode, policy=policy, **valued)
    decision = judge(seen, of, knows, policy, memory=knows.memory, exposure=found.exposure)
    own = {(one.con_id, one.layer): one.quantity for one in calls}
    for order in decision.proposals:
        if order.call is None:
            assert order.con_id not in {con_id for con_id, _ in own}
            continue
        assert order.call.layer.startswith(EVENT)
        if order.side is Side.SELL:
            assert order.purpose in (Purpose.EVENT_EXIT, Purpose.EVENT_PROFIT)
            assert order.quantity <= own[order.con_id, order.call.layer]
        else:
            assert valued["condors"] > 0 and valued["vega30_usd"] < 0 and policy.events.enabled
            minis = sum(one.quantity for one in knows.lots)
            events = sum(q for (_, layer), q in own.items() if layer.startswith(EVENT))
            assert minis + events + order.quantity <= policy.caps.max_position_minis


def test_the_core_layer_lowers_the_target_of_a_spike() -> None:
    mine = core_lot(8, MIDDLE, "middle")
    plain = target(reading(view(), of=account()))
    of = replace(account(), vix_options=(held(mine, value=0.5),))
    assert target(reading(view(), of=of, knows=state(calls=(mine,)))) < plain


def test_a_single_call_is_sold_too() -> None:
    old = core_lot(1, DAY + timedelta(days=25))
    bare = replace(quiet(22.0), vix_chain=())
    assert asked(reading(bare, of=account(old), knows=state(calls=(old,)), policy=ACTIVE)) == [
        (Side.SELL, 1, "core-short", DAY + timedelta(days=25))
    ]


@pytest.mark.parametrize(("days", "fits"), [(99, False), (100, True), (300, True), (301, False)])
def test_a_call_of_half_to_one_and_a_half_times_the_term_will_do(days: int, fits: bool) -> None:
    seen, day = quiet(), DAY + timedelta(days=days)
    only = replace(
        seen,
        futures=(*seen.futures, future(990, 15.5, settles_on=day, dte=days)),
        vix_chain=tuple(call(strike, now=seen.now, forward=15.5, day=day, sigma=0.7) for strike in (16.0, 17.0)),
    )
    found = reading(only, policy=ACTIVE)
    long = replace(terms_of(found)[2], dte=200, roll_dte=30)
    assert (chosen_call(found, long, 10.0) is not None) is fits
