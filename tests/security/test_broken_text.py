"""Text that no text can hold, from a broken file name or a mistyped argument: written down, never in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stand import Stand

from bot.guard.kill import KillSwitch
from bot.journal import Kind
from bot.journal.codec import canonical
from bot.supervise.inbox import Inbox, Say

ROOT = Path(__file__).resolve().parents[2]
HALF = "\ud800"
NOW = datetime(2026, 1, 2, 15, tzinfo=UTC)


def test_half_a_character_is_written_as_an_escape_and_comes_back() -> None:
    written = canonical({"why": f"a{HALF}b\u2013"})
    assert written.encode("utf-8").decode() == '{"why":"a\\ud800b\u2013"}'
    assert json.loads(written) == {"why": f"a{HALF}b\u2013"}
    assert canonical(json.loads(written)) == written


def test_a_kill_whose_reason_cannot_be_written_is_a_kill(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path, "paper", "DU1", environment={})
    switch.engage(f"because {HALF}")
    assert switch.engaged() == "because \\ud800"


@pytest.mark.parametrize("field", ["id", "say", "mode", "account", "who", "at", "subject", "why"])
def test_a_word_with_half_a_character_does_not_stand_in_the_way_of_the_next(field: str, tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    at = stand.clock.now()
    stand.inbox.put(Say.REARM, who="me", at=at, word_id="a")
    (path,) = stand.inbox.folder.iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: HALF}))
    path.rename(os.fsdecode(os.fsencode(path)[: -len(".word.json")] + b"\xff.word.json"))
    stand.inbox.put(Say.KILL, who="me", at=at, word_id="b", why="enough")
    stand.operator.attend()
    assert stand.inbox.is_empty()
    assert stand.kill.engaged()
    told = [entry.body for entry in stand.journal.entries(kinds=[Kind.OPERATOR])]
    assert [body["id"] for body in told][-1] == "b"
    assert len(told) == 2


def test_what_a_terminal_cannot_show_does_not_end_a_command(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "paper", "DU1")
    inbox.put(Say.KILL, who="me", at=NOW, word_id="1", why=HALF)
    lines = "import sys; from bot import cli; cli.run = lambda: print(chr(0xd800)); cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", lines],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "\\ud800\n", "")
