from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import builders
import pytest
from builders import (
    BAR,
    CLOSE,
    DAY,
    DAYS,
    NEXT,
    VX,
    VXM,
    VXM_FAR,
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
)

from strategies.alvh.ceiling import Ceiling, just_filled, lowest
from strategies.alvh.policy import CapPolicy, Policy, UnwindPolicy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Book, Episode, Exposure, HedgeState, Lot, MarketView, Purpose, Sample, Side
from strategies.alvh.sales import sales
from strategies.alvh.stages import retraced, stages, stages_due
from strategies.alvh.unwind import excess, hard_cap, loss_stop, no_condors, overnight, settlement, time_stop

POLICY = Policy()
RULES = UnwindPolicy()


def episode(**changes: Any) -> Episode:
    return builders.episode(**(dict(base=18.0, peak=26.0, tranches_proposed=3, peak_position_minis=8) | changes))


def reading(
    *lots: Lot,
    view: MarketView | None = None,
    held: Book | None = None,
    known: HedgeState | None = None,
    valued: Exposure | None = None,
    followed: Episode | None = None,
    policy: Policy = POLICY,
) -> Reading:
    return read(
        view or spike_view(60),
        held or book(*lots),
        known or state(*lots),
        policy,
        memory(episode=followed),
        valued or exposure(),
    )


def falling(*shares: float, **changes: Any) -> tuple[Sample, ...]:
    """Return samples of consecutive bars with these retracements under a falling VX-implied VIX."""
    return tuple(
        sample(at(5 * n), retraced=share, vix_implied=30.0 - n, **changes) for n, share in enumerate(shares, start=1)
    )


@pytest.mark.parametrize(
    ("price", "share"), [(23.3, 0.3375), (22.0, 0.50), (20.4, 0.70), (18.8, 0.90), (26.0, 0.0), (17.0, 1.125)]
)
def test_retracement_is_the_part_of_the_rise_given_back(price: float, share: float) -> None:
    assert retraced(price, 18.0, 26.0, RULES) == pytest.approx(share)


@pytest.mark.parametrize(("base", "peak"), [(18.0, 18.6), (18.0, 18.0), (18.0, 17.0), (30.0, 31.4)])
def test_no_retracement_is_measured_before_a_rise_worth_the_name(base: float, peak: float) -> None:
    assert retraced(base, base, peak, RULES) is None


def test_a_rise_of_exactly_one_point_counts() -> None:
    assert retraced(18.5, 18.0, 19.0, RULES) == pytest.approx(0.5)


@pytest.mark.parametrize(("price", "stage"), [(23.3, 0), (22.0, 1), (20.4, 2), (18.8, 3)])
def test_stages_fire_at_half_seven_and_nine_tenths(price: float, stage: int) -> None:
    share = retraced(price, 18.0, 26.0, RULES)
    assert share is not None
    due, _ = stages_due(falling(share, share, macd_hist=0.1), episode(), POLICY)
    assert due == stage


def test_a_stage_needs_two_bars_one_after_the_other() -> None:
    assert stages_due(falling(0.6), episode(), POLICY)[0] == 0
    assert stages_due(falling(0.4, 0.6), episode(), POLICY)[0] == 0
    first, second = falling(0.6, 0.6)
    assert stages_due((first, replace(second, end=second.end + BAR)), episode(), POLICY)[0] == 0
    assert stages_due((first, replace(second, retraced=None)), episode(), POLICY)[0] == 0


def test_a_stage_needs_a_falling_implied_vix() -> None:
    first, second = falling(0.6, 0.6)
    for implied in (None, first.vix_implied, 99.0):
        due, why = stages_due((first, replace(second, vix_implied=implied)), episode(), POLICY)
        assert due == 0
        assert "not falling" in why


def test_momentum_that_turned_down_makes_half_a_retracement_stage_two() -> None:
    assert stages_due(falling(0.5, 0.5, macd_hist=-0.1), episode(), POLICY)[0] == 2
    first, second = falling(0.5, 0.5, macd_hist=-0.1)
    assert stages_due((first, replace(second, macd_hist=None)), episode(), POLICY)[0] == 1
    assert stages_due(falling(0.4, 0.4, macd_hist=-0.1), episode(), POLICY)[0] == 0


def test_six_quiet_bars_make_half_a_retracement_the_last_stage() -> None:
    assert stages_due(falling(*[0.5] * 6, inflation=0.14), episode(), POLICY)[0] == 3
    assert stages_due(falling(*[0.5] * 5, inflation=0.14), episode(), POLICY)[0] == 1
    assert stages_due(falling(*[0.5] * 6, inflation=0.15), episode(), POLICY)[0] == 1
    assert stages_due(falling(*[0.5] * 6, inflation=None), episode(), POLICY)[0] == 1


def test_a_term_structure_back_in_order_makes_half_a_retracement_the_last_stage() -> None:
    assert stages_due(falling(0.5, 0.5, term_inverted=False), episode(was_inverted=True), POLICY)[0] == 3
    assert stages_due(falling(0.5, 0.5, term_inverted=False), episode(), POLICY)[0] == 1
    assert stages_due(falling(0.5, 0.5, term_inverted=None), episode(was_inverted=True), POLICY)[0] == 1


def test_stages_keep_two_thirds_one_third_and_nothing() -> None:
    hold = reading(lot(quantity=8), followed=episode())
    keeps = [stages(hold, episode(), falling(share, share)).minis for share in (0.5, 0.7, 0.9)]
    assert keeps == [5, 2, 0]
    single = episode(peak_position_minis=1)
    assert stages(hold, single, falling(0.5, 0.5)).minis == 0


def test_a_stage_that_fired_stays_fired() -> None:
    hold = reading(lot(quantity=8))
    found = stages(hold, episode(stages_done=1), falling(0.1, 0.1))
    assert found.minis == 5
    assert found.stage == 1
    assert "has fired" in found.reason


def test_without_an_episode_no_stage_can_fire() -> None:
    assert stages(reading(lot()), None, ()).minis is None


def test_everything_goes_when_the_condors_are_gone() -> None:
    gone = reading(lot(), valued=exposure(condors=0), view=spike_view(120))
    assert no_condors(gone).minis == 0
    assert not no_condors(gone).checks[0].passed


def test_an_unconfirmed_or_old_list_of_positions_proves_no_absence() -> None:
    for held in (book(lot(), complete=False), book(lot(), age_s=121.0)):
        assert no_condors(reading(lot(), held=held, valued=exposure(condors=0))).minis is None


def test_more_than_the_cap_is_sold_down_to_it() -> None:
    tight = replace(POLICY, caps=CapPolicy(max_position_minis=5))
    assert hard_cap(reading(lot(quantity=8), policy=tight)).minis == 5


def test_the_book_allows_no_more_than_its_vega_needs() -> None:
    # 1.1 * 0.75 * 1000 / (0.5056 * 100) at 30 days
    found = excess(reading(lot(quantity=20), valued=exposure(vega30_usd=-1000.0)), None)
    assert found.minis == 16
    assert not found.checks[0].passed


def test_a_book_that_is_long_vega_needs_no_hedge() -> None:
    found = excess(reading(lot(), valued=exposure(vega30_usd=0.0)), None)
    assert found.minis == 0
    assert "no longer short vega" in found.reason


def test_a_book_that_cannot_be_valued_sells_nothing_for_excess() -> None:
    assert excess(reading(lot(), valued=exposure(vega30_usd=None)), None).minis is None
    assert excess(reading(lot(), valued=exposure(unknown_legs=1, vega30_usd=5.0)), None).minis is None
    assert excess(reading(lot(), view=spike_view(60, futures=())), None).minis is None


def test_a_roll_under_way_is_no_excess_unless_the_book_turned() -> None:
    rolling = episode(roll_from=date(2018, 2, 14), roll_minis=3)
    assert excess(reading(lot(quantity=90)), rolling).minis is None
    assert excess(reading(lot(), valued=exposure(vega30_usd=10.0)), rolling).minis == 0


@pytest.mark.parametrize(
    ("entry", "vx", "stopped"), [(18.0, 16.0, True), (18.0, 16.05, False), (40.0, 36.0, True), (40.0, 36.1, False)]
)
def test_a_tranche_is_given_up_two_points_or_a_tenth_below_its_entry(entry: float, vx: float, stopped: bool) -> None:
    found = loss_stop(reading(lot(price=entry), view=spike_view(60, vx=vx)))
    assert (found.minis == 0) is stopped
    assert found.checks[0].passed is not stopped


def test_only_the_tranche_at_its_stop_is_given_up() -> None:
    lots = (lot(quantity=3, price=17.0), lot(quantity=4, price=21.0, tranche=2))
    found = loss_stop(reading(*lots, view=spike_view(60, vx=18.5)))
    assert found.minis == 3
    assert found.tranche == 2
    assert found.first == (lots[1],)
    words = "VX 18.50 is 0.40 below the stop of tranche 2 at 18.90 (bought at 21.00): 3 minis may stay"
    assert found.checks[0].why == words


def test_every_crossed_stop_is_named() -> None:
    lots = (lot(quantity=3, price=22.0), lot(quantity=4, price=21.0, tranche=2))
    why = loss_stop(reading(*lots, view=spike_view(60, vx=18.5))).checks[0].why
    assert why == (
        "VX 18.50 is 1.30 below the stop of tranche 1 at 19.80 (bought at 22.00), "
        "VX 18.50 is 0.40 below the stop of tranche 2 at 18.90 (bought at 21.00): nothing may stay"
    )


def test_a_missing_price_stops_no_tranche() -> None:
    view = spike_view(60, vx=10.0)
    blind = replace(view, futures=tuple(replace(f, quote=market(10.0, 0.05, age_s=60.0)) for f in view.futures))
    assert loss_stop(reading(lot(), view=blind)).minis is None


def late(minutes_before: float, **changes: Any) -> MarketView:
    now = CLOSE - timedelta(minutes=minutes_before)
    return replace(spike_view(60), now=now, session=session(now, **changes))


def test_the_fifth_session_ends_flat() -> None:
    first = date(2018, 1, 30)
    fifth = episode(first_fill_on=first)
    assert time_stop(reading(lot(), view=late(21)), fifth).minis is None
    assert time_stop(reading(lot(), view=late(20)), fifth).minis == 0
    assert time_stop(reading(lot()), episode(first_fill_on=date(2018, 1, 29))).minis == 0
    assert time_stop(reading(lot(), view=late(20)), episode()).minis is None
    assert time_stop(reading(lot(), view=late(20)), None).minis is None


def test_the_last_session_says_when_all_is_sold() -> None:
    last = time_stop(reading(lot(), view=late(21)), episode(first_fill_on=date(2018, 1, 30)))
    assert last.checks[0].why == "session 5 of 5: all is sold from 20 minutes before the close"
    assert time_stop(reading(lot(), view=late(21)), episode()).checks[0].why == "session 1 of 5"


def test_nothing_is_carried_into_its_settlement() -> None:
    tomorrow = lot(settles_on=NEXT)
    assert settlement(reading(tomorrow, view=late(60)), episode()).minis is None
    assert settlement(reading(tomorrow, view=late(20)), episode()).minis == 0
    assert settlement(reading(lot(settles_on=DAY), view=late(300)), episode()).minis == 0
    assert settlement(reading(lot(), view=late(1)), episode()).minis is None


def test_an_unwind_in_the_roll_zone_closes_instead_of_rolling() -> None:
    near = lot(quantity=3, settles_on=date(2018, 2, 12))
    far = lot(VXM_FAR, quantity=4)
    found = settlement(reading(near, far), episode(selling=True))
    assert found.minis == 4
    assert found.first == (near,)
    assert settlement(reading(near, far), episode()).minis is None


def test_the_lowest_ceiling_wins_and_precedence_breaks_ties() -> None:
    hold = reading(lot(quantity=8), valued=exposure(condors=0, vega30_usd=0.0))
    found = (stages(hold, episode(), falling(0.5, 0.5)), no_condors(hold), excess(hold, None))
    binding = lowest(found, hold)
    assert binding is not None
    assert binding.purpose is Purpose.NO_CONDORS
    assert lowest((), hold) is None


def test_a_ceiling_of_nothing_binds_before_one_of_a_single_mini() -> None:
    hold = reading(lot(quantity=8), valued=exposure(condors=0, vega30_usd=0.0))
    nothing = no_condors(hold)
    binding = lowest((replace(nothing, purpose=Purpose.LOSS_STOP, minis=1), nothing), hold)
    assert binding is nothing


def test_a_stage_waits_ten_minutes_after_a_fill_but_a_stop_does_not() -> None:
    known = state(lot(quantity=8), last_fill_at=at(55))
    hold = reading(lot(quantity=8), known=known, view=spike_view(60, vx=10.0))
    assert just_filled(hold)
    assert lowest((stages(hold, episode(), falling(0.9, 0.9)),), hold) is None
    assert lowest((loss_stop(hold),), hold) is not None
    patient = replace(hold, state=replace(known, last_fill_at=at(50)))
    assert lowest((stages(patient, episode(), falling(0.9, 0.9)),), patient) is not None


def test_the_night_is_decided_once() -> None:
    assert overnight(reading(lot(), view=late(16)), episode()).minis is None
    assert overnight(reading(lot(), view=late(15)), episode()).minis is None
    faded = exposure(inflation=0.1)
    view = replace(late(15), vix9d=replace(late(15).vix9d, last=1.0))
    assert overnight(reading(lot(), view=view, valued=faded), episode()).minis == 0
    stays = overnight(reading(lot(), view=late(300)), episode(flatten_on=DAY))
    assert stays.minis == 0


def dear_night(*lots: Lot, minutes: int = 15, **changes: Any) -> Ceiling:
    """Ask about lots of which the credit of 16,000 $ carries 47 minis: 240 $ a night at 5 $ each and some interest."""
    return overnight(reading(*lots, view=late(minutes)), episode(**changes))


THREE = (lot(quantity=20), lot(quantity=20, tranche=2), lot(quantity=20, tranche=3))


def test_one_tranche_goes_and_the_others_stay() -> None:
    found = dear_night(*THREE)
    assert (found.minis, found.tranche, found.first) == (40, 3, (THREE[2],))
    assert "60 minis" in found.reason
    assert [check.name for check in found.checks if not check.passed] == [
        "overnight: cost, tranche 3",
        "hold: overnight",
    ]


def test_two_tranches_that_go_name_none() -> None:
    found = dear_night(lot(quantity=20), lot(quantity=30, tranche=2), lot(quantity=30, tranche=3))
    assert (found.minis, found.tranche) == (20, None)


def test_what_was_kept_for_the_night_is_not_asked_again_until_the_next() -> None:
    # 50 minis are too many for one night, but the decision of this evening let them stay
    fifty = lot(quantity=50)
    assert dear_night(fifty, flatten_on=DAY, overnight_minis=50).minis is None
    assert dear_night(fifty, flatten_on=DAYS[-2], overnight_minis=50).minis == 0
    assert dear_night(fifty, minutes=300, flatten_on=DAYS[-2], overnight_minis=50).minis is None
    assert dear_night(fifty, minutes=300, flatten_on=DAYS[-2], overnight_minis=20).minis == 20


def test_a_book_that_no_longer_wants_a_hedge_sends_the_kept_part_home_too() -> None:
    hold = reading(lot(quantity=40), view=late(10), valued=exposure(condors=0))
    assert overnight(hold, episode(flatten_on=DAY, overnight_minis=40)).minis == 0


def test_the_sale_for_the_night_names_the_tranche_that_goes() -> None:
    hold = reading(*THREE, view=late(15), followed=episode())
    (sale,) = sales(hold, replace(overnight(hold, episode()), minis=55))
    assert (sale.purpose, sale.tranche, sale.quantity) == (Purpose.OVERNIGHT, 3, 5)


def ceiling_sales(keep: int, *lots: Lot, held: Book | None = None, **changes: Any) -> list[tuple[int, int]]:
    hold = reading(*lots, held=held, known=state(*lots, **changes), followed=episode())
    found = replace(no_condors(replace(hold, exposure=exposure(condors=0))), minis=keep)
    return [(proposal.con_id, proposal.quantity) for proposal in sales(hold, found)]


def test_minis_are_sold_before_big_contracts_which_are_rounded_up() -> None:
    assert ceiling_sales(12, lot(VX, 1), lot(VXM, 5)) == [(VXM, 3)]
    assert ceiling_sales(8, lot(VX, 1), lot(VXM, 5)) == [(VXM, 5), (VX, 1)]


def test_never_more_is_sold_than_the_account_holds() -> None:
    thin = book(futures=(position(VXM, 2),))
    assert ceiling_sales(0, lot(VXM, 5), held=thin) == [(VXM, 2)]
    assert ceiling_sales(0, lot(VXM, 5), held=book(futures=())) == []
    assert ceiling_sales(0, lot(VXM, 5), held=book(futures=(position(VXM, -5),))) == []


def test_foreign_lots_are_never_sold() -> None:
    assert ceiling_sales(0, lot(VXM, 2), held=book(futures=(position(VXM, 9),))) == [(VXM, 2)]


def test_working_sells_count_as_sold_and_keep_the_contract() -> None:
    busy = (order(VXM, Side.SELL, 2),)
    assert ceiling_sales(0, lot(VXM, 5), working=busy) == []
    assert ceiling_sales(3, lot(VXM, 5), lot(VX, 1), working=busy) == [(VX, 1)]


def test_a_sale_is_cut_to_the_cap_of_one_order_and_gets_a_new_key_later() -> None:
    hold = reading(lot(VXM, 25), followed=episode())
    found = replace(no_condors(replace(hold, exposure=exposure(condors=0))), minis=0)
    first = sales(hold, found)[0]
    assert first.quantity == 10
    assert first.key == "20180205T1450-no-condors-12-1"
    sent = replace(hold, state=replace(hold.state, attempts=(("20180205T1450-no-condors-12", 1),)))
    assert sales(sent, found)[0].key == "20180205T1450-no-condors-12-2"


def test_the_month_that_must_go_is_sold_first() -> None:
    near, far = lot(VXM, 3), lot(VXM_FAR, 4)
    assert ceiling_sales(5, near, far) == [(VXM, 2)]
    hold = reading(near, far, followed=episode())
    wanted = replace(no_condors(replace(hold, exposure=exposure(condors=0))), minis=3, first=(far,))
    assert [(p.con_id, p.quantity) for p in sales(hold, wanted)] == [(VXM_FAR, 4)]


def test_a_sale_without_an_episode_is_named_after_the_day() -> None:
    hold = reading(lot())
    found = replace(no_condors(replace(hold, exposure=exposure(condors=0))), minis=0)
    assert sales(hold, found)[0].key == "20180205-no-condors-12-1"


def test_both_months_are_sold_when_all_must_go() -> None:
    assert ceiling_sales(0, lot(VXM, 3), lot(VXM_FAR, 1)) == [(VXM, 3), (VXM_FAR, 1)]


def test_a_position_at_its_ceiling_stands_and_one_above_it_does_not() -> None:
    cap = Policy(caps=CapPolicy(max_position_minis=8))
    at_cap, over = (reading(lot(quantity=count), policy=cap) for count in (8, 9))
    assert [hard_cap(hold).checks[0].passed for hold in (at_cap, over)] == [True, False]
    assert [hold_ceiling is None for hold_ceiling in (lowest((hard_cap(h),), h) for h in (at_cap, over))] == [
        True,
        False,
    ]


def test_when_all_goes_home_no_single_tranche_is_named() -> None:
    faded = exposure(inflation=0.1)
    view = replace(late(15), vix9d=replace(late(15).vix9d, last=1.0))
    found = overnight(reading(lot(), view=view, valued=faded), episode())
    assert (found.minis, found.tranche) == (0, None)


@pytest.mark.parametrize("prices", [(18.5, 18.0), (18.0, 18.5)])
def test_the_nearest_stop_is_told(prices: tuple[float, float]) -> None:
    first, second = lot(price=prices[0]), lot(tranche=2, price=prices[1])
    check = loss_stop(reading(first, second, view=spike_view(60, vx=18.5))).checks[0]
    assert check.observed == pytest.approx(18.5 - 16.5)
    assert f"tranche {1 + prices.index(18.5)} bought at 18.50" in check.why


def test_a_rise_too_small_to_give_back_is_told_as_such() -> None:
    due, why = stages_due((), episode(base=18.0, peak=18.5), POLICY)
    assert due == 0
    assert "too small to count" in why
    assert "two closed bars" in stages_due((), episode(), POLICY)[1]
