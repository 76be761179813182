"""The process dies at the worst moments; the next one finds out by reading, and never sends twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import MORNING, Day, Died, Script, scripted

from bot.gateway.exchange.matching import Matcher, Slice
from bot.gateway.exchange.orders import WorkingOrder
from bot.journal import Entry, Kind
from bot.orders.life import Life
from strategies.alvh.records import Purpose, Side

LATER = MORNING + timedelta(minutes=8)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted(monkeypatch)


def die_at(day: Day, kind: Kind) -> None:
    """Let the process die as soon as the journal holds the first entry of a kind."""

    def die(entry: Entry) -> None:
        if entry.kind is kind:
            day.followers.remove(die)
            raise Died

    day.followers.append(die)


async def crash_and_return(day: Day) -> None:
    with pytest.raises(Died):
        await day.run(LATER)
    await day.die()
    await day.start()
    await day.run(LATER)


def check_that_nothing_was_doubled(day: Day) -> None:
    """Hold the invariants of every restart."""
    assert all(count == 1 for count in Counter(day.refs()).values()), day.refs()
    assert set(day.refs()) <= {entry.body["ref"] for entry in day.entries(Kind.INTENT)}
    assert day.own() == {con_id: n for con_id, n in day.futures().items() if n}
    executed = sum(int(f.shares) * (1 if f.side == "BOT" else -1) for f in day.exchange.executions())
    assert executed == sum(day.own().values())
    assert day.entries(Kind.WAKEUP)[-1].at >= LATER - timedelta(minutes=1), "the day went on"


async def test_death_between_intent_and_send_sends_nothing_later(tmp_path: Path, script: Script) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 2)
    day = await Day.begin(tmp_path)
    die_at(day, Kind.INTENT)
    await crash_and_return(day)
    assert day.refs() == []
    assert [order.life for order in day._projection.orders.values()] == [Life.GONE]
    check_that_nothing_was_doubled(day)
    await day.close()


async def test_while_it_is_not_known_whether_the_intent_went_out_nothing_else_is_opened(
    tmp_path: Path, script: Script
) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 2)
    day = await Day.begin(tmp_path)
    die_at(day, Kind.INTENT)
    with pytest.raises(Died):
        await day.run(LATER)
    await day.die()
    script.buy(MORNING + timedelta(minutes=1, seconds=1), "VXM", 3)
    await day.start()
    assert day._projection.locked(day.clock.now().date())
    await day.close()


async def test_death_right_after_the_send_finds_the_order_again(tmp_path: Path, script: Script) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 2)
    day = await Day.begin(tmp_path)
    die_at(day, Kind.SENT)
    await crash_and_return(day)
    assert len(day.refs()) == 1
    check_that_nothing_was_doubled(day)
    await day.close()


async def test_death_before_the_journal_holds_the_send_finds_the_order_too(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 2)
    day = await Day.begin(tmp_path)
    place = day.broker.place  # type: ignore[attr-defined]

    def place_and_die(ticket: object) -> None:
        place(ticket)
        raise Died

    monkeypatch.setattr(day.broker, "place", place_and_die)
    await crash_and_return(day)
    assert day.entries(Kind.SENT) == []
    assert len(day.refs()) == 1
    check_that_nothing_was_doubled(day)
    await day.close()


async def test_death_with_a_partial_fill_counts_every_contract(tmp_path: Path, script: Script) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 10)
    day = await Day.begin(tmp_path)
    day.exchange._matcher = OneAtATime(day.exchange._matcher)  # type: ignore[assignment]
    await day.run_until(lambda: sum(day.futures().values()) >= 2, LATER)
    heard = sum(day.own().values())
    assert heard < 10, "the fill is partial"
    await day.die()
    while sum(day.futures().values()) < heard + 2:  # the exchange goes on while nobody listens
        day.clock.move(day.clock.now() + timedelta(seconds=15))
        day.gateway.advance(day.clock.now())
    await day.start()
    assert day.own() == day.futures(), "recovered before the first job"
    await day.run(LATER)
    check_that_nothing_was_doubled(day)
    await day.close()


async def test_death_with_a_position_keeps_it_and_goes_on_to_the_end(tmp_path: Path, script: Script) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 3)
    day = await Day.begin(tmp_path)
    await day.run_until(day.own, LATER)
    held = day.own()
    await day.die()
    await day.start()
    assert day.own() == held
    await day.run(LATER)
    check_that_nothing_was_doubled(day)
    bought = [e for e in day.entries(Kind.INTENT) if e.body["proposal"]["side"] == Side.BUY]
    assert len(bought) == 1
    assert bought[0].body["proposal"]["purpose"] == Purpose.TRANCHE
    await day.close()


async def test_ten_deaths_in_a_row_buy_once(tmp_path: Path, script: Script) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 2)
    day = await Day.begin(tmp_path)
    for _ in range(10):
        await day.pass_time(seconds=20)
        await day.die()
        await day.start()
    await day.run(LATER)
    assert sum(order.filled for order in day.orders() if order.request.action == "BUY") <= 2
    check_that_nothing_was_doubled(day)
    await day.close()


class OneAtATime:
    """Let through one contract at a time of what the real matcher would fill."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher

    def take(self, order: WorkingOrder, *, dry: bool = False) -> list[Slice]:
        return _first(self._matcher.take(order, dry=dry))

    def rest(self, order: WorkingOrder, own_ahead: float, elapsed_s: float) -> list[Slice]:
        return _first(self._matcher.rest(order, own_ahead, elapsed_s))

    def __getattr__(self, name: str) -> object:
        return getattr(self._matcher, name)


def _first(slices: list[Slice]) -> list[Slice]:
    return [replace(slices[0], quantity=1.0)] if slices else []
