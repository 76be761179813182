"""Run each scenario day once for all the tests that look at it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.demo import Show, perform
from bot.gateway.importing import import_session
from bot.gateway.market import load_market
from bot.journal import Entry, JournalReader, Kind, Shelf, Wakeup
from bot.report.result import Result
from strategies.alvh.records import Check

HOUSE = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ALVH_SHARED_DATA", HOUSE.parent / "shared" / "data"))
RECORDED = SHARED / "real_session_2021-01-04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Hold one finished run: its result, its journal, and every wake-up with its bars and surfaces restored."""

    result: Result
    entries: tuple[Entry, ...]
    wakeups: tuple[Wakeup, ...]

    @property
    def journal(self) -> Path:
        return Path(self.result.run.journal)

    @property
    def json(self) -> dict[str, Any]:
        return self.result.as_json()


def told(result: Result) -> Told:
    reader = JournalReader.open(Path(result.run.journal))
    entries = tuple(reader.entries())
    reader.close()
    shelf = Shelf()
    wakeups = []
    for entry in entries:
        shelf.apply(entry)
        if entry.kind is Kind.WAKEUP:
            wakeups.append(shelf.restore(entry.body))
    return Told(result=result, entries=entries, wakeups=tuple(wakeups))


def check_of(wakeup: Wakeup, name: str) -> Check | None:
    """Return the check of this name, `None` when the wake-up did not ask."""
    return next((check for check in wakeup.decision.checks if check.name == name), None)


def _run(scenario: str | Path, folder: Path, **changes: Any) -> Told:
    return told(asyncio.run(perform(Show(scenario=str(scenario), folder=folder, **changes))))


Player = Callable[..., Told]


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Player:
    """Run a scenario once a session for each set of arguments."""
    known: dict[tuple[Any, ...], Told] = {}

    def run(scenario: str | Path, **changes: Any) -> Told:
        key = (str(scenario), *sorted(changes.items()))
        if key not in known:
            known[key] = _run(scenario, tmp_path_factory.mktemp("run"), **changes)
        return known[key]

    return run


@pytest.fixture(scope="session")
def spike(play: Player) -> Told:
    """The session of 5 February 2018."""
    return play("spike-2018-02", until=datetime(2018, 2, 5, 21, 30, tzinfo=UTC))


@pytest.fixture(scope="session")
def recorded_scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded session of 4 January 2021 as a scenario folder."""
    if not RECORDED.is_dir():
        pytest.skip(f"the recorded session is not at {RECORDED}: set ALVH_SHARED_DATA to the folder that holds it")
    out = tmp_path_factory.mktemp("scenarios")
    return import_session(RECORDED, out, name="recorded-2021-01-04", history=SHARED / "daily")


@pytest.fixture(scope="session")
def recorded(play: Player, recorded_scenario: Path) -> Told:
    return play(recorded_scenario)


@pytest.fixture(scope="session")
def recorded_end(recorded_scenario: Path) -> datetime:
    return load_market(recorded_scenario).end
