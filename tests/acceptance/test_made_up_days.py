"""Four modelled scenarios, each made for one rule: the journal must give that rule as the reason."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from told_day import Player, Told, check_of

from bot.journal import Kind, Wakeup
from strategies.alvh.policy import Policy
from strategies.alvh.records import Proposal, Purpose, Side

CAP = Policy().caps.max_position_minis
THIN = (datetime(2024, 4, 11, 19, 0, tzinfo=UTC), datetime(2024, 4, 11, 19, 25, tzinfo=UTC))
HANDS = (datetime(2024, 5, 30, 16, 30, tzinfo=UTC), datetime(2024, 5, 30, 18, 30, tzinfo=UTC))
ROLL_DAY = date(2023, 11, 8)
LEFT, ENTERED = date(2023, 11, 15), date(2023, 12, 20)


@pytest.fixture(scope="module")
def roll_week(play: Player) -> Told:
    return play("roll-week", until=datetime(2023, 11, 8, 15, 10, tzinfo=UTC))


@pytest.fixture(scope="module")
def illiquid(play: Player) -> Told:
    return play("illiquid-close")


@pytest.fixture(scope="module")
def closed(play: Player) -> Told:
    return play("condor-closed")


@pytest.fixture(scope="module")
def collapse(play: Player) -> Told:
    return play("overnight-collapse", until=datetime(2024, 2, 23, 17, 0, tzinfo=UTC))


def proposed(day: Told, *purposes: Purpose) -> list[tuple[Wakeup, Proposal]]:
    return [(w, p) for w in day.wakeups for p in w.decision.proposals if p.purpose in purposes]


def minis_by_month(wakeup: Wakeup) -> dict[date, int]:
    found: dict[date, int] = {}
    for lot in wakeup.state.lots:
        found[lot.settles_on] = found.get(lot.settles_on, 0) + lot.quantity * lot.multiplier // 100
    return found


def own(wakeup: Wakeup) -> int:
    return sum(minis_by_month(wakeup).values())


# ---- roll week


def test_a_hedge_a_week_from_settlement_is_rolled_in_slices_that_never_exceed_the_cap(roll_week: Told) -> None:
    rolls = proposed(roll_week, Purpose.ROLL_BUY, Purpose.ROLL_SELL)
    assert {w.view.session.day for w, _ in rolls} == {ROLL_DAY}
    assert [p.side for _, p in rolls[:2]] == [Side.SELL, Side.BUY]  # a full position makes room first
    assert "make room" in rolls[0][1].reason
    assert all("nears its settlement" in p.reason for _, p in rolls if p.side is Side.BUY)
    assert max(own(w) for w in roll_week.wakeups) == CAP
    during = [w for w in roll_week.wakeups if rolls[0][0].view.now <= w.view.now <= rolls[-1][0].view.now]
    assert min(own(w) for w in during) >= CAP // 2


def test_after_the_roll_the_whole_hedge_is_in_the_next_month_and_nothing_settles(roll_week: Told) -> None:
    before = [w for w in roll_week.wakeups if w.view.session.day < ROLL_DAY and w.state.lots]
    assert all(set(minis_by_month(w)) == {LEFT} for w in before)
    last = roll_week.wakeups[-1]
    assert minis_by_month(last) == {ENTERED: CAP}
    assert proposed(roll_week, Purpose.SETTLEMENT) == []
    assert [e.body["why"] for e in roll_week.entries if e.kind is Kind.ALERT] == []


def test_every_night_asks_each_tranche_about_its_cost_and_its_month(roll_week: Told) -> None:
    late = [w for w in roll_week.wakeups if check_of(w, "overnight: cost, tranche 1") is not None]
    assert {w.view.session.day for w in late} == {date(2023, 11, 3), date(2023, 11, 6), date(2023, 11, 7)}
    assert proposed(roll_week, Purpose.OVERNIGHT) == []
    assert {lot.tranche for lot in late[-1].state.lots} == {1, 2, 3}
    for number in (1, 2, 3):
        expiry = check_of(late[-1], f"overnight: expiry, tranche {number}")
        assert expiry is not None and expiry.passed and expiry.observed == 8.0  # seven would be too near


# ---- illiquid close


def test_while_hardly_anything_is_shown_nothing_is_bought_and_the_quick_ratio_is_the_reason(illiquid: Told) -> None:
    asked = [w for w in illiquid.wakeups if THIN[0] <= w.view.now < THIN[1]]
    assert len(asked) == 25
    assert all(w.decision.proposals == () for w in asked)
    refused = [check for w in asked if (check := check_of(w, "liquidity: VXM")) is not None]
    assert len(refused) == 25
    assert all(not check.passed and "quick ratio 0." in check.why and "too thin" in check.why for check in refused)


def test_when_a_little_more_is_shown_the_tranche_goes_in_slices_that_fit_it(illiquid: Told) -> None:
    slices = proposed(illiquid, Purpose.TRANCHE)
    assert len(slices) > 1
    for wakeup, proposal in slices:
        check = check_of(wakeup, f"liquidity: {proposal.trading_class}")
        assert check is not None and isinstance(check.observed, float)
        assert check.observed >= 1.0
        found = re.search(r"(\d+) of (\d+) now", check.why)
        assert found is not None
        assert proposal.quantity == int(found[1]) <= int(found[2])
    assert slices[0][1].quantity < 9


# ---- condor closed


def test_closing_condors_by_hand_sends_the_excess_home_in_the_same_minute(closed: Told) -> None:
    (wakeup, sale), *more = proposed(closed, Purpose.EXCESS)
    assert more == []
    assert HANDS[0] <= wakeup.view.now < HANDS[0] + timedelta(minutes=1)
    assert (wakeup.decision.exposure.guarded, own(wakeup)) == (3, 6)
    assert sale.reason == f"the book needs at most {own(wakeup) - sale.quantity} minis now"


def test_when_the_last_condor_is_closed_the_rest_of_the_hedge_goes_and_nothing_is_bought_again(closed: Told) -> None:
    (wakeup, sale), *more = proposed(closed, Purpose.NO_CONDORS)
    assert more == []
    assert HANDS[1] <= wakeup.view.now < HANDS[1] + timedelta(minutes=1)
    assert sale.reason == "the condors are gone: their hedge goes with them"
    after = [w for w in closed.wakeups if w.view.now > wakeup.view.now]
    assert after[-1].state.lots == () and closed.json["hedge_contracts_at_close"] == 0
    assert all(p.side is Side.SELL for w in after for p in w.decision.proposals)


def test_the_owner_s_trades_are_no_orders_of_the_bot(closed: Told) -> None:
    fills = [entry.body for entry in closed.entries if entry.kind is Kind.FILL]
    assert {body["con_id"] for body in fills} == {p.con_id for w in closed.wakeups for p in w.decision.proposals}
    assert all(leg.con_id not in {body["con_id"] for body in fills} for leg in closed.wakeups[0].book.legs)


# ---- overnight collapse


def test_the_hedge_is_carried_because_every_condition_of_the_night_holds(collapse: Told) -> None:
    evening = [w for w in collapse.wakeups if check_of(w, "overnight: cost, tranche 1") is not None]
    assert {w.view.session.day for w in evening} == {date(2024, 2, 22)}
    names = (
        "book",
        "spike",
        "stages",
        "cost, tranche 1",
        "nights, tranche 1",
        "margin, tranche 1",
        "expiry, tranche 1",
    )
    for wakeup in evening:
        asked = [check_of(wakeup, f"overnight: {name}") for name in names]
        assert all(check is not None and check.passed for check in asked)
    assert proposed(collapse, Purpose.OVERNIGHT) == []


def test_the_collapse_of_the_morning_takes_it_off_in_stages(collapse: Told) -> None:
    sales = proposed(collapse, Purpose.STAGE)
    held = max(own(w) for w in collapse.wakeups)
    assert [p.stage for _, p in sales] == [2, 3]
    assert sum(p.quantity for _, p in sales) == held
    assert all(w.view.session.day == date(2024, 2, 23) for w, _ in sales)
    assert all("of the rise retraced on two closed bars" in p.reason for _, p in sales)
    assert collapse.wakeups[-1].state.lots == ()
