"""Freeze market data, or refuse it, as farms, permissions and competing sessions do."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, CONTRACTS, DAILY, Key, Keys, lasts, one_of
from bot.gateway.faults.line import TICKS
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import Kind, Trouble
from bot.gateway.messages import outbound
from bot.gateway.records import Contract, Quote
from bot.gateway.requests.ticks import LIVE, quote_ticks

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session

_TEXTS = {
    354: "Requested market data is not subscribed.Delayed market data is available.",
    10089: "Requested market data requires additional subscription for API. See link in 'Market Data Connections' "
    "dialog for more details.",
    10090: "Part of requested market data is not subscribed. Subscription-independent ticks are still active.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
    10186: "Requested market data is not subscribed. Delayed market data is not enabled",
}
_FARMS = {
    "data": (2103, 2104, "Market data farm connection is {}:usfuture"),
    "history": (2105, 2106, "HMDS data farm connection is {}:ushmds"),
    "secdef": (2157, 2158, "Sec-def data farm connection is {}:secdefil"),
}


class DataTrouble(Trouble):
    """Know which lines of data the fault is about, and show them anew when it is over."""

    hears_out = TICKS

    def end(self) -> None:
        """Show everything again."""
        self.house.show_all_again()

    def affects(self, parcel: Parcel) -> bool:
        """Say whether a frame belongs to a line that the fault is about."""
        return self.is_about(self.house.contract(parcel.session, parcel.values.get("reqId")))

    def lines(self) -> Iterator[tuple[Session, int, Contract]]:
        """Yield every line of data that the fault is about, with its client and its request id."""
        for session in self.clients():
            for request_id, contract in self.house.subscribed(session).items():
                if self.is_about(contract):
                    yield session, request_id, contract

    def refuse(self, session: Session, request_id: int | None, code: int, text: str = "") -> None:
        """Send an error about a line of data."""
        words = text or _TEXTS.get(code, "Market data message")
        self.house.say(session, outbound.ERROR, id=-1 if request_id is None else request_id, code=code, text=words)


class Frozen(DataTrouble):
    """Let ticks stop without a word; a snapshot shows nothing, what was known when they stopped, or the truth."""

    hears_out = TICKS | {"tickSnapshotEnd"}

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._known: dict[int, Quote] = {}

    def begin(self) -> None:
        """Remember what is shown now."""
        self.note("ticks stop")
        con_ids = {contract.con_id for _, _, contract in self.lines()}
        self._known = {con_id: self.house.market.quote(con_id) for con_id in sorted(con_ids)}

    def end(self) -> None:
        """Let them go on."""
        self.note("ticks go on")
        super().end()

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Stop the ticks."""
        if not self.affects(parcel):
            return None
        is_snapshot = parcel.answering == "reqMktData"
        if parcel.name != "tickSnapshotEnd":
            return None if is_snapshot and self.said["snapshots"] == "true" else []
        if self.said["snapshots"] == "old":
            self._show_old(parcel)
        return None

    def _show_old(self, parcel: Parcel) -> None:
        request_id = parcel.values["reqId"]
        contract = self.house.contract(parcel.session, request_id)
        known = self._known.get(contract.con_id) if contract is not None else None
        if known is not None:
            self.note("an old quote as snapshot", parcel.session, parcel.name)
            for message, values in quote_ticks(None, known, LIVE, self.house.market.now):
                self.house.say(parcel.session, message, **values, reqId=request_id)


class FarmBroken(Frozen):
    """Say that a farm is broken, stop what comes from it, and say that it is good again, perhaps too early."""

    hears_in = frozenset({"reqHistoricalData", "reqContractDetails"})
    hears_out = Frozen.hears_out | {"error"}

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._instead: dict[int, tuple[int, str]] = {}  # what is said of a farm for which code

    def begin(self) -> None:
        """Say it."""
        super().begin()
        self._tell(broken=True)
        if 0 < self.said["good_after_s"] < self.said["lasts_s"]:
            self.house.later(self.said["good_after_s"], lambda: self._tell(broken=False))

    def end(self) -> None:
        """Say that it is good, unless that was said long ago."""
        super().end()
        if not 0 < self.said["good_after_s"] < self.said["lasts_s"]:
            self._tell(broken=False)

    def _tell(self, *, broken: bool) -> None:
        for farm in self.said["farms"]:
            bad, good, text = _FARMS[farm]
            code, word = (bad, "broken") if broken else (good, "OK")
            self._instead[good] = (code, text.format(word))
            self.note(f"{code}, farm {farm} {word}")
            for session in self.clients():
                self.refuse(session, None, code, text.format(word))

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Stop the ticks of a farm that is broken, and tell who connects meanwhile that it is."""
        if parcel.name == "error":
            return self._greeted(parcel)
        farm = "history" if parcel.name == "historicalDataUpdate" else "data"
        return super().outgoing(parcel) if farm in self.said["farms"] else None

    def _greeted(self, parcel: Parcel) -> list[Parcel] | None:
        code, text = self._instead.get(parcel.values["code"], (0, ""))
        return [parcel.saying(code=code, text=text)] if code not in (0, parcel.values["code"]) else None

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Refuse what the farm would have to answer."""
        farm = "history" if parcel.name == "reqHistoricalData" else "secdef"
        if farm not in self.said["farms"] or not self.is_about(self.house.requested(parcel.values)):
            return None
        self.note(f"refused, farm {farm} broken", parcel.session, parcel.name)
        if farm == "history":
            text = "Historical Market Data Service error message:HMDS query returned no data: farm broken"
            self.refuse(parcel.session, parcel.values.get("reqId"), 162, text)
        else:
            text = "No security definition has been found for the request"
            self.refuse(parcel.session, parcel.values.get("reqId"), 200, text)
        return []


SPAN = (AT, lasts(300.0, 30.0, 300.0, 3600.0), DAILY, CLIENT, CONTRACTS)

KINDS = (
    Kind(
        name="frozen",
        rows=("F7", "F8"),
        words="Ticks stop without a word while everything else goes on.",
        keys=Keys(
            known=(
                *SPAN,
                one_of(
                    "snapshots",
                    "what a snapshot shows: nothing, what was known when ticks stopped, or the truth",
                    ("none", "old", "true"),
                ),
            )
        ),
        make=Frozen,
    ),
    Kind(
        name="farm-broken",
        rows=("F7",),
        words="A farm breaks (2103, 2105, 2157) and what comes from it stops or is refused (162, 200) until it is good "
        "again (2104, 2106, 2158), which may be said long before it is true.",
        keys=Keys(
            known=(
                *SPAN,
                Key(
                    name="farms",
                    default=("data",),
                    words="which farms",
                    choices=tuple(_FARMS),
                    typical=(("data",), ("history",), ("secdef",), ("data", "history", "secdef")),
                ),
                Key(
                    name="good_after_s",
                    default=0.0,
                    words="when it is said to be good again; 0: at the end",
                    low=0.0,
                    typical=(0.0, 3.0),
                ),
                Key(
                    name="snapshots",
                    default="none",
                    words="what a snapshot shows: nothing, what was known when ticks stopped, or the truth",
                    choices=("none", "old", "true"),
                    typical=("none", "old"),
                ),
            )
        ),
        make=FarmBroken,
    ),
)
