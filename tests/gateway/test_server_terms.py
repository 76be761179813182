"""An order whose terms are not modelled is refused; nothing trades as if they had not been there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.gateway.exchange import SimulatedExchange
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import VX_MARCH, FakeMarket
from tests.gateway.raw_gateway import House, cut

BUY: dict[str, Any] = {
    "orderId": 1, "conId": VX_MARCH.con_id, "secType": "FUT", "exchange": "CFE", "action": "BUY", "totalQuantity": 1.0,
    "orderType": "LMT", "lmtPrice": 15.0, "tif": "DAY", "transmit": True,
}  # fmt: skip
CONDITION = {"condType": "3", "conjunction": "a", "isMore": True, "time": "20180205 15:00:00"}


@pytest_asyncio.fixture
async def trading() -> AsyncIterator[House]:
    """Give a gateway over the exchange that matches orders."""
    market = FakeMarket()
    exchange = SimulatedExchange(market)
    gateway = Gateway(market, exchange)
    opened = House(market=market, exchange=exchange, gateway=gateway, port=await gateway.start(0))  # type: ignore[arg-type]
    yield opened
    for raw in opened.raws:
        raw.writer.close()
    await gateway.stop()


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ({"conditions": [CONDITION]}, "conditions"),
        ({"algoStrategy": "Adaptive", "algoParams": [{"tag": "adaptivePriority", "value": "Normal"}]}, "algorithms"),
        ({"goodAfterTime": "20180205 15:00:00"}, "a time to begin"),
        ({"minQty": 5}, "a least quantity"),
        ({"allOrNone": True}, "all or none"),
        ({"discretionaryAmt": 0.1}, "a discretionary amount"),
        ({"adjustedOrderType": "TRAIL"}, "adjusted stops"),
        ({"hedgeType": "D"}, "attached hedges"),
        ({"scalePriceIncrement": 0.05}, "scale orders"),
        ({"faGroup": "All"}, "allocation to a group"),
        ({"faMethod": "NetLiq"}, "allocation by a method"),
        ({"faPercentage": "50"}, "allocation by a percentage"),
        ({"cashQty": 1000.0}, "quantities in cash"),
    ],
)
async def test_an_order_with_terms_that_are_not_modelled_is_refused(
    trading: House, terms: dict[str, Any], named: str
) -> None:
    raw = await trading.connect()
    raw.write(*cut(PLACE_ORDER.build(BUY | terms, 176)))
    (error,) = await raw.settle()
    assert error[2:4] == ["1", "387"]
    assert error[4].endswith(f"Not modelled: {named}.")


async def test_terms_left_unset_in_every_way_clients_know_are_no_terms(trading: House) -> None:
    raw = await trading.connect()
    unset = {"minQty": 2147483647, "discretionaryAmt": 0.0, "cashQty": 1.7976931348623157e308}
    raw.write(*cut(PLACE_ORDER.build(BUY | unset, 176)))
    answers = await raw.settle()
    assert {fields[0] for fields in answers} == {"5", "3"}
