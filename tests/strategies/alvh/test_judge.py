from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from builders import (
    CLOSE,
    DAY,
    NEXT,
    SETTLES,
    VX,
    VXM,
    at,
    book,
    exposure,
    lot,
    market,
    memory,
    order,
    position,
    sample,
    session,
    spike_view,
    state,
    surface,
)

from strategies.alvh.judge import judge
from strategies.alvh.policy import CapPolicy, EconomicsPolicy, Policy
from strategies.alvh.records import (
    Book,
    Decision,
    Exposure,
    HedgeState,
    Lot,
    MarketView,
    Memory,
    Phase,
    Proposal,
    Purpose,
    Side,
    SurfaceSource,
)

FREE = EconomicsPolicy(enabled=False)  # the hurdle has its own tests: these books have no chain to reprice
POLICY = Policy(economics=FREE)


@dataclass
class Desk:
    """Fill every order at once at the mid and keep the lots, as the journal would."""

    memory: Memory = field(default_factory=memory)
    lots: list[Lot] = field(default_factory=list)
    filled_at: datetime | None = None
    sent: dict[str, int] = field(default_factory=dict)
    policy: Policy = POLICY
    fills: bool = True

    def wake(self, view: MarketView, valued: Exposure | None = None, **known: Any) -> Decision:
        knows = HedgeState(
            memory=self.memory,
            lots=tuple(self.lots),
            last_fill_at=self.filled_at,
            attempts=tuple(self.sent.items()),
            **known,
        )
        held = book(*self.lots)
        decision = judge(view, held, knows, self.policy, memory=self.memory, exposure=valued or exposure())
        self.memory = decision.memory
        if self.fills:
            for proposal in decision.proposals:
                self._fill(proposal, view)
        return decision

    def _fill(self, proposal: Proposal, view: MarketView) -> None:
        stem = proposal.key.rpartition("-")[0]
        self.sent[stem] = self.sent.get(stem, 0) + 1
        self.filled_at = view.now
        price = next(f.quote.mid for f in view.futures if f.con_id == proposal.con_id)
        if proposal.side is Side.BUY:
            bought = lot(proposal.con_id, proposal.quantity, tranche=proposal.tranche or 1, price=price or 0.0)
            self.lots.append(replace(bought, bought_at=view.now, bought_on=view.session.day))
            return
        left = proposal.quantity
        for item in sorted(self.lots, key=lambda item: -item.price):
            if item.con_id == proposal.con_id and left:
                sold = min(left, item.quantity)
                left -= sold
                self.lots.remove(item)
                if item.quantity > sold:
                    self.lots.append(replace(item, quantity=item.quantity - sold))
        assert left == 0

    @property
    def minis(self) -> int:
        return sum(item.quantity * item.multiplier // 100 for item in self.lots)


def orders(decision: Decision) -> list[tuple[str, str, int]]:
    return [(p.side.value, p.trading_class, p.quantity) for p in decision.proposals]


def named(decision: Decision, name: str) -> bool:
    return next(check.passed for check in decision.checks if check.name == name)


def armed_desk(upto: int = 15, **changes: Any) -> Desk:
    """Return a desk that has bought its first tranche by this minute."""
    desk = Desk(**changes)
    for minute in range(5, upto + 1):
        desk.wake(spike_view(minute, vx=17.5))
    return desk


def test_the_first_tranche_follows_two_armable_bars() -> None:
    desk = Desk()
    decisions = [desk.wake(spike_view(minute, vx=17.5)) for minute in range(5, 11)]
    assert [decision.phase_after for decision in decisions] == [Phase.WATCH] * 5 + [Phase.T1]
    # dV 1300 * .60 / (beta(30) * 100) = 15.4 minis, 30% of 15 is 4
    assert orders(decisions[-1]) == [("BUY", "VXM", 4)]
    assert decisions[-1].target_minis == 15
    assert decisions[-1].memory.episode is not None
    assert decisions[-1].memory.episode.base == 16.0
    assert decisions[-1].proposals[0].key == "20180205T1440-tranche1-12-1"


def test_later_tranches_need_momentum_and_ten_minutes() -> None:
    desk = armed_desk(19)
    assert desk.minis == 4
    second = desk.wake(spike_view(20, vx=17.7))
    assert orders(second) == [("BUY", "VXM", 5)]
    assert second.phase_after is Phase.T2
    waiting = desk.wake(spike_view(29, vx=17.9))
    assert not waiting.proposals
    assert not named(waiting, "tranche: trigger")
    third = desk.wake(spike_view(30, vx=17.9))
    assert orders(third) == [("BUY", "VXM", 6)]
    assert third.phase_after is Phase.T3
    assert desk.minis == 15
    assert not desk.wake(spike_view(45, vx=18.1)).proposals


def test_no_second_tranche_while_vx_is_below_the_first() -> None:
    desk = armed_desk()
    assert not desk.wake(spike_view(25, vx=17.5)).proposals
    assert desk.wake(spike_view(26, vx=17.6)).proposals


def test_a_book_that_cannot_be_repriced_gets_its_first_tranche_and_no_second() -> None:
    desk = armed_desk(19, policy=Policy())
    assert desk.minis == 4
    waiting = desk.wake(spike_view(20, vx=17.7))
    assert not waiting.proposals
    assert not named(waiting, "hurdle: outlook")
    assert "the hurdle is missed, first tranche only: a leg of the condors cannot be repriced" in waiting.summary


def test_a_large_target_splits_into_big_and_small_contracts() -> None:
    desk = Desk(policy=replace(POLICY, caps=CapPolicy(max_position_minis=60, max_order_minis=30)))
    big = exposure(vega_delta_usd=4000.0, vega30_usd=-8000.0)
    desk.wake(spike_view(5, vx=17.5), big)
    # 47 minis, 30% of them are 14: one VX and four VXM
    assert orders(desk.wake(spike_view(10, vx=17.5), big)) == [("BUY", "VX", 1), ("BUY", "VXM", 4)]


def test_the_gauge_is_the_maximum_of_the_episode_while_it_stands() -> None:
    desk = armed_desk()
    grown = desk.wake(spike_view(16, vx=17.5), exposure(vega_delta_usd=2000.0))
    assert grown.target_minis == 23
    assert desk.wake(spike_view(17, vx=17.5)).target_minis == 23


def test_below_the_keeping_level_the_rest_is_cancelled_for_good() -> None:
    desk = armed_desk()
    desk.wake(spike_view(16, vx=17.6), exposure(inflation=0.29))
    later = desk.wake(spike_view(25, vx=17.9))
    assert not later.proposals
    assert not named(later, "tranche: still inflated")
    assert later.phase_after is Phase.T1


def test_a_missing_gauge_cancels_nothing() -> None:
    desk = armed_desk()
    desk.wake(spike_view(16, vx=17.6), exposure(inflation=None))
    assert desk.wake(spike_view(25, vx=17.9)).proposals


def test_an_armed_spike_that_fades_before_any_fill_is_dropped() -> None:
    desk = armed_desk(10, fills=False)
    assert desk.memory.phase is Phase.T1
    kept = desk.wake(spike_view(12), exposure(inflation=0.2))
    assert kept.memory.episode is not None
    gone = desk.wake(spike_view(13), exposure(inflation=0.1))
    assert gone.phase_after is Phase.WATCH
    assert gone.memory.episode is None
    assert gone.memory.round_trips == 0


def test_an_unfilled_first_tranche_is_proposed_again_under_the_same_key_until_it_was_sent() -> None:
    desk = armed_desk(10, fills=False)
    again = desk.wake(spike_view(11, vx=17.5))
    assert again.proposals[0].key == "20180205T1440-tranche1-12-1"
    desk.sent["20180205T1440-tranche1-12"] = 1
    assert desk.wake(spike_view(12, vx=17.5)).proposals[0].key.endswith("-2")


def test_nothing_is_proposed_while_an_order_works_or_is_unknown() -> None:
    desk = armed_desk(10, fills=False)
    for unknown in (False, True):
        waiting = desk.wake(spike_view(11, vx=17.5), working=(order(VXM, remaining=4, unknown=unknown),))
        assert not waiting.proposals
        assert not named(waiting, "tranche: one at a time")


def test_a_modelled_baseline_allows_the_first_tranche_only() -> None:
    desk = Desk(memory=memory(baseline=surface(SurfaceSource.MODELLED)))
    for minute in range(5, 40):
        desk.wake(spike_view(minute, vx=17.0 + minute / 20))
    assert {item.tranche for item in desk.lots} == {1}


def test_the_market_may_slice_a_tranche_and_the_rest_follows() -> None:
    desk = Desk()
    thin = spike_view(10, vx=17.5)
    futures = tuple(replace(f, quote=market(17.5, f.tick, size=10.0)) for f in thin.futures)
    desk.wake(spike_view(5, vx=17.5))
    assert orders(desk.wake(replace(thin, futures=futures))) == [("BUY", "VXM", 2)]
    rest = desk.wake(spike_view(11, vx=17.5))
    assert orders(rest) == [("BUY", "VXM", 2)]
    assert rest.proposals[0].key == "20180205T1440-tranche1-12-2"
    assert rest.phase_after is Phase.T1


def test_a_later_tranche_takes_the_unfilled_rest_along() -> None:
    desk = armed_desk(10)
    desk.lots[0] = replace(desk.lots[0], quantity=1)
    fallen = spike_view(20, vx=17.7, spx=2761.0)
    assert orders(desk.wake(fallen)) == [("BUY", "VXM", 8)]


@pytest.mark.parametrize("minute", [0, 4, 91, 200, 329, 381, 390])
def test_nothing_opens_outside_its_time(minute: int) -> None:
    desk = Desk(policy=POLICY)
    desk.wake(spike_view(minute - 5, vx=18.5))
    assert not desk.wake(spike_view(minute, vx=18.5)).proposals


@pytest.mark.parametrize("minute", [5, 89, 330, 374])
def test_the_windows_open(minute: int) -> None:
    assert Desk().wake(spike_view(minute, vx=18.5)).proposals


def test_a_purchase_in_the_last_minutes_must_be_worth_the_night() -> None:
    assert Desk().wake(spike_view(376, vx=18.5)).proposals
    poor = Desk()
    poor.memory = memory()
    costly = spike_view(376, vx=18.5)
    refused = poor.wake(replace(costly, futures=tuple(replace(f, business_days=0) for f in costly.futures)))
    assert not refused.proposals
    assert not named(refused, "tranche overnight: cost")


def test_the_guardian_arms_and_buys_in_the_closing_window() -> None:
    desk = Desk()
    assert desk.wake(spike_view(200, vx=18.5)).phase_after is Phase.ARMED
    assert desk.wake(spike_view(330, vx=18.5)).phase_after is Phase.T1


BROKEN: dict[str, dict[str, Any]] = {
    "data: link": {"feed_ok": False},
    "data: hours": {"hours_agree": False},
    "data: VX": {"futures": ()},
    "data: VX live": {"futures": ()},
    "data: session": {"session": session(at(10), closes_at=at(9))},
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_data_blocks_opening_and_says_so(name: str) -> None:
    desk = Desk()
    decision = desk.wake(replace(spike_view(10, vx=18.5), **BROKEN[name]))
    assert not decision.proposals
    assert not named(decision, name)
    assert decision.memory.episode is None


@pytest.mark.parametrize("field_name", ["spx", "vix", "breadth"])
@pytest.mark.parametrize("age_s", [None, 500.0])
def test_old_numbers_block_opening(field_name: str, age_s: float | None) -> None:
    view = spike_view(10, vx=18.5)
    old = replace(view, **{field_name: replace(getattr(view, field_name), age_s=age_s)})
    assert not Desk().wake(old).proposals


@pytest.mark.parametrize(
    "quote", [{"delayed": True}, {"halted": True}, {"age_s": 11.0}, {"age_s": None}, {"bid": None}]
)
def test_a_delayed_halted_or_old_vx_blocks_opening(quote: dict[str, Any]) -> None:
    view = spike_view(10, vx=18.5)
    bad = tuple(replace(f, quote=replace(f.quote, **quote)) for f in view.futures)
    assert not Desk().wake(replace(view, futures=bad)).proposals


def judged(held: Book, known: HedgeState, valued: Exposure | None = None, view: MarketView | None = None) -> Decision:
    return judge(
        view or spike_view(10, vx=18.5), held, known, POLICY, memory=known.memory, exposure=valued or exposure()
    )


def test_an_incomplete_book_an_unknown_leg_and_a_lock_block_opening() -> None:
    assert judged(book(), state()).proposals
    assert not judged(book(complete=False), state()).proposals
    assert not judged(book(age_s=121.0), state()).proposals
    assert not judged(book(), state(), exposure(unknown_legs=1)).proposals
    locked = judged(book(), state(locked=("positions differ",)))
    assert not locked.proposals
    assert "positions differ" in locked.summary


def test_foreign_lots_in_the_traded_contract_forbid_opening() -> None:
    assert not judged(book(futures=(position(VX, 1),)), state()).proposals
    assert not judged(book(futures=(position(VXM, -1),)), state()).proposals


def test_foreign_long_volatility_shrinks_the_target_and_foreign_shorts_free_nothing() -> None:
    far = date(2018, 4, 18)
    long_one = judged(book(futures=(position(77, 2, far),)), state())
    # 2 minis of 72 days: 2 * 100 * 0.334 = 67 $/pt; 1300 - 67/.60 = 1189 -> 14 minis
    assert long_one.target_minis == 14
    assert judged(book(futures=(position(77, -2, far),)), state()).target_minis == 15


def test_two_round_trips_a_day_are_enough() -> None:
    spent = memory(round_trips=2)
    assert not judged(book(), state(memory=spent)).proposals


def unwound(desk: Desk, share: float, minutes: tuple[int, ...] = (60, 65)) -> list[Decision]:
    assert desk.memory.episode is not None
    base, peak = desk.memory.episode.base, desk.memory.episode.peak
    made = []
    for n, minute in enumerate(minutes):
        vx = peak - share * (peak - base) - 0.01 * n
        made.append(desk.wake(spike_view(minute, vx=vx)))
    return made


def full_desk() -> Desk:
    desk = Desk()
    for minute in range(5, 50):
        desk.wake(spike_view(minute, vx=17.5 + 0.1 * max(0, minute - 10)))
    return desk


def test_the_hedge_comes_off_in_thirds_and_the_day_cools_down() -> None:
    desk = full_desk()
    assert desk.minis == 15
    wide = replace(POLICY, unwind=replace(POLICY.unwind, stop_points=9.0, stop_share=0.4))
    desk.policy = wide
    first = unwound(desk, 0.55)
    assert not first[0].proposals
    assert [p.purpose for p in first[1].proposals] == [Purpose.STAGE]
    assert first[1].phase_after is Phase.UNWIND
    assert desk.minis == 10
    unwound(desk, 0.75, (80, 85))
    assert desk.minis == 5
    unwound(desk, 0.95, (100, 105))
    assert desk.minis == 0
    flat = desk.wake(spike_view(106, vx=16.1))
    assert flat.phase_after is Phase.FLAT
    assert flat.memory.round_trips == 1
    assert desk.wake(spike_view(107, vx=16.1)).phase_after is Phase.COOLDOWN
    assert desk.wake(spike_view(165, vx=16.1)).phase_after is Phase.COOLDOWN
    assert desk.wake(spike_view(166, vx=16.1), exposure(inflation=0.0)).phase_after is Phase.WATCH


def test_after_a_sale_nothing_is_bought_until_flat() -> None:
    desk = armed_desk()
    desk.wake(spike_view(16, vx=21.0), exposure(inflation=None), locked=("paused",))
    desk.policy = replace(POLICY, unwind=replace(POLICY.unwind, stop_points=9.0, stop_share=0.4))
    for minute, vx in ((60, 18.25), (65, 18.24)):
        desk.wake(spike_view(minute, vx=vx), locked=("paused",))
    assert desk.minis == 2
    again = desk.wake(spike_view(80, vx=25.0))
    assert not [p for p in again.proposals if p.side is Side.BUY]
    assert not named(again, "tranche: no sale yet")


@pytest.mark.parametrize("minute", [30, 200, 350, 389])
def test_no_condors_means_no_hedge_at_any_time(minute: int) -> None:
    desk = armed_desk()
    sold = desk.wake(spike_view(minute, vx=18.5), exposure(condors=0))
    assert [p.purpose for p in sold.proposals] == [Purpose.NO_CONDORS]
    assert desk.minis == 0


def test_selling_takes_back_a_working_buy() -> None:
    desk = armed_desk()
    buying = order(VXM, Side.BUY, 3, ref="buy-1")
    sold = desk.wake(spike_view(30, vx=18.5), exposure(condors=0), working=(buying,))
    assert sold.cancel == ("buy-1",)


def test_a_buy_of_unknown_outcome_is_not_cancelled_but_read_about() -> None:
    desk = armed_desk()
    buying = order(VXM, Side.BUY, 3, unknown=True)
    assert desk.wake(spike_view(30, vx=18.5), exposure(condors=0), working=(buying,)).cancel == ()


def test_a_working_buy_is_taken_back_when_the_window_closes_or_the_spike_fades() -> None:
    desk = armed_desk()
    buying = (order(VXM, Side.BUY, 3, ref="buy-1"),)
    assert desk.wake(spike_view(30, vx=17.5), working=buying).cancel == ()
    assert desk.wake(spike_view(95, vx=17.5), working=buying).cancel == ("buy-1",)
    assert desk.wake(spike_view(40, vx=17.5), exposure(inflation=0.2), working=buying).cancel == ("buy-1",)


def test_missing_data_alone_sells_nothing() -> None:
    desk = armed_desk()
    view = spike_view(120, vx=18.5)
    blind = replace(view, futures=(), spx=replace(view.spx, last=None), vix=replace(view.vix, last=None), feed_ok=False)
    unknown = exposure(inflation=None, vega30_usd=None, vega_delta_usd=None, unknown_legs=4, iv_only=None)
    decision = desk.wake(blind, unknown)
    assert not decision.proposals
    assert decision.phase_after is Phase.T1


def test_a_faded_spike_goes_home_flat() -> None:
    desk = armed_desk()
    now = CLOSE - timedelta(minutes=15)
    view = spike_view(375, vx=17.5)
    calm = replace(view, now=now, session=session(now), vix9d=replace(view.vix9d, last=15.0))
    sold = desk.wake(calm, exposure(inflation=0.1))
    assert [p.purpose for p in sold.proposals] == [Purpose.OVERNIGHT]
    assert sold.memory.episode is not None
    assert sold.memory.episode.flatten_on == DAY


def test_a_standing_spike_is_carried_overnight() -> None:
    desk = armed_desk()
    kept = desk.wake(spike_view(376, vx=17.5))
    assert not kept.proposals
    assert named(kept, "hold: overnight")


def test_a_night_that_costs_too_much_for_two_tranches_keeps_one() -> None:
    desk = armed_desk(19)
    desk.wake(spike_view(20, vx=17.7))
    assert desk.minis == 9
    tight = replace(POLICY, unwind=replace(POLICY.unwind, overnight_cost_share=0.002))  # 32 $ of 16,000 $: six minis
    desk.policy = tight
    evening = desk.wake(spike_view(376, vx=17.7))
    assert [(p.purpose, p.tranche, p.quantity) for p in evening.proposals] == [(Purpose.OVERNIGHT, 2, 5)]
    assert desk.minis == 4
    assert evening.memory.episode is not None
    assert (evening.memory.episode.flatten_on, evening.memory.episode.overnight_minis) == (DAY, 4)
    assert not desk.wake(spike_view(380, vx=17.7)).proposals


def test_an_unfilled_episode_does_not_outlive_its_session() -> None:
    desk = armed_desk(10, fills=False)
    view = spike_view(10, vx=17.5)
    tomorrow = replace(view.session, day=NEXT, recent_days=(*view.session.recent_days, NEXT), next_day=date(2018, 2, 7))
    desk.memory = replace(desk.memory, samples=())
    calm = replace(view, session=tomorrow, spx=replace(view.spx, last=2761.0))
    decision = desk.wake(calm)
    assert decision.phase_after is Phase.WATCH
    assert decision.memory.episode is None


def test_lots_without_an_episode_are_still_guarded() -> None:
    decision = judged(book(lot()), state(lot()), exposure(condors=0))
    assert decision.phase_after is Phase.UNWIND
    assert [p.quantity for p in decision.proposals] == [3]
    assert decision.memory.episode is None


def test_every_wake_up_brings_the_same_questions() -> None:
    quiet = judged(book(), state(), exposure(inflation=0.0))
    busy = judged(book(), state())
    assert [check.name for check in quiet.checks if not check.name.startswith(("gauge", "arm"))] == [
        check.name for check in busy.checks if not check.name.startswith(("gauge", "arm"))
    ]
    assert len(quiet.checks) == len(busy.checks) > 40
    assert all(check.why for check in quiet.checks)


def test_the_traded_month_is_the_nearest_with_twelve_days_or_more() -> None:
    decision = judged(book(), state())
    assert decision.memory.episode is not None
    assert decision.memory.episode.con_id == VX
    view = spike_view(10, vx=18.5)
    near = tuple(replace(f, dte=11) if f.settles_on == SETTLES else replace(f, dte=39) for f in view.futures)
    moved = judged(book(), state(), view=replace(view, futures=near))
    assert {p.con_id for p in moved.proposals} <= {21, 22}


@pytest.mark.parametrize(("minutes", "cooled"), [(29, False), (30, True), (31, True)])
def test_a_pause_ends_at_its_minute(minutes: int, cooled: bool) -> None:
    remembered = memory(cooldown_until=at(30), samples=tuple(sample(at(5 * n)) for n in range(1, 7)))
    view = spike_view(30, vx=17.5)
    view = replace(view, now=at(minutes))
    decision = judge(view, book(), HedgeState(memory=remembered), POLICY, memory=remembered, exposure=exposure())
    assert named(decision, "tranche: cooldown") is cooled
    assert bool(decision.proposals) is cooled


def test_an_order_with_nothing_left_to_fill_is_not_waited_for() -> None:
    for left, free in ((0, True), (1, False)):
        decision = Desk().wake(spike_view(10, vx=17.5), working=(order(VXM, Side.BUY, left),))
        assert named(decision, "tranche: one at a time") is free
