"""Give the collector of rubbish back after every test: commands that run the bot let it work seldom, for good."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

USUAL = gc.get_threshold()


@pytest.fixture(autouse=True)
def collector_at_work() -> Iterator[None]:
    yield
    if gc.get_threshold() != USUAL:
        gc.set_threshold(*USUAL)
        gc.unfreeze()
        gc.collect()
