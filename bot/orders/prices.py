"""Price the rungs of an order's ladder in the present market."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.broker.port import Instrument, Reader
from bot.guard.controls import GuardSettings
from bot.orders.call_ladder import call_entry, call_exit
from bot.orders.ladder import OrderSettings, rung_price
from strategies.alvh.records import Proposal, Side


class Prices:
    """Answer at what limit an order would be sent or moved now."""

    def __init__(
        self, broker: Reader, instruments: Mapping[int, Instrument], guard: GuardSettings, settings: OrderSettings
    ) -> None:
        self._broker = broker
        self._instruments = instruments
        self._guard = guard
        self._settings = settings

    def first(self, proposal: Proposal) -> Decimal | None:
        """Return the limit with which a proposal would be sent."""
        call = proposal.call
        if call is None or proposal.side is Side.SELL:
            return self.limit(proposal.side, proposal.con_id, 0)
        if proposal.con_id not in self._instruments:
            return None
        return call_entry(self._broker.quote(proposal.con_id), call.limit_share)

    def limit(self, side: Side, con_id: int, rung: int) -> Decimal | None:
        """Return the limit of a rung; a buy climbs in a fresh market only, a sale takes what there is.

        A purchase of calls does not climb. `None` for a contract that is not on the allow-list, and where the market
        gives no price.
        """
        instrument = self._instruments.get(con_id)
        if instrument is None:
            return None
        quote = self._broker.quote(con_id)
        if instrument.sec_type == "OPT":
            return call_exit(rung, quote, self._settings.sell_through_ticks) if side is Side.SELL else None
        stale = quote.age_s is None or quote.age_s > self._guard.quote_age_s
        if side is Side.BUY and rung and (stale or quote.delayed or quote.halted):
            return None
        return rung_price(
            side,
            rung,
            quote,
            tick=instrument.tick,
            prior_settle=self._broker.day_values(con_id)[1],
            guard=self._guard,
            settings=self._settings,
        )
