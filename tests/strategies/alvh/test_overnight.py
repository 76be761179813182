from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import builders
import pytest
from builders import (
    CLOSE,
    DAY,
    FAR_SETTLES,
    NEXT,
    SETTLES,
    VX,
    VXM,
    VXM_FAR,
    book,
    condor,
    exposure,
    future,
    lot,
    memory,
    session,
    spike_view,
    state,
)

from strategies.alvh.overnight import (
    Stake,
    credit_remaining_usd,
    keep_overnight,
    night_usd,
    overnight_due,
    planned_stake,
    sessions_held,
    stakes,
)
from strategies.alvh.policy import Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Account, Book, Episode, Exposure, Lot, MarketView, Quote

POLICY = Policy()


def episode(**changes: Any) -> Episode:
    return builders.episode(**(dict(armed_at=CLOSE, peak=20.0, target_minis=6) | changes))


def reading(
    *lots: Lot, view: MarketView | None = None, held: Book | None = None, valued: Exposure | None = None
) -> Reading:
    return read(view or spike_view(376), held or book(*lots), state(*lots), POLICY, memory(), valued or exposure())


def failed(
    hold: Reading, followed: Episode | None = None, *, lots: tuple[Lot, ...] = (lot(),), minis: int = 3
) -> list[str]:
    held = stakes(tuple(replace(one, quantity=minis) for one in lots))
    night = keep_overnight(hold, followed or episode(), held or (planned_stake(hold, 1, minis),))
    (asked,) = night.asked
    return [check.name.removeprefix("overnight: ") for check in (*night.book, *asked) if not check.passed]


def test_a_good_hedge_is_kept() -> None:
    assert failed(reading()) == []


@pytest.mark.parametrize(("minutes", "due"), [(16, False), (15, True), (0, True), (-1, False)])
def test_the_decision_stands_from_a_quarter_of_an_hour_before_the_close(minutes: float, due: bool) -> None:
    now = CLOSE - timedelta(minutes=minutes)
    assert overnight_due(reading(view=replace(spike_view(376), now=now, session=session(now)))) is due


@pytest.mark.parametrize("changes", [{"condors": 0}, {"vega30_usd": 0.0}, {"vega30_usd": None}])
def test_a_book_that_needs_no_hedge_or_is_unknown_is_not_carried(changes: dict[str, Any]) -> None:
    assert failed(reading(valued=exposure(**changes))) == ["book"]


def test_a_faded_spike_is_carried_only_while_the_term_structure_is_inverted() -> None:
    faded = exposure(inflation=0.19)
    assert failed(reading(valued=faded)) == []
    view = spike_view(376)
    flat = replace(view, vix9d=replace(view.vix9d, last=view.vix.last))
    assert failed(reading(valued=faded, view=flat)) == ["spike"]
    assert failed(reading(valued=exposure(inflation=0.20), view=flat)) == []
    assert failed(
        reading(valued=exposure(inflation=None), view=replace(view, vix9d=replace(view.vix9d, last=None)))
    ) == ["spike"]


def test_a_hedge_that_began_to_come_off_is_not_carried() -> None:
    assert failed(reading(), episode(stages_done=1)) == ["stages"]


def test_the_night_must_cost_less_than_its_share_of_the_credit() -> None:
    # 20 condors worth 8.00 each to close: 16,000 $, 1.5% of it is 240 $; the roll costs at least 5 $ a mini
    assert credit_remaining_usd(condor()) == pytest.approx(16_000.0)
    assert failed(reading(), minis=47) == []
    assert failed(reading(), minis=49) == ["cost"]


def test_a_night_costs_the_roll_and_the_interest_that_margin_forgoes() -> None:
    # 3 minis of VX 22 at VIX 20 with 20 business days: 0.10 points each, 30 $; margin 35% of 6,600 $ is 2,310 $, and
    # half a percent on it for a night is 3 cents
    view = spike_view(376, vx=22.0, vix=20.0)
    dear = reading(view=replace(view, futures=tuple(replace(f, business_days=20) for f in view.futures)))
    assert night_usd(dear, stakes((lot(),))) == pytest.approx(30.0 + 2_310.0 * 0.005 / 360)
    assert night_usd(reading(view=replace(view, futures=())), stakes((lot(),))) is None
    assert night_usd(dear, (Stake(tranche=1, months=((date(2019, 1, 1), 3),), bought_on=DAY),)) is None


def test_a_stake_is_a_tranche_with_its_months() -> None:
    held = (lot(VX, 1, tranche=2), lot(VXM, 3), lot(VXM_FAR, 2, bought_on=NEXT), lot(VXM, 1, tranche=2))
    assert stakes(held) == (
        Stake(tranche=1, months=((SETTLES, 3), (FAR_SETTLES, 2)), bought_on=DAY),
        Stake(tranche=2, months=((SETTLES, 11),), bought_on=DAY),
    )
    assert stakes(()) == ()


def test_the_last_tranche_goes_when_the_credit_carries_the_first_alone() -> None:
    # 240 $ of credit a night at 5 $ a mini and a little interest: 47 minis
    three = (lot(quantity=20), lot(quantity=20, tranche=2), lot(quantity=20, tranche=3))
    night = keep_overnight(reading(), episode(), stakes(three))
    assert (night.minis, night.leave, night.wanted) == (40, (3,), True)
    assert [check.name for check in night.checks if not check.passed] == ["overnight: cost, tranche 3"]


def test_a_smaller_later_tranche_may_stay_where_a_larger_one_goes() -> None:
    three = (lot(quantity=20), lot(quantity=40, tranche=2), lot(quantity=20, tranche=3))
    night = keep_overnight(reading(), episode(), stakes(three))
    assert (night.minis, night.leave) == (40, (2,))


def test_tranches_of_different_age_and_month_are_asked_for_themselves() -> None:
    old = lot(bought_on=date(2018, 1, 30))
    fresh = lot(tranche=2, quantity=2)
    night = keep_overnight(reading(), episode(), stakes((old, fresh)))
    assert (night.leave, [check.name for check in night.checks if not check.passed]) == (
        (1,),
        ["overnight: nights, tranche 1"],
    )
    near = lot(settles_on=NEXT)
    assert keep_overnight(reading(), episode(), stakes((near, fresh))).leave == (1,)


def test_a_book_that_wants_no_hedge_lets_no_tranche_stay() -> None:
    night = keep_overnight(reading(valued=exposure(condors=0)), episode(), stakes((lot(), lot(tranche=2))))
    assert (night.minis, night.leave, night.wanted) == (0, (1, 2), False)


def test_a_missing_price_or_quote_is_not_carried() -> None:
    bare = tuple(replace(item, quote=Quote(age_s=1.0)) for item in condor())
    assert credit_remaining_usd(bare) is None
    assert failed(reading(held=book(legs=bare))) == ["cost"]
    assert failed(reading(view=replace(spike_view(376), futures=()))) == ["cost", "margin"]


def test_the_fifth_session_is_not_followed_by_a_night() -> None:
    assert failed(reading(), lots=(lot(bought_on=date(2018, 1, 30)),)) == ["nights"]
    assert sessions_held(reading(), episode(first_fill_on=date(2018, 1, 30))) == 5
    assert sessions_held(reading(), episode(first_fill_on=None)) == 0
    assert sessions_held(reading(), None) == 0


def test_a_fall_of_thirty_percent_must_leave_a_quarter_of_the_account_free() -> None:
    thin = Account(net_liquidation=500_000.0, excess_liquidity=126_000.0)
    assert failed(reading(held=book(account=thin))) == ["margin"]
    enough = Account(net_liquidation=500_000.0, excess_liquidity=127_000.0)
    assert failed(reading(held=book(account=enough))) == []
    assert failed(reading(held=book(account=Account()))) == ["margin"]


def settling(day: date) -> Reading:
    view, listed = spike_view(376), future(VXM, 18.5, settles_on=day, dte=(day - DAY).days)
    return reading(view=replace(view, futures=(*view.futures, listed)))


def test_a_contract_close_to_its_settlement_is_not_carried() -> None:
    near, far = date(2018, 2, 12), date(2018, 2, 13)
    assert failed(settling(near), lots=(lot(settles_on=near),)) == ["expiry"]
    assert failed(settling(far), lots=(lot(settles_on=far),)) == []
    assert failed(settling(NEXT), lots=(lot(settles_on=NEXT),)) == ["expiry"]
    assert failed(reading(), lots=()) == []
    assert "expiry" in failed(reading(view=replace(spike_view(376), futures=())), lots=())


def test_the_night_says_why_the_spike_still_stands_or_does_not() -> None:
    view = spike_view(376)
    flat = replace(view, vix9d=replace(view.vix9d, last=view.vix.last))

    def why(seen: MarketView, inflation: float) -> str:
        hold = reading(view=seen, valued=exposure(inflation=inflation))
        book_checks = keep_overnight(hold, episode(), (planned_stake(hold, 1, 3),)).book
        return next(check.why for check in book_checks if check.name == "overnight: spike")

    assert why(view, 0.0) == "VIX term structure is inverted"
    assert why(flat, 0.20) == "inflation stands"
    assert why(flat, 0.19) == "the spike has faded"
