"""Every log line carries the mode and the clock's time, whoever wrote it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from bot.clock import SteppedClock
from bot.logs import start_logs


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def started(*, as_json: bool) -> io.StringIO:
    stream = io.StringIO()
    start_logs("paper", SteppedClock(datetime(2018, 2, 5, 15, 0, tzinfo=UTC)), as_json=as_json, stream=stream)
    return stream


def test_a_line_of_ours_and_a_line_of_a_library_both_carry_time_and_mode() -> None:
    stream = started(as_json=True)
    structlog.get_logger("bot.cycle").info("woke", seq=7)
    logging.getLogger("apscheduler").warning("missed %s", "attend")
    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert ours["mode"] == theirs["mode"] == "paper"
    assert ours["at"] == theirs["at"] == "2018-02-05T15:00:00.000+00:00"
    assert (ours["event"], ours["seq"]) == ("woke", 7)
    assert theirs["event"] == "missed attend"


def test_plain_lines_begin_with_time_and_mode() -> None:
    stream = started(as_json=False)
    structlog.get_logger("bot.cycle").info("woke", seq=7)
    assert stream.getvalue() == "2018-02-05T15:00:00.000+00:00 paper info bot.cycle woke seq=7\n"


def test_starting_twice_does_not_double_the_lines() -> None:
    started(as_json=False)
    stream = started(as_json=False)
    structlog.get_logger("x").warning("once")
    assert stream.getvalue().count("once") == 1


def test_a_line_feed_or_a_terminals_command_from_outside_is_seen_and_does_nothing() -> None:
    stream = io.StringIO()
    start_logs("paper", SteppedClock(datetime(2018, 2, 5, 15, 0, tzinfo=UTC)), stream=stream)
    logging.getLogger("bot.alarm").error("%s", "no\n2026-01-02 paper info bot all is well\x1b[2J\x07")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("no\\n2026-01-02 paper info bot all is well\\x1b[2J\\x07")
