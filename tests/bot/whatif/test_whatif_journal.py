"""`alvh whatif --journal` moves the market of a recorded wake-up and leaves its book and history as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.journal import Journal, Kind, Shelf, journal_path
from bot.journal.codec import to_json
from bot.journal.shelf import Wakeup
from bot.whatif.book_file import read_book
from bot.whatif.market import Wake, wake
from bot.whatif.recorded import Recorded, moved
from bot.whatif.told import Given, tell
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import ParityWatch

Output = pytest.CaptureFixture[str]
BOOK = Path(__file__).resolve().parents[3] / "docs" / "examples" / "small.toml"
QUIET = Given(vix=17.5, vx=(18.5,), spx=6690.0, at=time(15, 10), breadth=-0.1, rsi=55.0)
SPIKE = Given(vix=30.0, vx=(25.0,), spx=6450.0, at=time(15, 10), breadth=-0.7, rsi=78.0)
POLICY = Policy()


def quiet() -> Wake:
    file = read_book(BOOK)
    return wake(file, tell(file, QUIET, POLICY), QUIET, POLICY)


def journal(folder: Path) -> Path:
    """Return a journal in which the bot has seen the small book in a quiet market."""
    place = journal_path(folder, "paper", "DU1")
    book, shelf = Journal.open(place, mode="paper", account="DU1"), Shelf()
    book.follow(shelf.apply)
    seen = quiet()
    decision = decide(seen.view, seen.book, seen.state, POLICY)
    book.append(Kind.START, {"mode": "paper", "policy": to_json(POLICY)}, at=seen.view.now)
    record = Wakeup(view=seen.view, book=seen.book, state=seen.state, decision=decision)
    for kind, body in shelf.drafts(record):
        book.append(kind, body, at=seen.view.now)
    book.close()
    return place


def asked(capsys: Output, *arguments: str) -> dict[str, Any]:
    assert cli.run(["whatif", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_an_unmoved_market_is_decided_as_it_was_recorded() -> None:
    seen = quiet()
    again, _ = moved(Recorded(seq=1, wake=seen, policy=POLICY), Given(persisted=False), POLICY)
    then = decide(seen.view, seen.book, seen.state, POLICY).exposure
    now = decide(again.view, again.book, again.state, POLICY).exposure
    assert then is not None
    assert now is not None
    assert now.vega30_usd == pytest.approx(then.vega30_usd, rel=1e-4)
    assert now.inflation == pytest.approx(then.inflation, abs=1e-3)


def test_a_moved_market_is_close_to_the_same_market_told_from_the_start(capsys: Output, tmp_path: Path) -> None:
    """The level and the forward move alike; only the skew, kept in ln(K/F) here, differs a little."""
    flags = ("--vix", "30", "--vx", "25", "--spx", "6450", "--breadth", "-0.7", "--rsi", "78")
    live = asked(capsys, "--journal", str(journal(tmp_path)), *flags)
    file = read_book(BOOK)
    told = wake(file, tell(file, SPIKE, POLICY), SPIKE, POLICY)
    fresh = decide(told.view, told.book, told.state, POLICY)
    assert live["arms"]
    assert live["tranche"] == 1
    seen = {check["name"]: check["observed"] for check in live["checks"]}
    then = {check.name: check.observed for check in fresh.checks}
    assert seen["signal: VX jump"] == pytest.approx(then["signal: VX jump"])
    assert seen["filter: credibility"] == pytest.approx(then["filter: credibility"], abs=0.01)
    assert seen["gauge: inflation"] == pytest.approx(then["gauge: inflation"], rel=0.15)
    assert live["vega_before_usd"] == pytest.approx(fresh.exposure.vega30_usd if fresh.exposure else 0.0, rel=0.30)


def test_what_is_not_given_follows_vix_and_is_said(capsys: Output, tmp_path: Path) -> None:
    found = asked(capsys, "--journal", str(journal(tmp_path)), "--vix", "27.5")
    seen = {check["name"]: check for check in found["checks"]}
    by_hand = 18.5 + 10.0 * 0.80 / (1 + 0.59 * 29 / 30.4)
    assert seen["signal: VX jump"]["observed"] == pytest.approx(by_hand / 18.3 - 1.0, abs=1e-6)
    assert seen["signal: term inversion"]["observed"] > 0.0
    told = "; ".join(found["assumed"])
    for words in ("wake-up", "VIX9D and VIX3M move", "SPX stays at 6,690", "its beta times", "breadth and RSI"):
        assert words in told


def test_a_wake_up_that_is_not_there_is_named(capsys: Output, tmp_path: Path) -> None:
    place = str(journal(tmp_path))
    assert cli.run(["whatif", "--journal", place, "--wakeup", "99"]) == 2
    assert "holds no wake-up with sequence number 99" in capsys.readouterr().err
    assert cli.run(["whatif", "--journal", place, "--vx", "20,21"]) == 2
    assert "with a journal --vx takes one price" in capsys.readouterr().err
    assert cli.run(["whatif", "--journal", place, "--at", "12:00", "--vix-prev", "17"]) == 2
    assert "a journal brings its own at, vix_prev" in capsys.readouterr().err


def test_recorded_options_on_vix_are_left_out_once_vx_has_moved() -> None:
    seen = quiet()
    option = replace(seen.view.chain[0], trading_class="VIX", strike=18.0)
    suspect = replace(seen.state.memory, parity=ParityWatch(suspect_on=seen.view.session.day))
    seen = Wake(view=replace(seen.view, vix_chain=(option,)), book=seen.book, state=replace(seen.state, memory=suspect))
    recorded = Recorded(seq=1, wake=seen, policy=POLICY)
    still, said = moved(recorded, Given(persisted=False), POLICY)
    assert (still.view.vix_chain, still.state.memory.parity) == ((option,), suspect.parity)
    assert not any("options on VIX" in line for line in said)
    away, said = moved(recorded, Given(vx=(25.0,), persisted=False), POLICY)
    assert (away.view.vix_chain, away.state.memory.parity) == ((), ParityWatch())
    assert any("options on VIX" in line for line in said)
