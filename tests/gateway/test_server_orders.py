"""Orders over the wire: status, fills, positions, what-ifs, rejects, lists, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.gateway.messages.order import OPEN_ORDER, PLACE_ORDER
from tests.gateway.fakes_gateway import START, VX_APRIL, VX_MARCH
from tests.gateway.raw_gateway import House, Raw, cut

UNSET = "1.7976931348623157E308"


def place(raw: Raw, order_id: int, **more: Any) -> None:
    values = {
        "orderId": order_id,
        "conId": VX_MARCH.con_id,
        "secType": "FUT",
        "exchange": "CFE",
        "action": "BUY",
        "totalQuantity": 3.0,
        "orderType": "LMT",
        "lmtPrice": 14.5,
        "tif": "DAY",
        "orderRef": "r-1",
        "transmit": True,
    }
    raw.write(*cut(PLACE_ORDER.build(values | more, raw_version(raw))))


def raw_version(raw: Raw) -> int:
    return int(raw.greeting[0])


def opened(fields: list[str], version: int = 176) -> dict[str, Any]:
    return OPEN_ORDER.parse(fields, version)


async def test_a_new_order_is_acknowledged_with_open_order_then_status(house: House) -> None:
    raw = await house.connect()
    place(raw, 5)
    frames = await raw.settle()
    assert [fields[0] for fields in frames] == ["5", "3"]
    echo = opened(frames[0])
    assert (echo["orderId"], echo["clientId"], echo["permId"], echo["status"]) == (5, 1, 900, "Submitted")
    assert (echo["orderRef"], echo["tif"], echo["right"], echo["account"]) == ("r-1", "DAY", "?", "DU1234567")
    assert frames[1] == ["3", "5", "Submitted", "0", "3", "0", "900", "0", "0", "1", "", "0"]


async def test_a_partial_fill_brings_execution_commission_status_and_position(house: House) -> None:
    raw = await house.connect()
    raw.write("61", "1")
    place(raw, 5)
    await raw.settle()
    house.exchange.fill_next = 1.0
    house.gateway.advance(START + timedelta(seconds=5))
    frames = await raw.settle()
    assert [fields[0] for fields in frames] == ["11", "59", "5", "3", "61"]
    execution, commission, _, status, position = frames
    assert execution[1:3] == ["-1", "5"]
    assert execution[15] == "20180205 09:30:05 US/Eastern"
    assert commission[2:6] == [execution[14], "2.36", "USD", UNSET]
    assert status[2:6] == ["Submitted", "1", "2", "14.5"]
    assert position[2:4] == ["DU1234567", str(VX_MARCH.con_id)]
    assert (position[10], position[14], position[15]) == ("", "1", "14500")


async def test_positions_multi_is_pushed_after_a_fill_too(house: House) -> None:
    raw = await house.connect()
    raw.write("74", "1", "8", "DU1234567", "")
    frames = await raw.until(72)
    assert [fields[0] for fields in frames] == ["71", "72"]
    place(raw, 5, orderType="MKT", lmtPrice=None)
    frames = await raw.settle()
    assert ["71", "1", "8", "DU1234567", str(VX_MARCH.con_id)] in [fields[:5] for fields in frames]


async def test_only_the_owner_hears_of_an_order_but_all_may_list_it(house: House) -> None:
    owner, other = await house.connect(1), await house.connect(2)
    place(owner, 5)
    await owner.settle()
    assert await other.settle() == []
    other.write("5", "1")
    assert await other.settle() == [["53", "1"]]
    other.write("16", "1")
    assert [fields[0] for fields in await other.settle()] == ["5", "3", "53"]


async def test_an_order_outlives_its_connection_and_is_listed_to_the_same_client_later(house: House) -> None:
    first = await house.connect(3)
    place(first, 41, scaleTable="", ocaGroup="together")
    await first.settle()
    first.writer.close()
    await first.writer.wait_closed()
    house.gateway.advance(START + timedelta(seconds=5))
    again = await house.connect(3, version=170)
    assert again.welcome[1] == ["9", "1", "42"]
    again.write("5", "1")
    frames = await again.settle()
    assert opened(frames[0], 170)["ocaGroup"] == "together"


async def test_a_change_is_echoed_under_the_same_permanent_id(house: House) -> None:
    raw = await house.connect()
    place(raw, 5)
    place(raw, 5, lmtPrice=14.75)
    frames = await raw.settle()
    assert [opened(fields)["permId"] for fields in frames if fields[0] == "5"] == [900, 900]
    assert opened(frames[-2])["lmtPrice"] == 14.75


async def test_a_cancel_ends_in_status_and_202_and_an_unknown_one_in_10147(house: House) -> None:
    raw = await house.connect()
    place(raw, 5)
    raw.write("4", "1", "5", "")
    frames = (await raw.settle())[2:]
    assert [fields[0] for fields in frames] == ["5", "3", "4"]
    assert frames[1][2] == "Cancelled"
    assert frames[2][2:4] == ["5", "202"]
    raw.write("4", "1", "77", "")
    assert (await raw.next())[2:4] == ["77", "10147"]


async def test_a_global_cancel_reaches_every_client(house: House) -> None:
    first, second = await house.connect(1), await house.connect(2)
    place(first, 5)
    place(second, 5)
    await second.settle()
    await first.settle()
    first.write("58", "1")
    assert (await first.settle())[1][2] == "Cancelled"
    assert (await second.settle())[1][2] == "Cancelled"


async def test_a_reject_is_201_then_inactive(house: House) -> None:
    raw = await house.connect()
    place(raw, 5, totalQuantity=5000.0)
    frames = await raw.settle()
    assert [fields[0] for fields in frames] == ["4", "5", "3"]
    assert frames[0][2:4] == ["5", "201"]
    assert frames[2][2] == "Inactive"


async def test_a_what_if_is_one_open_order_with_margins_and_leaves_nothing_behind(house: House) -> None:
    raw = await house.connect()
    place(raw, 5, whatIf=True)
    (frame,) = await raw.settle()
    answer = opened(frame)
    assert (answer["whatIf"], answer["permId"], answer["initMarginChange"], answer["equityWithLoanAfter"]) == (
        True,
        0,
        4,
        9,
    )
    assert answer["commission"] == 2.36
    raw.write("8", "1", "1")
    assert await raw.next() == ["9", "1", "1"]


async def test_margins_of_a_real_order_are_unset(house: House) -> None:
    raw = await house.connect()
    place(raw, 5)
    frames = await raw.settle()
    assert frames[0].count(UNSET) == 9 + 6  # margins, then trigger, trail and adjusted prices


async def test_executions_are_filtered_and_end_with_their_request_id(house: House) -> None:
    raw = await house.connect()
    place(raw, 5, orderType="MKT", lmtPrice=None)
    await raw.settle()
    for words, count in (
        (["0", "", "", "", "", "", ""], 1),
        (["1", "DU1234567", "20180205 09:00:00 US/Eastern", "VIX", "FUT", "CFE", "BUY"], 1),
        (["2", "", "", "", "", "", ""], 0),
        (["0", "", "20180205-14:30:01", "", "", "", ""], 0),
        (["0", "", "", "", "", "", "SELL"], 0),
    ):
        raw.write("7", "3", "30", *words)
        frames = await raw.settle()
        assert [fields[0] for fields in frames] == ["11", "59"] * count + ["55"]
        assert all(fields[1] == "30" for fields in frames if fields[0] == "11")


async def test_done_orders_are_listed_without_order_ids(house: House) -> None:
    raw = await house.connect()
    place(raw, 5, orderType="MKT", lmtPrice=None)
    await raw.settle()
    raw.write("99", "0")
    frames = await raw.settle()
    assert [fields[0] for fields in frames] == ["101", "102"]
    assert "Filled Size: 3" in frames[0]


async def test_a_spread_reaches_the_exchange_with_its_legs(house: House) -> None:
    raw = await house.connect()
    legs = [
        {"conId": VX_MARCH.con_id, "ratio": 1, "action": "SELL", "exchange": "CFE"},
        {"conId": VX_APRIL.con_id, "ratio": 2, "action": "BUY", "exchange": "CFE"},
    ]
    place(raw, 5, conId=None, symbol="VIX", secType="BAG", legs=legs)
    frames = await raw.settle()
    (seen,) = house.exchange.requests
    assert [(leg.con_id, leg.ratio, leg.action) for leg in seen.legs] == [
        (VX_MARCH.con_id, 1, "SELL"), (VX_APRIL.con_id, 2, "BUY"),
    ]  # fmt: skip
    echo = opened(frames[0])
    assert (echo["secType"], len(echo["legs"])) == ("BAG", 2)
    assert echo["comboLegsDescription"] == f"{VX_MARCH.con_id}|-1,{VX_APRIL.con_id}|2"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"conId": 1}, "200"),
        ({"exchange": ""}, "321"),
        ({"conId": None, "symbol": "VIX"}, "200"),
        ({"tif": "GTD", "goodTillDate": "tomorrow"}, "321"),
        ({"secType": "BAG", "legs": []}, "321"),
        ({"secType": "BAG", "legs": [{"conId": 1, "ratio": 1, "action": "BUY"}]}, "200"),
        ({"secType": "BAG", "legs": [{"conId": 1, "ratio": 0, "action": "BUY"}]}, "321"),
    ],
)
async def test_an_order_that_cannot_be_read_is_refused_before_the_exchange(
    house: House, more: dict[str, Any], code: str
) -> None:
    raw = await house.connect()
    place(raw, 5, **more)
    assert (await raw.next())[2:4] == ["5", code]
    assert house.exchange.requests == []


async def test_only_client_zero_may_bind_manual_orders(house: House) -> None:
    other, zero = await house.connect(1), await house.connect(0)
    other.write("15", "1", "1")
    assert (await other.next())[3] == "321"
    zero.write("15", "1", "1")
    assert await zero.settle() == []


async def test_a_refused_second_use_of_an_order_id_leaves_the_first_orders_echo_alone(house: House) -> None:
    raw = await house.connect()
    place(raw, 5, ocaGroup="first")
    await raw.settle()
    place(raw, 5, ocaGroup="what if", whatIf=True)
    await raw.settle()
    raw.write("5", "1")
    frames = await raw.settle()
    assert opened(frames[0])["ocaGroup"] == "first"
