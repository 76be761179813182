from __future__ import annotations

from dataclasses import replace

import pytest
from builders import book, exposure, memory, spike_view, state

from strategies.alvh.explain import explain, summarise
from strategies.alvh.judge import judge
from strategies.alvh.kept import CAP, kept
from strategies.alvh.policy import Policy
from strategies.alvh.records import Check, Purpose
from strategies.alvh.vix_call import sell_call
from strategies.alvh.wording import label, line, show
from tests.strategies.alvh.call_market import account, call_lot, reading, view


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.5, "-0.5"), (-1000.0, "-1,000"), (999.0, "999"), (-0.00001, "-0.000010"), (0.0001, "0.0001")],
)
def test_numbers_below_zero_are_written_like_those_above(value: float, text: str) -> None:
    assert show(value) == text


def refusal(name: str) -> Check:
    return Check(name=name, observed=1.0, threshold=2.0, passed=False, why=f"because of {name}")


@pytest.mark.parametrize(
    ("name", "minis", "title"),
    [
        ("hold: excess", 3.0, "Against holding:"),
        ("event: calendar", 0.0, "Against VIX calls:"),
        ("core: short", 0.0, "Against VIX calls:"),
        ("data: VX", 0.0, "Against opening:"),
    ],
)
def test_a_refusal_stands_under_what_it_speaks_against(name: str, minis: float, title: str) -> None:
    quiet = judge(spike_view(10, vx=16.0), book(), state(), Policy(), memory=memory(), exposure=exposure(inflation=0.0))
    held = Check(name=CAP, observed=minis, threshold=30.0, passed=True, why="within the cap")
    text = explain(replace(quiet, proposals=(), checks=(held, refusal(name)))).splitlines()
    assert f"because of {name}" in text[text.index(title) + 1]


def test_a_histogram_that_is_nothing_has_no_sign() -> None:
    check = Check(name="signal: VX MACD", observed=-0.0001, threshold=0.0, passed=False, why="flat")
    assert line(check) == "signal: VX MACD: flat (0; above 0)"


def test_a_crossed_stop_is_not_named_as_if_vx_stood_over_it() -> None:
    stands = Check(name="hold: loss-stop", observed=1.0, threshold=0.0, passed=True, why="far")
    assert label(stands) == "hold: over the loss stop"
    assert label(replace(stands, passed=False)) == "hold: loss stop crossed"


def test_the_sale_of_one_call_names_it() -> None:
    mine = call_lot(1)
    found = reading(view(), of=account(mine), knows=state(calls=(mine,)))
    order = sell_call(found, mine, 1, Purpose.EVENT_EXIT, "the spike is over")
    decision = judge(spike_view(10), book(), state(), Policy(), memory=memory(), exposure=exposure())
    assert summarise(replace(decision, proposals=(order,))) == (
        "Sell 1 VIX 07Mar18 23 call (event-exit): the spike is over."
    )


def test_an_exit_that_binds_is_not_among_those_that_keep_the_hedge() -> None:
    quiet = judge(spike_view(10, vx=16.0), book(), state(), Policy(), memory=memory(), exposure=exposure())
    stands = replace(refusal("hold: loss-stop"), passed=True, why="VX is above the stop")
    other = replace(refusal("hold: hard-cap"), passed=True, why="within the cap")
    assert kept(replace(quiet, checks=(stands, other))) == "VX is above the stop"
    assert kept(replace(quiet, checks=(replace(stands, passed=False), other))) == ""
