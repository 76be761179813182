"""Paper trades by itself, and only where mode, port, account and settings mean the same world."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from whole_day import MORNING, PLACE, Day, scripted

from bot.app import Bot
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.errors import Refuse
from bot.journal import Kind
from bot.plan import Plan


async def test_paper_buys_by_itself_and_position_equals_executions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=2), "VXM", 4)
    day = await Day.begin(tmp_path, mode="paper")
    await day.run_until(day.own, MORNING + timedelta(minutes=8))

    (order,) = day.orders()
    assert (order.request.account, order.request.tif, order.request.order_type) == (day.account, "DAY", "LMT")
    assert order.request.order_ref.startswith("alvh-paper-")
    assert list(day.own().values()) == [4]
    assert day.own() == day.futures()
    assert [entry.body["ref"] for entry in day.entries(Kind.INTENT)] == day.refs()
    assert day.journal_name() == f"alvh-paper-{day.account}.sqlite3"
    await day.close()


async def test_an_intent_stands_in_the_journal_before_its_order_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=1), "VXM", 1)
    day = await Day.begin(tmp_path, mode="paper")
    known: list[tuple[str, list[str]]] = []
    place = day.broker.place  # type: ignore[attr-defined]

    def watched(ticket: Any) -> None:
        known.append((ticket.ref, [entry.body["ref"] for entry in day.entries(Kind.INTENT)]))
        place(ticket)

    monkeypatch.setattr(day.broker, "place", watched)
    await day.pass_time(minutes=3)
    ((ref, intents),) = known
    assert intents == [ref]
    await day.close()


WRONG: dict[str, dict[str, Any]] = {
    "demo on a gateway that is not ours": {"mode": "demo", "simulated": False, "port": 7497},
    "paper on the live port": {"mode": "paper", "port": 7496},
    "paper on the other live port": {"mode": "paper", "port": 4001},
    "paper on a port that is nobody's": {"mode": "paper", "port": 7500},
    "paper on the simulated gateway without leave": {"mode": "paper", "port": 7497, "simulated": True},
    "paper with another account in the settings": {"mode": "paper", "port": 7497, "configured_account": "DU999"},
    "live on a paper account": {"mode": "live", "port": 7496, "arm": True, "confirmed": True},
    "an unknown mode": {"mode": "casino", "port": 7497},
}


async def test_a_pairing_that_does_not_fit_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    day = await Day.begin(tmp_path / "right", mode="paper")
    for name, wrong in WRONG.items():
        await refused(day, tmp_path / name, wrong)
    assert day.gateway.frames[PLACE] == 0
    await day.close()


LIVE_WRONG: dict[str, dict[str, Any]] = {
    "on the paper port": {"port": 7497},
    "without an account in the settings": {"configured_account": ""},
    "without an arm file": {"arm": False},
    "with another account in the arm file": {"arm": "U1"},
    "without the typed account": {"confirmed": False},
    "on the simulated gateway": {"simulated": True},
    "paper on a live account": {"mode": "paper", "port": 7497},
    "demo on a live account": {"mode": "demo", "port": 7497, "simulated": True},
}


async def test_a_live_account_is_refused_unless_everything_agrees(tmp_path: Path) -> None:
    day = await Day.begin(tmp_path / "right", mode="dry-run", account="U1802050")
    right = {"mode": "live", "port": 7496, "arm": True, "confirmed": True}
    for name, wrong in LIVE_WRONG.items():
        await refused(day, tmp_path / name, right | wrong)
    assert day.gateway.frames[PLACE] == 0
    await day.close()


async def test_a_live_account_is_accepted_when_everything_agrees(tmp_path: Path) -> None:
    day = await Day.begin(tmp_path / "right", mode="dry-run", account="U1802050")
    bot = other_bot(day, tmp_path / "live", {"mode": "live", "port": 7496, "arm": True, "confirmed": True})
    await bot.open()
    await bot.close()
    await day.close()


async def test_a_second_bot_on_the_same_account_is_refused(tmp_path: Path) -> None:
    day = await Day.begin(tmp_path, mode="paper")
    second = other_bot(day, tmp_path, {"mode": "paper", "port": 7497})
    with pytest.raises(Refuse, match="another bot"):
        await second.open()
    await second.broker.disconnect()
    await day.close()


async def refused(day: Day, folder: Path, world: dict[str, Any]) -> None:
    """Require that a bot told to believe in this world refuses in one line and begins no journal."""
    bot = other_bot(day, folder, world)
    try:
        await bot.open()
    except Refuse as refusal:
        assert refusal.exit_code == 3
        assert "\n" not in str(refusal)
    else:
        pytest.fail(f"{folder.name}: not refused")
    assert not list(folder.glob("*.sqlite3")), folder.name
    await bot.broker.disconnect()


def other_bot(day: Day, folder: Path, world: dict[str, Any]) -> Bot:
    """Return a bot of another client on the day's gateway, told to believe in this world."""
    folder.mkdir(exist_ok=True)
    values = dict(world)
    arm, confirmed = values.pop("arm", False), values.pop("confirmed", False)
    if arm:
        values["arm_file"] = folder / "arm"
        (folder / "arm").write_text(day.account if arm is True else arm, encoding="utf-8")
    if confirmed:
        values["confirmed_account"] = day.account
    account = values.pop("configured_account", day.account)
    place = Endpoint(port=day.port, client_id=18, stepped=True, attempts=1, pause_s=0.0)
    broker = IbBroker(place, day.clock, mode=values["mode"])
    return Bot(Plan(configured_account=account, folder=folder, durable=False, **values), broker, day.clock)
