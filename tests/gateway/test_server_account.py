"""The account over the wire: values, summaries, portfolio, profit and loss, and what is pushed when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.gateway.messages.order import PLACE_ORDER
from tests.gateway.fakes_gateway import PUT, START, VX_MARCH
from tests.gateway.raw_gateway import House, Raw, cut

BUY = {
    "orderId": 1, "conId": VX_MARCH.con_id, "secType": "FUT", "exchange": "CFE", "action": "BUY", "totalQuantity": 1.0,
    "orderType": "MKT", "tif": "DAY",
}  # fmt: skip


def tags(frames: list[list[str]], message_id: int, at: int) -> list[str]:
    return [fields[at] for fields in frames if fields[0] == str(message_id)]


async def trade(house: House, raw: Raw) -> list[list[str]]:
    raw.write(*cut(PLACE_ORDER.build(BUY, 176)))
    await raw.settle()
    house.gateway.advance(house.market.now + timedelta(seconds=5))
    return await raw.settle()


async def test_positions_are_listed_without_exchange_and_then_ended(house: House) -> None:
    raw = await house.connect()
    raw.write("61", "1")
    position, end = await raw.until(62)
    assert position[3:6] == [str(PUT.con_id), "SPX", "OPT"]
    assert (position[10], position[14], position[15]) == ("", "-2", "1150")
    assert end == ["62", "1"]


async def test_after_cancel_positions_are_no_longer_pushed(house: House) -> None:
    raw = await house.connect()
    raw.write("61", "1")
    raw.write("64", "1")
    await raw.settle()
    assert tags(await trade(house, raw), 61, 0) == []


async def test_account_updates_bring_values_portfolio_time_and_an_end(house: House) -> None:
    raw = await house.connect()
    raw.write("6", "2", "1", "DU1234567")
    frames = await raw.until(54)
    assert tags(frames, 6, 2) == [
        "NetLiquidation", "FullInitMarginReq", "LookAheadInitMarginReq", "CashBalance", "AccountType",
    ]  # fmt: skip
    (held,) = [fields for fields in frames if fields[0] == "7"]
    assert held[13:] == ["-2", "11.5", "-2300", "1150", "2", "3", "DU1234567"]
    assert frames[-2:] == [["8", "1", "09:30"], ["54", "1", "DU1234567"]]


async def test_after_a_trade_only_the_values_that_changed_are_sent(house: House) -> None:
    raw = await house.connect()
    raw.write("6", "2", "1", "")
    raw.write("62", "1", "9", "All", "NetLiquidation,FullInitMarginReq")
    await raw.settle()
    house.gateway.advance(START + timedelta(minutes=2))
    assert await raw.settle() == []
    frames = await trade(house, raw)
    assert tags(frames, 6, 2) == ["NetLiquidation"]
    assert tags(frames, 63, 4) == ["NetLiquidation"]
    raw.write("6", "2", "0", "")
    raw.write("63", "1", "9")
    raw.write(*cut(PLACE_ORDER.build(BUY | {"orderId": 2}, 176)))
    await raw.settle()
    house.gateway.advance(house.market.now + timedelta(minutes=4))
    assert await raw.settle() == []


async def test_a_summary_holds_the_tags_asked_for_and_the_ledger_on_request(house: House) -> None:
    raw = await house.connect()
    raw.write("62", "1", "9", "All", "NetLiquidation,LookAheadInitMarginReq")
    assert tags(await raw.until(64), 63, 4) == ["NetLiquidation", "LookAheadInitMarginReq"]
    raw.write("62", "1", "10", "All", "AccountType,$LEDGER:ALL")
    assert tags(await raw.until(64), 63, 4) == ["CashBalance", "AccountType"]


async def test_updates_multi_can_be_narrowed_to_ledger_and_net_liquidation(house: House) -> None:
    raw = await house.connect()
    raw.write("76", "1", "9", "DU1234567", "", "1")
    assert tags(await raw.until(74), 73, 5) == ["NetLiquidation", "CashBalance"]


async def test_profit_and_loss_is_sent_at_once_and_when_it_changes_until_cancelled(house: House) -> None:
    raw = await house.connect()
    raw.write("92", "9", "DU1234567", "")
    raw.write("94", "10", "DU1234567", "", str(PUT.con_id))
    assert await raw.settle() == [["94", "9", "0", "2", "3"], ["95", "10", "-2", "0", "2", "3", "-2300"]]
    house.gateway.advance(START + timedelta(seconds=15))
    assert [fields[:3] for fields in await raw.settle() if fields[0] == "94"][-1] == ["94", "9", "0.25"]
    raw.write("93", "9")
    raw.write("95", "10")
    await raw.settle()
    house.gateway.advance(START + timedelta(seconds=30))
    assert await raw.settle() == []


@pytest.mark.parametrize(
    "fields",
    [["6", "2", "1", "DU9"], ["92", "9", "DU9", ""], ["74", "1", "9", "DU9", ""], ["62", "1", "9", "All", " "]],
)
async def test_an_unknown_account_or_an_empty_list_of_tags_is_refused(house: House, fields: list[str]) -> None:
    raw = await house.connect()
    raw.write(*fields)
    assert (await raw.next())[3] == "321"
