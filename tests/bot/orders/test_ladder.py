"""Prices of the ladder: on the tick, inside the collar, from mid to the far touch."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.guard.controls import GuardSettings, collar
from bot.orders.ladder import ENTRY_RUNGS, UNWIND_RUNGS, OrderSettings, rung_price
from strategies.alvh.records import Quote, Side

GUARD, ORDERS = GuardSettings(), OrderSettings()


def price(side: Side, rung: int, quote: Quote, tick: str = "0.05", settle: float | None = 20.0) -> Decimal | None:
    return rung_price(side, rung, quote, tick=Decimal(tick), prior_settle=settle, guard=GUARD, settings=ORDERS)


def test_a_buy_on_a_wide_vx_market_takes_thirds_rounded_down_to_the_tick() -> None:
    quote = Quote(bid=20.00, ask=20.30, age_s=1.0)
    assert [price(Side.BUY, rung, quote) for rung in range(4)] == [
        Decimal("20.15"),
        Decimal("20.20"),
        Decimal("20.25"),
        Decimal("20.30"),
    ]


def test_a_sale_ends_three_percent_under_the_mid() -> None:
    quote = Quote(bid=20.00, ask=20.30, age_s=1.0)
    assert [price(Side.SELL, rung, quote) for rung in range(5)] == [
        Decimal("20.15"),
        Decimal("20.00"),
        Decimal("19.90"),
        Decimal("19.55"),
        Decimal("19.55"),
    ]


def test_a_market_that_fell_by_half_can_still_be_sold_into() -> None:
    quote = Quote(bid=20.00, ask=20.30, age_s=1.0)
    assert [price(Side.SELL, rung, quote, settle=40.0) for rung in range(4)] == [
        Decimal("20.15"),
        Decimal("20.00"),
        Decimal("19.90"),
        Decimal("19.55"),
    ]


def test_no_market_gives_a_buy_no_price_and_a_sale_the_last_trade_or_the_settlement() -> None:
    assert price(Side.BUY, 0, Quote(last=21.0)) is None
    assert price(Side.SELL, 0, Quote(last=21.0)) == Decimal("21.00")
    assert price(Side.SELL, 1, Quote()) == Decimal("12.00")
    assert price(Side.SELL, 0, Quote(), settle=None) is None


def test_a_crossed_market_gives_a_buy_no_price() -> None:
    assert price(Side.BUY, 0, Quote(bid=20.3, ask=20.0)) is None


TICKS = st.sampled_from(["0.05", "0.01"])


@given(
    st.integers(500, 8000), st.integers(0, 200), TICKS, st.integers(0, 3), st.one_of(st.none(), st.floats(9.0, 60.0))
)
def test_every_buy_is_on_the_tick_inside_the_collar_and_never_above_the_ask(
    bid_cents: int, width: int, tick: str, rung: int, settle: float | None
) -> None:
    step = Decimal(tick)
    bid = (Decimal(bid_cents) / 100 // step) * step
    quote = Quote(bid=float(bid), ask=float(bid + width * step), age_s=1.0)
    limit = price(Side.BUY, rung, quote, tick, settle)
    assert limit is not None and limit % step == 0
    _, high = collar(Side.BUY, quote, settle, float(step), GUARD)
    assert high is not None and float(limit) <= high + 1e-9 and limit <= bid + width * step
    nexts = [price(Side.BUY, n, quote, tick, settle) for n in range(ENTRY_RUNGS)]
    assert nexts == sorted(nexts)  # type: ignore[type-var]


@given(st.integers(500, 8000), st.integers(0, 200), TICKS, st.integers(0, 3))
def test_every_sale_is_on_the_tick_and_at_most_three_percent_under_the_mid(
    bid_cents: int, width: int, tick: str, rung: int
) -> None:
    step = Decimal(tick)
    bid = (Decimal(bid_cents) / 100 // step) * step
    assume(bid > 0)
    quote = Quote(bid=float(bid), ask=float(bid + width * step), age_s=1.0)
    limit = price(Side.SELL, rung, quote, tick, None)
    assert limit is not None and limit % step == 0 and quote.mid is not None
    assert float(limit) >= 0.97 * quote.mid - 1e-9
    nexts = [price(Side.SELL, n, quote, tick, None) for n in range(UNWIND_RUNGS)]
    assert nexts == sorted(nexts, reverse=True)  # type: ignore[type-var]
