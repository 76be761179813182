"""From a frame on the gateway's socket to a POST on somebody's: what a human is told, and how often."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from whole_day import MORNING, Day, scripted

from bot.broker.port import LinkState
from bot.journal import Kind
from bot.watch.hooks import Webhook
from bot.watch.pager import Pager, PagerSettings

TOKEN = "t0ken-nobody-may-see"
MINUTES, A_MINUTE = 7, 119  # 833 notices in all


@pytest.fixture
def phone() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    heard: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append((self.headers["Title"], body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/{TOKEN}", heard
    server.shutdown()
    server.server_close()


async def test_eight_hundred_and_thirty_three_notices_of_one_lost_line_are_seven_notes_and_one_page(
    tmp_path: Path, phone: tuple[str, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, heard = phone
    scripted(monkeypatch)
    day = await Day.begin(tmp_path)
    pager = Pager(PagerSettings(hooks=(Webhook(address),)), day.clock, mode="paper", account=day.account)
    day.bot.journal.follow(pager.apply, kinds=())
    await day.run(MORNING + timedelta(minutes=1))
    for _ in range(MINUTES):
        for _ in range(A_MINUTE):
            for session in day.gateway._clients():
                session.refuse(None, 1100, "Connectivity between IB and Trader Workstation has been lost.")
        day.gateway.flush()
        await day.pass_time(minutes=1)
    assert day.broker.link is LinkState.LOST
    notes = [entry for entry in day.entries(Kind.NOTE) if entry.body.get("code") == 1100]
    assert len(notes) == MINUTES  # what is said again within a minute is journalled once
    pager.close()
    ((title, text),) = heard
    assert title == f"alvh PAPER {day.account}: warning"
    assert "the line to the exchange is lost" in text
    assert not any(TOKEN in str(entry.body) for entry in day.entries())
    await day.close()


async def test_the_bot_that_dies_of_its_journal_still_tells_somebody(
    tmp_path: Path, phone: tuple[str, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, heard = phone
    scripted(monkeypatch)
    day = await Day.begin(tmp_path)
    pager = Pager(PagerSettings(hooks=(Webhook(address),)), day.clock, mode="paper", account=day.account)
    day.bot._alarm._pager = pager
    day.bot.journal._broken = "disk full"
    await day.pass_time(minutes=1)
    assert "disk full" in day.bot.halted
    pager.close()
    ((title, text),) = heard
    assert title.endswith("critical")
    assert "the bot stops" in text
    await day.close()
