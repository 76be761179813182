"""Rows that are not decoded anew leave the library and the bot with the same knowledge as rows that are."""

from __future__ import annotations

from harness import stage

ROW = ["61", "3", "DU1", "7", "VIX", "FUT", "20180321", "0", "", "1000", "", "USD", "VXH8", "VX", "5", "15000"]


def row(quantity: int, average: str = "15000") -> list[str]:
    return [*ROW[:-2], str(quantity), average]


def held(ib) -> dict[int, tuple[float, float]]:
    return {found.contract.conId: (found.position, found.avgCost) for found in ib.positions("DU1")}


async def test_a_repeated_position_is_told_again_and_a_changed_one_takes_its_place():
    async with stage() as s:
        ib, told = s.broker._ib, []
        ib.positionEvent += lambda position: told.append(position.position)
        for fields in (row(5), row(5), row(4), row(5), row(5), row(5, "15100")):
            ib.client.decoder.interpret(fields)
        assert told == [5, 5, 4, 5, 5, 5]
        assert held(ib) == {7: (5, 15100)}


async def test_a_closed_position_leaves_the_table_and_may_come_back_as_it_was():
    async with stage() as s:
        ib = s.broker._ib
        for fields in (row(5), row(0), row(0)):
            ib.client.decoder.interpret(fields)
        assert held(ib) == {}
        ib.client.decoder.interpret(row(5))
        assert held(ib) == {7: (5, 15000)}


async def test_after_a_lost_connection_a_repeated_position_is_decoded_anew():
    async with stage() as s:
        ib = s.broker._ib
        ib.client.decoder.interpret(row(5))
        ib.wrapper.reset()
        assert held(ib) == {}
        ib.client.decoder.interpret(row(5))
        assert held(ib) == {7: (5, 15000)}


async def test_a_second_reading_of_all_positions_is_as_complete_as_the_first():
    async with stage() as s:
        first, second = await s.broker.positions(), await s.broker.positions()
        assert first.complete
        assert second.complete
        assert first.rows
        assert first.rows == second.rows
