"""Translate contracts between the client library's shape and `Instrument`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from bot.broker.client import Library
from bot.broker.port import Instrument, Query
from bot.broker.sense import number

_TRADED_ON = {"OPT": "SMART", "FUT": "CFE", "IND": "CBOE"}
HIGHEST_STRIKE, HIGHEST_MULTIPLIER = 1e9, 1e9
_WITHOUT_MULTIPLIER = ("IND", "STK")


def contract_of(library: Library, instrument: Instrument) -> Any:
    """Return the library's contract for a known instrument: conId decides, the exchange routes."""
    return library.Contract(
        conId=instrument.con_id,
        symbol=instrument.symbol,
        secType=instrument.sec_type,
        lastTradeDateOrContractMonth="" if instrument.expires_on is None else f"{instrument.expires_on:%Y%m%d}",
        strike=instrument.strike,
        right=instrument.right,
        multiplier="" if instrument.sec_type in _WITHOUT_MULTIPLIER else str(instrument.multiplier),
        exchange=instrument.exchange or _TRADED_ON.get(instrument.sec_type, "SMART"),
        currency=instrument.currency,
        localSymbol=instrument.local_symbol,
        tradingClass=instrument.trading_class,
    )


def contract_to_find(library: Library, query: Query) -> Any:
    """Return the library's contract for a look-up."""
    return library.Contract(
        conId=query.con_id,
        symbol=query.symbol,
        secType=query.sec_type,
        lastTradeDateOrContractMonth="" if query.expires_on is None else f"{query.expires_on:%Y%m%d}",
        strike=query.strike,
        right=query.right,
        exchange=query.exchange,
        currency="" if query.con_id else "USD",
        tradingClass=query.trading_class,
        primaryExchange=query.listed_on,
    )


def instrument_of_details(details: Any) -> Instrument:
    """Return the instrument that one contractDetails frame describes."""
    plain = instrument_of(details.contract)
    return Instrument(
        con_id=plain.con_id,
        symbol=plain.symbol,
        sec_type=plain.sec_type,
        exchange=plain.exchange,
        trading_class=plain.trading_class,
        currency=plain.currency,
        multiplier=plain.multiplier,
        tick=Decimal(str(number(details.minTick, lowest=1e-8, highest=1e6))) if details.minTick else Decimal("0.01"),
        expires_on=plain.expires_on,
        strike=plain.strike,
        right=plain.right,
        local_symbol=plain.local_symbol,
        liquid_hours=hours(details.liquidHours, details.timeZoneId),
    )


def instrument_of(contract: Any) -> Instrument:
    """Return what a bare contract says; a position's contract has neither exchange nor tick.

    Raises `ValueError` where it describes nothing that can be traded.
    """
    if contract.conId < 1:
        raise ValueError(f"contract number {contract.conId} of {contract.secType} {contract.symbol}, expected above 0")
    return Instrument(
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=contract.secType,
        exchange=contract.exchange,
        trading_class=contract.tradingClass,
        currency=contract.currency or "USD",
        multiplier=multiplier(contract.multiplier),
        expires_on=day(contract.lastTradeDateOrContractMonth),
        strike=number(contract.strike or 0.0, lowest=0.0, highest=HIGHEST_STRIKE),
        right=(contract.right or "")[:1] if contract.right not in ("?", "0") else "",
        local_symbol=contract.localSymbol,
    )


def multiplier(text: Any) -> int:
    """Return how many units a contract stands for, one where nothing is said; a fraction of one counts as one."""
    return max(1, int(number(text or 1, lowest=0.0, highest=HIGHEST_MULTIPLIER)))


def day(text: str) -> date | None:
    """Return the day that IB's `YYYYMMDD`, `YYYYMMDD HH:MM zone` or `YYYYMMDD-HH:MM:SS-zone` begins with, if any."""
    head = (text or "").replace("-", " ").split(" ")[0]
    if len(head) != 8 or not (head.isascii() and head.isdigit()):
        return None
    try:
        return date(int(head[:4]), int(head[4:6]), int(head[6:]))
    except ValueError:
        return None


@lru_cache(maxsize=256)
def hours(text: str, zone: str) -> tuple[tuple[datetime, datetime], ...]:
    """Return IB's hours string as (open, close) pairs in UTC, in both of IB's forms.

    `20261125:0930-20261125:1600;20261126:CLOSED` and the older `20180205:0930-1600,1630-1700`.
    """
    if not text or not zone:
        return ()
    local = ZoneInfo(zone)
    pairs = []
    for part in text.split(";"):
        head, _, rest = part.partition(":")
        if not rest or rest == "CLOSED":
            continue
        for span in rest.split(","):
            opens, _, closes = span.partition("-")
            last_day, _, last_time = closes.rpartition(":")
            pairs.append((_instant(head, opens, local), _instant(last_day or head, last_time, local)))
    return tuple(pairs)


def _instant(day_text: str, time_text: str, zone: ZoneInfo) -> datetime:
    naive = datetime.strptime(day_text + time_text, "%Y%m%d%H%M").replace(tzinfo=zone)
    return naive.astimezone(UTC)
