"""Positions are sorted by what they are: nothing is lost, nothing counts twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.broker.port import BrokerPosition, Instrument
from bot.observe import book

FRIDAY = date(2018, 2, 16)
LEG = Instrument(
    con_id=1, symbol="SPX", sec_type="OPT", exchange="SMART", trading_class="SPXW", expires_on=FRIDAY, right="P"
)
CALL_ON_VIX = replace(LEG, con_id=2, symbol="VIX", trading_class="VIX", expires_on=date(2018, 2, 14), right="C")
VX = Instrument(con_id=3, symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX", expires_on=FRIDAY)
STOCK = Instrument(con_id=4, symbol="SPY", sec_type="STK", exchange="SMART")


def held(instrument: Instrument) -> BrokerPosition:
    return BrokerPosition(account="DU1", instrument=instrument, quantity=1, avg_price=1.0)


@pytest.mark.parametrize(
    ("instrument", "place"),
    [
        (LEG, "legs"),
        (CALL_ON_VIX, "vix_options"),
        (VX, "futures"),
        (replace(VX, symbol="VXM", trading_class="VXM"), "futures"),
        (STOCK, "rest"),
        (replace(LEG, right=""), "rest"),
        (replace(LEG, expires_on=None), "rest"),
        (replace(LEG, expires_on=date(2018, 2, 17)), "rest"),  # a Saturday: nothing settles then
        (replace(LEG, symbol="XSP"), "rest"),
        (replace(VX, expires_on=None), "rest"),
    ],
)
def test_each_position_has_one_place_and_only_the_rest_goes_unquoted(instrument: Instrument, place: str) -> None:
    found = book.sort([held(instrument)])
    places = {name: len(getattr(found, name)) for name in ("legs", "vix_options", "futures", "rest")}
    assert places == {name: int(name == place) for name in places}
    assert book.is_quoted(instrument) is (place != "rest")


def test_positions_keep_their_order_within_a_place() -> None:
    rows = [held(replace(LEG, con_id=number)) for number in (9, 7, 8)]
    assert book.sort(rows).legs == tuple(rows)


def test_what_the_method_does_not_touch_is_said_in_words() -> None:
    (other,) = book.others(book.sort([held(LEG), held(STOCK)]).rest)
    assert (other.description, other.quantity) == ("SPY STK", 1.0)
