"""Orders that the broker refuses or keeps quiet about: a human hears of each, and a second like it stops opening."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.alarm import REFUSED
from bot.broker.port import Instrument, OrderTicket
from bot.clock import SteppedClock
from bot.orders.life import Execution, Life, Order
from bot.watch.outcomes import Outcomes
from bot.watch.pages import Severity
from strategies.alvh.records import Side

NOW = datetime(2024, 5, 24, 13, 35, 5, tzinfo=UTC)
MINI = Instrument(con_id=1, symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VXM")


@dataclass
class Desk:
    """Hold the orders that are looked at, and what was said of them."""

    def __post_init__(self) -> None:
        self.clock = SteppedClock(NOW)
        self.orders: dict[str, Order] = {}
        self.alerts: list[tuple[str, Severity]] = []
        self.locks: list[tuple[str, str]] = []
        self.outcomes = Outcomes(self, self.clock, lambda: self.orders)  # type: ignore[arg-type]

    def alert(self, why: str, severity: Severity = Severity.WARNING) -> None:
        self.alerts.append((why, severity))

    def lock(self, name: str, why: str) -> None:
        self.locks.append((name, why))

    def order(self, ref: str, life: Life, **said: Any) -> None:
        side = said.pop("side", Side.BUY)
        ticket = OrderTicket(ref=ref, account="DU1", instrument=MINI, side=side, quantity=3, limit=Decimal("19.2"))
        at = self.clock.now()
        self.orders[ref] = Order(ref=ref, proposal=None, ticket=ticket, intended_at=at, limit=ticket.limit, life=life)  # type: ignore[arg-type]
        self.orders[ref] = replace(self.orders[ref], **said)

    def later(self, seconds: float) -> None:
        self.clock.move(self.clock.now() + timedelta(seconds=seconds))
        self.outcomes.look()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_refused_purchase_is_told_once_with_the_brokers_words_and_locks_nothing_yet(desk: Desk) -> None:
    desk.order("a", Life.REJECTED, code=201, text="no margin")
    desk.later(25)
    desk.later(60)
    assert desk.alerts == [("the broker refused BUY 3 VXM (a): code 201: no margin", Severity.WARNING)]
    assert desk.locks == []


def test_the_second_purchase_refused_for_the_same_reason_stops_opening(desk: Desk) -> None:
    desk.order("a", Life.REJECTED, code=201, text="no margin")
    desk.order("b", Life.REJECTED, code=110, text="no tick")
    desk.later(25)
    assert desk.locks == []
    desk.order("c", Life.REJECTED, code=201, text="no margin")
    desk.later(60)
    ((name, why),) = desk.locks
    assert name == REFUSED
    assert "refused 2 purchases for the same reason (code 201: no margin)" in why


def test_a_refused_sale_is_critical_and_never_locks(desk: Desk) -> None:
    for ref in ("a", "b", "c"):
        desk.order(ref, Life.REJECTED, code=201, text="no", side=Side.SELL)
    desk.later(25)
    assert desk.alerts == [("the broker refused SELL 3 VXM (a): code 201: no", Severity.CRITICAL)]
    assert desk.locks == []


def test_refusals_of_the_session_before_count_for_nothing(desk: Desk) -> None:
    desk.order("a", Life.REJECTED, code=201, text="no", intended_at=NOW - timedelta(days=1))
    desk.order("b", Life.REJECTED, code=201, text="no")
    desk.later(25)
    assert len(desk.alerts) == 1
    assert desk.locks == []


def test_an_order_of_unknown_outcome_is_told_when_the_first_reading_did_not_find_it(desk: Desk) -> None:
    desk.order("a", Life.UNKNOWN, unknown_since=NOW)
    desk.later(14)
    assert desk.alerts == []
    desk.later(1)
    desk.later(60)
    ((why, severity),) = desk.alerts
    assert why.startswith("what became of BUY 3 VXM (a) is not known since 13:35:05 UTC: nothing is opened")
    assert severity is Severity.WARNING


def test_a_fill_whose_executions_do_not_come_is_told(desk: Desk) -> None:
    desk.order("a", Life.FILLED, reported=3, heard_at=NOW)
    desk.later(15)
    desk.later(60)
    ((why, _),) = desk.alerts
    assert why.startswith("what became of BUY 3 VXM (a) is not known since 13:35:05 UTC")


def test_a_refusal_that_was_unknown_at_first_is_told_with_its_reason(desk: Desk) -> None:
    desk.order("a", Life.UNKNOWN, unknown_since=NOW)
    desk.later(25)
    desk.order("a", Life.REJECTED, code=201, text="no margin")
    desk.later(60)
    assert [why for why, _ in desk.alerts][1:] == ["the broker refused BUY 3 VXM (a): code 201: no margin"]


def test_sales_that_end_one_after_the_other_with_nothing_sold_are_told_while_it_lasts(desk: Desk) -> None:
    for ref in ("a", "b"):
        desk.order(ref, Life.CANCELLED, code=202, text="Cancelled by exchange", side=Side.SELL)
        desk.later(60)
    assert desk.alerts == []
    desk.order("c", Life.CANCELLED, code=202, text="Cancelled by exchange", side=Side.SELL)
    desk.later(60)
    ((why, severity),) = desk.alerts
    assert why.startswith("3 sales in a row sold nothing, the last was SELL 3 VXM (c): code 202: Cancelled by exchange")
    assert severity is Severity.CRITICAL
    desk.order("d", Life.CANCELLED, code=202, side=Side.SELL)
    desk.later(60)
    assert len(desk.alerts) == 1
    desk.later(15 * 60)
    assert len(desk.alerts) == 2
    assert desk.locks == []


def test_a_sale_that_sold_anything_or_purchases_in_between_begin_the_count_anew(desk: Desk) -> None:
    part = {"x": Execution(exec_id="x", quantity=1, price=19.2, at=NOW)}
    for number, ref in enumerate("abcde"):
        said = {"executions": part} if number == 2 else {}
        desk.order(ref, Life.CANCELLED, code=202, side=Side.SELL, **said)
        desk.order(f"{ref}-buy", Life.CANCELLED, code=202)
        desk.later(60)
    assert desk.alerts == []


def test_a_sale_that_rests_is_told_after_three_minutes_and_again_every_quarter_of_an_hour(desk: Desk) -> None:
    desk.order("a", Life.WORKING, side=Side.SELL)
    desk.order("b", Life.WORKING)
    desk.later(170)
    assert desk.alerts == []
    desk.later(10)
    ((said, severity),) = desk.alerts
    assert severity is Severity.CRITICAL
    assert said == (
        "SELL 3 VXM (a) has worked since 13:35:05 UTC at 19.2 and sold 0: "
        "look in TWS; cancel it there before you sell by hand"
    )
    for _ in range(14):
        desk.later(60)
    assert len(desk.alerts) == 1
    desk.later(60)
    assert len(desk.alerts) == 2
