"""Each pre-trade control refuses what it is there for, and lets everything else pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fake_broker import SETTLES, VX, VXM
from hypothesis import given
from hypothesis import strategies as st
from stand import buying, selling

from bot.guard.controls import GuardSettings, PastOrder, Situation, failures, review
from strategies.alvh.records import Purpose, Quote, Side, Working

NOW = datetime(2018, 2, 5, 15, 0, tzinfo=UTC)
SETTINGS = GuardSettings()
GOOD = Quote(bid=20.0, ask=20.3, age_s=1.0)


def opening(**changes: Any) -> Situation:
    values: dict[str, Any] = {
        "now": NOW,
        "today": date(2018, 2, 5),
        "proposal": buying(2),
        "ref": "alvh-paper-1",
        "limit": Decimal("20.15"),
        "instrument": VXM,
        "quote": GOOD,
        "prior_settle": 19.0,
        "account_minis": 0,
        "account_long": 0,
        "own_minis": 0,
        "own_long": 0,
        "working": (),
        "bought_today_minis": 0,
        "cap_minis": 20,
        "net_liquidation": 1_000_000.0,
        "loss_usd": 0.0,
    }
    return Situation(**(values | changes))


def reducing(**changes: Any) -> Situation:
    held = {"proposal": selling(2), "account_minis": 4, "account_long": 4, "own_minis": 4, "own_long": 4}
    return opening(**(held | changes))


def failed(situation: Situation) -> list[str]:
    return [check.name for check in failures(review(situation, SETTINGS))]


def working(side: Side, remaining: int, instrument: Any = VXM) -> Working:
    return Working(
        ref="w",
        con_id=instrument.con_id,
        side=side,
        purpose=Purpose.TRANCHE,
        tranche=1,
        stage=None,
        remaining=remaining,
        multiplier=instrument.multiplier,
        sent_at=NOW,
    )


def past(
    side: Side = Side.BUY, seconds_ago: float = 30.0, ref: str = "p", filled_ago: float | None = None
) -> PastOrder:
    filled = None if filled_ago is None else NOW - timedelta(seconds=filled_ago)
    return PastOrder(ref=ref, con_id=VXM.con_id, side=side, at=NOW - timedelta(seconds=seconds_ago), filled_at=filled)


def sent(count: int, seconds_ago: float) -> tuple[datetime, ...]:
    return (NOW - timedelta(seconds=seconds_ago),) * count


def test_an_ordinary_opening_and_an_ordinary_sale_pass_every_control() -> None:
    assert failed(opening()) == []
    assert failed(reducing()) == []


REFUSED_OPENINGS = [
    ("contract", {"instrument": None}),
    ("contract", {"instrument": replace(VXM, con_id=99)}),
    ("contract", {"instrument": replace(VXM, trading_class="VX01")}),
    ("contract", {"instrument": VX}),
    ("contract", {"instrument": replace(VXM, multiplier=1000), "proposal": replace(buying(1), multiplier=1000)}),
    ("contract", {"instrument": replace(VXM, tick=Decimal(0))}),
    ("contract", {"instrument": replace(VXM, sec_type="OPT")}),
    ("contract", {"instrument": replace(VXM, expires_on=date(2018, 2, 5))}),
    ("contract", {"instrument": replace(VXM, expires_on=None)}),
    ("quantity", {"proposal": buying(0)}),
    ("same intent", {"past": (past(ref="alvh-paper-1", seconds_ago=86_400.0),)}),
    ("collar", {"limit": None}),
    ("collar", {"limit": Decimal("20.33")}),  # more than two ticks over the ask
    ("collar", {"limit": Decimal("20.76"), "quote": Quote(bid=19.5, ask=20.8, age_s=1.0)}),  # 3% over the mid
    ("collar", {"limit": Decimal("20.15"), "prior_settle": 14.0}),  # 40% over the settlement
    ("collar", {"limit": Decimal("19.6"), "prior_settle": 14.0}),  # held below the bid
    ("throttle", {"messages": sent(3, 59.0)}),
    ("throttle", {"messages": sent(40, 3600.0)}),
    ("order size", {"proposal": buying(11)}),
    ("order size", {"proposal": buying(2, instrument=VX), "instrument": VX}),
    ("position cap", {"account_minis": 19}),
    ("position cap", {"own_minis": 19}),
    ("position cap", {"working": (working(Side.BUY, 19),)}),
    ("position cap", {"working": (working(Side.BUY, 2, VX),)}),
    ("position cap", {"account_minis": 29, "cap_minis": None}),
    ("position cap", {"account_minis": 29, "cap_minis": 50}),
    ("bought today", {"bought_today_minis": 59}),
    ("bought today", {"bought_today_minis": 57, "working": (working(Side.BUY, 2),)}),
    ("duplicate", {"past": (past(),)}),
    ("repetition", {"past": (past(seconds_ago=700.0, filled_ago=599.0),) * 4}),
    ("fresh quote", {"quote": replace(GOOD, age_s=10.1)}),
    ("fresh quote", {"quote": replace(GOOD, age_s=None)}),
    ("fresh quote", {"quote": replace(GOOD, delayed=True)}),
    ("fresh quote", {"quote": replace(GOOD, halted=True)}),
    ("fresh quote", {"feed_ok": False}),
    ("daily loss", {"loss_usd": 10_000.0}),
    ("daily loss", {"loss_usd": None}),
    ("daily loss", {"net_liquidation": None}),
    ("locks", {"locked": ("positions differ",)}),
    ("positions", {"book_complete": False}),
]


@pytest.mark.parametrize(("name", "changes"), REFUSED_OPENINGS)
def test_an_opening_is_refused_for_exactly_this_reason(name: str, changes: dict[str, Any]) -> None:
    assert failed(opening(**changes)) == [name]


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": sent(2, 59.0)},
        {"messages": sent(5, 61.0)},
        {"messages": sent(39, 3600.0)},
        {"limit": Decimal("20.32")},
        {"proposal": buying(10)},
        {"proposal": buying(1, instrument=VX), "instrument": VX},
        {"account_minis": 18, "own_minis": 18},
        {"working": (working(Side.SELL, 30, VX),)},
        {"bought_today_minis": 58},
        {"past": (past(seconds_ago=60.0),)},
        {"past": (past(side=Side.SELL),)},
        {"past": (past(seconds_ago=700.0, filled_ago=599.0),) * 3},
        {"past": (past(seconds_ago=900.0, filled_ago=600.0),) * 9},
        {"quote": replace(GOOD, age_s=10.0)},
        {"loss_usd": 9_999.0},
    ],
)
def test_an_opening_at_the_limit_passes(changes: dict[str, Any]) -> None:
    assert failed(opening(**changes)) == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("long only", {"own_long": 1}),
        ("long only", {"account_long": 1}),
        ("long only", {"account_long": -3}),
        ("long only", {"working": (working(Side.SELL, 3),)}),
        ("collar", {"limit": Decimal("19.54")}),
        ("collar", {"limit": None}),
        ("throttle", {"messages": sent(5, 30.0)}),
        ("throttle", {"messages": sent(60, 3600.0)}),
        ("same intent", {"past": (past(Side.SELL, ref="alvh-paper-1"),)}),
        ("contract", {"instrument": None}),
        ("quantity", {"proposal": selling(0)}),
    ],
)
def test_a_sale_is_refused_for_exactly_this_reason(name: str, changes: dict[str, Any]) -> None:
    assert failed(reducing(**changes)) == [name]


def test_a_purchase_of_what_is_being_sold_is_refused() -> None:
    assert failed(opening(working=(working(Side.SELL, 1),))) == ["crossing"]


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_sale_stays_inside_what_is_owned_whatever_it_calls_itself(purpose: Purpose) -> None:
    assert "long only" in failed(reducing(proposal=selling(5, purpose=purpose)))


def test_reducing_risk_stays_possible_when_opening_is_not() -> None:
    everything_wrong = reducing(
        quote=replace(GOOD, age_s=9999.0, delayed=True, halted=True),
        feed_ok=False,
        book_complete=False,
        locked=("unknown outcome",),
        loss_usd=None,
        net_liquidation=None,
        bought_today_minis=999,
        past=(past(Side.SELL, 1.0),) * 9,
        messages=sent(4, 10.0),
        working=(working(Side.BUY, 99),),
    )
    assert failed(everything_wrong) == []


def test_a_flatten_passes_the_throttle() -> None:
    assert failed(reducing(proposal=selling(2, purpose=Purpose.FLATTEN), messages=sent(99, 1.0))) == []


@given(st.integers(-5, 40), st.integers(-5, 40), st.integers(0, 40), st.integers(0, 40))
def test_no_sale_ever_makes_the_position_short(account: int, own: int, selling_now: int, quantity: int) -> None:
    orders = (working(Side.SELL, selling_now),) if selling_now else ()
    seen = reducing(account_long=account, own_long=own, working=orders, proposal=selling(quantity))
    if not failed(seen):
        assert account - selling_now - quantity >= 0
        assert own - selling_now - quantity >= 0


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(1, 20), st.integers(0, 40))
def test_no_purchase_ever_exceeds_the_cap(account: int, own: int, buying_now: int, quantity: int, cap: int) -> None:
    orders = (working(Side.BUY, buying_now),) if buying_now else ()
    seen = opening(account_minis=account, own_minis=own, working=orders, proposal=buying(quantity), cap_minis=cap)
    if not failed(seen):
        assert max(account, own) + buying_now + quantity <= min(cap, SETTINGS.max_position_minis)


def test_the_contracts_of_the_fixture_settle_when_the_exchange_says() -> None:
    assert SETTLES.weekday() == 2
