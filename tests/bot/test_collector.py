from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from bot.collector import quieten


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_lives_at_the_start_is_set_aside_and_new_rubbish_is_still_found(collector: None) -> None:
    quieten()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] > 700
    knot: list[object] = []
    knot.append(knot)
    del knot
    assert gc.collect() >= 1
