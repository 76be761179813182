"""The option surface agrees with the indices it is made from, and its quotes leave no free lunch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from vollib.black import black

from bot.gateway.market import SimulatedMarket
from bot.gateway.market.surface import SPX_SMILE, spx_volatility, term_volatility
from bot.gateway.records import Contract, ContractPattern
from strategies.pricing import black76_greeks, black76_price

NEW_YORK = ZoneInfo("America/New_York")
Markets = Callable[[str], SimulatedMarket]


def strip(level: float, days: float) -> float:
    """Compute Cboe's variance strip, 2/T sum dK/K^2 Q(K), on a dense ladder of the modelled smile."""
    years, forward = days / 365.0, 3000.0
    strikes = np.arange(forward * 0.2, forward * 3.0, 1.0)
    sigma = spx_volatility(np.log(strikes / forward), np.full_like(strikes, years), np.full_like(strikes, level))
    values = black76_price(forward, strikes, years, 0.0, sigma, strikes >= forward)
    return float(100.0 * np.sqrt(2.0 / years * np.sum(values / strikes**2)))


@pytest.mark.parametrize("level", [10.0, 16.0, 25.0, 40.0, 80.0])
@pytest.mark.parametrize("days", [9.0, 30.0, 93.0])
def test_the_variance_strip_of_the_smile_gives_back_the_index(level: float, days: float) -> None:
    assert strip(level, days) == pytest.approx(level, rel=0.035 if level > 40 else 0.02)


@pytest.mark.parametrize(("delta", "low", "high"), [(-0.25, 1.13, 1.20), (-0.10, 1.30, 1.45), (0.25, 0.85, 0.92)])
def test_the_skew_is_that_of_spx(delta: float, low: float, high: float) -> None:
    strikes = np.arange(2000.0, 4000.0)
    sigma = spx_volatility(np.log(strikes / 3000.0), np.full_like(strikes, 30 / 365), np.full_like(strikes, 18.0))
    deltas = black76_greeks(3000.0, strikes, 30 / 365, 0.0, sigma, delta > 0).delta
    at = int(np.argmin(np.abs(deltas - delta)))
    assert low < sigma[at] / sigma[1000] < high


def test_the_term_structure_passes_through_the_three_indices_and_variance_never_falls() -> None:
    days = np.array([9.0, 30.0, 93.0])
    given = term_volatility(days, np.array(59.34), np.array(37.32), np.array(28.13))
    assert given == pytest.approx([59.34, 37.32, 28.13])
    dense = np.arange(1.0, 200.0)
    variance = term_volatility(dense, np.array(90.0), np.array(30.0), np.array(18.0)) ** 2 * dense
    assert (np.diff(variance) >= -1e-9).all()


def test_the_smile_is_one_at_the_money_and_never_vanishes() -> None:
    z = np.linspace(-12.0, 12.0, 500)
    assert SPX_SMILE.ratio(np.array(0.0)) == pytest.approx(1.0)
    assert (SPX_SMILE.ratio(z) > 0.5).all()


def chain(market: SimulatedMarket, days: int) -> tuple[list[Contract], list[Contract]]:
    """Return calls and puts of the SPXW expiry nearest to `days` ahead, by strike."""
    offered = next(item for item in market.chains(416904) if item.trading_class == "SPXW")
    today = market.now.astimezone(NEW_YORK).date()
    expiry = min(
        offered.expiries,
        key=lambda text: abs((datetime.strptime(text, "%Y%m%d").date() - today).days - days),  # noqa: DTZ007
    )
    pattern = {"symbol": "SPX", "sec_type": "OPT", "trading_class": "SPXW", "expiry": expiry}
    return (
        list(market.find(ContractPattern(**pattern, right="C"))),
        list(market.find(ContractPattern(**pattern, right="P"))),
    )


def middle(market: SimulatedMarket, contract: Contract) -> float:
    quote = market.quote(contract.con_id)
    assert quote.bid is not None
    assert quote.ask is not None
    return (quote.bid + quote.ask) / 2.0


MOMENTS = [
    ("calm", datetime(2019, 2, 12, 11, tzinfo=NEW_YORK)),
    ("spike-2018-02", datetime(2018, 2, 5, 15, 12, tzinfo=NEW_YORK)),
    ("crash-2020-03", datetime(2020, 3, 12, 12, 1, tzinfo=NEW_YORK)),
]


@pytest.mark.parametrize(("name", "at"), MOMENTS, ids=[name for name, _ in MOMENTS])
@pytest.mark.parametrize("days", [7, 40])
def test_quotes_obey_put_call_parity(name: str, at: datetime, days: int, market_of: Markets) -> None:
    market = market_of(name)
    market.advance(at)
    calls, puts = chain(market, days)
    spot = market.quote(416904).last
    near = [(call, put) for call, put in zip(calls, puts, strict=True) if abs(call.strike / spot - 1) < 0.03]
    assert len(near) > 20
    rate = market._world.scenario.rate
    for call, put in near:
        years = (call.settles_at - market.now).total_seconds() / (365 * 86400)
        model = market.greeks(call.con_id)
        forward = call.strike + np.exp(rate * years) * (middle(market, call) - middle(market, put))
        widest = max(market.quote(item.con_id).ask - market.quote(item.con_id).bid for item in (call, put))
        assert forward == pytest.approx(model.underlying, abs=widest)


@pytest.mark.parametrize(("name", "at"), MOMENTS, ids=[name for name, _ in MOMENTS])
def test_no_butterfly_and_no_spread_is_free(name: str, at: datetime, market_of: Markets) -> None:
    market = market_of(name)
    market.advance(at)
    calls, puts = chain(market, 40)
    for contracts, sign in ((calls, -1.0), (puts, 1.0)):
        strikes = np.array([item.strike for item in contracts])
        prices = np.array([market.greeks(item.con_id).price for item in contracts])
        slopes = np.diff(prices) / np.diff(strikes)
        assert (sign * slopes >= -1e-9).all()
        assert (np.diff(slopes) >= -1e-6).all()


def test_values_agree_with_an_independent_black_76(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    for position in market.opening_account().positions:
        contract, greeks = market.contract(position.con_id), market.greeks(position.con_id)
        years = (contract.settles_at - market.now).total_seconds() / (365 * 86400)
        value = black(contract.right.lower(), greeks.underlying, contract.strike, years, 0.016, greeks.iv)
        assert greeks.price == pytest.approx(value, rel=2e-3, abs=0.02)


@pytest.mark.parametrize(("name", "at"), MOMENTS, ids=[name for name, _ in MOMENTS])
def test_markets_stand_on_ticks_around_the_value_and_a_zero_bid_has_no_size(
    name: str, at: datetime, market_of: Markets
) -> None:
    market = market_of(name)
    market.advance(at)
    calls, puts = chain(market, 40)
    zero = 0
    for contract in [*calls, *puts]:
        quote, value = market.quote(contract.con_id), market.greeks(contract.con_id).price
        assert quote.bid <= value <= quote.ask
        assert quote.bid < quote.ask
        for price in (quote.bid, quote.ask):
            step = 0.05 if price < 3 else 0.10
            assert price / step == pytest.approx(round(price / step), abs=1e-6)
        assert (quote.bid_size == 0) == (quote.bid == 0)
        zero += quote.bid == 0
    assert zero > 0 or name != "calm"


def test_spreads_widen_and_sizes_shrink_in_stress(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    legs = [position.con_id for position in market.opening_account().positions]
    front = market.find(ContractPattern(symbol="VIX", sec_type="FUT"))[0].con_id

    def measured() -> tuple[float, float, float]:
        wide = [market.quote(leg).ask - market.quote(leg).bid for leg in legs]
        book = market.quote(front)
        return float(np.mean(wide)), book.ask - book.bid, book.bid_size + book.ask_size

    calm = measured()
    market.advance(datetime(2018, 2, 5, 15, 55, tzinfo=NEW_YORK))
    stressed = measured()
    assert stressed[0] > 2 * calm[0]
    assert calm[1] == pytest.approx(0.05)
    assert 0.10 - 1e-9 <= stressed[1] <= 0.30 + 1e-9
    assert stressed[2] < calm[2] / 2


def test_a_book_is_opened_at_the_deltas_and_widths_that_were_asked_for(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    account = market.opening_account()
    assert account.account.startswith("DU")
    assert sum(position.quantity for position in account.positions) == 0
    by_expiry: dict[str, list[tuple[Contract, int]]] = {}
    for position in account.positions:
        contract = market.contract(position.con_id)
        by_expiry.setdefault(contract.expiry, []).append((contract, position.quantity))
    assert len(by_expiry) == 3
    widths = []
    for legs in by_expiry.values():
        puts = sorted((contract.strike, quantity) for contract, quantity in legs if contract.right == "P")
        calls = sorted((contract.strike, quantity) for contract, quantity in legs if contract.right == "C")
        assert [quantity for _, quantity in puts] == [12, -12]
        assert [quantity for _, quantity in calls] == [-12, 12]
        assert puts[1][0] - puts[0][0] == calls[1][0] - calls[0][0]
        widths.append(puts[1][0] - puts[0][0])
    assert sorted(widths) == [50.0, 75.0, 100.0]


def test_vix_calls_are_priced_on_the_future_of_the_same_settlement(market_of: Markets) -> None:
    market = market_of("spike-2018-02")
    listed = market.find(ContractPattern(symbol="VIX", sec_type="OPT", expiry="20180320", strike=16.0))
    assert [item.right for item in listed] == ["C", "P"]
    future = market.find(ContractPattern(symbol="VIX", sec_type="FUT", expiry="20180321"))[0]
    call, put = (middle(market, item) for item in listed)
    assert 16.0 + call - put == pytest.approx(market.quote(future.con_id).last, abs=0.30)
    quotes = [market.quote(item.con_id) for item in listed]
    assert all(quote.bid > 0 for quote in quotes)


def test_options_show_only_the_close_outside_their_hours_and_in_a_halt(market_of: Markets) -> None:
    market = market_of("crash-2020-03")
    leg = market.opening_account().positions[0].con_id
    market.advance(datetime(2020, 3, 9, 8, tzinfo=NEW_YORK))
    asleep = market.quote(leg)
    assert (asleep.bid, asleep.ask, market.greeks(leg)) == (None, None, None)
    assert asleep.close is not None
    market.advance(datetime(2020, 3, 9, 9, 40, tzinfo=NEW_YORK))
    assert market.quote(leg).halted
    assert market.quote(leg).bid is None
    market.advance(datetime(2020, 3, 9, 9, 40, tzinfo=NEW_YORK) + timedelta(minutes=10))
    assert not market.quote(leg).halted
    assert market.quote(leg).bid is not None
