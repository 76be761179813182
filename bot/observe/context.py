"""Fill the view's context: the flight between sectors and the fall of credit from the broker, the rest from a file.

Funds stand for sectors and bonds. Each is looked up and its daily bars are fetched once a session; its price comes by a
snapshot every five minutes, so none holds a market-data line. What is missing is missing and said once: the context
informs, and nothing of it may stop anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import fsum, isfinite, sqrt
from pathlib import Path
from statistics import fmean

from bot.broker.port import Instrument, Query, Reader
from bot.errors import Refuse, Retry, UsageProblem
from bot.observe.context_file import NEEDED, read_context
from bot.observe.sectors import Sector, read_sectors, tilt
from bot.observe.spreads import Pace
from bot.session import NEW_YORK
from strategies.alvh.context import CREDIT, CREDIT_SPREAD, SECTORS
from strategies.alvh.records import ContextValue, Session

HIGH_YIELD, INVESTMENT_GRADE = "HYG", "LQD"
EXCHANGE, LISTED_ON = "SMART", "ARCA"
DIFFERENCES, FEWEST = 60, 20
DAY_MINUTES = 1440
PRICES_EVERY = timedelta(minutes=5)
SOURCE = "broker"


@dataclass(slots=True, kw_only=True)
class _Fund:
    """Hold what one session knows of a fund: its contract, its daily closes, and what cannot be had, in words."""

    instrument: Instrument | None = None
    closes: dict[date, float] | None = None
    final: bool = False
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """Hold a fund's return since the previous close in percent and the age of its price; or why there is none."""

    pct: float | None = None
    age_s: float | None = None
    missing: str = ""


@dataclass(slots=True)
class _Today:
    """Hold one session: its day, its funds by symbol, the file's numbers, and when prices were last asked for."""

    day: date
    funds: dict[str, _Fund]
    told: tuple[ContextValue, ...]
    asked_at: datetime | None = None
    said: set[str] = field(default_factory=set)


class Background:
    """Keep the context numbers of one session after another."""

    def __init__(
        self, *, from_broker: bool = True, file: Path | None = None, sectors: Sequence[Sector] | None = None
    ) -> None:
        """Say where the numbers come from; `sectors` are those of the shipped table unless given."""
        self._tilt = tilt(tuple(read_sectors() if sectors is None else sectors))
        self._symbols = (*self._tilt, HIGH_YIELD, INVESTMENT_GRADE) if from_broker else ()
        self._file = file
        self._today: _Today | None = None

    async def refresh(self, broker: Reader, pace: Pace, session: Session, now: datetime) -> tuple[str, ...]:
        """Bring the numbers up to date and return what has to be said, each thing once a session."""
        notices: list[str] = []
        today = self._today
        if today is None or today.day != session.day:
            today = self._today = self._begin(broker, session.day, notices)
        if self._symbols and (today.asked_at is None or now - today.asked_at >= PRICES_EVERY):
            await self._look(broker, pace, today, now)
            notices += (f"context: {fund.missing}" for fund in today.funds.values() if fund.missing)
        fresh = tuple(notice for notice in dict.fromkeys(notices) if notice not in today.said)
        today.said.update(fresh)
        return fresh

    def _begin(self, broker: Reader, day: date, notices: list[str]) -> _Today:
        for fund in self._today.funds.values() if self._today else ():
            if fund.instrument is not None:
                broker.unsubscribe(fund.instrument.con_id)
        told: tuple[ContextValue, ...] = ()
        if self._file is not None:
            found = read_context(self._file, day)
            told = found.values
            notices += found.problems
        return _Today(day, {symbol: _Fund() for symbol in self._symbols}, told)

    async def _look(self, broker: Reader, pace: Pace, today: _Today, now: datetime) -> None:
        for symbol, fund in today.funds.items():
            if fund.instrument is None and not fund.final:
                await self._find(broker, symbol, fund)
            if fund.instrument is not None and fund.closes is None and not fund.final and pace.allows(now, 1):
                pace.count(now)
                await self._learn(broker, symbol, fund, today.day, now)
        await broker.confirm([fund.instrument.con_id for fund in today.funds.values() if fund.instrument is not None])
        today.asked_at = now

    async def _find(self, broker: Reader, symbol: str, fund: _Fund) -> None:
        """Look a fund up by its pins; none or several is a refusal that stands for the session."""
        query = Query(symbol=symbol, sec_type="STK", exchange=EXCHANGE, listed_on=LISTED_ON)
        try:
            rows = [row for row in await broker.instruments(query) if _fits(row, symbol)]
        except (Retry, Refuse) as problem:
            fund.missing, fund.final = f"{symbol} could not be looked up: {problem}", isinstance(problem, Refuse)
            return
        if len(rows) != 1:
            fund.missing, fund.final = f"{symbol} on {LISTED_ON}: {len(rows)} contracts fit, expected 1", True
            return
        fund.instrument, fund.missing = rows[0], ""
        broker.subscribe(rows[0], stream=False)

    async def _learn(self, broker: Reader, symbol: str, fund: _Fund, today: date, now: datetime) -> None:
        if fund.instrument is None:
            return
        try:
            bars = await broker.bars(
                fund.instrument, what="TRADES", minutes=DAY_MINUTES, count=DIFFERENCES + 1, end=now, rth=True
            )
        except (Retry, Refuse) as problem:
            fund.missing, fund.final = f"daily bars of {symbol}: {problem}", isinstance(problem, Refuse)
            return
        closes = {bar.end.astimezone(NEW_YORK).date(): bar.close for bar in bars}
        fund.closes = {day: close for day, close in closes.items() if day < today and close > 0.0}
        fund.missing = ""

    def values(self, broker: Reader) -> tuple[ContextValue, ...]:
        """Return the context as it stands now: what the broker fully answers first, then the file, then the rest."""
        today = self._today
        if today is None:
            return ()
        shown = self._from_broker(broker, today) if self._symbols else ()
        whole = [row for row in shown if _is_whole(row)]
        return (*whole, *today.told, *(row for row in shown if row not in whole))

    def _from_broker(self, broker: Reader, today: _Today) -> tuple[ContextValue, ...]:
        moves = {symbol: _move(broker, symbol, fund) for symbol, fund in today.funds.items()}
        bonds = {HIGH_YIELD: 1.0, INVESTMENT_GRADE: -1.0}
        wanted = {SECTORS: self._tilt, CREDIT: {HIGH_YIELD: 1.0}, CREDIT_SPREAD: bonds}
        return tuple(_row(name, shares, moves, today.funds) for name, shares in wanted.items())


def background_of(file: Path | None, now: datetime, *, from_broker: bool) -> Background:
    """Return the background of a bot that starts; raises `UsageProblem` with everything that is wrong in the file.

    Later in its life a file that breaks only loses the lines that are wrong: nobody may be there to mend it.
    """
    problems = () if file is None else read_context(file, now.astimezone(NEW_YORK).date()).problems
    if problems:
        raise UsageProblem("; ".join(problems))
    return Background(from_broker=from_broker, file=file)


def _fits(row: Instrument, symbol: str) -> bool:
    return (row.symbol, row.sec_type, row.currency) == (symbol, "STK", "USD")


def _is_whole(row: ContextValue) -> bool:
    """Say whether a row has the number that its question is answered by."""
    return (row.z if NEEDED.get(row.name) == "z" else row.value) is not None


def _move(broker: Reader, symbol: str, fund: _Fund) -> _Move:
    """Return the return of a fund since the previous close, from the middle of its market or else its last price."""
    if fund.instrument is None:
        return _Move(missing=fund.missing or f"{symbol} is not looked up yet")
    quote = broker.quote(fund.instrument.con_id)
    price = quote.last if quote.mid is None else quote.mid
    close = broker.day_values(fund.instrument.con_id)[1]
    if quote.delayed or quote.halted or price is None or quote.age_s is None:
        what = "delayed" if quote.delayed else "halted" if quote.halted else "not quoted"
        why = broker.refused(fund.instrument.con_id)
        return _Move(missing=f"{symbol} is {what}{f': {why}' if why else ''}")
    if close is None or not close > 0.0:
        return _Move(missing=f"the previous close of {symbol} is not known")
    return _Move(pct=100.0 * (price / close - 1.0), age_s=quote.age_s)


def _row(
    name: str, shares: Mapping[str, float], moves: Mapping[str, _Move], funds: Mapping[str, _Fund]
) -> ContextValue:
    """Return the sum of the moves by their shares, as old as the oldest; one missing part leaves the whole missing."""
    parts = [(share, moves[symbol]) for symbol, share in shares.items()]
    missing = [move.missing for _, move in parts if move.pct is None]
    if missing:
        return ContextValue(name=name, source=missing[0])
    value = sum(share * (move.pct or 0.0) for share, move in parts)
    z = standardised(value, differences(shares, {symbol: funds[symbol].closes or {} for symbol in shares}))
    source = SOURCE if z is not None or NEEDED.get(name) != "z" else f"{SOURCE}, under {FEWEST} days of history"
    return ContextValue(name=name, value=value, z=z, age_s=max(move.age_s or 0.0 for _, move in parts), source=source)


def differences(shares: Mapping[str, float], closes: Mapping[str, Mapping[date, float]]) -> tuple[float, ...]:
    """Return the weighted daily returns in percent of the last sessions that all funds have in common, oldest first."""
    days = sorted(set.intersection(*(set(closes[symbol]) for symbol in shares))) if shares else []
    found = [
        sum(share * 100.0 * (closes[symbol][day] / closes[symbol][before] - 1.0) for symbol, share in shares.items())
        for before, day in pairwise(days)
    ]
    return tuple(found[-DIFFERENCES:])


def standardised(value: float, history: Sequence[float]) -> float | None:
    """Return how many standard deviations a value lies from the mean of its history; `None` under 20 of them."""
    if len(history) < FEWEST:
        return None
    middle = fmean(history)
    spread = sqrt(fsum((one - middle) ** 2 for one in history) / (len(history) - 1))
    z = (value - middle) / spread if spread > 0.0 else None
    return z if z is not None and isfinite(z) else None
