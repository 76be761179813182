"""Dry-run through a morning of the spike: everything but the sending."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import CANCEL, GLOBAL_CANCEL, MORNING, PLACE, Day, scripted

from bot.app import Bot
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.broker.readonly import ReadOnlyBroker
from bot.errors import Refuse
from bot.journal import Kind
from bot.plan import Plan

WRITERS = ("place", "reprice", "cancel", "what_if", "margin_of")


async def test_a_dry_run_says_what_it_would_have_sent_and_sends_no_order_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=2), "VXM", 3)
    day = await Day.begin(tmp_path, mode="dry-run")
    await day.pass_time(minutes=6)

    notes = [entry.body for entry in day.entries(Kind.NOTE) if "proposal" in entry.body]
    assert [(note["what"], note["proposal"]["quantity"]) for note in notes] == [("dry-run: not sent", 3)]
    assert float(notes[0]["limit"]) > 0
    assert all(check["passed"] for check in notes[0]["checks"])
    assert [day.gateway.frames[frame] for frame in (PLACE, CANCEL, GLOBAL_CANCEL)] == [0, 0, 0]
    assert day.entries(Kind.INTENT, Kind.SENT, Kind.CHANGE) == []
    assert day.orders() == []
    assert day.futures() == {}
    await day.close()


async def test_a_dry_run_says_when_the_controls_would_have_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=2), "VXM", 11)  # one above the largest order
    day = await Day.begin(tmp_path, mode="dry-run")
    await day.pass_time(minutes=3)

    notes = [entry.body for entry in day.entries(Kind.NOTE) if "proposal" in entry.body]
    assert notes[0]["what"] == "dry-run: the controls would have refused it"
    assert "order size" in [check["name"] for check in notes[0]["checks"] if not check["passed"]]
    assert day.gateway.frames[PLACE] == 0
    await day.close()


def test_the_broker_object_of_a_dry_run_has_nothing_to_write_with() -> None:
    assert [name for name in WRITERS if hasattr(ReadOnlyBroker, name)] == []
    assert [name for name in WRITERS if not hasattr(IbBroker, name)] == []  # the names are the right ones


async def test_a_dry_run_refuses_a_broker_object_that_can_write(tmp_path: Path) -> None:
    day = await Day.begin(tmp_path / "one", mode="dry-run")
    writer = IbBroker(Endpoint(port=day.port, client_id=18, stepped=True), day.clock, mode="dry-run")
    bot = Bot(
        Plan(mode="dry-run", port=day.port, configured_account=day.account, folder=tmp_path / "two"), writer, day.clock
    )
    with pytest.raises(Refuse, match="can send orders"):
        await bot.open()
    await writer.disconnect()
    await day.close()
