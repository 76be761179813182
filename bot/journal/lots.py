"""Fold executions into the futures that the bot owns, lot by lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.orders.life import Execution, Order
from strategies.alvh.records import CallLot, Lot, Side

NEW_YORK = ZoneInfo("America/New_York")
Trade = tuple[Order, Execution]
L = TypeVar("L", Lot, CallLot)


def session_day(at: datetime) -> date:
    """Return the New York date of an instant: the bot trades inside regular sessions only."""
    return at.astimezone(NEW_YORK).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Hold contracts that left the account otherwise than by a sale of the bot's, as the operator confirmed."""

    con_id: int
    quantity: int
    at: datetime


def in_time(trades: Iterable[Trade], departures: Iterable[Departure]) -> list[Trade | Departure]:
    """Return trades and departures in order of time; at the same instant what was bought comes first."""
    events: list[tuple[datetime, Trade | Departure]] = [
        (execution.at, (order, execution)) for order, execution in trades
    ]
    events += [(departure.at, departure) for departure in departures]
    return [event for _, event in sorted(events, key=lambda event: event[0])]


def fold_lots(trades: Iterable[Trade], departures: Iterable[Departure] = ()) -> tuple[Lot, ...]:
    """Return the futures that are still owned after executions in order of time.

    Buys of the same contract, tranche and day make one lot at their average price. A sale takes its own tranche
    first when it names one, then the lots with the highest entry (docs/method.md, staged unwind); so does a departure.
    """
    lots: list[Lot] = []
    owed: Counter[int] = Counter()  # sold beyond what is owned now, as after a purchase was taken back, by contract
    for event in in_time(trades, departures):
        if isinstance(event, Departure):
            owe(owed, event.con_id, take(lots, in_order_of_sale(lots, event.con_id, None), event.quantity))
            continue
        order, execution = event
        con_id = order.ticket.instrument.con_id
        if order.proposal.call is not None:
            continue
        if order.ticket.side is Side.BUY:
            _add(lots, order, execution, bought(owed, con_id, execution.quantity))
        else:
            sold_first = in_order_of_sale(lots, con_id, order.proposal.tranche)
            owe(owed, con_id, take(lots, sold_first, execution.quantity))
    return tuple(lots)


def owe(owed: Counter[int], con_id: int, quantity: int) -> None:
    """Count contracts that left without being owned; a negative quantity forgives as many."""
    owed[con_id] = max(0, owed[con_id] + quantity)


def bought(owed: Counter[int], con_id: int, quantity: int) -> int:
    """Return what is left of a purchase after it has made up for what is owed."""
    paid = min(owed[con_id], quantity)
    owed[con_id] -= paid
    return quantity - paid


def _add(lots: list[Lot], order: Order, execution: Execution, more: int) -> None:
    if not more:
        return
    instrument, tranche, day = order.ticket.instrument, order.proposal.tranche or 0, session_day(execution.at)
    for at, lot in enumerate(lots):
        if (lot.con_id, lot.tranche, lot.bought_on) == (instrument.con_id, tranche, day):
            lots[at] = grown(lot, more, execution.price)
            return
    lots.append(
        Lot(
            con_id=instrument.con_id,
            trading_class=instrument.trading_class,
            multiplier=instrument.multiplier,
            settles_on=instrument.expires_on or date.max,
            tranche=tranche,
            quantity=more,
            price=execution.price,
            bought_at=execution.at,
            bought_on=day,
        )
    )


def grown(lot: L, more: int, price: float) -> L:
    """Return a lot to which contracts were added, at the average price."""
    quantity = lot.quantity + more
    return replace(lot, quantity=quantity, price=(lot.quantity * lot.price + more * price) / quantity)


def take(lots: list[L], in_order: Iterable[L], quantity: int) -> int:
    """Take contracts from some of the lots, one after the other; return how many were not there."""
    for lot in in_order:
        taken = max(0, min(quantity, lot.quantity))
        quantity -= taken
        at = lots.index(lot)
        if taken == lot.quantity:
            del lots[at]
        elif taken > 0:
            lots[at] = replace(lot, quantity=lot.quantity - taken)
    return quantity


def in_order_of_sale(lots: Iterable[Lot], con_id: int, tranche: int | None) -> list[Lot]:
    """Return the lots of a contract as a sale takes them: those of the tranche it names, then the dearest first."""
    held = [lot for lot in lots if lot.con_id == con_id]
    return sorted(held, key=lambda lot: (lot.tranche != tranche if tranche is not None else False, -lot.price))
