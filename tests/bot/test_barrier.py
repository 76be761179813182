"""The barrier: both ends of a socket agree on every byte before a step is over."""

from __future__ import annotations

import asyncio

import pytest

from bot import barrier
from bot.barrier import Barrier
from bot.errors import Bug

CLIENT_ID = 3


class Wire:
    """Be both ends of a socket: what one end says is on its way until `deliver`."""

    def __init__(self) -> None:
        self.ours = (10, 20)
        self.theirs: tuple[int, int] | None = (20, 10)
        self.looks = 0

    def wire_bytes(self) -> tuple[int, int]:
        self.looks += 1
        return self.ours

    def traffic(self) -> dict[int, tuple[int, int]]:
        return {} if self.theirs is None else {CLIENT_ID: self.theirs}

    def say(self, size: int) -> None:
        assert self.theirs is not None
        self.theirs = (self.theirs[0], self.theirs[1] + size)

    def deliver(self) -> None:
        assert self.theirs is not None
        self.ours = (self.theirs[1], self.ours[1])

    def barrier(self) -> Barrier:
        return Barrier(self, self, CLIENT_ID)


async def turns(task: asyncio.Task[None], most: int = 100) -> int:
    """Return after how many turns of the loop a task was done."""
    for turn in range(most):
        if task.done():
            return turn
        await asyncio.sleep(0)
    return most


async def test_the_first_rest_is_watched_for_some_turns_of_the_loop_even_when_the_bytes_agree() -> None:
    assert await turns(asyncio.ensure_future(Wire().barrier().settle())) > barrier.QUIET_ROUNDS


async def test_a_wire_on_which_nothing_was_said_since_is_at_rest_at_once() -> None:
    wire = Wire()
    stands = wire.barrier()
    await stands.settle()
    looks = wire.looks
    await stands.settle()
    assert wire.looks == looks + 1


async def test_what_was_said_since_the_last_rest_is_waited_for() -> None:
    wire = Wire()
    stands = wire.barrier()
    await stands.settle()
    wire.say(5)
    waiting = asyncio.ensure_future(stands.settle())
    assert await turns(waiting, most=50) == 50
    wire.deliver()
    assert await turns(waiting) < 50


async def test_bytes_that_both_ends_already_count_but_that_are_new_are_watched_for_answers() -> None:
    wire = Wire()
    stands = wire.barrier()
    await stands.settle()
    wire.say(5)
    wire.deliver()
    assert await turns(asyncio.ensure_future(stands.settle())) > barrier.QUIET_ROUNDS


@pytest.mark.parametrize("end", ["ours", "theirs"])
async def test_a_closed_connection_is_settled_but_never_taken_for_one_at_rest(end: str) -> None:
    wire = Wire()
    stands = wire.barrier()
    await stands.settle()
    if end == "ours":
        wire.ours = (0, 0)
    else:
        wire.theirs = None
    for _ in range(2):
        assert await turns(asyncio.ensure_future(stands.settle())) > barrier.QUIET_ROUNDS


async def test_ends_that_never_agree_are_a_bug_that_names_both_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barrier, "MAX_ROUNDS", 50)
    wire = Wire()
    wire.say(5)
    with pytest.raises(Bug, match=r"\(20, 15\).*\(10, 20\)"):
        await wire.barrier().settle()
