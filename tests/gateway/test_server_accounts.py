"""A login with several accounts over the wire: the list, and orders, positions, values and profit by account."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.gateway.exchange import SimulatedExchange
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.records import OpeningAccount
from bot.gateway.requests.account import account_list
from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import VX_MARCH, FakeMarket
from tests.gateway.raw_gateway import House, Raw, cut

FIRST, SECOND = "DU1234567", "DU7654321"
BUY = {
    "conId": VX_MARCH.con_id, "secType": "FUT", "exchange": "CFE", "action": "BUY", "totalQuantity": 1.0,
    "orderType": "MKT", "tif": "DAY", "transmit": True,
}  # fmt: skip


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[House]:
    market = FakeMarket()
    exchange = SimulatedExchange(market, beside=(OpeningAccount(account=SECOND, cash=50_000.0),))
    gateway = Gateway(market, exchange)
    opened = House(market=market, exchange=exchange, gateway=gateway, port=await gateway.start(0))  # type: ignore[arg-type]
    yield opened
    for raw in opened.raws:
        raw.writer.close()
    await gateway.stop()


def of(frames: list[list[str]], message_id: int) -> list[list[str]]:
    return [fields for fields in frames if fields[0] == str(message_id)]


async def order(raw: Raw, order_id: int, account: str) -> list[list[str]]:
    raw.write(*cut(PLACE_ORDER.build(BUY | {"orderId": order_id, "account": account}, 176)))
    return await raw.settle()


def test_several_accounts_end_with_a_comma_and_one_does_not() -> None:
    assert account_list((FIRST,)) == FIRST
    assert account_list((FIRST, SECOND)) == f"{FIRST},{SECOND},"


async def test_the_list_comes_at_the_start_and_on_request(pair: House) -> None:
    raw = await pair.connect()
    assert raw.welcome[0] == ["15", "1", f"{FIRST},{SECOND},"]
    raw.write("17", "1")
    assert await raw.next() == ["15", "1", f"{FIRST},{SECOND},"]


async def test_an_order_trades_for_its_account_and_says_so_everywhere(pair: House) -> None:
    raw = await pair.connect()
    raw.write("61", "1")
    await raw.settle()
    frames = await order(raw, 1, SECOND)
    (execution,) = of(frames, 11)
    assert execution[16] == SECOND
    (position,) = of(frames, 61)
    assert position[2] == SECOND
    opened = of(frames, 5)[0]
    assert SECOND in opened and FIRST not in opened


async def test_an_order_without_an_account_is_refused_when_there_are_several(pair: House) -> None:
    raw = await pair.connect()
    (error,) = await order(raw, 1, "")
    assert error[2:5] == ["1", "435", "You must specify an account."]


async def test_values_positions_and_profit_are_told_by_account(pair: House) -> None:
    raw = await pair.connect()
    await order(raw, 1, SECOND)
    raw.write("6", "2", "1", SECOND)
    frames = await raw.settle()
    assert {fields[5] for fields in of(frames, 6)} == {SECOND}
    assert {fields[-1] for fields in of(frames, 7)} == {SECOND}
    assert of(frames, 54) == [["54", "1", SECOND]]
    raw.write("62", "1", "9", "All", "TotalCashValue")
    frames = await raw.settle()
    cash = {fields[3]: float(fields[5]) for fields in of(frames, 63)}
    assert cash[FIRST] == 1e6 and 49_000 < cash[SECOND] < 50_000
    raw.write("74", "1", "10", FIRST, "")
    raw.write("74", "1", "11", SECOND, "")
    frames = await raw.settle()
    assert [fields[2:4] for fields in of(frames, 71)] == [["11", SECOND]]
    raw.write("94", "12", SECOND, "", str(VX_MARCH.con_id))
    raw.write("94", "13", FIRST, "", str(VX_MARCH.con_id))
    assert [fields[1:3] for fields in of(await raw.settle(), 95)] == [["12", "1"], ["13", "0"]]


async def test_an_unknown_account_is_refused(pair: House) -> None:
    raw = await pair.connect()
    raw.write("92", "7", "DU999", "")
    (error,) = await raw.settle()
    assert error[2:4] == ["7", "321"]


async def test_executions_can_be_asked_for_by_account(pair: House) -> None:
    raw = await pair.connect()
    await order(raw, 1, FIRST)
    await order(raw, 2, SECOND)
    raw.write("7", "3", "8", "0", SECOND, "", "", "", "", "")
    executions = of(await raw.settle(), 11)
    assert [fields[2] for fields in executions] == ["2"]
