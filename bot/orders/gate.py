"""Put a proposal before the pre-trade controls and the kill switch, at the limit it would be sent with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.broker.port import Instrument, OrderUpdate, Reader
from bot.clock import Clock
from bot.guard.controls import GuardSettings, Situation, failures, review
from bot.journal.projections import Projection
from bot.orders.brake import Brake
from bot.orders.pen import Pen
from bot.orders.prices import Prices
from bot.orders.situation import Look, situation
from strategies.alvh.beta_fit import refitted
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import Check, Proposal, Purpose, Side
from strategies.alvh.sizing import MINI_USD, beta


class Gate:
    """Let a proposal pass with its first limit and its checks, or write why not.

    With `sizing` the hedge is bounded by the book's own vega as well. `foreign` are other people's working orders by
    perm_id, as they change.
    """

    def __init__(
        self,
        *,
        broker: Reader,
        pen: Pen,
        projection: Projection,
        clock: Clock,
        instruments: Mapping[int, Instrument],
        foreign: Mapping[int, OrderUpdate],
        prices: Prices,
        brake: Brake,
        guard: GuardSettings,
        sizing: SizingPolicy | None,
    ) -> None:
        self._broker = broker
        self._pen = pen
        self._projection = projection
        self._clock = clock
        self._instruments = instruments
        self._foreign = foreign
        self._prices = prices
        self._brake = brake
        self._guard = guard
        self._sizing = sizing

    def passes(self, proposal: Proposal, ref: str, look: Look) -> tuple[Decimal, tuple[Check, ...]] | None:
        """Return the first limit and the checks of an order that may go; `None` when its refusal was journalled."""
        limit = self._prices.first(proposal)
        seen = self._seen(proposal, ref, limit, look)
        checks = review(seen, self._guard)
        failed = failures(checks)
        if failed or limit is None:
            why = "; ".join(f"{check.name}: {check.why}" for check in failed)
            self._pen.refuse(proposal, ref, "guard", checks, why)
            self._pen.tell_unsold(proposal, why)
            if proposal.side is Side.SELL and seen.account_long < seen.own_long:
                self._pen.doubt(proposal.con_id, f"the account shows {seen.account_long}, own are {seen.own_long}")
            return None
        why = self._brake.stops(proposal)
        if why:
            why = f"the kill switch is engaged ({why})"
            self._pen.refuse(proposal, ref, "kill switch", checks, why)
            self._pen.tell_unsold(proposal, f"{why}: alvh flatten sells, alvh rearm lifts it")
            return None
        return limit, checks

    def _seen(self, proposal: Proposal, ref: str, limit: Decimal | None, look: Look) -> Situation:
        return situation(
            proposal,
            ref,
            limit,
            look,
            now=self._clock.now(),
            broker=self._broker,
            projection=self._projection,
            instruments=self._instruments,
            foreign=self._foreign,
            cap_minis=self._cap(proposal, look),
        )

    def _cap(self, proposal: Proposal, look: Look) -> int | None:
        """Return how many minis the book's vega, as last recorded, can need; `None` where that does not bind.

        A roll buys before it sells, so for a moment it holds both: only the fixed cap bounds it.
        """
        if self._sizing is None or proposal.purpose is not Purpose.TRANCHE:
            return None
        future = next((f for f in look.view.futures if f.con_id == proposal.con_id), None)
        vega = self._projection.last_vega30_usd
        if future is None or vega is None:
            return 0
        sizing = refitted(look.view, self._sizing)
        return int(sizing.coverage_max * max(0.0, -vega) / (beta(future.dte, sizing) * MINI_USD))
