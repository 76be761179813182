"""What the doctor says of this machine, and of the calendar."""

from __future__ import annotations

from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.doctor import machine
from bot.doctor.findings import State

NOON = datetime(2026, 3, 17, 16, 0, tzinfo=UTC)
Usage = namedtuple("Usage", "total used free")


def states(found: object) -> dict[str, State]:
    return {row.topic: row.state for row in found}  # type: ignore[attr-defined]


def test_a_good_folder_is_fine_and_left_as_it_was(tmp_path: Path) -> None:
    found = states(machine.of_folder(tmp_path))
    assert found == {"journal": State.FINE, "disk": State.FINE}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("free", "state"), [(199e6, State.FAIL), (1.9e9, State.WARN), (2.1e9, State.FINE)])
def test_little_room_on_the_disk_is_told_before_it_is_too_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, state: State
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(10e9, 0, free))
    assert states(machine.of_folder(tmp_path))["disk"] is state


def test_a_folder_that_cannot_be_written_fails_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (found,) = machine.of_folder(tmp_path / "file" / "var")
    assert found.state is State.FAIL
    assert "Not a directory" in found.seen


def test_an_engaged_kill_switch_is_told(tmp_path: Path) -> None:
    assert machine.of_kill_switch(tmp_path, "paper", "DU1", {}).state is State.FINE
    (tmp_path / "kill-switch-paper-DU1").write_text("ann said so")
    found = machine.of_kill_switch(tmp_path, "paper", "DU1", {})
    assert found.state is State.WARN
    assert "ann said so" in found.seen
    assert machine.of_kill_switch(tmp_path, "dry-run", "DU1", {}).state is State.NOTE


def test_the_kind_of_day_and_the_reach_of_the_calendars_are_told() -> None:
    found = states(machine.of_calendar(NOON, None))
    assert found["session"] is State.FINE
    assert found["calendar"] is State.FINE
    holiday = {row.topic: row for row in machine.of_calendar(datetime(2026, 12, 25, 16, tzinfo=UTC), None)}
    assert holiday["session"].state is State.NOTE
    assert "the next is on 2026-12-28" in holiday["session"].seen
    half = {row.topic: row for row in machine.of_calendar(datetime(2026, 11, 27, 16, tzinfo=UTC), None)}
    assert "09:30 to 13:00 New York time, an early close; VX until 13:15" in half["session"].seen
    late = states(machine.of_calendar(datetime(2035, 3, 16, 16, tzinfo=UTC), None))
    assert late["calendar"] is State.WARN
    assert late["releases"] is State.WARN
