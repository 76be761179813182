"""Match one order against the displayed market: at once, or resting.

A marketable order walks the displayed depth. A resting order is modelled by three rules, all fixed functions of seed,
order and time:

* the market comes to it (the opposite touch reaches its limit): it fills at its own limit, up to the size that came;
* it rests at the touch: volume that trades there, up to a touch's size a minute, serves the size displayed when it
  joined and then the order;
* it stands alone inside the spread: it is the touch, and the other side crosses to it with a chance per minute that
  rises with how much of the spread it gives.

These rules are a model of a queue, not a record of one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import exp, floor

from bot.gateway.exchange.depth import DisplayedDepth, Level, Side
from bot.gateway.exchange.draws import draw
from bot.gateway.exchange.orders import Leg, WorkingOrder
from bot.gateway.exchange.ticks import increment, not_above, same, tidy
from bot.gateway.records import Market

REMOVED, ADDED = 2, 1  # IB's lastLiquidity
CROSSES_PER_MINUTE = 0.5  # rate at the near edge of the spread
CROSSES_PER_MINUTE_MORE = 1.5  # added in proportion to how far into the spread the order stands
MAX_SECONDS = 60.0  # what happened in a longer silence is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Hold one execution of an order: net price a unit, and the price of each leg."""

    quantity: float
    price: float
    leg_prices: tuple[float, ...]
    liquidity: int


class _Cursor:
    """Walk the levels of the side that one leg takes from."""

    def __init__(self, depth: DisplayedDepth, leg: Leg, direction: int) -> None:
        self.leg = leg
        self.side = Side.ASK if leg.sign * direction > 0 else Side.BID
        self._levels = depth.levels(leg.contract, self.side)
        self._at = 0
        self._used = 0.0
        self._settle()

    @property
    def level(self) -> Level | None:
        return self._levels[self._at] if self._at < len(self._levels) else None

    @property
    def units(self) -> float:
        """Return how many order units the present level can serve."""
        level = self.level
        return 0.0 if level is None else float(floor((level.available - self._used) / self.leg.ratio))

    def use(self, units: float) -> None:
        self._used += units * self.leg.ratio
        self._settle()

    def _settle(self) -> None:
        while self.level is not None and self.units < 1:
            self._at += 1
            self._used = 0.0


class Matcher:
    """Find what an order executes against the market as it is now."""

    def __init__(self, market: Market, depth: DisplayedDepth, seed: int) -> None:
        self._market = market
        self._depth = depth
        self._seed = seed
        self._held: Counter[tuple[int, int]] = Counter()

    def hold(self, key: tuple[int, int], *, held: bool) -> None:
        """Keep the order of this client and order id from executing; or let it, as often as it was kept."""
        self._held[key] += 1 if held else -1

    def given(self, order: WorkingOrder, quantity: float) -> Slice | None:
        """Return an execution of so much at the order's limit, or at the touch; `None` without a price."""
        price = order.limit if order.limit is not None else self._net_touch(order, 1)
        size = min(quantity, order.remaining)
        if price is None or size < 1:
            return None
        return Slice(quantity=size, price=price, leg_prices=self._split(order, price), liquidity=REMOVED)

    def take(self, order: WorkingOrder, *, dry: bool = False) -> list[Slice]:
        """Return the executions of a marketable order at displayed prices, removing the size taken unless `dry`."""
        if self._held[order.key] > 0:
            return []
        cursors = [_Cursor(self._depth, leg, order.direction) for leg in order.legs]
        remaining, slices = order.remaining, []
        while remaining >= 1:
            levels = [c.level for c in cursors]
            shown = tuple(level.price for level in levels if level is not None)
            if len(shown) < len(levels):
                break
            net = _net(order.legs, shown)
            if not self._acceptable(order, net):
                break
            units = min(remaining, *(c.units for c in cursors))
            slices.append(Slice(quantity=units, price=net, leg_prices=shown, liquidity=REMOVED))
            for cursor, level in zip(cursors, levels, strict=True):
                if not dry and level is not None:
                    self._depth.take(cursor.leg.contract.con_id, cursor.side, level.index, units * cursor.leg.ratio)
                cursor.use(units)
            remaining -= units
        return slices

    def rest(self, order: WorkingOrder, own_ahead: float, elapsed_s: float) -> list[Slice]:
        """Return the executions of an order that was already resting, `elapsed_s` seconds after the last look."""
        came = self.take(order)
        limit = order.limit
        if came or limit is None or elapsed_s <= 0 or self._held[order.key] > 0:
            return came if limit is None or order.is_combo else _at_limit(came, limit)
        minutes = min(elapsed_s, MAX_SECONDS) / 60.0
        return self._cross(order, limit, minutes) if order.is_combo else self._queue(order, limit, own_ahead, minutes)

    def join(self, order: WorkingOrder) -> float:
        """Return the displayed size that stands before a limit order joining the book now.

        It is 0 inside the spread, for combinations and without a limit.
        """
        limit = order.limit
        if limit is None or order.is_combo:
            return 0.0
        levels = self._depth.levels(order.legs[0].contract, _own_side(order))
        for level in levels:
            if same(level.price, limit):
                return level.size
        behind = [level for level in levels if order.direction * (limit - level.price) < 0]
        return behind[-1].size if behind else 0.0

    def _acceptable(self, order: WorkingOrder, net: float) -> bool:
        limit = order.limit
        return limit is None or not_above(order.direction * net, order.direction * limit)

    def _queue(self, order: WorkingOrder, limit: float, own_ahead: float, minutes: float) -> list[Slice]:
        """Serve the queue at the touch, or try a crossing when the order stands before the touch."""
        leg = order.legs[0]
        touch = self._depth.touch(leg.contract.con_id, _own_side(order))
        if touch is None or order.direction * (limit - touch[0]) > 1e-7:
            return self._cross(order, limit, minutes)
        if not same(touch[0], limit):
            return []
        order.queue_ahead = min(order.queue_ahead, touch[1] + own_ahead)
        flow = draw(self._seed, "flow", leg.contract.con_id, order.request.action, self._market.now)
        order.queue_ahead -= touch[1] * minutes * flow
        served = min(float(floor(-order.queue_ahead)), order.remaining)
        if served < 1:
            return []
        order.queue_ahead += served
        return [Slice(quantity=served, price=limit, leg_prices=(limit,), liquidity=ADDED)]

    def _cross(self, order: WorkingOrder, limit: float, minutes: float) -> list[Slice]:
        """Let the other side come to an order inside the spread, by chance."""
        near, far = self._net_touch(order, -1), self._net_touch(order, 1)
        if near is None or far is None or order.direction * (limit - near) < 0 or same(near, far):
            return []
        depth_in_spread = min((limit - near) / (far - near), 1.0)
        rate = CROSSES_PER_MINUTE + CROSSES_PER_MINUTE_MORE * depth_in_spread
        if draw(self._seed, "cross", order.perm_id, self._market.now) >= 1.0 - exp(-rate * minutes):
            return []
        size = min(self._opposite_size(order), order.remaining)
        if size < 1:
            return []
        return [Slice(quantity=size, price=limit, leg_prices=self._split(order, limit), liquidity=ADDED)]

    def _net_touch(self, order: WorkingOrder, towards: int) -> float | None:
        """Return the net price of trading at once (`towards` 1) or joining the touch (-1); `None` without a market."""
        prices = []
        for leg in order.legs:
            side = Side.ASK if leg.sign * order.direction * towards > 0 else Side.BID
            touch = self._depth.touch(leg.contract.con_id, side)
            if touch is None:
                return None
            prices.append(touch[0])
        return _net(order.legs, tuple(prices))

    def _opposite_size(self, order: WorkingOrder) -> float:
        sizes = []
        for leg in order.legs:
            touch = self._depth.touch(leg.contract.con_id, Side.ASK if leg.sign * order.direction > 0 else Side.BID)
            sizes.append(0.0 if touch is None else floor(touch[1] / leg.ratio))
        return float(min(sizes))

    def _split(self, order: WorkingOrder, net: float) -> tuple[float, ...]:
        """Return leg prices that add up to `net`: every leg but the first at the rounded middle of its market."""
        if len(order.legs) == 1:
            return (net,)
        others = tuple(self._middle(leg) for leg in order.legs[1:])
        first = order.legs[0]
        rest = _net(order.legs[1:], others)
        return (tidy((net - rest) / (first.sign * first.ratio)), *others)

    def _middle(self, leg: Leg) -> float:
        sides = [self._depth.touch(leg.contract.con_id, side) for side in Side]
        mid = sum(touch[0] for touch in sides if touch is not None) / sum(touch is not None for touch in sides)
        step = increment(self._market, leg.contract, mid)
        return tidy(round(mid / step) * step)


def _net(legs: tuple[Leg, ...], prices: tuple[float, ...]) -> float:
    return tidy(sum(leg.sign * leg.ratio * price for leg, price in zip(legs, prices, strict=True)))


def _at_limit(slices: list[Slice], limit: float) -> list[Slice]:
    """Return one execution at the limit for all that came to a resting order."""
    size = sum(s.quantity for s in slices)
    return [Slice(quantity=size, price=limit, leg_prices=(limit,), liquidity=ADDED)] if size else []


def _own_side(order: WorkingOrder) -> Side:
    return Side.BID if order.direction > 0 else Side.ASK
