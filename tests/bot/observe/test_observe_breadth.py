"""Advancers and decliners are joined bar by bar, and only what has changed is joined anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.broker.port import Instrument
from bot.observe import breadth
from bot.observe.breadth import BreadthHistory
from bot.observe.series import Series
from strategies.alvh.records import Bar, BreadthBar

START = datetime(2026, 3, 2, 14, 35, tzinfo=UTC)
BREADTH = Instrument(con_id=5, symbol="AD-NYSE", sec_type="IND", exchange="NYSE")


def bar(number: int, close: float) -> Bar:
    return Bar(end=START + timedelta(minutes=5 * number), open=close, high=close, low=close, close=close)


def sides(advancers: list[Bar], decliners: list[Bar]) -> dict[str, Series]:
    found = {name: Series(BREADTH, what=name, rth=True, keep=2000) for name in ("BID", "ASK")}
    found["BID"].bars, found["ASK"].bars = tuple(advancers), tuple(decliners)
    return found


def joined(number: int, advancers: float, decliners: float) -> BreadthBar:
    return BreadthBar(end=bar(number, 0.0).end, advancers=advancers, decliners=decliners)


def test_a_bar_is_joined_where_both_sides_have_one() -> None:
    history = BreadthHistory()
    history.join(sides([bar(0, 900.0), bar(1, 800.0)], [bar(1, 1900.0), bar(2, 1000.0)]))
    assert history.bars == (joined(1, 800.0, 1900.0),)


def numbers(count: int, first: int = 0, close: float = 900.0) -> list[Bar]:
    return [bar(n, close + n) for n in range(first, first + count)]


@pytest.mark.parametrize("corrected", [0, 1, 20, 38, 39])
@pytest.mark.parametrize("gone", [0, 1, 2, 40])
@pytest.mark.parametrize("missing", [None, 0, 20, 39])
def test_joining_again_gives_what_joining_afresh_gives(corrected: int, gone: int, missing: int | None) -> None:
    history, afresh = BreadthHistory(), BreadthHistory()
    history.join(sides(numbers(40), [row for n, row in enumerate(numbers(40, close=1800.0)) if n != missing]))
    downs = [*numbers(40, close=1800.0), bar(40, 1.0)]
    downs[corrected] = bar(corrected, 1500.0)
    after = sides(numbers(41 - gone, first=gone), downs[gone:])
    history.join(after)
    afresh.join(after)
    assert history.bars == afresh.bars
    assert [row.end for row in afresh.bars] == [row.end for row in downs[gone:]]


def test_bars_long_past_stay_the_same_objects() -> None:
    history = BreadthHistory()
    up, down = numbers(40), numbers(40, close=1800.0)
    history.join(sides(up, down))
    before = history.bars
    history.join(sides([*up, bar(40, 5.0)], [*down, bar(40, 6.0)]))
    assert history.bars[0] is before[0]
    assert history.bars[-1] == joined(40, 5.0, 6.0)


def test_the_latest_bars_stay_the_same_object_until_a_bar_closes() -> None:
    history = BreadthHistory()
    many = breadth.LATEST + 10
    found = sides([bar(n, 900.0) for n in range(many)], [bar(n, 1800.0) for n in range(many)])
    history.join(found)
    latest = history.latest
    history.join(found)
    assert history.latest is latest
    assert latest == history.bars[10:]


def test_the_usual_spread_of_breadth_is_that_of_the_same_new_york_time_across_a_change_of_clocks() -> None:
    spring = datetime(2026, 3, 9, 13, 35, tzinfo=UTC)  # 09:35 in New York, as 14:35 is before the change on the 8th
    days = [START + timedelta(days=n) for n in range(5)] + [spring + timedelta(days=n) for n in range(5)]
    ups = [Bar(end=day, open=0.0, high=0.0, low=0.0, close=1000.0 + 100.0 * n) for n, day in enumerate(days)]
    downs = [Bar(end=day, open=0.0, high=0.0, low=0.0, close=1000.0) for day in days]
    history = BreadthHistory()
    history.join(sides(ups, downs))
    assert history.stdev(spring + timedelta(days=7), (spring + timedelta(days=7)).date()) is not None
    assert history.stdev(START + timedelta(days=14), (spring + timedelta(days=7)).date()) is None  # 10:35 there
