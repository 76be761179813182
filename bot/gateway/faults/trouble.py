"""Be one fault at work: what it may do to frames, to orders and to what the exchange tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.errors import FaultError
from bot.gateway.faults import times
from bot.gateway.faults.keys import Keys
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.records import Contract, OrderRequest, Report

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session

ALL = None  # every message
NONE: frozenset[str] = frozenset()
Names = frozenset[str] | None


class Trouble:
    """Do nothing at all; a kind of fault overrides what it is about.

    `begin` and `end` are called when the fault's span opens and closes, everything else only in between.
    """

    hears_out: Names = NONE  # the names of the messages shown to `outgoing`; ALL for every one
    hears_in: Names = NONE

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        self.fault = fault
        self.said = said
        self.house = house
        self.rng = rng
        self._occasions = 0
        self._strikes = 0

    def begin(self) -> None:
        """Hear that the span opens."""

    def end(self) -> None:
        """Hear that the span closes."""

    def connecting(self, session: Session) -> None:
        """Hear of a new connection."""

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Return what goes on instead of a frame to a client; `None`: the frame as it is."""
        return None

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Return what is handled instead of a client's frame; `None`: the frame as it is."""
        return None

    def placing(self, request: OrderRequest) -> Sequence[Report] | None:
        """Return the answer to an order that the exchange shall not see; `None`: let it see it."""
        return None

    def placed(self, request: OrderRequest, reports: Sequence[Report]) -> Sequence[Report]:
        """Return what is told of an order that the exchange has answered."""
        return reports

    def cancelling(self, request: OrderRequest) -> Sequence[Report] | None:
        """Return the answer to a cancel that the exchange shall not see; `None`: let it see it."""
        return None

    def telling(self, reports: list[Report]) -> list[Report]:
        """Return what is told to clients of what the exchange reported."""
        return reports

    def listing(self, what: str, rows: Sequence[Any], account: str) -> Sequence[Any]:
        """Return what clients are shown when they ask for a list (`open`, `completed`, `executions`, `positions`)."""
        return rows

    # ---- for the kinds

    def strikes(self) -> bool:
        """Say whether this occasion is one of those that `nth`, `every`, `chance` and `times` name."""
        self._occasions += 1
        if self.said["times"] and self._strikes >= self.said["times"]:
            return False
        if self.said["nth"] and self._occasions != self.said["nth"]:
            return False
        if self._occasions % self.said["every"]:
            return False
        if self.said["chance"] < 1.0 and self.rng.random() >= self.said["chance"]:
            return False
        self._strikes += 1
        return True

    def note(self, what: str, session: Session | None = None, frame: str = "") -> None:
        """Write into the log what was done."""
        self.house.note(self.fault, what, session.client_id if session is not None else -1, frame)

    def concerns(self, session: Session) -> bool:
        """Say whether a client is one that the fault is about."""
        wanted: int = self.said.get("client", -1)
        return wanted < 0 or session.client_id == wanted

    def clients(self) -> list[Session]:
        """Return the connected clients that the fault is about."""
        return [session for session in self.house.clients() if self.concerns(session)]

    def is_about(self, contract: Contract | None) -> bool:
        """Say whether a contract is one that the fault is about."""
        wanted = self.said["contracts"]
        return not wanted or (contract is not None and not _names(contract).isdisjoint(wanted))

    def is_for(self, request: OrderRequest) -> bool:
        """Say whether an order is one that the fault is about."""
        if self.said["action"] not in ("", request.action) or self.said["ref"] not in request.order_ref:
            return False
        if self.said.get("client", -1) not in (-1, request.client_id):
            return False
        con_ids = [leg.con_id for leg in request.legs] or [request.con_id]
        return any(self.is_about(self.house.market.contract(con_id)) for con_id in con_ids)


def _names(contract: Contract) -> set[str]:
    return {contract.symbol, contract.local_symbol, contract.trading_class, str(contract.con_id)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Hold one kind of fault: which observed failures (`rows`, F1 to F27) it stands for, and what may be said of it."""

    name: str
    rows: tuple[str, ...]
    words: str
    keys: Keys
    make: Callable[[Fault, dict[str, Any], Interposer, Random], Trouble]
    problem: Callable[[dict[str, Any]], str] = lambda _: ""
    needs_strings: bool = False  # of the exchange

    def read(self, fault: Fault) -> dict[str, Any]:
        """Return all that a fault says, with the defaults.

        Raises `FaultError` when it says what it must not.
        """
        said = self.keys.read(fault)
        problem = times.problem(said["at"]) or self.problem(said)
        if problem:
            raise FaultError(f"fault {self.name}: {problem}")
        return said
