"""Real-time bars, single ticks, market depth and histograms come in the frames that client libraries expect."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.records import Quote, Rung
from bot.gateway.requests.ladder import changes
from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import ADVANCERS, PUT, SPX, START, VX_MARCH, FakeExchange, FakeMarket
from tests.gateway.raw_gateway import House, Raw

VX = (str(VX_MARCH.con_id), "VIX", "FUT", "20180321", "0.0", "", "1000", "CFE", "", "USD", "VXH8", "VX")
SPX_FIELDS = (str(SPX.con_id), "SPX", "IND", "", "0.0", "", "", "CBOE", "", "USD", "", "")
BREADTH = (str(ADVANCERS.con_id), "AD-NYSE", "IND", "", "0.0", "", "", "NYSE", "", "USD", "", "")
OPTION = (str(PUT.con_id), "SPX", "OPT", "20180316", "2600.0", "P", "100", "SMART", "", "USD", "", "SPXW")
SECOND = timedelta(seconds=1)


def by_id(frames: list[list[str]], *message_ids: int) -> list[list[str]]:
    return [fields for fields in frames if int(fields[0]) in message_ids]


def real_time_bars(raw: Raw, request_id: int = 7, *, what: str = "TRADES", contract: tuple[str, ...] = VX) -> None:
    raw.write("50", "3", str(request_id), *contract, "5", what, "0", "")


async def test_a_real_time_bar_comes_once_its_five_seconds_are_over(house: House) -> None:
    raw = await house.connect()
    real_time_bars(raw)
    assert await raw.settle() == []
    house.gateway.advance(START + 4 * SECOND)
    assert await raw.settle() == []
    house.gateway.advance(START + 10 * SECOND)
    first, second = await raw.settle()
    epoch = int(START.timestamp())
    close = str(3 * 24 * 720 + 1)  # the fake's close counts the five seconds since three days before
    assert first == ["50", "3", "7", str(epoch), "1", close, "1", close, "5", "2", "3"]
    assert (second[3], second[7]) == (str(epoch + 5), str(3 * 24 * 720 + 2))


async def test_a_bar_in_which_nothing_ticked_repeats_the_last_price_without_volume(house: House) -> None:
    raw = await house.connect()
    real_time_bars(raw)
    assert await raw.settle() == []
    market = house.market
    market.bars = lambda con_id, what, start, end, step_s, rth: ()  # type: ignore[method-assign, misc]
    house.gateway.advance(START + 5 * SECOND)
    close = str(3 * 24 * 720)
    assert await raw.settle() == [
        ["50", "3", "7", str(int(START.timestamp())), close, close, close, close, "0", close, "0"]
    ]


async def test_bars_of_middles_have_no_volume(house: House) -> None:
    raw = await house.connect()
    real_time_bars(raw, what="MIDPOINT")
    assert await raw.settle() == []
    house.gateway.advance(START + 5 * SECOND)
    assert [fields[8:] for fields in await raw.settle()] == [["-1", "-1", "-1"]]


@pytest.mark.parametrize(
    ("what", "contract", "code"),
    [
        ("NONSENSE", VX, "420"),
        ("TRADES", BREADTH, "420"),  # an index without trades
        ("TRADES", ("0", "NOSUCH", "FUT", "", "0.0", "", "", "CFE", "", "USD", "", ""), "200"),
        ("TRADES", ("0", "VIX", "FUT", "", "0.0", "", "", "CFE", "", "USD", "", ""), "200"),  # two monthlies fit
    ],
)
async def test_real_time_bars_are_refused_by_code(
    house: House, what: str, contract: tuple[str, ...], code: str
) -> None:
    raw = await house.connect()
    real_time_bars(raw, what=what, contract=contract)
    assert (await raw.next())[2:4] == ["7", code]


async def test_a_feed_ends_when_it_is_cancelled_and_not_twice(house: House) -> None:
    raw = await house.connect()
    real_time_bars(raw)
    real_time_bars(raw)
    assert (await raw.next())[2:4] == ["7", "322"]
    raw.write("51", "1", "7")
    assert await raw.settle() == []
    house.gateway.advance(START + 60 * SECOND)
    assert await raw.settle() == []
    raw.write("51", "1", "7")
    assert (await raw.next())[2:4] == ["7", "300"]


async def test_quotes_and_bars_share_the_lines_of_the_login(house: House) -> None:
    first, second = await house.connect(1), await house.connect(2)
    for request_id in range(3):
        real_time_bars(first, request_id)
    for request_id in range(10, 13):
        second.write("1", "11", str(request_id), *VX, "0", "", "0", "0", "")
    refused = by_id(await second.settle(), 4)
    assert [fields[2:4] for fields in refused] == [["12", "101"]]  # the house has five lines
    second.write("1", "11", "20", *VX, "0", "", "1", "0", "")
    assert by_id(await second.settle(), 4) == []  # a snapshot takes none
    first.write("51", "1", "0")
    assert await first.settle() == []
    second.write("1", "11", "13", *VX, "0", "", "0", "0", "")
    assert by_id(await second.settle(), 4) == []
    real_time_bars(first, 5)
    assert (await first.next())[2:4] == ["5", "101"]


async def test_a_client_that_leaves_gives_its_lines_back(house: House) -> None:
    first, second = await house.connect(1), await house.connect(2)
    for request_id in range(5):
        real_time_bars(first, request_id)
    assert await first.settle() == []
    first.writer.close()
    await first.writer.wait_closed()
    for _ in range(50):
        if 1 not in house.gateway.traffic():
            break
        await second.settle()
    real_time_bars(second, 1)
    assert await second.settle() == []


def tick_by_tick(raw: Raw, kind: str, *, count: int = 0, contract: tuple[str, ...] = VX, request_id: int = 8) -> None:
    raw.write("97", str(request_id), *contract, kind, str(count), "0")


async def test_quotes_come_tick_by_tick_at_once_and_when_they_change(house: House) -> None:
    raw = await house.connect()
    tick_by_tick(raw, "BidAsk")
    epoch = int(START.timestamp())
    assert await raw.settle() == [["99", "8", "3", str(epoch), "15", "15.05", "80", "40", "0"]]
    house.gateway.advance(START + 30 * SECOND)
    assert await raw.settle() == []
    house.gateway.advance(START + 60 * SECOND)
    assert await raw.settle() == [["99", "8", "3", str(epoch + 60), "15.05", "15.1", "80", "40", "0"]]


async def test_a_trade_is_told_with_the_size_by_which_the_volume_grew(house: House) -> None:
    raw = await house.connect()
    tick_by_tick(raw, "AllLast")
    assert await raw.settle() == []  # what has traded before is no tick
    house.gateway.advance(START + 60 * SECOND)
    assert await raw.settle() == []  # another price without volume is no trade
    house.market.quotes[VX_MARCH.con_id] = Quote(last=15.2, last_size=1.0, volume=1007.0)
    house.gateway.advance(START + 65 * SECOND)
    (tick,) = await raw.settle()
    assert tick == ["99", "8", "2", str(int(START.timestamp()) + 65), "15.2", "7", "0", "CFE", ""]


async def test_an_index_trades_when_its_last_changes(house: House) -> None:
    raw = await house.connect()
    tick_by_tick(raw, "Last", contract=SPX_FIELDS)
    assert await raw.settle() == []
    house.gateway.advance(START + 60 * SECOND)
    (tick,) = await raw.settle()
    assert tick[:6] == ["99", "8", "1", str(int(START.timestamp()) + 60), "2700.05", "0"]


async def test_middles_come_alone(house: House) -> None:
    raw = await house.connect()
    tick_by_tick(raw, "MidPoint")
    assert await raw.settle() == [["99", "8", "4", str(int(START.timestamp())), "15.025"]]


async def test_ticks_of_the_past_come_first_when_they_are_asked_for(house: House) -> None:
    raw = await house.connect()
    tick_by_tick(raw, "AllLast", count=3)
    (past,) = await raw.settle()
    assert past[:3] == ["98", "8", "3"]
    assert past[-1] == "1"
    assert [int(past[at]) for at in (3, 9, 15)] == [int(START.timestamp()) - ago for ago in (15, 10, 5)]


@pytest.mark.parametrize(
    ("kind", "contract", "code"),
    [("Nothing", VX, "10189"), ("BidAsk", SPX_FIELDS, "10189"), ("Last", OPTION, "10189")],
)
async def test_ticks_that_cannot_be_had_are_refused(
    house: House, kind: str, contract: tuple[str, ...], code: str
) -> None:
    raw = await house.connect()
    tick_by_tick(raw, kind, contract=contract)
    assert (await raw.next())[2:4] == ["8", code]


async def test_only_five_streams_of_ticks_are_open_at_once(house: House) -> None:
    raw = await house.connect()
    for request_id in range(6):
        tick_by_tick(raw, "Last", request_id=request_id)
    assert (await raw.next())[2:4] == ["5", "10190"]
    raw.write("98", "0")
    tick_by_tick(raw, "Last", request_id=5)
    assert await raw.settle() == []
    raw.write("98", "77")
    assert (await raw.next())[2:4] == ["77", "300"]


def past_ticks(raw: Raw, what: str, *, begin: str = "", end: str = "", count: int = 2) -> None:
    raw.write("96", "9", *VX, "0", begin, end, str(count), what, "0", "0", "")


async def test_trades_of_the_past_come_from_a_start_on_or_up_to_an_end(house: House) -> None:
    raw = await house.connect()
    past_ticks(raw, "TRADES", begin="20180205 09:00:00 US/Eastern")
    nine = int(START.timestamp()) - 1800
    (first,) = await raw.settle()
    assert first[:5] == ["98", "9", "2", str(nine), "0"]
    assert first[6:9] == ["5", "CFE", ""]
    assert (first[9], first[-1]) == (str(nine + 5), "1")
    past_ticks(raw, "TRADES", end="20180205 09:00:00 US/Eastern")
    (last,) = await raw.settle()
    assert (last[3], last[9]) == (str(nine - 10), str(nine - 5))


async def test_quotes_and_middles_of_the_past_have_their_own_frames(house: House) -> None:
    raw = await house.connect()
    past_ticks(raw, "BID_ASK", begin="20180205-14:00:00", count=1)
    (quotes,) = await raw.settle()
    assert (quotes[0], len(quotes)) == ("97", 10)
    assert quotes[7:] == ["0", "0", "1"]  # the sizes of the past are not known
    past_ticks(raw, "MIDPOINT", begin="20180205-14:00:00", count=1)
    (middles,) = await raw.settle()
    assert (middles[0], len(middles), middles[4]) == ("96", 8, "0")


@pytest.mark.parametrize(
    ("what", "begin", "end", "count"),
    [
        ("NONSENSE", "20180205-14:00:00", "", 1),
        ("TRADES", "", "", 1),
        ("TRADES", "20180205-14:00:00", "20180205-15:00:00", 1),
        ("TRADES", "20180205-14:00:00", "", 1001),
        ("TRADES", "20180205-14:00:00", "", 0),
    ],
)
async def test_wrong_requests_for_past_ticks_are_refused(
    house: House, what: str, begin: str, end: str, count: int
) -> None:
    raw = await house.connect()
    past_ticks(raw, what, begin=begin, end=end, count=count)
    assert (await raw.next())[2:4] == ["9", "10187"]


async def test_the_future_has_no_ticks(house: House) -> None:
    raw = await house.connect()
    past_ticks(raw, "TRADES", begin="20180206-14:00:00")
    assert await raw.settle() == [["98", "9", "0", "1"]]


def depth(raw: Raw, *, rows: int = 3, smart: str = "0", contract: tuple[str, ...] = VX, request_id: int = 6) -> None:
    raw.write("10", "5", str(request_id), *contract, str(rows), smart, "")


async def test_depth_comes_row_by_row_and_then_what_changes(house: House) -> None:
    raw = await house.connect()
    depth(raw)
    frames = await raw.settle()
    assert frames[0] == ["12", "1", "6", "0", "0", "0", "15.05", "20"]  # row, insert, ask side
    assert [fields[3:6] for fields in frames] == [[str(row), "0", side] for side in ("0", "1") for row in range(3)]
    house.exchange.rungs = 2
    house.gateway.advance(START + 5 * SECOND)
    assert await raw.settle() == [["12", "1", "6", "2", "2", "0", "0", "0"]]
    house.gateway.advance(START + 60 * SECOND)
    moved = await raw.settle()
    assert [fields[3:6] for fields in moved] == [
        ["0", "1", "0"], ["1", "1", "0"], ["0", "1", "1"], ["1", "1", "1"], ["2", "1", "1"]
    ]  # fmt: skip
    raw.write("11", "1", "6", "0")
    assert await raw.settle() == []
    house.gateway.advance(START + 120 * SECOND)
    assert await raw.settle() == []
    raw.write("11", "1", "6", "0")
    assert (await raw.next())[2:4] == ["6", "310"]


async def test_smart_depth_names_the_exchange_of_each_row(house: House) -> None:
    raw = await house.connect()
    depth(raw, smart="1", contract=OPTION, rows=1)
    frames = await raw.settle()
    assert frames == [["13", "1", "6", "0", "CBOE", "0", "0", "12", "20", "1"]]


async def test_depth_of_an_index_and_a_fourth_ladder_are_refused(house: House) -> None:
    raw = await house.connect()
    depth(raw, contract=SPX_FIELDS)
    assert (await raw.next())[2:4] == ["6", "10092"]
    for request_id in range(4):
        depth(raw, request_id=request_id)
    refused = by_id(await raw.settle(), 4)
    assert [fields[2:4] for fields in refused] == [["3", "309"]]


RUNGS = st.lists(st.builds(Rung, price=st.integers(1, 5).map(float), size=st.integers(1, 3).map(float)), max_size=6)


@given(RUNGS, RUNGS)
def test_a_client_that_follows_the_changes_ends_up_with_the_book(before: list[Rung], after: list[Rung]) -> None:
    seen = list(before)
    for row, operation, rung in changes(tuple(before), tuple(after)):
        if operation == 0:
            seen.insert(row, rung)
        elif operation == 1:
            seen[row] = rung
        else:
            del seen[row]
    assert seen == after


async def test_a_histogram_adds_up_the_volume_at_each_price(house: House) -> None:
    raw = await house.connect()
    raw.write("88", "5", *VX, "0", "0", "10 minutes")
    (answer,) = await raw.settle()
    assert answer[:3] == ["89", "5", "10"]
    prices = [float(text) for text in answer[3::2]]
    assert prices == sorted(prices) and set(answer[4::2]) == {"5"}
    for wrong, contract in (("ten days", VX), ("10 minutes", BREADTH)):
        raw.write("88", "5", *contract, "0", "0", wrong)
        assert (await raw.next())[2:4] == ["5", "162"]


async def test_without_live_data_nothing_streams() -> None:
    market = FakeMarket()
    gateway = Gateway(market, FakeExchange(market), live_data=False)
    house = House(market=market, exchange=FakeExchange(market), gateway=gateway, port=await gateway.start(0))
    raw = await house.connect()
    real_time_bars(raw)
    tick_by_tick(raw, "Last")
    depth(raw)
    assert [fields[2:4] for fields in await raw.settle()] == [["7", "420"], ["8", "10189"], ["6", "354"]]
    raw.writer.close()
    await gateway.stop()
