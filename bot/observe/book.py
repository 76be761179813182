"""Sort the account's positions into legs, volatility futures, VIX options and what the method does not touch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.broker.port import BrokerPosition, Instrument, Reader
from bot.observe.settlement import settles_at
from strategies.alvh.records import FuturePosition, OptionLeg, OtherPosition, Right

FUTURE_SYMBOLS = frozenset({"VIX", "VXM"})
RIGHTS = {right.value: right for right in Right}


def is_leg(instrument: Instrument) -> bool:
    """Say whether an instrument is an SPX index option that can be read."""
    return instrument.sec_type == "OPT" and instrument.symbol == "SPX" and is_readable(instrument)


def is_vix_option(instrument: Instrument) -> bool:
    """Say whether an instrument is a VIX option that can be read."""
    return instrument.sec_type == "OPT" and instrument.symbol == "VIX" and is_readable(instrument)


def is_future(instrument: Instrument) -> bool:
    """Say whether an instrument is a volatility future, weeklies included."""
    return instrument.sec_type == "FUT" and instrument.symbol in FUTURE_SYMBOLS and instrument.expires_on is not None


def is_quoted(instrument: Instrument) -> bool:
    """Say whether a held instrument needs a market-data line."""
    return is_leg(instrument) or is_vix_option(instrument) or is_future(instrument)


def route(instrument: Instrument) -> str:
    """Return the exchange to look a held contract up on; IB's positions leave it empty."""
    return {"OPT": "SMART", "FUT": "CFE"}.get(instrument.sec_type, instrument.exchange)


def is_readable(instrument: Instrument) -> bool:
    """Say whether an option has a right and a settlement that the calendar knows."""
    known = (
        instrument.expires_on is not None and settles_at(instrument.trading_class, instrument.expires_on) is not None
    )
    return known and instrument.right in RIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Hold the account's positions by what they are."""

    legs: tuple[BrokerPosition, ...]
    vix_options: tuple[BrokerPosition, ...]
    futures: tuple[BrokerPosition, ...]
    rest: tuple[BrokerPosition, ...]


def sort(rows: Iterable[BrokerPosition]) -> Sorted:
    """Look at each position once and put it where it belongs."""
    found: dict[str, list[BrokerPosition]] = {"legs": [], "vix_options": [], "futures": [], "rest": []}
    for row in rows:
        found[_place(row.instrument)].append(row)
    return Sorted(**{name: tuple(held) for name, held in found.items()})


def _place(instrument: Instrument) -> str:
    if is_leg(instrument):
        return "legs"
    if is_vix_option(instrument):
        return "vix_options"
    return "futures" if is_future(instrument) else "rest"


def option_leg(row: BrokerPosition, broker: Reader, spread_median: float | None) -> OptionLeg | None:
    """Return one option position with its quote and greeks; `None` when it is not readable."""
    held = row.instrument
    settled = None if held.expires_on is None else settles_at(held.trading_class, held.expires_on)
    right = RIGHTS.get(held.right)
    if held.expires_on is None or settled is None or right is None:
        return None
    return OptionLeg(
        con_id=held.con_id,
        symbol=held.symbol,
        trading_class=held.trading_class,
        right=right,
        strike=held.strike,
        expires_on=held.expires_on,
        settles_at=settled,
        quantity=row.quantity,
        multiplier=held.multiplier,
        quote=broker.quote(held.con_id),
        avg_price=row.avg_price,
        greeks=broker.greeks(held.con_id),
        spread_median=spread_median,
    )


def future_position(row: BrokerPosition, today: date) -> FuturePosition | None:
    """Return one volatility-future position; `None` when it has no settlement day."""
    held = row.instrument
    if held.expires_on is None:
        return None
    return FuturePosition(
        con_id=held.con_id,
        trading_class=held.trading_class,
        multiplier=held.multiplier,
        settles_on=held.expires_on,
        dte=(held.expires_on - today).days,
        quantity=row.quantity,
        avg_price=row.avg_price,
    )


def others(rest: Iterable[BrokerPosition]) -> tuple[OtherPosition, ...]:
    """Return the positions that the method neither hedges nor trades, in words."""
    return tuple(OtherPosition(description=_words(row.instrument), quantity=float(row.quantity)) for row in rest)


def _words(instrument: Instrument) -> str:
    parts = [instrument.symbol, instrument.sec_type, instrument.trading_class, str(instrument.expires_on or "")]
    return " ".join(part for part in parts if part)
