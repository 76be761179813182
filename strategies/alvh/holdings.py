"""Count what the bot owns, has working and may still sell, in minis (1 VX is 10 of them)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from strategies.alvh.records import Book, FuturePosition, HedgeState, Lot, Side, Working

MINI_MULTIPLIER = 100


def minis(quantity: int, multiplier: int) -> int:
    """Return contracts as minis: 1 for a VXM, 10 for a VX."""
    return quantity * multiplier // MINI_MULTIPLIER


def owned(lots: Iterable[Lot]) -> int:
    """Return the minis in these lots."""
    return sum(minis(lot.quantity, lot.multiplier) for lot in lots)


def working_minis(state: HedgeState, side: Side) -> int:
    """Return the minis that working orders of one side may still fill."""
    return sum(minis(order.remaining, order.multiplier) for order in working(state, side))


def working(state: HedgeState, side: Side) -> tuple[Working, ...]:
    """Return the bot's live orders of one side; an order of unknown outcome is live."""
    return tuple(order for order in state.working if order.side is side and order.remaining > 0)


def taken_back(buys: Iterable[Working]) -> tuple[str, ...]:
    """Return the refs of these buys to cancel; one of unknown outcome is read about first."""
    return tuple(order.ref for order in buys if not order.unknown)


def busy(state: HedgeState, con_id: int) -> bool:
    """Say whether an order of the bot in this contract is still alive: one open order per contract."""
    return any(order.con_id == con_id and order.remaining > 0 for order in state.working)


def sellable(book: Book, state: HedgeState, con_id: int) -> int:
    """Return the contracts the bot may sell: its own lots, never more than the account holds, less working sells."""
    own = sum(lot.quantity for lot in state.lots if lot.con_id == con_id)
    held = sum(position.quantity for position in book.futures if position.con_id == con_id)
    selling = sum(order.remaining for order in working(state, Side.SELL) if order.con_id == con_id)
    return max(0, min(own, held) - selling)


def believable(book: Book, state: HedgeState, max_age_s: float) -> bool:
    """Say whether the list of positions proves what is gone: confirmed, recent, and not empty where lots are owned.

    IB has answered with an empty list in place of the account; such a list lacks the bot's own lots as well.
    """
    age_s = book.age_s
    if not book.complete or not 0.0 <= age_s <= max_age_s:
        return False
    held = {position.con_id for position in book.futures if position.quantity > 0}
    held |= {option.con_id for option in book.vix_options if option.quantity > 0}
    own = {lot.con_id for lot in state.lots} | {lot.con_id for lot in state.calls}
    return not own or bool(book.legs) or not own.isdisjoint(held)


def foreign(book: Book, state: HedgeState) -> tuple[FuturePosition, ...]:
    """Return the account's volatility futures that the bot did not buy, long and short.

    What the account holds beyond the bot's lots is foreign; what it lacks of them is a mismatch for reconciliation,
    not a foreign short.
    """
    found = []
    for position in book.futures:
        own = sum(lot.quantity for lot in state.lots if lot.con_id == position.con_id)
        rest = position.quantity - own
        if rest > 0 or (rest < 0 and own == 0):
            found.append(replace(position, quantity=rest))
    return tuple(found)


def foreign_long_minis(book: Book, state: HedgeState) -> int:
    """Return the minis of foreign futures per settlement day where they are net long; shorts elsewhere free nothing."""
    by_date: dict[date, int] = {}
    for position in foreign(book, state):
        held = by_date.get(position.settles_on, 0)
        by_date[position.settles_on] = held + minis(position.quantity, position.multiplier)
    return sum(max(0, held) for held in by_date.values())


def average_price(lots: Iterable[Lot]) -> float | None:
    """Return the average price of these lots in points, weighted by minis; `None` when there are none."""
    held = tuple(lots)
    total = owned(held)
    return sum(lot.price * minis(lot.quantity, lot.multiplier) for lot in held) / total if total > 0 else None
