from datetime import UTC, date, datetime

import pytest

from bot.observe.settlement import settles_at


@pytest.mark.parametrize(
    ("trading_class", "expires_on", "instant"),
    [
        ("SPX", date(2018, 2, 15), datetime(2018, 2, 16, 14, 30, tzinfo=UTC)),
        ("SPXW", date(2018, 2, 16), datetime(2018, 2, 16, 21, 0, tzinfo=UTC)),
        ("SPXW", date(2018, 3, 16), datetime(2018, 3, 16, 20, 0, tzinfo=UTC)),
        ("SPXW", date(2026, 11, 27), datetime(2026, 11, 27, 18, 0, tzinfo=UTC)),
        ("VIX", date(2018, 2, 13), datetime(2018, 2, 14, 14, 30, tzinfo=UTC)),
        ("VIXW", date(2018, 2, 6), datetime(2018, 2, 7, 14, 30, tzinfo=UTC)),
        ("SPX", date(2025, 4, 16), datetime(2025, 4, 17, 13, 30, tzinfo=UTC)),
    ],
)
def test_morning_classes_settle_on_the_next_trading_morning_and_others_at_the_close(trading_class, expires_on, instant):
    assert settles_at(trading_class, expires_on) == instant


def test_a_day_without_a_session_or_beyond_the_calendar_has_no_settlement():
    assert settles_at("SPXW", date(2018, 2, 17)) is None
    assert settles_at("SPXW", date(2099, 1, 4)) is None
    assert settles_at("SPX", date(2099, 1, 4)) is None
