"""The object and the words that sum a run up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console
from small_day import SmallDay, buying, decided, hedged_day, market_view

from bot.journal import Kind
from bot.report.result import dollars
from bot.report.summary import summary
from strategies.alvh.records import Phase


def test_the_json_of_a_run_says_every_figure_once(tmp_path: Path) -> None:
    facts = hedged_day(tmp_path).result().as_json()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert (facts["wakeups"], facts["explained"], facts["orders_sent"]) == (6, 6, 3)
    assert (facts["max_hedge_contracts"], facts["hedge_contracts_at_close"]) == (12, 11)
    assert (facts["hedge_pnl_usd"], facts["hedge_fees_usd"], facts["book_pnl_usd"]) == (893.82, 6.18, -2000.0)
    assert facts["refusals"] == {}
    assert facts["tranches"][1] == {
        "time": "2018-02-05T15:03:00+00:00",
        "contract": "VX Mar18",
        "quantity": 1,
        "price": 18.5,
        "tranche": 2,
        "vega_before_usd_per_point": -2300.0,
        "vega_after_usd_per_point": -1300.0,
        "reason": "the put side is inflated",
    }
    assert [sale["stage"] for sale in facts["unwinds"]] == ["stage 1"]


def test_a_wakeup_that_could_not_look_counts_and_is_explained(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.wake(market_view(30))
    day.write(Kind.MISSED, 31, job="wake", why="could not look")
    result = day.result()
    assert (result.wakeups, result.explained) == (2, 2)


def test_the_cards_add_book_and_hedge(tmp_path: Path) -> None:
    cards = {card["label"]: card for card in hedged_day(tmp_path).result().cards()}
    assert cards["VIX, first and last"]["value"] == "20.00 → 23.00"
    assert cards["VIX, first and last"]["note"] == "high 25.00"
    assert cards["Book alone"]["value"] == "-$2,000"
    assert cards["Hedge"] == {"label": "Hedge", "value": "$894", "note": "fees $6"}
    assert cards["Book with hedge"]["value"] == "-$1,106"
    assert cards["Largest hedge"]["value"] == "12 minis"
    assert cards["Orders sent"] == {"label": "Orders sent", "value": "3", "note": "3 filled"}


def test_an_empty_journal_is_summed_up_without_inventing_figures(tmp_path: Path) -> None:
    result = SmallDay(folder=tmp_path).result()
    cards = {card["label"]: card["value"] for card in result.cards()}
    assert result.period() == "no wake-up"
    assert (cards["VIX, first and last"], cards["Book alone"], cards["Book with hedge"]) == ("-", "-", "-")
    assert result.as_json()["book_pnl_usd"] is None


def test_the_period_is_told_in_new_york_time(tmp_path: Path) -> None:
    assert hedged_day(tmp_path).result().period() == "Mon 05 Feb 2018 10:00 to Mon 05 Feb 2018 10:07"


def test_what_most_often_stood_in_the_way_is_said_when_nothing_was_traded(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    for minutes in range(30, 33):
        day.wake(market_view(minutes))
    result = day.result()
    assert result.why_none() == "Most often (3 times in 3 wake-ups): the put side is quiet."
    assert result.opening().startswith("Nothing was traded in 3 wake-ups. Most often")


@pytest.mark.parametrize(
    ("amount", "words"),
    [(None, "-"), (0.0, "$0"), (-0.4, "$0"), (-0.6, "-$1"), (1234.4, "$1,234"), (-1234567.0, "-$1,234,567")],
)
def test_dollars_are_whole_and_never_minus_nothing(amount: float | None, words: str) -> None:
    assert dollars(amount) == words


def printed(day: SmallDay, **changes: str) -> str:
    console = Console(record=True, width=80, soft_wrap=True, force_terminal=False, quiet=False, file=None)
    with console.capture() as captured:
        summary(day.result(**changes), console, program="alvh")
    return captured.get()


def test_the_printed_summary_names_each_order_its_reason_and_the_money(tmp_path: Path) -> None:
    text = printed(hedged_day(tmp_path))
    assert "Mon 05 Feb 10:01:30  BUY  2 VXM Mar18 at 18.000  vega -$2,500 to -$2,300/pt" in text
    assert "    tranche 2: the put side is inflated" in text
    assert "    stage 1: half is back" in text
    assert "Book with hedge" in text and "-$1,106" in text
    assert "explain  alvh explain --story --journal " in text
    orders = [line for line in text.splitlines() if " at 1" in line or " at 2" in line]
    assert len(orders) == 3
    assert all(len(line) <= 80 for line in orders)


def test_a_title_or_reason_with_brackets_is_printed_as_it_is(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    view = market_view(30)
    day.wake(view, decided(view, after=Phase.WATCH))
    day.write(Kind.REFUSAL, 30, by="guard", why="limit [/red] of [bold]", checks=[])
    day.write(Kind.REFUSAL, 30, by="guard", why="limit [/red] of [bold]", checks=[])
    text = printed(day, title="A [/x] day", scenario="[bold]")
    assert "A [/x] day" in text
    assert "scenario [bold]" in text
    assert "No order. Most often (2 times in 1 wake-ups): limit [/red] of [bold]." in text


def test_an_order_without_a_tranche_or_stage_is_named_after_its_rule(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    bought = buying("b", 1, tranche=None)
    day.send(30, bought)
    day.fill(30, bought, 1, 18.0)
    assert "    tranche: the put side is inflated" in printed(day)
