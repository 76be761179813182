"""What the bot writes belongs to its owner, and what others could have written is not obeyed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.guard.instance import InstanceLock
from bot.guard.interlock import Link, disagreements
from bot.guard.kill import KillSwitch
from bot.journal import Journal, Kind, journal_path
from bot.journal.backup import back_up
from bot.private import close_to_others, fault, make_folder, tighten
from bot.supervise.inbox import Inbox, Say

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 2, 15, tzinfo=UTC)


@pytest.fixture(params=[0o022, 0o000], ids=["umask 022", "umask 000"])
def loose(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    """Return what under a folder, itself included, gives others any right."""
    return [f"{path.name} {mode(path):o}" for path in [folder, *sorted(folder.rglob("*"))] if mode(path) & 0o077]


def test_what_a_running_bot_writes_is_its_owners(loose: int, tmp_path: Path) -> None:
    folder = tmp_path / "var" / "alvh"
    KillSwitch(folder, "paper", "DU1").engage("because")
    InstanceLock(folder, "DU1", tmp_path / "state").acquire()
    Inbox(folder, "paper", "DU1").put(Say.KILL, who="me", at=NOW, word_id="1")
    place = journal_path(folder, "paper", "DU1")
    journal = Journal.open(place, mode="paper", account="DU1")
    journal.append(Kind.ALERT, {"why": "look"}, at=NOW)
    assert {path.name for path in folder.glob("alvh-paper*")} >= {place.name, f"{place.name}-wal", f"{place.name}-shm"}
    back_up(place, tmp_path / "copies")
    journal.close()
    assert open_to_others(tmp_path / "var") == []
    assert open_to_others(tmp_path / "copies") == []
    assert open_to_others(tmp_path / "state") == []


def run(tmp_path: Path, *arguments: str) -> None:
    """Run the command line as a shell with no umask would."""
    lines = "import os, sys; os.umask(0); from bot.cli import main; sys.argv[0] = 'alvh'; main()"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ALVH_")}
    subprocess.run(
        [sys.executable, "-c", lines, *arguments],
        cwd=tmp_path, env=environ | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, timeout=120,
    )  # fmt: skip


@pytest.mark.slow
def test_demo_page_export_backup_and_settings_are_their_owners_too(tmp_path: Path) -> None:
    run(tmp_path, "config", "init", "mine.toml")
    run(tmp_path, "demo", "--scenario", "half-day", "--json")
    (journal,) = tmp_path.rglob("alvh-demo-*.sqlite3")
    run(tmp_path, "export", str(journal), "entries.jsonl")
    run(tmp_path, "backup", "copies", "--journal", str(journal))
    made = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert {"mine.toml", "entries.jsonl"} < {path.name for path in made}
    assert [path for path in made if path.suffix == ".html"]
    assert [found for path in tmp_path.iterdir() for found in open_to_others(path)] == []


def test_the_process_closes_what_it_makes_to_others(loose: int, tmp_path: Path) -> None:
    close_to_others()
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    assert open_to_others(tmp_path / "file") == open_to_others(tmp_path / "folder") == []


def test_a_folder_that_exists_is_left_as_it_is_and_those_made_are_private(loose: int, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_folder(tmp_path / "a" / "b")
    assert [mode(tmp_path), mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o755, 0o700, 0o700]


def test_tightening_takes_rights_from_others_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert not tighten(path)
    path.write_text("x")
    path.chmod(0o664)
    assert tighten(path)
    assert mode(path) == 0o600
    assert not tighten(path)


def test_a_journal_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    place = journal_path(tmp_path, "paper", "DU1")
    Journal.open(place, mode="paper", account="DU1").close()
    place.chmod(0o644)
    journal = Journal.open(place, mode="paper", account="DU1")
    journal.append(Kind.ALERT, {"why": "look"}, at=NOW)
    assert [f"{path.name} {mode(path):o}" for path in tmp_path.iterdir() if mode(path) & 0o077] == []
    journal.close()


# -- words


def said(tmp_path: Path) -> Inbox:
    inbox = Inbox(tmp_path, "paper", "DU1")
    inbox.put(Say.FLATTEN, who="me", at=NOW, word_id="1")
    return inbox


def test_a_word_of_the_owner_is_heard(tmp_path: Path) -> None:
    (letter,) = said(tmp_path).letters()
    assert letter.word is not None


@pytest.mark.parametrize("rights", [0o602, 0o620, 0o666])
def test_a_word_that_others_could_have_written_is_not_obeyed(rights: int, tmp_path: Path) -> None:
    inbox = said(tmp_path)
    next(inbox.folder.iterdir()).chmod(rights)
    (letter,) = inbox.letters()
    assert letter.word is None
    assert "anybody could have said it" in letter.fault


def test_an_inbox_that_others_could_write_is_closed_and_what_lies_in_it_is_not_obeyed(tmp_path: Path) -> None:
    inbox = said(tmp_path)
    inbox.folder.chmod(0o777)
    (letter,) = inbox.letters()
    assert letter.word is None
    assert mode(inbox.folder) == 0o700
    inbox.remove(letter)
    inbox.put(Say.FLATTEN, who="me", at=NOW, word_id="2")
    (again,) = inbox.letters()
    assert again.word is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_word_of_another_user_is_not_obeyed(tmp_path: Path) -> None:
    inbox = said(tmp_path)
    os.chown(next(inbox.folder.iterdir()), 12345, 12345)
    (letter,) = inbox.letters()
    assert letter.word is None
    assert "user 12345" in letter.fault


# -- the arm file


def armed(tmp_path: Path) -> Link:
    path = tmp_path / "arm-U1"
    path.write_text("U1\n")
    path.chmod(0o644)
    tmp_path.chmod(0o755)
    return Link(
        mode="live", port=7496, account="U1", configured_account="U1", simulated=False, may_write=True,
        arm_file=path, confirmed_account="U1",
    )  # fmt: skip


def test_an_arm_file_that_only_its_owner_may_write_arms(tmp_path: Path) -> None:
    assert disagreements(armed(tmp_path)) == ()


@pytest.mark.parametrize("rights", [0o664, 0o646, 0o666])
def test_an_arm_file_that_others_may_write_does_not_arm(rights: int, tmp_path: Path) -> None:
    link = armed(tmp_path)
    (tmp_path / "arm-U1").chmod(rights)
    (why,) = disagreements(link)
    assert "chmod go-w" in why


def test_nor_does_one_in_a_folder_that_others_may_write(tmp_path: Path) -> None:
    link = armed(tmp_path)
    tmp_path.chmod(0o777)
    (why,) = disagreements(link)
    assert "chmod go-w" in why


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_nor_does_one_of_another_user(tmp_path: Path) -> None:
    link = armed(tmp_path)
    os.chown(tmp_path / "arm-U1", 12345, 12345)
    (why,) = disagreements(link)
    assert "user 12345" in why
    assert fault(tmp_path) == ""


def test_an_arm_file_that_is_no_text_does_not_arm(tmp_path: Path) -> None:
    link = armed(tmp_path)
    (tmp_path / "arm-U1").write_bytes(b"\xff\xfe")
    (why,) = disagreements(replace(link))
    assert "cannot be read" in why
