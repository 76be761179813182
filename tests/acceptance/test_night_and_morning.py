"""The hours around the session: a weekend without a login, a morning with one, and a check before the open."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import whole_day
from whole_day import MORNING, Day, scripted

from bot.broker.ib import IbBroker
from bot.broker.port import LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.gateway.faults import Fault
from bot.gateway.server import Gateway
from bot.journal import Entry, Kind
from bot.watch.pager import Pager, PagerSettings
from bot.watch.pages import Page
from bot.watch.settings import WatchSettings

FRIDAY_EVENING = datetime(2018, 2, 2, 23, 0, tzinfo=UTC)  # 18:00 in New York
MONDAY = datetime(2018, 2, 5, 5, 0, tzinfo=UTC)  # midnight there
WATCH = WatchSettings(check_at=time(8, 30))


class Basket:
    name = "basket"

    def __init__(self) -> None:
        self.pages: list[Page] = []

    def send(self, page: Page) -> None:
        self.pages.append(page)


def ny(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return MONDAY + timedelta(hours=hour, minutes=minute, seconds=second)


def checks(day: Day) -> list[Entry]:
    return [entry for entry in day.entries(Kind.NOTE) if entry.body.get("name") == "check"]


def alerts(day: Day) -> list[tuple[datetime, str]]:
    return [(entry.at, entry.body["why"]) for entry in day.entries(Kind.ALERT)]


async def come_back(day: Day) -> None:
    day.gateway = Gateway(day.market, day.exchange)
    day.gateway.advance(day.clock.now())
    await day.gateway.start(day.port)


def paged(day: Day) -> tuple[Pager, Basket]:
    basket = Basket()
    pager = Pager(PagerSettings(hooks=(basket,)), day.clock, mode="paper", account=day.account)
    day.bot.journal.follow(pager.apply, kinds=())
    return pager, basket


async def test_a_good_morning_is_checked_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch)
    day = await Day.begin(tmp_path, at=ny(8, 29), watch=WATCH)
    await day.run(ny(9, 1))
    (check,) = checks(day)
    assert check.at >= ny(8, 30)
    assert [row for row in check.body["findings"] if row[1] == "FAIL"] == []
    assert alerts(day) == []
    await day.run(ny(9, 33))
    assert len(day.entries(Kind.WAKEUP)) == 3, "and the day begins as ever"
    await day.close()


async def test_nobody_logs_in_over_the_weekend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch)
    attempts: list[datetime] = []
    connect = ReadOnlyBroker.connect

    async def counted(self: Any) -> None:
        attempts.append(day.clock.now())
        await connect(self)

    day = await Day.begin(tmp_path, at=FRIDAY_EVENING, watch=WATCH)
    pager, basket = paged(day)
    monkeypatch.setattr(ReadOnlyBroker, "connect", counted)
    await day.gateway.stop()
    await day.run(ny(9, 10))

    weekend = ny(8) - FRIDAY_EVENING
    night = [at for at in attempts if at < ny(8)]
    assert 200 <= len(night) <= weekend / timedelta(minutes=15) + 5, "every quarter of an hour"
    pager.close()
    for outbox in pager._outboxes:
        assert outbox.settle(10)
    said = [text for _, text in alerts(day)]
    assert any(text.startswith("check before the open: line:") for text in said)
    assert any("30 minutes before the open" in text for text in said)
    lost = [at for at, text in alerts(day) if text.startswith("the line is lost")]
    short = [later for earlier, later in pairwise(lost) if later - earlier < timedelta(hours=1)]
    assert [at.replace(second=0) for at in short] == [ny(8)], "hourly, and at once when it begins to matter"
    assert len(basket.pages) >= len(lost) - 1, "all but the first, which may be the nightly restart"
    assert all(page.title.startswith("alvh PAPER") for page in basket.pages)
    assert not day.entries(Kind.INTENT)

    await come_back(day)
    await day.run(ny(9, 33))
    assert day.broker.link is LinkState.UP
    assert day.entries(Kind.WAKEUP), "it needs no human but the one who logs in"
    await day.close()


async def test_a_restart_of_the_gateway_at_night_wakes_nobody_and_is_read_before_the_morning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch)
    day = await Day.begin(tmp_path, at=FRIDAY_EVENING, watch=WATCH)
    pager, basket = paged(day)
    await day.gateway.stop()
    await day.pass_time(minutes=12)
    await come_back(day)
    before = len(day.entries(Kind.RECONCILE))
    await day.pass_time(minutes=20)
    assert day.broker.link is LinkState.UP
    assert len(day.entries(Kind.RECONCILE)) > before
    for outbox in pager._outboxes:
        assert outbox.settle(10)
    assert basket.pages == []
    await day.close()


@pytest.fixture
def stepped_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bot's waits count on its own clock, so that silence takes no real time."""
    monkeypatch.setattr(
        whole_day, "IbBroker", lambda place, clock, *, mode: IbBroker(place, clock, mode=mode, waits=clock)
    )


async def test_a_socket_that_is_half_open_is_found_hung_up_and_replaced_within_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stepped_waits: None
) -> None:
    scripted(monkeypatch)
    day = await Day.begin(tmp_path)
    await day.run(MORNING + timedelta(minutes=1))
    for session in day.gateway._clients():
        session.fall_silent()
    dead_at = day.clock.now()
    await day.run_until(
        lambda: any(entry.at > dead_at for entry in day.entries(Kind.WAKEUP)), MORNING + timedelta(minutes=8)
    )
    assert any("nobody answers" in why for _, why in alerts(day))
    assert day.broker.link is LinkState.UP
    assert any(entry.at > dead_at and "positions" in entry.body for entry in day.entries(Kind.RECONCILE))
    assert day.clock.now() - dead_at < timedelta(minutes=4)
    await day.close()


async def test_a_gateway_that_accepts_and_stays_silent_holds_nothing_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stepped_waits: None
) -> None:
    scripted(monkeypatch)
    day = await Day.begin(tmp_path)
    await day.run(MORNING + timedelta(minutes=1))
    day.gateway.inject(Fault.of("login-wanted", at=day.clock.now().isoformat(), lasts_s=600.0, how="silent"))
    await day.pass_time(minutes=9)
    assert any("log in to the gateway" in why for _, why in alerts(day))
    assert len([why for _, why in alerts(day) if why.startswith("the line is lost")]) == 1
    assert not day.entries(Kind.INTENT)
    back = day.clock.now()
    await day.run_until(lambda: any(entry.at > back for entry in day.entries(Kind.WAKEUP)), back + timedelta(minutes=8))
    assert day.broker.link is LinkState.UP
    await day.close()
