"""Days drawn at random: the same for the same number, remembered in parts, told and made short when they fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.drill import search as room
from bot.drill.draw import DAYS_A_MARKET, drawn
from bot.drill.search import STATE, Played, attempt, play_number, search
from bot.drill.setup import Crash, Does, Hand, Setup, as_toml, read_setup
from bot.drill.shrink import shrunk
from bot.errors import UsageProblem
from bot.gateway.faults.catalogue import KINDS, check
from bot.gateway.faults.records import Fault

DAY = Setup(
    scenario="made-up-1",
    mode="live",
    answer_s=5.0,
    lines=26,
    faults=(Fault.of("hang-up", at="10:00", how="close"), Fault.of("restart", at="10:05", lasts_s=35.0)),
    crashes=(Crash(entry="fill", nth=2), Crash(at="10:00")),
    hands=(Hand(at="10:05", does=Does.KILL), Hand(at="10:06", does=Does.REARM)),
)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let days of numbers that end with 3 fail, without playing any."""
    numbers: list[int] = []

    def play(number: int) -> Played:
        numbers.append(number)
        failed = ("bounded: too much",) if number % 10 == 3 else ()
        return Played(number=number, failed=failed, cpu_s=0.5, bought=number % 2, digest="")

    monkeypatch.setattr(room, "play_number", play)
    monkeypatch.setattr(room, "shortest", lambda setup, failed: replace(setup, faults=(), crashes=(), hands=()))
    return numbers


def test_a_number_draws_the_same_day_always_and_days_in_a_row_share_a_market() -> None:
    assert drawn(4711) == drawn(4711)
    assert drawn(4711) != drawn(4712)
    assert len({drawn(number).scenario for number in range(DAYS_A_MARKET)}) == 1
    assert drawn(DAYS_A_MARKET).scenario != drawn(0).scenario


def test_two_thousand_draws_hold_every_kind_of_fault_every_deed_and_every_mode_and_all_can_be_written(
    tmp_path: Path,
) -> None:
    days = [drawn(number) for number in range(2000)]
    assert {fault.kind for day in days for fault in day.faults} == set(KINDS)
    assert {hand.does for day in days for hand in day.hands} == set(Does)
    assert {day.mode for day in days} == {"paper", "live", "dry-run"}
    assert all(check(fault) for day in days for fault in day.faults)
    file = tmp_path / "day.toml"
    for day in days[:200]:
        file.write_text(as_toml(day), encoding="utf-8")
        assert read_setup(file) == day


def test_a_search_goes_on_where_its_earlier_part_ended_and_tells_what_failed(tmp_path: Path, played: list[int]) -> None:
    told: list[str] = []
    first = search(5, 2, tmp_path, told.append)
    whole = search(14, 2, tmp_path, told.append)
    assert played == [2_000_000 + n for n in range(14)]
    assert first.failed == (2_000_003,)
    assert whole.failed == (2_000_003, 2_000_013)
    assert (whole.done, whole.traded, whole.cpu_s) == (14, 7, 7.0)
    assert any("day 2000013 FAILED (again with --day 2000013)" in line for line in told)
    assert told[-1].startswith("14 days, 7 with purchases, 2 failed; 0.50 s of CPU each")
    assert read_setup(tmp_path / "day-2000003.toml").scenario == drawn(2_000_003).scenario


def test_a_state_of_another_seed_or_that_cannot_be_read_is_refused(tmp_path: Path, played: list[int]) -> None:
    search(1, 2, tmp_path, lambda line: None)
    with pytest.raises(UsageProblem, match="belongs to seed 2, not 3"):
        search(1, 3, tmp_path, lambda line: None)
    (tmp_path / STATE).write_text(json.dumps({"seed": 2}), encoding="utf-8")
    with pytest.raises(UsageProblem, match="is no state of a search"):
        search(1, 2, tmp_path, lambda line: None)


def test_a_day_is_shrunk_to_the_one_crash_and_the_one_word_that_it_takes() -> None:
    tried: list[Setup] = []

    def fails(day: Setup) -> bool:
        tried.append(day)
        return any(crash.entry == "fill" for crash in day.crashes) and any(h.does is Does.KILL for h in day.hands)

    short = shrunk(DAY, fails)
    assert short == Setup(
        scenario="made-up-1",
        lines=26,
        crashes=(Crash(entry="fill", nth=2),),
        hands=(Hand(at="10:05", does=Does.KILL),),
    )
    assert len(tried) < 30


def test_a_fault_that_it_takes_says_only_what_it_must() -> None:
    short = shrunk(DAY, lambda day: any(f.kind == "hang-up" for f in day.faults))
    assert short.faults == (Fault.of("hang-up", at="10:00"),)


def test_shrinking_ends_after_so_many_tries() -> None:
    tried: list[Setup] = []

    def fails(day: Setup) -> bool:
        tried.append(day)
        return False

    assert shrunk(DAY, fails, tries=3) == DAY
    assert len(tried) == 3


def test_an_error_in_the_bot_is_a_failure_of_the_day_and_not_the_end_of_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def stumble(setup: Setup, folder: Path) -> None:
        raise KeyError("con_id")

    monkeypatch.setattr(room, "play", stumble)
    assert attempt(DAY) == (None, ("KeyError: 'con_id'",))


def test_a_day_that_does_not_end_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def spin(setup: Setup, folder: Path) -> None:
        while True:
            pass

    monkeypatch.setattr(room, "play", spin)
    monkeypatch.setattr(room, "LONGEST_S", 0.05)
    outcome, failed = attempt(DAY)
    assert outcome is None
    assert failed[0].startswith("ends: ")


def test_a_drawn_day_is_played_twice_alike_and_breaks_no_rule() -> None:
    day = play_number(350)
    assert day.failed == ()
    assert day.bought > 0
