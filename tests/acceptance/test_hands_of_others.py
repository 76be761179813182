"""Other people trade on the same account: condors vanish, futures appear that are not the bot's."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import MORNING, Day, Script, nearest, scripted

from bot.journal import Kind
from bot.supervise.inbox import Say
from strategies.alvh.records import Purpose


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted(monkeypatch)


async def test_when_the_condors_are_closed_by_hand_the_hedge_goes_in_the_same_session(
    tmp_path: Path, script: Script
) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 4)
    day = await Day.begin(tmp_path)
    await day.run_until(day.own, MORNING + timedelta(minutes=5))
    script.buys.clear()

    day.close_condors_by_hand()
    await day.run_until(lambda: not day.futures(), MORNING + timedelta(minutes=20))

    assert day.own() == {}
    sales = [e.body["proposal"] for e in day.entries(Kind.INTENT) if e.body["proposal"]["side"] == "SELL"]
    assert {sale["purpose"] for sale in sales} == {Purpose.NO_CONDORS}
    await day.close()


async def test_futures_of_other_hands_use_room_under_the_cap(tmp_path: Path, script: Script) -> None:
    day = await Day.begin(tmp_path)
    await day.pass_time(minutes=1)
    day.trade_by_hand(nearest(script.views[-1], "VX").con_id, 2)  # twenty minis
    await day.pass_time(minutes=1)
    for minute, quantity in ((3, 10), (5, 1)):  # thirty is the cap: ten more fit, one more does not
        script.buy(MORNING + timedelta(minutes=minute), "VXM", quantity)
    await day.run(MORNING + timedelta(minutes=8))

    assert sum(day.own().values()) == 10
    refused = [e.body for e in day.entries(Kind.REFUSAL) if e.body["proposal"]["quantity"] == 1]
    assert refused
    assert "position cap" in refused[0]["why"]
    await day.close()


async def test_futures_of_other_hands_are_never_sold(tmp_path: Path, script: Script) -> None:
    day = await Day.begin(tmp_path)
    await day.pass_time(minutes=1)
    mini = nearest(script.views[-1], "VXM").con_id
    big = nearest(script.views[-1], "VX").con_id
    day.trade_by_hand(mini, 5)
    day.trade_by_hand(big, 1)
    script.buy(MORNING + timedelta(minutes=2), "VXM", 3)
    await day.run_until(day.own, MORNING + timedelta(minutes=6))
    assert day.futures() == {mini: 8, big: 1}
    script.buys.clear()

    day.close_condors_by_hand()  # everything that the bot owns must go, and nothing else
    await day.run_until(lambda: not day.own(), MORNING + timedelta(minutes=20))
    await day.pass_time(minutes=3)
    assert day.futures() == {mini: 5, big: 1}
    sold = sum(int(order.filled) for order in day.orders() if order.request.action == "SELL")
    assert sold == 3
    await day.close()


async def test_when_other_hands_sell_the_bots_lots_it_says_so_and_never_goes_short(
    tmp_path: Path, script: Script
) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 4)
    day = await Day.begin(tmp_path)
    await day.run_until(day.own, MORNING + timedelta(minutes=5))
    script.buys.clear()
    (con_id,) = day.own()
    day.trade_by_hand(con_id, -4)
    day.close_condors_by_hand()
    await day.pass_time(minutes=3)
    day.word(Say.FLATTEN)
    await day.pass_time(minutes=5)
    assert day.futures().get(con_id, 0) == 0, "a sale of what is gone would have made it short"
    assert [order for order in day.orders() if order.request.action == "SELL"] == []
    refusals = [e.body["why"] for e in day.entries(Kind.REFUSAL) if e.body["proposal"]["side"] == "SELL"]
    assert any("long only" in why for why in refusals)
    await day.close()
