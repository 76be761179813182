"""Walk an order's limit from the middle to the far side of the market, inside the collar and on the tick.

A buy starts at the mid and reaches the ask in thirds; a sale goes from the mid to the bid, to two ticks under it, and
ends as a marketable limit at the collar (docs/method.md, staged unwind). Nothing here knows the time: the caller says
which rung is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bot.guard.controls import GuardSettings, collar
from strategies.alvh.records import Quote, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings:
    """Settings of the order desk, in seconds unless the name says otherwise."""

    entry_rung_s: float = 20.0
    entry_cancel_s: float = 90.0
    unwind_rung_s: float = 60.0
    ack_s: float = 10.0
    cancel_ack_s: float = 30.0
    read_again_s: float = 20.0  # between readings while an outcome is unknown
    gone_after_readings: int = 3
    gone_after_s: float = 60.0
    sell_through_ticks: int = 2
    reconcile_minutes: float = 15.0  # between comparisons with the account while anything is owned or working
    before_open_minutes: float = 10.0  # one comparison so long before a session opens
    after_close_minutes: float = 5.0  # and one so long after it has closed


ENTRY_RUNGS = 4  # mid, a third, two thirds, ask
UNWIND_RUNGS = 4  # mid, bid, bid - 2 ticks, collar


def rungs(side: Side) -> int:
    """Return how many rungs the ladder of this side has."""
    return ENTRY_RUNGS if side is Side.BUY else UNWIND_RUNGS


def rung_time(side: Side, settings: OrderSettings) -> timedelta:
    """Return how long each rung stands."""
    return timedelta(seconds=settings.entry_rung_s if side is Side.BUY else settings.unwind_rung_s)


def rung_price(
    side: Side,
    rung: int,
    quote: Quote,
    *,
    tick: Decimal,
    prior_settle: float | None,
    guard: GuardSettings,
    settings: OrderSettings,
) -> Decimal | None:
    """Return the limit of a rung (0 is the first), or `None` when this market allows none.

    A buy needs a two-sided market. A sale makes do with the last bid, the last trade, or the prior settlement.
    """
    low, high = collar(side, quote, prior_settle, float(tick), guard)
    if side is Side.BUY:
        if quote.mid is None or quote.ask is None or high is None:
            return None
        share = min(rung, ENTRY_RUNGS - 1) / (ENTRY_RUNGS - 1)
        wanted = min(quote.mid + share * (quote.ask - quote.mid), high)
        return _on_tick(wanted, tick, ROUND_FLOOR)
    wanted_sale = _sale(rung, quote, float(tick), low, settings)
    if wanted_sale is None:
        return None
    return max(_on_tick(max(wanted_sale, low or 0.0), tick, ROUND_CEILING), tick)


def _sale(rung: int, quote: Quote, tick: float, low: float | None, settings: OrderSettings) -> float | None:
    """Return the price a sale wants on a rung before the collar binds it."""
    through = settings.sell_through_ticks * tick
    if quote.mid is None or quote.bid is None:
        known = next((price for price in (quote.bid, quote.last) if price is not None), low)
        return None if known is None else known - (through if rung else 0.0)
    wanted = (quote.mid, quote.bid, quote.bid - through, low if low is not None else quote.bid - through)
    return min(wanted[min(rung, UNWIND_RUNGS - 1)], quote.mid)


def _on_tick(price: float, tick: Decimal, rounding: str) -> Decimal:
    """Return the price on the tick grid; a price within a millionth of a tick counts as being on it."""
    steps = (Decimal(repr(price)) / tick).quantize(Decimal("0.000001"))
    return (steps.to_integral_value(rounding=rounding) * tick).quantize(tick)
