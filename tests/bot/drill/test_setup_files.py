"""A drill is flat data: what is written is read back the same, and what does not fit is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.drill.setup import Crash, Does, Hand, Setup, as_toml, read_setup
from bot.errors import UsageProblem
from bot.gateway.faults.records import Fault

FULL = Setup(
    scenario="calm",
    seed=3,
    mode="live",
    begin="09:20",
    until="+5400",
    answer_s=-1.0,
    policy={"sizing": {"coverage_max": 0.7}},
    faults=(Fault.of("line-lost", at="09:45", lasts_s=60.0), Fault.of("silent-cancel", nth=2)),
    crashes=(Crash(entry="fill", nth=2), Crash(at="10:00", down_s=5.0)),
    hands=(Hand(at="10:05", does=Does.TRADE, quantity=-2),),
)


@pytest.mark.parametrize("setup", [FULL, Setup(scenario="spike-2018-02")])
def test_a_drill_that_is_written_is_read_back_the_same(tmp_path: Path, setup: Setup) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(as_toml(setup), encoding="utf-8")
    assert read_setup(path) == setup


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("scenario = 7", "scenario is 7; expected a text"),
        ("scenari = 'calm'", "unknown key 'scenari'; expected one of scenario"),
        ("", "it is empty; expected at least scenario"),
        ("lines = 3", "the drill: scenario is missing"),
        ("scenario = 'calm'\n[[faults]]\nkind = 'frozen'", "unknown key 'faults'; write [[fault]] for each of them"),
        ("scenario = 'calm'\n[[fault]]\nkind = 'frozn'", "fault kind 'frozn' is not known"),
        ("scenario = 'calm'\n[[hand]]\ndoes = 'kill'", "hand: at is missing"),
        ("scenario = 'calm'\nanswer_s = 'soon'", "answer_s is 'soon'; expected a number"),
        ("scenario = 'calm'\n[[hand]]\nat = '10:00'\ndoes = 'dance'", "does is 'dance'; expected one of kill"),
        ("scenario = 'calm'\n[[crash]]\nentry = 'fil'", "entry is 'fil'; expected one of start"),
        ("scenario = 'calm'\ncrash = 3", "crash is no list of tables"),
        ("scenario = ", "is not TOML"),
    ],
)
def test_a_drill_that_does_not_fit_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageProblem) as refused:
        read_setup(path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_a_named_drill_says_besides_does_not_stop_it_from_being_played(tmp_path: Path) -> None:
    path = tmp_path / "drill.toml"
    path.write_text("scenario = 'calm'\n[drill]\nrow = '2'\n[expect]\nminis = 9\n", encoding="utf-8")
    assert read_setup(path) == Setup(scenario="calm")


def test_a_drill_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="cannot be read"):
        read_setup(tmp_path / "none.toml")
