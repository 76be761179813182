"""A disk that fills up or a folder that vanishes in the middle of a hedged day ends the bot aloud and loses nothing."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bot.drill.crashes import DAY
from bot.drill.invariants import broken
from bot.drill.process import ProcessDay
from bot.gateway.faults import times
from bot.journal import JournalReader, Kind
from bot.journal.store import journal_path


def intended(day: ProcessDay) -> set[str]:
    assert day.journal_path is not None
    reader = JournalReader.open(day.journal_path)
    found = {entry.body["ref"] for entry in reader.entries(kinds={Kind.INTENT})}
    reader.close()
    return found


@pytest.mark.parametrize("largest", [700_000, 1_000_000])
def test_a_disk_that_fills_up_ends_the_bot_which_goes_on_once_it_is_mended(tmp_path: Path, largest: int) -> None:
    day = ProcessDay(DAY, tmp_path, largest_file=largest)
    asyncio.run(day.play())
    halted = [told.why for told in day.told if told.kind == "halted"]
    assert len(halted) == 1
    assert "nothing may be sent; orders at work and the hedge stay at the broker" in halted[0]
    assert len(day.starts) == 2
    assert broken(day) == ()
    assert set(day.witness.placed) == intended(day), "nothing was sent that the journal does not hold"
    assert not any(day.witness.own.values())
    assert day.final_differences == ()


def test_a_folder_that_vanishes_ends_the_bot_and_the_next_one_opens_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    setup = replace(DAY, until="09:53")
    day = ProcessDay(setup, folder)

    async def play() -> None:
        await day.begin()
        at = times.first("09:47", day.clock.now())
        day.plan(at, lambda: shutil.rmtree(folder))
        await day.run(day.ends_at)
        await day.close()

    asyncio.run(play())
    halted = [told.why for told in day.told if told.kind == "halted"]
    assert len(halted) == 1
    assert f"{journal_path(folder, 'paper', day.account).name} was deleted or moved while the bot ran" in halted[0]
    after = [fill for fill in day.witness.own_fills() if fill.at > day.starts[-1]]
    assert all(fill.side != "BOT" for fill in after)
    assert any("which this journal does not hold" in told.why for told in day.told), day.told
    assert intended(day) & set(day.witness.placed) == set()
