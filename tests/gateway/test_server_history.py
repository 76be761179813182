"""History and definitions over the wire: bars, feeds that stay up to date, lengths, hours, chains, rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.gateway.errors import RequestProblem
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.records import HistoryBar
from bot.gateway.requests.calendar_bars import joined
from bot.gateway.requests.spans import bar_seconds, duration
from bot.gateway.requests.times import parse_time
from tests.gateway.fakes_gateway import ADVANCERS, PUT, SPX, START, VX_APRIL, VX_MARCH
from tests.gateway.raw_gateway import House, cut


def history(request_id: int, **more: str) -> list[str]:
    asked = {
        "conId": str(VX_MARCH.con_id), "exchange": "CFE", "end": "", "size": "5 mins", "length": "1 D", "rth": "0",
        "what": "TRADES", "format": "2", "keep": "0",
    } | more  # fmt: skip
    contract = [asked["conId"], "", "", "", "0", "", "", asked["exchange"], "", "", "", "", "0"]
    tail = [asked[name] for name in ("end", "size", "length", "rth", "what", "format", "keep")]
    return ["20", str(request_id), *contract, *tail, ""]


async def test_bars_end_now_and_carry_eight_fields_each(house: House) -> None:
    house.gateway.advance(START + timedelta(minutes=12))
    raw = await house.connect()
    raw.write(*history(4))
    fields = await raw.next()
    assert fields[:5] == ["17", "4", "20180205 09:30:00 US/Eastern", "20180205 09:42:00 US/Eastern", "3"]
    bars = [fields[5 + 8 * index : 13 + 8 * index] for index in range(3)]
    assert [int(bar[0]) - int(START.timestamp()) for bar in bars] == [0, 300, 600]
    assert bars[0][5:] == ["5", "2", "3"]
    assert len(fields) == 5 + 24


async def test_two_days_are_two_sessions_over_the_weekend(house: House) -> None:
    house.gateway.advance(START + timedelta(minutes=5))
    raw = await house.connect()
    raw.write(*history(4, length="2 D", format="1"))
    fields = await raw.next()
    assert fields[2] == "20180202 09:30:00 US/Eastern"
    assert fields[5] == "20180202 08:30:00 US/Central"


async def test_daily_bars_are_dated_by_trade_date(house: House) -> None:
    house.gateway.advance(START + timedelta(minutes=5))
    raw = await house.connect()
    raw.write(*history(4, length="2 D", size="1 day"))
    fields = await raw.next()
    assert fields[5] == "20180202"


async def test_a_feed_sends_the_running_bar_as_it_changes_until_cancelled(house: House) -> None:
    house.gateway.advance(START + timedelta(minutes=4))
    raw = await house.connect()
    raw.write(*history(4, keep="1"))
    await raw.next()
    house.gateway.advance(START + timedelta(minutes=4, seconds=5))
    (update,) = await raw.settle()
    assert update[:2] == ["90", "4"]
    assert int(update[3]) == int(START.timestamp())
    house.gateway.advance(START + timedelta(minutes=6))
    begun = {int(fields[3]) - int(START.timestamp()) for fields in await raw.settle()}
    assert begun == {0, 300}
    raw.write("25", "1", "4")
    assert (await raw.next())[2:4] == ["4", "162"]
    house.gateway.advance(START + timedelta(minutes=8))
    assert await raw.settle() == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"size": "7 mins"}, "321"),
        ({"size": "1 week", "keep": "1"}, "321"),
        ({"size": "1 week", "what": "SCHEDULE", "length": "3600 S"}, "321"),
        ({"length": "1 fortnight"}, "321"),
        ({"length": "100000 S"}, "321"),
        ({"what": "RUMOURS"}, "321"),
        ({"format": "3"}, "321"),
        ({"end": "soon"}, "321"),
        ({"end": "20180205 09:30:00 Mars/Olympus"}, "321"),
        ({"end": "20180205-14:00:00", "keep": "1"}, "321"),
        ({"conId": "1"}, "200"),
        ({"conId": str(ADVANCERS.con_id), "exchange": "NYSE"}, "162"),
    ],
)
async def test_history_that_cannot_be_served_is_refused_with_ibs_code(
    house: House, more: dict[str, str], code: str
) -> None:
    raw = await house.connect()
    raw.write(*history(4, **more))
    assert (await raw.next())[2:4] == ["4", code]


async def test_cancelling_a_feed_that_is_not_there_is_366(house: House) -> None:
    raw = await house.connect()
    raw.write("25", "1", "4")
    assert (await raw.next())[2:4] == ["4", "366"]


async def test_the_head_of_history_is_told(house: House) -> None:
    house.gateway.advance(START + timedelta(minutes=5))
    raw = await house.connect()
    raw.write("87", "6", str(VX_MARCH.con_id), *[""] * 6, "CFE", *[""] * 4, "0", "0", "TRADES", "1")
    assert await raw.next() == ["88", "6", "20180202-14:30:00"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20180205 09:30:00 US/Eastern", START),
        ("20180205 09:30:00", START),
        ("20180205  09:30", START),
        ("20180205-14:30:00", START),
        ("20180205 14:30:00 UTC", START),
        ("20180205 08:30:00 CST", START),
        ("20180204", datetime(2018, 2, 5, 5, tzinfo=UTC)),
    ],
)
def test_instants_are_read_however_clients_write_them(text: str, at: datetime) -> None:
    assert parse_time(text) == at


def test_lengths_and_bar_sizes_are_read_or_refused() -> None:
    assert [bar_seconds(text) for text in ("5 secs", "1 min", "5 mins", "1 hour", "1 day")] == [5, 60, 300, 3600, 86400]
    assert duration("2 W").seconds == 14 * 86400
    for text in ("0 D", "-1 D", "1D", "D", "", "99999999 D"):
        with pytest.raises(RequestProblem):
            duration(text)


def details(*contract: str) -> list[str]:
    return ["9", "8", "55", *contract, "0", "", "", ""]


async def test_every_match_is_described_then_the_end(house: House) -> None:
    raw = await house.connect()
    raw.write(*details("0", "VIX", "FUT", "", "0", "", "", "CFE", "", "USD", "", ""))
    first, second, end = await raw.until(52)
    assert len(first) == 40
    assert first[1:5] == ["55", "VIX", "FUT", "20180321 08:30 US/Central"]
    assert [fields[12] for fields in (first, second)] == [str(VX_MARCH.con_id), str(VX_APRIL.con_id)]
    zone = first.index("US/Central")
    assert first[zone + 1].startswith("20180205:0830-20180205:1515;")
    assert end == ["52", "1", "55"]


async def test_old_versions_get_the_old_layout(house: House) -> None:
    raw = await house.connect(version=157)
    raw.write(*details("0", "VIX", "FUT", "201803", "0", "", "", "CFE", "", "USD", "", "")[:-1])
    first, _ = await raw.until(52)
    assert first[:4] == ["10", "8", "55", "VIX"]
    assert len(first) == 40 + 1 + 1 - 3


@pytest.mark.parametrize(
    ("contract", "code"),
    [
        (["0", "NOSUCH", "FUT", "", "0", "", "", "CFE", "", "USD", "", ""], "200"),
        (["0", "VIX", "", "", "0", "", "", "", "", "", "", ""], "321"),
        (["0", "", "FUT", "", "0", "", "", "", "", "", "", ""], "321"),
    ],
)
async def test_details_of_nothing_are_refused(house: House, contract: list[str], code: str) -> None:
    raw = await house.connect()
    raw.write(*details(*contract))
    assert (await raw.next())[2:4] == ["55", code]


async def test_chains_rules_and_symbols_are_told(house: House) -> None:
    raw = await house.connect()
    raw.write("78", "3", "SPX", "", "IND", str(SPX.con_id))
    raw.write("91", "335")
    raw.write("81", "4", "sp")
    chain, end, rule, symbols = await raw.settle()
    assert chain == [
        "75",
        "3",
        "CBOE",
        str(SPX.con_id),
        "SPXW",
        "100",
        "2",
        "20180316",
        "20180323",
        "2",
        "2600",
        "2605.5",
    ]
    assert end == ["76", "3"]
    assert rule == ["93", "335", "2", "0", "0.05", "3", "0.1"]
    assert symbols[:7] == ["79", "4", "1", str(SPX.con_id), "SPX", "IND", "CBOE"]
    assert PUT.sec_type in symbols


async def test_an_unknown_chain_or_rule_is_refused(house: House) -> None:
    raw = await house.connect()
    raw.write("78", "3", "SPX", "", "IND", "1")
    assert (await raw.next())[2:4] == ["3", "200"]
    raw.write("91", "1")
    assert (await raw.next())[2:4] == ["-1", "321"]


def day_bar(day: date, *, low: float, high: float, volume: float) -> HistoryBar:
    return HistoryBar(
        start=datetime(day.year, day.month, day.day, tzinfo=UTC),
        open=low,
        high=high,
        low=low,
        close=high,
        volume=volume,
        wap=(low + high) / 2,
        count=2,
    )


DAYS = [
    day_bar(date(2018, 1, 30), low=10.0, high=12.0, volume=100.0),
    day_bar(date(2018, 1, 31), low=11.0, high=15.0, volume=300.0),
    day_bar(date(2018, 2, 2), low=9.0, high=11.0, volume=0.0),
    day_bar(date(2018, 2, 5), low=20.0, high=30.0, volume=50.0),
]


def test_days_join_to_weeks_dated_by_their_last_day() -> None:
    first, second = joined(DAYS, bar_seconds("1 week"))
    assert (first.start, first.open, first.high, first.low, first.close) == (DAYS[2].start, 10.0, 15.0, 9.0, 11.0)
    assert (first.volume, first.wap, first.count) == (400.0, 12.5, 6)  # (11 x 100 + 13 x 300) / 400
    assert second.start == DAYS[3].start


def test_days_join_to_months_and_without_volume_every_day_weighs_the_same() -> None:
    january, february = joined(DAYS, bar_seconds("1 month"))
    assert (january.start, january.close) == (DAYS[1].start, 15.0)
    assert (february.start, february.low, february.high) == (DAYS[3].start, 9.0, 30.0)
    assert joined(DAYS[2:3], bar_seconds("1M"))[0].wap == 10.0


def test_days_stay_days() -> None:
    assert joined(DAYS, bar_seconds("1 day")) == DAYS


async def test_weekly_bars_come_by_their_last_day(house: House) -> None:
    raw = await house.connect()
    raw.write(*history(4, size="1 week", length="2 W", format="1"))
    fields = await raw.next()
    assert (fields[0], *fields[4:6]) == ("17", "1", "20180204")


async def test_a_schedule_lists_the_sessions_in_the_contracts_own_time(house: House) -> None:
    raw = await house.connect()
    raw.write(*history(4, size="1 day", length="2 D", what="SCHEDULE"))
    fields = await raw.next()
    assert fields[:6] == ["106", "4", "20180202-08:30:00", "20180205-15:15:00", "US/Central", "2"]
    assert fields[6:9] == ["20180202-08:30:00", "20180202-15:15:00", "20180202"]
    assert fields[9:] == ["20180205-08:30:00", "20180205-15:15:00", "20180205"]


async def test_a_client_too_old_to_read_a_schedule_is_refused_one(house: House) -> None:
    raw = await house.connect(version=164)
    raw.write(*history(4, size="1 day", length="2 D", what="SCHEDULE"))
    assert (await raw.next())[2:4] == ["4", "321"]


async def test_a_contract_named_by_an_isin_alone_is_not_found(house: House) -> None:
    raw = await house.connect()
    raw.write(
        "9", "8", "5", "0", "", "STK", "", "0", "", "", "SMART", "", "USD", "", "", "0", "ISIN", "US0378331005", ""
    )
    assert (await raw.next())[2:4] == ["5", "200"]


async def symbols(house: House, pattern: str) -> list[list[str]]:
    """Return symbol, kind and derivatives of what a search finds."""
    raw = await house.connect()
    raw.write("81", "5", pattern)
    fields = await raw.next()
    raw.writer.close()
    found, at = [], 3
    for _ in range(int(fields[2])):
        kinds = int(fields[at + 5])
        found.append([fields[at + 1], fields[at + 2], *fields[at + 6 : at + 6 + kinds]])
        at += 8 + kinds
    assert at == len(fields)
    return found


async def test_a_search_finds_symbols_and_words_of_names_with_what_is_derived(house: House) -> None:
    assert await symbols(house, "sp") == [["SPX", "IND", "OPT"]]
    assert await symbols(house, "stock ind") == [["SPX", "IND", "OPT"]]
    assert await symbols(house, "tock") == []
    assert await symbols(house, "") == []


async def test_the_continuous_future_is_the_front_month_and_cannot_be_traded(house: House) -> None:
    raw = await house.connect()
    contract = ["0", "VIX", "CONTFUT", "", "0", "", "", "CFE", "", "", "", ""]
    raw.write("9", "8", "5", *contract, "0", "", "", "")
    details, end = await raw.until(52)
    assert (details[2:5], end[0]) == (["VIX", "CONTFUT", "20180321 08:30 US/Central"], "52")
    raw.write("20", "6", *contract, "0", "", "1 day", "2 D", "1", "TRADES", "1", "0", "")
    assert (await raw.next())[:2] == ["17", "6"]
    carried = {"orderId": 1, "symbol": "VIX", "secType": "CONTFUT", "exchange": "CFE", "action": "BUY"}
    raw.write(*cut(PLACE_ORDER.build(carried | {"totalQuantity": 1.0, "orderType": "MKT", "transmit": True}, 176)))
    assert (await raw.next())[2:4] == ["1", "200"]
