from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from builders import CLOSE, DAY, NEXT, VX, book, condor, exposure, lot, memory, session, spike_view, state, surface

from strategies.alvh.overnight import (
    credit_remaining_usd,
    keep_overnight,
    overnight_due,
    roll_points_per_day,
    sessions_held,
)
from strategies.alvh.policy import Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Account, Book, Episode, Exposure, Lot, MarketView, Quote

POLICY = Policy()


def episode(**changes: Any) -> Episode:
    made = Episode(
        id="E",
        armed_at=CLOSE,
        armed_on=DAY,
        baseline=surface(),
        con_id=VX,
        base=16.0,
        peak=20.0,
        target_minis=6,
        tranches_proposed=1,
        stages_done=0,
        selling=False,
        was_inverted=False,
        peak_position_minis=6,
        first_fill_on=DAY,
    )
    return replace(made, **changes)


def reading(
    *lots: Lot, view: MarketView | None = None, held: Book | None = None, valued: Exposure | None = None
) -> Reading:
    return read(view or spike_view(376), held or book(*lots), state(*lots), POLICY, memory(), valued or exposure())


def failed(
    hold: Reading, followed: Episode | None = None, *, lots: tuple[Lot, ...] = (lot(),), minis: int = 3
) -> list[str]:
    found = keep_overnight(hold, followed or episode(), lots, minis)
    return [check.name.removeprefix("overnight: ") for check in found if not check.passed]


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


def test_the_roll_is_what_the_future_loses_to_vix_a_day() -> None:
    view = spike_view(376, vx=22.0, vix=20.0)
    dear = reading(view=replace(view, futures=tuple(replace(f, business_days=20) for f in view.futures)))
    assert roll_points_per_day(dear) == pytest.approx(0.10)
    assert roll_points_per_day(reading(view=spike_view(376, vx=18.0, vix=20.0))) == 0.05


def test_a_missing_price_or_quote_is_not_carried() -> None:
    bare = tuple(replace(item, quote=Quote(age_s=1.0)) for item in condor())
    assert credit_remaining_usd(bare) is None
    assert failed(reading(held=book(legs=bare))) == ["cost"]
    assert failed(reading(view=replace(spike_view(376), futures=()))) == ["cost", "margin"]


def test_the_fifth_session_is_not_followed_by_a_night() -> None:
    assert failed(reading(), episode(first_fill_on=date(2018, 1, 30))) == ["nights"]
    assert sessions_held(reading(), episode(first_fill_on=date(2018, 1, 30))) == 5
    assert sessions_held(reading(), episode(first_fill_on=None)) == 0
    assert sessions_held(reading(), None) == 0


def test_a_fall_of_thirty_percent_must_leave_a_quarter_of_the_account_free() -> None:
    thin = Account(net_liquidation=500_000.0, excess_liquidity=126_000.0)
    assert failed(reading(held=book(account=thin))) == ["margin"]
    enough = Account(net_liquidation=500_000.0, excess_liquidity=127_000.0)
    assert failed(reading(held=book(account=enough))) == []
    assert failed(reading(held=book(account=Account()))) == ["margin"]


def test_a_contract_close_to_its_settlement_is_not_carried() -> None:
    assert failed(reading(), lots=(lot(settles_on=date(2018, 2, 12)),)) == ["expiry"]
    assert failed(reading(), lots=(lot(settles_on=date(2018, 2, 13)),)) == []
    assert failed(reading(), lots=(lot(settles_on=NEXT),)) == ["expiry"]
    assert failed(reading(), lots=()) == []
    assert "expiry" in failed(reading(view=replace(spike_view(376), futures=())), lots=())
