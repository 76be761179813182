from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from bot.collector import ENOUGH, MIDDLE, quieten, tidy


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


def test_tidying_up_waits_for_enough_and_then_takes_the_young(collector: None) -> None:
    quieten()
    tidy()
    assert gc.get_count()[1] == 0
    kept = [[] for _ in range(2 * ENOUGH)]
    assert gc.get_count()[0] > ENOUGH
    tidy()
    assert gc.get_count()[0] < ENOUGH < len(kept)
    assert gc.get_count()[1] == 1


def test_tidying_up_reaches_what_grew_old_in_time(collector: None) -> None:
    quieten()
    kept = []
    for _ in range(MIDDLE + 1):
        kept.append([[] for _ in range(2 * ENOUGH)])
        tidy()
    assert gc.get_count()[1] == MIDDLE + 1
    kept.append([[] for _ in range(2 * ENOUGH)])
    tidy()
    assert gc.get_count()[1:] == (0, 1)
