from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import builders
import pytest
from builders import (
    DAY,
    VX,
    VX_FAR,
    VXM,
    VXM_FAR,
    at,
    book,
    exposure,
    future,
    lot,
    memory,
    order,
    spike_view,
    state,
)

from strategies.alvh.judge import judge
from strategies.alvh.policy import CapPolicy, Policy
from strategies.alvh.reading import read
from strategies.alvh.records import (
    Decision,
    Episode,
    FutureQuote,
    Lot,
    MarketView,
    Phase,
    Purpose,
    RollWatch,
    Side,
)
from strategies.alvh.roll import moved, roll_due
from strategies.alvh.roll_watch import watch_roll
from tests.strategies.alvh.call_market import call_lot, settles

POLICY = Policy()
NEVER = RollWatch()
NEAR, NEXT_MONTH = date(2018, 2, 12), date(2018, 3, 12)


def view(**changes: Any) -> MarketView:
    """Return a quiet morning with a contract 7 days before its settlement and the next one 35 days before."""
    months = (
        future(VX, 18.0, settles_on=NEAR, dte=7),
        future(VXM, 18.0, settles_on=NEAR, dte=7),
        future(VX_FAR, 17.0, settles_on=NEXT_MONTH, dte=35),
        future(VXM_FAR, 17.0, settles_on=NEXT_MONTH, dte=35),
    )
    return replace(spike_view(60), futures=months, **changes)


def near(con_id: int = VXM, quantity: int = 6) -> Lot:
    return lot(con_id, quantity, price=17.0, settles_on=NEAR)


def far(con_id: int = VXM_FAR, quantity: int = 6) -> Lot:
    return lot(con_id, quantity, price=17.0, settles_on=NEXT_MONTH)


def episode(**changes: Any) -> Episode:
    return builders.episode(
        **(
            dict(
                armed_at=at(0),
                armed_on=date(2018, 2, 1),
                peak=20.0,
                target_minis=6,
                tranches_proposed=3,
                first_fill_on=date(2018, 2, 1),
                tranche_goal_minis=6,
            )
            | changes
        )
    )


def wake(
    *lots: Lot, followed: Episode | None = None, seen: MarketView | None = None, policy: Policy = POLICY, **known: Any
) -> Decision:
    knows = state(*lots, memory=memory(episode=followed or episode(), phase=Phase.T3), **known)
    return judge(seen or view(), book(*lots), knows, policy, memory=knows.memory, exposure=exposure())


def orders(decision: Decision) -> list[tuple[Purpose, int, int]]:
    return [(p.purpose, p.con_id, p.quantity) for p in decision.proposals]


@pytest.mark.parametrize(("dte", "business_days", "due"), [(8, 6, False), (7, 6, True), (8, 5, True)])
def test_the_roll_zone_is_seven_days_or_five_sessions(dte: int, business_days: int, due: bool) -> None:
    quoted: FutureQuote = future(VX, dte=dte, business_days=business_days)
    assert roll_due(quoted, POLICY) is due


def test_base_and_peak_keep_their_distance_in_vix_points() -> None:
    # distance of 2 points at beta .7 is 1.4 at beta .49
    assert moved(16.0, 18.0, 17.0, 0.70, 0.49) == pytest.approx(15.6)


def test_a_roll_buys_the_far_month_first_and_moves_base_and_peak() -> None:
    first = wake(near())
    # floor(6 * beta(7) / beta(35)) = floor(6 * .7043 / .4764) = 8
    assert orders(first) == [(Purpose.ROLL_BUY, VXM_FAR, 8)]
    rolling = first.memory.episode
    assert rolling is not None
    assert (rolling.con_id, rolling.roll_from, rolling.roll_minis) == (VX_FAR, NEAR, 6)
    assert rolling.base == pytest.approx(17.0 - 2.0 * 0.4764 / 0.7043, abs=1e-3)
    assert rolling.peak == pytest.approx(17.0 + 2.0 * 0.4764 / 0.7043, abs=1e-3)


def rolling() -> Episode:
    found = wake(near()).memory.episode
    assert found is not None
    return found


def test_the_near_month_is_sold_when_the_far_one_is_filled() -> None:
    filled = wake(near(), far(quantity=8), followed=rolling())
    assert orders(filled) == [(Purpose.ROLL_SELL, VXM, 6)]
    assert filled.phase_after is Phase.T3


def test_a_half_filled_far_month_lets_its_share_go() -> None:
    # 4 far minis replace floor(4 * .4764 / .7043) = 2 near ones
    part = wake(near(), far(quantity=4), followed=rolling())
    assert orders(part) == [(Purpose.ROLL_BUY, VXM_FAR, 4), (Purpose.ROLL_SELL, VXM, 2)]


def test_a_working_far_buy_is_waited_for() -> None:
    waiting = wake(near(), followed=rolling(), working=(order(VXM_FAR, Side.BUY, 8),))
    assert orders(waiting) == []
    assert waiting.cancel == ()


def test_a_near_sale_that_works_is_waited_for() -> None:
    selling = order(VXM, Side.SELL, 2)
    assert orders(wake(near(), far(quantity=8), followed=rolling(), working=(selling,))) == []


def test_a_finished_roll_leaves_the_far_position_to_the_stages() -> None:
    done = wake(far(quantity=8), followed=rolling()).memory.episode
    assert done is not None
    assert done.roll_from is None
    assert (done.peak_position_minis, done.tranche_goal_minis) == (8, 8)


def test_the_guardian_does_not_roll_in_but_finishes_the_sale() -> None:
    noon = replace(view(), now=at(200), session=spike_view(200).session)
    assert orders(wake(near(), seen=noon)) == []
    assert orders(wake(near(), far(quantity=8), followed=rolling(), seen=noon)) == [(Purpose.ROLL_SELL, VXM, 6)]


def test_the_position_cap_makes_the_roll_go_in_slices() -> None:
    tight = Policy(caps=CapPolicy(max_position_minis=10, max_order_minis=10))
    start = wake(near(), policy=tight)
    assert orders(start) == [(Purpose.ROLL_BUY, VXM_FAR, 4)]


def walk(held: int, tight: Policy) -> list[tuple[int, int]]:
    """Fill every order of a roll of `held` minis at once until there is none; return (near, far) after each."""
    followed: Episode | None = episode(peak_position_minis=held)
    found = [(held, 0)]
    while followed is not None and len(found) < 20:
        old, new = found[-1]
        lots = [made for made in (near(quantity=old), far(quantity=new)) if made.quantity]
        decision = wake(*lots, followed=followed, policy=tight)
        followed = decision.memory.episode
        if not decision.proposals:
            break
        for purpose, con_id, count in orders(decision):
            size = count * (10 if con_id in (VX, VX_FAR) else 1)
            old, new = (old - size, new) if purpose is Purpose.ROLL_SELL else (old, new + size)
        found.append((old, new))
    return found


@pytest.mark.parametrize("held", [7, 9, 25, 30])
def test_a_roll_at_the_cap_ends_in_the_next_month_and_never_holds_more_than_the_cap(held: int) -> None:
    tight = Policy(caps=CapPolicy(max_position_minis=held, max_order_minis=min(held, 10)))
    found = walk(held, tight)
    assert found[-1] == (0, held)
    assert all(held // 2 <= old + new <= held for old, new in found)


def test_a_full_position_sells_a_slice_first_only_while_it_may_buy() -> None:
    tight = Policy(caps=CapPolicy(max_position_minis=6, max_order_minis=4))
    assert orders(wake(near(), policy=tight)) == [(Purpose.ROLL_SELL, VXM, 2)]
    noon = replace(view(), now=at(200), session=spike_view(200).session)
    assert orders(wake(near(), seen=noon, policy=tight)) == []


def test_event_calls_take_room_under_the_cap_and_the_roll_goes_in_slices_beside_them() -> None:
    cap = Policy(caps=CapPolicy(max_position_minis=16, max_order_minis=10))
    held = wake(near(), policy=cap, calls=(call_lot(6, settles_at=settles(NEXT_MONTH)),))
    assert [(p.side, p.quantity) for p in held.proposals if p.call is None] == [(Side.BUY, 4)]


def test_a_full_position_makes_no_room_for_a_month_that_nobody_quotes_in_size() -> None:
    tight, seen = Policy(caps=CapPolicy(max_position_minis=6, max_order_minis=4)), view()
    empty = tuple(
        replace(f, quote=replace(f.quote, ask_size=0.0)) if f.settles_on == NEXT_MONTH else f for f in seen.futures
    )
    assert orders(wake(near(), policy=tight, seen=replace(seen, futures=empty))) == []


def test_a_roll_never_begins_by_selling_all_that_is_held() -> None:
    tight = Policy(caps=CapPolicy(max_position_minis=10, max_order_minis=10))
    assert orders(wake(near(VX, 1), policy=tight)) == []


def test_at_a_full_position_a_big_contract_goes_a_little_early() -> None:
    tight = Policy(caps=CapPolicy(max_position_minis=12, max_order_minis=10))
    stuck = wake(near(VX, 1), far(quantity=2), followed=replace(rolling(), roll_minis=10), policy=tight)
    assert orders(stuck) == [(Purpose.ROLL_SELL, VX, 1)]


def test_without_a_far_month_or_a_price_nothing_rolls() -> None:
    seen = view()
    lonely = replace(seen, futures=seen.futures[:2])
    assert orders(wake(near(), seen=lonely)) == []
    stale = tuple(replace(f, quote=replace(f.quote, age_s=99.0)) for f in seen.futures)
    assert orders(wake(near(), seen=replace(seen, futures=stale))) == []


def test_a_roll_whose_far_month_is_no_longer_quoted_waits() -> None:
    seen = replace(view(), futures=view().futures[:2])
    waiting = wake(near(), far(quantity=2), followed=rolling(), seen=seen)
    assert orders(waiting) == []
    assert not next(check.passed for check in waiting.checks if check.name == "roll")


def test_an_unwinding_hedge_is_closed_instead_of_rolled() -> None:
    closing = wake(near(), followed=episode(selling=True))
    assert orders(closing) == [(Purpose.SETTLEMENT, VXM, 6)]


def test_no_tranche_is_bought_while_rolling() -> None:
    growing = replace(rolling(), target_minis=30, tranches_proposed=1, tranche_goal_minis=6)
    found = wake(near(), far(quantity=8), followed=growing)
    assert Purpose.TRANCHE not in {p.purpose for p in found.proposals}


def test_a_hedge_outside_the_roll_zone_stays() -> None:
    assert DAY < NEAR
    assert orders(wake(lot(), followed=episode(tranche_goal_minis=3), seen=spike_view(60))) == []


def said(decision: Decision, name: str) -> list[str]:
    return [check.why for check in decision.checks if check.name == name]


def waiting_for_days(*lots: Lot, watch: RollWatch = NEVER, settles_in: int = 6) -> Decision:
    """Return a wake-up with lots that settle `settles_in` days after this session."""
    day = spike_view(60).session.day
    moved = tuple(replace(item, settles_on=day + timedelta(days=settles_in)) for item in lots)
    knows = state(*moved, memory=memory(episode=episode(), phase=Phase.T3, roll=watch))
    return judge(spike_view(60), book(*moved), knows, POLICY, memory=knows.memory, exposure=exposure())


def before() -> date:
    session = spike_view(60).session
    return max(day for day in session.recent_days if day < session.day)


def test_lots_in_the_roll_zone_since_the_session_before_are_overdue_and_alerted_once() -> None:
    edge = (spike_view(60).session.day - before()).days
    first = waiting_for_days(lot(VXM, 6), settles_in=7 - edge)
    assert len(said(first, "roll: overdue")) == 1
    (alert,) = first.alerts
    assert alert.startswith("roll: 6 minis settle in")
    again = waiting_for_days(lot(VXM, 6), settles_in=7 - edge, watch=first.memory.roll)
    assert again.alerts == ()
    assert len(said(again, "roll: overdue")) == 1


def test_lots_that_come_into_the_zone_today_are_not_overdue() -> None:
    edge = (spike_view(60).session.day - before()).days
    today = waiting_for_days(lot(VXM, 6), settles_in=8 - edge)
    assert said(today, "roll: overdue") == []
    assert today.alerts == ()


@pytest.mark.parametrize(("age_s", "late"), [(35, False), (60, False), (61, True), (150, True)])
def test_legs_that_stand_apart_longer_than_the_limit_are_alerted(age_s: int, late: bool) -> None:
    filled = view().now - timedelta(seconds=age_s)
    found = wake(near(), far(quantity=8), followed=rolling(), last_fill_at=filled)
    assert bool(said(found, "roll: legs")) is late
    assert [alert for alert in found.alerts if "6 minis of the old month" in alert] == list(found.alerts)
    assert bool(found.alerts) is late


def test_legs_in_step_and_a_roll_that_waits_are_no_alert() -> None:
    long_ago = at(0) - timedelta(hours=1)
    waiting = wake(near(), followed=rolling(), last_fill_at=long_ago)
    in_step = wake(near(quantity=4), far(quantity=4), followed=rolling(), last_fill_at=long_ago)
    for found in (waiting, in_step):
        assert said(found, "roll: legs") == []
        assert found.alerts == ()


def test_without_a_known_session_before_nothing_is_overdue() -> None:
    late = lot(VXM, 6, settles_on=DAY + timedelta(days=3))
    reading = read(spike_view(60), book(late), state(late), POLICY, memory(), exposure())
    alone = replace(reading.view, session=replace(reading.view.session, recent_days=(DAY,)))
    assert watch_roll(reading, None, 0).checks != ()
    assert watch_roll(replace(reading, view=alone), None, 0).checks == ()


def test_what_is_on_its_way_fills_the_position_too() -> None:
    tight = Policy(caps=CapPolicy(max_position_minis=20, max_order_minis=10))
    assert orders(wake(near(VX, 2), policy=tight)) == [(Purpose.ROLL_SELL, VX, 1)]
    followed = wake(near(VX, 1), policy=tight).memory.episode
    buying = (order(VXM_FAR, Side.BUY, 6),)  # 10 near and 4 far minis with 6 on the way fill the cap
    assert orders(wake(near(VX, 1), far(quantity=4), followed=followed, policy=tight, working=buying)) == [
        (Purpose.ROLL_SELL, VX, 1)
    ]
    assert orders(wake(near(VX, 1), far(quantity=4), followed=followed, policy=tight)) == [
        (Purpose.ROLL_BUY, VXM_FAR, 6)
    ]


@pytest.mark.parametrize(("surplus", "told"), [(0, 0), (1, 1)])
def test_a_single_mini_that_stands_apart_is_told(surplus: int, told: int) -> None:
    held = replace(near(), settles_on=DAY + timedelta(days=12))
    known = state(held, last_fill_at=at(10))
    reading = read(spike_view(60), book(held), known, POLICY, memory(), exposure())
    found = watch_roll(reading, episode(roll_from=held.settles_on), surplus)
    assert len([check for check in found.checks if check.name == "roll: legs"]) == told


def test_a_full_position_sells_a_third_of_big_contracts_also_where_one_order_may_be_large() -> None:
    wide = Policy(caps=CapPolicy(max_position_minis=40, max_order_minis=40))
    assert orders(wake(near(VX, 4), policy=wide)) == [(Purpose.ROLL_SELL, VX, 2)]
