"""Seed and scenario determine everything: the journal, its export, the page; and replay finds every decision again."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from told_day import HOUSE, Told, told
from whole_day import MORNING, Day, scripted

from bot.cli import run
from bot.demo import Show, perform
from bot.journal import JournalReader
from bot.replay.again import replay

SCENARIO = "spike-2018-02"
UNTIL = datetime(2018, 2, 2, 15, 0, tzinfo=UTC)  # the last minutes of Thursday, the first half-hour of Friday

RUN = """
import asyncio, json, sys
from datetime import datetime
from pathlib import Path
from bot.demo import Show, perform
show = Show(scenario=sys.argv[1], folder=Path(sys.argv[2]), until=datetime.fromisoformat(sys.argv[3]))
print(json.dumps(asyncio.run(perform(show)).as_json()))
"""


def once(folder: Path, seed: int | None = None) -> Told:
    return told(asyncio.run(perform(Show(scenario=SCENARIO, folder=folder, seed=seed, until=UNTIL))))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return once(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return once(tmp_path_factory.mktemp("second"))


def export(run: Told, to: Path) -> bytes:
    reader = JournalReader.open(run.journal)
    assert reader.export(to) == len(run.entries)
    reader.close()
    return to.read_bytes()


def lift_protection(journal: sqlite3.Connection) -> None:
    """Take away what keeps the journal append-only, as somebody who forges it would."""
    for (name,) in journal.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        journal.execute(f"drop trigger {name}")


def page(run: Told) -> bytes:
    """Return the page without the one thing that may differ: where the files lie."""
    written = Path(run.result.run.report)
    return written.read_bytes().replace(str(written.parent).encode(), b"HERE")


def test_the_same_seed_gives_the_same_journal(first: Told, second: Told, tmp_path: Path) -> None:
    assert len(first.wakeups) > 20
    assert first.json["journal_digest"] == second.json["journal_digest"]
    assert export(first, tmp_path / "one") == export(second, tmp_path / "two")


def test_the_same_seed_gives_the_same_page(first: Told, second: Told) -> None:
    assert len(page(first)) > 50_000
    assert page(first) == page(second)


def test_another_seed_gives_another_day(first: Told, tmp_path: Path) -> None:
    other = once(tmp_path, seed=first.json["seed"] + 1)
    assert other.json["journal_digest"] != first.json["journal_digest"]
    assert [w.view.spx.last for w in other.wakeups] != [w.view.spx.last for w in first.wakeups]


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "4711", "TZ": "America/Los_Angeles"},
    ],
    ids=["Tokyo", "Los Angeles"],
)
def test_hash_seed_and_time_zone_of_the_machine_change_nothing(
    first: Told, tmp_path: Path, surroundings: dict[str, str]
) -> None:
    environment = {**os.environ, **surroundings, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, SCENARIO, str(tmp_path), UNTIL.isoformat()],
        cwd=HOUSE,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert json.loads(done.stdout)["journal_digest"] == first.json["journal_digest"]
    written = next(tmp_path.rglob("report.html"))
    assert written.read_bytes().replace(str(written.parent).encode(), b"HERE") == page(first)


def test_the_digest_covers_every_entry(first: Told, tmp_path: Path) -> None:
    copy = tmp_path / first.journal.name
    with sqlite3.connect(first.journal) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        lift_protection(target)
        target.execute("update entries set body = body || ' ' where seq = 7")
    target.close()
    reader = JournalReader.open(copy)
    assert reader.digest() != first.json["journal_digest"]
    reader.close()


def test_a_finished_entry_cannot_be_changed(first: Told) -> None:
    with sqlite3.connect(first.journal) as journal, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        journal.execute("update entries set body = '{}' where seq = 1")
    with sqlite3.connect(first.journal) as journal, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        journal.execute("delete from entries where seq = 1")


async def test_a_day_with_orders_is_the_same_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = []
    for name in ("one", "two"):
        script = scripted(monkeypatch)
        script.buy(MORNING + timedelta(minutes=1), "VXM", 7)
        day = await Day.begin(tmp_path / name)
        await day.pass_time(minutes=6)
        assert day.own()
        digests.append(day.bot.journal.digest())
        await day.close()
    assert digests[0] == digests[1]


def test_replay_decides_every_wake_up_as_it_was_decided(staged: Told) -> None:
    again = replay(staged.entries)
    assert again.decided == len(staged.wakeups) >= 390
    assert again.identical == again.decided


def test_the_command_says_how_many_of_how_many(first: Told, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", str(first.journal)]) == 0
    n = len(first.wakeups)
    assert capsys.readouterr().out == f"{n} of {n} decisions came out identical\n"


@pytest.mark.parametrize(
    ("part", "spoil"),
    [
        ("target_minis", lambda decision: {**decision, "target_minis": decision["target_minis"] + 1}),
        ("summary", lambda decision: {**decision, "summary": "Nothing to see here."}),
        (
            "checks",
            lambda decision: {
                **decision,
                "checks": [{**decision["checks"][0], "passed": False}, *decision["checks"][1:]],
            },
        ),
    ],
)
def test_a_decision_that_somebody_changed_is_found(
    first: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str, spoil: object
) -> None:
    copy = tmp_path / first.journal.name
    with sqlite3.connect(first.journal) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        lift_protection(target)
        seq, body = target.execute(
            "select seq, body from entries where kind = 'wakeup' order by seq limit 1 offset 9"
        ).fetchone()
        values = json.loads(body)
        values["decision"] = spoil(values["decision"])  # type: ignore[operator]
        target.execute("update entries set body = ? where seq = ?", (json.dumps(values), seq))
    target.close()
    assert run(["replay", str(copy)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{len(first.wakeups) - 1} of {len(first.wakeups)}")
    assert f"wake-up {seq}" in out[1]
    assert part in out[1]
