"""The commands that read a journal or speak to the bot, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_broker import ACCOUNT
from small_day import SmallDay, buying, hedged_day

from bot import cli
from bot.journal import Kind
from bot.supervise.inbox import Inbox, Say

Output = pytest.CaptureFixture[str]


def test_status_lists_a_waiting_ticket_and_approve_takes_its_id(tmp_path: Path, capsys: Output) -> None:
    day = SmallDay(folder=tmp_path, mode="live")
    day.ticket(30, buying("b1", 2), "a1b2c3")
    assert cli.run(["status", "--journal", str(day.path)]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("waiting tickets")]
    assert "a1b2c3  BUY 2 VXM" in line
    assert "answer before Mon 2018-02-05 10:01:30" in line
    assert cli.run(["approve", "a1b2c3", "--journal", str(day.path)]) == 0
    assert "'approve a1b2c3' is in the bot's inbox" in capsys.readouterr().out
    (letter,) = Inbox(tmp_path, "live", ACCOUNT).letters()
    assert letter.word is not None
    assert (letter.word.say, letter.word.subject) == (Say.APPROVE, "a1b2c3")


def test_status_as_json_is_the_same_facts(tmp_path: Path, capsys: Output) -> None:
    day = hedged_day(tmp_path)
    assert cli.run(["status", "--json", "--journal", str(day.path)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["mode"], facts["wakeups"], facts["phase"]) == ("paper", 6, "unwinding")
    assert facts["waiting_tickets"] == []


def test_orders_are_listed_or_said_to_be_none(tmp_path: Path, capsys: Output) -> None:
    assert cli.run(["orders", "--journal", str(SmallDay(folder=tmp_path / "empty").path)]) == 0
    assert capsys.readouterr().out == "no order was intended\n"
    assert cli.run(["orders", "--journal", str(hedged_day(tmp_path).path)]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.endswith("New York")
    assert len(lines) == 3
    assert "BUY    2 VXM Mar18" in lines[0]
    assert lines[0].endswith("the put side is inflated  [ref-b1]")


def test_explain_tells_text_table_json_and_story(tmp_path: Path, capsys: Output) -> None:
    day = hedged_day(tmp_path)
    journal = ["--journal", str(day.path)]
    last = [entry.seq for entry in day.entries() if entry.kind is Kind.WAKEUP][-1]
    assert cli.run(["explain", *journal]) == 0
    assert capsys.readouterr().out.startswith(f"wake-up {last}, Mon 2018-02-05 10:07:00 New York")
    assert cli.run(["explain", *journal, "--all"]) == 0
    assert "(--all)" not in capsys.readouterr().out
    assert cli.run(["explain", str(last), "--table", *journal]) == 0
    assert capsys.readouterr().out.startswith("check ")
    assert cli.run(["explain", str(last), "--json", *journal]) == 0
    assert json.loads(capsys.readouterr().out)["seq"] == last
    assert cli.run(["explain", "--story", *journal]) == 0
    assert "*** Mon 2018-02-05 10:03:00  Buy 1 VX Mar18" in capsys.readouterr().out
    assert cli.run(["explain", "9999", *journal]) == 2
    assert "sequence number 9999" in capsys.readouterr().err


def test_export_writes_canonical_lines_once(tmp_path: Path, capsys: Output) -> None:
    day, out = hedged_day(tmp_path), tmp_path / "lines"
    assert cli.run(["export", str(day.path), str(out)]) == 0
    count = len(day.entries())
    assert capsys.readouterr().out == f"{count} entries written to {out}\ndigest {day.journal.digest()}\n"
    assert len(out.read_text().splitlines()) == count
    assert cli.run(["export", str(day.path), str(out)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_replay_that_differs_or_decides_nothing_leaves_with_one(tmp_path: Path, capsys: Output) -> None:
    assert cli.run(["replay", "--json", str(hedged_day(tmp_path).path)]) == 1  # its decisions were made by hand
    told = json.loads(capsys.readouterr().out)
    assert told["decided"] == 6
    assert told["identical"] + len(told["differences"]) == 6
    empty = SmallDay(folder=tmp_path / "empty")
    assert cli.run(["replay", str(empty.path)]) == 1
    assert capsys.readouterr().out == "0 of 0 decisions came out identical\n"


@pytest.mark.parametrize("speed", ["0", "-1", "100001"])
def test_a_gateway_s_impossible_speed_is_wrong_use(capsys: Output, speed: str) -> None:
    assert cli.run(["gateway", f"--speed={speed}"]) == 2
    assert "--speed is" in capsys.readouterr().err


def test_the_gateway_lists_its_scenarios(capsys: Output) -> None:
    assert cli.run(["gateway", "--list"]) == 0
    assert "spike-2018-02 " in capsys.readouterr().out


def test_run_refuses_the_demo_s_profile(capsys: Output) -> None:
    assert cli.run(["run", "--profile", "demo"]) == 2
    assert "use alvh demo" in capsys.readouterr().err
