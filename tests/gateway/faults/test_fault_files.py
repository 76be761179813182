"""Faults as data: in Python, in a file, and every way in which a file can be wrong."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bot.gateway.errors import FaultError
from bot.gateway.faults import Fault, check, faults_as_toml, faults_from, read_faults

WRITTEN = """
[[fault]]
kind = "line-lost"
at = "15:50"
lasts_s = 60
data_kept = false

[[fault]]
kind = "frame"
act = "replace"
messages = ["orderStatus"]
where.status = "Submitted"
set = { status = "Cancelled", filled = 1.5 }
"""


def test_a_file_gives_its_faults_in_order(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(WRITTEN)
    lost, frame = read_faults(path)
    assert lost == Fault.of("line-lost", at="15:50", lasts_s=60, data_kept=False)
    assert frame == Fault.of(
        "frame",
        act="replace",
        messages=["orderStatus"],
        where__status="Submitted",
        set__status="Cancelled",
        set__filled=1.5,
    )


def test_what_is_written_is_read_back_the_same() -> None:
    faults = (
        *faults_from(WRITTEN),
        Fault.of("frame", act="drop", lasts_s=math.inf, chance=0.25, messages=["tickPrice", "tickSize"]),
        Fault.of("reject", text='says "no" \\ and\nmore', code=110),
    )
    assert faults_from(faults_as_toml(faults)) == faults


def test_a_fault_round_trips_through_a_plain_dictionary() -> None:
    for fault in faults_from(WRITTEN):
        assert Fault.from_dict(fault.as_dict()) == fault
    assert faults_from(WRITTEN)[1].as_dict()["set"] == {"filled": 1.5, "status": "Cancelled"}


def test_faults_that_say_the_same_are_equal_and_can_be_changed_one_value_at_a_time() -> None:
    fault = Fault.of("line-lost", lasts_s=60.0, at="15:50")
    assert hash(fault) == hash(Fault.of("line-lost", at="15:50", lasts_s=60.0))
    assert fault.but(lasts_s=30.0).without("at") == Fault.of("line-lost", lasts_s=30.0)
    assert str(fault) == "line-lost at='15:50' lasts_s=60.0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[fault]\n", "is no TOML: .*; mend it"),
        ("[fault]\nkind = 'line-lost'\n", r"\[fault\] is one table; write \[\[fault\]\]"),
        ("[[faults]]\n", r"unknown key 'faults'; expected \[\[fault\]\] tables only"),
        ("fault = [3]\n", r"fault 1 is 3; expected a \[\[fault\]\] table"),
        ("[[fault]]\nat = '15:50'\n", 'fault 1 has no kind; add kind = "..."'),
        ("[[fault]]\nkind = 'line-loss'\n", "number 1, fault kind 'line-loss' is not known; expected one of"),
        ("[[fault]]\nkind = 'line-lost'\nlasts = 5\n", "number 1, fault line-lost: 'lasts' is not known; expected"),
        ("[[fault]]\nkind = 'line-lost'\nlasts_s = -5\n", "lasts_s is -5; expected a number from 0"),
        ("[[fault]]\nkind = 'line-lost'\nlasts_s = '5'\n", "lasts_s is '5'; expected a number from 0"),
        ("[[fault]]\nkind = 'line-lost'\ndata_kept = 1\n", "data_kept is 1; expected true or false"),
        ("[[fault]]\nkind = 'line-lost'\nat = 'noon'\n", "at is 'noon'; expected HH:MM"),
        ("[[fault]]\nkind = 'line-lost'\nat = '2018-02-05T20:50:00'\n", "expected HH:MM .* an instant with its offset"),
        ("[[fault]]\nkind = 'frame'\nact = 'drop'\nwhere.x = [1]\n", "where.x is .*; expected text, a number"),
    ],
)
def test_a_file_that_is_wrong_is_one_line_that_says_how(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(FaultError, match=words) as told:
        read_faults(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_or_no_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match=r"cannot be read .No such file"):
        read_faults(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FaultError, match="is no text in UTF-8"):
        read_faults(tmp_path / "bytes.toml")


def test_a_fault_may_be_checked_by_itself() -> None:
    assert check(Fault.of("hang-up")) == Fault("hang-up")
    with pytest.raises(FaultError, match="how is 'hard'; expected one of reset, close"):
        check(Fault.of("hang-up", how="hard"))
