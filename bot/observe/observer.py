"""Look at the market and the account once, and say what was seen, what was missing, and how old each number is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot import session as calendar
from bot.broker.port import BrokerPosition, Chain, Instrument, LinkState, Positions, Query, Reader
from bot.clock import Clock
from bot.errors import Refuse, Retry
from bot.observe import book as shelf
from bot.observe.chain import Board
from bot.observe.instruments import BREADTH, Universe, resolve
from bot.observe.series import Series, floor
from bot.observe.settings import Sight
from bot.observe.statistics import SESSIONS, breadth_stdev, hv20_pct, spread_median
from strategies.alvh.records import (
    Account,
    Bar,
    Book,
    Breadth,
    BreadthBar,
    ChainQuote,
    FutureQuote,
    IndexQuote,
    MarketView,
    OptionLeg,
    Right,
    Session,
)

DAY_MINUTES = 1440
DAILY_BARS = 30
SESSION_BARS = 78
VIEW_BREADTH_BARS = 90
SPREAD_MINUTES = 30
SPREAD_BARS = SESSIONS * 13 + 13
WINGS_EVERY = timedelta(minutes=5)
LAST_MINUTE = timedelta(minutes=1)
SHARED_BY_ALL = ("SPX", "VIX", "VIX9D", "VIX3M")


@dataclass(slots=True, kw_only=True)
class _Day:
    """Hold what is looked up once a session."""

    day: date
    universe: Universe
    chains: tuple[Chain, ...]
    series: dict[str, Series]
    futures: dict[int, Series]
    hv20_pct: float | None
    hours_agree: bool
    faults: tuple[str, ...]


class Observer:
    """Turn a broker into `MarketView` and `Book`. It reads; it never writes, and it knows no rule of the method."""

    def __init__(self, broker: Reader, clock: Clock, sight: Sight) -> None:
        self._broker = broker
        self._clock = clock
        self._sight = sight
        self._board = Board(sight)
        self._today: _Day | None = None
        self._qualified: dict[int, Instrument] = {}
        self._spreads: dict[tuple[date, int], tuple[tuple[Bar, ...], tuple[Bar, ...]]] = {}
        self._lines: set[int] = set()
        self._wings_at: datetime | None = None

    def tradable(self) -> dict[int, Instrument]:
        """Return the allow-list: the volatility futures that fit their pins, by conId."""
        return {} if self._today is None else {row.con_id: row for row in self._today.universe.futures}

    async def warm_up(self, session: Session) -> None:
        """Look up instruments, hours and history for a session, and subscribe to what every wake-up needs."""
        now = self._clock.now()
        universe = await resolve(self._broker, session.day, self._sight.futures_days)
        faults = list(universe.faults)
        chains = await self._chains(universe, faults)
        self._today = _Day(
            day=session.day,
            universe=universe,
            chains=chains,
            series=self._index_series(universe),
            futures={},
            hv20_pct=hv20_pct(await self._daily_closes(universe, now, faults)),
            hours_agree=_hours_agree(universe, session, faults),
            faults=tuple(faults),
        )
        self._subscribe((*universe.indices.values(), *universe.futures))

    async def look(self, session: Session) -> tuple[MarketView, Book]:
        """Return the market and the book as they stand now.

        Raises `Retry` when the broker does not answer at all; whatever else is missing stays missing, and is said.
        """
        await self._broker.heartbeat()
        if self._today is None or self._today.day != session.day:
            await self.warm_up(session)
        today = self._today_or_refuse()
        faults = list(today.faults)
        positions = await self._positions(faults)
        account = await self._account(faults)
        await self._follow(today, positions, faults)
        await self._confirm(session)
        await self._refresh(today, positions, session, faults)
        return self._view(today, positions, session, faults), self._book(positions, account, session)

    def _today_or_refuse(self) -> _Day:
        if self._today is None:
            raise Retry("the observer has not warmed up: ask again")
        return self._today

    # -- once a session

    async def _chains(self, universe: Universe, faults: list[str]) -> tuple[Chain, ...]:
        spx = universe.indices.get("SPX")
        if spx is None:
            return ()
        try:
            return tuple(chain for chain in await self._broker.chains(spx) if chain.exchange == "SMART")
        except (Retry, Refuse) as problem:
            faults.append(f"SPX option chains: {problem}")
            return ()

    def _index_series(self, universe: Universe) -> dict[str, Series]:
        bars = self._sight.bars
        found: dict[str, Series] = {
            name: Series(universe.indices[name], what="TRADES", rth=True, keep=bars)
            for name in ("SPX", "VIX")
            if name in universe.indices
        }
        if BREADTH in universe.indices:
            keep = (SESSIONS + 1) * SESSION_BARS
            for side in ("BID", "ASK"):
                found[side] = Series(universe.indices[BREADTH], what=side, rth=True, keep=keep)
        return found

    async def _daily_closes(self, universe: Universe, now: datetime, faults: list[str]) -> list[float]:
        spx = universe.indices.get("SPX")
        if spx is None:
            return []
        try:
            bars = await self._broker.bars(spx, what="TRADES", minutes=DAY_MINUTES, count=DAILY_BARS, end=now, rth=True)
        except (Retry, Refuse) as problem:
            faults.append(f"daily SPX bars: {problem}")
            return []
        return [bar.close for bar in bars]

    # -- every look

    async def _positions(self, faults: list[str]) -> Positions:
        found = await self._broker.positions()
        if not found.complete:
            faults.append("positions were not confirmed as complete")
        rows = [await self._qualify(row, faults) for row in found.rows]
        return Positions(rows=tuple(rows), complete=found.complete, taken_at=found.taken_at)

    async def _qualify(self, row: BrokerPosition, faults: list[str]) -> BrokerPosition:
        """Look a held contract up by conId once: a position's own contract lacks exchange and tick."""
        con_id = row.instrument.con_id
        if con_id not in self._qualified:
            query = Query(symbol="", sec_type=row.instrument.sec_type, exchange=_route(row.instrument), con_id=con_id)
            try:
                found = await self._broker.instruments(query)
            except (Retry, Refuse) as problem:
                faults.append(f"position {row.instrument.local_symbol or con_id} could not be looked up: {problem}")
                return row
            if len(found) != 1:
                faults.append(
                    f"position {row.instrument.local_symbol or con_id}: {len(found)} contracts fit, expected 1"
                )
                return row
            self._qualified[con_id] = found[0]
        return BrokerPosition(
            account=row.account,
            instrument=self._qualified[con_id],
            quantity=row.quantity,
            avg_price=row.avg_price,
        )

    async def _account(self, faults: list[str]) -> Account:
        try:
            return await self._broker.account_values()
        except (Retry, Refuse) as problem:
            faults.append(f"account values: {problem}")
            return Account()

    async def _follow(self, today: _Day, positions: Positions, faults: list[str]) -> None:
        """Hold the subscriptions: indices and futures, then what is held, then the chain as far as lines go."""
        held = [row.instrument for row in positions.rows if _is_quoted(row.instrument)]
        fixed = {row.con_id: row for row in (*today.universe.indices.values(), *today.universe.futures, *held)}
        self._subscribe(tuple(fixed.values()))
        expiries = frozenset(
            (row.trading_class, row.expires_on) for row in held if shelf.is_leg(row) and row.expires_on is not None
        )
        spx = today.universe.indices.get("SPX")
        price = None if spx is None else await self._first_price(spx)
        await self._board.choose(
            self._broker, today.chains, expiries, price, now=self._clock.now(), room=self._sight.lines - len(fixed)
        )
        pairs = [option for option, _ in self._board.pairs]
        wings = [option for option, _ in self._board.wings]
        self._subscribe(pairs)
        self._subscribe(wings, stream=False)
        for con_id in sorted(self._lines - fixed.keys() - {option.con_id for option in (*pairs, *wings)}):
            self._broker.unsubscribe(con_id)
            self._lines.discard(con_id)
        faults += self._board.faults
        if len(fixed) > self._sight.lines:
            faults.append(f"{len(fixed)} market-data lines are needed, {self._sight.lines} may be used")

    async def _first_price(self, spx: Instrument) -> float | None:
        if self._broker.quote(spx.con_id).last is None:
            await self._broker.confirm((spx.con_id,))
        return self._broker.quote(spx.con_id).last

    def _subscribe(self, instruments: Sequence[Instrument], *, stream: bool = True) -> None:
        for instrument in instruments:
            self._broker.subscribe(instrument, stream=stream)
            self._lines.add(instrument.con_id)

    async def _confirm(self, session: Session) -> None:
        """Ask for a snapshot of every line that was silent for long, and of the wings when a surface is due."""
        wings = {option.con_id for option, _ in self._board.wings}
        silent = {con_id for con_id in self._lines - wings if self._is_silent(con_id)}
        if self._wings_are_due(session):
            self._wings_at = self._clock.now()
            silent |= wings
        await self._broker.confirm(sorted(silent))

    def _is_silent(self, con_id: int) -> bool:
        age_s = self._broker.quote(con_id).age_s
        return age_s is None or age_s > 0.5 * self._limit_s(con_id)

    def _wings_are_due(self, session: Session) -> bool:
        """Say whether the wings were seen five minutes ago, are new, or the last minute has begun."""
        now, last_minute = self._clock.now(), session.closes_at - LAST_MINUTE
        seen = self._wings_at
        if seen is None or now - seen >= WINGS_EVERY or seen < last_minute <= now:
            return True
        return any(self._broker.quote(option.con_id).age_s is None for option, _ in self._board.wings)

    def _limit_s(self, con_id: int) -> float:
        fresh = self._sight.freshness
        today = self._today_or_refuse()
        if con_id in self.tradable():
            return fresh.vx_s
        symbol = next((name for name, row in today.universe.indices.items() if row.con_id == con_id), "")
        limits = {"SPX": fresh.spx_s, "VIX": fresh.vix_s, "VIX9D": fresh.vix_s, "VIX3M": fresh.vix_s}
        return limits.get(symbol, fresh.breadth_s if symbol == BREADTH else fresh.greeks_s)

    async def _refresh(self, today: _Day, positions: Positions, session: Session, faults: list[str]) -> None:
        """Sample and top up every series, and fetch the option spreads that are still missing."""
        now = self._clock.now()
        self._sample(today, now)
        self._choose_futures(today, positions, session)
        every = [*today.series.values(), *today.futures.values()]
        await asyncio.gather(*(series.refresh(self._broker, now) for series in every))
        faults += [f"bars: {series.fault}" for series in every if series.fault]
        await self._fetch_spreads(positions, session, faults)

    def _sample(self, today: _Day, now: datetime) -> None:
        for name, series in today.series.items():
            quote = self._broker.quote(series.instrument.con_id)
            price = {"BID": quote.bid, "ASK": quote.ask}.get(name, quote.last)
            series.sample(now, price)
        for con_id, series in today.futures.items():
            series.sample(now, self._broker.quote(con_id).mid)

    def _choose_futures(self, today: _Day, positions: Positions, session: Session) -> None:
        held = {row.instrument.con_id for row in positions.rows if shelf.is_future(row.instrument)}
        for future in today.universe.futures:
            days = (future.expires_on - session.day).days if future.expires_on is not None else -1
            traded = self._sight.min_dte <= days <= self._sight.max_dte
            if (traded or future.con_id in held) and future.con_id not in today.futures:
                today.futures[future.con_id] = Series(future, what="MIDPOINT", rth=False, keep=self._sight.bars)

    async def _fetch_spreads(self, positions: Positions, session: Session, faults: list[str]) -> None:
        """Fetch a bounded number of half-hour spread histories; the rest follow at the next wake-ups."""
        legs = [row.instrument for row in positions.rows if shelf.is_leg(row.instrument)]
        missing = [leg for leg in legs if (session.day, leg.con_id) not in self._spreads]
        for leg in missing[: self._sight.spread_requests]:
            bids = await self._half_hours(leg, "BID", faults)
            asks = await self._half_hours(leg, "ASK", faults) if bids else ()
            self._spreads[(session.day, leg.con_id)] = (bids, asks)

    async def _half_hours(self, leg: Instrument, side: str, faults: list[str]) -> tuple[Bar, ...]:
        try:
            bars = await self._broker.bars(
                leg, what=side, minutes=SPREAD_MINUTES, count=SPREAD_BARS, end=self._clock.now(), rth=True
            )
        except (Retry, Refuse) as problem:
            faults.append(f"spread history of {leg.local_symbol}: {problem}")
            return ()
        return tuple(bars)

    # -- records

    def _view(self, today: _Day, positions: Positions, session: Session, faults: list[str]) -> MarketView:
        now = self._clock.now()
        link = self._broker.link
        if link is not LinkState.UP:
            faults.append(f"the line to the exchange is {link.value}: nothing is opened")
        breadth_bars = _breadth_bars(today.series)
        indices = {name: self._index(today, name, session, faults) for name in SHARED_BY_ALL}
        futures = tuple(self._future(today, row, session, faults) for row in today.universe.futures)
        return MarketView(
            now=now,
            session=session,
            spx=indices["SPX"],
            vix=indices["VIX"],
            vix9d=indices["VIX9D"],
            vix3m=indices["VIX3M"],
            breadth=self._breadth(today, faults),
            futures=futures,
            chain=self._chain(),
            spx_bars=_bars(today.series, "SPX"),
            vix_bars=_bars(today.series, "VIX"),
            breadth_bars=breadth_bars[-VIEW_BREADTH_BARS:],
            rate=self._sight.rate,
            hv20_pct=today.hv20_pct,
            breadth_stdev=breadth_stdev(breadth_bars, floor(now), session.day),
            feed_ok=link is LinkState.UP,
            hours_agree=today.hours_agree,
            faults=tuple(dict.fromkeys(faults)),
        )

    def _index(self, today: _Day, name: str, session: Session, faults: list[str]) -> IndexQuote:
        instrument = today.universe.indices.get(name)
        if instrument is None:
            return IndexQuote(symbol=name)
        quote = self._broker.quote(instrument.con_id)
        open_, close = self._broker.day_values(instrument.con_id)
        last = quote.last
        if last is None or quote.delayed:
            faults.append(f"{name} is {'delayed' if quote.delayed else 'not quoted'}{self._reason(instrument)}")
            last = None
        return IndexQuote(
            symbol=name,
            last=last,
            age_s=None if last is None else quote.age_s,
            prev_close=close,
            open=open_ if self._clock.now() >= session.opens_at else None,
        )

    def _breadth(self, today: _Day, faults: list[str]) -> Breadth:
        instrument = today.universe.indices.get(BREADTH)
        if instrument is None:
            return Breadth()
        quote = self._broker.quote(instrument.con_id)
        if quote.delayed or quote.bid is None or quote.ask is None:
            faults.append(f"{BREADTH} is {'delayed' if quote.delayed else 'not quoted'}{self._reason(instrument)}")
            return Breadth()
        return Breadth(
            advancers=quote.bid,
            decliners=quote.ask,
            age_s=quote.age_s,
            unchanged_s=self._broker.unchanged_s(instrument.con_id),
        )

    def _future(self, today: _Day, row: Instrument, session: Session, faults: list[str]) -> FutureQuote:
        settles_on = row.expires_on or session.day
        quote = self._broker.quote(row.con_id)
        if quote.bid is None or quote.ask is None:
            faults.append(f"{row.trading_class} {settles_on} has no two-sided market{self._reason(row)}")
        series = today.futures.get(row.con_id)
        return FutureQuote(
            con_id=row.con_id,
            trading_class=row.trading_class,
            multiplier=row.multiplier,
            tick=float(row.tick),
            settles_on=settles_on,
            dte=(settles_on - session.day).days,
            business_days=calendar.business_days_between(session.day, settles_on),
            quote=quote,
            prior_settle=self._broker.day_values(row.con_id)[1],
            bars=() if series is None else series.bars,
        )

    def _reason(self, row: Instrument) -> str:
        said = self._broker.refused(row.con_id)
        return f": {said}" if said else ""

    def _chain(self) -> tuple[ChainQuote, ...]:
        found = []
        for option, settled in (*self._board.pairs, *self._board.wings):
            if option.expires_on is None:
                continue
            greeks = self._broker.greeks(option.con_id)
            found.append(
                ChainQuote(
                    con_id=option.con_id,
                    trading_class=option.trading_class,
                    right=Right(option.right),
                    strike=option.strike,
                    expires_on=option.expires_on,
                    settles_at=settled,
                    quote=self._broker.quote(option.con_id),
                    iv=None if greeks is None else greeks.iv,
                )
            )
        return tuple(found)

    def _book(self, positions: Positions, account: Account, session: Session) -> Book:
        rows = positions.rows
        futures = [shelf.future_position(row, session.day) for row in rows if shelf.is_future(row.instrument)]
        return Book(
            legs=self._legs([row for row in rows if shelf.is_leg(row.instrument)], session),
            futures=tuple(future for future in futures if future is not None),
            vix_options=self._legs([row for row in rows if shelf.is_vix_option(row.instrument)], session),
            others=shelf.others(rows),
            account=account,
            complete=positions.complete,
            age_s=(self._clock.now() - positions.taken_at).total_seconds(),
        )

    def _legs(self, rows: Sequence[BrokerPosition], session: Session) -> tuple[OptionLeg, ...]:
        now = self._clock.now()

        def usual_spread(con_id: int) -> float | None:
            bids, asks = self._spreads.get((session.day, con_id), ((), ()))
            return spread_median(bids, asks, now, session.day)

        legs = [shelf.option_leg(row, self._broker, usual_spread) for row in rows]
        return tuple(leg for leg in legs if leg is not None)


def _route(instrument: Instrument) -> str:
    return {"OPT": "SMART", "FUT": "CFE"}.get(instrument.sec_type, instrument.exchange)


def _is_quoted(instrument: Instrument) -> bool:
    return shelf.is_leg(instrument) or shelf.is_vix_option(instrument) or shelf.is_future(instrument)


def _bars(series: dict[str, Series], name: str) -> tuple[Bar, ...]:
    return series[name].bars if name in series else ()


def _breadth_bars(series: dict[str, Series]) -> tuple[BreadthBar, ...]:
    """Join the bid history (advancers) and the ask history (decliners) where both have a bar."""
    decliners = {bar.end: bar.close for bar in _bars(series, "ASK")}
    return tuple(
        BreadthBar(end=bar.end, advancers=bar.close, decliners=decliners[bar.end])
        for bar in _bars(series, "BID")
        if bar.end in decliners
    )


def _hours_agree(universe: Universe, session: Session, faults: list[str]) -> bool:
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
