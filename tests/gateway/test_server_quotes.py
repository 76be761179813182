"""Market data: what changed and nothing else, missing sides, sentinels, snapshots, delayed data, refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.gateway.records import Quote
from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import ADVANCERS, PUT, SPX, START, VX_APRIL, VX_MARCH, FakeExchange, FakeMarket
from tests.gateway.raw_gateway import House


def contract(con_id: int, exchange: str) -> list[str]:
    return [str(con_id), "", "", "", "0", "", "", exchange, "", "", "", ""]


FUTURE = contract(VX_MARCH.con_id, "CFE")
OPTION = contract(PUT.con_id, "SMART")


def market_data(request_id: int, of: list[str], *, generics: str = "", snapshot: str = "0") -> list[str]:
    return ["1", "11", str(request_id), *of, "0", generics, snapshot, "0", ""]


def prices(frames: list[list[str]]) -> dict[int, tuple[str, str]]:
    """Return tick type -> (price, size) of the tickPrice frames."""
    return {int(fields[3]): (fields[4], fields[5]) for fields in frames if fields[0] == "1"}


def computed_of(frames: list[list[str]]) -> list[int]:
    """Return the tick types of the tickOptionComputation frames, in their order."""
    return [int(fields[2]) for fields in frames if fields[0] == "21"]


async def test_a_future_shows_both_sides_with_sizes_then_only_what_changes(house: House) -> None:
    raw = await house.connect()
    raw.write(*market_data(3, FUTURE))
    frames = await raw.settle()
    assert [fields[:4] for fields in frames[:2]] == [["81", "3", "0.05", "9c0001"], ["58", "1", "3", "1"]]
    assert prices(frames) == {1: ("15", "80"), 2: ("15.05", "40"), 4: ("15", "2")}
    house.gateway.advance(START + timedelta(seconds=55))
    assert await raw.settle() == []
    house.gateway.advance(START + timedelta(seconds=60))
    assert prices(await raw.settle()) == {1: ("15.05", "80"), 2: ("15.1", "40"), 4: ("15.05", "2")}


async def test_a_new_size_alone_is_a_size_tick_and_a_side_that_goes_is_minus_one(house: House) -> None:
    quote = house.market.quote(VX_MARCH.con_id)
    house.market.quotes[VX_MARCH.con_id] = quote
    raw = await house.connect()
    raw.write(*market_data(3, FUTURE))
    await raw.settle()
    house.market.quotes[VX_MARCH.con_id] = quote = replace(quote, ask_size=7.0)
    house.gateway.advance(START + timedelta(seconds=5))
    assert await raw.settle() == [["2", "6", "3", "3", "7"]]
    house.market.quotes[VX_MARCH.con_id] = replace(quote, ask=None, ask_size=None)
    house.gateway.advance(START + timedelta(seconds=10))
    assert await raw.settle() == [["1", "6", "3", "2", "-1", "0", "1"]]


async def test_an_index_shows_last_and_close_only_and_breadth_no_last(house: House) -> None:
    raw = await house.connect()
    raw.write(*market_data(3, contract(SPX.con_id, "CBOE")))
    assert prices(await raw.settle()) == {4: ("2700", "0"), 9: ("2762.13", "0")}
    raw.write(*market_data(4, contract(ADVANCERS.con_id, "NYSE")))
    assert prices(await raw.settle()) == {1: ("600", "90"), 2: ("2400", "0")}


async def test_an_option_without_a_bid_gets_minus_one_and_a_bid_computation_of_sentinels(house: House) -> None:
    raw = await house.connect()
    raw.write(*market_data(3, OPTION))
    frames = await raw.settle()
    assert prices(frames)[1] == ("-1", "0")
    computed = {int(fields[2]): fields[4:] for fields in frames if fields[0] == "21"}
    assert computed[10] == ["-1", "-2", "-1", "-1", "-2", "-2", "-2", "2700"]
    assert computed[13] == ["0.2", "-0.2", "11.5", "0", "0.001", "2.5", "-1", "2700"]
    assert float(computed[11][0]) == pytest.approx(0.2 + (12.0 - 11.5) / 2.5 / 100)


async def test_greeks_that_did_not_change_are_not_sent_again(house: House) -> None:
    raw = await house.connect()
    raw.write(*market_data(3, OPTION))
    await raw.settle()
    house.gateway.advance(START + timedelta(minutes=2))
    assert await raw.settle() == []


async def test_a_computation_is_sent_when_its_price_changes_and_the_models_when_the_model_does(house: House) -> None:
    raw = await house.connect()
    raw.write(*market_data(3, OPTION))
    assert computed_of(await raw.settle()) == [10, 11, 13]  # of a trade that never was there is none
    quote, model = house.market.quote(PUT.con_id), house.market.greeks(PUT.con_id)
    house.market.quotes[PUT.con_id] = quote = replace(quote, ask=12.5, ask_size=9.0)
    house.gateway.advance(START + timedelta(seconds=5))
    assert computed_of(await raw.settle()) == [11]
    house.market.quotes[PUT.con_id] = quote = replace(quote, ask_size=8.0)
    house.gateway.advance(START + timedelta(seconds=10))
    assert computed_of(await raw.settle()) == []
    house.market.quotes[PUT.con_id] = quote = replace(quote, last=12.0, last_size=1.0)
    house.gateway.advance(START + timedelta(seconds=15))
    assert computed_of(await raw.settle()) == [12]
    house.market.models[PUT.con_id] = replace(model, delta=-0.3)
    house.gateway.advance(START + timedelta(seconds=20))
    assert computed_of(await raw.settle()) == [13]
    house.market.models[PUT.con_id] = None
    house.gateway.advance(START + timedelta(seconds=25))
    assert computed_of(await raw.settle()) == [10, 11, 12, 13]


async def test_a_gateway_for_models_only_sends_the_models_computation_alone() -> None:
    market = FakeMarket()
    exchange = FakeExchange(market)
    gateway = Gateway(market, exchange, models_only=True)
    house = House(market=market, exchange=exchange, gateway=gateway, port=await gateway.start(0))
    raw = await house.connect()
    raw.write(*market_data(3, OPTION))
    assert computed_of(await raw.settle()) == [13]
    quote, model = market.quote(PUT.con_id), market.greeks(PUT.con_id)
    market.quotes[PUT.con_id] = replace(quote, ask=12.5, ask_size=9.0)
    gateway.advance(START + timedelta(seconds=5))
    assert computed_of(await raw.settle()) == []
    market.models[PUT.con_id] = replace(model, delta=-0.3)
    gateway.advance(START + timedelta(seconds=10))
    assert computed_of(await raw.settle()) == [13]
    raw.writer.close()
    await gateway.stop()


async def test_a_snapshot_ends_and_holds_no_line(house: House) -> None:
    raw = await house.connect()
    for request_id in range(8):
        raw.write(*market_data(request_id, FUTURE, snapshot="1"))
        assert (await raw.until(57))[-1] == ["57", "1", str(request_id)]
    house.gateway.advance(START + timedelta(minutes=2))
    assert await raw.settle() == []


async def test_generic_ticks_are_sent_when_asked_for(house: House) -> None:
    raw = await house.connect()
    raw.write(*market_data(3, FUTURE, generics="588,106"))
    frames = await raw.settle()
    assert ["2", "6", "3", "86", "1234"] in frames
    assert ["45", "6", "3", "24", "0.18"] in frames


async def test_delayed_data_comes_under_its_own_ids_a_quarter_of_an_hour_late(house: House) -> None:
    raw = await house.connect()
    raw.write("59", "1", "3")
    raw.write(*market_data(3, FUTURE))
    frames = await raw.settle()
    assert ["58", "1", "3", "3"] in frames
    assert set(prices(frames)) == {66, 67, 68}
    house.gateway.advance(START + timedelta(minutes=15))
    await raw.settle()
    house.gateway.advance(START + timedelta(minutes=16))
    assert prices(await raw.settle())[66] == ("15.05", "80")


async def test_frozen_data_says_so_only_while_the_market_is_closed(house: House) -> None:
    raw = await house.connect()
    raw.write("59", "1", "2")
    raw.write(*market_data(3, FUTURE))
    assert ["58", "1", "3", "1"] in await raw.settle()
    house.gateway.advance(START + timedelta(hours=7))
    assert ["58", "1", "3", "2"] in await raw.settle()


async def test_an_account_without_live_data_gets_354_or_delayed_data_with_a_notice() -> None:
    market = FakeMarket()
    gateway = Gateway(market, FakeExchange(market), live_data=False)
    house = House(market=market, exchange=FakeExchange(market), gateway=gateway, port=await gateway.start(0))
    raw = await house.connect()
    raw.write(*market_data(3, FUTURE))
    assert (await raw.settle())[0][2:4] == ["3", "354"]
    raw.write("59", "1", "3")
    raw.write(*market_data(4, FUTURE))
    frames = await raw.settle()
    assert frames[0][2:4] == ["4", "10167"]
    assert set(prices(frames)) == {66, 67, 68}
    raw.writer.close()
    await gateway.stop()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (market_data(3, contract(1, "CFE")), "200"),
        (market_data(3, ["0", "VIX", "FUT", "", "0", "", "", "CFE", "", "", "", ""]), "200"),
        (market_data(3, contract(VX_MARCH.con_id, "")), "321"),
        (market_data(3, FUTURE, generics="9999"), "321"),
        (market_data(3, FUTURE, generics="588", snapshot="1"), "321"),
        (["59", "1", "9"], "321"),
        (["2", "2", "3"], "300"),
    ],
)
async def test_what_cannot_be_served_is_refused_with_ibs_code(house: House, fields: list[str], code: str) -> None:
    raw = await house.connect()
    raw.write(*fields)
    assert (await raw.next())[3] == code


async def test_a_ticker_id_in_use_and_a_line_too_many_are_refused_until_one_is_freed(house: House) -> None:
    raw = await house.connect()
    for request_id in (1, 2, 3, 4, 5, 5, 6):
        raw.write(*market_data(request_id, FUTURE))
    refused = [fields[2:4] for fields in await raw.settle() if fields[0] == "4"]
    assert refused == [["5", "322"], ["6", "101"]]
    raw.write("2", "2", "1")
    raw.write(*market_data(6, FUTURE))
    assert [fields for fields in await raw.settle() if fields[0] == "4"] == []


async def test_a_calendar_spread_is_quoted_from_its_legs(house: House) -> None:
    march = Quote(bid=15.0, ask=15.05, bid_size=80.0, ask_size=40.0)
    house.market.quotes = {
        VX_MARCH.con_id: march,
        VX_APRIL.con_id: Quote(bid=16.0, ask=16.1, bid_size=9.0, ask_size=8.0),
    }
    raw = await house.connect()
    bag = ["0", "VIX", "BAG", "", "0", "", "", "CFE", "", "USD", "", ""]
    legs = ["2", str(VX_MARCH.con_id), "1", "SELL", "CFE", str(VX_APRIL.con_id), "2", "BUY", "CFE"]
    raw.write("1", "11", "3", *bag, *legs, "0", "", "0", "0", "")
    assert prices(await raw.settle()) == {1: ("16.95", "4"), 2: ("17.2", "4")}


async def test_a_client_that_has_gone_is_no_longer_fed(house: House) -> None:
    raw = await house.connect()
    raw.write(*market_data(3, FUTURE))
    await raw.settle()
    raw.writer.close()
    await raw.writer.wait_closed()
    house.gateway.advance(START + timedelta(minutes=2))
    second = await house.connect(1)
    second.write(*market_data(3, FUTURE))
    assert prices(await second.settle())[1] == ("15.1", "80")
