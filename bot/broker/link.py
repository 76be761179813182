"""Follow the line to the exchange by IB's notices."""

from __future__ import annotations

from bot.broker import codes
from bot.broker.port import LinkState


class Link:
    """Fold notices into one state; the worst one that still holds is the state."""

    def __init__(self) -> None:
        self.connected = False
        self._lost = False
        self._farms_down: set[str] = set()
        self._competing = False
        self._competing_is_new = False

    def opened(self) -> None:
        """Start afresh: a new connection tells its own troubles."""
        self.connected = True
        self._lost = self._competing = self._competing_is_new = False
        self._farms_down.clear()

    def closed(self) -> None:
        """Take note that our socket is gone."""
        self.connected = False

    def heard(self, code: int, text: str) -> bool:
        """Take one notice; return whether subscriptions must be renewed."""
        farm = text.rpartition(":")[2].strip()
        if code in (codes.CONNECTION_LOST, 2110):
            self._lost = True
        elif code in (codes.RESTORED_DATA_LOST, codes.RESTORED_DATA_KEPT):
            self._lost = False
            return True
        elif code in codes.FARM_BROKEN:
            self._farms_down.add(farm)
        elif code in codes.FARM_GOOD:
            was_down = farm in self._farms_down
            self._farms_down.discard(farm)
            return was_down
        elif code == codes.COMPETING_SESSION:
            self._competing = self._competing_is_new = True
        return False

    def ticked(self) -> None:
        """Take note of live ticks: they end a competing session, unless they came in the same packet as its notice."""
        if self._competing_is_new:
            self._competing_is_new = False
        else:
            self._competing = False

    def state(self, *, delayed: bool) -> LinkState:
        """Return the state; `delayed` says whether any line shows delayed data."""
        if not self.connected:
            return LinkState.DISCONNECTED
        if self._lost:
            return LinkState.LOST
        if self._farms_down:
            return LinkState.FARM_DOWN
        if self._competing:
            return LinkState.COMPETING
        return LinkState.DELAYED if delayed else LinkState.UP
