"""What faults do to the installed client library: the traps that are known of it spring here too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from bot.barrier import Barrier
from bot.broker.client import load
from tests.gateway.fakes_gateway import VX_MARCH
from tests.gateway.faults.library_faults import CLIENT_ID, Library
from tests.gateway.faults.stage_faults import Stage


class Desk:
    """Trade through the library on a gateway with faults."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.library = Library()
        self.ib = self.library.ib
        self.errors: list[int] = []
        self.ib.errorEvent += lambda _, code, *__: self.errors.append(code)
        self._barrier = Barrier(stage.gateway, self.library, CLIENT_ID)

    def buy(self) -> Any:
        contract = load().Contract(conId=VX_MARCH.con_id, secType="FUT", exchange="CFE")
        order = load().Order(action="BUY", totalQuantity=3, orderType="LMT", lmtPrice=14.5, tif="DAY")
        return self.ib.placeOrder(contract, order)

    async def rest(self, seconds: float = 0.0) -> None:
        """Let market time pass, and both ends agree."""
        await self._barrier.settle()
        if seconds:
            self.stage.gateway.advance(self.stage.market.now + timedelta(seconds=seconds))
            await self._barrier.settle()


@asynccontextmanager
async def desk(stage: Stage) -> AsyncIterator[Desk]:
    opened = Desk(stage)
    await opened.ib.connectAsync("127.0.0.1", stage.port, clientId=CLIENT_ID, timeout=5)
    await opened.rest()
    try:
        yield opened
    finally:
        opened.ib.disconnect()
        await asyncio.sleep(0)


async def test_a_phantom_cancel_makes_the_library_take_a_living_order_for_dead(stage: Stage) -> None:
    async with desk(stage) as d:
        stage.inject("phantom-cancel", code=10349)
        trade = d.buy()
        await d.rest()
        assert trade.orderStatus.status == "Cancelled"
        assert [report.status for report in stage.exchange.open_orders()] == ["Submitted"]
        stage.exchange.fill_next = 3.0
        await d.rest(5.0)
        assert trade.orderStatus.status == "Filled"
        assert trade.filled() == 3


async def test_a_commission_before_its_execution_is_lost_to_the_library(stage: Stage) -> None:
    async with desk(stage) as d:
        stage.inject("commission", how="early")
        trade = d.buy()
        stage.exchange.fill_next = 3.0
        await d.rest(5.0)
        assert trade.filled() == 3
        assert trade.fills[0].commissionReport.commission == 0.0


async def test_a_correction_is_counted_twice_by_the_library(stage: Stage) -> None:
    async with desk(stage) as d:
        stage.inject("correction", after_s=30.0)
        trade = d.buy()
        stage.exchange.fill_next = 3.0
        await d.rest(5.0)
        await d.rest(30.0)
        assert trade.filled() == 6
        assert stage.exchange.held[VX_MARCH.con_id] == 3.0


async def test_a_stale_status_takes_the_library_back_behind_the_fill(stage: Stage) -> None:
    async with desk(stage) as d:
        stage.inject("statuses", how="stale", status=["Filled"], delay_s=5.0)
        trade = d.buy()
        stage.exchange.fill_next = 3.0
        await d.rest(5.0)
        assert trade.orderStatus.status == "Filled"
        await d.rest(5.0)
        assert (trade.orderStatus.status, trade.orderStatus.filled) == ("Submitted", 0)


async def test_a_corrupt_length_silences_a_connection_that_looks_alive(stage: Stage) -> None:
    async with desk(stage) as d:
        stage.inject("frame", act="corrupt", spot="length", messages=["openOrder"], times=1)
        before = len(d.ib.trades())
        d.buy()
        trade = d.ib.trades()[before]
        await d.rest(60.0)
        assert d.ib.isConnected()
        assert trade.orderStatus.status == "PendingSubmit"


async def test_a_half_open_connection_looks_alive_to_the_library(stage: Stage) -> None:
    async with desk(stage) as d:
        stage.inject("half-open")
        trade = d.buy()
        await d.rest(600.0)
        assert d.ib.isConnected()
        assert trade.orderStatus.status == "PendingSubmit"


async def test_a_reset_ends_the_librarys_connection_and_a_new_one_finds_the_order(stage: Stage) -> None:
    async with desk(stage) as d:
        d.buy()
        await d.rest()
        stage.inject("restart", lasts_s=35.0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not d.ib.isConnected()
        stage.gateway.advance(stage.market.now + timedelta(seconds=35))
        await d.ib.connectAsync("127.0.0.1", stage.port, clientId=CLIENT_ID, timeout=5)
        assert [trade.order.lmtPrice for trade in d.ib.openTrades()] == [14.5]


async def test_odd_frames_do_not_end_the_librarys_conversation(stage: Stage) -> None:
    async with desk(stage) as d:
        for what in ("handshake", "unknown-id", "short", "bad-utf8", "many"):
            stage.inject("odd-frame", what=what)
        trade = d.buy()
        await d.rest()
        assert trade.orderStatus.status == "Submitted"
        assert 2104 in d.errors
