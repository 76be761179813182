"""How often a lost gateway is tried, and when a human hears of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Unreachable
from bot.outage import LONGEST_PAUSE, SHORTEST_PAUSE, Outage, is_watched, pause_after
from bot.watch.pages import Severity

SUNDAY = datetime(2026, 3, 15, 5, 0, tzinfo=UTC)  # 01:00 in New York
MONDAY_OPEN = datetime(2026, 3, 16, 13, 30, tzinfo=UTC)
NOBODY = Unreachable("nothing listens")


def told(outage: Outage, start: datetime, end: datetime, every: timedelta) -> list[tuple[datetime, Severity]]:
    """Try whenever it is allowed and always fail; return what was said and when."""
    now, said = start, []
    while now < end:
        if outage.allows(now):
            word = outage.failed(now, NOBODY)
            if word is not None:
                said.append((now, word[1]))
        now += every
    return said


def attempts(start: datetime, end: datetime, every: timedelta) -> int:
    outage, now, count = Outage(), start, 0
    while now < end:
        if outage.allows(now):
            outage.failed(now, NOBODY)
            count += 1
        now += every
    return count


def test_a_weekly_login_that_nobody_answers_is_told_after_an_hour_and_then_every_hour() -> None:
    said = told(Outage(), SUNDAY, SUNDAY + timedelta(hours=5), timedelta(minutes=5))
    assert said[0] == (SUNDAY, Severity.INFO), "at first it may be the nightly restart"
    assert [severity for _, severity in said[1:]] == [Severity.WARNING] * 4
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(said)]
    assert all(timedelta(hours=1) <= gap <= timedelta(minutes=75) for gap in gaps)


def test_from_ninety_minutes_before_the_open_a_lost_line_is_critical_at_once() -> None:
    outage = Outage()
    told(outage, SUNDAY, SUNDAY + timedelta(hours=2), timedelta(minutes=5))
    first = MONDAY_OPEN - timedelta(minutes=90)
    said = told(outage, first, first + timedelta(minutes=30), timedelta(minutes=1))
    assert said == [(first, Severity.CRITICAL)], "whatever was said at night"


def test_a_restart_of_minutes_at_night_wakes_nobody() -> None:
    outage = Outage()
    said = told(outage, SUNDAY, SUNDAY + timedelta(minutes=40), timedelta(minutes=5))
    assert {severity for _, severity in said} == {Severity.INFO}
    outage.over()
    assert told(outage, SUNDAY + timedelta(days=1), SUNDAY + timedelta(days=1, minutes=5), timedelta(minutes=5)) == [
        (SUNDAY + timedelta(days=1), Severity.INFO)
    ]


def test_at_night_the_pauses_grow_and_in_the_session_they_do_not() -> None:
    assert [pause_after(n, SUNDAY) for n in (1, 2, 3, 4, 5, 500)] == [
        timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 15)
    ]
    assert {pause_after(n, MONDAY_OPEN) for n in (1, 2, 50)} == {SHORTEST_PAUSE}


def test_a_weekend_without_a_gateway_takes_a_few_attempts_an_hour_even_if_asked_every_second() -> None:
    hour = attempts(SUNDAY, SUNDAY + timedelta(hours=1), timedelta(seconds=1))
    assert hour == 7, "after 0, 1, 3, 7, 15, 30 and 45 minutes"


def test_the_first_attempt_of_the_watched_hours_does_not_wait_for_a_pause_of_the_night() -> None:
    outage, last = Outage(), MONDAY_OPEN - timedelta(minutes=92)
    for _ in range(20):
        outage.failed(last, NOBODY)
    assert not outage.allows(last + timedelta(minutes=1))
    assert outage.allows(last + timedelta(minutes=2))


def test_in_the_session_a_turn_that_comes_milliseconds_early_is_not_left_out() -> None:
    outage = Outage()
    late, early = timedelta(seconds=30, milliseconds=40), timedelta(seconds=90, milliseconds=2)
    outage.failed(MONDAY_OPEN + late, NOBODY)
    assert outage.allows(MONDAY_OPEN + early)


@given(st.integers(0, 7 * 24 * 60), st.integers(1, 2000))
def test_a_pause_lasts_from_a_minute_to_a_quarter_of_an_hour(minute: int, failures: int) -> None:
    pause = pause_after(failures, SUNDAY + timedelta(minutes=minute))
    assert SHORTEST_PAUSE <= pause <= LONGEST_PAUSE


def test_days_off_are_not_watched() -> None:
    assert is_watched(MONDAY_OPEN)
    assert not is_watched(MONDAY_OPEN - timedelta(days=1))
    assert not is_watched(datetime(2026, 12, 25, 15, 0, tzinfo=UTC))
    assert is_watched(datetime(2026, 11, 27, 18, 14, tzinfo=UTC)), "a half day closes at 13:00"
    assert not is_watched(datetime(2026, 11, 27, 18, 15, tzinfo=UTC))
