"""A process that is killed at any moment of a hedged day leaves a day that ends like the undisturbed one."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.drill import crashes
from bot.drill.crashes import DAY, Outcome, Quiet, campaign, crash, points, sampled, table, undisturbed
from bot.drill.day import Day
from bot.drill.invariants import broken
from bot.drill.points import Fuse, Point, Side, What, every_point
from bot.drill.process import ProcessDay
from bot.errors import UsageProblem
from bot.journal import JournalReader, Kind

SAMPLE, SEED = 6, 20260801
COUNTS = {What.APPEND: 3, What.ORDER_SENT: 1, What.HEARD: 50}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    return undisturbed(DAY, tmp_path_factory.mktemp("quiet") / "day")


def test_the_day_buys_and_sells_and_ends_flat(quiet: Quiet) -> None:
    assert quiet.bought >= 3
    assert quiet.position == {}
    assert quiet.counts[What.ORDER_SENT] >= len(quiet.orders) >= 4
    assert quiet.counts[What.ORDER_HEARD] >= 20


def test_a_day_in_two_processes_has_the_journal_of_a_day_in_one(tmp_path: Path) -> None:
    day = replace(DAY, until="09:48")  # after the purchases
    digests = []
    for name, kind in (("one", Day), ("two", ProcessDay)):
        played = kind(day, tmp_path / name)
        asyncio.run(played.play())
        assert broken(played) == ()
        assert played.journal_path is not None
        reader = JournalReader.open(played.journal_path)
        assert len(list(reader.entries(kinds={Kind.FILL}))) >= 2
        digests.append(reader.digest())
        reader.close()
    assert digests[0] == digests[1]


def intent_and_sending(quiet: Quiet) -> tuple[Point, ...]:
    """Return the moments around the first order on its way out, and around the first of its executions."""
    sent = [Point(what=What.ORDER_SENT, number=quiet.orders[0], side=side) for side in Side]
    return (*sent, Point(what=What.ORDER_HEARD, number=quiet.counts[What.ORDER_HEARD] // 3, side=Side.BEFORE))


def test_a_kill_around_the_first_order_and_at_a_sample_of_all_moments_changes_nothing(
    quiet: Quiet, tmp_path: Path
) -> None:
    chosen = (*intent_and_sending(quiet), *sampled(points(quiet, SEED, 20), SEED, SAMPLE))
    outcomes = campaign(DAY, tmp_path, chosen, quiet, lambda outcome: None)
    assert [outcome.line for outcome in outcomes if outcome.faults] == []
    assert max(outcome.back_s or 0.0 for outcome in outcomes) <= 120.0


# --- the drill itself


def test_a_fuse_dies_on_the_side_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def end() -> None:
        raise SystemExit

    monkeypatch.setattr("bot.drill.points.die", end)
    for side, done_before in ((Side.BEFORE, 1), (Side.AFTER, 2)):
        done: list[int] = []
        fuse = Fuse(Point(what=What.APPEND, number=2, side=side))
        fuse.around(What.SENT, lambda: None)
        fuse.around(What.APPEND, lambda: done.append(1))  # noqa: B023
        with pytest.raises(SystemExit):
            fuse.around(What.APPEND, lambda: done.append(2))  # noqa: B023
        assert len(done) == done_before
        assert fuse.seen == {What.SENT: 1, What.APPEND: 2}


def test_points_that_matter_are_all_there_and_others_are_drawn() -> None:
    quiet = Quiet(position={}, bought=0, counts=COUNTS)
    found = points(quiet, 7, 5)
    assert set(every_point(COUNTS, crashes.MATTERS)) <= set(found)
    assert len(found) == 2 * (3 + 1) + 5
    assert found == points(quiet, 7, 5)
    assert found != points(quiet, 8, 5)
    assert sampled(found, 7, 4) == sampled(found, 7, 4)
    assert [point for point in found if point in sampled(found, 7, 4)] == list(sampled(found, 7, 4))
    assert sampled(found, 7, 99) == found


def outcome(point: str, **changes: Any) -> Outcome:
    values: dict[str, Any] = {"position": "same", "bought": "same", "back_s": 30.0, "faults": ()}
    return Outcome(point=point, **(values | changes))


def test_what_was_tried_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet, tried = Quiet(position={}, bought=0, counts=COUNTS), []

    def trying(setup: Any, folder: Path, point: Point, quiet: Quiet) -> Outcome:
        tried.append(point)
        return outcome(str(point), faults=("it broke",) if point.number == 2 else ())

    monkeypatch.setattr(crashes, "crash", trying)
    chosen = every_point(COUNTS, (What.APPEND,))
    first = campaign(DAY, tmp_path, chosen[:4], quiet, lambda outcome: None)
    said: list[Outcome] = []
    again = campaign(DAY, tmp_path, chosen, quiet, said.append)
    assert tried == list(chosen)
    assert again[:4] == first
    assert said == list(again[4:])
    campaign(replace(DAY, until="10:00"), tmp_path, chosen[:1], quiet, said.append)
    assert len(tried) == len(chosen) + 1, "another day is tried anew"


def test_the_table_counts_by_kind() -> None:
    rows = list(
        table(
            (
                outcome("before append 1"),
                outcome("after append 2", position="smaller", back_s=50.0),
                outcome("before order sent 1", position="larger", back_s=None, faults=("more",)),
            )
        )
    )
    assert [row.split() for row in rows[1:]] == [
        ["around", "append", "2", "1", "1", "0", "0", "40", "50"],
        ["around", "order", "sent", "1", "0", "0", "1", "1", "-", "-"],
        ["all", "3", "1", "1", "1", "1", "40", "50"],
    ]


class Played:
    """Be a day that was played."""

    def __init__(self, position: dict[int, int], deaths: int = 1) -> None:
        self.witness = type("Truth", (), {"own": Counter(position), "own_fills": lambda self: ()})()
        self.deaths = [None] * deaths
        self.back = [timedelta(seconds=55)]
        self.journal_path = None


@pytest.mark.parametrize(
    ("played", "says"),
    [
        (Played({5: 3}), ()),
        (Played({5: 3}, deaths=0), ("never killed",)),
        (Played({5: 4}), ("ended with {5: 4}, undisturbed with {5: 3}",)),
        (Played({6: 1}), ("ended with {6: 1}",)),
        (Played({5: 2}), ("smaller position and the journal gives no reason",)),
    ],
)
def test_a_day_that_ends_otherwise_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: Played, says: tuple[str, ...]
) -> None:
    monkeypatch.setattr(crashes, "_played", lambda setup, folder, point: played)
    monkeypatch.setattr(crashes, "broken", lambda day: ())
    quiet = Quiet(position={5: 3}, bought=3, counts={})
    found = crash(DAY, tmp_path, Point(what=What.APPEND, number=1, side=Side.AFTER), quiet)
    assert len(found.faults) == len(says)
    for fault, words in zip(found.faults, says, strict=True):
        assert words in fault


def test_an_undisturbed_day_that_breaks_a_rule_is_no_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crashes, "_played", lambda setup, folder, point: Played({}))
    monkeypatch.setattr(crashes, "broken", lambda day: ("bounded: too much",))
    with pytest.raises(UsageProblem, match="no measure: bounded: too much"):
        undisturbed(DAY, tmp_path)
