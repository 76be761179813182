"""Decide whole wake-ups on options priced from a known surface: yesterday's close, then a shock."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from builders import DAYS, YESTERDAY_CLOSE, at, book, leg, session, spike_view

from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import (
    ChainQuote,
    Decision,
    HedgeState,
    MarketView,
    Memory,
    OptionLeg,
    Phase,
    Quote,
    Right,
    Side,
    SurfaceSource,
)
from strategies.pricing import black76_price

POLICY = Policy()
EXPIRY = date(2018, 3, 16)
SETTLES_AT = datetime(2018, 3, 16, 20, 0, tzinfo=UTC)
STRIKES = tuple(2300.0 + 25.0 * n for n in range(29))


def quoted(strike: float, right: Right, forward: float, level: float, now: datetime) -> Quote:
    x = math.log(strike / forward)
    years = (SETTLES_AT - now) / timedelta(days=365)
    sigma = max(0.05, level - 0.9 * x + 1.5 * x * x)
    mid = float(black76_price(forward, strike, years, 0.015, sigma, right is Right.CALL))
    return Quote(bid=mid * 0.99, ask=mid * 1.01, bid_size=10.0, ask_size=10.0, age_s=1.0)


def chain(forward: float, level: float, now: datetime) -> tuple[ChainQuote, ...]:
    return tuple(
        ChainQuote(
            con_id=int(strike) * 10 + (right is Right.CALL),
            trading_class="SPXW",
            right=right,
            strike=strike,
            expires_on=EXPIRY,
            settles_at=SETTLES_AT,
            quote=quoted(strike, right, forward, level, now),
        )
        for strike in STRIKES
        for right in Right
    )


def legs(forward: float, level: float, now: datetime, count: int = 20) -> tuple[OptionLeg, ...]:
    wings = ((2500.0, Right.PUT, 1), (2550.0, Right.PUT, -1), (2875.0, Right.CALL, -1), (2925.0, Right.CALL, 1))
    return tuple(
        leg(
            n,
            strike,
            right,
            sign * count,
            1.0,
            expires_on=EXPIRY,
            settles_at=SETTLES_AT,
            quote=quoted(strike, right, forward, level, now),
        )
        for n, (strike, right, sign) in enumerate(wings, start=101)
    )


def look(view: MarketView, forward: float, level: float) -> MarketView:
    return replace(view, chain=chain(forward, level, view.now))


def wake(view: MarketView, forward: float, level: float, memory: Memory) -> Decision:
    held = book(legs=legs(forward, level, view.now))
    return decide(look(view, forward, level), held, HedgeState(memory=memory), POLICY)


def friday_close() -> Memory:
    """Return the memory of a bot that watched Friday's last minute at 12% volatility."""
    now = YESTERDAY_CLOSE - timedelta(minutes=1)
    friday = session(
        now, day=DAYS[-2], opens_at=now - timedelta(hours=6), closes_at=YESTERDAY_CLOSE, recent_days=DAYS[:-1]
    )
    calm = spike_view(10, vx=16.0, vix=16.0, spx=2762.0)
    return wake(replace(calm, now=now, session=friday), 2762.0, 0.12, Memory()).memory


def test_the_last_surface_of_friday_is_mondays_baseline() -> None:
    left = friday_close()
    assert left.closing_surface is not None
    monday = wake(spike_view(5, vx=17.5), 2762.0, 0.12, left)
    assert monday.memory.baseline == left.closing_surface
    assert monday.exposure is not None
    assert monday.exposure.inflation == pytest.approx(0.0, abs=0.03)
    assert monday.phase_after is Phase.WATCH
    assert not monday.proposals


def test_a_fall_with_rising_volatility_arms_and_buys() -> None:
    memory = friday_close()
    for minute in (5, 10):
        decision = wake(spike_view(minute, vx=18.5), 2700.0, 0.20, memory)
        memory = decision.memory
        if decision.proposals:
            break
    assert decision.exposure is not None
    assert decision.exposure.inflation is not None
    assert decision.exposure.inflation >= 0.40
    assert decision.exposure.condors > 0
    assert decision.phase_after is Phase.T1
    assert [proposal.side for proposal in decision.proposals] == [Side.BUY]
    assert decision.memory.episode is not None
    assert decision.memory.episode.baseline == decision.memory.baseline


def test_a_bot_that_was_down_on_friday_watches_until_it_can_model_a_baseline() -> None:
    first = wake(spike_view(4, vx=18.5), 2700.0, 0.20, Memory())
    assert first.memory.baseline is None
    assert "no prior-close baseline" in next(c.why for c in first.checks if c.name == "book: baseline")
    later = wake(spike_view(10, vx=18.5), 2700.0, 0.20, first.memory)
    assert later.memory.baseline is not None
    assert later.memory.baseline.source is SurfaceSource.MODELLED


def test_a_condor_opened_into_the_fall_is_no_spike() -> None:
    monday = wake(spike_view(5, vx=17.0), 2700.0, 0.20, friday_close()).memory
    view = look(spike_view(11, vx=17.0), 2700.0, 0.20)
    other = tuple(
        replace(item, con_id=item.con_id + 100, strike=item.strike - 150.0) for item in legs(2700.0, 0.2, at(11))
    )
    priced = tuple(replace(item, quote=quoted(item.strike, item.right, 2700.0, 0.20, at(11))) for item in other)
    found = decide(view, book(legs=priced), HedgeState(memory=monday), POLICY)
    assert [seen.con_id for seen in found.memory.first_seen] == [201, 202, 203, 204]
    assert found.exposure is not None
    assert found.exposure.inflation == pytest.approx(0.0, abs=0.02)


def test_the_same_wake_up_decides_the_same() -> None:
    memory = friday_close()
    view = spike_view(10, vx=18.5)
    assert wake(view, 2700.0, 0.20, memory) == wake(view, 2700.0, 0.20, memory)
