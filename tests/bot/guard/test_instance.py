"""One bot for an account on this machine: across folders, across processes, across crashes."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import Refuse
from bot.guard.instance import InstanceLock, state_folder

ROOT = Path(__file__).resolve().parents[3]
HOLDER = """
import sys, time
from pathlib import Path
from bot.guard.instance import InstanceLock
lock = InstanceLock(Path(sys.argv[1]), "DU1", Path(sys.argv[2]))
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


def hold(folder: Path, state: Path) -> subprocess.Popen[str]:
    """Let another process take the locks."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert process.stdout is not None
    process.stdout.close()


def test_another_folder_is_no_way_around_the_lock_and_a_crash_frees_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    other = hold(tmp_path / "one", state)
    lock = InstanceLock(tmp_path / "two", "DU1", state)
    try:
        with pytest.raises(Refuse) as refused:
            lock.acquire()
        assert f"process {other.pid}" in str(refused.value)
        assert refused.value.exit_code == 3
        InstanceLock(tmp_path / "two", "DU2", state).acquire()
    finally:
        end(other)
    lock.acquire()
    lock.release()


def test_what_a_refused_bot_had_taken_is_given_back(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = InstanceLock(tmp_path / "one", "DU1", state)
    first.acquire()
    with pytest.raises(Refuse):
        InstanceLock(tmp_path / "two", "DU1", state).acquire()
    first.release()
    third = InstanceLock(tmp_path / "two", "DU1", state)
    third.acquire()
    third.release()


def test_without_a_state_folder_only_the_own_folder_is_locked(tmp_path: Path) -> None:
    one, two = InstanceLock(tmp_path / "one", "DU1"), InstanceLock(tmp_path / "two", "DU1")
    one.acquire()
    two.acquire()
    with pytest.raises(Refuse):
        InstanceLock(tmp_path / "one", "DU1").acquire()
    one.release()
    two.release()


def test_a_state_folder_that_is_the_bots_own_is_no_second_bot(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "var", "DU1", tmp_path / "x" / ".." / "var")
    lock.acquire()
    with pytest.raises(Refuse):
        InstanceLock(tmp_path / "other", "DU1", tmp_path / "var").acquire()
    lock.release()


def test_the_files_are_for_this_user_only_and_say_whose_they_are(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "one", "DU1", tmp_path / "state")
    lock.acquire()
    file = tmp_path / "state" / "alvh-DU1.lock"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert str(Path.cwd()) in file.read_text()
    lock.release()


def test_a_folder_that_cannot_be_made_is_a_refusal_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refuse, match="ALVH_STATE"):
        InstanceLock(tmp_path / "one", "DU1", tmp_path / "file" / "state").acquire()


def test_the_state_folder_follows_the_user_and_not_the_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = state_folder({})
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder({}) == usual
    assert state_folder({"ALVH_STATE": "/var/lib/alvh"}) == Path("/var/lib/alvh")
