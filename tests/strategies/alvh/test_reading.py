from __future__ import annotations

from dataclasses import replace

import pytest
from builders import FAR_SETTLES, SETTLES, VX, VXM, book, exposure, future, lot, memory, spike_view, state

from strategies.alvh.policy import Policy
from strategies.alvh.reading import minutes_to_close, month_price, pair, read
from strategies.alvh.records import FutureQuote, Quote

POLICY = Policy()
BIG, SMALL = future(VX, 18.5), future(VXM, 18.6)


def test_a_month_is_its_contract_of_a_thousand_and_its_contract_of_a_hundred_dollars_a_point() -> None:
    for order in ((BIG, SMALL), (SMALL, BIG)):
        assert pair(spike_view(futures=order), SETTLES) == (BIG, SMALL)
    assert pair(spike_view(futures=(SMALL,)), SETTLES) == (None, SMALL)
    assert pair(spike_view(futures=(BIG,)), SETTLES) == (BIG, None)
    assert pair(spike_view(futures=(BIG, SMALL)), FAR_SETTLES) == (None, None)


def test_the_big_contract_gives_the_price_of_a_month_and_the_small_one_where_it_is_silent() -> None:
    silent = replace(BIG, quote=Quote())

    def price(*months: FutureQuote) -> float | None:
        reading = read(spike_view(futures=months), book(), state(), POLICY, memory(), exposure())
        return month_price(reading, SETTLES)

    assert price(BIG, SMALL) == pytest.approx(18.5)
    assert price(silent, SMALL) == pytest.approx(18.6)
    assert price(silent) is None


@pytest.mark.parametrize(("dte", "known"), [(-1, False), (0, True), (1, True)])
def test_a_contract_that_settles_today_still_implies_a_vix_and_a_settled_one_does_not(dte: int, known: bool) -> None:
    held = lot(VX, 1)
    view = spike_view(futures=(replace(BIG, dte=dte, prior_settle=16.0),))
    reading = read(view, book(held), state(held), POLICY, memory(), exposure())
    assert (reading.implied is not None) is known
    assert (reading.beta is not None) is known


def test_vix_has_changed_by_its_distance_from_the_previous_close_while_it_is_fresh() -> None:
    def change(age_s: float | None) -> float | None:
        view = spike_view()
        view = replace(view, vix=replace(view.vix, age_s=age_s))
        return read(view, book(), state(), POLICY, memory(), exposure()).vix_change

    assert change(POLICY.freshness.vix_s) == pytest.approx(4.0)
    assert change(POLICY.freshness.vix_s + 0.1) is None
    assert change(None) is None


def test_minutes_to_the_close_are_negative_after_it() -> None:
    assert minutes_to_close(spike_view(380)) == 10.0
    assert minutes_to_close(spike_view(395)) == -5.0
