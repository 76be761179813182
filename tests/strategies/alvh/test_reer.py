from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import VX, VXM, lot

from strategies.alvh.condors import recognise
from strategies.alvh.records import Lot
from strategies.alvh.reer import insurance, premium_usd, reer, unrealised_usd
from tests.strategies.alvh.condor_market import NOW
from tests.strategies.alvh.spike_book import SETTLES_ON, reading

TODAY = NOW.date()


def held(con_id: int = VXM, quantity: int = 3, price: float = 22.0, nights: int = 0) -> Lot:
    bought_on = TODAY - timedelta(days=nights)
    return lot(con_id, quantity, price=price, settles_on=SETTLES_ON, bought_on=bought_on)


def test_the_premium_is_what_the_condors_brought_in() -> None:
    # ten condors sold for 20 points each: 10 * 100 * 20
    found = recognise(reading().book.legs, NOW)
    assert premium_usd(found) == pytest.approx(20_000.0)
    bare = tuple(replace(leg, avg_price=None) for leg in found.legs)
    assert premium_usd(replace(found, legs=bare)) is None
    beside = replace(found, legs=(*found.legs, bare[0]), inside=(*found.inside, 0))
    assert premium_usd(beside) == pytest.approx(20_000.0)


def test_lots_are_marked_at_the_market_of_their_month() -> None:
    # 3 VXM bought at 22 and one VX at 21, VX now at 20: -600 - 1000
    assert unrealised_usd(reading(held(), held(VX, 1, 21.0))) == pytest.approx(-1_600.0)
    assert unrealised_usd(reading()) == 0.0
    assert unrealised_usd(reading(replace(held(), settles_on=TODAY))) is None


def test_the_cost_is_loss_and_fees_less_gain() -> None:
    found = insurance(reading(held(), state={"realised_usd": 150.0, "fees_usd": 12.5}))
    assert found is not None
    assert found.cost_usd == pytest.approx(-150.0 + 600.0 + 12.5)
    assert found.premium_usd == pytest.approx(20_000.0)


def test_nights_cost_the_interest_their_margin_forgoes() -> None:
    # 3 minis at 20 tie up 35% of 6,000 = 2,100 $; two nights at half a percent: 2,100 * 0.005 * 2 / 360
    found = insurance(reading(held(price=20.0, nights=2)))
    assert found is not None
    assert found.cost_usd == pytest.approx(2_100.0 * 0.005 * 2 / 360)


def test_a_night_of_unknown_margin_leaves_the_cost_unknown() -> None:
    carried = reading(held(nights=1))
    assert insurance(carried) is not None
    assert insurance(replace(carried, price=None)) is None


def test_a_book_that_took_nothing_in_has_no_rate() -> None:
    assert insurance(reading(credit=0.0)) is None
    assert insurance(reading(credit=math.nan)) is None
    assert insurance(replace(reading(), book=replace(reading().book, legs=()))) is None


@pytest.mark.parametrize(
    ("loss", "passed", "said"), [(4_999.0, True, "25%"), (5_000.0, True, "dear"), (9_000.0, False, "first")]
)
def test_a_quarter_warns_and_forty_five_percent_refuses(loss: float, passed: bool, said: str) -> None:
    so_far, _ = reer(reading(state={"realised_usd": -loss}), 0.0)
    assert (so_far.observed, so_far.passed) == (pytest.approx(loss / 20_000.0), passed)
    assert said in so_far.why
    assert ("dear insurance" in so_far.why) is (loss == 5_000.0)


def test_a_hedge_that_paid_has_a_negative_rate() -> None:
    so_far, _ = reer(reading(held(price=18.0)), 0.0)
    assert so_far.observed == pytest.approx(-600.0 / 20_000.0)
    assert so_far.passed
    assert "has cost -$600 of $20,000 premium: -3%" in so_far.why


def test_the_cost_to_come_is_held_against_the_credit_remaining() -> None:
    seen = reading()
    credit = -sum(leg.quantity * 100 * (leg.quote.mid or 0.0) for leg in seen.book.legs)
    _, likely = reer(seen, 0.45 * credit + 0.01)
    assert not likely.passed
    _, fine = reer(seen, 0.45 * credit - 0.01)
    assert fine.passed
    assert fine.observed == pytest.approx(0.45, abs=1e-4)


def test_what_is_not_known_refuses() -> None:
    so_far, likely = reer(replace(reading(), book=replace(reading().book, legs=())), 100.0)
    assert (so_far.observed, so_far.passed, likely.observed, likely.passed) == (None, False, None, False)
    assert not reer(reading(), None)[1].passed
