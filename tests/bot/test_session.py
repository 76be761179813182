"""Sessions, windows and settlement days against the exchange's published facts and an independent library table."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import session
from bot.errors import UsageProblem
from strategies.alvh.records import Window

NY = ZoneInfo("America/New_York")
ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ALVH_SHARED_DATA", ROOT / ".." / "shared" / "data"))
SESSIONS = session.sessions_between(date(2024, 1, 1), date(2028, 12, 31))

# Early closes and holidays as the exchange announced them (NYSE, holidays and trading hours).
HALF_DAYS = {
    date(2024, 7, 3), date(2024, 11, 29), date(2024, 12, 24),
    date(2025, 7, 3), date(2025, 11, 28), date(2025, 12, 24),
    date(2026, 11, 27), date(2026, 12, 24),
}  # fmt: skip
HOLIDAYS_2026 = {
    date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 4, 3), date(2026, 5, 25), date(2026, 6, 19),
    date(2026, 7, 3), date(2026, 9, 7), date(2026, 11, 26), date(2026, 12, 25),
}  # fmt: skip


def ny(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=NY)  # type: ignore[misc,arg-type]


def test_2026_has_exactly_the_announced_holidays() -> None:
    weekdays = {date(2026, 1, 1) + timedelta(days=n) for n in range(365)}
    closed = {day for day in weekdays if day.weekday() < 5 and not session.is_session(day)}
    assert closed == HOLIDAYS_2026


def test_half_days_are_exactly_the_announced_ones() -> None:
    found = {
        day
        for day in session.sessions_between(date(2024, 1, 1), date(2026, 12, 31))
        if (hours := session.hours_on(day)) and hours.early_close
    }
    assert found == HALF_DAYS


def test_every_session_has_two_windows_of_ninety_and_sixty_minutes_in_new_york_time() -> None:
    for day in SESSIONS:
        check_windows(day)


def check_windows(day: date) -> None:
    early = bool((hours := session.hours_on(day)) and hours.early_close)
    last = 13 if early else 16
    minutes: dict[Window, int] = dict.fromkeys(Window, 0)
    at = ny(day.year, day.month, day.day, 9, 0)
    while at < ny(day.year, day.month, day.day, 17, 0):
        found = session.session_at(at)
        inside = (9, 30) <= (at.hour, at.minute) < (last, 0)
        assert (found is not None) == inside, at
        if found:
            minutes[found.window] += 10
            early_part = (at.hour, at.minute) < (11, 0)
            late_part = at.hour >= last - 1
            expected = Window.OPENING if early_part else Window.CLOSING if late_part else Window.GUARDIAN
            assert found.window is expected, at
        at += timedelta(minutes=10)
    assert minutes[Window.OPENING] == 90
    assert minutes[Window.CLOSING] == 60


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 30)))  # noqa: DTZ001
@settings(max_examples=300, deadline=None)
def test_the_zone_in_which_an_instant_is_written_changes_nothing(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)
    expected = session.session_at(instant)
    for zone in ("America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Europe/Berlin"):
        assert session.session_at(instant.astimezone(ZoneInfo(zone))) == expected


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Australia/Lord_Howe"])
def test_the_time_zone_of_the_host_changes_nothing(zone: str) -> None:
    question = (
        "from datetime import UTC, date, datetime; from bot import session;"
        "print([session.session_at(datetime(2026, m, 2, h, 30, tzinfo=UTC)) for m in range(1, 13) for h in range(24)],"
        "[session.futures_hours_on(date(2026, m, 9)) for m in range(1, 13)])"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", question],
            env=os.environ | {"TZ": tz, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for tz in ("America/New_York", zone)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("day", "opens_utc"),
    [(date(2026, 3, 6), 14), (date(2026, 3, 9), 13), (date(2026, 10, 30), 13), (date(2026, 11, 2), 14)],
)
def test_the_open_moves_in_utc_when_the_clocks_change(day: date, opens_utc: int) -> None:
    hours = session.hours_on(day)
    assert hours is not None
    assert (hours.opens_at.hour, hours.opens_at.minute) == (opens_utc, 30)


def test_a_session_knows_its_neighbours_and_its_last_ten_days() -> None:
    found = session.session_at(ny(2026, 11, 27, 12, 30))
    assert found is not None
    assert found.early_close
    assert found.window is Window.CLOSING
    assert found.previous_close_at == ny(2026, 11, 25, 16, 0)
    assert found.next_day == date(2026, 11, 30)
    assert len(found.recent_days) == 10
    assert found.recent_days[-2:] == (date(2026, 11, 25), date(2026, 11, 27))
    assert found.recent_days[0] == date(2026, 11, 13)


def test_the_last_instant_belongs_to_no_session() -> None:
    assert session.session_at(ny(2026, 11, 23, 15, 59)) is not None
    assert session.session_at(ny(2026, 11, 23, 16, 0)) is None
    assert session.session_at(ny(2026, 11, 23, 9, 29)) is None


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        session.session_at(datetime(2026, 11, 23, 15, 0))  # noqa: DTZ001


def test_days_the_calendar_does_not_know_are_refused_in_one_clear_line() -> None:
    with pytest.raises(UsageProblem, match=r"1999-12-31 is outside the trading calendar, which knows 2000-01-01"):
        session.is_session(date(1999, 12, 31))


def test_every_listed_settlement_day_of_2008_to_2021_follows_from_the_rule() -> None:
    path = SHARED / "calendars" / "vx_monthly_expiries_2008_2021.csv"
    if not path.exists():
        pytest.skip(f"needs {path.name}: set ALVH_SHARED_DATA to the folder of market data")
    with path.open() as stream:
        listed = [date.fromisoformat(row["expiry"]) for row in csv.DictReader(stream)]
    assert list(session.vx_settlement_days(listed[0], listed[-1])) == listed


def test_settlement_days_that_are_no_wednesday_are_exactly_the_known_ones() -> None:
    days = session.vx_settlement_days(date(2008, 1, 1), date(2026, 12, 31))
    assert [day for day in days if day.weekday() != 2] == [
        date(2008, 2, 19), date(2014, 3, 18), date(2019, 3, 19), date(2022, 3, 15), date(2024, 6, 18),
        date(2025, 3, 18), date(2026, 5, 19),
    ]  # fmt: skip
    assert len(days) == 12 * 19


def test_the_futures_close_moved_to_four_o_clock_in_october_2020() -> None:
    before, after = session.futures_hours_on(date(2020, 10, 23)), session.futures_hours_on(date(2020, 10, 26))
    assert before is not None
    assert after is not None
    assert before.closes_at == ny(2020, 10, 23, 16, 15)
    assert after.closes_at == ny(2020, 10, 26, 16, 0)


def test_futures_close_a_quarter_past_one_on_half_days() -> None:
    hours = session.futures_hours_on(date(2026, 12, 24))
    assert hours is not None
    assert hours.closes_at == datetime(2026, 12, 24, 12, 15, tzinfo=ZoneInfo("America/Chicago"))


def test_business_days_count_sessions_after_the_first_day() -> None:
    assert session.business_days_between(date(2026, 11, 25), date(2026, 11, 30)) == 2
    assert session.business_days_between(date(2026, 11, 27), date(2026, 11, 27)) == 0
    assert session.business_days_between(date(2026, 11, 26), date(2026, 11, 27)) == 1
    assert session.business_days_between(date(2026, 11, 30), date(2026, 11, 25)) == -2


@given(st.sampled_from(SESSIONS), st.sampled_from(SESSIONS), st.sampled_from(SESSIONS))
def test_business_days_add_up(a: date, b: date, c: date) -> None:
    between = session.business_days_between
    assert between(a, b) + between(b, c) == between(a, c)


def test_the_contract_to_trade_is_the_nearest_with_enough_days_left() -> None:
    assert session.contract_to_trade(date(2026, 12, 4), 12, 50) == date(2026, 12, 16)
    assert session.contract_to_trade(date(2026, 12, 7), 12, 50) == date(2027, 1, 20)
    assert session.contract_to_trade(date(2018, 2, 5), 12, 50) == date(2018, 3, 21)


@given(st.sampled_from(SESSIONS))
def test_there_is_always_a_contract_to_trade_inside_the_limits(day: date) -> None:
    contract = session.contract_to_trade(day, 12, 50)
    assert contract is not None
    assert 12 <= session.days_to_expiry(contract, day) <= 50
    assert not [other for other in session.vx_settlement_days(day + timedelta(days=12), contract) if other != contract]
