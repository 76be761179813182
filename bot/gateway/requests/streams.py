"""Join the desks of what is streamed beyond quotes and of the small questions, as one for the server."""

from __future__ import annotations

from datetime import timedelta

from bot.gateway.records import Contract, Exchange, Market
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.histogram import HistogramDesk
from bot.gateway.requests.ladder import DepthDesk
from bot.gateway.requests.lines import Lines
from bot.gateway.requests.past_ticks import PastTickDesk
from bot.gateway.requests.real_time import STEP, RealTimeDesk
from bot.gateway.requests.reference import ReferenceDesk
from bot.gateway.requests.tick_by_tick import TickByTickDesk


class Streams:
    """Serve real-time bars, market depth, single ticks, histograms and reference data."""

    def __init__(self, market: Market, exchange: Exchange, lines: Lines, *, live_data: bool = True) -> None:
        self._bars = RealTimeDesk(market, lines, live_data=live_data)
        self._streams = (
            self._bars,
            DepthDesk(market, exchange, live_data=live_data),
            TickByTickDesk(market, live_data=live_data),
        )
        self._lines = lines
        self._others = (PastTickDesk(market), HistogramDesk(market), ReferenceDesk(exchange))

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            number: handler for desk in (*self._streams, *self._others) for number, handler in desk.routes().items()
        }

    def forget(self, client: Client) -> None:
        """Drop the streams of a client that has gone, and take back its lines, those of its quotes among them."""
        self._lines.forget(client)
        for desk in self._streams:
            desk.forget(client)

    def contract(self, client: Client, request_id: int) -> Contract | None:
        """Return the contract of a stream, `None` when the client has none under this id."""
        found = (desk.contract(client, request_id) for desk in self._streams)
        return next((contract for contract in found if contract is not None), None)

    def longest_step(self, step: timedelta) -> timedelta:
        """Return how far time may go at once: `step`, or to the end of a bar that somebody waits for."""
        return min(step, STEP) if self._bars.is_asked else step

    def keep_time(self) -> None:
        """Send the bars that are complete, whether or not the market has moved."""
        self._bars.publish()

    def publish(self) -> None:
        """Send every stream what has changed."""
        for desk in self._streams:
            desk.publish()
