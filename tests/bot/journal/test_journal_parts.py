"""A journal that goes on in a new file is still one journal, and a start that reads only the newest knows the same."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import small_day

from bot.errors import Bug, Halt, UsageProblem
from bot.journal import Entry, Journal, JournalReader, Kind, Projection, journal_path, knowing, reading
from bot.journal.codec import canonical
from bot.journal.file import reading_engine
from bot.replay.again import replay
from bot.report.reconciling import reconciliation
from bot.report.standing import order_rows, standing
from bot.report.telling import one_wakeup

T0 = datetime(2018, 2, 5, 15, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
STRIDE = 7  # of the steps at which closing a file is killed


def opened(folder: Path) -> Journal:
    return Journal.open(journal_path(folder, "paper", "DU1"), mode="paper", account="DU1")


def read(folder: Path) -> JournalReader:
    return JournalReader.open(journal_path(folder, "paper", "DU1"))


def turned(folder: Path, *counts: int) -> Journal:
    """Write a journal of as many parts as there are counts."""
    journal = opened(folder)
    journal.recall(Projection())
    for number, count in enumerate(counts):
        if number:
            assert journal.turn(0)
        for n in range(count):
            journal.append(Kind.NOTE, {"part": number, "n": n}, at=T0)
    return journal


def test_a_journal_in_three_files_reads_like_one(tmp_path: Path) -> None:
    whole = opened(tmp_path / "whole")
    for number, count in enumerate((3, 4, 2)):
        for n in range(count):
            whole.append(Kind.NOTE, {"part": number, "n": n}, at=T0)
    journal = turned(tmp_path / "parts", 3, 4, 2)
    assert sorted(file.name for file in (tmp_path / "parts").iterdir()) == [
        "alvh-paper-DU1.sqlite3",
        "alvh-paper-DU1.sqlite3-shm",
        "alvh-paper-DU1.sqlite3-wal",
        "alvh-paper-DU1.sqlite3.0001",
        "alvh-paper-DU1.sqlite3.0002",
    ]
    for reader in (journal, read(tmp_path / "parts")):
        assert list(reader.entries()) == list(whole.entries())
        assert reader.digest() == whole.digest()
        assert [entry.seq for entry in reader.entries(after=4, limit=4)] == [5, 6, 7, 8]
        assert [entry.seq for entry in reader.entries(after=7)] == [8, 9]
        assert reader.export(tmp_path / "lines") == 9
        assert reader.last_seq() == 9
    assert len((tmp_path / "lines").read_text(encoding="utf-8").splitlines()) == 9
    second = JournalReader.open(journal_path(tmp_path / "parts", "paper", "DU1").with_suffix(".sqlite3.0002"))
    assert [entry.seq for entry in second.entries()] == [1, 2, 3, 4, 5, 6, 7]


def test_seals_go_on_from_file_to_file(tmp_path: Path) -> None:
    whole, parts = opened(tmp_path / "whole"), turned(tmp_path / "parts", 2, 3)
    for entry in parts.entries():
        whole.append(entry.kind, entry.body, at=entry.at)
    assert (whole._last, whole._seal) == (parts._last, parts._seal)
    parts.close()
    again = opened(tmp_path / "parts")
    assert again.append(Kind.NOTE, {}, at=T0) == 6


def test_a_short_file_and_one_that_somebody_reads_are_left_for_later(tmp_path: Path) -> None:
    journal = turned(tmp_path, 5)
    assert not journal.turn(10_000_000)
    with sqlite3.connect(journal_path(tmp_path, "paper", "DU1")) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM entries").fetchone()
        assert not journal.turn(0)
        other.rollback()
    other.close()
    journal.append(Kind.NOTE, {"n": 5}, at=T0)
    assert journal.turn(0)
    assert journal.append(Kind.NOTE, {"n": 6}, at=T0) == 7
    assert not list(tmp_path.glob("*.next*"))


def test_a_new_file_for_which_there_is_no_room_is_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = turned(tmp_path, 5)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("bot.journal.parts.upgrade", full)
        assert not journal.turn(0)
    assert journal.append(Kind.NOTE, {"n": 5}, at=T0) == 6
    assert journal.turn(0)


def test_an_entry_that_changed_under_the_running_bot_is_not_closed_over(tmp_path: Path) -> None:
    journal = turned(tmp_path, 5)
    with sqlite3.connect(journal_path(tmp_path, "paper", "DU1")) as other:
        other.execute("DROP TRIGGER entries_no_update")
        other.execute("UPDATE entries SET body = '{}' WHERE seq = 3")
    other.close()
    with pytest.raises(Halt, match="entry 3 is not as it was written"):
        journal.turn(0)
    with pytest.raises(Halt):
        journal.append(Kind.NOTE, {}, at=T0)


def test_a_missing_closed_part_is_named(tmp_path: Path) -> None:
    turned(tmp_path, 2, 2).close()
    part = journal_path(tmp_path, "paper", "DU1").with_suffix(".sqlite3.0001")
    part.rename(tmp_path / "elsewhere")
    with pytest.raises(UsageProblem, match=r"closed part .*sqlite3.0001 .* is missing: put it back"):
        list(read(tmp_path).entries())
    assert [entry.seq for entry in read(tmp_path).entries(after=2)] == [3, 4]


def test_a_journal_whose_newest_file_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    turned(tmp_path, 2, 2).close()
    journal_path(tmp_path, "paper", "DU1").unlink()
    with pytest.raises(UsageProblem, match="is missing while closed parts of this journal are there: put it back"):
        opened(tmp_path)


TURNS = """
import os, sys
from pathlib import Path
from bot.journal import Journal, Projection, journal_path
def die(*_):
    os.kill(os.getpid(), 9)
left = int(sys.argv[2])
def counted(original):
    def call(*given, **named):
        global left
        left -= 1
        if not left:
            die()
        return original(*given, **named)
    return call
os.fsync, Path.rename, Path.unlink = counted(os.fsync), counted(Path.rename), counted(Path.unlink)
from sqlalchemy import event
from sqlalchemy.engine import Engine
event.listen(Engine, 'before_cursor_execute', counted(lambda *_: None))
journal = Journal.open(journal_path(Path(sys.argv[1]), 'paper', 'DU1'), mode='paper', account='DU1')
journal.recall(Projection())
journal.turn(0)
journal.close()
"""


def test_a_kill_at_any_step_of_closing_a_file_loses_nothing(tmp_path: Path) -> None:
    killed = parts = 0
    for step in range(1, 300, STRIDE):
        folder = tmp_path / str(step)
        turned(folder, 3, 2).close()
        ran = subprocess.run(
            [sys.executable, "-c", TURNS, str(folder), str(step)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        journal = opened(folder)
        journal.recall(Projection())
        assert journal.append(Kind.NOTE, {"part": 9, "n": 9}, at=T0) == 6
        assert [entry.seq for entry in read(folder).entries()] == [1, 2, 3, 4, 5, 6]
        assert not list(folder.glob("*.next*"))
        parts += len(journal.parts) == 2
        journal.close()
        if ran.returncode == 0:
            break
        assert ran.returncode == -9
        killed += 1
    else:
        pytest.fail("it never came to its end")
    assert killed > 5
    assert parts >= 1


@pytest.mark.parametrize("name", ["0001", "0002"])
def test_a_rename_cut_short_is_finished_at_the_next_start(tmp_path: Path, name: str) -> None:
    turned(tmp_path, 2, 3, 1).close()
    path = journal_path(tmp_path, "paper", "DU1")
    if name == "0002":  # as if the newest had not taken its name yet
        path.rename(f"{path}.next")
    else:  # as if nothing had been renamed yet
        Path(f"{path}.next").write_bytes(b"half")
    journal = opened(tmp_path)
    assert [entry.seq for entry in journal.entries()] == [1, 2, 3, 4, 5, 6]
    assert not Path(f"{path}.next").exists()


# --- what a start knows


def fold(entries: list[Entry]) -> Projection:
    projection = Projection()
    for entry in entries:
        projection.apply(entry)
    return projection


def known(projection: Projection) -> tuple[Any, ...]:
    day = date(2018, 2, 5)
    return (
        projection.state(day),
        projection.lots(),
        projection.open_orders,
        projection.last_look(),
        projection.messages(T0.replace(year=2017)),
        projection.locked(day),
        canonical(projection.tell()),
    )


def test_told_and_followed_from_any_entry_is_what_reading_everything_gives(tmp_path: Path) -> None:
    day = small_day.hedged_day(tmp_path)
    day.write(Kind.LOCK, 38, name="positions", why="they do not add up", day=None)
    day.write(Kind.KILL, 38, by="operator", why="enough")
    entries = day.entries()
    whole = known(fold(entries))
    for cut in range(len(entries) + 1):
        heir = Projection()
        heir.know(json.loads(canonical(fold(entries[:cut]).tell())))
        for entry in entries[cut:]:
            heir.apply(entry)
        assert known(heir) == whole, f"after entry {cut}"


def test_a_start_from_what_was_known_has_the_orders_in_the_order_of_their_intents(tmp_path: Path) -> None:
    day = small_day.SmallDay(folder=tmp_path)
    day.journal.recall(Projection())
    bought, sold = small_day.buying("z", 2), small_day.selling("y", 2)
    for proposal in (bought, sold, small_day.buying("x", 1), small_day.buying("a", 1)):
        day.send(30, proposal)
    day.fill(31, bought, 2, 20.0)
    day.fill(31, sold, 2, 21.0)  # in the same second
    assert day.journal.turn(0)
    day.journal.close()
    journal, heir, whole = Journal.open(day.path, mode="paper", account=small_day.ACCOUNT), Projection(), Projection()
    journal.recall(heir)
    journal.follow(whole.apply)
    assert heir.open_orders == whole.open_orders
    assert [*heir.executions()] == [*whole.executions()]
    assert [*heir.orders] == ["ref-z", "ref-y", "ref-x", "ref-a"]


def test_a_projection_that_learns_something_new_must_tell_it() -> None:
    projection = Projection()
    vars(projection)["_mood"] = "good"
    with pytest.raises(Bug, match=r"_mood.*would be forgotten at a start"):
        projection.tell()


def a_day_in_parts(folder: Path) -> small_day.SmallDay:
    """Write the hedged day, its file closed after every fill."""
    day = small_day.SmallDay(folder=folder)
    projection = Projection()
    day.journal.recall(projection)
    append = day.journal.append_all

    def turning(*given: Any, **named: Any) -> int:
        seq = append(*given, **named)
        if given[0][0][0] is Kind.FILL:
            assert day.journal.turn(0)
        return seq

    day.journal.append_all = turning  # type: ignore[method-assign]
    return day


def test_a_day_in_parts_is_replayed_explained_and_recalled_like_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = small_day.hedged_day(tmp_path / "whole")
    parts = a_day_in_parts(tmp_path / "parts")
    monkeypatch.setattr(small_day, "SmallDay", lambda folder, mode: parts)
    small_day.hedged_day(tmp_path / "parts")
    assert len(parts.journal.parts) == 3, "one for each fill"
    assert parts.entries() == whole.entries()
    assert parts.journal.digest() == whole.journal.digest()
    assert replay(parts.entries()) == replay(whole.entries())
    for seq in (None, *(entry.seq for entry in whole.entries() if entry.kind is Kind.WAKEUP)):
        assert one_wakeup(parts.journal, seq) == one_wakeup(whole.journal, seq)
    assert standing("paper", "DU1", parts.journal) == standing("paper", "DU1", whole.journal)
    assert order_rows(parts.journal) == order_rows(whole.journal)
    assert reconciliation(parts.journal) == reconciliation(whole.journal)
    parts.journal.close()
    again = Journal.open(parts.path, mode="paper", account=small_day.ACCOUNT)
    heir, read_from = Projection(), []
    original = again.entries

    def noting(**given: Any) -> Any:
        read_from.append(given.get("after", 0))
        return original(**given)

    monkeypatch.setattr(again, "entries", noting)
    again.recall(heir)
    assert read_from == [again.parts[-1].last], "only the newest file was read"
    assert known(heir) == known(fold(whole.entries()))


@pytest.mark.parametrize("harm", ["another program", "damaged"])
def test_what_another_program_told_or_what_is_damaged_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    journal = turned(tmp_path, 4, 2)
    journal.close()
    if harm == "another program":
        monkeypatch.setattr(knowing, "program", lambda: "other")
    else:
        with sqlite3.connect(journal_path(tmp_path, "paper", "DU1")) as database:
            database.execute('UPDATE knowledge SET body = replace(body, \'"killed":""\', \'"killed":"x"\')')
        database.close()
    journal, heard = opened(tmp_path), []

    class Fold(Projection):
        def apply(self, entry: Entry) -> None:
            heard.append(entry.seq)
            super().apply(entry)

    fold = Fold()
    journal.recall(fold)
    assert heard == [1, 2, 3, 4, 5, 6]
    assert fold.killed == ""


def test_the_fingerprint_names_every_source_that_folds() -> None:
    read = {path.relative_to(knowing.HOUSE).as_posix() for p in knowing.FOLDING for path in knowing.HOUSE.glob(p)}
    assert {
        "bot/journal/projections.py",
        "bot/journal/shelf.py",
        "bot/orders/life.py",
        "bot/broker/port.py",
        "strategies/alvh/records/memory.py",
    } <= read


def test_who_asks_for_one_wakeup_reads_the_file_that_holds_it_and_no_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = a_day_in_parts(tmp_path)
    monkeypatch.setattr(small_day, "SmallDay", lambda folder, mode: day)
    small_day.hedged_day(tmp_path)
    day.journal.close()
    reader = JournalReader.open(day.path)
    opened: list[Path] = []
    monkeypatch.setattr(reading, "reading_engine", lambda path: opened.append(path) or reading_engine(path))
    wakeups = [entry.seq for entry in reader.entries(kinds={Kind.WAKEUP})]
    second = next(seq for seq in wakeups if reader.parts[0].last < seq <= reader.parts[1].last)
    for seq, allowed in ((wakeups[-1], set()), (second, {2})):
        opened.clear()
        fold = Projection()
        reader.recollect(fold, through=seq)
        begun = {reader.part_paths().index(path) + 1 for path in opened}
        assert begun <= allowed, f"wake-up {seq} needs no older part"


def test_the_latest_of_a_kind_are_found_across_parts_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = a_day_in_parts(tmp_path)
    monkeypatch.setattr(small_day, "SmallDay", lambda folder, mode: day)
    small_day.hedged_day(tmp_path)
    for kind in (Kind.FILL, Kind.WAKEUP, Kind.ALERT):
        of = [entry for entry in day.entries() if entry.kind is kind]
        assert day.journal.count(kind) == len(of)
        for most in (1, 2, 99):
            assert list(day.journal.latest(kind, most)) == of[-most:]
