"""Hold the market-data lines of one connection: what is subscribed, what it last showed, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.broker import codes, contracts
from bot.broker.connection import Connection
from bot.broker.port import Instrument
from bot.broker.quotes import Line
from bot.clock import Clock
from bot.errors import Refuse, Retry

COUNTED = ("AD-NYSE", "ADVN-NYSE", "DECN-NYSE")
SNAPSHOT_S = 3.0


class Lines:
    """Hold one `Line` an instrument, fed by the library's ticks."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._ib = connection.ib
        self._lines: dict[int, Line] = {}
        self._contracts: dict[int, Any] = {}
        self._streaming: set[int] = set()
        self._informing: set[int] = set()
        self._tap()

    def get(self, con_id: int) -> Line | None:
        """Return a line, or `None` when this instrument was never subscribed."""
        return self._lines.get(con_id)

    def known(self) -> frozenset[int]:
        """Return the con_ids of all lines, streamed or not."""
        return frozenset(self._lines)

    @property
    def delayed(self) -> bool:
        """Say whether any line that decides something shows delayed data; funds only inform."""
        return any(line.delayed and con_id not in self._informing for con_id, line in self._lines.items())

    def subscribe(self, instrument: Instrument, *, stream: bool) -> None:
        """Know an instrument, and stream its ticks if asked to; once is enough."""
        con_id = instrument.con_id
        if con_id not in self._lines:
            is_count = instrument.symbol in COUNTED and instrument.sec_type == "IND"
            self._lines[con_id] = Line(con_id=con_id, is_count=is_count)
            self._contracts[con_id] = contracts.contract_of(self._connection.library, instrument)
            if instrument.sec_type == "STK":
                self._informing.add(con_id)
        if stream and con_id not in self._streaming:
            self._streaming.add(con_id)
            if self._connection.is_open:
                self._ib.reqMktData(self._contracts[con_id], "", False, False)

    def unsubscribe(self, con_id: int) -> None:
        """Stop the stream and forget the line."""
        if self._lines.pop(con_id, None) is None:
            return
        contract = self._contracts.pop(con_id)
        self._informing.discard(con_id)
        if con_id in self._streaming:
            self._streaming.discard(con_id)
            if self._connection.is_open:
                self._ib.cancelMktData(contract)

    def renew(self, *, cancel: bool) -> None:
        """Ask for every stream again; `cancel` ends the old ones first."""
        for line in self._lines.values():
            line.forget_delay()
        for con_id in sorted(self._streaming):
            contract = self._contracts[con_id]
            if cancel:
                self._ib.cancelMktData(contract)
            self._ib.reqMktData(contract, "", False, False)

    async def confirm(self, con_ids: Sequence[int]) -> None:
        """Ask for one snapshot of each line; what does not answer in time keeps its age.

        All are asked for together, but those that were refused before: one refusal ends the whole request.
        """
        wanted = [con_id for con_id in con_ids if con_id in self._lines]
        if not wanted or not self._connection.is_open:
            return
        sound = [con_id for con_id in wanted if not self._lines[con_id].refused]
        doubtful = [con_id for con_id in wanted if self._lines[con_id].refused]
        await asyncio.gather(self._confirm_together(sound), self._confirm_singly(doubtful))

    async def _confirm_together(self, con_ids: Sequence[int]) -> None:
        asked_at = self._clock.now()
        try:
            await self._snapshot(con_ids)
        except Refuse:
            await self._confirm_singly(con_ids)
        except Retry as problem:
            for con_id in con_ids:
                self._doubt(con_id, asked_at, problem)

    async def _confirm_singly(self, con_ids: Sequence[int]) -> None:
        await asyncio.gather(*(self._confirm_one(con_id) for con_id in con_ids))

    async def _confirm_one(self, con_id: int) -> None:
        try:
            await self._snapshot((con_id,))
        except (Retry, Refuse) as problem:
            line = self._lines.get(con_id)
            if line is not None:
                line.refused = str(problem)

    async def _snapshot(self, con_ids: Sequence[int]) -> None:
        wanted = [self._contracts[con_id] for con_id in con_ids]
        if wanted:
            await self._connection.read(
                f"{len(wanted)} snapshots" if len(wanted) > 1 else f"snapshot of {_name(wanted[0])}",
                lambda: self._ib.reqTickersAsync(*wanted),
                timeout_s=min(SNAPSHOT_S, self._connection.endpoint.timeout_s),
            )

    def _doubt(self, con_id: int, asked_at: datetime, problem: Retry) -> None:
        """Take note of a line that has said nothing since it was asked."""
        line = self._lines.get(con_id)
        if line is not None and (line.latest is None or line.latest < asked_at):
            line.refused = str(problem)

    def heard(self, code: int, text: str, contract: Any) -> None:
        """Take note of an error frame that names a line."""
        line = self._lines.get(contract.conId) if contract is not None else None
        if line is not None and codes.of_system(code).meaning is codes.Meaning.SUBSCRIPTION:
            line.set_delayed(line.delayed or code == codes.DELAYED_BY_NOTICE)
            line.refused, line.code = text, code

    def ticked(self, tickers: Any) -> None:
        """Take what a packet left on the library's tickers."""
        now = self._clock.now()
        for ticker in tickers:
            line = self._lines.get(ticker.contract.conId)
            if line is not None:
                line.refresh(ticker, now)

    def _tap(self) -> None:
        """See every price and size tick before the library folds repeated and empty ones away."""
        wrapper, guarded = self._ib.wrapper, self._connection.guarded
        original, original_size = wrapper.priceSizeTick, wrapper.tickSize
        price_tick, size_tick = guarded(self._price_tick), guarded(self._size_tick)

        def tap(req_id: int, tick_type: int, price: float, size: float) -> None:
            price_tick(req_id, tick_type, price, size)
            original(req_id, tick_type, price, size)

        def tap_size(req_id: int, tick_type: int, size: float) -> None:
            size_tick(req_id, tick_type, size)
            original_size(req_id, tick_type, size)

        wrapper.priceSizeTick, wrapper.tickSize = tap, tap_size

    def _price_tick(self, req_id: int, tick_type: int, price: float, size: float) -> None:
        line = self._line_of(req_id)
        if line is not None:
            line.tick(tick_type, price, size, self._clock.now())

    def _size_tick(self, req_id: int, tick_type: int, size: float) -> None:
        line = self._line_of(req_id)
        if line is not None:
            line.size_tick(tick_type, size, self._clock.now())

    def _line_of(self, req_id: int) -> Line | None:
        ticker = self._ib.wrapper.reqId2Ticker.get(req_id)
        return None if ticker is None else self._lines.get(ticker.contract.conId)


def _name(contract: Any) -> str:
    return str(contract.localSymbol or contract.symbol)
