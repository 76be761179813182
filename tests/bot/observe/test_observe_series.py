from datetime import UTC, datetime, timedelta

from bot.broker.port import Instrument
from bot.errors import Retry
from bot.observe.series import Series, floor
from strategies.alvh.records import Bar

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
VX = Instrument(con_id=1, symbol="VIX", sec_type="FUT", exchange="CFE")


class History:
    """Answer history requests from a list of bars, or fail."""

    def __init__(self, bars=()):
        self.held = list(bars)
        self.counts = []
        self.broken = False

    async def bars(self, instrument, *, what, minutes, count, end, rth):
        self.counts.append(count)
        if self.broken:
            raise Retry("no answer")
        return [bar for bar in self.held if bar.end <= end][-count:]


def bar(minutes, close=20.0):
    return Bar(end=START + timedelta(minutes=minutes), open=close, high=close, low=close, close=close)


def series(keep=500):
    return Series(VX, what="MIDPOINT", rth=False, keep=keep)


def test_the_floor_is_the_last_five_minute_mark():
    assert floor(START + timedelta(minutes=4, seconds=59, microseconds=9)) == START
    assert floor(START) == START


async def test_history_is_asked_for_once_a_closed_bar_and_then_only_for_what_is_new():
    history, kept = History([bar(0), bar(5), bar(10)]), series()
    for minute in range(12):
        await kept.refresh(history, START + timedelta(minutes=minute))
    assert history.counts == [500, 2, 2]
    assert kept.bars == (bar(0), bar(5), bar(10))


async def test_a_night_asks_for_what_may_be_missing_and_a_very_long_gap_for_everything():
    history, kept = History([bar(0)]), series()
    await kept.refresh(history, START)
    await kept.refresh(history, START + timedelta(days=1))
    await kept.refresh(history, START + timedelta(days=9))
    assert history.counts == [500, 289, 500]


async def test_after_a_night_of_which_history_told_only_what_closed_since_is_asked_for():
    history, kept = History([bar(0), bar(1445)]), series()
    await kept.refresh(history, START)
    await kept.refresh(history, START + timedelta(days=1))
    await kept.refresh(history, START + timedelta(days=1, minutes=5))
    assert history.counts == [500, 289, 2]
    assert kept.bars == (bar(0), bar(1445))


async def test_an_answer_that_failed_does_not_count_as_history_that_was_given():
    history, kept = History([bar(0)]), series()
    await kept.refresh(history, START)
    history.broken = True
    await kept.refresh(history, START + timedelta(days=1))
    history.broken = False
    await kept.refresh(history, START + timedelta(days=1, minutes=5))
    assert history.counts == [500, 289, 290]


async def test_samples_fill_what_history_lacks_and_history_overrules_them_later():
    history, kept = History([bar(0)]), series()
    await kept.refresh(history, START)
    for minute, price in ((1, 21.0), (2, 23.0), (3, 20.5), (5, 22.0)):
        kept.sample(START + timedelta(minutes=minute), price)
    await kept.refresh(history, START + timedelta(minutes=5))
    made = kept.bars[-1]
    assert (made.end, made.open, made.high, made.low, made.close) == (bar(5).end, 21.0, 23.0, 20.5, 22.0)
    history.held += [bar(5, 99.0), bar(10)]
    await kept.refresh(history, START + timedelta(minutes=10))
    assert kept.bars == (bar(0), bar(5, 99.0), bar(10))


async def test_two_samples_are_too_few_for_a_bar_and_a_missing_price_is_none():
    kept = series()
    for minute, price in ((1, 21.0), (2, None), (3, 22.0)):
        kept.sample(START + timedelta(minutes=minute), price)
    await kept.refresh(History(), START + timedelta(minutes=5))
    assert kept.bars == ()


async def test_a_broker_that_does_not_answer_leaves_words_and_the_old_bars():
    history, kept = History([bar(0)]), series()
    await kept.refresh(history, START)
    history.broken = True
    await kept.refresh(history, START + timedelta(minutes=5))
    assert kept.fault == "no answer"
    assert kept.bars == (bar(0),)
    history.broken = False
    await kept.refresh(history, START + timedelta(minutes=10))
    assert kept.fault == ""


async def test_no_more_bars_are_kept_than_asked_for():
    kept = series(keep=3)
    await kept.refresh(History([bar(minutes) for minutes in range(0, 50, 5)]), START + timedelta(minutes=45))
    assert [row.end for row in kept.bars] == [bar(35).end, bar(40).end, bar(45).end]


async def test_bars_that_history_repeats_change_nothing_and_the_tuple_stays_the_same_object():
    history, kept = History([bar(0), bar(5)]), series()
    await kept.refresh(history, START + timedelta(minutes=5))
    before = kept.bars
    history.held = [bar(0), bar(5)]
    await kept.refresh(history, START + timedelta(minutes=10))
    assert kept.bars is before


async def test_a_bar_that_history_gives_late_takes_its_place_in_time():
    history, kept = History([bar(0), bar(10)]), series()
    await kept.refresh(history, START + timedelta(minutes=10))
    history.held = [bar(0), bar(5), bar(10, 21.0)]
    await kept.refresh(history, START + timedelta(minutes=15))
    assert kept.bars == (bar(0), bar(5), bar(10, 21.0))


async def test_the_oldest_bars_go_when_new_ones_come():
    history, kept = History([bar(5 * n) for n in range(4)]), series(keep=3)
    await kept.refresh(history, START + timedelta(minutes=10))
    assert kept.bars == (bar(0), bar(5), bar(10))
    await kept.refresh(history, START + timedelta(minutes=15))
    assert kept.bars == (bar(5), bar(10), bar(15))
