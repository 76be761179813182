"""The calendar says open and the market is not: a halt, a close that nobody scheduled, a market with one side only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from whole_day import MORNING, Day, scripted

from bot.broker.ib import IbBroker
from bot.journal import Kind
from strategies.alvh.records import Quote

HALT = datetime(2020, 3, 12, 13, 35, 44, tzinfo=UTC)  # market-wide, level 1, 15 minutes


def said(day: Day) -> list[str]:
    return [entry.body["why"] for entry in day.entries(Kind.ALERT) if "wake-ups in a row" in entry.body["why"]]


async def test_in_a_market_wide_halt_nothing_is_sent_and_a_human_hears_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(HALT + timedelta(seconds=30), "VXM", 1)
    day = await Day.begin(tmp_path, scenario="crash-2020-03", at=HALT - timedelta(minutes=1))
    await day.run(HALT + timedelta(minutes=5))
    refusals = [entry.body["why"] for entry in day.entries(Kind.REFUSAL)]
    assert refusals, "it was asked to buy all the time"
    assert all("halted" in why or "bid or ask is missing" in why for why in refusals)
    assert day.orders() == []
    assert len(said(day)) == 1
    assert "VX" in said(day)[0]
    await day.close()


async def test_an_unscheduled_close_that_only_the_broker_knows_opens_nothing_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = IbBroker.instruments

    async def closed(self: IbBroker, query: Any) -> Any:
        return [replace(row, liquid_hours=()) for row in await plain(self, query)]

    monkeypatch.setattr(IbBroker, "instruments", closed)
    scripted(monkeypatch)
    day = await Day.begin(tmp_path)
    await day.pass_time(minutes=5)
    checks = {check["name"]: check for check in day.entries(Kind.WAKEUP)[-1].body["decision"]["checks"]}
    assert not checks["data: hours"]["passed"]
    (why,) = said(day)
    assert "IB's liquid hours differ from the calendar's" in why
    await day.close()


@pytest.mark.parametrize("side", ["bid", "ask"])
async def test_a_market_at_its_limit_with_one_side_only_is_not_bought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    plain = IbBroker.quote

    def one_sided(self: IbBroker, con_id: int) -> Quote:
        found = plain(self, con_id)
        known = self._instruments.get(con_id)
        return replace(found, **{side: None}) if known is not None and known.sec_type == "FUT" else found

    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=1), "VXM", 1)
    day = await Day.begin(tmp_path)
    monkeypatch.setattr(IbBroker, "quote", one_sided)
    await day.pass_time(minutes=3)
    assert [entry for entry in day.entries(Kind.REFUSAL) if "bid or ask is missing" in entry.body["why"]]
    assert day.orders() == []
    await day.close()
