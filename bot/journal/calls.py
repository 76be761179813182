"""Fold executions into the VIX calls that the bot owns by layer, and orders into what each layer spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from bot.journal.lots import Departure, bought, grown, in_time, owe, session_day, take
from bot.orders.life import Execution, Order
from strategies.alvh.records import CallLot, CallSpend, CallTerms, Side


def fold_calls(
    executions: Iterable[tuple[Order, Execution]], departures: Iterable[Departure] = ()
) -> tuple[CallLot, ...]:
    """Return the VIX calls that are still owned after executions in order of time; futures are passed over.

    Buys of the same contract, layer and day make one lot at their average price. A sale takes from its own layer, the
    oldest first; a sale without a layer (a flatten) takes from all of them. Where a flatten took what another sale was
    selling already, that sale takes the rest from the other layers: what left the account is not owned. A departure
    takes from all layers.
    """
    lots: list[CallLot] = []
    owed: Counter[int] = Counter()
    for event in in_time(executions, departures):
        if isinstance(event, Departure):
            owe(owed, event.con_id, take(lots, _in_order_of_sale(lots, event.con_id, ""), event.quantity))
            continue
        order, execution = event
        con_id, call = order.ticket.instrument.con_id, order.proposal.call
        if call is None:
            continue
        if order.ticket.side is Side.BUY:
            _add(lots, order, call, execution, bought(owed, con_id, execution.quantity))
        else:
            owe(owed, con_id, take(lots, _in_order_of_sale(lots, con_id, call.layer), execution.quantity))
    return tuple(lots)


def call_spend(orders: Iterable[Order]) -> tuple[CallSpend, ...]:
    """Return what each layer bought in each session; what still works counts as spent at its limit."""
    found: dict[tuple[str, date], CallSpend] = {}
    for order in orders:
        call = order.proposal.call
        if call is None or order.ticket.side is not Side.BUY:
            continue
        key = (call.layer, session_day(order.intended_at))
        before = found.get(key) or CallSpend(layer=key[0], bought_on=key[1], orders=0, contracts=0, premium_usd=0.0)
        paid = sum(execution.quantity * execution.price for execution in order.executions.values())
        offered = order.remaining * float(order.limit) if not order.done else 0.0
        found[key] = replace(
            before,
            orders=before.orders + 1,
            contracts=before.contracts + order.filled,
            premium_usd=before.premium_usd + (paid + offered) * order.ticket.instrument.multiplier,
        )
    return tuple(found.values())


def _add(lots: list[CallLot], order: Order, call: CallTerms, execution: Execution, more: int) -> None:
    if not more:
        return
    instrument, day = order.ticket.instrument, session_day(execution.at)
    for at, lot in enumerate(lots):
        if (lot.con_id, lot.layer, lot.bought_on) == (instrument.con_id, call.layer, day):
            lots[at] = grown(lot, more, execution.price)
            return
    lots.append(
        CallLot(
            con_id=instrument.con_id,
            trading_class=instrument.trading_class,
            right=call.right,
            strike=call.strike,
            expires_on=call.expires_on,
            settles_at=call.settles_at,
            multiplier=instrument.multiplier,
            layer=call.layer,
            quantity=more,
            price=execution.price,
            bought_at=execution.at,
            bought_on=day,
        )
    )


def _in_order_of_sale(lots: Iterable[CallLot], con_id: int, layer: str) -> list[CallLot]:
    """Return the lots of a contract as a sale takes them: those of its own layer, then the oldest first."""
    held = [lot for lot in lots if lot.con_id == con_id]
    return sorted(held, key=lambda lot: (layer not in (lot.layer, ""), lot.bought_at))
