"""Orders in VIX calls go through the same desk: guard, journal, ladder, recovery; layers and futures never mix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import fake_broker
import pytest
from fake_broker import VXM, Killed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stand import Stand, buying

from bot.broker.port import Instrument
from bot.guard.controls import GuardSettings
from bot.journal import Kind
from bot.orders.call_ladder import call_entry, call_exit
from bot.orders.desk import Outcome
from bot.orders.situation import hedge_loss_usd
from strategies.alvh.records import Account, CallTerms, OptionLeg, Proposal, Purpose, Quote, Right, Side

LAST = date(2018, 3, 6)
SETTLES_AT = datetime(2018, 3, 7, 14, 30, tzinfo=UTC)
CALL = Instrument(
    con_id=31,
    symbol="VIX",
    sec_type="OPT",
    exchange="SMART",
    trading_class="VIX",
    multiplier=100,
    tick=Decimal("0.01"),
    expires_on=LAST,
    strike=23.0,
    right="C",
)
LAYER = "event-CPI-20180205T1330"


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    yield from listed(tmp_path, GuardSettings())


def listed(folder: Path, guard: GuardSettings) -> Iterator[Stand]:
    fake_broker.ALLOWED[CALL.con_id] = CALL
    try:
        made = Stand(folder=folder, guard=guard)
        made.broker.quotes[CALL.con_id] = Quote(bid=1.00, ask=1.20, bid_size=50, ask_size=50, age_s=1.0)
        made.broker.settles[CALL.con_id] = None
        yield made
    finally:
        fake_broker.ALLOWED.pop(CALL.con_id)


def terms(layer: str = LAYER, **changes: Any) -> CallTerms:
    made = CallTerms(
        right=Right.CALL, strike=23.0, expires_on=LAST, settles_at=SETTLES_AT, layer=layer, budget_usd=1250.0
    )
    return replace(made, **changes)


def order(number: int, side: Side = Side.BUY, *, key: str = "call-1", layer: str = LAYER, **changes: Any) -> Proposal:
    purpose = Purpose.EVENT_CALLS if side is Side.BUY else Purpose.EVENT_EXIT
    if layer.startswith("core"):
        purpose = Purpose.CORE_CALLS if side is Side.BUY else Purpose.CORE_ROLL
    values: dict[str, Any] = {
        "key": key,
        "purpose": purpose,
        "side": side,
        "con_id": CALL.con_id,
        "trading_class": "VIX",
        "multiplier": 100,
        "quantity": number,
        "reason": "test",
        "call": terms(layer),
    }
    return Proposal(**(values | changes))


def holding(stand: Stand) -> dict[str, Any]:
    """Return the account as the broker holds it, options apart from futures."""
    held = stand.broker.held
    legs = tuple(
        OptionLeg(
            con_id=CALL.con_id,
            symbol="VIX",
            trading_class="VIX",
            right=Right.CALL,
            strike=23.0,
            expires_on=LAST,
            settles_at=SETTLES_AT,
            quantity=held[CALL.con_id],
            multiplier=100,
            quote=stand.broker.quote(CALL.con_id),
        )
        for _ in range(1)
        if held.get(CALL.con_id)
    )
    futures = tuple(p for p in stand.book().futures if p.con_id != CALL.con_id)
    return {"vix_options": legs, "futures": futures}


def submit(stand: Stand, proposal: Proposal) -> Outcome:
    return stand.submit(proposal, **holding(stand))


def bought(stand: Stand, quantity: int, price: float = 1.15, **changes: Any) -> None:
    assert submit(stand, order(quantity, **changes)) is Outcome.SENT, refusal(stand)
    ticket = stand.broker.placed[-1]
    stand.broker.say(ticket.ref)
    stand.broker.fill(ticket.ref, quantity, price)
    stand.clock.move(stand.now() + timedelta(minutes=2))


def refusal(stand: Stand) -> str:
    found = stand.entries(Kind.REFUSAL)
    return str(found[-1].body["why"]) if found else ""


def test_a_purchase_stands_a_quarter_of_the_spread_above_the_middle_and_is_in_the_journal_first(stand: Stand) -> None:
    bought(stand, 5)
    (ticket,) = stand.broker.placed
    assert (ticket.limit, ticket.instrument) == (Decimal("1.15"), CALL)
    kinds = [entry.kind for entry in stand.entries(Kind.INTENT, Kind.SENT, Kind.FILL)]
    assert kinds == [Kind.INTENT, Kind.SENT, Kind.FILL]


def test_calls_are_lots_of_their_own_and_no_minis(stand: Stand) -> None:
    bought(stand, 5)
    state = stand.projection.state(stand.view().session.day)
    (lot,) = state.calls
    assert (lot.layer, lot.quantity, lot.price, lot.strike, lot.settles_at) == (LAYER, 5, 1.15, 23.0, SETTLES_AT)
    assert (state.lots, state.working, state.bought_today_minis, state.last_fill_at) == ((), (), 0, None)
    (spend,) = state.call_spend
    assert (spend.contracts, spend.orders, spend.premium_usd) == (5, 1, pytest.approx(575.0))


def test_what_works_counts_as_spent_at_its_limit(stand: Stand) -> None:
    assert submit(stand, order(5)) is Outcome.SENT
    state = stand.projection.state(stand.view().session.day)
    assert state.call_spend[0].premium_usd == pytest.approx(575.0)
    assert [(w.layer, w.remaining) for w in state.call_orders] == [(LAYER, 5)]


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"call": terms(budget_usd=500.0)}, "premium: 575 USD of premium, 500 are left"),
        ({"quantity": 11, "call": terms(budget_usd=9999.0)}, "order size"),
        ({"call": terms(strike=24.0)}, "the broker defines strike 23"),
        ({"call": terms(layer="other")}, "position cap"),
        ({"multiplier": 1000}, "the broker defines VIX x100"),
        ({"con_id": 99}, "not on the allow-list"),
    ],
)
def test_the_guard_refuses_on_its_own(stand: Stand, change: dict[str, Any], because: str) -> None:
    assert submit(stand, order(5, **change)) is Outcome.REFUSED
    assert because in refusal(stand)
    assert stand.broker.placed == []


def test_the_account_s_share_for_one_event_binds_whatever_the_proposal_says(tmp_path: Path) -> None:
    for stand in listed(tmp_path, GuardSettings(event_premium_share=0.0005)):
        assert submit(stand, order(5)) is Outcome.REFUSED
        assert "575 USD of premium, 500 are left" in refusal(stand)


def test_a_put_on_the_allow_list_is_still_no_call(stand: Stand) -> None:
    fake_broker.ALLOWED[CALL.con_id] = replace(CALL, right="P")
    assert submit(stand, order(5)) is Outcome.REFUSED
    assert "is no call on VIX" in refusal(stand)


def test_a_sale_never_exceeds_what_the_bot_owns_or_the_account_holds(stand: Stand) -> None:
    bought(stand, 5)
    assert submit(stand, order(6, Side.SELL, key="s1")) is Outcome.REFUSED
    stand.broker.held[CALL.con_id] = 4
    assert submit(stand, order(5, Side.SELL, key="s2")) is Outcome.REFUSED
    stand.broker.held[CALL.con_id] = 5
    assert submit(stand, order(3, Side.SELL, key="s3")) is Outcome.SENT
    assert submit(stand, order(3, Side.SELL, key="s4")) is Outcome.REFUSED
    assert "already being sold 3" in refusal(stand)


def test_event_calls_and_futures_share_one_cap(tmp_path: Path) -> None:
    for stand in listed(tmp_path, GuardSettings(max_position_minis=8)):
        bought(stand, 5)
        assert submit(stand, buying(4)) is Outcome.REFUSED
        assert "5 event calls beside them" in refusal(stand)
        assert submit(stand, buying(3, key="b2")) is Outcome.SENT


def test_a_sale_takes_from_its_own_layer_and_leaves_the_core_alone(stand: Stand) -> None:
    bought(stand, 5)
    bought(stand, 2, key="core-1", layer="core-short")
    assert submit(stand, order(5, Side.SELL, key="s1")) is Outcome.SENT
    stand.broker.fill(stand.broker.placed[-1].ref, 5, 1.4)
    assert [(lot.layer, lot.quantity) for lot in stand.projection.calls()] == [("core-short", 2)]


def test_a_sale_of_one_layer_never_reaches_into_another(stand: Stand) -> None:
    bought(stand, 5)
    bought(stand, 5, key="core-1", layer="core-short")
    assert submit(stand, order(6, Side.SELL, key="s1")) is Outcome.REFUSED
    assert "not being sold of layer event-CPI-20180205T1330 5" in refusal(stand)


@pytest.mark.parametrize("layer", [LAYER, "core-short"])
async def test_what_flatten_sold_of_a_layer_its_own_working_sale_takes_from_the_rest(stand: Stand, layer: str) -> None:
    bought(stand, 5)
    bought(stand, 5, key="core-1", layer="core-short")
    assert submit(stand, order(5, Side.SELL, key="s1", layer=layer)) is Outcome.SENT
    assert submit(stand, order(1, key="look", con_id=99)) is Outcome.REFUSED
    assert stand.desk.flatten() == (Outcome.SENT,)
    working, flatten = (ticket.ref for ticket in stand.broker.placed[-2:])
    stand.broker.fill(flatten, 5, 1.1)
    stand.broker.fill(working, 5, 1.1)
    assert stand.broker.held[CALL.con_id] == 0
    assert stand.projection.calls() == ()


def test_a_call_that_is_being_sold_is_not_bought(stand: Stand) -> None:
    bought(stand, 5, key="core-1", layer="core-short")
    assert submit(stand, order(5, Side.SELL, key="s1", layer="core-short")) is Outcome.SENT
    assert submit(stand, order(5, key="e1")) is Outcome.REFUSED
    assert "crossing: 5 of this contract are being sold" in refusal(stand)


async def test_the_day_s_loss_of_calls_alone_is_watched(stand: Stand) -> None:
    bought(stand, 10)
    poor = Account(net_liquidation=50_000.0, excess_liquidity=40_000.0)
    stand.submit(order(1, key="look", con_id=99), account=poor, **holding(stand))
    assert stand.desk.has_work()
    stand.broker.quotes[CALL.con_id] = Quote()
    await stand.later(5)
    assert "the hedge lost 1,150 USD today" in stand.kill.engaged()


async def test_flatten_sells_futures_and_calls_of_every_layer(stand: Stand) -> None:
    bought(stand, 5)
    bought(stand, 2, key="core-1", layer="core-short")
    submit(stand, buying(2))
    stand.broker.fill(stand.broker.placed[-1].ref, 2)
    stand.clock.move(stand.now() + timedelta(minutes=2))
    assert submit(stand, buying(99, key="look")) is Outcome.REFUSED  # the desk sees the account as it stands
    assert stand.desk.flatten() == (Outcome.SENT, Outcome.SENT)
    sold = {ticket.instrument.con_id: ticket.quantity for ticket in stand.broker.placed if ticket.side is Side.SELL}
    assert sold == {VXM.con_id: 2, CALL.con_id: 7}
    stand.broker.fill(stand.broker.placed[-1].ref, 7, 1.1)
    assert stand.projection.calls() == ()


async def test_a_purchase_does_not_climb_and_is_taken_back_in_time(stand: Stand) -> None:
    assert submit(stand, order(5)) is Outcome.SENT
    ref = stand.broker.placed[-1].ref
    stand.broker.say(ref)
    await stand.later(60)
    assert stand.broker.repriced == []
    await stand.later(40)
    assert stand.broker.cancelled == [ref]


async def test_a_sale_walks_from_the_middle_to_the_bid_and_below(stand: Stand) -> None:
    bought(stand, 5)
    assert submit(stand, order(5, Side.SELL, key="s1")) is Outcome.SENT
    ref = stand.broker.placed[-1].ref
    assert stand.broker.placed[-1].limit == Decimal("1.10")
    stand.broker.say(ref)
    for _ in range(3):
        await stand.later(61)
    assert [limit for _, limit in stand.broker.repriced] == [Decimal("1.00"), Decimal("0.90"), Decimal("0.90")]


@pytest.mark.parametrize("where", ["die_before_place", "die_after_place"])
async def test_an_intent_cut_off_by_death_is_looked_up_and_never_sent_again(stand: Stand, where: str) -> None:
    setattr(stand.broker, where, True)
    with pytest.raises(Killed):
        submit(stand, order(5))
    await stand.restart()
    assert submit(stand, order(5)) is Outcome.REFUSED
    assert "sent once for ever" in refusal(stand)
    assert len(stand.broker.placed) == (where == "die_after_place")


async def test_calls_that_the_account_lacks_lock_opening_after_a_restart(stand: Stand) -> None:
    bought(stand, 5)
    stand.broker.held[CALL.con_id] = 3
    assert any("(contract 31)" in why and "own executions 5, account 3" in why for why in await stand.restart())


def test_a_call_without_a_mark_counts_as_lost_and_never_as_unknown(stand: Stand) -> None:
    bought(stand, 5, 1.15)
    day = stand.view().session.day
    assert hedge_loss_usd(stand.projection, stand.broker, day) == pytest.approx(5 * 100 * (1.15 - 1.10))  # type: ignore[arg-type]
    stand.broker.quotes[CALL.con_id] = Quote()
    assert hedge_loss_usd(stand.projection, stand.broker, day) == pytest.approx(575.0)  # type: ignore[arg-type]


def test_consent_is_asked_for_a_purchase_of_calls_in_live(tmp_path: Path) -> None:
    fake_broker.ALLOWED[CALL.con_id] = CALL
    try:
        stand = Stand(folder=tmp_path, mode="live")
        stand.broker.quotes[CALL.con_id] = Quote(bid=1.00, ask=1.20, bid_size=50, ask_size=50, age_s=1.0)
        assert submit(stand, order(5)) is Outcome.WAITING
        assert stand.broker.placed == []
    finally:
        fake_broker.ALLOWED.pop(CALL.con_id)


def test_the_kill_switch_stops_calls(stand: Stand) -> None:
    stand.desk.engage_kill("test", "stop")
    assert submit(stand, order(5)) is Outcome.REFUSED


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bid=st.decimals("0.01", "60", places=2), width=st.decimals("0", "5", places=2), rung=st.integers(0, 6))
def test_every_limit_stands_on_the_step_of_its_level(bid: Decimal, width: Decimal, rung: int) -> None:
    quote = Quote(bid=float(bid), ask=float(bid + width))
    for limit in (call_entry(quote, 0.25), call_exit(rung, quote, 2)):
        assert limit is not None and limit > 0
        assert limit % (Decimal("0.05") if limit < 3 else Decimal("0.10")) == 0
    entry = call_entry(quote, 0.25)
    assert entry is not None and (float(entry) <= max(float(bid + width), 0.05))
