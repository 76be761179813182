"""What a journal acknowledged survives a power cut, and what cannot be kept or believed is refused in one line."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import Halt, UsageProblem
from bot.journal import Entry, Journal, JournalReader, Kind, journal_path

T0 = datetime(2018, 2, 5, 15, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
TEXT = "x" * 3000


def opened(folder: Path, *, durable: bool = True) -> Journal:
    return Journal.open(journal_path(folder, "paper", "DU1"), mode="paper", account="DU1", durable=durable)


def numbers(folder: Path) -> list[int]:
    return [entry.body["n"] for entry in JournalReader.open(journal_path(folder, "paper", "DU1")).entries()]


def copied(folder: Path, to: Path) -> Path:
    """Copy the journal's files as they lie on the disk, as a power cut leaves them."""
    to.mkdir()
    for file in folder.glob("alvh-*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, to)
    return journal_path(to, "paper", "DU1")


def written(folder: Path, count: int = 20) -> Path:
    """Write a journal whose pages are in the file, and return the file."""
    journal = opened(folder)
    for n in range(count):
        journal.append(Kind.NOTE, {"n": n, "text": TEXT}, at=T0)
    journal.close()
    return journal_path(folder, "paper", "DU1")


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


# --- what the connection that writes is set to


def test_the_connection_that_writes_waits_for_the_disk_and_keeps_a_log(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Kind.NOTE, {"n": 0}, at=T0)
    writer = journal._connection.connection.driver_connection
    assert isinstance(writer, sqlite3.Connection)
    assert writer.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL: a commit returns after fsync"
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer.execute("PRAGMA database_list").fetchone()[2] == str(journal_path(tmp_path, "paper", "DU1"))


def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = opened(tmp_path / "var")
        journal.append(Kind.NOTE, {"n": 0}, at=T0)
        found = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "var").iterdir()}
    finally:
        os.umask(before)
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert set(found.values()) == {0o600}, found
    assert len(found) == 3


# --- a power cut


def test_a_torn_log_loses_nothing_that_was_on_the_disk_and_keeps_no_half_entry(tmp_path: Path) -> None:
    journal = opened(tmp_path / "run")
    log = journal_path(tmp_path / "run", "paper", "DU1").with_suffix(".sqlite3-wal")
    ends = [log.stat().st_size]
    for n in range(12):
        journal.append_all([(Kind.NOTE, {"n": n, "text": TEXT}), (Kind.NOTE, {"n": n, "text": TEXT})], at=T0)
        ends.append(log.stat().st_size)
    cuts = [*random.Random(4).sample(range(ends[0], ends[-1]), 25), ends[-1], ends[5], ends[5] + 1, ends[5] - 1]
    for case, cut in enumerate(cuts):
        path = copied(tmp_path / "run", tmp_path / str(case))
        os.truncate(path.with_suffix(".sqlite3-wal"), cut)
        after = opened(tmp_path / str(case))
        kept = [entry.body["n"] for entry in after.entries()]
        whole = sum(end <= cut for end in ends) - 1
        assert kept == [n for n in range(whole) for _ in range(2)]
        after.append(Kind.NOTE, {"n": 99}, at=T0)
        after.close()
        assert numbers(tmp_path / str(case)) == [*kept, 99]


def test_a_page_torn_while_the_log_was_brought_in_is_written_again_from_the_log(tmp_path: Path) -> None:
    journal = opened(tmp_path / "run")
    for n in range(20):
        journal.append(Kind.NOTE, {"n": n, "text": TEXT}, at=T0)
    path = copied(tmp_path / "run", tmp_path / "cut")
    page = os.urandom(4096)
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(page * 3)
    assert [entry.body["n"] for entry in opened(tmp_path / "cut").entries()] == list(range(20))


# --- files that cannot be believed


def garbage(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4096 // 2 * 4096)
        file.write(os.urandom(4096))


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def index(path: Path) -> None:
    """Spoil the page that finds entries by kind: reading them all would not notice."""
    with sqlite3.connect(path) as database:
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_entries_kind'").fetchone()[0]
    database.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))


def one_letter(path: Path) -> None:
    """Change a single letter of one entry's text: no page is broken."""
    content = path.read_bytes()
    at = content.rindex(b"xxxx")
    path.write_bytes(content[:at] + b"y" + content[at + 1 :])


def one_entry_gone(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TRIGGER entries_no_delete")
        database.execute("DELETE FROM entries WHERE seq = 7")
    database.close()


def one_entry_changed(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TRIGGER entries_no_update")
        database.execute("UPDATE entries SET at = '2018-02-05T15:00:00.000001+00:00' WHERE seq = 3")
    database.close()


@pytest.mark.parametrize("harm", [garbage, cut_short, index, one_letter, one_entry_gone, one_entry_changed])
def test_a_damaged_file_opens_nothing_and_says_what_to_do(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = written(tmp_path)
    harm(path)
    with pytest.raises(UsageProblem, match=r"is damaged \(.+\): nothing is opened on it; .*backup.*compare") as problem:
        opened(tmp_path)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_a_file_cut_to_its_first_bytes_is_empty_or_refused(tmp_path: Path, keep: int) -> None:
    path = written(tmp_path)
    os.truncate(path, keep)
    if not keep:
        assert list(opened(tmp_path).entries()) == []
        return
    with pytest.raises(UsageProblem, match=r"is damaged \(.+\): nothing is opened on it"):
        opened(tmp_path)


def test_another_program_s_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = journal_path(tmp_path, "paper", "DU1")
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    with pytest.raises(UsageProblem, match=r"another program \(it holds recipes\): name another file"):
        opened(tmp_path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    other.close()


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '0999'")
    database.close()
    with pytest.raises(UsageProblem, match=r"version 0999.*newer version; install that one"):
        opened(tmp_path)


def test_a_second_writer_is_found_out(tmp_path: Path) -> None:
    one, other = opened(tmp_path), opened(tmp_path)
    one.append(Kind.NOTE, {"n": 0}, at=T0)
    with pytest.raises(Halt, match="UNIQUE constraint"):
        other.append(Kind.NOTE, {"n": 1}, at=T0)
    one.append(Kind.NOTE, {"n": 2}, at=T0)
    assert numbers(tmp_path) == [0, 2]


# --- a disk that does not take it

GROWS = """
import resource, sys
from pathlib import Path
from datetime import datetime, UTC
from bot.errors import AlvhError
from bot.journal import Journal, Kind, journal_path
folder = Path(sys.argv[1])
journal = Journal.open(journal_path(folder, 'paper', 'DU1'), mode='paper', account='DU1')
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
told = []
journal.follow(lambda entry: told.append(entry.body['n']))
try:
    for n in range(5000):
        journal.append(Kind.NOTE, {'n': n, 'text': 'x' * 3000}, at=datetime(2018, 2, 5, tzinfo=UTC))
except AlvhError as error:
    print(type(error).__name__, len(told), error)
"""


def halted(ran: subprocess.CompletedProcess[str]) -> int:
    """Return how many entries were acknowledged before the journal halted."""
    name, told, words = ran.stdout.strip().split(" ", 2)
    assert name == "Halt", ran.stderr
    assert "\n" not in words
    assert "nothing may be sent" in words
    assert "manage them in TWS" in words
    return int(told)


def test_at_a_file_that_may_not_grow_the_journal_halts_with_what_it_acknowledged(tmp_path: Path) -> None:
    told = halted(run(GROWS, str(tmp_path), "400000"))
    assert told > 10
    journal = opened(tmp_path)
    assert [entry.body["n"] for entry in journal.entries()][:told] == list(range(told))
    journal.append(Kind.NOTE, {"n": -1}, at=T0)


def test_on_a_full_disk_the_journal_halts_with_what_it_acknowledged(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=600k tmpfs {tmp_path} && "
    inside = f'{mount}"$0" -c "$1" {tmp_path}; cp {tmp_path}/alvh-* {tmp_path}.kept/'
    (tmp_path.parent / f"{tmp_path.name}.kept").mkdir()
    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside, sys.executable, GROWS],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if not ran.stdout:
        pytest.skip(f"this machine lets nobody mount a small disk: {ran.stderr.strip()[-80:]}")
    told = halted(ran)
    assert told > 10
    kept = [entry.body["n"] for entry in opened(tmp_path.parent / f"{tmp_path.name}.kept").entries()]
    assert kept[:told] == list(range(told))


def test_a_full_disk_at_the_start_is_told_in_one_line(tmp_path: Path) -> None:
    code = GROWS.replace("folder =", "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\nfolder =")
    ran = run(code, str(tmp_path))
    assert ran.returncode == 1
    assert "UsageProblem: the journal" in ran.stderr.splitlines()[-1]
    assert "check path, rights and disk" in ran.stderr.splitlines()[-1]


def test_a_disk_that_turned_read_only_is_refused_at_the_start(tmp_path: Path) -> None:
    written(tmp_path)
    script = f'mount --bind {tmp_path} {tmp_path} && mount -o remount,bind,ro {tmp_path} && "$0" -c "$1" {tmp_path}'
    code = (
        "import sys\nfrom pathlib import Path\nfrom bot.journal import Journal, journal_path\n"
        "Journal.open(journal_path(Path(sys.argv[1]), 'paper', 'DU1'), mode='paper', account='DU1')\n"
    )
    ran = subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            sys.executable,
            code,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "UsageProblem" not in ran.stderr and "Traceback" not in ran.stderr:
        pytest.skip(f"this machine lets nobody make a disk read-only: {ran.stderr.strip()[-80:]}")
    assert "UsageProblem: the journal" in ran.stderr.splitlines()[-1]
    assert "check path, rights and disk" in ran.stderr.splitlines()[-1]


def test_a_folder_that_vanishes_while_the_bot_runs_halts_it(tmp_path: Path) -> None:
    heard: list[Entry] = []
    journal = opened(tmp_path / "var")
    journal.append(Kind.NOTE, {"n": 0}, at=T0)
    journal.follow(heard.append)
    shutil.rmtree(tmp_path / "var")
    with pytest.raises(Halt, match=r"alvh-paper-DU1.sqlite3 was deleted or moved while the bot ran"):
        journal.append(Kind.INTENT, {"n": 1}, at=T0)
    with pytest.raises(Halt, match="failed earlier"):
        journal.append(Kind.INTENT, {"n": 2}, at=T0)
    assert [entry.body["n"] for entry in heard] == [0]


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_a_file_that_is_swapped_while_the_bot_runs_halts_it(tmp_path: Path, ending: str) -> None:
    journal = opened(tmp_path)
    journal.append(Kind.NOTE, {"n": 0}, at=T0)
    file = Path(f"{journal_path(tmp_path, 'paper', 'DU1')}{ending}")
    copy = shutil.copy(file, tmp_path / "copy")
    os.replace(copy, file)
    with pytest.raises(Halt, match="was replaced while the bot ran"):
        journal.append(Kind.INTENT, {"n": 1}, at=T0)


# --- killed while the tables are brought up to date

UPGRADES = """
import os, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from bot.journal import Journal, journal_path
left = int(sys.argv[2])
@event.listens_for(Engine, 'after_cursor_execute')
def count(connection, cursor, statement, *rest):
    global left
    if statement.split()[0] in ('CREATE', 'ALTER', 'INSERT', 'UPDATE'):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
Journal.open(journal_path(Path(sys.argv[1]), 'paper', 'DU1'), mode='paper', account='DU1').close()
"""


def first_version(folder: Path) -> None:
    """Leave a journal as version 0001 of the tables wrote it."""
    written(folder, 3)
    with sqlite3.connect(journal_path(folder, "paper", "DU1")) as database:
        database.execute("ALTER TABLE entries DROP COLUMN seal")
        for table in ("parts", "knowledge"):
            database.execute(f"DROP TABLE {table}")
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.close()


def test_an_older_journal_is_brought_up_to_date_and_sealed_from_then_on(tmp_path: Path) -> None:
    first_version(tmp_path)
    assert numbers(tmp_path) == [0, 1, 2], "a reader does not wait for the bot to bring it up to date"
    journal = opened(tmp_path)
    journal.append(Kind.NOTE, {"n": 3}, at=T0)
    journal.close()
    with sqlite3.connect(journal_path(tmp_path, "paper", "DU1")) as database:
        seals = [row[0] for row in database.execute("SELECT seal FROM entries ORDER BY seq")]
    database.close()
    assert seals[:3] == [None] * 3
    assert len(seals[3]) == 64
    assert [entry.body["n"] for entry in opened(tmp_path).entries()] == [0, 1, 2, 3]


@pytest.mark.parametrize("begun", [True, False])
def test_a_kill_at_any_statement_of_an_upgrade_leaves_the_old_tables_or_the_new(tmp_path: Path, begun: bool) -> None:
    killed = 0
    for statement in (1, 2, 4, 99) if begun else (1, 3, 6, 9, 99):
        folder = tmp_path / str(statement)
        if begun:
            first_version(folder)
        ran = run(UPGRADES, str(folder), str(statement))
        killed += ran.returncode == -9
        journal = opened(folder)
        assert [entry.body["n"] for entry in journal.entries()] == ([0, 1, 2] if begun else [])
        journal.append(Kind.NOTE, {"n": 3}, at=T0)
        journal.close()
        assert numbers(folder)[-1] == 3
    assert killed >= 3
