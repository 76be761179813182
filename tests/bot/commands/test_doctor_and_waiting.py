"""`alvh doctor` and a start without a gateway, through the command line."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.broker.connection import Endpoint
from bot.broker.readonly import ReadOnlyBroker
from bot.cli import run
from bot.clock import SteppedClock
from bot.commands.running import _connect, _pager
from bot.errors import Unreachable
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import load_market
from bot.gateway.server import Gateway
from bot.watch.pager import Pager, PagerSettings
from bot.watch.pages import Page
from bot.watch.systemd import Service
from config import layers

SUNDAY = datetime(2026, 3, 15, 5, 0, tzinfo=UTC)  # 01:00 in New York
OPEN = datetime(2018, 2, 5, 15, 0, tzinfo=UTC)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def settings_file(folder: Path, port: int, more: str = "") -> str:
    path = folder / "my.toml"
    path.write_text(
        f'[connection]\nport = {port}\nattempts = 1\npause_s = 0.0\n[journal]\nfolder = "{folder / "var"}"\n{more}',
        encoding="utf-8",
    )
    return str(path)


def paging(folder: Path) -> tuple[str, Path]:
    """Return settings with a command that keeps what it is told, and where it keeps it."""
    out, program = folder / "pages", folder / "page.py"
    program.write_text(f"import sys\nopen({str(out)!r}, 'a').write(sys.stdin.read() + chr(10))\n", encoding="utf-8")
    return f'[pages]\ncommand = "{sys.executable} {program}"\ntimeout_s = 60\n', out


def test_a_bot_that_cannot_start_pages_and_ends_with_the_same_code_as_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more, out = paging(tmp_path)
    assert run(["run", "--profile", "dry-run", "--config", settings_file(tmp_path, free_port(), more)]) == 4
    title, text = out.read_text().splitlines()
    assert title == "alvh DRY-RUN (account not known): critical"
    assert "the bot stops: nothing listens" in text
    assert "nothing listens" in capsys.readouterr().err


def test_a_last_page_that_does_not_get_through_is_said_on_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = '[pages]\ncommand = "/no/such/program"\n'
    assert run(["run", "--profile", "dry-run", "--config", settings_file(tmp_path, free_port(), broken)]) == 4
    said = capsys.readouterr().err
    assert "a page did not get through: program cannot be started" in said
    assert "nothing listens" in said


def test_on_a_simulated_gateway_nothing_leaves_the_machine_unless_asked(tmp_path: Path) -> None:
    more, _ = paging(tmp_path)
    quiet = layers.load("paper", settings_file(tmp_path, 1, more), {}).settings
    asked = layers.load("paper", settings_file(tmp_path, 1, more + "in_simulation = true\n"), {}).settings
    clock = SteppedClock(SUNDAY)
    assert _pager(quiet, clock, simulated=True)._outboxes == ()
    assert len(_pager(quiet, clock, simulated=False)._outboxes) == 1
    assert len(_pager(asked, clock, simulated=True)._outboxes) == 1


def test_the_doctor_without_a_gateway_ends_with_4_examines_the_rest_and_pages_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more, out = paging(tmp_path)
    mine = settings_file(tmp_path, free_port(), more)
    assert run(["doctor", "--profile", "paper", "--config", mine, "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    states = {topic: state for topic, state, _, _ in told["findings"]}
    assert states["line"] == "FAIL"
    assert states["journal"] == "fine"
    assert not out.exists()
    assert run(["doctor", "--profile", "paper", "--config", mine, "--page"]) == 4
    assert "PAPER" in out.read_text()


async def test_the_doctor_beside_a_running_bot_uses_another_client_id_and_ends_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = load_market("spike-2018-02")
    gateway = Gateway(market, SimulatedExchange(market))
    gateway.advance(OPEN)
    port = await gateway.start(0)
    bot = ReadOnlyBroker(Endpoint(port=port, client_id=17), SteppedClock(OPEN))
    await bot.connect()
    words = ["doctor", "--profile", "paper", "--config", settings_file(tmp_path, port), "--gateway-time", "--json"]
    code = await asyncio.to_thread(run, words)
    told = json.loads(capsys.readouterr().out)
    await bot.disconnect()
    await gateway.stop()
    rows = {topic: (state, seen) for topic, state, seen, _ in told["findings"]}
    assert [row for row in told["findings"] if row[1] == "FAIL"] == []
    assert code == 0
    assert rows["client id"] == ("note", "17 is in use, by the running bot or by another program")
    assert "margin" in rows["order leave"][1]


class Basket:
    name = "basket"

    def __init__(self) -> None:
        self.pages: list[Page] = []

    def send(self, page: Page) -> None:
        self.pages.append(page)


class Sleeping(SteppedClock):
    """Let time pass at once when somebody sleeps."""

    async def sleep(self, seconds: float) -> None:
        self.move(self.now() + timedelta(seconds=seconds))


async def test_with_wait_a_gateway_is_waited_for_with_pauses_and_a_page_after_an_hour() -> None:
    clock, basket, tried = Sleeping(SUNDAY), Basket(), []

    class Broker:
        async def connect(self) -> None:
            tried.append(clock.now())
            if clock.now() < SUNDAY + timedelta(hours=2, minutes=10):
                raise Unreachable("nothing listens at 127.0.0.1:7497")

    broker: Any = Broker()
    pager = Pager(PagerSettings(hooks=(basket,)), clock, mode="paper", account="DU1")
    await _connect(broker, clock, pager, Service({}), wait=True)
    pager.close()
    assert len(tried) == 13, "0, 1, 3, 7, 15 minutes, then every quarter of an hour"
    assert [page.text[:22] for page in basket.pages] == ["the line is lost since"] * 2, "after one hour, after two"
    with pytest.raises(Unreachable):
        clock = Sleeping(SUNDAY)
        await _connect(broker, clock, pager, Service({}), wait=False)
