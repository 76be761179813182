"""The live view: a panel on a terminal of eighty columns, plain lines elsewhere."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from small_day import SmallDay, hedged_day, market_view

from bot.report.live import SPARKS, LiveView, number, one_line, sparkline
from bot.report.story import Teller


def watched(day: SmallDay, *, terminal: bool, title: str = "by hand", kind: str = "xterm") -> str:
    """Feed the journal to a live view entry by entry and return everything it wrote."""
    page = io.StringIO()
    console = Console(
        file=page, width=80, record=True, force_terminal=terminal, color_system=None, _environ={"TERM": kind}
    )
    teller = Teller()
    with LiveView(console, mode="paper", title=title) as view:
        for entry in day.entries():
            teller.apply(entry)
            view.update(teller)
    return page.getvalue()


def test_a_terminal_that_cannot_redraw_gets_plain_lines(tmp_path: Path) -> None:
    day = hedged_day(tmp_path)
    assert watched(day, terminal=True, kind="dumb") == watched(day, terminal=False)


def test_without_a_terminal_there_are_moments_and_a_line_each_half_hour(tmp_path: Path) -> None:
    lines = watched(hedged_day(tmp_path), terminal=False).splitlines()
    assert "Mon 05 Feb 10:00  Armed: the put side is up by half" in lines
    assert "Mon 05 Feb 10:01  Buy 2 VXM Mar18: the put side is inflated" in lines
    (figures,) = [line for line in lines if "VIX" in line]
    assert figures.startswith(
        "Mon 05 Feb 10:00  VIX 20.00  VX Mar18 18.00  breadth -0.70  vega -$2,500 (baseline -$2,600"
    )
    assert len(lines) == 5  # four moments, one half hour
    assert "\x1b" not in "".join(lines)


def test_on_a_terminal_the_panel_shows_the_figures_in_eighty_columns(tmp_path: Path) -> None:
    text = watched(hedged_day(tmp_path), terminal=True)
    last = text.rpartition("╭")[2]
    for words in ("PAPER  by hand", "VIX  23.00", "VX  19.10", "breadth  -0.70", "phase  unwinding"):
        assert words in last
    for words in ("hedge  11 minis", "$1,100/pt", "P&L book  -$2,000", "P&L hedge  $894", "inflation  +50%"):
        assert words in last
    drawn = [line for line in text.replace("\r", "\n").splitlines() if "│" in line]
    assert drawn
    assert all(len(line) <= 80 for line in drawn)


def test_a_title_with_brackets_does_not_break_the_panel(tmp_path: Path) -> None:
    assert "[/x]" in watched(hedged_day(tmp_path), terminal=True, title="[/x]")


def test_nothing_is_printed_twice_when_there_is_nothing_new(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.wake(market_view(30))
    page = io.StringIO()
    teller = day.teller()
    with LiveView(Console(file=page, width=80), mode="paper", title="t") as view:
        view.update(teller)
        view.update(teller)
    assert len(page.getvalue().splitlines()) == 1


def test_missing_figures_are_dashes(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.wake(market_view(30, futures=()))
    assert "VX -  breadth" in one_line(day.teller().points[0])
    assert (number(None), number(1.0), number(1.0, sign=True)) == ("-", "1.00", "+1.00")


@pytest.mark.parametrize(
    ("values", "width", "bars"),
    [
        ([1.0, 2.0, 8.0], 10, "▁▂█"),
        ([5.0, 5.0], 10, "▁▁"),
        ([1.0, None, 8.0], 10, "▁ █"),
        ([None, None], 10, ""),
        ([], 10, ""),
        ([1.0], 0, ""),
        ([0.0, 0.0, 0.0, 7.0], 2, "▁█"),  # every second value, and the newest is one of them
    ],
)
def test_a_sparkline_s_bars_go_from_the_lowest_to_the_highest(
    values: list[float | None], width: int, bars: str
) -> None:
    assert sparkline(values, width) == bars


@given(st.lists(st.floats(min_value=5, max_value=90), min_size=1, max_size=300), st.integers(1, 100))
def test_a_sparkline_fits_its_width_and_ends_with_the_newest(values: list[float], width: int) -> None:
    line = sparkline([*values, 100.0], width)
    assert len(line) <= width
    assert line[-1] == SPARKS[-1]
