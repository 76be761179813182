"""Whatever a connected client sends, it is answered or ignored; nothing it sends can raise."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gateway.messages import inbound
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.server import Gateway
from bot.gateway.session import Session
from tests.gateway.fakes_gateway import PUT, VX_MARCH, FakeExchange, FakeMarket
from tests.gateway.raw_gateway import cut

FIELD = st.one_of(
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "2147483647",
            "1.7976931348623157e308",
            "Infinity",
            "nan",
            "1e400",
            "9" * 5000,
            "BAG",
            "FUT",
        ]
    ),
    st.sampled_from(
        [str(VX_MARCH.con_id), str(PUT.con_id), "VIX", "CFE", "SMART", "1 D", "5 mins", "TRADES", "LMT", "BUY"]
    ),
    st.integers().map(str),
    st.text(st.characters(exclude_characters="\0"), max_size=12),
)
PLAUSIBLE = {
    "reqId": 7, "orderId": 7, "conId": VX_MARCH.con_id, "secType": "FUT", "exchange": "CFE", "barSize": "5 mins",
    "duration": "1 D", "what": "TRADES", "formatDate": 2, "action": "BUY", "totalQuantity": 1.0, "orderType": "LMT",
    "lmtPrice": 15.0, "tags": "NetLiquidation", "type": 1, "ruleId": 335, "pattern": "S",
}  # fmt: skip
REQUESTS = sorted(set(inbound.REQUESTS) - {inbound.START_API.id})


def opened(version: int) -> tuple[Gateway, Session]:
    market = FakeMarket()
    gateway = Gateway(market, FakeExchange(market))
    session = Session(gateway)
    session.version, session.client_id = version, 1
    gateway.opened(session)
    return gateway, session


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(REQUESTS), st.sampled_from([157, 170, 178]), st.data())
def test_a_known_request_with_any_fields_never_raises(message_id: int, version: int, data: st.DataObject) -> None:
    gateway, session = opened(version)
    values = PLAUSIBLE | ({"duration": None} if message_id == PLACE_ORDER.id else {})
    fields = cut(inbound.REQUESTS[message_id].build(values, version))
    for at in data.draw(st.sets(st.integers(1, max(1, len(fields) - 1)), max_size=4)):
        if at < len(fields):
            fields[at] = data.draw(FIELD)
    gateway.received(session, fields)
    assert not session.is_closed


@given(st.lists(FIELD, max_size=12))
def test_any_frame_never_raises(fields: list[str]) -> None:
    gateway, session = opened(176)
    if fields[:1] != ["71"]:
        gateway.received(session, fields)
    assert not session.is_closed
