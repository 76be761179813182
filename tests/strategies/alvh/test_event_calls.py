from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from builders import BAR, DAY, FAR_SETTLES, SETTLES, VX_FAR, at, lot, position, sample, state
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh.event_calls import beside_calls, event_calls, release_of
from strategies.alvh.event_size import affordable_contracts, choose, open_credit_usd, open_need_usd
from strategies.alvh.judge import judge
from strategies.alvh.policy import CapPolicy, EventPolicy, Policy
from strategies.alvh.reading import Reading
from strategies.alvh.records import Account, Check, ContextValue, Purpose, Quote, Sample, Side
from strategies.alvh.sizing import beta, hedge_units_usd
from strategies.alvh.tranches import Plan, target
from strategies.alvh.unwind import excess
from strategies.alvh.vix_call import (
    CallOrders,
    Candidate,
    business_days_left,
    call_delta,
    call_units_usd,
    entry_limit,
    sellable_calls,
    without_event_calls,
)
from tests.strategies.alvh.call_market import (
    CPI,
    FOMC,
    LAYER,
    ON,
    account,
    calendar,
    call,
    call_lot,
    call_order,
    chain,
    con_of,
    delta,
    episode,
    held,
    reading,
    spend,
    view,
)


def asked(found: Reading, *, samples: tuple[Sample, ...] = (), ready: bool = True, clear: bool = True) -> CallOrders:
    return event_calls(found, found.memory.episode, samples, ready=ready, clear=clear)


def refused(found: CallOrders) -> list[str]:
    return [check.name for check in found.checks if not check.passed]


def why(found: CallOrders, name: str) -> Check:
    return next(check for check in found.checks if check.name == f"event: {name}")


def falling(stage_share: float) -> tuple[Sample, ...]:
    """Return two closed bars on which VX gave back this share of its rise while VX-implied VIX fell."""
    end = at(25)
    return (
        sample(end - BAR, retraced=stage_share, vix_implied=21.0),
        sample(end, retraced=stage_share, vix_implied=20.0),
    )


# --- buying


def test_a_spike_after_cpi_buys_calls_of_the_band_within_the_budget() -> None:
    seen = view()
    (order,) = asked(reading(seen, spike=episode())).proposals
    assert order.side is Side.BUY and order.purpose is Purpose.EVENT_CALLS and order.call is not None
    assert order.call.layer == LAYER and order.key == f"{LAYER}-event-calls-{order.con_id}-1"
    assert 0.25 <= delta(order.call.strike, now=seen.now) <= 0.35
    # 0.25% of 500,000 is 1,250; a tenth of the credit of 20 condors at 8.00 is 1,600
    limit = entry_limit(call(order.call.strike, now=seen.now).quote, 0.25)
    assert limit is not None and order.call.budget_usd == pytest.approx(1250.0)
    assert order.quantity * limit * 100 <= 1250.0
    assert "CPI at 08:30 New York" in order.reason


def test_delta_is_measured_on_the_future_of_the_same_settlement_and_not_on_spot() -> None:
    seen = view()
    spot = replace(seen, vix=replace(seen.vix, last=60.0))
    assert asked(reading(spot, spike=episode())).proposals == asked(reading(seen, spike=episode())).proposals


def test_a_call_without_a_future_of_its_settlement_is_not_bought() -> None:
    seen = view()
    weekly = chain(seen.now, day=date(2018, 2, 28), trading_class="VIXW")
    found = asked(reading(replace(seen, vix_chain=weekly), spike=episode()))
    assert not found.proposals
    assert why(found, "call").why == "no call to buy: 9 no live VX of the same settlement"


def test_known_open_interest_below_the_limit_is_passed_over_and_unknown_is_not() -> None:
    seen = view()
    (first,) = asked(reading(seen, spike=episode())).proposals
    thin = tuple(replace(c, open_interest=999.0 if c.con_id == first.con_id else 1000.0) for c in seen.vix_chain)
    (second,) = asked(reading(replace(seen, vix_chain=thin), spike=episode())).proposals
    assert second.con_id != first.con_id


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"calendar": None}, "calendar"),
        ({"calendar": calendar(CPI, until=date(2018, 2, 4))}, "calendar"),
        ({"calendar": calendar()}, "release"),
        ({"calendar": calendar(replace(CPI, name="NFP"))}, "release"),
        ({"calendar": calendar(replace(CPI, at=at(20) - timedelta(minutes=91)))}, "release"),
        ({"calendar": calendar(replace(CPI, at=at(20) + timedelta(minutes=6)))}, "release"),
        ({"vix_chain": ()}, "call"),
    ],
)
def test_what_the_view_must_show_is_named_when_it_does_not(change: dict[str, Any], name: str) -> None:
    found = asked(reading(view(**change), spike=episode()))
    assert not found.proposals
    assert f"event: {name}" in refused(found)


@pytest.mark.parametrize("minutes", [-5, 0, 90])
def test_a_spike_belongs_to_a_release_from_five_minutes_before_to_ninety_after(minutes: int) -> None:
    event = replace(CPI, at=at(20) - timedelta(minutes=minutes))
    assert release_of(reading(view(event=event), spike=episode()), episode()) == event


def test_one_release_gets_calls_once_and_is_left_alone_after_three_unfilled_orders() -> None:
    bought = state(call_spend=(spend(1),))
    assert "event: once" in refused(asked(reading(view(), knows=bought, spike=episode())))
    tried = state(call_spend=(spend(0, orders=3),))
    assert "event: attempts" in refused(asked(reading(view(), knows=tried, spike=episode())))
    twice = state(call_spend=(spend(0, orders=2),))
    assert asked(reading(view(), knows=twice, spike=episode())).proposals


def test_after_a_statement_calls_may_open_between_the_windows_and_after_cpi_they_may_not() -> None:
    seen, spike = view(280, event=FOMC), episode(272)
    assert seen.session.window == "guardian"
    assert asked(reading(seen, spike=spike)).proposals
    cpi = replace(FOMC, name="CPI")
    assert "event: time" in refused(asked(reading(view(280, event=cpi), spike=spike)))
    off = Policy(events=replace(ON.events, fomc_outside_windows=False))
    assert "event: time" in refused(asked(reading(seen, spike=spike, policy=off)))


@pytest.mark.parametrize(("minutes", "allowed"), [(274, False), (275, True), (329, True)])
def test_the_statement_opens_the_calls_five_minutes_later(minutes: float, allowed: bool) -> None:
    found = asked(reading(view(minutes, event=FOMC), spike=episode(270)))
    assert why(found, "time").passed is allowed


def test_data_filter_unwind_and_condors_forbid_a_purchase() -> None:
    found = reading(view(), spike=episode())
    assert "event: data" in refused(asked(found, ready=False))
    assert "event: unwind" in refused(asked(found, clear=False))
    assert "event: unwind" in refused(asked(reading(view(), spike=episode(selling=True))))
    assert "event: unwind" in refused(asked(found, samples=falling(0.55)))
    assert "event: condors" in refused(asked(reading(view(), spike=episode(), condors=0)))
    assert "event: condors" in refused(asked(reading(view(), spike=episode(), vega30_usd=10.0)))


def test_a_market_wider_than_fifteen_percent_is_not_bought_from() -> None:
    seen = view()
    wide = replace(seen, vix_chain=chain(seen.now, spread=0.151))
    fits = replace(seen, vix_chain=chain(seen.now, spread=0.149))
    assert not asked(reading(wide, spike=episode())).proposals
    assert asked(reading(fits, spike=episode())).proposals


def test_the_month_s_premium_ends_the_month_s_purchases() -> None:
    other = spend(0, layer="event-FOMC-20180201T1900", bought_on=date(2018, 2, 1), premium_usd=4990.0)
    assert not asked(reading(view(), knows=state(call_spend=(other,)), spike=episode())).proposals
    before = replace(other, bought_on=date(2018, 1, 31))
    assert asked(reading(view(), knows=state(call_spend=(before,)), spike=episode())).proposals


def test_an_account_or_a_credit_that_is_not_known_buys_nothing() -> None:
    unknown = account(account=Account(excess_liquidity=300_000.0))
    assert "event: budget" in refused(asked(reading(view(), of=unknown, spike=episode())))
    legs = tuple(replace(leg, avg_price=None) for leg in account().legs)
    assert "event: budget" in refused(asked(reading(view(), of=account(legs=legs), spike=episode())))


def test_the_credit_of_the_open_condors_is_what_was_taken_in() -> None:
    # 20 condors at 13 - 9 + 6 - 2 = 8 points
    assert open_credit_usd(reading(view())) == pytest.approx(16_000.0)


def test_a_tenth_of_the_credit_binds_a_small_book() -> None:
    legs = tuple(replace(leg, avg_price=(leg.avg_price or 0.0) / 8.0) for leg in account().legs)
    (order,) = asked(reading(view(), of=account(legs=legs), spike=episode())).proposals
    assert order.call is not None and order.call.budget_usd == pytest.approx(200.0)


def test_calls_never_exceed_what_futures_leave_of_the_need() -> None:
    # a target of 15 minis with 14 bought leaves one: 0.506 * 100 = 50.6 dollars a point; a call of .30 adds 15
    of = replace(account(), futures=())
    knows = state(lot(quantity=14))
    (order,) = asked(reading(view(), of=of, knows=knows, spike=episode())).proposals
    assert order.quantity == 3
    full = state(lot(quantity=15))
    assert "event: need" in refused(asked(reading(view(), of=of, knows=full, spike=episode())))


def test_a_working_purchase_is_taken_back_when_a_condition_falls_away() -> None:
    working = state(call_orders=(call_order(),))
    assert asked(reading(view(), knows=working, spike=episode())).cancel == ()
    assert asked(reading(view(), knows=working, spike=episode()), ready=False).cancel == ("call-BUY",)
    assert asked(reading(view(), knows=working, spike=None)).cancel == ("call-BUY",)


def test_switched_off_nothing_is_asked_and_nothing_is_bought() -> None:
    assert asked(reading(view(), spike=episode(), policy=Policy())) == CallOrders()


def test_a_futures_tranche_is_held_to_what_the_calls_leave() -> None:
    planned = Plan(number=2, goal=9, minis=9, allowed=True, checks=())
    mine = call_lot(10)
    knows = state(lot(quantity=4), calls=(mine,))
    found = beside_calls(reading(view(), of=account(mine), knows=knows, spike=episode(target_minis=8)), planned)
    # (8 - 4) minis less 10 calls of .30, which are 3 minis of the same settlement
    assert found.minis == 1
    assert beside_calls(reading(view(), spike=episode()), planned).minis is None


def test_own_event_calls_do_not_lower_the_target_and_other_calls_do() -> None:
    mine = call_lot(10)
    plain = target(reading(view(), of=account()))
    assert target(reading(view(), of=account(mine), knows=state(calls=(mine,)))) == plain
    assert target(reading(view(), of=account(mine))) < plain
    core = replace(mine, layer="core-short")
    assert target(reading(view(), of=account(mine), knows=state(calls=(core,)))) < plain


def test_netting_counts_a_call_by_its_delta_and_the_beta_of_its_term() -> None:
    mine = call_lot(10)
    units = hedge_units_usd((), account(mine).vix_options, ON, at(25))
    assert units == pytest.approx(0.3 * 10 * 100 * beta(30, ON.sizing))
    assert all(leg.quantity == 0 for leg in without_event_calls(account(mine), state(calls=(mine,))))


# --- selling


def sold(found: CallOrders) -> list[tuple[Purpose, int]]:
    assert all(order.side is Side.SELL for order in found.proposals)
    return [(order.purpose, order.quantity) for order in found.proposals]


def owning(mine: Any, **known: Any) -> dict[str, Any]:
    return {"knows": state(calls=(mine,), call_spend=(spend(mine.quantity),), **known)}


def test_half_goes_at_twice_the_price_and_only_once() -> None:
    mine = call_lot(7, price=0.90)
    found = asked(reading(view(), of=account(mine, bid=1.80), spike=episode(), **owning(mine)))
    assert sold(found) == [(Purpose.EVENT_PROFIT, 4)]
    below = asked(reading(view(), of=account(mine, bid=1.79), spike=episode(), **owning(mine)))
    assert sold(below) == []
    rest = replace(mine, quantity=3)
    knows = state(calls=(rest,), call_spend=(spend(7),))
    assert sold(asked(reading(view(), of=account(rest, bid=2.5), spike=episode(), knows=knows))) == []


@pytest.mark.parametrize(
    ("spike", "valued", "samples", "because"),
    [
        (None, {}, (), "the spike they were bought for is over"),
        (episode(), {"condors": 0}, (), "the condors are gone: their calls go with them"),
        (episode(), {"vega30_usd": 5.0}, (), "the book is no longer short vega"),
        (episode(), {}, falling(0.70), "unwind stage 2 has fired"),
        (episode(stages_done=2), {}, (), "unwind stage 2 has fired"),
    ],
)
def test_all_calls_go_for_these_reasons(
    spike: Any, valued: dict[str, Any], samples: tuple[Sample, ...], because: str
) -> None:
    mine = call_lot(6)
    found = asked(reading(view(), of=account(mine), spike=spike, **owning(mine), **valued), samples=samples)
    assert sold(found) == [(Purpose.EVENT_EXIT, 6)]
    assert found.proposals[0].reason == because


def test_stage_one_keeps_the_calls() -> None:
    mine = call_lot(6)
    found = asked(reading(view(), of=account(mine), spike=episode(), **owning(mine)), samples=falling(0.55))
    assert sold(found) == []


def test_calls_leave_at_the_pace_at_which_the_context_unwinds_the_futures() -> None:
    mine, fled = call_lot(6), ContextValue(name="sectors", z=-2.0, age_s=60.0)
    credit = ContextValue(name="credit", value=-0.8, age_s=60.0)
    for context, expected in (((), [(Purpose.EVENT_EXIT, 6)]), ((fled, credit), [])):
        seen = replace(view(), context=context)
        found = asked(reading(seen, of=account(mine), spike=episode(), **owning(mine)), samples=falling(0.75))
        assert sold(found) == expected


def test_calls_go_two_trading_days_before_settlement() -> None:
    mine = call_lot(6)
    for days, expected in ((2, [(Purpose.EVENT_EXIT, 6)]), (3, [])):
        seen = view()
        near = tuple(replace(one, business_days=days) if one.settles_on == SETTLES else one for one in seen.futures)
        assert sold(asked(reading(replace(seen, futures=near), of=account(mine), spike=episode(), **owning(mine)))) == (
            expected
        )


def test_calls_are_sold_also_when_the_feature_is_off_or_the_data_is_bad() -> None:
    mine = call_lot(6)
    found = asked(reading(view(), of=account(mine), spike=None, policy=Policy(), **owning(mine)), ready=False)
    assert sold(found) == [(Purpose.EVENT_EXIT, 6)]


def test_a_list_of_positions_that_is_empty_by_mistake_sells_nothing() -> None:
    mine = call_lot(6)
    empty = replace(account(), legs=(), vix_options=())
    assert sold(asked(reading(view(), of=empty, spike=episode(), condors=0, **owning(mine)))) == []


def test_what_the_account_does_not_hold_is_not_sold_nor_what_is_on_offer_already() -> None:
    mine = call_lot(6)
    short = replace(account(mine), vix_options=(replace(account(mine).vix_options[0], quantity=4),))
    assert sold(asked(reading(view(), of=short, spike=None, **owning(mine)))) == [(Purpose.EVENT_EXIT, 4)]
    offered = owning(mine, call_orders=(call_order(Side.SELL, 6),))
    assert sold(asked(reading(view(), of=account(mine), spike=None, **offered))) == []


def test_two_releases_that_bought_the_same_call_sell_no_more_than_the_account_holds() -> None:
    first, second = call_lot(5), call_lot(5, layer="event-FOMC-20180205T1900")
    of = replace(account(), vix_options=(held(first, quantity=6),))
    knows = state(calls=(first, second))
    found = reading(view(), of=of, knows=knows, condors=0, vega30_usd=0.0, vega_delta_usd=0.0)
    decision = judge(found.view, of, knows, ON, memory=knows.memory, exposure=found.exposure)
    assert [order.quantity for order in decision.proposals] == [5]


def test_the_core_layer_in_the_same_contract_is_never_sold_with_the_event_s() -> None:
    mine, core = call_lot(6), call_lot(4, layer="core-short")
    both = replace(account(mine), vix_options=(replace(account(mine).vix_options[0], quantity=10),))
    knows = state(calls=(mine, core), call_spend=(spend(6),))
    (order,) = asked(reading(view(), of=both, spike=None, knows=knows)).proposals
    assert order.quantity == 6 and order.call is not None and order.call.layer == LAYER
    alone = state(calls=(core,))
    assert asked(reading(view(), of=account(core), spike=None, knows=alone)).proposals == ()


# --- whatever the market


numbers = st.one_of(st.none(), st.sampled_from([0.0, -1.0, float("nan"), float("inf"), 1e300]), st.floats(0.01, 50.0))


@given(
    rows=st.lists(st.tuples(numbers, numbers, numbers, st.floats(5.0, 90.0), st.integers(-5, 60)), max_size=8),
    own=st.integers(0, 30),
    target_minis=st.integers(0, 40),
    worth=numbers,
)
def test_no_market_makes_the_purchase_exceed_budget_need_or_caps(
    rows: list[tuple[float | None, float | None, float | None, float, int]],
    own: int,
    target_minis: int,
    worth: float | None,
) -> None:
    seen = view()
    odd = tuple(
        replace(
            call(strike, now=seen.now),
            con_id=n,
            settles_at=call(strike, now=seen.now).settles_at + timedelta(days=days - 30),
            quote=Quote(bid=bid, ask=ask, age_s=age),
        )
        for n, (bid, ask, age, strike, days) in enumerate(rows)
    )
    of = replace(account(), account=Account(net_liquidation=worth, excess_liquidity=300_000.0))
    knows = state(lot(quantity=own)) if own else state()
    found = reading(
        replace(seen, vix_chain=(*odd, *seen.vix_chain)), of=of, knows=knows, spike=episode(target_minis=target_minis)
    )
    for order in asked(found).proposals:
        chosen, _ = choose(found, CPI)
        assert chosen is not None and worth is not None and order.quantity >= 1
        assert order.quantity * chosen.premium_usd <= 0.0025 * worth + 1e-6
        assert order.quantity <= ON.events.max_contracts
        assert order.quantity + own <= ON.caps.max_position_minis
        assert order.quantity * chosen.units_usd <= max(0, target_minis - own) * 100 * (found.beta or 0.0) + 1e-6


def test_the_limit_stands_a_quarter_of_the_spread_above_the_middle_on_the_step() -> None:
    assert entry_limit(Quote(bid=1.00, ask=1.20), 0.25) == 1.15
    assert (
        entry_limit(Quote(bid=1.00, ask=1.10), 0.25) == 1.10
    )  # 1.075 rounds to the nearest nickel, never above the ask
    assert entry_limit(Quote(bid=3.00, ask=3.40), 0.25) == 3.30
    assert entry_limit(Quote(bid=3.30, ask=3.20), 0.25) is None
    assert entry_limit(Quote(bid=None, ask=3.20), 0.25) is None


def test_settings_switch_the_feature() -> None:
    assert not EventPolicy().enabled
    assert con_of(23.0) == call_lot().con_id and call_lot().bought_on == DAY


# --- what is missing is missing


@pytest.mark.parametrize(
    ("quote", "says"),
    [
        (Quote(bid=1.0, ask=1.1, age_s=61.0), "no fresh market"),
        (Quote(bid=1.0, ask=1.1, age_s=1.0, delayed=True), "no fresh market"),
        (Quote(bid=1.0, ask=1.1, age_s=1.0, halted=True), "no fresh market"),
        (Quote(bid=None, ask=1.1, age_s=1.0), "no two-sided market"),
        (Quote(bid=1.2, ask=1.1, age_s=1.0), "no two-sided market"),
        (Quote(bid=40.0, ask=40.1, age_s=1.0), "no volatility fits its price"),
    ],
)
def test_a_call_that_cannot_be_priced_is_said_to_be_so(quote: Quote, says: str) -> None:
    seen = view()
    odd = (replace(call(23.0, now=seen.now), quote=quote),)
    found = asked(reading(replace(seen, vix_chain=odd), spike=episode()))
    assert why(found, "call").why == f"no call to buy: 1 {says}"


def test_a_strike_of_nothing_has_no_delta() -> None:
    seen = view()
    assert call_delta(reading(seen), replace(call(23.0, now=seen.now), strike=0.0), 18.5) is None


def test_outside_regular_hours_nothing_is_bought() -> None:
    late = replace(FOMC, at=at(330))
    found = asked(reading(view(391, event=late), spike=episode(330)))
    assert why(found, "time").why == "outside regular hours"


def test_without_a_followed_contract_there_is_no_need() -> None:
    seen = replace(view(), futures=())
    assert open_need_usd(reading(seen, spike=episode()), 15) == 0.0


def test_a_call_of_unknown_delta_counts_in_full() -> None:
    mine = call_lot(2)
    unknown = replace(account(), vix_options=(held(mine, value=None),))
    found = reading(view(), of=unknown, knows=state(calls=(mine,)))
    assert call_units_usd(found, (mine,)) == pytest.approx(2 * 100 * beta(30, ON.sizing))


@pytest.mark.parametrize("shown", [(), (held(call_lot(10), value=None),)])
def test_no_future_is_sold_for_calls_of_unknown_delta(shown: tuple[Any, ...]) -> None:
    mine = call_lot(10)
    plain = excess(reading(view(), spike=episode()), episode())
    of = replace(account(), vix_options=shown)
    unknown = excess(reading(view(), of=of, knows=state(calls=(mine,)), spike=episode()), episode())
    known = excess(reading(view(), of=account(mine), knows=state(calls=(mine,)), spike=episode()), episode())
    assert known.minis is not None and plain.minis is not None
    assert known.minis < plain.minis == unknown.minis


def test_a_call_that_would_be_sold_at_once_is_not_bought() -> None:
    days = business_days_left(reading(view(), spike=episode()), chain(view().now)[0])
    for exit_days, found in ((days - 1, True), (days, False)):
        rules = Policy(events=EventPolicy(enabled=True, exit_business_days=exit_days))
        chosen, check = choose(reading(view(), policy=rules, spike=episode()), CPI)
        assert (chosen is not None) is found
        assert found or "would be sold at once" in check.why


def test_a_call_in_which_an_order_works_is_not_chosen() -> None:
    free, _ = choose(reading(view(), spike=episode()), CPI)
    assert free is not None
    selling = call_order(Side.SELL, con_id=free.quote.con_id, layer="core-short")
    other, _ = choose(reading(view(), knows=state(call_orders=(selling,)), spike=episode()), CPI)
    assert other is None or other.quote.con_id != free.quote.con_id


def test_foreign_minis_take_room_from_calls_under_the_cap() -> None:
    tight = replace(ON, caps=CapPolicy(max_position_minis=12, max_order_minis=10))
    of = replace(account(), futures=(position(VX_FAR, 1, FAR_SETTLES),))
    chosen = Candidate(quote=call(23.0, now=view().now), dte=30, delta=0.3, limit=0.1, units_usd=1.0)
    most, _ = affordable_contracts(reading(view(), of=of, policy=tight, spike=episode()), episode(), chosen, 1e6)
    assert most == 2


def test_weekdays_are_counted_where_no_future_of_that_day_is_quoted() -> None:
    seen = replace(view(), futures=())
    # Monday 5 February to Wednesday 7 March 2018
    assert business_days_left(reading(seen), call_lot()) == 22


def test_a_book_without_vega_either_way_gets_no_calls_and_keeps_none() -> None:
    assert "event: condors" in refused(asked(reading(view(), spike=episode(), vega30_usd=0.0)))
    mine = call_lot(6)
    found = asked(reading(view(), of=account(mine), spike=episode(), vega30_usd=0.0, **owning(mine)))
    assert sold(found) == [(Purpose.EVENT_EXIT, 6)]


def test_the_minutes_between_release_and_spike_are_told() -> None:
    assert why(asked(reading(view(), spike=episode())), "release").observed == pytest.approx(80.0)


def test_a_tranche_that_the_calls_leave_no_room_for_is_refused() -> None:
    planned = Plan(number=2, goal=9, minis=9, allowed=True, checks=())
    mine = call_lot(10)

    def room(target_minis: int) -> tuple[int | None, bool]:
        knows = state(lot(quantity=4), calls=(mine,))
        found = beside_calls(
            reading(view(), of=account(mine), knows=knows, spike=episode(target_minis=target_minis)), planned
        )
        return found.minis, found.checks[0].passed

    assert room(8) == (1, True)
    assert room(7) == (0, False)


@pytest.mark.parametrize("broken", [{"delayed": True}, {"halted": True}, {"age_s": None}, {"age_s": 600.0}])
def test_a_profit_that_the_market_does_not_show_now_is_not_taken(broken: dict[str, Any]) -> None:
    mine = call_lot(7, price=0.90)
    rich = account(mine, bid=1.80)
    dim = replace(rich, vix_options=tuple(replace(o, quote=replace(o.quote, **broken)) for o in rich.vix_options))
    assert sold(asked(reading(view(vix_chain=()), of=rich, spike=episode(), **owning(mine)))) != []
    assert sold(asked(reading(view(vix_chain=()), of=dim, spike=episode(), **owning(mine)))) == []


def test_the_calls_of_another_release_do_not_change_what_half_is() -> None:
    mine = call_lot(7, price=0.90)
    knows = state(calls=(mine,), call_spend=(spend(7), spend(40, layer="event-FOMC-20180131T1900")))
    assert sold(asked(reading(view(), of=account(mine, bid=1.80), spike=episode(), knows=knows))) == [
        (Purpose.EVENT_PROFIT, 4)
    ]


def test_calls_that_the_account_does_not_hold_make_no_order() -> None:
    mine = call_lot(6)
    without = replace(account(mine), vix_options=())
    assert asked(reading(view(), of=without, spike=None, **owning(mine))).proposals == ()


def test_every_call_that_was_passed_over_is_counted_with_its_reason() -> None:
    seen = view()
    deep = replace(seen, vix_chain=tuple(one for one in seen.vix_chain if one.strike <= 18.5))
    assert why(asked(reading(deep, spike=episode())), "call").why == "no call to buy: 2 outside the delta band"
    thin = replace(seen, vix_chain=tuple(replace(one, open_interest=1.0) for one in seen.vix_chain))
    assert why(asked(reading(thin, spike=episode())), "call").why == "no call to buy: 9 too little open interest"


def test_condors_that_brought_nothing_in_pay_for_no_calls() -> None:
    free = tuple(replace(leg, avg_price=0.0) for leg in account().legs)
    found = why(asked(reading(view(), of=account(legs=free), spike=episode())), "budget")
    assert (found.observed, found.passed) == (None, False)


def test_a_share_of_nothing_is_no_budget() -> None:
    none = Policy(events=replace(ON.events, event_nlv_share=0.0))
    assert not why(asked(reading(view(), spike=episode(), policy=none)), "budget").passed


@pytest.mark.parametrize(("left_usd", "passed"), [(0.5, True), (0.0, False)])
def test_the_month_ends_with_its_last_dollar(left_usd: float, passed: bool) -> None:
    most = ON.events.month_nlv_share * 500_000.0
    other = spend(0, layer="event-FOMC-20180201T1900", bought_on=DAY, premium_usd=most - left_usd)
    knows = state(call_spend=(other,))
    assert why(asked(reading(view(), knows=knows, spike=episode())), "month").passed is passed


def limits(found: Reading, *, units_usd: float = 10.0, target_minis: int = 15, limit: float = 1.0) -> dict[str, Check]:
    chosen = Candidate(quote=call(23.0, now=found.view.now), dte=30, delta=0.3, limit=limit, units_usd=units_usd)
    _, checks = affordable_contracts(found, episode(target_minis=target_minis), chosen, 1e6)
    return {check.name.removeprefix("event: "): check for check in checks}


def test_one_call_is_enough_to_ask_for() -> None:
    found = reading(view(), spike=episode())
    open_usd = open_need_usd(found, 15)
    assert limits(found, units_usd=open_usd)["need"].passed
    assert not limits(found, units_usd=open_usd * 1.01)["need"].passed
    assert limits(found, units_usd=0.5)["need"].passed
    assert not limits(found, units_usd=0.0)["need"].passed
    assert limits(found)["size"].threshold == 1.0


@pytest.mark.parametrize(("left_usd", "passed"), [(0.0, True), (-1.0, False)])
def test_the_premium_must_leave_the_excess_liquidity_that_the_unwind_asks_for(left_usd: float, passed: bool) -> None:
    need = ON.unwind.min_excess_liquidity_share * 500_000.0
    one = limits(reading(view(), spike=episode()), units_usd=1e-9)  # as many as the caps allow
    most = min(ON.events.max_contracts, ON.caps.max_position_minis)
    rich = account(account=Account(net_liquidation=500_000.0, excess_liquidity=need + most * 100.0 + left_usd))
    assert one["cap"].threshold == float(ON.events.max_contracts)
    assert limits(reading(view(), of=rich, spike=episode()), units_usd=1e-9)["account"].passed is passed


def test_an_account_of_no_worth_has_no_liquidity() -> None:
    broke = account(account=Account(net_liquidation=0.0, excess_liquidity=1_000_000.0))
    assert not limits(reading(view(), of=broke, spike=episode()))["account"].passed


def test_the_calls_of_two_releases_take_their_profits_apart() -> None:
    cheap = call_lot(4, price=0.50)
    dear = call_lot(4, strike=22.0, price=5.00, layer="event-FOMC-20180131T1900")
    knows = state(calls=(cheap, dear), call_spend=(spend(4), spend(4, layer=dear.layer)))
    (order,) = asked(reading(view(), of=account(cheap, dear, bid=1.00), spike=episode(), knows=knows)).proposals
    assert (order.con_id, order.quantity, order.purpose) == (cheap.con_id, 2, Purpose.EVENT_PROFIT)


def test_what_is_on_offer_of_a_layer_comes_off_what_that_layer_may_sell() -> None:
    mine, core = call_lot(6), call_lot(4, layer="core-short")
    ten = replace(account(mine), vix_options=(replace(account(mine).vix_options[0], quantity=10),))
    knows = state(calls=(mine, core), call_orders=(call_order(Side.SELL, 2, layer=LAYER),))
    assert sellable_calls(ten, knows, mine) == 4
    assert sellable_calls(ten, knows, core) == 4


def test_a_delta_that_cannot_be_counts_in_full() -> None:
    mine = call_lot(1)
    full = call_units_usd(reading(view(), of=account(mine)), (mine,)) / 0.3
    for impossible in (-1.5, 1.5, float("nan")):
        odd = replace(account(mine), vix_options=(held(mine, value=impossible),))
        assert call_units_usd(reading(view(), of=odd), (mine,)) == pytest.approx(full)


def test_a_call_that_has_settled_adds_nothing() -> None:
    mine = call_lot(6)
    gone = replace(mine, settles_at=view().now)
    found = reading(view(), of=account(mine))
    assert call_units_usd(found, (mine, gone)) == call_units_usd(found, (mine,))
    assert call_units_usd(found, (gone,)) == 0.0
