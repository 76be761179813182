"""Make the view's records of indices, breadth, futures and chain from the broker's quotes, and name what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot import session as calendar
from bot.broker.port import Instrument, Reader
from bot.observe.book import RIGHTS
from bot.observe.instruments import Universe
from bot.observe.series import Series
from strategies.alvh.records import (
    Bar,
    Breadth,
    ChainQuote,
    FutureQuote,
    IndexQuote,
    Session,
)


def index_quote(
    broker: Reader, name: str, instrument: Instrument | None, session: Session, now: datetime, faults: list[str]
) -> IndexQuote:
    """Return one index; a delayed value is missing, and before the open there is no first regular value."""
    if instrument is None:
        return IndexQuote(symbol=name)
    quote = broker.quote(instrument.con_id)
    first, close = broker.day_values(instrument.con_id)
    last = quote.last
    if last is None or quote.delayed:
        faults.append(f"{name} is {'delayed' if quote.delayed else 'not quoted'}{_reason(broker, instrument)}")
        last = None
    return IndexQuote(
        symbol=name,
        last=last,
        age_s=None if last is None else quote.age_s,
        prev_close=close,
        open=first if now >= session.opens_at else None,
    )


def breadth_quote(broker: Reader, instrument: Instrument | None, faults: list[str]) -> Breadth:
    """Return advancers (the bid) and decliners (the ask) of the NYSE."""
    if instrument is None:
        return Breadth()
    quote = broker.quote(instrument.con_id)
    if quote.delayed or quote.bid is None or quote.ask is None:
        what = "delayed" if quote.delayed else "not quoted"
        faults.append(f"{instrument.symbol} is {what}{_reason(broker, instrument)}")
        return Breadth()
    return Breadth(
        advancers=quote.bid,
        decliners=quote.ask,
        age_s=quote.age_s,
        unchanged_s=broker.unchanged_s(instrument.con_id),
    )


def future_quote(
    broker: Reader, row: Instrument, bars: tuple[Bar, ...], session: Session, faults: list[str]
) -> FutureQuote:
    """Return one volatility future; its previous settlement is IB's close."""
    settles_on = row.expires_on or session.day
    quote = broker.quote(row.con_id)
    if quote.bid is None or quote.ask is None:
        faults.append(f"{row.trading_class} {settles_on} has no two-sided market{_reason(broker, row)}")
    return FutureQuote(
        con_id=row.con_id,
        trading_class=row.trading_class,
        multiplier=row.multiplier,
        tick=float(row.tick),
        settles_on=settles_on,
        dte=(settles_on - session.day).days,
        business_days=calendar.business_days_between(session.day, settles_on),
        quote=quote,
        prior_settle=broker.day_values(row.con_id)[1],
        bars=bars,
    )


def chain_quotes(broker: Reader, options: Iterable[tuple[Instrument, datetime]]) -> tuple[ChainQuote, ...]:
    """Return the listed options that are watched, each with its settlement instant."""
    return tuple(
        ChainQuote(
            con_id=option.con_id,
            trading_class=option.trading_class,
            right=RIGHTS[option.right],
            strike=option.strike,
            expires_on=option.expires_on,
            settles_at=settled,
            quote=broker.quote(option.con_id),
            iv=broker.implied_volatility(option.con_id),
        )
        for option, settled in options
        if option.expires_on is not None and option.right in RIGHTS
    )


def vix_chain(
    broker: Reader, options: Iterable[tuple[Instrument, datetime]], faults: list[str]
) -> tuple[ChainQuote, ...]:
    """Return the watched options on VIX; that none of them is quoted, as without OPRA data, is said once."""
    watched = tuple(options)
    found = chain_quotes(broker, watched)
    if found and all(option.quote.bid is None and option.quote.ask is None for option in found):
        faults.append(f"options on VIX are not quoted{_reason(broker, watched[0][0])}")
    return found


def bars_of(series: Mapping[str, Series], name: str) -> tuple[Bar, ...]:
    """Return the bars of a series, none where there is none."""
    return series[name].bars if name in series else ()


def hours_agree(universe: Universe, session: Session, faults: list[str]) -> bool:
    """Say whether IB's liquid hours of today are the calendar's, for SPX and for VX."""
    spx = universe.indices.get("SPX")
    future = next((row for row in universe.futures if row.trading_class == "VX"), None)
    expected = (
        ("SPX", spx, calendar.hours_on(session.day)),
        ("VX", future, calendar.futures_hours_on(session.day)),
    )
    agree = True
    for name, row, hours in expected:
        if row is None or hours is None or (hours.opens_at, hours.closes_at) not in row.liquid_hours:
            faults.append(f"IB's liquid hours of {name} on {session.day} are not the calendar's: nothing is opened")
            agree = False
    return agree


def _reason(broker: Reader, row: Instrument) -> str:
    said = broker.refused(row.con_id)
    return f": {said}" if said else ""
