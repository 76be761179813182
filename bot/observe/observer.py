"""Look at the market and the account once, and say what was seen, what was missing, and how old each number is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.broker.port import BrokerPosition, Chain, Instrument, LinkState, Positions, Query, Reader
from bot.clock import Clock
from bot.errors import Refuse, Retry
from bot.events import Releases
from bot.guard.calls import is_vix_call
from bot.observe import book as shelf
from bot.observe import market
from bot.observe.betas import fit_beta
from bot.observe.breadth import BreadthHistory
from bot.observe.context import Background
from bot.observe.focus import Focus
from bot.observe.instruments import BREADTH, VVIX, Universe, resolve
from bot.observe.margins import Margins
from bot.observe.series import Series, floor
from bot.observe.settings import Sight
from bot.observe.spreads import Pace, Spreads
from bot.observe.statistics import SESSIONS, hv20_pct
from strategies.alvh.records import Account, BetaFit, Book, EventCalendar, MarketView, OptionLeg, Session

DAY_MINUTES = 1440
DAILY_BARS = 30
SESSION_BARS = 78
MEND_EVERY = timedelta(minutes=5)
BEFORE_OPEN = timedelta(hours=2)  # releases at 08:30 count for the session that opens an hour later
LEAD = timedelta(minutes=10)
INDICES = ("SPX", "VIX", "VIX9D", "VIX3M")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """Hold what is looked up once a session, and again every five minutes while something of it is missing."""

    day: date
    looked_up_at: datetime
    universe: Universe
    chains: tuple[Chain, ...]
    series: dict[str, Series]
    futures: dict[int, Series]
    hv20_pct: float | None
    beta_fit: BetaFit | None
    hours_agree: bool
    faults: tuple[str, ...]


class Observer:
    """Turn a broker into `MarketView` and `Book`. It reads; it never writes, and it knows no rule of the method."""

    def __init__(
        self,
        broker: Reader,
        clock: Clock,
        sight: Sight,
        releases: Releases | None = None,
        margins: Margins | None = None,
        background: Background | None = None,
        owned: Callable[[], Mapping[int, Instrument]] = dict,
    ) -> None:
        """Wire it; without `releases` the view has no calendar, without `margins` no future has a margin.

        Without `background` the view has no context numbers. `owned` are the contracts that the bot bought and still
        owns, as they were checked then: what is held must stay sellable when a look-up fails.
        """
        self._owned = owned
        self._margins = margins
        self._background = background
        self._releases = releases
        self._broker = broker
        self._clock = clock
        self._sight = sight
        self._focus = Focus(broker, clock, sight)
        self._pace = Pace()
        self._spreads = Spreads(self._pace)
        self._breadth = BreadthHistory()
        self._today: _Day | None = None
        self._qualified: dict[int, Instrument] = {}

    def tradable(self) -> dict[int, Instrument]:
        """Return the allow-list by conId: the volatility futures, and the calls on VIX, that fit their pins.

        Of the calls those that are held, and where the settings let calls be bought those that are watched.
        """
        if self._today is None:
            return {}
        buys = self._sight.event_calls or self._sight.core_days
        watched = (*self._focus.vix.streamed, *self._focus.vix.rested) if buys else ()
        options = (*(option for option, _ in watched), *self._qualified.values())
        found = {row.con_id: row for row in options if is_vix_call(row)}
        return found | {row.con_id: row for row in self._today.universe.futures}

    async def warm_up(self, session: Session) -> None:
        """Look up instruments, hours and history for a session, and subscribe to what every wake-up needs."""
        await self._look_up(session)

    async def look(self, session: Session) -> tuple[MarketView, Book]:
        """Return the market and the book as they stand now.

        Raises `Retry` when the broker does not answer at all; whatever else is missing stays missing, and is said.
        """
        await self._broker.heartbeat()
        today = self._today
        if today is None or today.day != session.day or self._must_mend(today):
            today = await self._look_up(session)
        faults = list(today.faults)
        if self._background is not None:
            faults += await self._background.refresh(self._broker, self._pace, session, self._clock.now())
        positions = await self._positions(faults)
        account = await self._account(faults)
        held = [row.instrument for row in positions.rows]
        faults += await self._focus.follow(today.universe, today.chains, [row for row in held if shelf.is_quoted(row)])
        calendar = None if self._releases is None else self._releases.around(session)
        await self._focus.confirm(session, calls=self._wants_calls(calendar, session))
        await self._refresh(today, held, session, faults)
        await self._ask_margins(today, session, faults)
        return self._view(today, session, calendar, faults), self._book(positions, account, session)

    def _wants_calls(self, calendar: EventCalendar | None, session: Session) -> bool:
        """Say whether calls on VIX may be bought for a release of today, so that their quotes must be of this look."""
        if calendar is None or not self._sight.event_calls:
            return False
        now = self._clock.now()
        return any(session.opens_at - BEFORE_OPEN <= event.at <= now + LEAD for event in calendar.events)

    # -- once a session

    def _must_mend(self, today: _Day) -> bool:
        return bool(today.faults) and self._clock.now() - today.looked_up_at >= MEND_EVERY

    async def _look_up(self, session: Session) -> _Day:
        now = self._clock.now()
        universe = await resolve(self._broker, session.day, self._sight.futures_within)
        if self._today is not None and self._today.day == session.day:
            universe = universe.joined(self._today.universe)
        faults = list(universe.faults)
        chains = await self._chains(universe, faults)
        closes = await self._daily_closes(universe, now, faults)
        before = self._today if self._today is not None and self._today.day == session.day else None
        self._today = _Day(
            day=session.day,
            looked_up_at=now,
            universe=universe,
            chains=chains,
            series=self._index_series(universe),
            futures=self._known_futures(universe),
            hv20_pct=hv20_pct(closes),
            beta_fit=before.beta_fit if before else await self._beta(universe, session.day, now),
            hours_agree=market.hours_agree(universe, session, faults),
            faults=tuple(faults),
        )
        self._focus.warm(universe)
        return self._today

    async def _chains(self, universe: Universe, faults: list[str]) -> tuple[Chain, ...]:
        found: list[Chain] = []
        for row in (universe.indices[name] for name in ("SPX", "VIX") if name in universe.indices):
            try:
                found += [chain for chain in await self._broker.chains(row) if chain.exchange == "SMART"]
            except (Retry, Refuse) as problem:
                faults.append(f"{row.symbol} option chains: {problem}")
        return tuple(found)

    def _known_futures(self, universe: Universe) -> dict[int, Series]:
        """Return the series, also of the session before, of the futures that are still listed."""
        known = self._today.futures if self._today is not None else {}
        return {row.con_id: known[row.con_id] for row in universe.futures if row.con_id in known}

    def _index_series(self, universe: Universe) -> dict[str, Series]:
        """Return the series of the indices; one that was kept in the session before goes on."""
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
        known = self._today.series if self._today is not None else {}
        same = {name for name in found.keys() & known if known[name].instrument.con_id == found[name].instrument.con_id}
        return {name: known[name] if name in same else series for name, series in found.items()}

    async def _daily_closes(self, universe: Universe, now: datetime, faults: list[str]) -> list[float]:
        spx = universe.indices.get("SPX")
        if spx is None:
            return []
        self._pace.count(now)
        try:
            bars = await self._broker.bars(spx, what="TRADES", minutes=DAY_MINUTES, count=DAILY_BARS, end=now, rth=True)
        except (Retry, Refuse) as problem:
            faults.append(f"daily SPX bars: {problem}")
            return []
        return [bar.close for bar in bars]

    async def _beta(self, universe: Universe, day: date, now: datetime) -> BetaFit | None:
        return await fit_beta(self._broker, self._pace, universe, day, now, self._sight.sizing)

    # -- every look

    async def _positions(self, faults: list[str]) -> Positions:
        found = await self._broker.positions()
        if not found.complete:
            why = f": {found.why}" if found.why else ""
            faults.append(f"positions were not confirmed as complete{why}")
        known = self._qualified
        rows = [
            row if known.get(row.instrument.con_id) is row.instrument else await self._qualify(row, faults)
            for row in found.rows
        ]
        return Positions(rows=tuple(rows), complete=found.complete, taken_at=found.taken_at)

    async def _qualify(self, row: BrokerPosition, faults: list[str]) -> BrokerPosition:
        """Look a held contract up by conId once: a position's own contract lacks exchange and tick."""
        plain = row.instrument
        if plain.con_id not in self._qualified:
            name = plain.local_symbol or plain.con_id
            query = Query(symbol="", sec_type=plain.sec_type, exchange=shelf.route(plain), con_id=plain.con_id)
            try:
                found = await self._broker.instruments(query)
            except (Retry, Refuse) as problem:
                faults.append(f"position {name} could not be looked up: {problem}")
                bought = self._owned().get(plain.con_id)
                return row if bought is None else replace(row, instrument=bought)
            if len(found) != 1:
                faults.append(f"position {name}: {len(found)} contracts fit, expected 1")
                return row
            self._qualified[plain.con_id] = found[0]
        known = self._qualified[plain.con_id]
        return BrokerPosition(account=row.account, instrument=known, quantity=row.quantity, avg_price=row.avg_price)

    async def _account(self, faults: list[str]) -> Account:
        try:
            return await self._broker.account_values()
        except (Retry, Refuse) as problem:
            faults.append(f"account values: {problem}")
            return Account()

    async def _refresh(self, today: _Day, held: Sequence[Instrument], session: Session, faults: list[str]) -> None:
        """Sample and top up every series, and fetch the option spreads that are still missing."""
        now = self._clock.now()
        self._sample(today, now)
        self._choose_futures(today, held, session)
        every = [*today.series.values(), *today.futures.values()]
        for series in every:
            if series.is_due(now):
                self._pace.count(now)
        await asyncio.gather(*(series.refresh(self._broker, now) for series in every))
        faults += [f"bars: {series.fault}" for series in every if series.fault]
        legs = [row for row in held if shelf.is_leg(row)]
        faults += await self._spreads.fetch(self._broker, legs, now, session.day, self._sight.spread_requests)

    async def _ask_margins(self, today: _Day, session: Session, faults: list[str]) -> None:
        """Ask for the margin of the futures that may be traded or are held, once they have a bid."""
        if self._margins is not None:
            months = {series.instrument.expires_on for series in today.futures.values()}
            futures = [row for row in today.universe.futures if row.expires_on in months]
            quoted = [row for row in futures if self._broker.quote(row.con_id).bid is not None]
            faults += await self._margins.fetch(quoted, session.day)

    def _margin(self, con_id: int) -> float | None:
        return None if self._margins is None else self._margins.of(con_id)

    def _sample(self, today: _Day, now: datetime) -> None:
        for name, series in today.series.items():
            quote = self._broker.quote(series.instrument.con_id)
            series.sample(now, {"BID": quote.bid, "ASK": quote.ask}.get(name, quote.last))
        for con_id, series in today.futures.items():
            series.sample(now, self._broker.quote(con_id).mid)

    def _choose_futures(self, today: _Day, held: Sequence[Instrument], session: Session) -> None:
        """Keep bars of the months that may be traded and of those in which any future is held.

        The method follows the VX of the traded month, also when only its minis are held; the mini has bars of its own
        only in a month without a VX.
        """
        held_months = {row.expires_on for row in held if shelf.is_future(row)}
        followed = {row.expires_on: row for row in sorted(today.universe.futures, key=lambda row: row.multiplier)}
        for future in followed.values():
            days = (future.expires_on - session.day).days if future.expires_on is not None else -1
            traded = self._sight.min_dte <= days <= self._sight.max_dte
            if (traded or future.expires_on in held_months) and future.con_id not in today.futures:
                today.futures[future.con_id] = Series(future, what="MIDPOINT", rth=False, keep=self._sight.bars)

    # -- records

    def _view(self, today: _Day, session: Session, calendar: EventCalendar | None, faults: list[str]) -> MarketView:
        now, link, indices = self._clock.now(), self._broker.link, today.universe.indices
        if link is not LinkState.UP:
            faults.append(f"the line to the exchange is {link.value}: nothing is opened")
        self._breadth.join(today.series)
        spx, vix, vix9d, vix3m = (
            market.index_quote(self._broker, name, indices.get(name), session, now, faults) for name in INDICES
        )
        futures = tuple(
            replace(
                market.future_quote(
                    self._broker,
                    row,
                    today.futures[row.con_id].bars if row.con_id in today.futures else (),
                    session,
                    faults,
                ),
                margin_usd=self._margin(row.con_id),
            )
            for row in today.universe.futures
        )
        breadth = market.breadth_quote(self._broker, indices.get(BREADTH), faults)
        board, options = self._focus.board, self._focus.vix
        return MarketView(
            now=now,
            session=session,
            spx=spx,
            vix=vix,
            vix9d=vix9d,
            vix3m=vix3m,
            breadth=breadth,
            futures=futures,
            chain=market.chain_quotes(self._broker, (*board.pairs, *board.wings)),
            spx_bars=market.bars_of(today.series, "SPX"),
            vix_bars=market.bars_of(today.series, "VIX"),
            breadth_bars=self._breadth.latest,
            rate=self._sight.rate,
            hv20_pct=today.hv20_pct,
            beta_fit=today.beta_fit,
            breadth_stdev=self._breadth.stdev(floor(now), session.day),
            feed_ok=link is LinkState.UP,
            hours_agree=today.hours_agree,
            vix_chain=market.vix_chain(self._broker, (*options.streamed, *options.rested), faults),
            vvix=market.index_quote(self._broker, VVIX, indices.get(VVIX), session, now, faults),
            calendar=calendar,
            context=() if self._background is None else self._background.values(self._broker),
            faults=tuple(dict.fromkeys(faults)),
        )

    def _book(self, positions: Positions, account: Account, session: Session) -> Book:
        held = shelf.sort(positions.rows)
        futures = [shelf.future_position(row, session.day) for row in held.futures]
        spreads = self._spreads.usual(self._clock.now())
        return Book(
            legs=self._legs(held.legs, spreads),
            futures=tuple(future for future in futures if future is not None),
            vix_options=self._legs(held.vix_options, spreads),
            others=shelf.others(held.rest),
            account=account,
            complete=positions.complete,
            age_s=(self._clock.now() - positions.taken_at).total_seconds(),
        )

    def _legs(self, rows: Sequence[BrokerPosition], spreads: Mapping[int, float]) -> tuple[OptionLeg, ...]:
        legs = [shelf.option_leg(row, self._broker, spreads.get(row.instrument.con_id)) for row in rows]
        return tuple(leg for leg in legs if leg is not None)
