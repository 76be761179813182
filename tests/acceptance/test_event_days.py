"""Two modelled days of releases: calls are bought inside their budgets, leave with the spike, and never stand alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from told_day import Player, Told, check_of

from bot.demo import described
from bot.journal import Kind
from bot.journal.calls import fold_calls
from bot.journal.codec import from_json
from bot.journal.projections import Projection
from config import layers
from config.policy_keys import as_policy
from strategies.alvh.condors import recognise
from strategies.alvh.policy import CoreMode, CorePolicy, Policy
from strategies.alvh.records import OptionLeg, Proposal, Purpose, Side, Window

STATEMENT = datetime(2023, 7, 26, 18, 0, tzinfo=UTC)
REPORT = datetime(2025, 10, 24, 12, 30, tzinfo=UTC)


def policy_of(scenario: str) -> Policy:
    """Return the settings as `alvh demo` takes them from the scenario."""
    loaded = layers.load("demo", None, {}, scenario=described(scenario).policy)
    return as_policy(loaded.settings.policy)


@pytest.fixture(scope="module")
def fomc(play: Player) -> Told:
    return play("fomc-day", policy=policy_of("fomc-day"))


@pytest.fixture(scope="module")
def cpi(play: Player) -> Told:
    return play("cpi-surprise", policy=policy_of("cpi-surprise"), surprises_file=described("cpi-surprise").surprises)


@pytest.fixture(params=["fomc", "cpi"])
def day(request: pytest.FixtureRequest) -> Told:
    found: Told = request.getfixturevalue(request.param)
    return found


def folded(day: Told) -> Projection:
    projection = Projection()
    for entry in day.entries:
        projection.apply(entry)
    return projection


def test_the_scenario_switches_the_feature_on_and_the_default_is_off() -> None:
    assert not Policy().events.enabled
    assert policy_of("fomc-day").events.enabled and policy_of("cpi-surprise").events.enabled


def test_calls_are_bought_after_the_statement_between_the_windows(fomc: Told) -> None:
    bought = [w for w in fomc.wakeups for p in w.decision.proposals if p.purpose is Purpose.EVENT_CALLS]
    assert bought
    assert all(5 <= (w.view.now - STATEMENT).total_seconds() / 60 <= 90 for w in bought)
    assert any(w.view.session.window is Window.GUARDIAN for w in bought)
    tranches = [w for w in fomc.wakeups for p in w.decision.proposals if p.purpose is Purpose.TRANCHE]
    assert tranches and all(w.view.session.window is not Window.GUARDIAN for w in tranches)


def test_calls_are_bought_in_the_opening_window_after_a_report_and_the_surprise_is_recorded(cpi: Told) -> None:
    bought = [w for w in cpi.wakeups for p in w.decision.proposals if p.purpose is Purpose.EVENT_CALLS]
    assert bought and all(w.view.session.window is Window.OPENING for w in bought)
    said = next(check.why for check in bought[0].decision.checks if check.name == "event: release")
    assert "CPI at 08:30 New York, surprise 0.3" in said
    calendar = bought[0].view.calendar
    assert calendar is not None and [event.at for event in calendar.events] == [REPORT]


def test_every_purchase_stays_inside_the_event_s_budget_at_the_price_it_was_sent_with(day: Told) -> None:
    intents = [entry for entry in day.entries if entry.kind is Kind.INTENT]
    calls = [entry for entry in intents if entry.body["proposal"].get("call")]
    assert calls
    for entry in calls:
        proposal = from_json(Proposal, entry.body["proposal"])
        if proposal.side is Side.SELL:
            continue
        before = next(w for w in reversed(day.wakeups) if w.view.now <= entry.at)
        worth = before.book.account.net_liquidation
        parts = recognise(before.book.legs, before.view.now).parts
        credit = -sum(part.quantity * 100 * (part.leg.avg_price or 0.0) for part in parts)
        assert worth is not None and credit > 0
        premium = float(entry.body["ticket"]["limit"]) * proposal.quantity * 100
        assert premium <= min(0.0025 * worth, 0.10 * credit) + 0.01
        ask, bid = entry.body["quote"]["ask"], entry.body["quote"]["bid"]
        assert float(entry.body["ticket"]["limit"]) <= ask
        assert (ask - bid) / (0.5 * (ask + bid)) <= 0.15 + 1e-9


def test_one_release_is_bought_for_once_and_everything_bought_is_sold_again(day: Told) -> None:
    projection = folded(day)
    orders = [order for order in projection.orders.values() if order.proposal.call is not None]
    filled = [order for order in orders if order.ticket.side is Side.BUY and order.filled]
    assert len({order.proposal.call.layer for order in filled if order.proposal.call}) == 1
    assert sum(order.filled for order in filled) <= 10
    sold = sum(order.filled for order in orders if order.ticket.side is Side.SELL)
    assert sold == sum(order.filled for order in filled) > 0
    assert fold_calls(projection.executions()) == ()


def test_calls_leave_at_the_second_stage_of_the_unwind_or_earlier(day: Told) -> None:
    exits = [p for w in day.wakeups for p in w.decision.proposals if p.purpose is Purpose.EVENT_EXIT]
    assert exits
    assert {p.reason for p in exits} <= {
        "unwind stage 2 has fired",
        "unwind stage 3 has fired",
        "the spike they were bought for is over",
    }


def test_nothing_is_held_without_condors_nor_beyond_the_cap(day: Told) -> None:
    for wakeup in day.wakeups:
        if not wakeup.state.calls:
            continue
        assert recognise(wakeup.book.legs, wakeup.view.now).count > 0
        minis = sum(lot.quantity * lot.multiplier // 100 for lot in wakeup.state.lots)
        calls = sum(lot.quantity for lot in wakeup.state.calls)
        assert minis + calls <= Policy().caps.max_position_minis
        held: dict[int, OptionLeg] = {leg.con_id: leg for leg in wakeup.book.vix_options}
        assert all(leg.quantity > 0 for leg in held.values())


def test_calls_are_told_apart_from_futures(day: Told) -> None:
    facts = day.json
    assert {row["side"] for row in facts["calls"]} == {"BUY", "SELL"}
    assert all(row["contract"].endswith(" call") for row in facts["calls"])
    assert all("VX" in row["contract"] for row in (*facts["tranches"], *facts["unwinds"]))
    assert facts["max_calls"] == sum(row["quantity"] for row in facts["calls"] if row["side"] == "BUY")
    assert (facts["calls_at_close"], facts["hedge_contracts_at_close"]) == (0, 0)
    page = Path(facts["report"]).read_text(encoding="utf-8")
    assert facts["calls"][0]["contract"] in page


def test_the_long_layer_buys_its_three_terms_when_it_is_active_and_only_says_so_in_report(play: Player) -> None:
    early = datetime(2019, 2, 12, 15, 0, tzinfo=UTC)
    active = play("calm", policy=Policy(core=CorePolicy(mode=CoreMode.ACTIVE, open_below_vix=20.0)), until=early)
    bought = {row["layer"]: row["quantity"] for row in active.json["calls"]}
    assert bought == {"core-short": 4, "core-middle": 4, "core-long": 2}  # twelve condors
    worth = active.wakeups[0].book.account.net_liquidation
    assert worth is not None
    assert sum(row["premium_usd"] for row in active.json["calls"]) <= 0.02 * worth
    report = play("calm", policy=Policy(core=CorePolicy(mode=CoreMode.REPORT, open_below_vix=20.0)), until=early)
    assert report.json["orders_sent"] == 0
    said = check_of(report.wakeups[-1], "core: long")
    assert said is not None and "would buy 2 VIX 18Sep19" in said.why


def test_the_same_day_without_the_setting_buys_no_call(play: Player) -> None:
    off = play("fomc-day", until=datetime(2023, 7, 26, 19, 5, tzinfo=UTC))
    assert off.json["calls"] == [] and off.json["max_calls"] == 0
    assert all(not check.name.startswith("event: ") for w in off.wakeups for check in w.decision.checks)
