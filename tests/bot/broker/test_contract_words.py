from datetime import UTC, date, datetime

import pytest

from bot.broker.contracts import day, hours


@pytest.mark.parametrize("text", ["20180214", "20180214 08:30 US/Central", "20180214-08:30:00-US/Central"])
def test_a_day_is_read_in_every_form_ib_writes_it(text):
    assert day(text) == date(2018, 2, 14)


@pytest.mark.parametrize("text", ["", "201802", "nonsense"])
def test_what_is_no_day_is_missing(text):
    assert day(text) is None


def test_hours_in_the_present_form_cross_midnight_and_skip_closed_days():
    found = hours("20261122:1700-20261123:1600;20261126:CLOSED", "US/Central")
    assert found == ((datetime(2026, 11, 22, 23, tzinfo=UTC), datetime(2026, 11, 23, 22, tzinfo=UTC)),)


def test_hours_in_the_old_form_hold_several_spans_a_day():
    found = hours("20180205:0930-1600,1630-1700", "US/Eastern")
    assert found == (
        (datetime(2018, 2, 5, 14, 30, tzinfo=UTC), datetime(2018, 2, 5, 21, 0, tzinfo=UTC)),
        (datetime(2018, 2, 5, 21, 30, tzinfo=UTC), datetime(2018, 2, 5, 22, 0, tzinfo=UTC)),
    )


def test_hours_follow_the_change_of_clocks():
    before, after = hours("20260306:0930-20260306:1600;20260309:0930-20260309:1600", "US/Eastern")
    assert (before[0].hour, after[0].hour) == (14, 13)


def test_no_hours_are_none():
    assert hours("", "US/Eastern") == ()
