"""Run each scenario day once for all the tests that look at it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from told_day import RECORDED, SHARED, STAGED, Player, Told, told

from bot.demo import Show, perform
from bot.gateway.importing import import_session


def _run(scenario: str | Path, folder: Path, **changes: Any) -> Told:
    return told(asyncio.run(perform(Show(scenario=str(scenario), folder=folder, **changes))))


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
def staged(play: Player) -> Told:
    """Five and six January 2021: tranches, and a hedge that goes in stages."""
    return play(STAGED)


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
