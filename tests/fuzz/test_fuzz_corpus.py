"""Every input that a fuzzer found worth keeping is tried again; with none of them anything is found."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from fuzz.feed import Feed
from fuzz.targets import TARGETS, target

CORPUS = Path(__file__).parent / "corpus"
MOST_BYTES = 300_000
FRESH = 25


def inputs(name: str) -> list[bytes]:
    return [bytes.fromhex(line) for line in (CORPUS / f"{name}.txt").read_text(encoding="ascii").split()]


@pytest.mark.parametrize("name", TARGETS)
def test_no_kept_input_finds_anything(name: str) -> None:
    run = target(name)
    kept = inputs(name)
    assert kept
    for data in (b"", *kept):
        run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_fresh_input_finds_anything(name: str) -> None:
    run, draw = target(name), Random(name)
    for _ in range(FRESH):
        run(draw.randbytes(draw.randrange(600)))


def test_the_corpus_is_small_and_of_known_targets() -> None:
    files = sorted(CORPUS.iterdir())
    assert {path.stem for path in files} == {*TARGETS}
    assert sum(path.stat().st_size for path in files) < MOST_BYTES


def test_a_feed_that_is_used_up_gives_zeros_and_first_choices() -> None:
    feed = Feed(b"\x05")
    assert feed.whole(255) == 5
    assert (feed.whole(1 << 40), feed.pick("abc"), feed.take(4), feed.left) == (0, "a", b"", 0)
