"""The stream of account updates tells what is held without being asked, and is forgotten with the line."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from harness import stage

from bot.broker.port import OrderTicket, Query
from strategies.alvh.records import Side

OPEN = datetime(2018, 2, 5, 14, 35, tzinfo=UTC)
VX = Query(symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX")


async def test_the_account_updates_say_what_the_list_of_positions_says_before_and_after_a_trade() -> None:
    async with stage(at=OPEN) as s:
        listed = {row.instrument.con_id: row.quantity for row in (await s.broker.positions()).rows}
        assert listed, "the scenario has a book"
        assert s.broker.portfolio() == listed
        future = (await s.broker.instruments(Query(symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX")))[
            1
        ]
        s.broker.subscribe(future)
        await s.after(seconds=5)
        limit = Decimal(str(round(s.broker.quote(future.con_id).ask or 0.0, 2)))
        s.broker.place(
            OrderTicket(ref="buy", account=s.broker.account, instrument=future, side=Side.BUY, quantity=2, limit=limit)
        )
        await s.settle()
        await s.after(seconds=30)
        assert s.broker.portfolio() == listed | {future.con_id: 2}


async def test_a_closed_line_leaves_no_witness_and_a_new_one_brings_it_back() -> None:
    async with stage(at=OPEN) as s:
        held = s.broker.portfolio()
        assert held
        await s.broker.disconnect()
        assert s.broker.portfolio() is None
        await s.broker.connect()
        await s.settle()
        assert s.broker.portfolio() == held


async def test_what_is_flat_again_is_held_no_more() -> None:
    async with stage(at=OPEN) as s:
        held = s.broker.portfolio()
        assert held
        s.exchange.positions = lambda account: []  # type: ignore[method-assign]  # settled, and forgotten overnight
        await s.after(minutes=4)
        assert s.broker.portfolio() == {}


async def test_what_was_closed_while_the_line_was_away_is_not_remembered() -> None:
    async with stage(at=OPEN) as s:
        assert s.broker.portfolio()
        await s.broker.disconnect()
        s.exchange.positions = lambda account: []  # type: ignore[method-assign]
        await s.broker.connect()
        await s.settle()
        assert s.broker.portfolio() == {}
