"""Turn a market, and what a client last saw of it, into the ticks that say what changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.gateway.messages import outbound
from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import Values
from bot.gateway.records import Greeks, Quote

Tick = tuple[Message, Values]
Side = tuple[float | None, float | None]  # price and size

_NOT_COMPUTED: Values = {
    "iv": -1.0,
    "delta": -2.0,
    "price": -1.0,
    "dividend": -1.0,
    "gamma": -2.0,
    "vega": -2.0,
    "theta": -2.0,
    "underlying": -1.0,
}
_LEAST_VEGA = 1e-4
_VOL_POINTS = 100.0
_DECIMALS = 10


@dataclass(frozen=True, slots=True)
class TickIds:
    """Hold IB's tick numbers of one kind of data, live or delayed."""

    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    last_time: int
    bid_computation: int
    ask_computation: int
    last_computation: int
    model_computation: int


LIVE = TickIds(1, 2, 4, 0, 3, 5, 6, 7, 8, 9, 14, 45, 10, 11, 12, 13)
DELAYED = TickIds(66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 88, 80, 81, 82, 83)
HALTED = 49


def quote_ticks(before: Quote | None, after: Quote, ids: TickIds, at: datetime) -> Iterator[Tick]:
    """Yield the ticks that turn `before` (`None`: nothing seen yet) into `after`.

    A side that is missing while the other stands, or that has gone, is sent as price -1 with size 0, as TWS does.
    """
    seen = before or Quote()
    if before is None or before.halted != after.halted:
        yield outbound.TICK_GENERIC, {"tickType": HALTED, "value": float(after.halted)}
    two_sided = after.bid is not None or after.ask is not None
    for old, new, price_id, size_id in (
        ((seen.bid, seen.bid_size), (after.bid, after.bid_size), ids.bid, ids.bid_size),
        ((seen.ask, seen.ask_size), (after.ask, after.ask_size), ids.ask, ids.ask_size),
    ):
        if old != new or before is None:
            announce_gap = two_sided if before is None else old[0] is not None
            yield from _priced(old, new, price_id, size_id, announce_gap=announce_gap)
    old, new = (seen.last, seen.last_size), (after.last, after.last_size)
    if old != new and after.last is not None:
        yield outbound.TICK_STRING, {"tickType": ids.last_time, "value": str(int(at.timestamp()))}
        yield from _priced(old, new, ids.last, ids.last_size, announce_gap=False)
    if after.volume is not None and after.volume != seen.volume:
        yield outbound.TICK_SIZE, {"tickType": ids.volume, "size": after.volume}
    for price, known, price_id in (
        (after.high, seen.high, ids.high),
        (after.low, seen.low, ids.low),
        (after.open, seen.open, ids.open),
        (after.close, seen.close, ids.close),
    ):
        if price is not None and price != known:
            yield outbound.TICK_PRICE, {"tickType": price_id, "price": price, "size": 0.0, "attributes": 0}


def _priced(old: Side, new: Side, price_id: int, size_id: int, *, announce_gap: bool) -> Iterator[Tick]:
    price, size = new
    if price is None:
        if announce_gap:
            yield outbound.TICK_PRICE, {"tickType": price_id, "price": -1.0, "size": 0.0, "attributes": 1}
    elif price != old[0]:
        yield outbound.TICK_PRICE, {"tickType": price_id, "price": price, "size": size or 0.0, "attributes": 1}
    elif size != old[1]:
        yield outbound.TICK_SIZE, {"tickType": size_id, "size": size or 0.0}


def computation_ticks(
    seen: Quote | None, known: Greeks | None, quote: Quote, model: Greeks | None, ids: TickIds
) -> Iterator[Tick]:
    """Yield the option computations that are new: those of bid, ask and last with their price, the model's with it.

    `seen` is the quote shown before (`None`: nothing yet) and `known` its model. All are told when a model comes or
    goes; there is no computation of a trade that never was.
    """
    before = seen or Quote()
    anew = seen is None or (known is None) is not (model is None)
    if anew or quote.bid != before.bid:
        yield _computation(ids.bid_computation, quote.bid, model)
    if anew or quote.ask != before.ask:
        yield _computation(ids.ask_computation, quote.ask, model)
    if quote.last != before.last or (anew and quote.last is not None):
        yield _computation(ids.last_computation, quote.last, model)
    yield from model_tick(seen, known, model, ids)


def model_tick(seen: Quote | None, known: Greeks | None, model: Greeks | None, ids: TickIds) -> Iterator[Tick]:
    """Yield the model's computation if it is new, as `computation_ticks` does last."""
    if seen is None or model != known:
        yield _computation(ids.model_computation, model.price if model else None, model)


def _computation(tick: int, price: float | None, model: Greeks | None) -> Tick:
    """Return the tick of a computation, with TWS's sentinels (-1, -2) for what cannot be computed.

    The volatility at a traded or quoted price is the model's, moved by the price difference over vega.
    """
    volatility = None if price is None or model is None else _volatility_at(price, model)
    if model is None or volatility is None:
        given = {} if model is None else {"underlying": model.underlying, "price": -1.0 if price is None else price}
        return outbound.OPTION_COMPUTATION, {"tickType": tick, "attribute": 0, **_NOT_COMPUTED, **given}
    return outbound.OPTION_COMPUTATION, {
        "tickType": tick,
        "attribute": 0,
        "iv": volatility,
        "delta": model.delta,
        "price": price,
        "dividend": 0.0,
        "gamma": model.gamma,
        "vega": model.vega,
        "theta": model.theta,
        "underlying": model.underlying,
    }


def _volatility_at(price: float, model: Greeks) -> float | None:
    if price == model.price:
        return model.iv
    if model.vega < _LEAST_VEGA:
        return None
    volatility = model.iv + (price - model.price) / model.vega / _VOL_POINTS
    return round(volatility, _DECIMALS) if volatility > 0 else None
