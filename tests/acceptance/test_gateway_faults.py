"""`alvh gateway --faults` does what the file says to the real library, tells it line by line, refuses a bad file."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.cli import run

HOUSE = Path(__file__).resolve().parents[2]
FAULTS = """
[[fault]]
kind = "line-lost"
at = "+30"
lasts_s = 20
data_kept = false

[[fault]]
kind = "hang-up"
at = "+60"
"""


def library() -> Any:
    """Return the client library that is installed."""
    return importlib.import_module("ib_insync" if importlib.util.find_spec("ib_insync") else "ib_async")


async def listen(port: int) -> list[int]:
    """Return the codes that a client hears until its connection ends."""
    ib, codes, ended = library().IB(), [], asyncio.Event()
    ib.errorEvent += lambda _, code, *__: codes.append(code)
    ib.disconnectedEvent += ended.set
    await ib.connectAsync("127.0.0.1", port, clientId=3, timeout=30)
    await asyncio.wait_for(ended.wait(), 60)
    return codes


def test_the_command_does_what_the_file_says_and_tells_it(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(FAULTS)
    words = ["gateway", "--scenario", "calm", "--port", "0", "--speed", "20", "--faults", str(path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", *words],
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(HOUSE), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
        codes = asyncio.run(listen(port))
    finally:
        process.terminate()
        told = process.communicate(timeout=60)[0]
    assert [code for code in codes if code in (1100, 1101)] == [1100] * 5 + [1101]
    assert "2019-02-11 20:50:30 fault line-lost: lost, 1100\n" in told
    assert "2019-02-11 20:50:50 fault line-lost: restored, 1101\n" in told
    assert "2019-02-11 20:51:00 fault hang-up: client 3 reset\n" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[[fault]]\nkind = 'line-loss'\n",
            "faults.toml: number 1, fault kind 'line-loss' is not known; expected one of",
        ),
        (
            "[[fault]]\nkind = 'hang-up'\nat = 'noon'\n",
            "faults.toml: number 1, fault hang-up: at is 'noon'; expected HH",
        ),
        (None, "faults.toml: cannot be read (No such file or directory); give a file of [[fault]] tables"),
    ],
)
def test_a_bad_file_is_wrong_use_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, words: str
) -> None:
    path = tmp_path / "faults.toml"
    if text is not None:
        path.write_text(text)
    assert run(["gateway", "--faults", str(path)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
