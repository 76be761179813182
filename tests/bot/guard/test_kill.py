"""The kill switch stays pulled, and whatever cannot be read counts as pulled."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import Refuse
from bot.guard.kill import KillSwitch


def switch(folder: Path, **environment: str) -> KillSwitch:
    return KillSwitch(folder, "paper", "DU1", environment=environment)


def test_it_survives_a_restart_and_keeps_its_first_reason(tmp_path: Path) -> None:
    switch(tmp_path).engage("daily loss")
    switch(tmp_path).engage("second thoughts")
    assert switch(tmp_path).engaged() == "daily loss"
    with pytest.raises(Refuse, match="daily loss"):
        switch(tmp_path).require()


def test_only_rearming_lifts_it(tmp_path: Path) -> None:
    switch(tmp_path).engage("x")
    switch(tmp_path).rearm()
    assert switch(tmp_path).engaged() == ""
    switch(tmp_path).require()


def test_each_mode_and_account_has_its_own(tmp_path: Path) -> None:
    switch(tmp_path).engage("x")
    assert KillSwitch(tmp_path, "live", "U1", environment={}).engaged() == ""


@pytest.mark.parametrize("value", ["1", "yes", "on", "anything"])
def test_the_environment_engages_it_and_rearming_does_not_lift_that(tmp_path: Path, value: str) -> None:
    killed = switch(tmp_path, ALVH_KILL=value)
    killed.rearm()
    assert "ALVH_KILL" in killed.engaged()


@pytest.mark.parametrize("value", ["", "0", "false", "no"])
def test_an_environment_that_says_no_does_not_engage_it(tmp_path: Path, value: str) -> None:
    assert switch(tmp_path, ALVH_KILL=value).engaged() == ""


def test_an_empty_file_counts_as_pulled(tmp_path: Path) -> None:
    switch(tmp_path).path.touch()
    assert switch(tmp_path).engaged()


def test_what_cannot_be_read_counts_as_pulled(tmp_path: Path) -> None:
    unreadable = switch(tmp_path)
    unreadable.path.mkdir()
    assert "cannot be read" in unreadable.engaged()
    binary = KillSwitch(tmp_path, "demo", "DU1", environment={})
    binary.path.write_bytes(b"\xff\xfe\xff")
    assert "cannot be read" in binary.engaged()


def test_a_missing_folder_counts_as_pulled(tmp_path: Path) -> None:
    assert "missing" in switch(tmp_path / "nowhere").engaged()
