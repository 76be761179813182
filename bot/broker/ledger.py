"""Count what may still be sold, so that no SELL can ever exceed what the account holds.

Only frames that prove something move this count: positions, executions, and statuses that IB sent as such. An order
that an error frame made look cancelled still counts as working.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from bot.broker.port import Fill, OrderState, OrderUpdate
from strategies.alvh.records import Side

OURS = "alvh-"  # how refs of this program begin
_DEAD = frozenset({OrderState.CANCELLED, OrderState.REJECTED})


@dataclass(slots=True, kw_only=True)
class _Sell:
    con_id: int
    quantity: int
    executed: int = 0
    is_ours: bool = False


@dataclass(slots=True)
class Ledger:
    """Hold the account's long quantities and the sells that may still fill."""

    held: dict[int, int] = field(default_factory=dict)
    confirmed: bool = False
    traded: dict[int, int] = field(default_factory=dict)  # bought less sold since the last confirmed snapshot
    _sells: dict[str, _Sell] = field(default_factory=dict)
    _executions: dict[str, Fill] = field(default_factory=dict)

    def positions(self, held: dict[int, int]) -> None:
        """Take a confirmed snapshot of the account."""
        self.held = dict(held)
        self.traded = {}
        self.confirmed = True

    def position(self, con_id: int, quantity: int) -> None:
        """Take a pushed position."""
        self.held[con_id] = quantity

    def sent(self, ref: str, con_id: int, side: Side, quantity: int) -> None:
        """Count an order from the moment at which it is sent."""
        if side is Side.SELL and ref not in self._sells:
            self._sells[ref] = _Sell(con_id=con_id, quantity=quantity, is_ours=True)

    def updated(self, update: OrderUpdate) -> None:
        """Take a status; one that an error frame caused proves nothing and changes nothing."""
        if update.by_error or update.side is not Side.SELL:
            return
        key = update.ref or str(update.perm_id)
        if update.state in _DEAD:
            self._sells.pop(key, None)
        elif key not in self._sells and update.state is not OrderState.FILLED:
            self._sells[key] = _Sell(
                con_id=update.con_id,
                quantity=update.filled + update.remaining,
                executed=update.filled,
                is_ours=key.startswith(OURS),
            )

    def listed(self, keys: Collection[str]) -> None:
        """Take a whole list of working orders: a sale of other people that it does not show is on offer no longer.

        One of ours stays until something proves its end.
        """
        for key in [key for key in self._sells if key not in keys and not self._sells[key].is_ours]:
            del self._sells[key]

    def forget(self, ref: str) -> None:
        """Offer no longer what readings proved to be nowhere; a word of it counts it again."""
        self._sells.pop(ref, None)

    def filled(self, fill: Fill) -> None:
        """Take an execution once, live or read; the position that IB pushes or answers after it says the same.

        One that is read after a snapshot which held it already makes the count too small until the next snapshot, never
        too large. A correction moves the count only where it makes it smaller, for the same reason.
        """
        known = self._executions.get(fill.root)
        if known is not None and known.exec_id >= fill.exec_id:
            return
        self._executions[fill.root] = fill
        more = fill.quantity - (known.quantity if known is not None else 0)
        sign = 1 if fill.side is Side.BUY else -1
        self.traded[fill.con_id] = self.traded.get(fill.con_id, 0) + sign * more
        taken_back = -more if known is not None else 0
        lost = more if fill.side is Side.SELL else taken_back
        self.held[fill.con_id] = self.held.get(fill.con_id, 0) - max(0, lost)
        sell = self._sells.get(fill.ref or str(fill.perm_id))
        if sell is not None and fill.side is Side.SELL:
            sell.executed += max(0, more)

    def known(self, con_id: int) -> int | None:
        """Return what the account holds of a contract as last told; `None` before a confirmed snapshot."""
        return self.held.get(con_id, 0) if self.confirmed else None

    def sellable(self, con_id: int) -> int:
        """Return how many contracts may be offered now; nothing before a confirmed snapshot."""
        if not self.confirmed:
            return 0
        working = sum(max(0, sell.quantity - sell.executed) for sell in self._sells.values() if sell.con_id == con_id)
        return max(0, self.held.get(con_id, 0) - working)
