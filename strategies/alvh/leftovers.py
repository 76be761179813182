"""Name what is left over beside the condors, and say why it belongs to none."""

from __future__ import annotations

import math
from collections.abc import Iterator

from strategies.alvh.condors import Recognition
from strategies.alvh.records import Leftover, OptionLeg, Right
from strategies.alvh.surface import is_spx


def leftovers(found: Recognition, *, hedge_lone_spreads: bool) -> tuple[Leftover, ...]:
    """Return the spreads without a partner, then the pieces of legs that are in no spread; nothing is named twice."""
    return (*_spreads(found, hedged=hedge_lone_spreads), *_pieces(found))


def name(leg: OptionLeg) -> str:
    """Return the leg's name as traders write it: class, last trading day, strike and right."""
    return f"{leg.trading_class} {leg.expires_on} {leg.strike:g}{leg.right}"


def _spreads(found: Recognition, *, hedged: bool) -> Iterator[Leftover]:
    for spread in found.lone_spreads:
        side = "call" if spread.short.right is Right.CALL else "put"
        yield Leftover(
            con_ids=(spread.short.con_id, spread.wing.con_id),
            label=f"{name(spread.short)}/{spread.wing.strike:g}{spread.wing.right}",
            quantity=spread.quantity,
            why=f"unmatched {side} spread",
            hedged=hedged,
        )


def _pieces(found: Recognition) -> Iterator[Leftover]:
    held = found.holding(lone=True)
    for leg, part in zip(found.legs, held, strict=True):
        quantity = leg.quantity - part
        if quantity != 0:
            yield Leftover(con_ids=(leg.con_id,), label=name(leg), quantity=quantity, why=_why(leg, quantity))


def _why(leg: OptionLeg, quantity: int) -> str:
    if not is_spx(leg):
        return "other class"
    if not math.isfinite(leg.strike):
        return "no strike"
    side = "call" if leg.right is Right.CALL else "put"
    return f"naked {side}" if quantity < 0 else f"spare long {side}"
