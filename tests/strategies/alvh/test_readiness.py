"""What must be known before anything is opened: each question at its limit, with its answer in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import VX, at, book, exposure, future, market, session, spike_view, state

from strategies.alvh.policy import Policy
from strategies.alvh.readiness import fresh_price, number, opening_time, readiness
from strategies.alvh.records import Book, Check, Exposure, FutureQuote, HedgeState, MarketView, Window

POLICY = Policy()


def asked(
    view: MarketView | None = None,
    held: Book | None = None,
    known: HedgeState | None = None,
    front: FutureQuote | None = None,
    valued: Exposure | None = None,
) -> dict[str, Check]:
    found = readiness(
        view or spike_view(), held or book(), known or state(), front or future(), valued or exposure(), POLICY
    )
    return {check.name.removeprefix("data: "): check for check in found}


def failed(**changes: Any) -> list[str]:
    return [name for name, check in asked(**changes).items() if not check.passed]


def test_a_good_view_passes_every_question() -> None:
    assert failed() == []
    assert asked()["link"].observed == "yes"


@pytest.mark.parametrize(
    ("changes", "name", "why"),
    [
        ({"view": spike_view(feed_ok=False)}, "link", "link or data farm is down: no opening"),
        ({"view": spike_view(hours_agree=False)}, "hours", "IB's liquid hours differ from the calendar's"),
        ({"held": book(complete=False)}, "positions", "positions were not confirmed as complete: no opening"),
        ({"held": book(age_s=120.5)}, "positions", "positions are older than 120 s: no opening"),
        ({"held": book(age_s=float("nan"))}, "positions", "positions are older than 120 s: no opening"),
        ({"valued": exposure(unknown_legs=1)}, "legs", "1 leg(s) cannot be valued: no hedge may be sized"),
        ({"known": state(locked=("positions differ",))}, "lock", "positions differ"),
    ],
)
def test_each_fault_is_named(changes: dict[str, Any], name: str, why: str) -> None:
    assert failed(**changes) == [name]
    check = asked(**changes)[name]
    assert check.why == why
    assert check.observed != "yes"


def test_a_locked_contract_forbids_opening_in_its_month_and_in_no_other() -> None:
    front = future()
    mini = future(con_id=front.con_id + 1, trading_class="VXM", multiplier=100)
    other = future(con_id=front.con_id + 2, settles_on=front.settles_on + timedelta(days=28))
    view = replace(spike_view(), futures=(front, mini, other))
    for locked in (front, mini):
        known = state(locked_contracts=((locked.con_id, "own 4, account 3"),))
        assert failed(view=view, known=known, front=front) == ["lock"]
        assert asked(view=view, known=known, front=front)["lock"].why == "own 4, account 3"
    known = state(locked_contracts=((other.con_id, "own 4, account 3"),))
    assert failed(view=view, known=known, front=front) == []


@pytest.mark.parametrize("age_s", [POLICY.freshness.vx_s, POLICY.freshness.vx_s + 0.1])
def test_a_quote_is_fresh_up_to_its_limit(age_s: float) -> None:
    fresh = age_s <= POLICY.freshness.vx_s
    quoted = future(quote=market(18.0, 0.05, age_s=age_s))
    assert asked(front=quoted)["VX"].passed is fresh
    assert (fresh_price(quoted, POLICY) is not None) is fresh


def test_positions_of_just_the_allowed_age_are_fresh() -> None:
    assert asked(held=book(age_s=POLICY.freshness.positions_s))["positions"].passed


@pytest.mark.parametrize("state_of", ["delayed", "halted"])
def test_a_market_that_does_not_trade_is_no_price(state_of: str) -> None:
    quote = replace(market(18.0, 0.05), **{state_of: True})
    check = asked(front=future(quote=quote))["VX live"]
    assert (check.passed, check.why) == (False, f"VX quote is {state_of}: no opening")
    assert fresh_price(future(quote=quote), POLICY) is None


def test_without_a_contract_both_questions_about_vx_fail() -> None:
    found = readiness(spike_view(), book(), state(), None, exposure(), POLICY)
    assert [check.name for check in found if not check.passed] == ["data: VX", "data: VX live"]


@pytest.mark.parametrize(("minutes", "open_"), [(-0.1, False), (0, True), (389.9, True), (390, False)])
def test_the_session_begins_with_its_first_instant_and_ends_before_its_last(minutes: float, open_: bool) -> None:
    view = spike_view()
    assert asked(view=replace(view, now=at(minutes)))["session"].passed is open_


def test_what_observing_went_without_is_told_and_forbids_nothing() -> None:
    check = asked(view=spike_view(faults=("no VIX9D", "no breadth")))["view"]
    assert (check.passed, check.observed, check.why) == (True, 2.0, "no VIX9D; no breadth")


@pytest.mark.parametrize(
    ("minutes", "window", "passed"),
    [
        (4.9, Window.OPENING, False),
        (5.0, Window.OPENING, True),
        (100.0, Window.GUARDIAN, False),
        (390.0 - POLICY.filter.not_after_minutes, Window.CLOSING, True),
        (390.1 - POLICY.filter.not_after_minutes, Window.CLOSING, False),
    ],
)
def test_tranches_open_inside_the_windows_and_off_their_edges(minutes: float, window: Window, passed: bool) -> None:
    now = at(minutes)
    check = opening_time(replace(spike_view(), now=now, session=session(now, window=window)), POLICY)
    assert check.passed is passed


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf"), 1e12, -1e12])
def test_what_no_market_could_show_is_no_number(value: float | None) -> None:
    assert number(value) is None
    assert number(9.9e11) == 9.9e11


@pytest.mark.parametrize("broken", [{"bid": None}, {"ask": None}, {"bid": 19.0, "ask": 18.0}, {"bid": 0.0, "ask": 0.0}])
def test_a_one_sided_crossed_or_worthless_market_is_no_price(broken: dict[str, float | None]) -> None:
    assert fresh_price(future(VX, quote=replace(market(18.0, 0.05), **broken)), POLICY) is None
    assert fresh_price(None, POLICY) is None
