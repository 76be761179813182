"""Advancers and decliners are joined bar by bar, and only what has changed is joined anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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


def test_a_corrected_side_corrects_the_joined_bar_and_leaves_the_others_as_they_are() -> None:
    history = BreadthHistory()
    up, down = [bar(n, 900.0) for n in range(3)], [bar(n, 1800.0) for n in range(3)]
    history.join(sides(up, down))
    before = history.bars
    history.join(sides(up, [down[0], bar(1, 1500.0), down[2]]))
    assert history.bars == (joined(0, 900.0, 1800.0), joined(1, 900.0, 1500.0), joined(2, 900.0, 1800.0))
    assert history.bars[0] is before[0]


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
