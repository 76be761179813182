"""Model the size that stands behind the displayed touch.

A market shows one price and one size a side. Behind it this model puts `LEVELS` levels, one tick apart, each larger
than the last: level k holds touch size x (1 + GROWTH x k), varied by up to 25% either way by a fixed draw from the
seed, the contract and the price. So slippage grows with size, and the same order against the same market always costs
the same. Size once taken stays taken until that side's price or size changes. It is a model: real books have holes
and hidden size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bot.gateway.exchange.draws import draw
from bot.gateway.exchange.ticks import increment, tidy
from bot.gateway.records import Contract, Market, Rung

LEVELS = 10
GROWTH = 0.5
VARIATION = 0.25


class Side(StrEnum):
    """Name the two sides of a market."""

    BID = "bid"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Hold one price level: `size` contracts shown, `available` of them not yet taken."""

    index: int
    price: float
    size: float
    available: float


@dataclass(slots=True)
class _Taken:
    touch: tuple[float, float]
    by_level: dict[int, float] = field(default_factory=dict)


class DisplayedDepth:
    """Give the levels of each side of each contract, less what was taken from them."""

    def __init__(self, market: Market, seed: int) -> None:
        self._market = market
        self._seed = seed
        self._taken: dict[tuple[int, Side], _Taken] = {}

    def touch(self, con_id: int, side: Side) -> tuple[float, float] | None:
        """Return (price, size) displayed on a side; `None` when the side is empty or the contract is halted."""
        quote = self._market.quote(con_id)
        price, size = (quote.bid, quote.bid_size) if side is Side.BID else (quote.ask, quote.ask_size)
        if quote.halted or price is None or price < 0 or not size or size < 1:
            return None
        return price, size

    def levels(self, contract: Contract, side: Side) -> list[Level]:
        """Return the levels of a side from the touch outwards; none when nothing is displayed."""
        touch = self.touch(contract.con_id, side)
        if touch is None:
            return []
        taken = self._taken_of(contract.con_id, side, touch)
        price, found = touch[0], []
        for index in range(LEVELS):
            if price <= 0:
                break
            size = self._size(contract.con_id, side, index, price, touch[1])
            found.append(Level(index=index, price=price, size=size, available=size - taken.by_level.get(index, 0.0)))
            step = increment(self._market, contract, price)
            price = tidy(price + step if side is Side.ASK else price - step)
        return found

    def left(self, contract: Contract, side: Side) -> tuple[Rung, ...]:
        """Return what is left of each level of a side; a level that has been taken whole is not shown."""
        return tuple(
            Rung(price=level.price, size=level.available)
            for level in self.levels(contract, side)
            if level.available >= 1
        )

    def take(self, con_id: int, side: Side, index: int, size: float) -> None:
        """Remove `size` from a level until that side's quote changes."""
        touch = self.touch(con_id, side)
        if touch is not None:
            taken = self._taken_of(con_id, side, touch).by_level
            taken[index] = taken.get(index, 0.0) + size

    def _taken_of(self, con_id: int, side: Side, touch: tuple[float, float]) -> _Taken:
        taken = self._taken.get((con_id, side))
        if taken is None or taken.touch != touch:
            taken = self._taken[(con_id, side)] = _Taken(touch)
        return taken

    def _size(self, con_id: int, side: Side, index: int, price: float, touch_size: float) -> float:
        if index == 0:
            return float(int(touch_size))
        vary = 1.0 + VARIATION * (2.0 * draw(self._seed, con_id, side, price) - 1.0)
        return float(max(1, round(touch_size * (1.0 + GROWTH * index) * vary)))
