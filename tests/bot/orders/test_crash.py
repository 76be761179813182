"""The process may die at any append and around any send: no intent becomes two orders, no fill is lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fake_broker import VXM, Killed
from stand import Stand, buying, selling

from bot.broker.port import OrderState
from bot.journal import Kind
from bot.orders.desk import Outcome
from bot.orders.life import DONE, Life
from strategies.alvh.records import Side


def die_at(stand: Stand, number: int, *, written: bool) -> None:
    """Kill the process at its n-th append, before or after the entry reached the disk."""
    append = stand.journal.append
    left = iter(range(number, -1, -1))

    def mortal(kind: Kind, body: Mapping[str, Any], *, at: datetime, wall: Mapping[str, Any] | None = None) -> int:
        if next(left) > 0:
            return append(kind, body, at=at, wall=wall)
        if written:
            append(kind, body, at=at, wall=wall)
        raise Killed

    stand.journal.append = mortal  # type: ignore[method-assign]


async def a_round_trip(stand: Stand) -> None:
    """Buy four, fill them in two parts around a re-price, sell two: everything a day is made of."""
    stand.submit(buying(4))
    ref = stand.broker.placed[0].ref
    stand.broker.say(ref)
    stand.broker.fill(ref, 1)
    await stand.later(20)
    stand.broker.fill(ref, 3)
    await stand.later(600)
    stand.submit(selling(2))
    sale = stand.broker.placed[1].ref
    stand.broker.say(sale)
    await stand.later(60)
    stand.broker.fill(sale, 2)


def executed(stand: Stand) -> int:
    sides = {ticket.ref: 1 if ticket.side is Side.BUY else -1 for ticket in stand.broker.placed}
    return sum(sides[fill.ref] * fill.quantity for fill in stand.broker.fills)


async def settle(stand: Stand) -> None:
    """Let the broker cancel what is left, and let the restarted bot find out."""
    for _ in range(8):
        for ref in list(stand.broker.tickets):
            if ref in stand.broker.cancelled:
                stand.broker.end(ref, OrderState.CANCELLED)
        await stand.later(40)


@pytest.mark.parametrize("written", [False, True], ids=["before the disk", "after the disk"])
@pytest.mark.parametrize("number", range(13))
async def test_after_a_death_at_any_append_nothing_is_sent_twice_and_no_fill_is_lost(
    tmp_path: Path, number: int, written: bool
) -> None:
    stand = Stand(folder=tmp_path)
    die_at(stand, number, written=written)
    died = False
    try:
        await a_round_trip(stand)
    except Killed:
        died = True
    assert died == (number < 11)
    await stand.restart()
    assert stand.projection.position(VXM.con_id) == executed(stand)
    for proposal in (buying(4), selling(2)):
        stand.submit(proposal)  # the decision may come to the same intent again
    await settle(stand)
    refs = [ticket.ref for ticket in stand.broker.placed]
    assert len(refs) == len(set(refs))
    journalled = {entry.body["ref"] for entry in stand.entries(Kind.INTENT)}
    assert set(refs) <= journalled
    assert stand.projection.position(VXM.con_id) == executed(stand) >= 0
    unsettled = [o for o in stand.projection.open_orders if o.ticket.side is Side.BUY or o.life is Life.UNKNOWN]
    assert unsettled == []


async def test_a_death_between_intent_and_send_ends_as_gone_and_stays_unsent(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    stand.broker.die_before_place = True
    with pytest.raises(Killed):
        stand.submit(buying())
    assert any("unknown" in why for why in await stand.restart())
    assert stand.submit(buying()) is Outcome.REFUSED
    assert stand.submit(buying(key="other")) is Outcome.REFUSED
    for _ in range(5):
        await stand.later(30)
    assert stand.broker.placed == []
    assert next(iter(stand.projection.orders.values())).life is Life.GONE
    assert stand.submit(buying(key="other again")) is Outcome.SENT


async def test_a_death_after_the_send_finds_the_order_working_and_takes_it_back_in_time(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    stand.broker.die_after_place = True
    with pytest.raises(Killed):
        stand.submit(buying())
    assert await stand.restart() == ()
    ref = stand.broker.placed[0].ref
    assert stand.projection.orders[ref].life is Life.WORKING
    await stand.later(90)
    assert stand.broker.cancelled == [ref]


async def test_fills_that_came_while_the_bot_was_dead_are_its_own(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    ref = stand.buy(3)
    stand.broker.say(ref)
    stand.die()
    stand.broker.fill(ref, 3, 20.2)
    stand.start()
    await stand.desk.recover()
    lot = stand.projection.lots()[0]
    assert (lot.quantity, lot.price, lot.tranche) == (3, 20.2, 1)
    assert stand.projection.orders[ref].life in DONE


async def test_starting_again_and_again_changes_nothing(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    await stand.own(4)
    day = stand.view().session.day
    await stand.restart()
    before, state = stand.projection.orders, stand.projection.state(day)
    await stand.restart()
    assert stand.projection.orders == before
    assert stand.projection.state(day) == state
    assert len(stand.broker.placed) == 1


async def test_an_unanswered_reading_at_start_locks_until_it_is_answered(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    ref = stand.buy(2)
    stand.broker.say(ref)
    stand.die()
    stand.broker.fill(ref, 2)
    stand.broker.readable = False
    stand.start()
    assert await stand.desk.recover() != ()
    await stand.later(120)
    assert stand.submit(buying(key="too early")) is Outcome.REFUSED
    stand.broker.readable = True
    await stand.later(20)
    assert stand.projection.position(VXM.con_id) == 2
    assert stand.submit(buying(key="now")) is Outcome.SENT
