"""Bad input at the command line: one clear line, the right exit code, no traceback, nothing lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.broker import client
from bot.cli import run
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import load_market
from bot.gateway.server import Gateway

HOUSE = Path(__file__).resolve().parents[2]
SCENARIOS = HOUSE / "bot" / "gateway" / "scenarios"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, without settings from the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("ALVH_") and name != "ALVH_SHARED_DATA":
            monkeypatch.delenv(name)


def complaint(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """Run a command that must fail with this exit code; return its one line on stderr."""
    assert run(list(arguments)) == code, capsys.readouterr()
    out, err = capsys.readouterr()
    lines = err.strip().splitlines()
    assert out == ""
    assert len(lines) == 1, err
    assert lines[0].startswith("alvh: ")
    assert "Traceback" not in err
    assert "fault of the program" not in err
    return lines[0]


def test_an_unknown_scenario_is_named_with_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    line = complaint(capsys, 2, "demo", "--scenario", "no-such-day", "--out", "out")
    assert "no-such-day" in line
    assert "spike-2018-02" in line


def spoil(tmp_path: Path, file: str, old: str, new: str) -> str:
    folder = tmp_path / "broken"
    shutil.copytree(SCENARIOS / "calm", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("spx.csv", "close", "clothes", "spx.csv"),
        ("session.toml", 'start = "', 'begin = "', "start"),
        ("session.toml", "cash = ", "cash = lots", "session.toml"),
        ("session.toml", "seed = ", 'seed = "x" #', "seed"),
    ],
)
def test_a_broken_scenario_names_its_file_and_fault(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, file: str, old: str, new: str, named: str
) -> None:
    line = complaint(capsys, 2, "demo", "--scenario", spoil(tmp_path, file, old, new), "--out", "out")
    assert named in line


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda rows: [rows[0], rows[2], rows[1], *rows[3:]], "vix.csv"),
        (lambda rows: [rows[0], rows[1].replace(rows[1].split(",")[1], "nan"), *rows[2:]], "vix.csv"),
        (lambda rows: [rows[0], rows[1].replace("Z,", ",", 1), *rows[2:]], "vix.csv"),
        (lambda rows: [rows[0], rows[1].replace("Z,", "+01:00,", 1), *rows[2:]], "vix.csv"),
        (lambda rows: [rows[0], rows[1] + ",7", *rows[2:]], "vix.csv"),
        (lambda rows: rows[:1], "vix.csv"),
    ],
    ids=["unsorted", "not a number", "no zone", "another zone", "a column too many", "empty"],
)
def test_a_broken_table_names_its_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, change: object, named: str
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(SCENARIOS / "calm", folder)
    rows = (folder / "vix.csv").read_text(encoding="utf-8").splitlines()
    (folder / "vix.csv").write_text("\n".join(change(rows)) + "\n", encoding="utf-8")  # type: ignore[operator]
    assert named in complaint(capsys, 2, "demo", "--scenario", str(folder), "--out", "out")


@pytest.mark.parametrize("file", ["vix.csv", "session.toml"])
def test_a_scenario_file_that_is_no_text_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, file: str
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(SCENARIOS / "calm", folder)
    (folder / file).write_bytes(bytes(range(256)))
    assert file in complaint(capsys, 2, "demo", "--scenario", str(folder), "--out", "out")


def test_a_folder_that_is_no_scenario_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "session.toml" in complaint(capsys, 2, "demo", "--scenario", str(tmp_path / "empty"), "--out", "out")


def test_a_seed_that_is_no_number_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--seed" in complaint(capsys, 2, "demo", "--seed", "lucky")


def test_a_folder_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    line = complaint(capsys, 2, "demo", "--scenario", "calm", "--out", str(tmp_path / "file" / "out"))
    assert "file" in line


def test_a_folder_with_somebodys_files_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    precious = tmp_path / "out" / f"calm-seed{load_market('calm').seed}" / "thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("ten years of work", encoding="utf-8")
    complaint(capsys, 2, "demo", "--scenario", "calm", "--out", str(tmp_path / "out"))
    assert precious.read_text(encoding="utf-8") == "ten years of work"


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert str(port) in complaint(capsys, 2, "gateway", "--scenario", "calm", "--port", str(port))


def test_an_impossible_port_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "70000" in complaint(capsys, 2, "gateway", "--scenario", "calm", "--port", "70000")


def settings_file(tmp_path: Path, **connection: object) -> str:
    rows = [f"{name} = {value!r}".replace("'", '"') for name, value in connection.items()]
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(["[connection]", *rows, "[journal]", f'folder = "{tmp_path}/var"']), encoding="utf-8")
    return str(path)


def test_an_unreachable_gateway_is_exit_code_4(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mine = settings_file(tmp_path, port=port, attempts=1, timeout_s=2.0, pause_s=0.0)
    line = complaint(capsys, 4, "run", "--profile", "dry-run", "--config", mine, "--gateway-time")
    assert str(port) in line


@contextmanager
def served(scenario: str = "calm") -> Iterator[int]:
    """Serve a scenario from a thread of its own, standing still at its start."""
    ready, stop = threading.Event(), asyncio.Event()
    found: list[int] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        market = load_market(scenario)
        gateway = Gateway(market, SimulatedExchange(market))
        found.append(await gateway.start(0))
        ready.set()
        await stop.wait()
        await gateway.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()


def test_the_wrong_kind_of_account_is_exit_code_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with served() as port:
        paper = load_market("calm").opening_account().account
        mine = settings_file(tmp_path, port=port, account="U1234567", attempts=1, timeout_s=2.0)
        live = ("run", "--profile", "live", "--config", mine, "--confirm", "U1234567")
        assert paper in complaint(capsys, 3, *live)


def test_a_paper_account_in_the_live_settings_is_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mine = settings_file(tmp_path, account="DU1234567")
    assert "DU1234567" in complaint(capsys, 2, "run", "--profile", "live", "--config", mine)


def test_an_account_that_the_gateway_does_not_manage_is_exit_code_3(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with served() as port:
        mine = settings_file(tmp_path, port=port, account="DU777", attempts=1, timeout_s=2.0)
        assert "DU777" in complaint(capsys, 3, "run", "--profile", "paper", "--config", mine, "--gateway-time")


def test_paper_on_a_port_that_is_not_for_paper_is_exit_code_3(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with served() as port:
        account = load_market("calm").opening_account().account
        mine = settings_file(tmp_path, port=port, account=account, attempts=1)
        assert str(port) in complaint(capsys, 3, "run", "--profile", "paper", "--config", mine, "--gateway-time")


@pytest.mark.parametrize("command", [("status",), ("orders",), ("explain",)])
def test_reading_a_journal_that_does_not_exist_says_so(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert "journal" in complaint(capsys, 2, *command)
    assert "nowhere" in complaint(capsys, 2, *command, "--journal", "nowhere.sqlite3")


def test_replaying_what_is_no_journal_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "nowhere" in complaint(capsys, 2, "replay", "nowhere.sqlite3")
    (tmp_path / "poem").write_text("shall I compare thee", encoding="utf-8")
    assert "poem" in complaint(capsys, 2, "replay", str(tmp_path / "poem"))
    other = sqlite3.connect(tmp_path / "other.sqlite3")
    other.execute("create table cats (name text)")
    other.commit()
    other.close()
    assert "other" in complaint(capsys, 2, "replay", str(tmp_path / "other.sqlite3"))
    assert "journal" in complaint(capsys, 2, "replay", str(tmp_path))


@pytest.mark.parametrize("words", [("approve", "abc"), ("deny", "abc"), ("kill",), ("rearm",), ("flatten",)])
def test_a_word_to_a_bot_that_never_ran_says_so(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert "journal" in complaint(capsys, 2, *words)


def test_settings_that_are_wrong_are_all_named_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[connection]\nprot = 7\ntimeout_s = -1\n", encoding="utf-8")
    assert run(["demo", "--config", str(tmp_path / "mine.toml")]) == 2
    err = capsys.readouterr().err
    assert "prot" in err
    assert "timeout_s" in err
    assert "Traceback" not in err


def test_the_demo_survives_garbage_on_its_gateways_port(tmp_path: Path) -> None:
    """Talk nonsense to a served gateway while a real client works through the command line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "gateway", "--scenario", "calm", "--port", "0", "--speed", "600"],
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(HOUSE), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
        assert f"paper mode refuses port {port}" in process.stdout.readline()
        times = asyncio.run(_talk(port))
        assert times[-1] > times[0]
        assert process.poll() is None
    finally:
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert "Traceback" not in err


async def _talk(port: int) -> list[object]:
    ib = client.load().IB()
    await ib.connectAsync("127.0.0.1", port, clientId=3, timeout=30)
    times = [await ib.reqCurrentTimeAsync()]
    for noise in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 64,
        b"API\0\xff\xff\xff\xff",
        os.urandom(512),
        b"API\0\0\0\0\x02v1",
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(noise)
        await writer.drain()
        times.append(await ib.reqCurrentTimeAsync())
        writer.close()
    for _ in range(100):
        await asyncio.sleep(0.1)
        times.append(await ib.reqCurrentTimeAsync())
        if times[-1] > times[0]:
            break
    assert ib.isConnected()
    ib.disconnect()
    return times
