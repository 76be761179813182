"""Spoil the input of a wake-up that would buy: the answer is a refusal with a reason, no error and no order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from builders import CLOSE, DAY, OPEN, VX, VXM, at, book, session, spike_view
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategies.alvh.decide import decide
from strategies.alvh.policy import CoreMode, CorePolicy, EventPolicy, ParityPolicy, Policy
from strategies.alvh.records import (
    Account,
    Book,
    BreadthBar,
    ChainQuote,
    Decision,
    EventCalendar,
    HedgeState,
    MacroEvent,
    MarketView,
    Memory,
    Purpose,
    Quote,
    Right,
    Side,
    Window,
)
from tests.strategies.alvh.call_market import chain as vix_chain
from tests.strategies.alvh.spike_monday import POLICY, friday_close, legs, look, wake

FORWARD, LEVEL = 2700.0, 0.20
BROKEN = (None, 0.0, -1.0, math.nan, math.inf, -math.inf, 1e300)
many = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
broken = st.sampled_from(BROKEN)


@dataclass(frozen=True, slots=True)
class Scene:
    """Hold the three inputs of one decision."""

    view: MarketView
    book: Book
    state: HedgeState


@cache
def good() -> Scene:
    """Return the inputs of Monday's wake-up that buys the first tranche."""
    memory = wake(spike_view(5, vx=18.5), FORWARD, LEVEL, friday_close()).memory
    view = look(spike_view(10, vx=18.5), FORWARD, LEVEL)
    return Scene(view, book(legs=legs(FORWARD, LEVEL, view.now)), HedgeState(memory=memory))


def decided(scene: Scene, policy: Policy = POLICY) -> Decision:
    return decide(scene.view, scene.book, scene.state, policy)


def refused(scene: Scene, policy: Policy = POLICY) -> set[str]:
    """Return the names of the questions that said no; nothing is ordered and every no has its reason."""
    decision = decided(scene, policy)
    assert decision.proposals == ()
    assert decision.summary
    no = [check for check in decision.checks if not check.passed]
    assert no
    assert all(check.why for check in no)
    return {check.name for check in no}


def seen(**changes: Any) -> Scene:
    return replace(good(), view=replace(good().view, **changes))


def holding(**changes: Any) -> Scene:
    return replace(good(), book=replace(good().book, **changes))


def quotes_of_vx(change: Callable[[Quote], Quote]) -> Scene:
    return seen(futures=tuple(replace(one, quote=change(one.quote)) for one in good().view.futures))


def test_the_scene_that_is_spoiled_below_would_buy() -> None:
    assert [(order.purpose, order.side) for order in decided(good()).proposals] == [(Purpose.TRANCHE, Side.BUY)]


@many
@given(broken, st.sampled_from(["bid", "ask"]))
def test_a_side_of_vx_that_is_no_price_buys_nothing(value: float | None, side: str) -> None:
    spoiled = quotes_of_vx(lambda quote: replace(quote, **{side: value}))
    if side == "ask" or value not in (0.0, -1.0, -math.inf):
        assert "data: VX" in refused(spoiled) or value in (math.inf, 1e300)
    refused(spoiled)


@many
@given(st.floats(min_value=0.01, max_value=50.0))
def test_a_crossed_vx_buys_nothing(points: float) -> None:
    assert "data: VX" in refused(quotes_of_vx(lambda quote: replace(quote, ask=(quote.bid or 0.0) - points)))


@pytest.mark.parametrize("field", ["vix", "spx"])
@many
@given(value=st.sampled_from([None, math.nan, math.inf, -math.inf, 1e300]))
def test_an_index_that_is_no_number_buys_nothing(field: str, value: float | None) -> None:
    spoiled = seen(**{field: replace(getattr(good().view, field), last=value)})
    assert f"data: {field.upper()}" in refused(spoiled)


@pytest.mark.parametrize("field", ["vix", "spx"])
@pytest.mark.parametrize("value", [0.0, -1.0, 1e9])
def test_an_index_at_an_absurd_level_buys_nothing(field: str, value: float) -> None:
    no = refused(seen(**{field: replace(getattr(good().view, field), last=value)}))
    assert value > 0.0 or f"data: {field.upper()}" in no


@many
@given(st.sampled_from(["age_s", "prev_close"]), st.sampled_from(["vix", "spx"]), broken)
def test_an_index_of_unknown_age_or_close_buys_nothing(field: str, index: str, value: float | None) -> None:
    if field == "age_s" and value in (0.0, -1.0, -math.inf):
        value = None
    if field == "prev_close" and index == "vix" and value in (0.0, -1.0):
        value = None
    refused(seen(**{index: replace(getattr(good().view, index), **{field: value})}))


@many
@given(st.sampled_from([None, 0.0, -30.0, math.nan, math.inf, 1e300]))
def test_an_expected_range_that_cannot_be_known_buys_nothing(value: float | None) -> None:
    assert "gauge: SPX down" in refused(seen(hv20_pct=value if value != 0.0 else None))


@many
@given(st.lists(broken, min_size=4, max_size=4), st.sampled_from(["bid", "ask"]))
def test_legs_without_a_price_and_a_chain_without_their_strikes_cannot_be_valued(
    values: list[float | None], side: str
) -> None:
    """The holes are where the book is: what cannot be valued is not hedged by guess."""
    held = tuple(
        replace(leg, quote=replace(leg.quote, **{side: value}))
        for leg, value in zip(good().book.legs, values, strict=True)
    )
    strikes = {leg.strike for leg in held}
    holed = tuple(option for option in good().view.chain if option.strike not in strikes)
    spoiled = Scene(replace(good().view, chain=holed), replace(good().book, legs=held), good().state)
    decision = decided(spoiled)
    assert decision.exposure is not None
    if decision.exposure.unknown_legs:
        assert "data: legs" in refused(spoiled)
    else:
        assert decision.proposals == () or decision.exposure.inflation is not None


def test_a_chain_with_nothing_but_holes_leaves_the_book_unknown() -> None:
    silent = tuple(replace(option, quote=Quote()) for option in good().view.chain)
    bare = tuple(replace(leg, quote=Quote()) for leg in good().book.legs)
    for options in ((), silent):
        spoiled = Scene(replace(good().view, chain=options), replace(good().book, legs=bare), good().state)
        assert "data: legs" in refused(spoiled)


@many
@given(
    st.lists(st.integers(0, 57), max_size=40),
    st.lists(st.tuples(st.integers(0, 57), broken, broken, broken), max_size=20),
)
def test_holes_and_nonsense_in_the_chain_never_raise_and_never_enlarge_the_hedge(
    gone: list[int], odd: list[tuple[int, float | None, float | None, float | None]]
) -> None:
    options = list(good().view.chain)
    for place, bid, ask, age_s in odd:
        options[place] = replace(options[place], quote=Quote(bid=bid, ask=ask, age_s=age_s))
    left = tuple(option for place, option in enumerate(options) if place not in gone)
    decision = decided(seen(chain=left))
    bought = sum(order.quantity * order.multiplier // 100 for order in decision.proposals)
    assert all(order.side is Side.BUY for order in decision.proposals)
    assert bought <= sum(order.quantity * order.multiplier // 100 for order in decided(good()).proposals) + 1


@many
@given(st.integers(0, 3), st.sampled_from([0.0, -1.0, math.nan, math.inf, 1e300]))
def test_a_leg_at_an_impossible_strike_makes_no_condor_of_the_rest(place: int, strike: float) -> None:
    """Twenty condors with one broken leg are two spreads at most: nothing short of a condor is guarded."""
    held = tuple(replace(leg, strike=strike) if n == place else leg for n, leg in enumerate(good().book.legs))
    decision = decided(holding(legs=held))
    assert not [order for order in decision.proposals if order.side is Side.SELL]
    if decision.exposure is not None and decision.exposure.guarded == 0:
        assert decision.proposals == ()


@pytest.mark.parametrize("changes", [{"symbol": "XSP", "trading_class": "XSP"}, {"trading_class": "SPXX"}])
def test_a_condor_of_another_class_is_not_guarded(changes: dict[str, str]) -> None:
    minis = tuple(replace(leg, **changes) for leg in good().book.legs)
    assert "book: condors" in refused(holding(legs=minis))


def test_positions_that_were_not_all_understood_buy_nothing() -> None:
    assert "data: positions" in refused(holding(complete=False))


@pytest.mark.parametrize(("con_id", "multiplier"), [(VX, 100), (VXM, 1000), (VXM, 0), (VX, -1000)])
def test_a_mini_taken_for_a_full_contract_buys_nothing(con_id: int, multiplier: int) -> None:
    mixed = tuple(replace(one, multiplier=multiplier) if one.con_id == con_id else one for one in good().view.futures)
    assert "data: VX live" in refused(seen(futures=mixed))
    check = next(check for check in decided(seen(futures=mixed)).checks if check.name == "data: VX live")
    assert f"multiplier {multiplier}" in check.why


def test_condors_that_expire_now_are_gone() -> None:
    """An option that settles this instant has neither vega nor a hedge."""
    expired = tuple(replace(leg, settles_at=good().view.now, expires_on=DAY) for leg in good().book.legs)
    assert "book: condors" in refused(holding(legs=expired))


def test_condors_that_expire_today_are_the_wrong_thing_to_hedge_with_vx() -> None:
    today = tuple(replace(leg, settles_at=CLOSE, expires_on=DAY) for leg in good().book.legs)
    refused(holding(legs=today))


@pytest.mark.parametrize("dte", [-1, 0, 1])
def test_a_vx_that_settles_before_another_session_ends_is_not_bought(dte: int) -> None:
    near = tuple(
        replace(one, dte=dte, settles_on=DAY + timedelta(days=dte), business_days=max(0, dte))
        for one in good().view.futures
    )
    assert "data: VX live" in refused(seen(futures=near))


@many
@given(st.one_of(st.integers(-2000, -1), st.integers(391, 2000)))
def test_before_the_open_and_after_the_close_nothing_is_bought(minute: int) -> None:
    now = at(minute)
    closed = seen(now=now, session=session(now, window=Window.OPENING))
    assert "data: session" in refused(closed)


def test_a_clock_that_went_backwards_buys_nothing() -> None:
    """Samples and surfaces of the memory lie in the future of such a wake-up."""
    assert refused(seen(now=OPEN - timedelta(days=1)))


@pytest.mark.parametrize("field", ["spx_bars", "vix_bars", "breadth_bars", "futures", "chain"])
def test_an_empty_history_never_raises(field: str) -> None:
    decision = decided(seen(**{field: ()}))
    assert decision.checks
    assert not [order for order in decision.proposals if order.side is Side.SELL]


def test_no_history_at_all_buys_nothing() -> None:
    bare = tuple(replace(one, bars=(), prior_settle=None) for one in good().view.futures)
    assert refused(seen(spx_bars=(), vix_bars=(), breadth_bars=(), futures=bare, hv20_pct=None, breadth_stdev=None))
    assert refused(replace(good(), state=HedgeState(memory=Memory())))


@many
@given(st.lists(st.tuples(broken, broken), max_size=7))
def test_nonsense_in_the_breadth_never_raises(counts: list[tuple[float | None, float | None]]) -> None:
    bars = tuple(
        BreadthBar(
            end=at(5 * n), advancers=math.nan if up is None else up, decliners=math.nan if down is None else down
        )
        for n, (up, down) in enumerate(counts)
    )
    decision = decided(seen(breadth_bars=bars))
    assert not [check for check in decision.checks if check.name == "signal: breadth" and check.passed]


@many
@given(broken, broken)
def test_an_account_that_says_nothing_sensible_buys_nothing(worth: float | None, excess: float | None) -> None:
    refused(holding(account=Account(net_liquidation=worth, excess_liquidity=excess)))


# --- options on VIX and the calendar of releases

CALLS = Policy(
    economics=POLICY.economics,
    events=EventPolicy(enabled=True, min_open_interest=0),
    core=CorePolicy(mode=CoreMode.ACTIVE),
    parity=ParityPolicy(require=False),
)
LONG_AGO, FAR_OFF = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
whens = st.one_of(
    st.sampled_from([LONG_AGO, FAR_OFF, at(-1440), at(-91), at(16), at(1440)]),
    st.integers(-500_000, 500_000).filter(lambda minutes: not -91 <= minutes - 10 <= 16).map(at),
)


def event_orders(decision: Decision) -> list[Purpose]:
    return [order.purpose for order in decision.proposals if order.purpose is Purpose.EVENT_CALLS]


@many
@given(
    st.lists(st.tuples(st.sampled_from(["CPI", "FOMC", "PPI", "NFP", ""]), whens, broken), max_size=6), st.booleans()
)
def test_releases_on_wrong_days_buy_no_calls(events: list[tuple[str, datetime, float | None]], valid: bool) -> None:
    listed = tuple(MacroEvent(name=name, at=when, surprise=surprise) for name, when, surprise in events)
    until = date(2018, 12, 31) if valid else date(2017, 12, 31)
    calendar = EventCalendar(source="a file", valid_until=until, events=listed)
    view = replace(good().view, calendar=calendar, vix_chain=vix_chain(good().view.now))
    decision = decided(replace(good(), view=view), CALLS)
    assert event_orders(decision) == []
    no = [check for check in decision.checks if check.name.startswith("event: ") and not check.passed]
    assert no
    assert all(check.why for check in no)


@pytest.mark.parametrize("until", [date(1, 1, 1), DAY - timedelta(days=1)])
def test_a_calendar_that_has_run_out_buys_no_calls_even_after_a_release(until: date) -> None:
    calendar = EventCalendar(source="a file", valid_until=until, events=(MacroEvent(name="CPI", at=at(0)),))
    view = replace(good().view, calendar=calendar, vix_chain=vix_chain(good().view.now))
    decision = decided(replace(good(), view=view), CALLS)
    assert event_orders(decision) == []
    assert "event: calendar" in {check.name for check in decision.checks if not check.passed}


@many
@given(st.lists(st.tuples(broken, broken, broken, broken, st.sampled_from(list(Right))), max_size=8))
def test_nonsense_in_the_options_on_vix_never_raises(
    rows: list[tuple[float | None, float | None, float | None, float | None, Right]],
) -> None:
    first = vix_chain(good().view.now)[0]
    odd: tuple[ChainQuote, ...] = tuple(
        replace(
            first,
            con_id=n,
            right=right,
            strike=strike if strike is not None else math.nan,
            quote=Quote(bid=bid, ask=ask, bid_size=bid, ask_size=ask, age_s=age_s),
        )
        for n, (strike, bid, ask, age_s, right) in enumerate(rows)
    )
    calendar = EventCalendar(
        source="a file", valid_until=date(2018, 12, 31), events=(MacroEvent(name="CPI", at=at(0)),)
    )
    for policy in (CALLS, replace(CALLS, parity=ParityPolicy(require=True))):
        decision = decided(replace(good(), view=replace(good().view, vix_chain=odd, calendar=calendar)), policy)
        assert event_orders(decision) == []
        if policy.parity.require:
            assert "parity: gate" in {check.name for check in decision.checks if not check.passed}
            assert decision.proposals == ()
