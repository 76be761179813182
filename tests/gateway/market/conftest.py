"""Give the market's tests the shipped scenarios, each loaded once, and the tables they were made from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from bot.gateway.market import SimulatedMarket, load_market
from bot.gateway.market.catalogue import SCENARIOS

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("ALVH_SHARED_DATA", ROOT / ".." / "shared" / "data"))


@lru_cache(maxsize=16)
def loaded(name: str) -> SimulatedMarket:
    return load_market(name)


@pytest.fixture
def market_of() -> Callable[[str], SimulatedMarket]:
    """Return a function that gives a fresh market over a world that is built once per scenario."""
    return lambda name: SimulatedMarket(loaded(name)._world)


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Return a function that gives a file of the shared market data, or skips the test."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"needs {name}: set ALVH_SHARED_DATA to the folder of market data")
        return path

    return find


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a private copy of a small scenario, to be broken."""
    return Path(shutil.copytree(SCENARIOS / "calm", tmp_path / "calm"))
