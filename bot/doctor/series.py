"""Ask for every series the bot lives on, and say of each whether it is live, delayed, silent or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.broker.port import Chain, Instrument, Query
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import Clock
from bot.doctor.findings import Finding, fail, fine, note, warn
from bot.errors import Refuse, Retry
from bot.observe.finder import EXCHANGE, Expiry, nearest, strikes_of
from bot.observe.instruments import BREADTH, Universe
from bot.session import contract_to_trade, session_at

LISTEN_S = 4.0
NEEDED = frozenset({"SPX", "VIX", BREADTH, "VX", "VXM"})  # nothing is opened without these
NEAREST_STRIKES = 3
REMEDIES = {
    10197: "log the other session of this user off",
    101: "free market-data lines",
}
SUBSCRIBE = "subscribe to this data for the user that is logged in (Client Portal, market data)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Hold one series: its name in the report, its contract, and whether opening needs it."""

    name: str
    instrument: Instrument
    is_needed: bool


def futures_of(universe: Universe, today: date, min_dte: int, max_dte: int) -> list[Series]:
    """Return VX and VXM of the month that would be traded today."""
    month = contract_to_trade(today, min_dte, max_dte)
    rows = [row for row in universe.futures if row.expires_on == month]
    return [Series(name=f"{row.trading_class} {month}", instrument=row, is_needed=True) for row in rows]


def indices_of(universe: Universe) -> list[Series]:
    """Return the indices that were found."""
    return [Series(name=name, instrument=row, is_needed=name in NEEDED) for name, row in universe.indices.items()]


async def option_of(
    broker: ReadOnlyBroker, underlying: Instrument, now: datetime, problems: list[str]
) -> Series | None:
    """Return a listed put or call near the money of an underlying; what prevents it goes into `problems`."""
    name = f"options on {underlying.symbol}"
    try:
        chains = [chain for chain in await broker.chains(underlying) if chain.exchange == EXCHANGE]
        for chain in sorted(chains, key=lambda chain: -len(chain.expiries)):
            found = await _of_chain(broker, underlying, chain, now)
            if found is not None:
                return Series(name=name, instrument=found, is_needed=underlying.symbol == "SPX")
    except (Retry, Refuse) as problem:
        problems.append(f"{name}: {problem}")
        return None
    problems.append(f"{name}: no listed option was found")
    return None


async def _of_chain(broker: ReadOnlyBroker, underlying: Instrument, chain: Chain, now: datetime) -> Instrument | None:
    later = sorted(day for day in chain.expiries if (day - now.date()).days > 1)
    quote = broker.quote(underlying.con_id)
    level = quote.last if quote.last is not None else broker.day_values(underlying.con_id)[1]
    if not later:
        return None
    expiry = Expiry(trading_class=chain.trading_class, expires_on=later[0], settles_at=now)
    strikes = strikes_of([chain], expiry)
    middle = strikes[len(strikes) // 2] if level is None and strikes else level or 0.0
    for strike in nearest(strikes, middle, NEAREST_STRIKES):
        query = Query(
            symbol=underlying.symbol,
            sec_type="OPT",
            exchange=EXCHANGE,
            trading_class=chain.trading_class,
            expires_on=expiry.expires_on,
            strike=strike,
        )
        found = await broker.instruments(query)
        if found:
            return found[0]
    return None


async def listen(
    broker: ReadOnlyBroker, clock: Clock, series: Sequence[Series], meanwhile: Callable[[], Awaitable[None]]
) -> tuple[Finding, ...]:
    """Subscribe for a few seconds and judge each; `meanwhile` runs while quotes are there.

    What was subscribed before stays so.
    """
    known = broker.watched()
    for row in series:
        broker.subscribe(row.instrument)
    await clock.sleep(LISTEN_S)
    silent = [row.instrument.con_id for row in series if not _has_spoken(broker, row)]
    await broker.confirm(silent)
    is_open = session_at(clock.now()) is not None
    found = tuple(_judge(broker, row, is_open=is_open) for row in series)
    await meanwhile()
    for row in series:
        if row.instrument.con_id not in known:
            broker.unsubscribe(row.instrument.con_id)
    return found


def _has_spoken(broker: ReadOnlyBroker, row: Series) -> bool:
    quote, (first, close) = broker.quote(row.instrument.con_id), broker.day_values(row.instrument.con_id)
    return any(value is not None for value in (quote.bid, quote.ask, quote.last, first, close))


def _judge(broker: ReadOnlyBroker, row: Series, *, is_open: bool) -> Finding:
    topic, con_id = f"data: {row.name}", row.instrument.con_id
    quote, why, code = broker.quote(con_id), broker.refused(con_id), broker.refusal_code(con_id)
    bad = fail if row.is_needed else warn
    if quote.delayed:
        return bad(topic, f"delayed{_coded(code)}: nothing is opened on it", SUBSCRIBE)
    if code is not None:
        return bad(topic, f"none{_coded(code)}: {why}", REMEDIES.get(code, SUBSCRIBE))
    if quote.halted:
        return bad(topic, "halted", "wait: nothing is opened while it lasts")
    if _has_spoken(broker, row):
        return fine(topic, f"live{_figures(broker, row)}")
    if is_open:
        return bad(
            topic, f"silent for {LISTEN_S:g} s in an open market{f' ({why})' if why else ''}", "look at it in TWS"
        )
    return note(topic, "no error, and no tick yet: the market is not open")


def _coded(code: int | None) -> str:
    return "" if code is None else f" (code {code})"


def _figures(broker: ReadOnlyBroker, row: Series) -> str:
    quote = broker.quote(row.instrument.con_id)
    if quote.bid is not None and quote.ask is not None:
        return f", {quote.bid:g} / {quote.ask:g}"
    close = broker.day_values(row.instrument.con_id)[1]
    return f", last {quote.last:g}" if quote.last is not None else f", previous close {close:g}" if close else ""


def missing(universe: Universe, today: date, min_dte: int, max_dte: int) -> Iterator[Finding]:
    """Name contracts that were not found as they are pinned."""
    for fault in universe.faults:
        yield fail("contracts", fault, "look the contract up in TWS; nothing else is traded in its place")
    if not futures_of(universe, today, min_dte, max_dte):
        yield fail("contracts", "no VX or VXM of the month to trade", "look at the futures of VIX in TWS")
    elif not universe.faults:
        yield fine("contracts", f"{len(universe.indices)} indices and {len(universe.futures)} futures fit their pins")
