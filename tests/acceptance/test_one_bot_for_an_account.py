"""Two bots cannot both trade one account: not on one machine, and not unseen on two."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from whole_day import MORNING, Day, scripted

from bot.app import Bot
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.gateway.exchange import SimulatedExchange
from bot.gateway.market import load_market
from bot.gateway.server import Gateway
from bot.journal import Kind
from bot.plan import Plan
from bot.watch.pager import Pager, PagerSettings
from bot.watch.pages import Page

ROOT = Path(__file__).resolve().parents[2]
PROCESS = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from bot.app import Bot
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.clock import SteppedClock
from bot.errors import AlvhError
from bot.plan import Plan

port, client_id, folder, state, at = sys.argv[1:]

async def main():
    clock = SteppedClock(datetime.fromisoformat(at))
    broker = IbBroker(Endpoint(port=int(port), client_id=int(client_id), stepped=True), clock, mode="paper")
    plan = Plan(
        mode="paper", port=7497, configured_account="", folder=Path(folder), state=Path(state), durable=False
    )
    bot = Bot(plan, broker, clock)
    try:
        await bot.open()
    except AlvhError as problem:
        print(type(problem).__name__, problem, flush=True)
        sys.exit(problem.exit_code)
    print("trades", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def begin(port: int, client_id: int, folder: Path, state: Path) -> tuple[asyncio.subprocess.Process, str]:
    """Start a bot as a process of its own; return it and the first it says."""
    words = (str(port), str(client_id), str(folder), str(state), MORNING.isoformat())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    return process, (await asyncio.wait_for(process.stdout.readline(), 120)).decode()


async def test_of_two_processes_with_folders_and_client_ids_of_their_own_one_trades(tmp_path: Path) -> None:
    market = load_market("spike-2018-02")
    gateway = Gateway(market, SimulatedExchange(market))
    gateway.advance(MORNING)
    port = await gateway.start(0)
    state = tmp_path / "state"
    first, said = await begin(port, 17, tmp_path / "one", state)
    assert said == "trades\n"
    second, said = await begin(port, 18, tmp_path / "two", state)
    assert said.startswith(f"Refuse another bot (process {first.pid} in ")
    assert await second.wait() == 3
    assert not list((tmp_path / "two").glob("*.sqlite3")), "it has begun no journal"
    first.kill()
    await first.wait()
    third, said = await begin(port, 18, tmp_path / "two", state)
    assert said == "trades\n", "a crash frees the account"
    third.kill()
    await third.wait()
    await gateway.stop()


class Basket:
    """Keep the pages of a human."""

    name = "basket"

    def __init__(self) -> None:
        self.pages: list[Page] = []

    def send(self, page: Page) -> None:
        self.pages.append(page)


async def test_a_bot_of_another_machine_is_seen_by_its_orders_and_locks_and_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripted(monkeypatch)
    script.buy(MORNING + timedelta(minutes=1), "VXM", 2)
    day = await Day.begin(tmp_path / "here", state=tmp_path / "here")
    await day.run_until(day.refs, MORNING + timedelta(minutes=5))

    basket = Basket()
    pager = Pager(PagerSettings(hooks=(basket,)), day.clock, mode="paper", account=day.account)
    place = Endpoint(port=day.port, client_id=18, stepped=True, attempts=1, pause_s=0.0)
    plan = Plan(
        mode="paper",
        port=7497,
        configured_account=day.account,
        folder=tmp_path / "there",
        state=tmp_path / "there",
        durable=False,
    )
    other = Bot(plan, IbBroker(place, day.clock, mode="paper"), day.clock, pager)
    await other.open()
    locks = [entry.body for entry in other.journal.entries(kinds=(Kind.LOCK,)) if entry.body["why"]]
    assert any(day.refs()[0] in lock["why"] for lock in locks), "it may not open"
    day.clock.move(day.clock.now() + timedelta(minutes=1))
    pager.attend()
    for outbox in pager._outboxes:
        assert outbox.settle(10)
    assert any(day.refs()[0] in page.text and "PAPER" in page.title for page in basket.pages)
    await other.close()
    await day.close()
