"""Examine machine, line, contracts, data and account in one go; every question is answered, whatever the others say."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.broker.port import Instrument, LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import Clock
from bot.doctor import account, machine
from bot.doctor.findings import Finding, fail, fine, warn
from bot.doctor.series import Series, futures_of, indices_of, listen, missing, option_of
from bot.errors import Halt, Refuse, Retry, Unreachable
from bot.line import skew_s
from bot.observe.instruments import Universe, resolve
from bot.observe.market import hours_agree
from bot.session import NEW_YORK, hours_on, session_at
from strategies.alvh.records import Session

FUTURES_DAYS = 75
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Say what is examined: mode, folder and the limits that the questions depend on."""

    mode: str
    folder: Path
    min_dte: int
    max_dte: int
    largest_minis: int
    largest_skew_s: float | None
    events_file: Path | None = None


class Doctor:
    """Ask everything a session needs; `known` returns the refs that the journal holds, `None` without a journal."""

    def __init__(
        self, case: Case, broker: ReadOnlyBroker, clock: Clock, known: Callable[[], Collection[str] | None]
    ) -> None:
        self._case = case
        self._broker = broker
        self._clock = clock
        self._known = known

    async def examine(self) -> tuple[Finding, ...]:
        """Return every finding; an unreachable broker is one, and leaves out what needs it."""
        case, broker = self._case, self._broker
        found = [
            *machine.of_folder(case.folder),
            *machine.of_calendar(self._clock.now(), case.events_file),
        ]
        try:
            found += await self._line()
            found.append(machine.of_kill_switch(case.folder, case.mode, broker.account))
            found += await self._market()
            found += [
                await account.of_figures(broker),
                await account.of_positions(broker),
                await account.of_orders(broker, case.mode, self._known()),
            ]
        except (Unreachable, Retry, Refuse, Halt) as problem:
            found.append(fail("line", str(problem), "log in to TWS or IB Gateway and look at its API settings"))
        return tuple(found)

    async def _line(self) -> list[Finding]:
        """Look at the line, and compare the clocks; connecting is for whoever reads what was missed meanwhile."""
        broker, largest = self._broker, self._case.largest_skew_s
        if broker.link is LinkState.DISCONNECTED:
            raise Unreachable("there is no line to the gateway")
        before = self._clock.now()
        theirs = await broker.heartbeat()
        skew = skew_s(before, theirs, self._clock.now())
        found = [fine("line", f"{broker.account} by {broker.library}")]
        if broker.link not in (LinkState.UP, LinkState.DELAYED):
            found = [fail("line", f"the line to the exchange is {broker.link}", "look at TWS")]
        if largest is not None and abs(skew) > largest:
            remedy = "see that NTP runs here: opening is locked"
            if abs(skew) > DAY_S:
                remedy = "is this a simulated gateway? then give --gateway-time, else set this machine's clock"
            found.append(fail("clock", f"{abs(skew):.0f} s apart from the broker's", remedy))
        elif largest is not None:
            found.append(fine("clock", f"agrees with the broker's within {largest:g} s"))
        return found

    async def _market(self) -> list[Finding]:
        """Look up every contract, ask for every series, compare the hours, and ask for leave to send orders."""
        case, broker, now = self._case, self._broker, self._clock.now()
        today = now.astimezone(NEW_YORK).date()
        universe = await resolve(broker, today, max(FUTURES_DAYS, case.max_dte))
        found = list(missing(universe, today, case.min_dte, case.max_dte))
        found += self._hours(universe, today)
        futures = futures_of(universe, today, case.min_dte, case.max_dte)
        asked = [*indices_of(universe), *futures]
        problems: list[str] = []
        for symbol in ("SPX", "VIX"):
            if symbol in universe.indices:
                broker.subscribe(universe.indices[symbol])  # its level says which strike lies near the money
                option = await option_of(broker, universe.indices[symbol], now, problems)
                asked += [] if option is None else [option]
        found += [warn("contracts", problem, "look the option up in TWS") for problem in problems]
        mini = next((row.instrument for row in futures if row.instrument.trading_class == "VXM"), None)
        return [*found, *await self._data(asked, mini)]

    async def _data(self, asked: list[Series], mini: Instrument | None) -> list[Finding]:
        """Listen to every series; leave is asked for while the mini is still quoted."""
        leave: list[Finding] = []

        async def ask() -> None:
            leave.extend(await account.of_leave(self._broker, mini, self._case.largest_minis))

        heard = await listen(self._broker, self._clock, asked, ask)
        return [*heard, *leave]

    def _hours(self, universe: Universe, today: date) -> list[Finding]:
        session = _session_of(today)
        if session is None:
            return []
        faults: list[str] = []
        if hours_agree(universe, session, faults):
            return [fine("hours", "IB and the calendar agree about today")]
        remedy = "an unscheduled close, or a calendar that is out of date: nothing is opened today"
        return [fail("hours", why, remedy) for why in faults]


def _session_of(day: date) -> Session | None:
    """Return the session of a day as it opens; `None` on a day without one."""
    hours = hours_on(day)
    return None if hours is None else session_at(hours.opens_at)
