"""The doctor before the simulated gateway: a good day, and one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import Stage, stage

from bot.broker.port import LinkState, OrderState, OrderUpdate, Positions
from bot.broker.readonly import ReadOnlyBroker
from bot.doctor.doctor import Case, Doctor
from bot.doctor.findings import Finding, State
from bot.errors import Refuse, Retry
from bot.passage import Passage

OPEN = datetime(2018, 2, 5, 15, 0, tzinfo=UTC)
EARLY = datetime(2018, 2, 5, 13, 30, tzinfo=UTC)


def a_case(folder: Path, mode: str = "paper") -> Case:
    return Case(mode=mode, folder=folder, min_dte=12, max_dte=50, largest_minis=10, largest_skew_s=2.0)


async def examined(s: Stage, folder: Path, mode: str = "paper", known: Any = ()) -> dict[str, Finding]:
    doctor = Doctor(a_case(folder, mode), s.broker, s.clock, lambda: known)

    async def catch_up(to: datetime) -> None:
        s.gateway.advance(to)
        await s.settle()

    found = await Passage(s.clock, catch_up, lambda now: timedelta(seconds=1)).through(doctor.examine())
    return {finding.topic: finding for finding in found if finding.topic != "contracts" or finding.state is State.FINE}


async def test_a_good_day_has_nothing_wanting_and_names_every_series(tmp_path: Path) -> None:
    async with stage(at=OPEN) as s:
        known = s.broker.watched()
        found = await examined(s, tmp_path)
        assert [row for row in found.values() if row.state in (State.WARN, State.FAIL)] == []
        series = {topic.split()[1] for topic in found if topic.startswith("data:")}
        assert series >= {"SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "AD-NYSE", "VX", "VXM", "options"}
        assert "asks $" in found["order leave"].seen
        assert "one VX about $" in found["order value"].seen
        assert found["clock"].state is State.FINE
        assert s.broker.watched() - known <= {
            row.con_id for row in s.broker._instruments.values() if row.symbol in ("SPX", "VIX")
        }
        assert s.exchange._orders.live == {} or not any("doctor" in str(o) for o in s.exchange._orders.live.values())


async def test_before_the_open_a_quiet_series_is_no_fault(tmp_path: Path) -> None:
    async with stage(at=EARLY) as s:
        found = await examined(s, tmp_path)
        assert [row for row in found.values() if row.state is State.FAIL] == []


async def test_a_dry_run_asks_for_no_leave(tmp_path: Path) -> None:
    async with stage(at=OPEN, broker=ReadOnlyBroker, mode="dry-run") as s:
        found = await examined(s, tmp_path, "dry-run")
        assert found["order leave"].state is State.NOTE


async def test_a_series_that_is_refused_or_delayed_is_named_with_its_code(tmp_path: Path) -> None:
    async with stage(at=OPEN) as s:
        s.gateway._quotes._live_data = False  # the login has no live data
        found = await examined(s, tmp_path)
        for topic in ("data: SPX", "data: VIX", "data: AD-NYSE"):
            assert found[topic].state is State.FAIL
            assert (
                "code 354" in found[topic].seen or "code 10167" in found[topic].seen or "delayed" in found[topic].seen
            )
            assert "subscribe" in found[topic].remedy
        assert found["data: VVIX"].state is State.WARN, "nothing is decided by it alone"


Damage = Callable[[Stage, pytest.MonkeyPatch], None]


def _answers(name: str, result: object) -> Damage:
    async def answer(*_: object, **__: object) -> object:
        if isinstance(result, Exception):
            raise result
        return result

    def break_it(s: Stage, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(s.broker, name, answer)

    return break_it


STRAY = OrderUpdate(
    ref="alvh-paper-0123456789", perm_id=9, order_id=0, con_id=1, state=OrderState.WORKING, filled=0, remaining=1
)

WRONG: dict[str, tuple[Damage, str, str]] = {
    "positions that are not whole": (
        _answers("positions", Positions(rows=(), complete=False, taken_at=OPEN)),
        "positions",
        "not confirmed",
    ),
    "positions that do not come": (_answers("positions", Retry("no answer within 10 s")), "positions", "no answer"),
    "a read-only API": (
        _answers("what_if", Refuse("what-if of doctor: the request is not valid (code 321: read-only)")),
        "order leave",
        "read-only",
    ),
    "a value limit of the presets": (
        _answers("what_if", Refuse("what-if of doctor: the value limit stopped it (code 451: too large)")),
        "order leave",
        "451",
    ),
    "figures that do not come": (_answers("account_values", Retry("silence")), "account", "silence"),
    "orders that cannot be read": (_answers("completed_orders", Retry("silence")), "orders", "silence"),
    "an order of another bot": (_answers("open_orders", (STRAY,)), "orders", STRAY.ref),
}


@pytest.mark.parametrize("name", WRONG)
async def test_one_thing_wrong_is_found_and_nothing_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage, topic, words = WRONG[name]
    async with stage(at=OPEN) as s:
        damage(s, monkeypatch)
        found = await examined(s, tmp_path)
        assert [row.topic for row in found.values() if row.state is State.FAIL] == [topic]
        assert words in found[topic].seen
        assert found[topic].remedy


async def test_presets_are_named_where_they_stopped_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(at=OPEN) as s:
        WRONG["a value limit of the presets"][0](s, monkeypatch)
        assert "presets" in (await examined(s, tmp_path))["order leave"].remedy


async def test_orders_of_this_journal_are_no_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(at=OPEN) as s:
        WRONG["an order of another bot"][0](s, monkeypatch)
        assert (await examined(s, tmp_path, known=(STRAY.ref,)))["orders"].state is State.FINE


async def test_hours_that_disagree_are_an_unscheduled_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(at=OPEN) as s:
        plain = s.broker.instruments

        async def closed(query: Any) -> Any:
            return [replace(row, liquid_hours=()) for row in await plain(query)]

        monkeypatch.setattr(s.broker, "instruments", closed)
        found = await examined(s, tmp_path)
        assert found["hours"].state is State.FAIL
        assert "unscheduled close" in found["hours"].remedy


async def test_a_clock_that_runs_away_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(at=OPEN) as s:
        plain = s.broker.heartbeat

        async def ahead() -> datetime:
            return await plain() + timedelta(seconds=9)

        monkeypatch.setattr(s.broker, "heartbeat", ahead)
        found = await examined(s, tmp_path)
        assert found["clock"].state is State.FAIL


async def test_without_a_gateway_the_rest_is_still_examined(tmp_path: Path) -> None:
    async with stage(at=OPEN) as s:
        await s.gateway.stop()
        for _ in range(20):
            if s.broker.link is LinkState.DISCONNECTED:
                break
            await s.settle()
        found = await examined(s, tmp_path)
        assert found["line"].state is State.FAIL
        assert found["disk"].state is State.FINE
