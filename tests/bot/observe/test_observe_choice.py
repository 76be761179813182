import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bot.broker.port import Chain, Instrument
from bot.errors import Retry
from bot.observe.chain import listed, wanted
from bot.observe.finder import nearest
from bot.observe.instruments import VX, VXM, allowed, resolve

NOW = datetime(2018, 2, 5, 15, 0, tzinfo=UTC)


def future(**changes):
    good = {
        "con_id": 1,
        "symbol": "VIX",
        "sec_type": "FUT",
        "exchange": "CFE",
        "trading_class": "VX",
        "multiplier": 1000,
        "tick": Decimal("0.05"),
        "expires_on": date(2018, 3, 21),
        "local_symbol": "VXH8",
    }
    return Instrument(**{**good, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"trading_class": "VX09"},
        {"multiplier": 100},
        {"tick": Decimal("0.01")},
        {"expires_on": None},
        {"symbol": "VXM"},
    ],
)
def test_a_future_that_misses_its_pin_in_one_field_is_left_out_and_named(changes):
    faults = []
    assert allowed([future(**changes)], VX, faults) == ()
    assert len(faults) == 1


def test_the_local_symbol_is_never_looked_at():
    mini = future(symbol="VXM", trading_class="VXM", multiplier=100, tick=Decimal("0.01"), local_symbol="VXM5")
    assert allowed([mini], VXM, []) == (mini,)
    assert allowed([future(local_symbol="VXM5")], VX, []) == (future(local_symbol="VXM5"),)


def test_two_contracts_that_settle_on_one_day_are_both_left_out():
    faults = []
    later = future(con_id=3, expires_on=date(2018, 4, 18))
    assert allowed([future(con_id=1), future(con_id=2), later], VX, faults) == (later,)
    assert "ambiguous" in faults[0]


class Lookups:
    def __init__(self, indices):
        self.indices = indices

    async def instruments(self, query):
        if query.sec_type == "FUT":
            return (future(),) if query.trading_class == "VX" else ()
        found = self.indices.get(query.symbol, 1)
        if found is None:
            raise Retry("no answer")
        ids = range(10, 10 + found)
        return tuple(Instrument(con_id=n, symbol=query.symbol, sec_type="IND", exchange=query.exchange) for n in ids)


@pytest.mark.parametrize("found", [0, 2, None])
def test_an_index_found_never_or_twice_or_not_answered_is_missing_and_said(found):
    universe = asyncio.run(resolve(Lookups({"VIX": found}), NOW.date(), 130))
    assert "VIX" not in universe.indices
    assert set(universe.indices) == {"SPX", "VIX9D", "VIX3M", "VVIX", "AD-NYSE"}
    assert universe.faults[0].startswith("VIX ")
    assert universe.faults[1:] == ("VXM futures: no contract fits (looked up again every few minutes)",)


def expiries():
    weekly = Chain(
        trading_class="SPXW",
        exchange="SMART",
        multiplier=100,
        expiries=(date(2018, 2, 2), date(2018, 2, 7), date(2018, 2, 14), date(2018, 3, 2), date(2018, 3, 29)),
        strikes=(2700.0, 2705.0),
    )
    monthly = Chain(
        trading_class="SPX", exchange="SMART", multiplier=100, expiries=(date(2018, 3, 15),), strikes=(2700.0,)
    )
    return listed((weekly, monthly), frozenset(), NOW)


def test_settled_expiries_are_gone_and_the_rest_stand_in_order_of_settlement():
    assert [(row.trading_class, row.expires_on.day) for row in expiries()] == [
        ("SPXW", 7),
        ("SPXW", 14),
        ("SPXW", 2),
        ("SPX", 15),
        ("SPXW", 29),
    ]


def test_held_expiries_come_first_and_tenors_are_bracketed_once():
    held = frozenset({("SPX", date(2018, 3, 15))})
    chosen = wanted(expiries(), held, NOW, (7.0, 30.0, 90.0))
    assert [row.expires_on for row in chosen] == [
        date(2018, 3, 15),
        date(2018, 2, 7),
        date(2018, 2, 14),
        date(2018, 3, 2),
        date(2018, 3, 29),
    ]


def test_of_two_equally_near_strikes_the_lower_comes_first():
    assert nearest((2690.0, 2700.0, 2710.0), 2705.0, 2) == (2700.0, 2710.0)


@pytest.mark.parametrize(
    ("price", "count", "found"),
    [
        (1.0, 2, (10.0, 20.0)),
        (99.0, 2, (40.0, 30.0)),
        (20.0, 3, (20.0, 10.0, 30.0)),
        (38.0, 3, (40.0, 30.0, 20.0)),
        (25.0, 9, (20.0, 30.0, 10.0, 40.0)),
        (25.0, 0, ()),
    ],
)
def test_strikes_are_found_around_a_price_and_at_both_ends_of_the_list(
    price: float, count: int, found: tuple[float, ...]
):
    assert nearest((10.0, 20.0, 30.0, 40.0), price, count) == found
