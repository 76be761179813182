"""A backup is one state of the journal, taken while the bot writes, and believed only when its lines are the same."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cli import run as alvh
from bot.errors import Halt, UsageProblem
from bot.guard.instance import InstanceLock
from bot.journal import Journal, JournalReader, Kind, Projection, backup, journal_path
from bot.journal.backup import back_up

T0 = datetime(2018, 2, 5, 15, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


def opened(folder: Path) -> Journal:
    return Journal.open(journal_path(folder, "paper", "DU1"), mode="paper", account="DU1")


def written(folder: Path, *counts: int) -> Journal:
    journal = opened(folder)
    journal.recall(Projection())
    for number, count in enumerate(counts):
        if number:
            assert journal.turn(0)
        for n in range(count):
            journal.append(Kind.NOTE, {"part": number, "n": n, "text": "x" * 500}, at=T0)
    return journal


def test_a_backup_while_the_bot_writes_holds_everything_up_to_then(tmp_path: Path) -> None:
    journal = written(tmp_path / "var", 30)
    made = back_up(journal_path(tmp_path / "var", "paper", "DU1"), tmp_path / "safe")
    before = journal.digest()
    journal.append(Kind.NOTE, {"n": "later"}, at=T0)
    assert (made.last, made.digest, made.copied, made.kept) == (30, before, 1, 0)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "safe").stat().st_mode & 0o777 == 0o700
    assert [file.name for file in (tmp_path / "safe").iterdir()] == [made.path.name]
    restored = opened(tmp_path / "safe")
    assert restored.digest() == before
    assert restored.append(Kind.NOTE, {}, at=T0) == 31


def test_the_next_backup_copies_the_newest_file_again_and_closed_parts_once(tmp_path: Path) -> None:
    path = journal_path(tmp_path / "var", "paper", "DU1")
    journal = written(tmp_path / "var", 5, 5)
    assert (back_up(path, tmp_path / "safe").copied, journal.turn(0)) == (2, True)
    journal.append(Kind.NOTE, {}, at=T0)
    made = back_up(path, tmp_path / "safe")
    assert (made.last, made.copied, made.kept) == (11, 2, 1)
    assert JournalReader.open(made.path).digest() == journal.digest()
    assert not list((tmp_path / "safe").glob("*.copying*"))


def test_a_copy_with_other_lines_is_refused_and_the_last_backup_stays(tmp_path: Path, monkeypatch: Any) -> None:
    path = journal_path(tmp_path / "var", "paper", "DU1")
    journal = written(tmp_path / "var", 5)
    first = back_up(path, tmp_path / "safe")
    journal.append(Kind.NOTE, {}, at=T0)
    original = backup._copy

    def spoiling(path: Path, folder: Path) -> Path:
        coming = original(path, folder)
        content = coming.read_bytes()
        coming.write_bytes(content.replace(b"xxxx", b"xxxy", 1))
        return coming

    monkeypatch.setattr(backup, "_copy", spoiling)
    with pytest.raises(Halt, match="holds other lines than the journal: the last backup was left as it was"):
        back_up(path, tmp_path / "safe")
    assert JournalReader.open(first.path).digest() == first.digest


def test_a_folder_that_cannot_take_it_is_told_in_one_line(tmp_path: Path) -> None:
    path = journal_path(tmp_path / "var", "paper", "DU1")
    written(tmp_path / "var", 1)
    with pytest.raises(UsageProblem, match="is where the journal itself lies"):
        back_up(path, tmp_path / "var")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageProblem, match=r"cannot be written .*check rights and disk"):
        back_up(path, tmp_path / "file" / "safe")
    with pytest.raises(UsageProblem, match="there is no journal"):
        back_up(tmp_path / "none", tmp_path / "safe")


COPIES = """
import os, sys, threading
from pathlib import Path
from bot.journal import journal_path
from bot.journal.backup import back_up
path = journal_path(Path(sys.argv[1]), 'paper', 'DU1')
print('ready', flush=True)
threading.Timer(float(sys.argv[3]), os.kill, (os.getpid(), 9)).start()
while True:
    back_up(path, Path(sys.argv[2]))
"""


def test_a_kill_in_the_middle_leaves_the_journal_and_the_last_backup_as_they_were(tmp_path: Path) -> None:
    path = journal_path(tmp_path / "var", "paper", "DU1")
    journal = written(tmp_path / "var", 400, 3)
    back_up(path, tmp_path / "safe")
    draw = random.Random(5)
    for n in range(6):
        journal.append(Kind.NOTE, {"n": n}, at=T0)
        ran = subprocess.run(
            [sys.executable, "-c", COPIES, str(tmp_path / "var"), str(tmp_path / "safe"), str(draw.uniform(0, 0.1))],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
            capture_output=True,
        )
        assert ran.returncode == -9
        copy = JournalReader.open(tmp_path / "safe" / path.name)
        assert copy.last_seq() in range(403, 403 + n + 2)
        assert copy.digest() == journal.digest(through=copy.last_seq())
    made = back_up(path, tmp_path / "safe")
    assert made.digest == journal.digest()
    assert not list((tmp_path / "safe").glob("*.copying*"))


def test_the_commands_say_what_they_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = journal_path(tmp_path / "var", "paper", "DU1")
    written(tmp_path / "var", 3).close()
    assert alvh(["backup", str(tmp_path / "safe"), "--journal", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"{tmp_path / 'safe' / path.name} holds 3 entries (1 files copied)" in said
    assert JournalReader.open(path).digest() in said
    assert alvh(["compact", "--journal", str(path)]) == 0
    assert f"{path}.0001 is closed; {path} goes on after entry 3" in capsys.readouterr().out
    assert alvh(["backup", str(tmp_path / "safe"), "--journal", str(path)]) == 0
    assert [entry.seq for entry in JournalReader.open(tmp_path / "safe" / path.name).entries()] == [1, 2, 3]


def test_no_file_is_closed_under_a_running_bot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = journal_path(tmp_path / "var", "paper", "DU1")
    written(tmp_path / "var", 3).close()
    lock = InstanceLock(tmp_path / "var", "DU1")
    lock.acquire()
    assert alvh(["compact", "--journal", str(path)]) == 3
    assert f"another bot (process {os.getpid()}" in capsys.readouterr().err
    assert not list((tmp_path / "var").glob("*.0001"))
    lock.release()
