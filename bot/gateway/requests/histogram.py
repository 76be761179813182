"""Answer at which prices a contract traded, and how much."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import Market
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.lookup import only_match

_STEP_S = 60
_PERIOD = re.compile(r"(\d{1,4}) (second|minute|hour|day|week|month|year)s?\Z", re.ASCII)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2592000, "year": 31536000}
_LONGEST = timedelta(days=365)


class HistogramDesk:
    """Add up the volume of minutes by the price at which they ended."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {inbound.REQ_HISTOGRAM.id: self.histogram, inbound.CANCEL_HISTOGRAM.id: _answered}

    def histogram(self, client: Client, values: Values) -> None:
        """Send the volume traded at each price, lowest first."""
        period = _PERIOD.match(values["duration"].strip())
        if period is None:
            raise _refused(f"time period {values['duration'][:40]!r} is not valid; expected a form like '3 days'")
        length = min(timedelta(seconds=int(period[1]) * _SECONDS[period[2]]), _LONGEST)
        contract, now = only_match(self._market, values), self._market.now
        volumes: Counter[float] = Counter()
        for bar in self._market.bars(contract.con_id, "TRADES", now - length, now, _STEP_S, rth=values["useRth"]):
            volumes[bar.close] += round(bar.volume)
        traded = sorted((price, size) for price, size in volumes.items() if size)
        if not traded:
            raise _refused(f"HMDS query returned no data: {contract.symbol}@{contract.exchange} Trades")
        points = [{"price": price, "size": size} for price, size in traded]
        client.send(outbound.HISTOGRAM, reqId=values["reqId"], points=points)


def _refused(cause: str) -> RequestProblem:
    return RequestProblem(162, f"Historical Market Data Service error message:{cause}")


def _answered(_: Client, __: Values) -> None:
    """Accept the end of a request that has been answered already."""
