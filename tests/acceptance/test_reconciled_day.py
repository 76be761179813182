"""The account and the journal part: lots sold by other hands, trades taken back, lists that lack something."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import MORNING, Day, Script, scripted

from bot.gateway.faults import Fault
from bot.journal import Kind
from bot.orders.ladder import OrderSettings
from bot.supervise.inbox import Say

LATER = MORNING + timedelta(minutes=20)
OFTEN = OrderSettings(reconcile_minutes=2.0)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted(monkeypatch)


async def hedged(folder: Path, script: Script) -> Day:
    """Begin a day on which the bot has bought four minis."""
    script.buy(MORNING + timedelta(minutes=1), "VXM", 4)
    day = await Day.begin(folder, orders=OFTEN)
    await day.run_until(lambda: sum(day.own().values()) == 4, MORNING + timedelta(minutes=5))
    script.buys.clear()
    return day


def locks(day: Day) -> dict[int, str]:
    return day._projection.contract_locks


def sold(day: Day) -> int:
    return sum(int(order.filled) for order in day.orders() if order.request.action == "SELL")


async def test_a_lot_sold_by_other_hands_in_a_quiet_hour_locks_its_contract_until_the_operator_accepts(
    tmp_path: Path, script: Script
) -> None:
    day = await hedged(tmp_path, script)
    (con_id,) = day.own()
    day.trade_by_hand(con_id, -1)
    await day.run_until(lambda: locks(day), LATER)
    assert "own executions 4, account 3 (positions), 3 (account updates)" in locks(day)[con_id]
    script.buy(day.clock.now(), "VXM", 1)
    await day.pass_time(minutes=2)
    script.buys.clear()
    assert "holds less" in day.entries(Kind.REFUSAL)[-1].body["why"]

    await day.die()
    await day.start()
    assert locks(day), "a restart forgets no lock"
    day.word(Say.ACCEPT, str(con_id))
    await day.pass_time(seconds=10)
    assert (day.own(), locks(day)) == ({con_id: 3}, {})

    day.close_condors_by_hand()
    await day.run_until(lambda: not day.futures(), LATER + timedelta(minutes=20))
    assert (sold(day), day.own()) == (3, {})
    await day.close()


async def test_a_trade_that_the_exchange_takes_back_is_no_longer_owned_and_never_sold(
    tmp_path: Path, script: Script
) -> None:
    script.buy(MORNING + timedelta(minutes=1), "VXM", 4)
    day = await Day.begin(tmp_path, orders=OFTEN)
    day.gateway.inject(Fault.of("bust", after_s=60.0, nth=1))
    await day.run_until(lambda: [e for e in day.entries(Kind.ALERT) if "was corrected" in e.body["why"]], LATER)
    script.buys.clear()
    await day.pass_time(minutes=2)
    assert day.own() == day.futures()
    assert sum(day.own().values()) < 4
    assert (day._projection.locked(day.clock.now().date()), locks(day)) == ((), {}), "both readings confirm it"
    assert day._projection.open_orders == ()
    assert len(day.refs()) == 1, "what was taken back is not bought again under the same intent"

    day.close_condors_by_hand()
    await day.run_until(lambda: not day.futures(), LATER + timedelta(minutes=20))
    await day.pass_time(minutes=3)
    assert day.futures() == {}, "what was taken back was not sold"
    await day.close()


@pytest.mark.parametrize("contracts", [["SPX"], []], ids=["the condors", "everything"])
async def test_a_list_that_lacks_the_condors_does_not_sell_their_hedge(
    tmp_path: Path, script: Script, contracts: list[str]
) -> None:
    day = await hedged(tmp_path, script)
    own = day.own()
    day.gateway.inject(Fault.of("positions", how="missing", messages=["position"], contracts=contracts, lasts_s=600.0))
    await day.pass_time(minutes=8)
    assert (day.own(), day.futures()) == (own, own)
    assert any("not confirmed as complete" in fault for view in script.views[-3:] for fault in view.faults)
    script.buy(day.clock.now(), "VXM", 1)
    await day.pass_time(minutes=1)
    script.buys.clear()
    assert "not confirmed as whole" in day.entries(Kind.REFUSAL)[-1].body["why"]
    await day.pass_time(minutes=5)
    assert script.views[-1].faults == (), "with the list whole again the bot sees again"
    assert locks(day) == {}
    await day.close()
