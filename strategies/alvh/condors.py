"""Recognise iron condors in raw option legs.

A broker shows legs, not strategies. Within one settlement instant (AM and PM classes of a day are two) short puts are
matched with long puts below them and short calls with long calls above them; a put vertical and a call vertical make
a condor, wings of any width. What is left over (a lone vertical, a naked short, a spare long, a contract that is no
SPX option) is reported and never hedged: only condors set the target.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from strategies.alvh.records import OptionLeg, Right
from strategies.alvh.surface import is_spx


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertical:
    """Hold a credit spread: the short leg, the long wing farther out, and how many of them."""

    short: OptionLeg
    wing: OptionLeg
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Condor:
    """Hold `quantity` iron condors of one expiry."""

    settles_at: datetime
    put: Vertical
    call: Vertical
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Hold a signed piece of one leg, inside a condor or left over."""

    leg: OptionLeg
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Hold the condors found, their legs added up, and the pieces that belong to none."""

    condors: tuple[Condor, ...]
    parts: tuple[Part, ...]
    remainder: tuple[Part, ...]

    @property
    def count(self) -> int:
        """Return the number of condors."""
        return sum(condor.quantity for condor in self.condors)


def recognise(legs: Sequence[OptionLeg], now: datetime) -> Recognition:
    """Return the condors in these legs, the remainder beside them; legs that have settled by `now` are neither."""
    living = [leg for leg in legs if leg.quantity != 0 and leg.settles_at > now]
    expiries: defaultdict[datetime, list[int]] = defaultdict(list)
    for index, leg in enumerate(living):
        if is_spx(leg) and math.isfinite(leg.strike):
            expiries[leg.settles_at].append(index)
    condors: list[Condor] = []
    inside = [0] * len(living)
    for settles_at in sorted(expiries):
        members = expiries[settles_at]
        puts = _verticals(living, members, Right.PUT)
        calls = _verticals(living, members, Right.CALL)
        for put, call, quantity in _paired(puts, calls):
            condors.append(_condor(living, put, call, quantity))
            for short, wing in (put, call):
                inside[short] -= quantity
                inside[wing] += quantity
    return Recognition(
        condors=tuple(condors),
        parts=_parts(living, inside),
        remainder=_parts(living, [leg.quantity - part for leg, part in zip(living, inside, strict=True)]),
    )


_Pair = tuple[int, int]  # index of the short, index of the wing
_Spread = tuple[_Pair, int]  # and how many


def _verticals(legs: Sequence[OptionLeg], members: Iterable[int], right: Right) -> list[_Spread]:
    """Match shorts with wings, the farthest short first with the nearest wing beyond it, which matches the most.

    Returns the spreads nearest to the money first: highest short put, lowest short call.
    """
    outward = 1.0 if right is Right.CALL else -1.0
    ordered = sorted((i for i in members if legs[i].right is right), key=lambda i: (-outward * legs[i].strike, i))
    wings: list[tuple[int, int]] = []
    spreads: list[_Spread] = []
    for _, group in groupby(ordered, key=lambda i: legs[i].strike):
        here = list(group)
        for short in (i for i in here if legs[i].quantity < 0):
            spreads.extend(_matched(short, -legs[short].quantity, wings))
        wings.extend((i, legs[i].quantity) for i in here if legs[i].quantity > 0)
    return spreads[::-1]


def _matched(short: int, wanted: int, wings: list[tuple[int, int]]) -> Iterator[_Spread]:
    """Take wings off the end of `wings`, the nearest first, until the short is covered or none is left."""
    while wanted and wings:
        wing, available = wings.pop()
        taken = min(wanted, available)
        wanted -= taken
        if available > taken:
            wings.append((wing, available - taken))
        yield (short, wing), taken


def _paired(puts: Sequence[_Spread], calls: Sequence[_Spread]) -> Iterator[tuple[_Pair, _Pair, int]]:
    """Pair put with call spreads in order, cutting the larger one, until one side is used up."""
    left, right = list(reversed(puts)), list(reversed(calls))
    while left and right:
        (put, put_quantity), (call, call_quantity) = left.pop(), right.pop()
        quantity = min(put_quantity, call_quantity)
        yield put, call, quantity
        if put_quantity > quantity:
            left.append((put, put_quantity - quantity))
        if call_quantity > quantity:
            right.append((call, call_quantity - quantity))


def _condor(legs: Sequence[OptionLeg], put: _Pair, call: _Pair, quantity: int) -> Condor:
    return Condor(
        settles_at=legs[put[0]].settles_at,
        put=Vertical(short=legs[put[0]], wing=legs[put[1]], quantity=quantity),
        call=Vertical(short=legs[call[0]], wing=legs[call[1]], quantity=quantity),
        quantity=quantity,
    )


def _parts(legs: Sequence[OptionLeg], quantities: Sequence[int]) -> tuple[Part, ...]:
    pieces = zip(legs, quantities, strict=True)
    return tuple(Part(leg=leg, quantity=quantity) for leg, quantity in pieces if quantity != 0)
