"""Recognise iron condors in raw option legs.

A broker shows legs, not strategies. Within one settlement instant (AM and PM classes of a day are two) short puts are
matched with long puts below them and short calls with long calls above them; a put vertical and a call vertical make
a condor, wings of any width, opened together or not. What is left over (a lone vertical, a naked short, a spare long,
a contract that is no SPX option) is reported and never hedged: only condors set the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np

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


_Spread = tuple[int, int, int]  # places of the short and of the wing among the legs, and how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Hold what the living legs are: which spreads make condors, and which found no partner.

    Spreads name legs by their place in `legs`; `pairs` are put and call spreads of equal quantity. `inside` is the
    signed quantity of each leg that condors hold.
    """

    legs: tuple[OptionLeg, ...]
    pairs: tuple[tuple[_Spread, _Spread], ...]
    lone: tuple[_Spread, ...]
    inside: tuple[int, ...]

    @property
    def count(self) -> int:
        """Return the number of condors."""
        return sum(put[2] for put, _ in self.pairs)

    @property
    def margin_usd(self) -> float:
        """Return the Regulation T margin of the condors: the wider side of each, since only one side can lose."""
        legs = self.legs
        return sum(
            put[2] * legs[put[0]].multiplier * max(_width(legs, put), _width(legs, call)) for put, call in self.pairs
        )

    @property
    def condors(self) -> tuple[Condor, ...]:
        """Return the condors, nearest expiry first, and in each those nearest to the money first."""
        return tuple(
            Condor(
                settles_at=self.legs[put[0]].settles_at,
                put=self._vertical(put),
                call=self._vertical(call),
                quantity=put[2],
            )
            for put, call in self.pairs
        )

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return what condors hold of each leg."""
        return tuple(
            Part(leg=leg, quantity=part) for leg, part in zip(self.legs, self.inside, strict=True) if part != 0
        )

    @property
    def lone_spreads(self) -> tuple[Vertical, ...]:
        """Return the spreads that found no partner, nearest expiry first."""
        return tuple(self._vertical(spread) for spread in self.lone)

    @property
    def remainder(self) -> tuple[Part, ...]:
        """Return what belongs to no condor of each leg."""
        pieces = ((leg, leg.quantity - part) for leg, part in zip(self.legs, self.inside, strict=True))
        return tuple(Part(leg=leg, quantity=quantity) for leg, quantity in pieces if quantity != 0)

    def holding(self, *, lone: bool) -> tuple[int, ...]:
        """Return the signed quantity of each leg that condors hold, and the spreads without a partner if `lone`."""
        if not lone:
            return self.inside
        beside = _held([self.lone], len(self.legs))
        return tuple(part + more for part, more in zip(self.inside, beside, strict=True))

    def _vertical(self, spread: _Spread) -> Vertical:
        short, wing, quantity = spread
        return Vertical(short=self.legs[short], wing=self.legs[wing], quantity=quantity)


def recognise(legs: Iterable[OptionLeg], now: datetime) -> Recognition:
    """Return the condors in these legs; those that have settled by `now` are neither inside nor left over."""
    living = tuple(leg for leg in legs if leg.quantity != 0 and leg.settles_at > now)
    free = [leg.quantity for leg in living]
    pairs: list[tuple[_Spread, _Spread]] = []
    lone: list[_Spread] = []
    for puts, calls in _sides(living):
        left, right = _spreads(puts, free), _spreads(calls, free)
        pairs.extend(_paired(left, right))
        lone += left[::-1] + right[::-1]
    return Recognition(legs=living, pairs=tuple(pairs), lone=tuple(lone), inside=_held(pairs, len(living)))


def _sides(legs: Sequence[OptionLeg]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the puts and the calls of each expiry as places, from the far strikes to the near, shorts first at each."""
    strike = np.array([leg.strike for leg in legs], dtype=np.float64)
    known = np.array([is_spx(leg) for leg in legs], dtype=np.bool_) & np.isfinite(strike)
    is_call = np.array([leg.right is Right.CALL for leg in legs], dtype=np.bool_)
    is_long = np.array([leg.quantity > 0 for leg in legs], dtype=np.bool_)
    instants = [leg.settles_at for leg in legs]
    place = {instant: index for index, instant in enumerate(sorted(set(instants)))}
    side = 2 * np.array([place[instant] for instant in instants], dtype=np.intp) + is_call
    order = np.lexsort((is_long, np.where(is_call, -strike, strike), side))
    order = order[known[order]]
    ends = np.searchsorted(side[order], np.arange(2 * len(place) + 1)).tolist()
    places = order.tolist()
    sides = [places[start:end] for start, end in pairwise(ends)]
    yield from zip(sides[::2], sides[1::2], strict=True)


def _spreads(places: Sequence[int], free: list[int]) -> list[_Spread]:
    """Match shorts with wings, the farthest short first with the nearest wing beyond it, which matches the most.

    Takes what it matches off `free`, the quantity of each leg that nothing holds yet. The spreads nearest to the money
    come last.
    """
    wings: list[int] = []
    spreads: list[_Spread] = []
    for place in places:
        if free[place] > 0:
            wings.append(place)
        while free[place] < 0 and wings:
            wing = wings[-1]
            taken = min(-free[place], free[wing])
            spreads.append((place, wing, taken))
            free[place] += taken
            free[wing] -= taken
            if free[wing] == 0:
                wings.pop()
    return spreads


def _paired(puts: list[_Spread], calls: list[_Spread]) -> Iterator[tuple[_Spread, _Spread]]:
    """Pair put with call spreads from the ends of both, cutting the larger one, until one side is used up."""
    while puts and calls:
        put, call = puts.pop(), calls.pop()
        quantity = min(put[2], call[2])
        yield _cut(put, quantity, puts), _cut(call, quantity, calls)


def _width(legs: Sequence[OptionLeg], spread: _Spread) -> float:
    """Return the points between short leg and wing."""
    return abs(legs[spread[0]].strike - legs[spread[1]].strike)


def _cut(spread: _Spread, quantity: int, rest: list[_Spread]) -> _Spread:
    """Return `quantity` of these spreads and put what is beyond that back on `rest`."""
    short, wing, available = spread
    if available > quantity:
        rest.append((short, wing, available - quantity))
    return short, wing, quantity


def _held(groups: Sequence[Sequence[_Spread]], legs: int) -> tuple[int, ...]:
    """Return the signed quantity that these spreads hold of each leg."""
    held = [0] * legs
    for group in groups:
        for short, wing, quantity in group:
            held[short] -= quantity
            held[wing] += quantity
    return tuple(held)
