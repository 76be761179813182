"""Read an account and a market through the client library: a broker object that has no method that writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.broker import contracts, reports
from bot.broker.client import Library, load
from bot.broker.connection import Connection, Endpoint, NoDefinition
from bot.broker.ears import Ears
from bot.broker.frames import watch
from bot.broker.history import bar_size, closed_bars, duration
from bot.broker.holdings import Holdings
from bot.broker.ledger import Ledger
from bot.broker.lines import Lines
from bot.broker.link import Link
from bot.broker.port import (
    Answer,
    BrokerPosition,
    Chain,
    Fill,
    Instrument,
    LinkState,
    Notice,
    OrderUpdate,
    Positions,
    Query,
)
from bot.broker.portfolio import Portfolio
from bot.broker.quotes import LIVE, UNSET
from bot.broker.rows import spare
from bot.broker.sense import Nonsense, number, signed_count, understood
from bot.clock import Clock, RealClock
from bot.errors import Refuse, Retry
from strategies.alvh.records import Account, Bar, Greeks, Quote

MULTIPLIED = ("FUT", "OPT", "FOP")


class ReadOnlyBroker:
    """Look at one account and its market (the port's `Reader`).

    `mode` is checked against the account's prefix: `paper` and `demo` need a DU or DF account, `live` another. Waits
    count on the machine's clock, or on `waits`: a stepped clock that somebody moves while the broker waits.
    """

    read_only = True

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        *,
        mode: str = "dry-run",
        library: Library | None = None,
        waits: Clock | None = None,
    ) -> None:
        self._clock = clock
        self._mode = mode
        self._connection = Connection(library or load(), endpoint, waits or RealClock(), read_only=self.read_only)
        self._ib = self._connection.ib
        self._link = Link()
        self._ledger = Ledger()
        self._lines = Lines(self._connection, clock)
        self._ears = Ears(self._connection, clock, link=self._link, lines=self._lines, ledger=self._ledger)
        self._instruments: dict[int, Instrument] = {}
        self._holdings = Holdings(self._ledger, clock, self.portfolio)
        self.accounts: tuple[str, ...] = ()
        self.last_answer: Answer | None = None  # on this connection
        self.library = f"{self._connection.library.name} {self._connection.library.version}"
        spare(self._ib)
        self._portfolio = Portfolio(self._ib)
        self._losses = watch(self._ib, self._connection.failed)

    # -- the connection

    @property
    def account(self) -> str:
        """Return the account; before the first connection the one that is asked for, which may be empty."""
        return self._connection.account

    @property
    def link(self) -> LinkState:
        """Return the state of the line."""
        self._link.connected = self._connection.is_open
        return self._link.state(delayed=self._lines.delayed)

    @property
    def fault(self) -> str:
        """Return what went wrong in an event handler since the connection was made; empty when nothing did."""
        return self._connection.fault

    async def connect(self) -> None:
        """Connect with bounded retries, verify account and mode, and renew every subscription.

        Raises `Unreachable` when nobody answers and `Refuse` when account or mode are others than expected.
        """
        await self._connection.open()
        self._link.opened()
        self.last_answer = None
        try:
            self._verify_account()
        except Refuse:
            await self.disconnect()
            raise
        self._ib.reqMarketDataType(LIVE)
        self._ears.recall()
        self._lines.renew(cancel=False)

    def _verify_account(self) -> None:
        self.accounts = tuple(self._ib.managedAccounts())
        wanted = self.account  # the one that is asked for, or the one that the first connection had
        if wanted and wanted not in self.accounts:
            raise Refuse(
                f"the gateway manages {', '.join(self.accounts)}, this bot runs on {wanted}: log in to that one"
            )
        if not wanted and len(self.accounts) != 1:
            raise Refuse(f"the gateway manages {', '.join(self.accounts)}: name one as account in the settings")
        self._connection.account = wanted or self.accounts[0]
        is_paper = self.account.startswith("D")
        if self._mode in ("paper", "demo") and not is_paper:
            raise Refuse(
                f"mode is {self._mode}, account {self.account} is live (expected DU...): log in to the paper gateway"
            )
        if self._mode == "live" and is_paper:
            raise Refuse(f"mode is live, account {self.account} is a paper account: log in to the live gateway")

    def hang_up(self) -> None:
        """Close the socket at once, as the system does when a process is killed."""
        self._connection.hang_up()

    async def disconnect(self) -> None:
        """Close the connection."""
        await self._connection.close()
        self._link.closed()

    async def heartbeat(self) -> datetime:
        """Return the broker's time; raise `Halt` when an event could not be handled."""
        self._connection.check_fault()
        asked_at = self._clock.now()
        at: datetime = await self._read("broker time", self._ib.reqCurrentTimeAsync, shared="time")
        self.last_answer = Answer(asked_at=asked_at, theirs=at, answered_at=self._clock.now())
        return at

    def wire_bytes(self) -> tuple[int, int]:
        """Return bytes (received, sent) since the connection was made; zeros while there is none."""
        if not self._connection.is_open:
            return (0, 0)
        stats = self._ib.client.connectionStats()
        return (stats.numBytesRecv, stats.numBytesSent)

    async def _read(self, what: str, ask: Callable[[], Any], *, shared: str = "", timeout_s: float = 0.0) -> Any:
        async def attempt() -> Any:
            return await self._connection.read(what, ask, shared=shared, timeout_s=timeout_s)

        return await self._connection.retrying(attempt)

    # -- contracts

    async def instruments(self, query: Query) -> Sequence[Instrument]:
        """Return every contract that matches, ordered by expiry, strike, right and conId."""
        wanted = contracts.contract_to_find(self._connection.library, query)
        what = f"contract {query.symbol or query.con_id} {query.sec_type} {query.trading_class}".strip()
        try:
            found = await self._read(what, lambda: self._ib.reqContractDetailsAsync(wanted))
        except NoDefinition:
            return ()
        rows = understood(what, lambda: [contracts.instrument_of_details(details) for details in found])
        for row in rows:
            self._instruments[row.con_id] = row
        return tuple(sorted(rows, key=lambda row: (str(row.expires_on), row.strike, row.right, row.con_id)))

    async def chains(self, underlying: Instrument) -> Sequence[Chain]:
        """Return the option chains of an underlying, ordered by exchange and class."""
        what = f"option chains of {underlying.symbol}"
        found = await self._read(
            what,
            lambda: self._ib.reqSecDefOptParamsAsync(underlying.symbol, "", underlying.sec_type, underlying.con_id),
        )
        rows = understood(what, lambda: [_chain_of(chain) for chain in found])
        return tuple(sorted(rows, key=lambda chain: (chain.exchange, chain.trading_class)))

    # -- the account

    async def positions(self) -> Positions:
        """Return the positions of the account; `complete` only if the broker confirmed their end."""
        return await self._holdings.take(self._position_rows)

    async def _position_rows(self) -> tuple[BrokerPosition, ...]:
        before = self._losses.count
        found = await self._connection.read("positions", self._ib.reqPositionsAsync, shared="positions")
        self._require_all("positions", before)
        rows = understood("positions", lambda: self._held(found))
        return tuple(sorted(rows, key=lambda row: row.instrument.con_id))

    def _held(self, found: Sequence[Any]) -> list[BrokerPosition]:
        latest = {row.contract.conId: row for row in found if row.account == self.account}
        return [self._position(row) for row in latest.values() if row.position]

    def _require_all(self, what: str, losses_before: int) -> None:
        """Raise `Nonsense` when a row of an answer was lost: what is not in it would count as not there."""
        if self._losses.count != losses_before:
            raise Nonsense(f"{what}: a row was lost ({self._losses.why}): the list is not believed")

    def _position(self, row: Any) -> BrokerPosition:
        instrument = self._instruments.get(row.contract.conId) or contracts.instrument_of(row.contract)
        factor = instrument.multiplier if instrument.sec_type in MULTIPLIED else 1
        return BrokerPosition(
            account=row.account,
            instrument=instrument,
            quantity=signed_count(row.position),
            avg_price=number(row.avgCost, lowest=-UNSET, highest=UNSET) / factor,
        )

    def account_holds(self, con_id: int) -> int | None:
        """Return what the account holds of a contract as last told; `None` while that is not known."""
        return self._ledger.known(con_id) if self._connection.is_open else None

    def portfolio(self) -> Mapping[int, int] | None:
        """Return the quantities by con_id as the stream of account updates tells them; `None` when it has not."""
        return self._portfolio.held(self.account) if self._connection.is_open else None

    async def account_values(self) -> Account:
        """Return the account's figures; IB pushes them after every fill and every few minutes.

        Raises `Retry` while none has come.
        """
        found = self._ib.accountValues(self.account)
        if not self._connection.is_open or not found:
            raise Retry("account values: the broker has sent none yet")
        return reports.account_of(found, self.account)

    # -- quotes

    def subscribe(self, instrument: Instrument, *, stream: bool = True) -> None:
        """Keep this instrument's quote (and an option's greeks) up to date; calling it again changes nothing.

        Without `stream` the line is only known, and `confirm` brings it up to date.
        """
        self._lines.subscribe(instrument, stream=stream)

    def unsubscribe(self, con_id: int) -> None:
        """Stop the subscription and forget the quote."""
        self._lines.unsubscribe(con_id)

    async def confirm(self, con_ids: Sequence[int]) -> None:
        """Ask for one snapshot of each line, so that a quiet market is known to be quiet and not dead.

        What does not answer in time keeps its age; nothing is raised for it.
        """
        await self._lines.confirm(con_ids)

    def quote(self, con_id: int) -> Quote:
        """Return the last known quote with its age; an empty quote when there is none."""
        line = self._lines.get(con_id)
        return Quote() if line is None else line.quote(self._clock.now())

    def refused(self, con_id: int) -> str:
        """Return why the broker does not quote this instrument; empty when it did not say so."""
        line = self._lines.get(con_id)
        return "" if line is None else line.refused

    def refusal_code(self, con_id: int) -> int | None:
        """Return IB's code of the last frame that spoke against this instrument's data, `None` without one."""
        line = self._lines.get(con_id)
        return None if line is None else line.code

    def watched(self) -> frozenset[int]:
        """Return the con_ids of all lines that are known."""
        return self._lines.known()

    def day_values(self, con_id: int) -> tuple[float | None, float | None]:
        """Return today's first regular price (open) and the previous close or settlement (close)."""
        line = self._lines.get(con_id)
        return (None, None) if line is None else (line.values.get("open"), line.values.get("close"))

    def unchanged_s(self, con_id: int) -> float | None:
        """Return the seconds since bid, ask or last last changed."""
        line = self._lines.get(con_id)
        return None if line is None else line.unchanged_s(self._clock.now())

    def greeks(self, con_id: int) -> Greeks | None:
        """Return the broker's model greeks, cleaned of sentinels, or `None`."""
        line = self._lines.get(con_id)
        return None if line is None else line.greeks(self._clock.now())

    def implied_volatility(self, con_id: int) -> float | None:
        """Return the implied volatility among the model's greeks as a fraction, or `None` where they are missing."""
        line = self._lines.get(con_id)
        return None if line is None or line.model is None else line.model.iv

    async def bars(
        self, instrument: Instrument, *, what: str, minutes: int, count: int, end: datetime, rth: bool
    ) -> Sequence[Bar]:
        """Return the last `count` closed bars of `minutes` minutes that ended at or before `end`, oldest first.

        `minutes=1440` gives daily bars, keyed by 16:00 New York time. Fewer come back when the broker holds fewer,
        or when an hour or less is asked for and part of it lay outside the session.
        """
        contract = contracts.contract_of(self._connection.library, instrument)
        found = await self._read(
            f"{what} bars of {instrument.local_symbol or instrument.symbol}",
            lambda: self._ib.reqHistoricalDataAsync(
                contract,
                endDateTime=end,
                durationStr=duration(minutes=minutes, count=count, rth=rth),
                barSizeSetting=bar_size(minutes),
                whatToShow=what,
                useRTH=rth,
                formatDate=2,
                keepUpToDate=False,
                timeout=0,
            ),
            timeout_s=3 * self._connection.endpoint.timeout_s,
        )
        return understood(f"{what} bars", lambda: closed_bars(found, minutes=minutes, end=end))[-count:]

    # -- orders, as seen

    async def open_orders(self) -> Sequence[OrderUpdate]:
        """Return every working order of every client on the account, oldest first."""
        before = self._losses.count
        found = await self._read("open orders", self._ib.reqAllOpenOrdersAsync, shared="openOrders")
        self._require_all("open orders", before)
        updates = understood(
            "open orders",
            lambda: {id(trade): reports.update_of(trade) for trade in found if trade.order.account == self.account},
        )
        for update in updates.values():
            self._ledger.updated(update)
        if self.link is not LinkState.LOST:
            self._ledger.listed({update.ref or str(update.perm_id) for update in updates.values()})
        return tuple(sorted(updates.values(), key=lambda update: (update.perm_id, update.order_id)))

    async def completed_orders(self) -> Sequence[OrderUpdate]:
        """Return today's done orders of the account."""
        before = self._losses.count
        found = await self._read(
            "completed orders", lambda: self._ib.reqCompletedOrdersAsync(False), shared="completedOrders"
        )
        self._require_all("completed orders", before)
        updates = understood(
            "completed orders",
            lambda: [reports.completed_of(trade) for trade in found if trade.order.account == self.account],
        )
        for update in updates:
            self._ledger.updated(update)
        return tuple(sorted(updates, key=lambda update: update.perm_id))

    async def executions(self) -> Sequence[Fill]:
        """Return today's executions of the account, oldest first."""
        before = self._losses.count
        found = await self._read("executions", self._ib.reqExecutionsAsync)
        self._require_all("executions", before)
        fills = understood(
            "executions",
            lambda: [reports.fill_of(fill) for fill in found if fill.execution.acctNumber == self.account],
        )
        for fill in fills:
            self._ledger.filled(fill)
        return tuple(sorted(fills, key=lambda fill: (fill.at, fill.exec_id)))

    def forget(self, ref: str) -> None:
        """Keep no contracts on offer for an order that readings proved the broker does not hold."""
        self._ledger.forget(ref)

    def listen(
        self,
        on_order: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_notice: Callable[[Notice], None],
    ) -> None:
        """Register the bot's handlers; they are called in the order of the frames."""
        self._ears.listen(on_order, on_fill, on_notice)


def _chain_of(chain: Any) -> Chain:
    return Chain(
        trading_class=chain.tradingClass,
        exchange=chain.exchange,
        multiplier=contracts.multiplier(chain.multiplier or 100),
        expiries=tuple(sorted(day for day in map(contracts.day, chain.expirations) if day is not None)),
        strikes=tuple(sorted(number(strike, lowest=0.0, highest=UNSET) for strike in chain.strikes)),
    )
