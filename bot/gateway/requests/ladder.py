"""Stream market depth: the levels that an order would meet, told row by row as they change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.values import UNSET_INTEGER, Values
from bot.gateway.records import Contract, Exchange, Market, Rung
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.feeds import Feeds
from bot.gateway.requests.lookup import only_match

MOST = 3  # ladders of a login at once
_INSERT, _UPDATE, _DELETE = 0, 1, 2
_ASK, _BID = 0, 1
_MOST_ROWS = 10
_WITH_DEPTH = ("FUT", "OPT")
_DEPTH_EXCHANGES = (("CFE", "FUT", "Deep"), ("CBOE", "OPT", "Deep2"))

Rungs = tuple[Rung, ...]


@dataclass(slots=True, kw_only=True)
class Ladder:
    """Hold one client's view of a book: what it was told of each side."""

    client: Client
    request_id: int
    contract: Contract
    rows: int
    is_smart: bool
    told: dict[int, Rungs] = field(default_factory=lambda: {_ASK: (), _BID: ()})


class DepthDesk:
    """Keep every client's ladders up to date with the exchange's book."""

    def __init__(self, market: Market, exchange: Exchange, *, live_data: bool = True) -> None:
        self._market = market
        self._exchange = exchange
        self._live_data = live_data
        self._ladders: Feeds[Ladder] = Feeds()

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            inbound.REQ_DEPTH.id: self.subscribe,
            inbound.CANCEL_DEPTH.id: self.cancel,
            inbound.REQ_DEPTH_EXCHANGES.id: self.exchanges,
        }

    def forget(self, client: Client) -> None:
        """Drop the ladders of a client that has gone."""
        self._ladders = self._ladders.without(client)

    def contract(self, client: Client, request_id: int) -> Contract | None:
        """Return the contract of a ladder, `None` when the client has none under this id."""
        return self._ladders.contract(client, request_id)

    def exchanges(self, client: Client, _: Values) -> None:
        """Send which exchanges show depth of what."""
        rows = [
            {"exchange": exchange, "secType": sec_type, "service": service, "aggGroup": UNSET_INTEGER}
            for exchange, sec_type, service in _DEPTH_EXCHANGES
        ]
        client.send(outbound.DEPTH_EXCHANGES, exchanges=rows)

    def subscribe(self, client: Client, values: Values) -> None:
        """Send the book as it is, then its changes."""
        request_id = values["reqId"]
        contract = only_match(self._market, values)
        if contract.sec_type not in _WITH_DEPTH:
            text = "Deep market data is not supported for this combination of security type/exchange"
            raise RequestProblem(10092, text)
        if not self._live_data:
            raise RequestProblem(354, "Requested market data is not subscribed.")
        if (client, request_id) in self._ladders:
            raise RequestProblem(322, "Error processing request.-'bN' : cause - Duplicate ticker id")
        if len(self._ladders) >= MOST:
            raise RequestProblem(309, f"Max number ({MOST}) of market depth requests has been reached")
        ladder = Ladder(
            client=client,
            request_id=request_id,
            contract=contract,
            rows=min(max(values["rows"] or 1, 1), _MOST_ROWS),
            is_smart=values["isSmartDepth"] or contract.exchange == "SMART",
        )
        self._ladders[client, request_id] = ladder
        self._tell(ladder)

    def cancel(self, client: Client, values: Values) -> None:
        """End a ladder."""
        if self._ladders.pop((client, values["reqId"]), None) is None:
            text = f"Can't find the subscribed market depth with tickerId:{values['reqId']}"
            raise RequestProblem(310, text)

    def publish(self) -> None:
        """Send every ladder what has changed."""
        for ladder in self._ladders.values():
            self._tell(ladder)

    def _tell(self, ladder: Ladder) -> None:
        bids, asks = self._exchange.depth(ladder.contract.con_id)
        for side, rungs in ((_ASK, asks[: ladder.rows]), (_BID, bids[: ladder.rows])):
            for row, operation, rung in changes(ladder.told[side], rungs):
                self._send(ladder, side, row, operation, rung)
            ladder.told[side] = rungs

    def _send(self, ladder: Ladder, side: int, row: int, operation: int, rung: Rung) -> None:
        values: Values = {
            "reqId": ladder.request_id,
            "row": row,
            "operation": operation,
            "side": side,
            "price": rung.price,
            "size": rung.size,
        }
        if ladder.is_smart:
            values |= {"maker": ladder.contract.valid_exchanges.rpartition(",")[2], "isSmartDepth": True}
        ladder.client.send(outbound.DEPTH_BY_MAKER if ladder.is_smart else outbound.DEPTH, **values)


def changes(before: Rungs, after: Rungs) -> Iterator[tuple[int, int, Rung]]:
    """Yield (row, operation, rung) of each row to insert, update or delete, such that a client ends up with `after`."""
    both = min(len(before), len(after))
    for row in range(both):
        if before[row] != after[row]:
            yield row, _UPDATE, after[row]
    for row in range(both, len(after)):
        yield row, _INSERT, after[row]
    for row in range(len(before) - 1, both - 1, -1):
        yield row, _DELETE, Rung(price=0.0, size=0.0)
