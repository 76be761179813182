"""What the shipped days tell: why nothing happened, why something did, and that every order was in order."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from told_day import STAGED, Player, Told, check_of

from bot.cli import run
from bot.gateway.market import load_market
from bot.journal import Kind, Projection
from strategies.alvh.policy import Policy
from strategies.alvh.records import Phase, Purpose, Side, Window

FALSE_SPIKE = "false-spike-2024-08"

TYPES: dict[str, type | tuple[type, ...]] = {
    "mode": str,
    "scenario": str,
    "seed": int,
    "wakeups": int,
    "explained": int,
    "orders_sent": int,
    "tranches": list,
    "unwinds": list,
    "refusals": dict,
    "max_hedge_contracts": int,
    "hedge_contracts_at_close": int,
    "hedge_pnl_usd": (int, float),
    "book_pnl_usd": (int, float),
    "journal": str,
    "journal_digest": str,
    "report": str,
}
TRANCHE: dict[str, type | tuple[type, ...]] = {
    "time": str,
    "contract": str,
    "quantity": int,
    "price": (int, float),
    "vega_before_usd_per_point": (int, float),
    "vega_after_usd_per_point": (int, float),
    "reason": str,
}
UNWIND: dict[str, type | tuple[type, ...]] = {
    "time": str,
    "contract": str,
    "quantity": int,
    "price": (int, float),
    "stage": (str, int),
    "reason": str,
}


@pytest.fixture(scope="module")
def calm(play: Player) -> Told:
    return play("calm")


@pytest.fixture(scope="module")
def false_spike(play: Player) -> Told:
    """Up to the end of the opening window of 5 August."""
    return play(FALSE_SPIKE, until=datetime(2024, 8, 5, 15, 5, tzinfo=UTC))


def test_on_a_calm_day_nothing_happens_and_every_wake_up_says_why(calm: Told) -> None:
    assert calm.json["orders_sent"] == 0
    assert calm.json["tranches"] == calm.json["unwinds"] == []
    assert calm.json["wakeups"] == calm.json["explained"] == len(calm.wakeups) >= 390
    assert {w.decision.phase_after for w in calm.wakeups} == {Phase.WATCH}
    assert all(len(w.decision.checks) > 10 for w in calm.wakeups)
    assert [e for e in calm.entries if e.kind in (Kind.INTENT, Kind.ALERT, Kind.MISSED)] == []


def test_while_vx_does_not_believe_vix_nothing_opens_and_that_is_the_reason(false_spike: Told) -> None:
    """The gap is measured here from what the bot saw: VIX above VX by more than both limits of the filter."""
    gaps = [w for w in false_spike.wakeups if (c := check_of(w, "filter: credibility")) is not None and not c.passed]
    monday = [w for w in gaps if w.view.now.date().isoformat() == "2024-08-05"]
    assert len(monday) >= 10, "the gap stands at the open of 5 August"
    limits = Policy().filter
    for w in gaps:
        vix, front = w.view.vix.last, min(w.view.futures, key=lambda future: future.dte)
        assert vix is not None
        assert front.quote.mid is not None
        check = check_of(w, "filter: credibility")
        assert check is not None
        assert check.observed > max(limits.vix_gap_points, limits.vix_gap_share * vix) - 1e-9  # type: ignore[operator]
        assert not [p for p in w.decision.proposals if p.side is Side.BUY]
        if w.decision.phase_after is Phase.WATCH and not w.decision.proposals:
            assert "VX does not believe it" in w.decision.summary
    assert false_spike.json["refusals"]["filter: credibility"] == len(gaps)
    bought = [e.at for e in false_spike.entries if e.kind is Kind.INTENT and e.body["proposal"]["side"] == Side.BUY]
    assert not {w.view.now for w in gaps} & set(bought)


def test_tranches_and_a_staged_unwind_are_seen_in_a_shipped_day(staged: Told) -> None:
    assert staged.json["tranches"]
    assert any(str(row["stage"]).startswith("stage ") for row in staged.json["unwinds"]), staged.json["unwinds"]


def test_the_demo_prints_one_object_with_what_a_script_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["demo", "--scenario", "half-day", "--json", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)  # fails on anything before or after the object
    assert err == ""
    check_types(found, TYPES)
    assert found["mode"] == "demo"
    assert Path(found["journal"]).is_file()
    assert Path(found["report"]).is_file()
    assert len(found["journal_digest"]) == 64
    assert all(isinstance(count, int) for count in found["refusals"].values())


def test_tranches_and_unwinds_carry_what_a_script_needs(staged: Told) -> None:
    found = json.loads(json.dumps(staged.json))
    check_types(found, TYPES)
    for row in found["tranches"]:
        check_types(row, TRANCHE)
    for row in found["unwinds"]:
        check_types(row, UNWIND)
    assert found["orders_sent"] >= len(found["tranches"]) + len(found["unwinds"]) > 0


def check_types(found: dict[str, Any], wanted: dict[str, type | tuple[type, ...]]) -> None:
    assert set(wanted) <= set(found)
    for name, kind in wanted.items():
        assert isinstance(found[name], kind), (name, found[name])
        assert not isinstance(found[name], bool), name


def test_every_order_says_whose_it_is_and_how_long_it_stands(staged: Told) -> None:
    intents = [entry.body for entry in staged.entries if entry.kind is Kind.INTENT]
    assert intents
    account = load_market(STAGED).opening_account().account
    for body in intents:
        assert body["ticket"]["account"] == account
        assert body["ticket"]["ref"] == body["ref"]
    assert max(Counter(body["ref"] for body in intents).values()) == 1
    sent = [entry.body["ref"] for entry in staged.entries if entry.kind is Kind.SENT]
    assert sent == [body["ref"] for body in intents]


def test_at_every_entry_the_hedge_is_the_sum_of_its_executions_and_within_the_cap(staged: Told) -> None:
    """Count the fills here, without the projection that the bot uses, and compare at each wake-up."""
    cap = Policy().caps.max_position_minis
    fills: dict[str, tuple[str, int]] = {}
    sides: dict[str, int] = {}
    projection, looked = Projection(), 0
    for entry in staged.entries:
        projection.apply(entry)
        if entry.kind is Kind.INTENT:
            sign = 1 if entry.body["proposal"]["side"] == Side.BUY else -1
            sides[entry.body["ref"]] = sign * entry.body["proposal"]["multiplier"] // 100
        elif entry.kind is Kind.FILL:
            fills[entry.body["exec_id"]] = (entry.body["ref"], entry.body["quantity"])
        minis = sum(quantity * sides[ref] for ref, quantity in fills.values())
        assert 0 <= minis <= cap, entry.seq
        if entry.kind is Kind.WAKEUP:
            looked += 1
            assert sum(lot.quantity * lot.multiplier // 100 for lot in projection.lots()) == minis
            held = entry.body["book"]["futures"]
            assert sum(row["quantity"] * row["multiplier"] // 100 for row in held) == minis, entry.at
    assert looked == len(staged.wakeups)
    assert fills


def test_purchases_leave_inside_the_windows_only(staged: Told) -> None:
    windows = {w.view.now: w.view.session.window for w in staged.wakeups}
    opening = [e for e in staged.entries if e.kind is Kind.INTENT and e.body["proposal"]["purpose"] == Purpose.TRANCHE]
    assert opening
    assert all(windows[entry.at] in (Window.OPENING, Window.CLOSING) for entry in opening)
