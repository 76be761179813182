"""The command line: exit codes, one clear line for each error, no traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from small_day import hedged_day

from bot import cli
from bot.errors import AlvhError, Halt, Refuse, Unreachable, UsageProblem


def with_command(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def register(app: typer.Typer) -> None:
        @app.command("fail")
        def fail() -> None:
            raise error

        @app.command("other")
        def other() -> None:
            raise typer.Exit(3)

    monkeypatch.setitem(sys.modules, "bot.commands.failing", SimpleNamespace(register=register))  # type: ignore[arg-type]
    monkeypatch.setattr(cli, "COMMANDS", ("failing",))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageProblem("a"), 2), (Refuse("b"), 3), (Unreachable("c"), 4), (Halt("d"), 1), (AlvhError("e"), 1),
        (KeyError("f"), 1), (RuntimeError("two\nlines"), 1),
    ],
)  # fmt: skip
def test_each_error_has_its_exit_code_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    with_command(monkeypatch, error)
    assert cli.run(["fail"]) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("alvh: ")
    assert len(output.err.splitlines()) == 1
    assert ("ALVH_TRACEBACK=1" in output.err) == (not isinstance(error, AlvhError))


def test_the_traceback_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    with_command(monkeypatch, KeyError("f"))
    monkeypatch.setenv("ALVH_TRACEBACK", "1")
    with pytest.raises(KeyError):
        cli.run(["fail"])


def test_a_command_may_choose_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    with_command(monkeypatch, KeyError("f"))
    assert cli.run(["other"]) == 3


def test_wrong_use_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["calender"]) == 2
    assert cli.run(["calendar", "2026-01-01"]) == 2
    assert cli.run(["calendar", "--nope"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (("2026-02-30", "2026-03-01"), "'2026-02-30' is no day of the calendar"),
        (("2026-03-02", "2026-03-01"), "must not come after"),
        (("1999-01-01", "1999-01-05"), "knows 2000-01-01 to 2035-12-31"),
        (("2001-01-01", "2020-01-05"), "ask for fewer"),
    ],
)
def test_bad_dates_are_wrong_use(capsys: pytest.CaptureFixture[str], days: tuple[str, str], says: str) -> None:
    assert cli.run(["calendar", *days]) == 2
    assert says in capsys.readouterr().err


def test_the_calendar_prints_what_a_trader_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["calendar", "2024-11-28", "2024-11-29", "--json"]) == 0
    thanksgiving, friday = json.loads(capsys.readouterr().out)["days"]
    assert thanksgiving["session"] is False
    assert friday["early_close"] is True
    assert (friday["opens"], friday["closes"], friday["vx_closes"]) == ("09:30", "13:00", "13:15")
    assert (friday["opening_window"], friday["closing_window"]) == ("09:30-11:00", "12:00-13:00")
    assert (friday["vx_contract"], friday["vx_days"]) == ("2024-12-18", 19)


def test_the_calendar_s_table_is_aligned_and_names_settlement_and_events(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["calendar", "2024-09-16", "2024-09-20"]) == 0
    head, *lines = (line for line in capsys.readouterr().out.splitlines() if not line.startswith("note"))
    assert all(line.index("09:30-16:00") == head.index("session") for line in lines)
    (settling,) = [line for line in lines if "VX settles" in line]
    assert settling.startswith("2024-09-18")
    assert "FOMC 14:00" in settling


def test_the_calendar_says_where_schedules_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["calendar", "2027-01-04", "2027-01-05"]) == 0
    assert "note: CPI: dates are known from" in capsys.readouterr().out


def test_config_check_says_all_and_leaves_with_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ALVH_CONFIG", raising=False)
    mine = tmp_path / "my.toml"
    mine.write_text("[connection]\nprot = 1\n[guard]\ncollar_ticks = 99\n")
    assert cli.run(["config", "check", "--config", str(mine)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert cli.run(["config", "check", "--config", str(mine), "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert [problem["key"] for problem in report["problems"]] == ["connection.prot", "guard.collar_ticks"]


def test_config_init_writes_a_valid_file_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = str(tmp_path / "my.toml")
    assert cli.run(["config", "init", mine]) == 0
    assert cli.run(["config", "check", "--config", mine]) == 0
    assert cli.run(["config", "init", mine]) == 2
    assert "left as it is" in capsys.readouterr().err


def test_config_show_names_the_source_of_each_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["config", "show", "--profile", "demo", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["mode"]["value"] == "demo"
    assert shown["mode"]["source"].endswith("demo.toml")
    assert shown["policy.sizing.coverage"] == {"value": 0.6, "source": "default"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["drill", "--crash", "--random", "1"], "--crash and --random are different things: ask for one at a time"),
        (["drill", "frozen-ticks", "--day", "3"], "names and --day are different things"),
        (["drill", "--sample", "3"], "--sample goes with --crash"),
        (["drill", "frozen-tick"], "did you mean frozen-ticks?): `alvh drill` lists all"),
        (["explain", "--story", "3"], "--story tells the whole journal: leave the number out"),
        (["calendar", "tomorrow", "today"], "write it as 2026-11-23, or today"),
    ],
)
def test_words_that_do_not_go_together_are_refused_with_what_to_say(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if words[0] == "explain":
        hedged_day(tmp_path).journal.close()
        words = [*words, "--journal", str(next(tmp_path.glob("*.sqlite3")))]
    assert cli.run(words) == 2
    assert says in capsys.readouterr().err


def test_today_is_a_day_of_the_calendar(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["calendar", "today", "TODAY"]) == 0
    assert capsys.readouterr().err == ""


def test_an_impatient_ctrl_c_while_the_program_is_read_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)
    assert cli.run(["status"]) == 130
    assert capsys.readouterr().err == "alvh: stopped by the operator\n"
