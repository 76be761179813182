"""The watch around the day: silence, blindness, the check before the open, and the dead man's switch."""

from __future__ import annotations

import os
import time as machine_time
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.alarm import Alarm
from bot.app import ATTEND_SECONDS, HOURS, WAKE_SECOND
from bot.broker.port import LinkState
from bot.clock import SteppedClock
from bot.doctor.findings import Finding, fail, fine, summary, warn
from bot.errors import Unreachable
from bot.journal import Journal, Kind, journal_path
from bot.schedule import Stepper, on_session_days
from bot.session import futures_hours_on, hours_on, session_at, sessions_between
from bot.watch.hours import off_hours
from bot.watch.pager import Pager, PagerSettings
from bot.watch.pages import Page
from bot.watch.settings import WatchSettings
from bot.watch.watch import Watch, window_over

NEW_YORK = ZoneInfo("America/New_York")
SESSION = date(2026, 3, 17)
HALF_DAY = date(2026, 11, 27)
HOLIDAY = date(2026, 12, 25)


def ny(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), NEW_YORK).astimezone(UTC)


class Switch:
    """Be a dead man's switch that keeps what it is told."""

    name = "switch"

    def __init__(self) -> None:
        self.pages: list[Page] = []

    def send(self, page: Page) -> None:
        self.pages.append(page)


class Line:
    """Be a broker that has a line or none."""

    def __init__(self) -> None:
        self.link = LinkState.UP


class Post:
    """Hold a watch with everything around it, on a stepped clock."""

    def __init__(self, folder: Path, at: datetime) -> None:
        self.clock = SteppedClock(at)
        self.switch = Switch()
        self.human = Switch()
        self.journal = Journal.open(journal_path(folder, "paper", "DU1"), mode="paper", account="DU1", durable=False)
        pager = Pager(PagerSettings(hooks=(self.human,)), self.clock, mode="paper", account="DU1")
        self.journal.follow(pager.apply)
        self.alarm = Alarm(self.journal, self.clock, pager)
        self.broker: Any = Line()
        self.found: tuple[Finding, ...] = (fine("line", "up"), fine("disk", "free"))
        self.problem: Exception | None = None
        self.room = fine("disk", "9,000 MB free")
        self.orders: dict[str, Any] = {}
        self.pager = pager
        self.watch = Watch(
            settings=WatchSettings(check_at=time(8, 30), ping=self.switch, lapses=3),
            broker=self.broker,
            journal=self.journal,
            alarm=self.alarm,
            pager=pager,
            clock=self.clock,
            examine=self._examine,
            room=lambda: self.room,
            orders=lambda: self.orders,
        )
        self.journal.follow(self.watch.apply)

    async def _examine(self) -> tuple[Finding, ...]:
        if self.problem is not None:
            raise self.problem
        return self.found

    async def run(self, until: datetime) -> None:
        async def catch_up(to: datetime) -> None:
            """Have nobody to wait for."""

        await Stepper(self.clock, self.watch.jobs(), catch_up, lambda now: timedelta(hours=1)).run(until)

    def woke(self, *failed: str, name: str = "data: VX") -> None:
        checks = [{"name": name, "passed": False, "why": why} for why in failed]
        checks.append({"name": "data: SPX", "passed": True, "why": "fresh"})
        self.journal.append(Kind.WAKEUP, {"decision": {"checks": checks}}, at=self.clock.now())

    def minute(self, *failed: str, wakes: bool = True) -> None:
        self.clock.move(self.clock.now() + timedelta(minutes=1))
        if wakes:
            self.woke(*failed)
        self.watch.look()

    def alerts(self) -> list[tuple[str, str]]:
        found = self.journal.entries(kinds=(Kind.ALERT,))
        return [(entry.body.get("severity", "warning"), entry.body["why"]) for entry in found]

    def told(self) -> list[str]:
        if self.watch._ping is not None:
            assert self.watch._ping.settle(10)
        return [page.text for page in self.switch.pages]

    def paged(self) -> list[str]:
        for outbox in self.pager._outboxes:
            assert outbox.settle(10)
        return [page.text for page in self.human.pages]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Any]:
    made: list[Post] = []

    def build(at: datetime) -> Post:
        made.append(Post(tmp_path / str(len(made)), at))
        return made[-1]

    yield build
    for post in made:
        post.journal.close()


def test_three_minutes_without_a_wake_up_page_a_human_once_and_then_every_hour(place: Any) -> None:
    post = place(ny(SESSION, 10))
    for _ in range(5):
        post.minute()
    for _ in range(3):
        post.minute(wakes=False)
    assert post.alerts() == [], "three intervals and a little more"
    post.minute(wakes=False)
    ((severity, why),) = post.alerts()
    assert severity == "critical"
    assert "since 10:05:00 New York time" in why
    for _ in range(64):
        post.minute(wakes=False)
    assert len(post.alerts()) == 2
    post.minute()
    assert len(post.paged()) == 2
    for _ in range(4):
        post.minute(wakes=False)
    assert len(post.alerts()) == 3, "a new silence is told at once"


def test_the_night_is_not_silence_and_the_first_minutes_of_a_session_are_its_own(place: Any) -> None:
    post = place(ny(SESSION, 8))
    for _ in range(93):
        post.minute(wakes=False)
    assert post.clock.now() == ny(SESSION, 9, 33)
    assert post.alerts() == []
    post.minute(wakes=False)
    assert len(post.alerts()) == 1
    late = place(ny(SESSION, 12))
    late.minute(wakes=False)
    assert late.alerts() == [], "a bot that has just started has missed nothing"


def test_wake_ups_that_see_nothing_are_told_with_the_reason_and_locks_are_not_told_twice(place: Any) -> None:
    post = place(ny(SESSION, 10))
    for age in (41, 101):
        post.minute(f"VX is {age} s old")
    assert post.alerts() == []
    post.minute("VX quote is halted: no opening")
    ((severity, why),) = post.alerts()
    assert severity == "warning"
    assert "VX quote is halted" in why
    post.minute("VX quote is halted: no opening")
    assert len(post.alerts()) == 1
    locked = place(ny(SESSION, 10))
    for _ in range(5):
        locked.clock.move(locked.clock.now() + timedelta(minutes=1))
        locked.woke("positions could not be read", name="data: lock")
        locked.watch.look()
    assert locked.alerts() == []


def test_a_disk_that_fills_is_told_before_it_is_full_and_again_every_hour(place: Any) -> None:
    post = place(ny(SESSION, 10))
    post.minute()
    post.room = fail("disk", "199 MB free", "make room")
    for _ in range(61):
        post.minute()
    assert post.alerts() == [("critical", "the disk is nearly full: 199 MB free; make room")] * 2
    post.room = fine("disk", "9,000 MB free")
    post.minute()
    post.room = fail("disk", "150 MB free", "make room")
    post.minute()
    assert len(post.alerts()) == 3


def test_while_the_line_is_down_that_is_told_and_not_its_consequences(place: Any) -> None:
    post = place(ny(SESSION, 10))
    post.broker.link = LinkState.LOST
    for _ in range(10):
        post.minute("link or data farm is down: no opening")
    for _ in range(10):
        post.minute(wakes=False)
    assert post.alerts() == []
    post.broker.link = LinkState.UP
    post.minute(wakes=False)
    ((severity, _),) = post.alerts()
    assert severity == "critical", "a line that is up excuses no silence"


async def test_before_the_open_everything_is_checked_journalled_and_told_to_the_switch(place: Any) -> None:
    post = place(ny(SESSION, 7))
    await post.run(ny(SESSION, 9, 15))
    (note,) = post.journal.entries(kinds=(Kind.NOTE,))
    assert note.at == ny(SESSION, 8, 30)
    assert note.body["findings"] == [["line", "fine", "up", ""], ["disk", "fine", "free", ""]]
    assert post.alerts() == []
    assert post.told() == ["alvh paper DU1: checked before the open: 2 checks: 2 fine"]


async def test_what_is_wanting_before_the_open_pages_in_time_with_what_to_do(place: Any) -> None:
    post = place(ny(SESSION, 7))
    post.found = (
        fail("data: VX", "delayed (code 10167)", "subscribe"),
        warn("data: VVIX", "none (code 354)", "subscribe to it"),
        fine("disk", "free"),
    )
    await post.run(ny(SESSION, 8, 31))
    assert post.alerts() == [
        ("critical", "check before the open: data: VX: delayed (code 10167) - subscribe"),
        ("warning", "check before the open: data: VVIX: none (code 354) - subscribe to it"),
    ]
    assert len(post.paged()) == 2


async def test_an_examination_that_fails_pages_too(place: Any) -> None:
    post = place(ny(SESSION, 7))
    post.problem = Unreachable("nothing listens at 127.0.0.1:7497")
    await post.run(ny(SESSION, 8, 31))
    assert [why for _, why in post.alerts()] == ["nothing listens at 127.0.0.1:7497"]


async def test_no_login_half_an_hour_before_the_open_pages(place: Any) -> None:
    post = place(ny(SESSION, 8, 45))
    post.broker.link = LinkState.DISCONNECTED
    await post.run(ny(SESSION, 9, 1))
    ((severity, why),) = post.alerts()
    assert severity == "critical"
    assert "30 minutes before the open" in why
    good = place(ny(SESSION, 8, 45))
    await good.run(ny(SESSION, 9, 1))
    assert good.alerts() == []


async def test_a_day_off_checks_nothing_pages_nobody_and_still_shows_that_the_bot_lives(place: Any) -> None:
    post = place(ny(HOLIDAY, 7))
    post.broker.link = LinkState.DISCONNECTED
    await post.run(ny(HOLIDAY, 17))
    assert post.alerts() == []
    assert [text.split(": ", 1)[1].split(";")[0] for text in post.told()] == [
        "no session today: nothing to do",
        "nothing to do",
        "nothing to do",
        "nothing to do",
    ]


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (SESSION, {11: "the opening window", 15: "the time between the windows", 16: "the closing window"}),
        (HALF_DAY, {11: "the opening window", 12: "the time between the windows", 13: "the closing window"}),
    ],
)
async def test_every_window_s_end_is_told_even_when_nothing_was_done(
    place: Any, day: date, ends: dict[int, str]
) -> None:
    post = place(ny(day, 9))
    hours = hours_on(day)
    assert hours is not None
    while post.clock.now() < ny(day, 16, 1):
        await post.run(post.clock.now() + timedelta(minutes=1))
        if session_at(post.clock.now()) is not None:
            post.woke()
    said = post.told()
    for hour, window in ends.items():
        assert any(window in text for text in said), hour
    assert len(said) == 1 * (len(ends) + len({15, 16} - set(ends))), said


async def test_a_bot_that_misses_its_wake_ups_does_not_reassure_anybody(place: Any) -> None:
    post = place(ny(SESSION, 10, 30))
    post.woke()
    await post.run(ny(SESSION, 11, 1))
    assert post.told() == []
    halted = place(ny(SESSION, 7))
    halted.alarm.halted = "the disk is full"
    await halted.run(ny(SESSION, 17))
    assert halted.told() == []


async def test_failures_of_hooks_are_journalled_and_page_nobody(place: Any) -> None:
    post = place(ny(SESSION, 10))
    post.pager._outboxes[0]._failures.append("ntfy.sh cannot be reached")
    post.watch.look()
    (entry,) = post.journal.entries(kinds=(Kind.ALERT,))
    assert entry.body["name"] == "pager"
    assert post.paged() == []


# --- every session of five years, on hosts of any time zone

SENDING = (
    on_session_days(hour=HOURS, second=ATTEND_SECONDS),
    on_session_days(hour=HOURS, second=WAKE_SECOND),
)


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Europe/London"])
def host_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    machine_time.tzset()
    yield
    monkeypatch.undo()
    assert "TZ" not in os.environ or os.environ["TZ"] != request.param
    machine_time.tzset()


def test_jobs_wake_with_every_open_and_none_that_could_send_runs_at_night(host_zone: None) -> None:
    attend, wake = SENDING
    check = on_session_days(hour="8", minute="30", second="0")
    for day in sessions_between(date(2024, 1, 1), date(2028, 12, 31)):
        hours, futures = hours_on(day), futures_hours_on(day)
        assert hours is not None
        assert futures is not None
        assert wake.get_next_fire_time(None, hours.opens_at) == hours.opens_at + timedelta(seconds=5)
        assert attend.get_next_fire_time(None, hours.opens_at) == hours.opens_at
        last = hours.closes_at - timedelta(minutes=1)
        assert wake.get_next_fire_time(None, last) == last + timedelta(seconds=5)
        assert check.get_next_fire_time(None, hours.opens_at - timedelta(hours=3)) == hours.opens_at - timedelta(
            hours=1
        )
        night = ny(day, 17)
        for job in SENDING:
            following = job.get_next_fire_time(None, night)
            assert following.astimezone(NEW_YORK).time() >= time(9)
            assert following - night >= timedelta(hours=15), "24 hours but for 17:00 to 09:00, whatever the clocks do"


def test_the_line_is_looked_after_at_every_hour_of_the_week() -> None:
    night, day = off_hours(HOURS), on_session_days(hour=HOURS, second="30")
    at = ny(date(2026, 3, 6), 12)  # the week in which the clocks change
    for _ in range(7 * 24 * 4):
        following = min(job.get_next_fire_time(None, at) for job in (night, day))
        assert following - at <= timedelta(minutes=5, seconds=1)
        at += timedelta(minutes=15)


def test_a_window_is_just_over_only_for_a_while() -> None:
    hours = hours_on(SESSION)
    assert window_over(ny(SESSION, 10, 59), hours) == ""
    assert window_over(ny(SESSION, 11, 0), hours) == "the opening window is over"
    assert window_over(ny(SESSION, 11, 10), hours) == ""
    assert window_over(ny(SESSION, 11, 0), None) == ""


def test_findings_are_counted_by_how_they_stand() -> None:
    assert summary(()) == "0 checks: none"
    assert summary((fine("a", ""), fail("b", "", ""), fine("c", ""))) == "3 checks: 2 fine, 1 FAIL"
