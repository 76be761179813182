"""A broker that tells of an order too early, too late, twice, falsely or not at all: one intent stays one order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import MORNING, Day, Script, scripted

from bot.gateway.faults import Fault
from bot.journal import Kind
from bot.orders.ladder import OrderSettings
from bot.orders.life import DONE

UNTIL = MORNING + timedelta(minutes=9)
OFTEN = OrderSettings(reconcile_minutes=2.0)
SILENT = ["orderStatus", "openOrder", "execDetails", "commissionReport"]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted(monkeypatch)


async def bought_under(folder: Path, script: Script, *faults: Fault) -> Day:
    """Let the bot buy four minis while the gateway misbehaves, and give both eight minutes."""
    day = await Day.begin(folder, orders=OFTEN)
    await day.pass_time(seconds=30)
    for fault in faults:
        day.gateway.inject(fault)
    script.buy(day.clock.now(), "VXM", 4)
    await day.pass_time(minutes=1)
    script.buys.clear()
    await day.run(UNTIL)
    return day


def in_step(day: Day) -> bool:
    """Say whether journal and account agree, nothing is open and nothing is locked."""
    seen = day._projection
    free = seen.locked(day.clock.now().date()) == () and seen.contract_locks == {}
    return free and day.own() == day.futures() and all(order.life in DONE for order in seen.orders.values())


@pytest.mark.parametrize("code", [10349, 462, 10268, 10148, 399])
@pytest.mark.parametrize("first", [True, False], ids=["before its first status", "while it works"])
async def test_a_cancellation_that_only_an_error_tells_buys_nothing_twice(
    tmp_path: Path, script: Script, code: int, first: bool
) -> None:
    day = await bought_under(tmp_path, script, Fault.of("phantom-cancel", code=code, first=first))
    assert day.gateway.fault_log, "the fault has struck"
    assert len(day.refs()) == 1
    assert sum(day.futures().values()) == 4
    assert in_step(day)
    await day.close()


async def test_an_order_that_nobody_ever_tells_of_is_found_by_reading(tmp_path: Path, script: Script) -> None:
    silence = Fault.of("frame", act="drop", messages=SILENT, lasts_s=120.0)
    day = await bought_under(tmp_path, script, silence)
    assert day.gateway.fault_log
    assert len(day.refs()) == 1
    assert sum(day.futures().values()) == 4
    assert in_step(day)
    await day.close()


@pytest.mark.parametrize("how", ["early", "missing", "late", "twice"])
async def test_a_commission_that_comes_astray_is_known_after_the_next_comparison(
    tmp_path: Path, script: Script, how: str
) -> None:
    day = await bought_under(tmp_path, script, Fault.of("commission", how=how))
    assert day.gateway.fault_log
    fees = [execution.commission for _, execution in day._projection.executions()]
    assert fees and None not in fees
    assert in_step(day)
    await day.close()


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (Fault.of("duplicate-execution", delay_s=20.0), 4),
        (Fault.of("correction", after_s=40.0, shares_by=-1.0, nth=1), None),
        (Fault.of("correction", after_s=0.0, shares_by=0.0), 4),
        (Fault.of("partial-fill", part=0.5, rest_s=20.0), 4),
    ],
    ids=["told twice", "of one less", "of another price", "in two parts"],
)
async def test_executions_are_counted_as_they_stand_at_last(
    tmp_path: Path, script: Script, fault: Fault, left: int | None
) -> None:
    day = await bought_under(tmp_path, script, fault)
    assert day.gateway.fault_log
    assert sum(day.own().values()) == left or (left is None and sum(day.own().values()) < 4)
    assert in_step(day)
    await day.close()


async def test_a_bust_that_nobody_tells_of_is_found_by_the_next_comparison(tmp_path: Path, script: Script) -> None:
    day = await bought_under(tmp_path, script, Fault.of("bust", after_s=30.0, told=False, nth=1))
    assert sum(day.own().values()) < 4
    assert [entry for entry in day.entries(Kind.ALERT) if "was corrected" in entry.body["why"]]
    assert in_step(day)
    await day.close()
