"""Resolve the instruments of the method by pins, and build the allow-list of what may be traded.

A look-up that finds none or several is a fault in plain words, never a guess: no front month is fallen back to.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.broker.port import Instrument, Query, Reader
from bot.errors import Refuse, Retry

INDICES = {"SPX": "CBOE", "VIX": "CBOE", "VIX9D": "CBOE", "VIX3M": "CBOE", "VVIX": "CBOE", "AD-NYSE": "NYSE"}
BREADTH = "AD-NYSE"
VVIX = "VVIX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Fix what a volatility future must be, field by field."""

    symbol: str
    trading_class: str
    multiplier: int
    ticks: tuple[Decimal, ...]


VX = Pin(symbol="VIX", trading_class="VX", multiplier=1000, ticks=(Decimal("0.05"),))
VXM = Pin(symbol="VXM", trading_class="VXM", multiplier=100, ticks=(Decimal("0.01"), Decimal("0.05")))
PINS = (VX, VXM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """Hold what the bot looks at: indices by symbol, futures by settlement, and what could not be resolved."""

    indices: dict[str, Instrument]
    futures: tuple[Instrument, ...]
    faults: tuple[str, ...]

    def joined(self, before: Universe) -> Universe:
        """Return this with what an earlier look-up of the same session knew and this one failed to find.

        A contract that was checked this morning stays known: what is held must stay sellable.
        """
        known = {row.con_id: row for row in (*before.futures, *self.futures)}
        return Universe(
            indices=before.indices | self.indices,
            futures=tuple(sorted(known.values(), key=lambda future: (str(future.expires_on), -future.multiplier))),
            faults=self.faults,
        )


async def resolve(broker: Reader, today: date, futures_days: int) -> Universe:
    """Look up every instrument once; those that do not fit their pin are left out and named."""
    faults: list[str] = []
    found = await asyncio.gather(*(_index(broker, symbol, faults) for symbol in INDICES))
    futures = await asyncio.gather(*(_futures(broker, pin, faults) for pin in PINS))
    near = [
        future
        for months in futures
        for future in months
        if future.expires_on is not None and 0 <= (future.expires_on - today).days <= futures_days
    ]
    return Universe(
        indices={instrument.symbol: instrument for instrument in found if instrument is not None},
        futures=tuple(sorted(near, key=lambda future: (str(future.expires_on), -future.multiplier))),
        faults=tuple(faults),
    )


async def _index(broker: Reader, symbol: str, faults: list[str]) -> Instrument | None:
    try:
        rows = await broker.instruments(Query(symbol=symbol, sec_type="IND", exchange=INDICES[symbol]))
    except (Retry, Refuse) as problem:
        faults.append(f"{symbol} could not be looked up: {problem}")
        return None
    if len(rows) != 1:
        faults.append(f"{symbol} on {INDICES[symbol]}: {len(rows)} contracts fit, expected 1")
        return None
    return rows[0]


async def _futures(broker: Reader, pin: Pin, faults: list[str]) -> tuple[Instrument, ...]:
    query = Query(symbol=pin.symbol, sec_type="FUT", exchange="CFE", trading_class=pin.trading_class)
    try:
        rows = await broker.instruments(query)
    except (Retry, Refuse) as problem:
        faults.append(f"{pin.trading_class} futures could not be looked up: {problem}")
        return ()
    if not rows:
        faults.append(f"{pin.trading_class} futures: no contract fits (looked up again every few minutes)")
    return allowed(rows, pin, faults)


def allowed(rows: Sequence[Instrument], pin: Pin, faults: list[str]) -> tuple[Instrument, ...]:
    """Return the futures that fit their pin in every field; a settlement day named twice loses both."""
    fitting = []
    for row in rows:
        wrong = _misfit(row, pin)
        if wrong:
            faults.append(f"{row.local_symbol or row.con_id} is left out: {wrong}")
        else:
            fitting.append(row)
    twice = {day for day, times in Counter(row.expires_on for row in fitting).items() if times > 1}
    faults += [f"{pin.trading_class} settling {day} is ambiguous: left out" for day in sorted(map(str, twice))]
    return tuple(row for row in fitting if row.expires_on not in twice)


def _misfit(row: Instrument, pin: Pin) -> str:
    if row.trading_class != pin.trading_class or row.symbol != pin.symbol:
        return f"class {row.symbol}/{row.trading_class}, expected {pin.symbol}/{pin.trading_class}"
    if row.multiplier != pin.multiplier:
        return f"multiplier {row.multiplier}, expected {pin.multiplier}"
    if row.tick not in pin.ticks:
        return f"tick {row.tick}, expected {' or '.join(map(str, pin.ticks))}"
    return "" if row.expires_on is not None else "no settlement day"
