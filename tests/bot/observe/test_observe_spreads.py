from datetime import UTC, datetime, timedelta

from bot.broker.port import Instrument
from bot.errors import Retry
from bot.observe.spreads import BARS, REQUESTS_A_WINDOW, Pace, Spreads
from strategies.alvh.records import Bar

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LEGS = [Instrument(con_id=n, symbol="SPX", sec_type="OPT", exchange="SMART") for n in range(60)]


class History:
    def __init__(self):
        self.asked = []
        self.counts = []
        self.first = 11
        self.broken = False

    async def bars(self, instrument, *, what, minutes, count, end, rth):
        self.asked.append((instrument.con_id, what))
        self.counts.append(count)
        if self.broken:
            raise Retry("historical data was refused")
        close = {"BID": 9.9, "ASK": 10.1}[what]
        ends = [NOW - timedelta(days=days) + timedelta(minutes=30) for days in range(1, self.first + 1)]
        return [Bar(end=at, open=close, high=close, low=close, close=close) for at in ends]


async def test_a_bounded_number_is_fetched_a_wake_up_and_each_once():
    history, spreads = History(), Spreads(Pace())
    for _ in range(3):
        await spreads.fetch(history, LEGS[:5], NOW, NOW.date(), most=2)
    assert history.asked == [(n, side) for n in range(5) for side in ("BID", "ASK")]
    assert 0 in spreads.usual(NOW)
    assert 59 not in spreads.usual(NOW)


async def test_the_pace_of_history_stays_below_the_brokers_limit():
    history, spreads = History(), Spreads(Pace())
    for minute in range(10):
        await spreads.fetch(history, LEGS, NOW + timedelta(minutes=minute), NOW.date(), most=12)
    assert len(history.asked) == REQUESTS_A_WINDOW
    await spreads.fetch(history, LEGS, NOW + timedelta(minutes=10), NOW.date(), most=12)
    assert len(history.asked) == REQUESTS_A_WINDOW + 24


async def test_a_refusal_pauses_the_fetching_and_is_said():
    history, spreads = History(), Spreads(Pace())
    history.broken = True
    assert len(await spreads.fetch(history, LEGS, NOW, NOW.date(), most=12)) == 1
    assert await spreads.fetch(history, LEGS, NOW + timedelta(minutes=9), NOW.date(), most=12) == ()
    assert len(history.asked) == 1
    history.broken = False
    await spreads.fetch(history, LEGS, NOW + timedelta(minutes=10), NOW.date(), most=1)
    assert len(history.asked) == 3


async def test_a_new_session_fetches_afresh():
    history, spreads = History(), Spreads(Pace())
    await spreads.fetch(history, LEGS[:1], NOW, NOW.date(), most=12)
    tomorrow = NOW + timedelta(days=1)
    await spreads.fetch(history, LEGS[:1], tomorrow, tomorrow.date(), most=12)
    assert len(history.asked) == 4


async def test_a_new_session_asks_only_for_what_came_since_and_knows_the_rest():
    history, spreads = History(), Spreads(Pace())
    await spreads.fetch(history, LEGS[:2], NOW, NOW.date(), most=12)
    before = spreads.usual(NOW)
    history.first = 1  # of the sessions before only the last is told again
    tomorrow = NOW + timedelta(days=1)
    await spreads.fetch(history, LEGS[:1], tomorrow, tomorrow.date(), most=12)
    assert history.counts == [BARS] * 4 + [97, 97]  # 47.5 hours since its last bar, and one bar to overlap
    assert spreads.usual(tomorrow) == {0: before[0]}
    later = tomorrow + timedelta(days=1)
    await spreads.fetch(history, LEGS[1:2], later, later.date(), most=12)
    assert history.counts[6:] == [BARS, BARS]  # what was held no more is forgotten
