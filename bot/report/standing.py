"""Say how the bot stands, from the journal alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.journal import Entry, Kind, Projection
from bot.journal.reading import Reading
from bot.orders.life import Order
from bot.report.story import contract_name
from bot.supervise.tickets import Ticket, Tickets
from strategies.alvh.records import CallLot, Lot

SHOWN = 5  # alerts and operator's words, the latest
NEW_YORK = ZoneInfo("America/New_York")


def standing(mode: str, account: str, journal: Reading) -> dict[str, Any]:
    """Return the facts of `alvh status` in the order in which they are printed; times in New York."""
    projection, tickets = Projection(), Tickets()
    journal.recollect(projection)
    for entry in journal.entries(kinds={Kind.TICKET, Kind.CONSENT}):
        tickets.apply(entry)
    last = next(journal.entries(after=journal.last_seq() - 1), None)
    last_wakeup = next(iter(journal.latest(Kind.WAKEUP)), None)
    start = next(iter(journal.latest(Kind.START)), None)
    memory = projection.memory()
    locks = () if last is None else projection.locked(last.at.astimezone(NEW_YORK).date())
    return {
        "mode": mode,
        "account": account,
        "method_profile": "steward" if start is None else start.body.get("policy", {}).get("profile", "steward"),
        "last_entry": None if last is None else f"{clock(last.at)} ({last.kind}, seq {last.seq})",
        "wakeups": journal.count(Kind.WAKEUP),
        "phase": str(memory.phase),
        "last_wakeup": None if last_wakeup is None else f"{clock(last_wakeup.at)} seq {last_wakeup.seq}",
        "decided": None if last_wakeup is None else last_wakeup.body["decision"]["summary"],
        "refused_since": _refused(journal, last_wakeup),
        "hedge": [_lot(lot) for lot in projection.lots()],
        "vix_calls": [_call(lot) for lot in projection.calls()],
        "working_orders": [
            f"{order.ticket.side} {order.remaining} {contract_name(order)} {order.life}"
            for order in projection.open_orders
        ],
        "waiting_tickets": [_ticket(ticket) for ticket in tickets.open],
        "opening_locked_by": [*locks, *projection.contract_locks.values()],
        "operator_words": [f"{clock(entry.at)} {_word(entry.body)}" for entry in journal.latest(Kind.OPERATOR, SHOWN)],
        "alerts": [f"{clock(entry.at)} {entry.body.get('why', '')}" for entry in journal.latest(Kind.ALERT, SHOWN)],
    }


def order_rows(journal: Reading) -> list[dict[str, Any]]:
    """Return one row for each order that was intended, oldest first."""
    projection = Projection()
    journal.recollect(projection)
    return [_row(order) for order in projection.orders.values()]


def clock(at: datetime) -> str:
    """Return an instant in New York time."""
    return f"{at.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M:%S}"


def _refused(journal: Reading, wakeup: Entry | None) -> list[str]:
    """Return what was decided and not sent, from the last wake-up on."""
    return [
        f"{entry.body['proposal']['side']} {entry.body['proposal']['quantity']} "
        f"{entry.body['proposal']['trading_class']}: {entry.body['by']}: {entry.body['why']}"
        for entry in journal.latest(Kind.REFUSAL, SHOWN)
        if wakeup is None or entry.at >= wakeup.at
    ]


def _word(body: Mapping[str, Any]) -> str:
    """Return what an operator said and what became of it."""
    said = f"{body['who'] or 'somebody'}: {body['word'] or 'an unreadable word'} {body['subject']}".strip()
    why = f" ({body['why']})" if body["why"] else ""
    return f"{said} - {'obeyed' if body['accepted'] else 'not obeyed'}{why}"


def _lot(lot: Lot) -> str:
    bought = f"tranche {lot.tranche}, {clock(lot.bought_at)}"
    return f"{lot.quantity} {lot.trading_class} {lot.settles_on} at {lot.price:.3f} ({bought})"


def _call(lot: CallLot) -> str:
    name = f"{lot.quantity} {lot.trading_class} {lot.settles_at:%d%b%y} {lot.strike:g} call"
    return f"{name} at {lot.price:.2f} ({lot.layer}, {clock(lot.bought_at)})"


def _ticket(ticket: Ticket) -> str:
    proposal = ticket.proposal
    order = f"{proposal.side} {proposal.quantity} {proposal.trading_class} ({proposal.purpose}): {proposal.reason}"
    return f"{ticket.id}  {order}; answer before {clock(ticket.deadline)}: alvh approve {ticket.id}"


def _row(order: Order) -> dict[str, Any]:
    return {
        "time": clock(order.intended_at),
        "side": str(order.ticket.side),
        "quantity": order.ticket.quantity,
        "contract": contract_name(order),
        "limit": str(order.limit),
        "state": str(order.life),
        "filled": order.filled,
        "average": None if order.average is None else round(order.average, 4),
        "why": order.proposal.reason,
        "broker_said": order.text,
        "ref": order.ref,
    }
