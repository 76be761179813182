"""The usual depth: five sessions before it is known, twenty at most, the same after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import OPEN, VX, VX_FAR, VXM, book, exposure, future, lot, market, memory, spike_view, state
from hypothesis import given
from hypothesis import strategies as st

from bot.journal import Journal, JournalReader, Projection, Shelf, Wakeup, journal_path, record_wakeup
from bot.journal.codec import to_json
from bot.journal.depths import KEPT, Depths
from strategies.alvh.judge import judge
from strategies.alvh.liquidity import room
from strategies.alvh.policy import LiquidityPolicy, Policy
from strategies.alvh.records import FutureQuote, MarketView

DAY = spike_view(60).session.day


def view_on(days_ago: int, size: float | None, minutes: int = 60, *extra: FutureQuote) -> MarketView:
    """Return a view some days before, in which VX shows this size."""
    seen, back = spike_view(60), timedelta(days=days_ago)
    quoted = replace(market(18.0, 0.05), bid_size=size, ask_size=None if size is None else size + 7)
    session = replace(seen.session, day=DAY - back, opens_at=OPEN - back)
    now = OPEN - back + timedelta(minutes=minutes, seconds=5)
    return replace(seen, now=now, session=session, futures=(future(VX, quote=quoted), *extra))


def told(*views: MarketView) -> Depths:
    found = Depths()
    for view in views:
        found.apply(to_json(view, leave_out={"chain", "vix_chain", "spx_bars", "vix_bars", "breadth_bars"}))
    return found


def usual(depths: Depths, now: MarketView) -> tuple[float | None, int | None]:
    row = depths.filled(now).futures[0]
    return row.quick_ratio_median, row.depth_sessions


def sessions(sizes: Sequence[float]) -> list[MarketView]:
    """Return one look a session, the last of them yesterday."""
    return [view_on(len(sizes) - n, size) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], (None, 0)),
        ([100.0] * 4, (None, 4)),
        ([10.0, 20.0, 30.0, 40.0, 500.0], (30.0, 5)),
        ([1.0] * 30 + [50.0] * 20, (50.0, 20)),
    ],
)
def test_the_median_is_known_from_five_sessions_and_looks_back_twenty(
    sizes: list[float], expected: tuple[float | None, int]
) -> None:
    assert usual(told(*sessions(sizes)), view_on(0, 5.0)) == expected


def test_today_does_not_count_and_looks_of_five_minutes_are_averaged() -> None:
    past = [view_on(n, size, minute) for n in range(5, 0, -1) for minute, size in ((60, 10.0), (62, 30.0), (65, 900.0))]
    depths = told(*past, view_on(0, 1.0), view_on(0, 1.0, 61))
    assert usual(depths, view_on(0, 1.0, 64)) == (20.0, 5)
    assert usual(depths, view_on(0, 1.0, 69)) == (900.0, 5)
    assert usual(depths, view_on(0, 1.0, 70)) == (None, 0)


def test_months_and_classes_are_kept_apart_and_a_roll_of_the_list_keeps_the_rank() -> None:
    later = future(VX_FAR, quote=market(18.0, 0.05, size=9.0), settles_on=date(2018, 9, 19))
    mini = future(VXM, quote=market(18.0, 0.01, size=3.0))
    depths = told(*(view_on(n, 80.0, 60, later, mini) for n in range(5, 0, -1)))
    front, second, small = depths.filled(view_on(0, 1.0, 60, later, mini)).futures
    assert (front.quick_ratio_median, second.quick_ratio_median, small.quick_ratio_median) == (80.0, 9.0, 3.0)
    alone = replace(view_on(0, 1.0), futures=(later,))  # what was second is now the front month
    assert depths.filled(alone).futures[0].quick_ratio_median == 80.0


@pytest.mark.parametrize("change", [{"delayed": True}, {"halted": True}, {"bid": None}, {"ask_size": None}])
def test_a_market_that_cannot_be_traded_says_nothing_of_the_usual_depth(change: dict[str, Any]) -> None:
    views = []
    for view in sessions([100.0] * 5):
        (row,) = view.futures
        views.append(replace(view, futures=(replace(row, quote=replace(row.quote, **change)),)))
    assert usual(told(*views), view_on(0, 5.0)) == (None, 0)


def test_a_third_of_the_usual_depth_halves_the_slice() -> None:
    depths = told(*sessions([200.0] * 5))
    (thin,) = depths.filled(view_on(0, 50.0)).futures
    found = room(thin, 8, LiquidityPolicy())
    assert (found.contracts, room(replace(thin, quick_ratio_median=None), 8, LiquidityPolicy()).contracts) == (4, 8)
    assert "25% of the usual depth" in found.check.why


@given(st.lists(st.floats(1.0, 5000.0), max_size=60))
def test_what_is_kept_is_bounded(sizes: list[float]) -> None:
    depths = told(*sessions(sizes))
    assert len(depths._days) <= KEPT + 1


def test_a_restart_knows_what_was_known(tmp_path: Path) -> None:
    path = journal_path(tmp_path, "demo", "DU1")
    journal = Journal.open(path, mode="demo", account="DU1", durable=False)
    live, shelf = Projection(), Shelf()
    journal.follow(live.apply)
    journal.follow(shelf.apply)
    for view in sessions([100.0, 120.0, 90.0, 110.0, 105.0]):
        knows = state(lot(), memory=memory())
        decision = judge(view, book(lot()), knows, Policy(), memory=knows.memory, exposure=exposure())
        wakeup = Wakeup(view=view, book=book(lot()), state=knows, decision=decision)
        record_wakeup(journal, shelf, wakeup, at=view.now)
    journal.close()
    again, reader = Projection(), JournalReader.open(path)
    for entry in reader.entries():
        again.apply(entry)
    reader.close()
    now = view_on(0, 5.0)
    assert usual(live.depths, now) == usual(again.depths, now) == (105.0, 5)
