"""The market of a scenario behind the gateway's protocol: a pure function of scenario, seed and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from bot.gateway.kept import Bars
from bot.gateway.market import history, timetables
from bot.gateway.market.catalogue import find_scenario, made_up_number
from bot.gateway.market.cfe import Futures, is_future
from bot.gateway.market.chain import expiries, strikes
from bot.gateway.market.condors import opening_positions, trades_by_hand
from bot.gateway.market.desk import Desk
from bot.gateway.market.funds import EXCHANGES, FUNDS, Funds, fund_contract, fund_of
from bot.gateway.market.funds import HOURS as FUND_HOURS
from bot.gateway.market.grid import TICK_SECONDS
from bot.gateway.market.listing import (
    INDEX_IDS,
    MARKET_RULES,
    Expiry,
    OptionClass,
    index_contract,
    option_contract,
    option_expiry,
    option_of,
)
from bot.gateway.market.options import OptionQuotes, Shown
from bot.gateway.market.session_file import read_scenario
from bot.gateway.market.sessions import NEW_YORK, Hours
from bot.gateway.market.ticker import HOURS_OF_INDEX, Ticker
from bot.gateway.market.world import World, build
from bot.gateway.records import (
    Contract,
    ContractPattern,
    Greeks,
    HistoryBar,
    OpeningAccount,
    OptionChain,
    Quote,
)

_SYMBOLS = {con_id: symbol for symbol, con_id in INDEX_IDS.items()}


def load_market(scenario: str | Path, *, seed: int | None = None) -> SimulatedMarket:
    """Return the market of a scenario given by name or folder, standing at its start; `seed` overrides its own.

    The worlds of the last few made-up scenarios are kept: a search plays many days in each.
    """
    if made_up_number(scenario) is not None:
        return SimulatedMarket(_kept_world(str(scenario), seed))
    return SimulatedMarket(_world(scenario, seed))


def _world(scenario: str | Path, seed: int | None) -> World:
    found = read_scenario(find_scenario(scenario))
    return build(found, found.seed if seed is None else seed)


@lru_cache(maxsize=2)
def _kept_world(scenario: str, seed: int | None) -> World:
    return replace(_world(scenario, seed), kept={})


class SimulatedMarket:
    """Answer for one scenario what is listed, what is displayed and what happened until now."""

    tick_seconds = TICK_SECONDS

    def __init__(self, world: World) -> None:
        self.name = world.scenario.name
        self.seed = world.seed
        self.start = world.scenario.start
        self.end = world.scenario.end
        self._world = world
        self._now = self.start
        self._tick = world.grid.index(self.start)
        self._shown: dict[int, Shown] = {}
        self._open: dict[tuple[int, bool], bool] = {}
        self._desk = Desk(world)
        self._ticker = Ticker(world)
        self._futures = Futures(world, self._ticker)
        self._funds = Funds(world)
        self._options = OptionQuotes(world, self._desk)
        self._reference = round(float(world.paths.shown["SPX"][self._tick]) / 100.0) * 100.0
        self._account = OpeningAccount(
            account=world.scenario.account,
            cash=world.scenario.cash,
            positions=opening_positions(world, self._desk, self._reference),
            by_hand=trades_by_hand(world, self._desk, self._reference),
            beside=tuple(OpeningAccount(account=item.account, cash=item.cash) for item in world.scenario.beside),
        )

    @property
    def now(self) -> datetime:
        """Return the market's time."""
        return self._now

    def advance(self, to: datetime) -> None:
        """Move the market's time to `to`; beyond the end of the scenario its last state stands."""
        if to < self._now:
            raise ValueError(f"the market stands at {self._now} and cannot go back to {to}")
        self._now = to
        self._tick = self._world.grid.index(to)
        self._shown.clear()
        self._open.clear()

    def find(self, pattern: ContractPattern) -> Sequence[Contract]:
        """Return every contract listed at `now` that matches; options only when the pattern asks for options."""
        if pattern.con_id:
            found = self.contract(pattern.con_id)
            return () if found is None else (found,)
        if pattern.sec_type == "OPT":
            return self._find_options(pattern)
        if pattern.sec_type == "STK":
            return _find_funds(pattern)
        listed: list[Contract] = []
        if pattern.sec_type in ("", "IND"):
            listed += [index_contract(symbol) for symbol in INDEX_IDS]
        if pattern.sec_type in ("", "FUT"):
            listed += self._futures.listed(self._now)
        return tuple(item for item in listed if _matches(item, pattern))

    def _find_options(self, pattern: ContractPattern) -> Sequence[Contract]:
        exchange = pattern.exchange or "SMART"
        if exchange not in ("SMART", "CBOE") or pattern.currency not in ("", "USD"):
            return ()
        if pattern.multiplier not in ("", "100"):
            return ()
        rights = ("C", "P") if not pattern.right else (pattern.right[0].upper(),)
        found = [
            option_contract(expiry, strike, right)
            for expiry in self._expiries(pattern)
            for strike in self._ladder(expiry, pattern.strike)
            for right in rights
        ]
        if pattern.local_symbol:
            found = [item for item in found if item.local_symbol == pattern.local_symbol]
        return tuple(found if exchange == "SMART" else (replace(item, exchange=exchange) for item in found))

    def _expiries(self, pattern: ContractPattern) -> list[Expiry]:
        return [
            expiry
            for option_class in OptionClass
            if pattern.symbol in ("", option_class.underlying) and pattern.trading_class in ("", option_class)
            for expiry in expiries(option_class, self._now, self._world.timetable, self._world.futures)
            if pattern.expiry in ("", expiry.text, expiry.text[:6], f"{expiry.settles_on:%Y%m}")
        ]

    def _ladder(self, expiry: Expiry, strike: float) -> Sequence[float]:
        listed = self._strikes(expiry.option_class, expiry.settles_on)
        if not strike:
            return listed
        return (strike,) if strike in listed else ()

    def _strikes(self, option_class: OptionClass, settles_on: date) -> tuple[float, ...]:
        days = (settles_on - self.start.date()).days
        return strikes(option_class, max(days, 0), self._reference)

    def contract(self, con_id: int) -> Contract | None:
        """Return the contract with this conId, also an expired one."""
        if con_id in _SYMBOLS:
            return index_contract(_SYMBOLS[con_id])
        fund = fund_of(con_id)
        if fund is not None:
            return fund_contract(fund)
        if is_future(con_id):
            return self._futures.contract(con_id)
        option = option_of(con_id)
        if option is None or not self._world.timetable.is_session(option[1]):
            return None
        option_class, settles_on, strike, right = option
        return option_contract(option_expiry(option_class, settles_on, self._world.timetable), strike, right)

    def chains(self, underlying_con_id: int) -> Sequence[OptionChain]:
        """Return the option chains on SPX or VIX, one per class and exchange."""
        found = []
        for option_class in OptionClass:
            if INDEX_IDS[option_class.underlying] != underlying_con_id:
                continue
            listed = expiries(option_class, self._now, self._world.timetable, self._world.futures)
            ladder = sorted({strike for item in listed for strike in self._strikes(option_class, item.settles_on)})
            for exchange in ("SMART", "CBOE"):
                found.append(
                    OptionChain(
                        exchange=exchange,
                        underlying_con_id=underlying_con_id,
                        trading_class=option_class.value,
                        multiplier="100",
                        expiries=tuple(item.text for item in listed),
                        strikes=tuple(ladder),
                    )
                )
        return tuple(found)

    def quote(self, con_id: int) -> Quote:
        """Return the displayed market at `now`; empty for what is not quoted."""
        return (self._shown.get(con_id) or self._show(con_id))[0]

    def greeks(self, con_id: int) -> Greeks | None:
        """Return model greeks of an option at `now`; `None` when its market has no model."""
        return (self._shown.get(con_id) or self._show(con_id))[1]

    def _show(self, con_id: int) -> Shown:
        """Compute what a contract shows at `now`, and keep it until the market moves on."""
        if option_of(con_id) is None:
            shown: Shown = (self._quote(con_id), None)
        else:
            shown = self._options.shown(con_id, self._now, self._tick, halted=self._halted(futures=False))
        self._shown[con_id] = shown
        return shown

    def _quote(self, con_id: int) -> Quote:
        """Return the quote of an index, a fund or a future."""
        if con_id in _SYMBOLS:
            return self._ticker.index(_SYMBOLS[con_id], self._tick, halted=self._halted(futures=False))
        fund = fund_of(con_id)
        if fund is not None:
            trading = self.is_open(con_id, rth=False) and not self._halted(futures=False)
            return self._funds.quote(fund, self._tick, trading=trading)
        trading = self.is_open(con_id, rth=False)
        return self._futures.quote(con_id, self._tick, open_=trading, halted=self._halted(futures=True))

    def generic(self, con_id: int) -> dict[str, float]:
        """Return generic-tick values by IB's name, where they exist."""
        symbol = _SYMBOLS.get(con_id, "")
        if symbol == "SPX":
            return {"optionImpliedVol": round(float(self._world.paths.driver[self._tick]) / 100.0, 6)}
        return self._futures.generic(con_id, self._tick)

    def bars(
        self, con_id: int, what: str, start: datetime, end: datetime, step_s: int, *, rth: bool
    ) -> Sequence[HistoryBar]:
        """Return bars of `step_s` seconds in [start, end); nothing after `now`; empty where IB has no such history."""
        sample = self._sample(con_id, what)
        last = min(end, datetime.fromtimestamp(self._now.timestamp() + 1, end.tzinfo))
        if sample is None or last <= start:
            return ()
        hours, kept = self._hours(con_id), self._world.kept
        if kept is None or end > self._now:
            return history.bars(self._world, hours, (start, last), step_s, rth=rth, sample=sample)
        key = (con_id, what, start, end, step_s, rth)
        found = kept.get(key)
        if found is None:
            found = kept[key] = Bars(history.bars(self._world, hours, (start, last), step_s, rth=rth, sample=sample))
        return found

    def _sample(self, con_id: int, what: str) -> history.Sampler | None:
        if con_id in _SYMBOLS:
            return history.index_sampler(self._ticker, _SYMBOLS[con_id], what)
        fund = fund_of(con_id)
        if fund is not None:
            return history.fund_sampler(self._funds, fund, what)
        if is_future(con_id):
            return self._futures.sampler(con_id, what)
        return self._options.sampler(con_id, what) if option_of(con_id) is not None else None

    def hours(self, con_id: int, first: date, days: int) -> tuple[str, str]:
        """Return IB's tradingHours and liquidHours for `days` calendar days from `first`, in the contract's zone."""
        return timetables.ib_hours(self._world.timetable, self._hours(con_id), self.zone(con_id), first, days)

    def zone(self, con_id: int) -> str:
        """Return US/Eastern for the NYSE indices and the funds, and US/Central for everything of Cboe and CFE."""
        eastern = _SYMBOLS.get(con_id, "").endswith("-NYSE") or fund_of(con_id) is not None
        return "US/Eastern" if eastern else "US/Central"

    def is_open(self, con_id: int, *, rth: bool) -> bool:
        """Say whether the contract trades at `now`; an expiring one stops before it settles."""
        known = self._open.get((con_id, rth))
        if known is None:
            known = self._open[con_id, rth] = self._is_open(con_id, rth=rth)
        return known

    def _is_open(self, con_id: int, *, rth: bool) -> bool:
        contract = self.contract(con_id)
        if contract is None or not timetables.trades_still(contract, self._now, self._world.timetable):
            return False
        return timetables.is_open(self._world.timetable, self._hours(con_id), self._now, rth=rth)

    def _hours(self, con_id: int) -> Hours:
        if con_id in _SYMBOLS:
            return HOURS_OF_INDEX[_SYMBOLS[con_id]]
        if fund_of(con_id) is not None:
            return FUND_HOURS
        return Hours.VX if is_future(con_id) else Hours.OPTION

    def _halted(self, *, futures: bool) -> bool:
        for halt in self._world.scenario.halts:
            if halt.begins <= self._now < (halt.futures_end if futures else halt.ends):
                return True
        return False

    def market_rule(self, rule_id: int) -> Sequence[tuple[float, float]] | None:
        """Return (low edge, increment) pairs of a market rule."""
        return MARKET_RULES.get(rule_id)

    def settlement(self, con_id: int) -> float | None:
        """Return the final settlement price of a contract that has settled by `now`."""
        contract = self.contract(con_id)
        if contract is None or contract.settles_at is None or contract.settles_at > self._now:
            return None
        settled = self._settling_value(contract, contract.settles_at)
        if settled is None or contract.sec_type == "FUT":
            return settled
        return max(settled - contract.strike if contract.right == "C" else contract.strike - settled, 0.0)

    def _settling_value(self, contract: Contract, at: datetime) -> float | None:
        """Return the final VX settlement, or SPX at that instant; `None` for what lies outside the scenario."""
        if not self._world.grid.holds(at):
            return None
        tick = self._world.grid.index(at)
        if contract.symbol == "SPX":
            return float(self._world.paths.shown["SPX"][tick])
        final = self._futures.final(at.astimezone(NEW_YORK).date())
        return float(self._world.paths.shown["VIX"][tick]) if final is None else final

    def opening_account(self) -> OpeningAccount:
        """Return the account with which the scenario begins."""
        return self._account


def _find_funds(pattern: ContractPattern) -> Sequence[Contract]:
    exchange = pattern.exchange or EXCHANGES[0]
    if exchange not in EXCHANGES:
        return ()
    return tuple(item for symbol in FUNDS if _matches(item := fund_contract(symbol, exchange), pattern))


def _matches(contract: Contract, pattern: ContractPattern) -> bool:
    """Say whether every field that the pattern fills in agrees; an expiry may be a month or a day."""
    exact = ("symbol", "sec_type", "exchange", "currency", "right", "multiplier", "local_symbol", "trading_class")
    if any(getattr(pattern, name) not in ("", getattr(contract, name)) for name in exact):
        return False
    if len(pattern.expiry) == 6:
        return pattern.expiry in (contract.expiry[:6], contract.contract_month)
    return not pattern.expiry or pattern.expiry == contract.expiry
