"""The shortest form of days that the random search found to break a rule, and that must never do so again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.drill.day import Day
from bot.drill.outcome import play
from bot.drill.setup import Crash, Does, Hand, Setup
from bot.gateway.faults.records import Fault
from bot.journal import JournalReader, Kind

MINUTE, LONGEST = timedelta(minutes=1), timedelta(seconds=100)

MORNING = Setup(scenario="made-up-1", lines=26, until="09:50")
STARTED_WHILE_THE_LINE_IS_LOST = replace(
    MORNING,
    faults=(Fault.of("line-lost", at="09:33", lasts_s=660.0, requests="held"),),
    crashes=(Crash(at="09:33:30"),),
)
NOBODY_READS_IN_THE_MIDDLE_OF_A_LOOK = replace(
    MORNING,
    faults=(Fault.of("frame", act="stop-reading", at="09:34:05", lasts_s=660.0, direction="both", nth=1),),
)
EVERY_ANSWER_A_SECOND_LATE = replace(MORNING, faults=(Fault.of("latency", at="09:34", lasts_s=600.0),))


@pytest.mark.parametrize("setup", [STARTED_WHILE_THE_LINE_IS_LOST, NOBODY_READS_IN_THE_MIDDLE_OF_A_LOOK])
async def test_a_look_that_gets_no_answers_does_not_keep_everything_else_waiting(tmp_path: Path, setup: Setup) -> None:
    day, outcome = await play(setup, tmp_path)
    assert outcome.failed == ()
    assert longest_look(day) <= LONGEST


def longest_look(day: Day) -> timedelta:
    """Return the longest time that a wake-up, which begins five seconds after a minute, took to end."""
    assert day.journal_path is not None
    reader = JournalReader.open(day.journal_path)
    ends = [entry.at for entry in reader.entries(kinds={Kind.WAKEUP, Kind.MISSED, Kind.START})]
    reader.close()
    return max(after - before - MINUTE for before, after in pairwise(ends))


async def test_answers_that_are_a_second_late_cost_no_connection(tmp_path: Path) -> None:
    day, outcome = await play(EVERY_ANSWER_A_SECOND_LATE, tmp_path)
    assert outcome.failed == ()
    assert not any("line" in why for span in day.watcher.spans for why in span.why)


async def test_sales_that_the_exchange_cancels_again_and_again_are_told(tmp_path: Path) -> None:
    trouble = Fault.of("exchange-cancel", at="09:30", action="SELL", after_s=0.0, lasts_s=7200.0)
    day, outcome = await play(Setup(scenario="made-up-5", lines=26, until="10:05", faults=(trouble,)), tmp_path)
    assert outcome.failed == ()
    assert outcome.left == 3
    assert any("3 sales in a row sold nothing" in told.why for told in day.told)


@pytest.mark.parametrize(
    "quiet", [Fault.of("farm-broken", at="09:47:30", lasts_s=3600.0), Fault.of("frozen", at="09:47:30", lasts_s=3600.0)]
)
async def test_a_sale_that_a_new_process_knows_no_price_for_is_told(tmp_path: Path, quiet: Fault) -> None:
    """The price by which the old process offered died with it, and none comes any more."""
    asked = Hand(at="09:51", does=Does.FLATTEN)
    crash = Crash(at="09:50:30", entry="order")
    setup = Setup(scenario="spike", begin="09:20", until="10:08", hands=(asked,), faults=(quiet,), crashes=(crash,))
    day, outcome = await play(setup, tmp_path)
    assert outcome.failed == ()
    assert outcome.left == 9
    assert any("SELL 9 VXM" in told.why and "cancel it there" in told.why for told in day.told)


async def test_what_other_hands_have_sold_is_not_asked_of_a_flatten(tmp_path: Path) -> None:
    others = Hand(at="09:38:30", does=Does.TRADE, quantity=-20)
    asked = Hand(at="09:39", does=Does.FLATTEN)
    setup = Setup(scenario="spike", begin="09:20", until="09:53", hands=(others, asked))
    day, outcome = await play(setup, tmp_path)
    assert outcome.failed == ()
    assert outcome.bought == outcome.left == 9
    at_once = [told.why for told in day.told if told.at <= day.flattened_at + timedelta(seconds=10)]
    assert any("flatten: SELL 9 VXM" in why and "was not sent" in why for why in at_once)
    assert any("the account holds less than our executions add up to" in told.why for told in day.told)


async def test_a_bot_that_starts_while_the_line_is_lost_tells_somebody(tmp_path: Path) -> None:
    """Every look takes its 90 s, and who looks after the line must get its turn between two of them."""
    trouble = Fault.of("line-lost", at="09:40:40", lasts_s=1800.0)
    setup = replace(MORNING, faults=(trouble,), crashes=(Crash(at="09:41:10", down_s=120.0),))
    day, outcome = await play(setup, tmp_path)
    assert outcome.failed == ()
    assert any("the line to the exchange is lost" in told.why for told in day.told)


async def test_a_sale_that_the_broker_refuses_again_and_again_is_told(tmp_path: Path) -> None:
    """A price limit is shown that is none: what is offered there is too far through the market."""
    shown = Fault.of("limit-state", at="2024-02-28T15:07:47Z", lasts_s=1800.0)
    asked = Hand(at="2024-02-28T15:10:38Z", does=Does.FLATTEN)
    setup = Setup(scenario="made-up-50197", lines=26, hands=(asked,), faults=(shown,))
    day, outcome = await play(setup, tmp_path)
    assert outcome.failed == ()
    assert outcome.left == 9
    assert any("the broker refused SELL 9 VXM" in told.why for told in day.told)
