"""Price the rungs of an order's ladder in the present market."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.broker.port import Instrument, Reader
from bot.guard.controls import GuardSettings
from bot.orders.ladder import OrderSettings, rung_price
from strategies.alvh.records import Side


class Prices:
    """Answer at what limit an order would be sent or moved now."""

    def __init__(
        self, broker: Reader, instruments: Mapping[int, Instrument], guard: GuardSettings, settings: OrderSettings
    ) -> None:
        self._broker = broker
        self._instruments = instruments
        self._guard = guard
        self._settings = settings

    def limit(self, side: Side, con_id: int, rung: int) -> Decimal | None:
        """Return the limit of a rung; a buy climbs in a fresh market only, a sale takes what there is.

        `None` for a contract that is not on the allow-list, and where the market gives no price.
        """
        instrument = self._instruments.get(con_id)
        if instrument is None:
            return None
        quote = self._broker.quote(con_id)
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
