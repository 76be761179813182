"""Stand where the order desk stands when nothing may be sent: guard every proposal, journal it, send nothing."""

from __future__ import annotations

from collections.abc import Mapping

from bot.broker.port import Instrument, Reader
from bot.clock import Clock
from bot.guard.controls import GuardSettings, failures, review
from bot.journal import Journal, Kind, Projection
from bot.journal.codec import to_json
from bot.orders.ladder import OrderSettings
from bot.orders.prices import Prices
from bot.orders.refs import order_ref
from bot.orders.situation import Look, situation
from strategies.alvh.records import Book, MarketView, Proposal


class RehearsalDesk:
    """Journal what would have been sent in dry-run; it holds a broker object that has no method that writes."""

    def __init__(
        self,
        *,
        broker: Reader,
        journal: Journal,
        projection: Projection,
        clock: Clock,
        mode: str,
        instruments: Mapping[int, Instrument],
        guard: GuardSettings,
        orders: OrderSettings,
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._projection = projection
        self._clock = clock
        self._mode = mode
        self._instruments = instruments
        self._guard = guard
        self._prices = Prices(broker, instruments, guard, orders)
        self._seen: set[str] = set()

    def submit(self, proposal: Proposal, view: MarketView, book: Book) -> None:
        """Journal once for each intent whether the controls would have let it pass, and at what limit."""
        ref = order_ref(self._mode, self._broker.account, proposal.key)
        if ref in self._seen:
            return
        self._seen.add(ref)
        limit = self._prices.first(proposal)
        seen = situation(
            proposal,
            ref,
            limit,
            Look(view=view, book=book),
            now=self._clock.now(),
            broker=self._broker,
            projection=self._projection,
            instruments=self._instruments,
            foreign={},
            cap_minis=None,
        )
        checks = review(seen, self._guard)
        body = {
            "what": "dry-run: not sent" if not failures(checks) else "dry-run: the controls would have refused it",
            "ref": ref,
            "proposal": to_json(proposal),
            "limit": None if limit is None else str(limit),
            "checks": [to_json(check) for check in checks],
        }
        self._journal.append(Kind.NOTE, body, at=self._clock.now())

    def cancel(self, ref: str) -> None:
        """Do nothing: nothing of the bot's can be working."""

    def has_work(self) -> bool:
        """Say no: nothing waits."""
        return False

    async def attend(self) -> None:
        """Do nothing: nothing waits."""

    async def recover(self) -> tuple[str, ...]:
        """Return what locks opening according to the journal."""
        return self._projection.locked(self._clock.now().date())
