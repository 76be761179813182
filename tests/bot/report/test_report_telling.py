"""A wake-up told alone, a journal told as a story, and how the bot stands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import builders
import pytest
from small_day import LOW_GAUGE, SmallDay, buying, decided, hedged_day, market_view, selling

from bot.errors import UsageProblem
from bot.journal import Kind, Wakeup
from bot.report.standing import order_rows, standing
from bot.report.telling import one_wakeup, story_lines
from strategies.alvh.explain import explain
from strategies.alvh.records import Check, HedgeState, Memory, Phase


def quiet_check(name: str) -> Check:
    return replace(LOW_GAUGE, name=name, why=f"{name} says no")


# --- one wake-up


def test_the_last_wakeup_is_told_unless_one_is_named(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    first, second = day.wake(market_view(30)), day.wake(market_view(31))
    day.write(Kind.NOTE, 32, what="nothing")
    assert one_wakeup(day.journal, None).seq == second
    assert one_wakeup(day.journal, first).decision.at == builders.at(30)


def test_a_wakeup_is_told_while_the_bot_writes_the_next_one(tmp_path: Path) -> None:
    """Bars go to the journal before the wake-up that names them; a reader may look between the two."""
    day = SmallDay(folder=tmp_path)
    view = market_view(30, spx_bars=builders.bars([2700.0, 2701.0], builders.at(30)))
    seq = day.wake(view)
    later = market_view(35, spx_bars=builders.bars([2700.0, 2701.0, 2702.0], builders.at(35)))
    coming = Wakeup(view=later, book=builders.book(), state=HedgeState(memory=Memory()), decision=decided(later))
    for kind, body in day.shelf.drafts(coming)[:-1]:
        day.journal.append(kind, body, at=later.now)
    assert day.entries()[-1].kind is Kind.BARS
    assert one_wakeup(day.journal, None).seq == seq


@pytest.mark.parametrize(("seq", "says"), [(None, "holds no wake-up yet"), (99, "sequence number 99"), (1, "number 1")])
def test_a_wakeup_that_is_not_there_is_wrong_use(tmp_path: Path, seq: int | None, says: str) -> None:
    day = SmallDay(folder=tmp_path)
    day.start()
    if seq is not None:
        day.wake(market_view(30))
    with pytest.raises(UsageProblem, match=says):
        one_wakeup(day.journal, seq)


def test_the_text_is_the_clock_and_what_explain_says(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    view = market_view(30)
    seq = day.wake(view)
    text = one_wakeup(day.journal, seq).as_text()
    assert text == f"wake-up {seq}, Mon 2018-02-05 10:00:00 New York\n{explain(decided(view))}"


def test_the_full_text_lists_what_passed_and_the_short_one_counts_it(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    view = market_view(30)
    fine = replace(LOW_GAUGE, passed=True, why="high enough")
    seq = day.wake(view, decided(view, checks=[fine]))
    told = one_wakeup(day.journal, seq)
    assert told.as_text().splitlines()[-1] == "In order: 1 more check (--all)"
    assert "high enough" not in told.as_text()
    assert told.as_text(everything=True).splitlines()[-2:] == [
        "In order:",
        "  gauge: inflation: high enough (10.0%; at least 30.0%)",
    ]


def test_the_table_has_a_row_for_each_check_in_aligned_columns(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    view = market_view(30)
    day.wake(view, decided(view, checks=[LOW_GAUGE, quiet_check("arm: a much longer name")]))
    head, *rows = one_wakeup(day.journal, None).as_table().splitlines()
    assert len(rows) == 2
    for row, seen, limit in zip(rows, ("10.0% ", "0.1 "), ("at least 30.0% ", "0.3 "), strict=True):
        assert row[head.index("observed") :].startswith(seen)
        assert row[head.index("threshold") :].startswith(limit)
        assert row[head.index("passed") :].startswith("no ")


def test_the_facts_are_plain_json_with_every_check(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    view = market_view(30)
    missing = replace(LOW_GAUGE, name="data: VIX", observed=None)
    day.wake(view, decided(view, buying("b", 2), after=Phase.T1, checks=[missing]))
    facts = one_wakeup(day.journal, None).facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert list(facts) == ["seq", "time", "summary", "phase_before", "phase_after", "proposals", "checks"]
    assert facts["time"] == "2018-02-05T15:00:00+00:00"
    assert (facts["phase_before"], facts["phase_after"]) == ("watch", "tranche-1")
    assert facts["proposals"] == ["the put side is inflated"]
    assert facts["checks"] == [
        {"name": "data: VIX", "observed": None, "threshold": 0.3, "passed": False, "why": "the put side is quiet"}
    ]


# --- the story


def headings(day: SmallDay) -> list[str]:
    return [line for line in story_lines(day.entries()) if line and not line.startswith(" ")]


def test_a_quiet_stretch_is_one_line_until_day_phase_or_obstacle_changes(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    for minutes in (30, 31, 32):
        day.wake(market_view(minutes, vix=20.0 + minutes / 10))
    for minutes in (33, 34):
        view = market_view(minutes)
        day.wake(view, decided(view, checks=[quiet_check("arm: breadth")]))
    view = market_view(35)
    day.wake(view, decided(view, checks=[quiet_check("arm: breadth")], before=Phase.FLAT, after=Phase.COOLDOWN))
    view = market_view(24 * 60 + 35)
    day.wake(view, decided(view, checks=[quiet_check("arm: breadth")], before=Phase.COOLDOWN, after=Phase.COOLDOWN))
    lines = headings(day)
    assert [line.partition(":  ")[0].partition(" wake-up")[0] for line in lines] == [
        "Mon 2018-02-05 10:00 to 10:02  3",
        "Mon 2018-02-05 10:03 to 10:04  2",
        "Mon 2018-02-05 10:05  1",
        "Tue 2018-02-06 10:05  1",
    ]
    first = next(line for line in story_lines(day.entries()) if line.startswith("    "))
    assert first.startswith(
        "    VIX 23.00 to 23.20, VX Mar18 18.00, breadth -0.70, put side +50%, vega -$2,500, hedge 0 minis"
    )


def test_an_unwind_that_waits_is_one_line_whatever_bars_a_purchase(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    names = ("filter: VX confirms", "tranche: no sale yet", "gauge: inflation", "data: VX", "filter: VX confirms")
    for minutes, name in enumerate(names, 30):
        view = market_view(minutes)
        day.wake(view, decided(view, checks=[quiet_check(name)], before=Phase.UNWIND, after=Phase.UNWIND))
    assert [line.partition(":  ")[0].partition(" wake-up")[0] for line in headings(day)] == [
        "Mon 2018-02-05 10:00 to 10:02  3",
        "Mon 2018-02-05 10:03  1",  # data that fail are worth a line of their own
        "Mon 2018-02-05 10:04  1",
    ]


def test_a_moment_is_told_between_the_wakeups_around_it(tmp_path: Path) -> None:
    assert [line.partition("  ")[0] for line in headings(hedged_day(tmp_path))] == [
        "Mon 2018-02-05 10:00",
        "*** Mon 2018-02-05 10:00:00",
        "Mon 2018-02-05 10:01",
        "*** Mon 2018-02-05 10:01:30",
        "Mon 2018-02-05 10:02",
        "*** Mon 2018-02-05 10:03:00",
        "Mon 2018-02-05 10:04",
        "Mon 2018-02-05 10:05",
        "*** Mon 2018-02-05 10:06:00",
        "Mon 2018-02-05 10:07",
    ]


def test_a_moment_leads_to_the_wakeup_that_decided_it(tmp_path: Path) -> None:
    day = hedged_day(tmp_path)
    wakeups = [entry.seq for entry in day.entries() if entry.kind is Kind.WAKEUP]
    named = [int(line.split()[-2]) for line in story_lines(day.entries()) if "Every check: alvh explain" in line]
    assert named == [wakeups[0], wakeups[1], wakeups[2], wakeups[4]]


def test_a_fill_after_the_last_wakeup_is_still_told(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    bought = buying("b", 1)
    day.wake(market_view(30))
    day.send(30, bought)
    day.fill(31, bought, 1, 18.0)
    assert headings(day)[-1] == "*** Mon 2018-02-05 10:01:00  Buy 1 VXM Mar18: the put side is inflated"


def test_a_wakeup_that_acts_is_not_told_with_the_quiet_ones_before_it(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    for minutes in (30, 31):
        day.wake(market_view(minutes))
    view = market_view(32)
    day.wake(view, decided(view, selling("s1", 1)))
    assert [line.partition(" wake-up")[0] for line in headings(day)] == [
        "Mon 2018-02-05 10:00 to 10:01  2",
        "Mon 2018-02-05 10:02  1",
    ]


def test_the_story_of_an_empty_journal_is_empty(tmp_path: Path) -> None:
    assert list(story_lines(SmallDay(folder=tmp_path).entries())) == []


# --- how the bot stands


def test_the_standing_names_phase_hedge_and_working_orders(tmp_path: Path) -> None:
    day = hedged_day(tmp_path)
    day.send(38, selling("s2", 1))
    facts = standing("paper", "DU1234567", day.journal)
    assert (facts["wakeups"], facts["phase"]) == (6, "unwinding")
    assert facts["last_wakeup"].startswith("Mon 2018-02-05 10:07:00 seq ")
    assert facts["decided"] == "No order (unwinding): the rest of the hedge waits for its next stage."
    assert facts["last_entry"].startswith("Mon 2018-02-05 10:08:00 (sent, seq ")
    assert facts["hedge"] == [
        "1 VXM 2018-03-07 at 18.000 (tranche 1, Mon 2018-02-05 10:01:30)",
        "1 VX 2018-03-07 at 18.500 (tranche 2, Mon 2018-02-05 10:03:00)",
    ]
    assert facts["working_orders"] == ["SELL 1 VXM Mar18 sent"]
    assert facts["waiting_tickets"] == []


def test_a_ticket_that_waits_is_shown_with_its_order_deadline_and_the_word_that_answers_it(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path, mode="live")
    day.ticket(30, buying("b1", 2), "a1b2c3")
    day.ticket(31, buying("b2", 3, tranche=2), "d4e5f6")
    assert standing("live", "U1", day.journal)["waiting_tickets"] == [
        "a1b2c3  BUY 2 VXM (tranche): the put side is inflated; "
        "answer before Mon 2018-02-05 10:01:30: alvh approve a1b2c3",
        "d4e5f6  BUY 3 VXM (tranche): the put side is inflated; "
        "answer before Mon 2018-02-05 10:02:30: alvh approve d4e5f6",
    ]


@pytest.mark.parametrize("verdict", ["approved", "denied", "expired"])
def test_an_answered_ticket_waits_no_longer(tmp_path: Path, verdict: str) -> None:
    day = SmallDay(folder=tmp_path, mode="live")
    day.ticket(30, buying("b1", 2), "a1b2c3")
    day.write(Kind.CONSENT, 31, id="a1b2c3", ref="ref-b1", verdict=verdict, who="ann", why="")
    assert standing("live", "U1", day.journal)["waiting_tickets"] == []


def test_locks_kill_switch_and_the_latest_alerts_are_shown(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    for number in range(7):
        day.write(Kind.ALERT, 30 + number, why=f"alert {number}")
    day.write(Kind.LOCK, 40, name="daily", why="the day's loss is at its limit", day="2018-02-05")
    day.write(Kind.LOCK, 40, name="old", why="yesterday's", day="2018-02-02")
    day.write(Kind.KILL, 41, by="ann", why="enough")
    facts = standing("paper", "DU1", day.journal)
    assert facts["opening_locked_by"] == ["kill switch: enough", "the day's loss is at its limit"]
    assert [alert.partition("alert ")[2] for alert in facts["alerts"]] == ["2", "3", "4", "5", "6"]


def test_what_became_of_the_operators_words_is_shown(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    said = {"id": "1", "word": "approve", "subject": "ZZZZZZ", "who": "ann"}
    day.write(Kind.OPERATOR, 30, **said, accepted=False, why="no ticket ZZZZZZ is open")
    day.write(Kind.OPERATOR, 31, id="2", word="rearm", subject="", who="ann", accepted=True, why="")
    words = standing("paper", "DU1", day.journal)["operator_words"]
    assert [word.partition(" ann")[2] for word in words] == [
        ": approve ZZZZZZ - not obeyed (no ticket ZZZZZZ is open)",
        ": rearm - obeyed",
    ]


def test_an_empty_journal_stands_for_nothing(tmp_path: Path) -> None:
    facts = standing("paper", "DU1", SmallDay(folder=tmp_path).journal)
    assert (facts["last_entry"], facts["last_wakeup"], facts["decided"], facts["phase"]) == (None, None, None, "watch")


def test_each_intended_order_has_a_row(tmp_path: Path) -> None:
    day = hedged_day(tmp_path)
    day.send(38, selling("s2", 1), limit="21.50")
    rows = order_rows(day.journal)
    assert [(row["side"], row["filled"], row["average"], row["state"]) for row in rows] == [
        ("BUY", 2, 18.0, "filled"),
        ("BUY", 1, 18.5, "filled"),
        ("SELL", 1, 20.0, "filled"),
        ("SELL", 0, None, "sent"),
    ]
    assert (rows[-1]["limit"], rows[-1]["why"], rows[-1]["ref"]) == ("21.50", "half is back", "ref-s2")
