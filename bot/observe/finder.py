"""Look listed options up by expiry and strike, each once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.broker.port import Chain, Instrument, Query, Reader
from bot.errors import Refuse, Retry

EXCHANGE = "SMART"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Name one expiry of one class and the instant at which it settles."""

    trading_class: str
    expires_on: date
    settles_at: datetime


def strikes_of(chains: Sequence[Chain], expiry: Expiry) -> list[float]:
    """Return the strikes that the chains list for an expiry, rising; one that the expiry lacks may be among them."""
    return sorted(
        {
            strike
            for chain in chains
            if chain.trading_class == expiry.trading_class and expiry.expires_on in chain.expiries
            for strike in chain.strikes
        }
    )


def nearest(strikes: Sequence[float], price: float, count: int) -> tuple[float, ...]:
    """Return the `count` strikes nearest to a price, nearest first; of two equally near, the lower. Strikes rise."""
    here = bisect_left(strikes, price)
    around = strikes[max(0, here - count) : here + count]
    return tuple(sorted(around, key=lambda strike: (abs(strike - price), strike))[:count])


class Finder:
    """Remember what was found of the options on one underlying."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._silent = f"options on {symbol}: a question was not answered, so no more are asked at this look"
        self._known: dict[tuple[str, date, float], tuple[Instrument, ...]] = {}

    async def find(self, broker: Reader, expiry: Expiry, strike: float, problems: list[str]) -> tuple[Instrument, ...]:
        """Return call and put of a strike, or what of them is listed; a failed look-up is named and asked again.

        After one that is not answered nothing more is asked for the same `problems`: every silence takes its time.
        """
        key = (expiry.trading_class, expiry.expires_on, strike)
        if key not in self._known and self._silent in problems:
            return ()
        if key not in self._known:
            query = Query(
                symbol=self._symbol,
                sec_type="OPT",
                exchange=EXCHANGE,
                trading_class=expiry.trading_class,
                expires_on=expiry.expires_on,
                strike=strike,
            )
            try:
                self._known[key] = tuple(await broker.instruments(query))
            except (Retry, Refuse) as problem:
                problems.append(f"options on {self._symbol} {expiry.expires_on} {strike:g}: {problem}")
                if isinstance(problem, Retry) and self._silent not in problems:
                    problems.append(self._silent)
                return ()
        return self._known[key]
