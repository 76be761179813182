"""The journal keeps what it was given, in order, for one mode and account, and says so when it cannot."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.errors import Halt, UsageProblem
from bot.journal import Entry, Journal, JournalReader, Kind, journal_path

T0 = datetime(2018, 2, 5, 15, tzinfo=UTC)


def opened(folder: Path, mode: str = "paper", account: str = "DU1") -> Journal:
    return Journal.open(journal_path(folder, mode, account), mode=mode, account=account)


def test_entries_come_back_in_order_with_everything_they_were_given(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    seqs = [journal.append(Kind.NOTE, {"n": n}, at=T0, wall={"pid": n} if n else None) for n in range(3)]
    assert seqs == [1, 2, 3]
    assert list(journal.entries()) == [
        Entry(seq=n + 1, at=T0, kind=Kind.NOTE, body={"n": n}, wall={"pid": n} if n else None) for n in range(3)
    ]


def test_reading_can_start_late_stop_early_and_choose_kinds(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for n in range(1200):
        journal.append(Kind.NOTE if n % 2 else Kind.ALERT, {"n": n}, at=T0)
    assert [e.body["n"] for e in journal.entries(after=1198)] == [1198, 1199]
    assert [e.body["n"] for e in journal.entries(kinds={Kind.ALERT}, limit=3)] == [0, 2, 4]
    assert len(list(journal.entries(kinds={Kind.NOTE}))) == 600
    assert len(list(journal.entries(limit=501))) == 501


def test_the_digest_ignores_wall_and_nothing_else(tmp_path: Path) -> None:
    digests = []
    for number, (body, wall, at) in enumerate(
        [
            ({"a": 1, "b": 2}, {"pid": 1}, T0),
            ({"b": 2, "a": 1}, None, T0),
            ({"a": 1, "b": 3}, None, T0),
            ({"a": 1, "b": 2}, None, T0 + timedelta(microseconds=1)),
        ]
    ):
        journal = opened(tmp_path / str(number))
        journal.append(Kind.NOTE, body, at=at, wall=wall)
        digests.append(journal.digest())
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_the_digest_is_the_hash_of_the_exported_file(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Kind.NOTE, {"text": "déjà vu\nline"}, at=T0.astimezone(timezone(timedelta(hours=-5))))
    assert journal.export(tmp_path / "out.jsonl") == 1
    summed = subprocess.run(["sha256sum", str(tmp_path / "out.jsonl")], capture_output=True, text=True, check=True)
    assert journal.digest() == summed.stdout.split()[0]
    line = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    assert line == {
        "seq": 1,
        "at": "2018-02-05T15:00:00.000000+00:00",
        "kind": "note",
        "body": {"text": "déjà vu\nline"},
    }


def test_followers_get_the_past_and_then_the_present(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Kind.NOTE, {"n": 1}, at=T0)
    journal.close()
    journal, heard = opened(tmp_path), []
    journal.follow(heard.append)
    journal.append(Kind.NOTE, {"n": 2}, at=T0)
    assert heard == list(journal.entries())
    assert len(heard) == 2


def test_another_mode_or_account_cannot_open_it(tmp_path: Path) -> None:
    path = journal_path(tmp_path, "paper", "DU1")
    opened(tmp_path).close()
    with pytest.raises(UsageProblem, match="must say mode and account"):
        Journal.open(path, mode="live", account="U1")
    with pytest.raises(UsageProblem, match="belongs to paper DU1"):
        Journal.open(f"sqlite:///{path}", mode="live", account="U1")


def test_no_program_can_change_or_delete_an_entry(tmp_path: Path) -> None:
    opened(tmp_path).append(Kind.NOTE, {"n": 1}, at=T0)
    with sqlite3.connect(journal_path(tmp_path, "paper", "DU1")) as other:
        for statement in ("UPDATE entries SET body='{}'", "DELETE FROM entries"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(statement)


def test_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            journal.append(Kind.NOTE, {"n": number}, at=T0)
    with pytest.raises(ValueError, match="no time zone"):
        journal.append(Kind.NOTE, {}, at=T0.replace(tzinfo=None))
    assert list(journal.entries()) == []


def test_after_a_failed_append_every_further_one_fails(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Kind.NOTE, {"n": 1}, at=T0)
    with sqlite3.connect(journal_path(tmp_path, "paper", "DU1")) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    heard: list[Entry] = []
    journal.follow(heard.append)
    with pytest.raises(Halt, match="disk is full"):
        journal.append(Kind.INTENT, {"n": 2}, at=T0)
    with sqlite3.connect(journal_path(tmp_path, "paper", "DU1")) as other:
        other.execute("DROP TRIGGER full")
    with pytest.raises(Halt, match="failed earlier"):
        journal.append(Kind.NOTE, {"n": 3}, at=T0)
    assert [e.body["n"] for e in heard] == [1]


def test_entries_that_belong_together_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    journal, heard = opened(tmp_path), []
    journal.follow(lambda entry: heard.append((entry.seq, entry.body["n"], entry.wall)))
    last = journal.append_all([(Kind.BARS, {"n": 1}), (Kind.WAKEUP, {"n": 2})], at=T0, wall={"ms": 3})
    assert last == 2
    assert heard == [(1, 1, None), (2, 2, {"ms": 3})]
    database = sqlite3.connect(journal_path(tmp_path, "paper", "DU1"))
    database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON entries WHEN new.kind = 'wakeup' "
        "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    database.close()
    with pytest.raises(Halt, match="disk is full"):
        journal.append_all([(Kind.BARS, {"n": 3}), (Kind.WAKEUP, {"n": 4})], at=T0)
    assert [entry.body["n"] for entry in JournalReader.open(journal_path(tmp_path, "paper", "DU1")).entries()] == [1, 2]
    assert len(heard) == 2


def test_the_file_grows_when_it_is_settled_and_not_while_something_is_appended(tmp_path: Path) -> None:
    journal, path = opened(tmp_path), journal_path(tmp_path, "paper", "DU1")
    log = path.with_name(path.name + "-wal")
    journal.settle()
    before = path.stat().st_size
    for n in range(8):
        journal.append(Kind.NOTE, {"n": n, "text": "x" * 1_000_000}, at=T0)
        assert path.stat().st_size == before
    journal.settle()
    assert path.stat().st_size > 8_000_000
    gathered = log.stat().st_size
    for n in range(8):
        journal.append(Kind.NOTE, {"n": n, "text": "x" * 1_000_000}, at=T0)
    assert log.stat().st_size < 1.1 * gathered, "what was settled makes room for what comes"
    journal.close()
    with pytest.raises(Halt):
        journal.append(Kind.NOTE, {"n": 0}, at=T0)


def test_a_kind_of_a_later_version_is_refused_in_one_line(tmp_path: Path) -> None:
    opened(tmp_path).close()
    path = journal_path(tmp_path, "paper", "DU1")
    database = sqlite3.connect(path)
    database.execute("INSERT INTO entries (at, kind, body) VALUES ('2018-02-05T15:00:00+00:00', 'omen', '{}')")
    database.commit()
    database.close()
    with pytest.raises(UsageProblem, match=r"entry 1 .* is of kind 'omen'.*version that wrote it"):
        list(JournalReader.open(path).entries())


def test_a_reader_sees_what_the_writer_adds_and_cannot_write(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    reader = JournalReader.open(journal_path(tmp_path, "paper", "DU1"))
    journal.append(Kind.NOTE, {"n": 1}, at=T0)
    assert [e.body["n"] for e in reader.entries()] == [1]
    journal.append(Kind.NOTE, {"n": 2}, at=T0)
    assert [e.body["n"] for e in reader.entries()] == [1, 2]
    assert (reader.mode, reader.account, reader.digest()) == ("paper", "DU1", journal.digest())
    assert not hasattr(reader, "append")


def test_wrong_places_are_refused_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "alvh-paper-DU1.sqlite3"
    text.write_text("this is a shopping list, not a journal, and it is long enough to be looked at " * 40)
    file = tmp_path / "file"
    file.write_text("")
    for path in (text, file / "alvh-paper-DU1.sqlite3"):
        with pytest.raises(UsageProblem) as problem:
            Journal.open(path, mode="paper", account="DU1")
        assert "\n" not in str(problem.value)
    for missing in (tmp_path / "none.sqlite3", text, "nonsense://x"):
        with pytest.raises(UsageProblem):
            JournalReader.open(missing)
    with pytest.raises(UsageProblem):
        Journal.open("nonsense://x", mode="paper", account="DU1")


def test_durable_waits_for_the_disk(tmp_path: Path) -> None:
    for durable, level in ((True, 2), (False, 0)):
        journal = Journal.open(journal_path(tmp_path, "paper", "DU1"), mode="paper", account="DU1", durable=durable)
        with journal._engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == level
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        journal.close()


def test_a_process_that_dies_hard_leaves_every_append_behind(tmp_path: Path) -> None:
    code = (
        "import os,sys\nfrom pathlib import Path\nfrom datetime import datetime, UTC\n"
        "from bot.journal import Journal, Kind, journal_path\n"
        "j = Journal.open(journal_path(Path(sys.argv[1]), 'paper', 'DU1'), mode='paper', account='DU1')\n"
        "for n in range(5): j.append(Kind.NOTE, {'n': n}, at=datetime(2018, 2, 5, tzinfo=UTC))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[3]
    died = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False
    )
    assert died.returncode == -9
    assert [e.body["n"] for e in opened(tmp_path).entries()] == [0, 1, 2, 3, 4]
