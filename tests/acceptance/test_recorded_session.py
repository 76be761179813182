"""The real session of 4 January 2021: the bot sees what was recorded, and says at every wake-up why it acts or not."""

from __future__ import annotations

import csv
import gzip
from bisect import bisect_right
from datetime import UTC, datetime, timedelta

import pytest
from told_day import RECORDED, Told

from bot.journal import Kind
from bot.replay.again import replay
from strategies.alvh.records import Side

OPENS = datetime(2021, 1, 4, 14, 30, tzinfo=UTC)
CLOSES = datetime(2021, 1, 4, 21, 0, tzinfo=UTC)
LOOKED_AT = tuple(OPENS + timedelta(minutes=m, seconds=5) for m in (20, 65, 130, 200, 260, 350))


@pytest.fixture(scope="module")
def minutes() -> dict[datetime, float]:
    """The close of every recorded SPX minute, by the minute's end."""
    with (RECORDED / "spx_1min.csv").open(encoding="utf-8") as stream:
        return {_time(row) + timedelta(minutes=1): float(row["close"]) for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def begun() -> dict[datetime, float]:
    """The first print of every recorded SPX minute, by the minute's begin."""
    with (RECORDED / "spx_1min.csv").open(encoding="utf-8") as stream:
        return {_time(row): float(row["open"]) for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def options() -> dict[tuple[str, str, float], list[tuple[datetime, float, float]]]:
    """The recorded (time, bid, ask) of every option."""
    found: dict[tuple[str, str, float], list[tuple[datetime, float, float]]] = {}
    with gzip.open(RECORDED / "spxw_quotes_1min.csv.gz", "rt", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            key = (row["expiry"], row["right"], float(row["strike"]))
            found.setdefault(key, []).append((_time(row), float(row["bid"] or 0), float(row["ask"] or 0)))
    return found


def _time(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["time_utc"].replace("Z", "+00:00"))


def test_every_wake_up_of_the_session_is_there_and_explained(recorded: Told) -> None:
    looked = [w for w in recorded.wakeups if w.view.now >= OPENS]
    assert len(looked) == 390, "one a minute from 9:30 to 16:00"
    assert recorded.json["wakeups"] == recorded.json["explained"]
    assert all(w.decision.summary and w.decision.checks for w in recorded.wakeups)
    assert [entry for entry in recorded.entries if entry.kind in (Kind.MISSED, Kind.ALERT)] == []


def test_the_bot_saw_the_recorded_index(recorded: Told, begun: dict[datetime, float]) -> None:
    seen = {w.view.now: w.view.spx.last for w in recorded.wakeups}
    for at in LOOKED_AT:
        assert seen[at] == pytest.approx(begun[at.replace(second=0)], abs=0.01), at


def test_the_bot_saw_the_recorded_bars(recorded: Told, minutes: dict[datetime, float]) -> None:
    bars = {bar.end: bar.close for bar in recorded.wakeups[-1].view.spx_bars if bar.end > OPENS}
    assert len(bars) >= 70
    for end, close in bars.items():
        assert close == pytest.approx(minutes[end], abs=0.01), end


def test_the_bot_saw_the_recorded_option_quotes(
    recorded: Told, options: dict[tuple[str, str, float], list[tuple[datetime, float, float]]]
) -> None:
    """Compare every quote of the view whose option was recorded with the last record before that instant."""
    compared = 0
    for w in recorded.wakeups:
        if w.view.now < OPENS:
            continue
        quoted = [*w.view.chain, *w.book.legs]
        for option in quoted:
            history = options.get((option.expires_on.isoformat(), str(option.right), option.strike))
            if history is None:
                continue
            at = bisect_right(history, w.view.now, key=lambda row: row[0]) - 1
            if at < 0 or option.quote.bid is None or option.quote.ask is None:
                continue
            assert (option.quote.bid, option.quote.ask) == pytest.approx(history[at][1:], abs=0.001)
            compared += 1
    assert compared >= 300, f"only {compared} quotes could be compared"


def test_nothing_was_opened_outside_the_windows(recorded: Told) -> None:
    for entry in recorded.entries:
        if entry.kind is not Kind.INTENT or entry.body["proposal"]["side"] != Side.BUY:
            continue
        first = entry.at <= OPENS + timedelta(minutes=90)
        last = CLOSES - timedelta(minutes=60) <= entry.at < CLOSES
        friday_last = entry.at < OPENS
        assert first or last or friday_last, entry.at


def test_the_recorded_session_replays_to_the_same_decisions(recorded: Told) -> None:
    again = replay(recorded.entries)
    assert again.decided == len(recorded.wakeups)
    assert again.differences == ()
