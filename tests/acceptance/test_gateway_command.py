"""`alvh gateway` gives a login as many lines and accounts as the command line says, seen through the real library."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.cli import run

HOUSE = Path(__file__).resolve().parents[2]


@contextmanager
def serving(*words: str) -> Iterator[int]:
    """Run the command in a process of its own and give its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "gateway", "--scenario", "calm", "--port", "0", "--speed", "1", *words],
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(HOUSE), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().split(",")[0].rpartition(":")[2])
    finally:
        process.terminate()
        process.communicate(timeout=60)


def library() -> Any:
    """Return the client library that is installed."""
    return importlib.import_module("ib_insync" if importlib.util.find_spec("ib_insync") else "ib_async")


async def look(port: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the accounts, and (place in the order of asking, code) of what three quotes were refused with."""
    ib = library().IB()
    await ib.connectAsync("127.0.0.1", port, clientId=3, timeout=30)
    refused: list[tuple[int, int]] = []
    ib.errorEvent += lambda request_id, code, *_: refused.append((request_id, code)) if code < 2000 else None
    index = library().Index
    found = await ib.qualifyContractsAsync(*(index(symbol, "CBOE") for symbol in ("SPX", "VIX", "VVIX")))
    for contract in found:
        ib.reqMktData(contract)
    snapshot = ib.reqMktData(found[2], snapshot=True)
    while snapshot.last != snapshot.last:
        await asyncio.sleep(0.05)
    accounts = ib.managedAccounts()
    ib.disconnect()
    return accounts, refused


def test_the_third_quote_of_two_lines_is_refused_with_101_and_a_snapshot_is_not() -> None:
    with serving("--lines", "2", "--account", "DU7654321=50000") as port:
        accounts, refused = asyncio.run(look(port))
    assert len(accounts) == 2 and accounts[1] == "DU7654321"
    assert [code for _, code in refused] == [101]


@pytest.mark.parametrize("word", ["du1=5", "DU1", "DU1=", "DU1=-5", "DU1=1e5", "DU1=5;", "=5"])
def test_an_account_that_cannot_be_read_is_wrong_use(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert run(["gateway", "--account", word]) == 2
    assert word in capsys.readouterr().err


def test_an_account_named_twice_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gateway", "--scenario", "calm", "--account", "DU1=5", "--account", "DU1=6"]) == 2
    assert "named twice" in capsys.readouterr().err


def test_a_login_without_lines_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gateway", "--lines", "0"]) == 2
    assert "--lines is 0" in capsys.readouterr().err
