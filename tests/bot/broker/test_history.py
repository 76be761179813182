from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from bot.broker.history import bar_size, closed_bars, duration

END = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def bar(at, close=10.0, **changes):
    return SimpleNamespace(**{"date": at, "open": 10.0, "high": 11.0, "low": 9.0, "close": close, **changes})


def test_a_running_bar_is_left_out_and_order_and_repeats_are_mended():
    found = closed_bars(
        [
            bar(datetime(2026, 3, 2, 14, 55, tzinfo=UTC), 3.0),
            bar(datetime(2026, 3, 2, 14, 50, tzinfo=UTC), 1.0),
            bar(datetime(2026, 3, 2, 14, 50, tzinfo=UTC), 2.0),
            bar(datetime(2026, 3, 2, 15, 0, tzinfo=UTC), 4.0),
        ],
        minutes=5,
        end=END,
    )
    assert [(row.end.minute, row.close) for row in found] == [(55, 2.0), (0, 3.0)]


@pytest.mark.parametrize("broken", [float("nan"), -1.0, 1.7976931348623157e308])
def test_a_broken_bar_is_left_out(broken):
    at = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    assert closed_bars([bar(at, low=broken)], minutes=5, end=END) == ()


def test_a_daily_bar_ends_at_the_close_in_new_york():
    (row,) = closed_bars([bar(date(2026, 2, 27)), bar(date(2026, 3, 2))], minutes=1440, end=END)
    assert row.end == datetime(2026, 2, 27, 21, 0, tzinfo=UTC)


def test_durations_hold_what_is_asked_for():
    assert duration(minutes=5, count=2, rth=True) == "600 S"
    assert duration(minutes=5, count=500, rth=True) == "14 D"
    assert duration(minutes=1440, count=30, rth=True) == "47 D"
    assert duration(minutes=1440, count=300, rth=True) == "2 Y"


def test_a_bar_size_not_in_use_is_refused():
    with pytest.raises(ValueError, match="7 minutes"):
        bar_size(7)
