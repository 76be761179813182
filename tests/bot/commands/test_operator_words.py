"""The operator's words reach the bot that is meant, and in a hurry all of them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli import run
from bot.guard.kill import KillSwitch
from bot.journal import Journal, Kind, journal_path
from bot.supervise.inbox import Inbox, Say

WORDS = [("flatten",), ("rearm",), ("approve", "abc"), ("deny", "abc"), ("reconcile", "--accept", "12")]
BOTS = (("dry-run", "U1234567"), ("paper", "DU1234567"), ("live", "U1234567"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let three bots have run in a folder; the dry-run was the last."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("ALVH_"):
            monkeypatch.delenv(name)
    (tmp_path / "var").mkdir()
    for mode, account in reversed(BOTS):
        Journal.open(journal_path(tmp_path / "var", mode, account), mode=mode, account=account, durable=False).close()
    return tmp_path / "var"


def killed(folder: Path) -> list[str]:
    return [mode for mode, account in BOTS if KillSwitch(folder, mode, account, environment={}).engaged()]


def test_a_bare_kill_stops_every_bot_of_the_folder_that_can_send(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["kill", "--why", "enough"]) == 0
    assert killed(folder) == ["paper", "live"], "nothing could lift that of a dry-run, which sends nothing"
    told = capsys.readouterr().out
    assert "live U1234567: the kill switch is engaged; only cancels and what alvh flatten sells leave the bot" in told


@pytest.mark.parametrize("words", [("--profile", "paper"), ("--journal", "var/alvh-paper-DU1234567.sqlite3")])
def test_a_kill_that_names_its_bot_leaves_the_others_alone(folder: Path, words: tuple[str, ...]) -> None:
    assert run(["kill", *words]) == 0
    assert killed(folder) == ["paper"]


def test_a_broken_journal_does_not_save_its_bot_from_the_kill(folder: Path) -> None:
    journal_path(folder, "live", "U1234567").write_bytes(b"no database")
    assert run(["kill"]) == 0
    assert "live" in killed(folder)


def test_a_kill_that_cannot_be_written_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "kill-switch-paper-DU1234567").symlink_to(folder / "gone" / "file")
    assert run(["kill", "--profile", "paper"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_kill_elsewhere_names_the_folder_it_looked_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run(["kill"]) == 2
    assert str(tmp_path / "elsewhere" / "var") in capsys.readouterr().err


@pytest.mark.parametrize("words", WORDS)
def test_a_word_without_a_name_is_not_left_with_the_dry_run(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run(list(words)) == 2
    assert "--profile" in capsys.readouterr().err
    assert Inbox(folder, "dry-run", "U1234567").letters() == ()
    assert run([*words, "--profile", "paper"]) == 0
    assert len(Inbox(folder, "paper", "DU1234567").letters()) == 1


def test_one_switch_that_cannot_be_written_does_not_save_the_others(folder: Path) -> None:
    (folder / "kill-switch-paper-DU1234567").symlink_to(folder / "gone" / "file")
    assert run(["kill"]) == 2
    assert "live" in killed(folder)


@pytest.mark.parametrize("words", [(), ("--profile", "paper")])
def test_a_kill_that_broken_settings_prevent_says_how_to_say_it_without_them(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    (folder / "bad.toml").write_text("nonsense = 1\n", encoding="utf-8")
    monkeypatch.setenv("ALVH_CONFIG", str(folder / "bad.toml"))
    assert run(["kill", *words]) == 2
    assert "nothing was said to any bot: mend the settings, or name the bot by its file" in capsys.readouterr().err
    assert run(["kill", "--journal", str(folder / "alvh-paper-DU1234567.sqlite3")]) == 0
    assert killed(folder) == ["paper"]


def test_reconcile_shows_what_differs_and_leaves_no_word(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_a_mismatch(folder)
    assert run(["reconcile", "--profile", "paper"]) == 0
    told = capsys.readouterr().out
    assert "contract 12: journal 4, positions 3, updates 3" in told
    assert "Mon 2018-02-05 10:00:00" in told
    assert "alvh reconcile --accept 12" in told
    assert Inbox(folder, "paper", "DU1234567").letters() == ()
    assert run(["reconcile", "--profile", "paper", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [(lock["contract"], lock["why"]) for lock in facts["locks"]] == [(12, "VXM: own 4, account 3")]


def test_accepting_leaves_a_word_with_contract_and_reason(folder: Path) -> None:
    assert run(["reconcile", "--profile", "paper", "--accept", "12", "--why", "sold in TWS"]) == 0
    (letter,) = Inbox(folder, "paper", "DU1234567").letters()
    assert letter.word is not None
    assert (letter.word.say, letter.word.subject, letter.word.why) == (Say.ACCEPT, "12", "sold in TWS")


def with_a_mismatch(folder: Path) -> None:
    at = datetime(2018, 2, 5, 15, tzinfo=UTC)
    journal = Journal.open(journal_path(folder, "paper", "DU1234567"), mode="paper", account="DU1234567", durable=False)
    compared = {"because": "a start", "positions": [[12, 4, 3, 3]], "complete": True, "why": ""}
    lock = {"name": "positions of 12", "why": "VXM: own 4, account 3", "day": None, "con_id": 12}
    journal.append(Kind.RECONCILE, compared, at=at)
    journal.append(Kind.LOCK, lock, at=at)
    journal.close()
