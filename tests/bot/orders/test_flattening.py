"""The operator's flatten stands until nothing is owned, whatever keeps the first sale from going."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import builders
import pytest
from fake_broker import VXM
from stand import Stand, buying

from bot.broker.port import Fill, LinkState
from bot.clock import SteppedClock
from bot.journal import Kind
from bot.orders.desk import Outcome
from bot.orders.flatten import FLATTEN_LOCK
from bot.orders.situation import Look
from bot.supervise.inbox import Letter, Say
from strategies.alvh.records import Side


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(folder=tmp_path)


def say_flatten(stand: Stand) -> None:
    stand.inbox.put(Say.FLATTEN, who="me", at=stand.now(), word_id="w1")


def look(stand: Stand) -> None:
    """Let a wake-up look at the account."""
    stand.desk._looks.submitted = Look(view=stand.view(), book=stand.book())


def sold(stand: Stand) -> list[int]:
    return [ticket.quantity for ticket in stand.broker.placed if ticket.side is Side.SELL]


async def test_what_cannot_be_sold_at_once_is_sold_when_it_can_be(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.link = LinkState.DISCONNECTED
    say_flatten(stand)
    await stand.later(5)
    assert FLATTEN_LOCK in stand.projection.locks
    assert stand.submit(buying(1, key="late")) is Outcome.REFUSED, "nothing is opened meanwhile"
    await stand.later(300)
    assert sold(stand) == []
    stand.broker.link = LinkState.UP
    await stand.later(5)
    assert sold(stand) == [4]
    stand.broker.fill(stand.broker.placed[-1].ref, 4)
    await stand.later(5)
    assert FLATTEN_LOCK not in stand.projection.locks


async def test_a_new_process_goes_on_with_the_word(stand: Stand) -> None:
    await stand.own(4)
    await stand.restart()
    say_flatten(stand)
    await stand.later(5)
    assert "no wake-up has looked at the account yet" in stand.entries(Kind.REFUSAL)[-1].body["why"]
    await stand.restart()
    look(stand)
    await stand.later(5)
    assert sold(stand) == [4]


@pytest.mark.parametrize("journalled", [False, True])
async def test_a_word_is_not_lost_with_the_process_that_took_it(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, journalled: bool
) -> None:
    class Died(BaseException):
        pass

    write = stand.operator._write

    def die(letter: Letter, fault: str) -> None:
        if journalled:
            write(letter, fault)
        raise Died

    await stand.own(4)
    say_flatten(stand)
    with monkeypatch.context() as patch:
        patch.setattr(stand.operator, "_write", die)
        with pytest.raises(Died):
            await stand.later(5)
    await stand.restart()
    look(stand)
    await stand.later(60)
    assert sum(sold(stand)) == 4


async def test_an_execution_in_the_very_second_of_the_look_is_sold_a_minute_later(tmp_path: Path) -> None:
    """IB tells executions by the whole second: whether the look had it is not known."""
    stand = Stand(folder=tmp_path, clock=SteppedClock(builders.at(30) + timedelta(seconds=5.4)))
    ref = stand.buy(4)
    stand.broker.say(ref)
    second = stand.now().replace(microsecond=0)
    stand.clock.move(stand.now() + timedelta(seconds=0.3))
    tell = stand.broker._on_fill

    def by_the_second(fill: Fill) -> None:
        tell(replace(fill, at=second))

    stand.broker._on_fill = by_the_second
    stand.broker.fill(ref, 4)
    say_flatten(stand)
    await stand.later(10)
    assert sold(stand) == []
    look(stand)
    await stand.later(60)
    assert sold(stand) == [4]


async def test_what_a_cancelled_purchase_still_fills_is_sold(stand: Stand) -> None:
    ref = stand.buy(4)
    stand.broker.say(ref)
    say_flatten(stand)
    await stand.later(5)
    assert stand.broker.cancelled == [ref]
    stand.broker.fill(ref, 3)
    stand.broker.end(ref)
    stand.clock.move(stand.now() + timedelta(seconds=5))
    look(stand)
    await stand.later(60)
    assert sold(stand) == [3]


async def test_a_word_with_nothing_to_sell_locks_nothing(stand: Stand) -> None:
    say_flatten(stand)
    await stand.later(5)
    assert stand.entries(Kind.LOCK) == []


async def test_the_next_session_begins_without_the_word(stand: Stand) -> None:
    await stand.own(4)
    stand.broker.held[VXM.con_id] = 0
    say_flatten(stand)
    await stand.later(5)
    assert FLATTEN_LOCK in stand.projection.locks
    await stand.later(24 * 3600)
    assert FLATTEN_LOCK not in stand.projection.locks


async def test_a_sale_that_is_refused_every_minute_is_told_every_quarter_of_an_hour(stand: Stand) -> None:
    await stand.own(4)
    look(stand)
    stand.broker.held[VXM.con_id] = 0
    look(stand)
    say_flatten(stand)
    for _ in range(29):
        await stand.later(60)
        look(stand)
    assert len([entry for entry in stand.entries(Kind.REFUSAL) if entry.body["proposal"]["side"] == "SELL"]) > 20
    told = [entry for entry in stand.entries(Kind.ALERT) if "flatten: SELL 4 VXM" in entry.body["why"]]
    assert len(told) == 2
