"""Files made to break readers: endless brackets and digits, tables in tables, no text at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.drill.setup import read_setup
from bot.errors import UsageProblem
from bot.events import read_events, read_surprises
from bot.gateway.errors import FaultError, ScenarioError
from bot.gateway.faults import read_faults
from bot.gateway.market.session_file import read_scenario
from bot.whatif.book_file import read_book
from config.layers import SettingsError, load

BREAKERS = {
    "brackets": "x = " + "[" * 5000,
    "braces": "x = " + "{a=" * 3000,
    "a deep key": "a." * 3000 + "a = 1",
    "a deep table": "[" + "a." * 3000 + "a]\n",
    "digits": "x = " + "9" * 5000,
    "no text": b"\xff\xfe\x00".decode("latin-1"),
}


@pytest.mark.parametrize("breaker", BREAKERS)
def test_a_settings_file_made_to_break_its_reader_is_one_problem(breaker: str, tmp_path: Path) -> None:
    path = tmp_path / "alvh.toml"
    path.write_text(BREAKERS[breaker], encoding="latin-1")
    with pytest.raises(SettingsError) as caught:
        load("paper", str(path), {})
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("breaker", BREAKERS)
def test_a_book_or_a_scenario_made_to_break_its_reader_is_refused(breaker: str, tmp_path: Path) -> None:
    for name in ("book.toml", "session.toml"):
        (tmp_path / name).write_text(BREAKERS[breaker], encoding="latin-1")
    with pytest.raises(UsageProblem):
        read_book(tmp_path / "book.toml")
    with pytest.raises(ScenarioError):
        read_scenario(tmp_path)


@pytest.mark.parametrize("breaker", BREAKERS)
def test_faults_and_a_drill_made_to_break_their_readers_are_refused(breaker: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text(BREAKERS[breaker], encoding="latin-1")
    with pytest.raises(FaultError):
        read_faults(path)
    with pytest.raises(UsageProblem):
        read_setup(path)


def test_calendar_and_surprises_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b"date,event,time_et,status,known_until,source\n\xff\xff,,,,,\n")
    with pytest.raises(UsageProblem, match="not readable"):
        read_events(path)
    path.write_bytes(b"date,event,actual,consensus\n\xff,,,\n")
    with pytest.raises(UsageProblem, match="not readable"):
        read_surprises(path, ())
