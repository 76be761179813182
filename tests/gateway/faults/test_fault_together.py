"""Any faults together, whatever the client does: nothing raises, time goes on, and the exchange's books stay true."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from bot.gateway.errors import FaultError
from bot.gateway.faults import KINDS, Fault, check
from bot.gateway.messages import inbound
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.server import Gateway
from bot.gateway.session import Session
from tests.gateway.fakes_gateway import START, VX_MARCH, FakeExchange, FakeMarket
from tests.gateway.faults.stage_faults import ORDER
from tests.gateway.raw_gateway import cut

MINUTES = 12
NEEDED = {"frame": {"act": "drop"}, "bad-data": {"fields": ["bid"]}}
ASKED = {
    "reqId": 7, "orderId": 7, "conId": VX_MARCH.con_id, "secType": "FUT", "exchange": "CFE", "barSize": "5 mins",
    "duration": "1 D", "what": "TRADES", "formatDate": 2, "tags": "NetLiquidation", "type": 1, "ruleId": 335,
    "pattern": "S",
}  # fmt: skip
QUESTIONS = [message for message in inbound.REQUESTS.values() if message not in (inbound.START_API, PLACE_ORDER)]


def some_fault(draw: Random) -> Fault:
    """Return a fault of any kind that begins within the story, saying typical things."""
    while True:
        kind = KINDS[draw.choice(sorted(KINDS))]
        fault = Fault.of(kind.name, **NEEDED.get(kind.name, {})).but(at=f"+{draw.randrange(MINUTES * 60)}")
        for key in kind.keys.known:
            if key.typical and draw.random() < 0.5:
                fault = fault.but(**{key.name: draw.choice(key.typical)})
        try:
            return check(fault)
        except FaultError:
            continue


def connected(gateway: Gateway, client_id: int) -> Session:
    session = Session(gateway)
    gateway.opened(session)
    session.version, session.client_id = 176, client_id
    return session


def chat(draw: Random, gateway: Gateway, session: Session, order_id: int) -> None:
    """Say something that a client might say."""
    if draw.random() < 0.4:
        more = {"orderId": order_id, "action": draw.choice(["BUY", "SELL"]), "whatIf": draw.random() < 0.2}
        terms = {"orderType": "MKT", "lmtPrice": None} if draw.random() < 0.5 else {}
        gateway.received(session, cut(PLACE_ORDER.build(ORDER | more | terms, 176)))
    elif draw.random() < 0.3:
        gateway.received(session, ["4", "1", str(order_id - 1), ""])
    else:
        message = draw.choice(QUESTIONS)
        gateway.received(session, cut(message.build(ASKED | {"reqId": order_id}, 176)))


@pytest.mark.parametrize("seed", range(60))
def test_faults_together_raise_nothing_and_leave_the_books_true(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    draw = Random(seed)
    market = FakeMarket()
    exchange = FakeExchange(market)
    faults = [some_fault(draw) for _ in range(draw.randint(2, 7))]
    gateway = Gateway(market, exchange, faults=faults, fault_seed=seed)
    sessions = [connected(gateway, 1), connected(gateway, 2)]
    held = exchange.held.get(VX_MARCH.con_id, 0.0)
    for minute in range(1, MINUTES + 1):
        for number in range(4):
            session = draw.choice(sessions)
            if not session.is_closed:
                chat(draw, gateway, session, minute * 10 + number)
        exchange.fill_next = float(draw.randint(0, 3))
        gateway.advance(START + timedelta(minutes=minute))
    gateway.advance(START + timedelta(hours=3))
    assert market.now == START + timedelta(hours=3)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    corrected = {fill.exec_id[:-2]: fill for fill in exchange.fills}  # the last of each
    signed = sum(fill.shares if fill.side == "BOT" else -fill.shares for fill in corrected.values())
    assert exchange.held.get(VX_MARCH.con_id, 0.0) == held + signed
