"""Lose the line between the gateway and the exchange while the client's socket stays up."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, DAILY, Key, Keys, lasts, one_of
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import Kind, Trouble
from bot.gateway.messages import outbound
from bot.gateway.records import Report

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer

TICKS = frozenset(
    {
        "tickPrice",
        "tickSize",
        "tickString",
        "tickGeneric",
        "tickOptionComputation",
        "historicalDataUpdate",
        "realtimeBar",
        "tickByTick",
        "updateMktDepth",
        "updateMktDepthL2",
    }
)
VALUES = frozenset(
    {
        "updateAccountValue",
        "updatePortfolio",
        "updateAccountTime",
        "accountSummary",
        "accountUpdateMulti",
        "pnl",
        "pnlSingle",
    }
)
UPSTREAM = frozenset(
    {
        "placeOrder",
        "cancelOrder",
        "reqGlobalCancel",
        "reqMktData",
        "reqHistoricalData",
        "reqContractDetails",
        "reqSecDefOptParams",
        "reqMatchingSymbols",
        "reqHeadTimeStamp",
        "reqRealTimeBars",
        "reqMktDepth",
        "reqTickByTickData",
        "reqHistoricalTicks",
        "reqHistogramData",
    }
)
_LOST = "Connectivity between IB and Trader Workstation has been lost."
_RESTORED = "Connectivity between IB and Trader Workstation has been restored"


class LineLost(Trouble):
    """Repeat 1100 and tell nothing of what the market and the exchange do, then 1102 or 1101."""

    hears_out = TICKS | VALUES
    hears_in = UPSTREAM

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._kept_frames: list[Parcel] = []
        self._kept_reports: list[Report] = []
        self._lists: dict[tuple[str, str], Sequence[Any]] = {}
        self._is_down = False

    def begin(self) -> None:
        """Remember what is known now, and say 1100."""
        self._is_down = True
        exchange = self.house.exchange
        self._lists = {
            ("open", ""): exchange.open_orders(),
            ("completed", ""): exchange.completed_orders(),
            ("executions", ""): exchange.executions(),
            **{("positions", account): exchange.positions(account) for account in exchange.accounts()},
        }
        self.note("lost, 1100")
        self._repeat()

    def _repeat(self) -> None:
        if not self._is_down:
            return
        for session in self.clients():
            self.house.say(session, outbound.ERROR, id=-1, code=1100, text=_LOST)
        self.house.later(self.said["repeat_s"], self._repeat)

    def end(self) -> None:
        """Say that the line is back, then what was held."""
        self._is_down = False
        kept = self.said["data_kept"]
        code, words = (1102, "data maintained") if kept else (1101, "data lost")
        for session in self.clients():
            if not kept:
                self.house.forget_data(session)
            self.house.say(session, outbound.ERROR, id=-1, code=code, text=f"{_RESTORED} - {words}.")
        self.note(f"restored, {code}")
        if self.said["ticks_back"]:
            self.house.show_all_again()
        else:
            for session in self.clients():
                self.house.forget_data(session)
        reports, self._kept_reports = self._kept_reports, []
        if reports:
            self.house.later(self.said["late_s"], lambda: self.house.report(reports))
        frames, self._kept_frames = self._kept_frames, []
        for parcel in frames:
            self.house.pass_on(parcel, self)

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Stop every tick, and account values that nobody asked for."""
        return [] if parcel.name in TICKS or not parcel.answering else None

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Hold or lose what the gateway would have to ask upstream."""
        if self.said["requests"] == "served":
            return None
        self.note(f"request {self.said['requests']}", parcel.session, parcel.name)
        if self.said["requests"] == "held":
            self._kept_frames.append(parcel)
        return []

    def telling(self, reports: list[Report]) -> list[Report]:
        """Keep back what the exchange reports."""
        if self.said["fills"] == "on-time" or not reports:
            return reports
        self.note(f"{len(reports)} reports of the exchange are {self.said['fills']}")
        if self.said["fills"] == "late":
            self._kept_reports += reports
        return []

    def listing(self, what: str, rows: Sequence[Any], account: str) -> Sequence[Any]:
        """Show what was known when the line was lost."""
        return rows if self.said["fills"] == "on-time" else self._lists.get((what, account), rows)


LINE_LOST = Kind(
    name="line-lost",
    rows=("F1", "F2", "F4"),
    words="The gateway loses its line: 1100 is repeated, ticks and news of orders stop while the socket stays up; then "
    "1102, or 1101 after which everything must be subscribed anew.",
    keys=Keys(
        known=(
            AT,
            lasts(60.0, 20.0, 60.0, 300.0, 1800.0),
            DAILY,
            CLIENT,
            Key(name="data_kept", default=True, words="1102 at the end, and ticks go on; false: 1101, and they do not"),
            Key(name="ticks_back", default=True, words="false: ticks stay away even after 1102"),
            Key(name="repeat_s", default=4.0, words="seconds between two 1100", low=1.0, typical=(4.0, 65.0)),
            one_of(
                "fills",
                "news of orders meanwhile: told afterwards, never told (only lists know them), or at once",
                ("late", "lost", "on-time"),
            ),
            Key(name="late_s", default=0.0, words="seconds after the end until late news is told", low=0.0),
            one_of(
                "requests",
                "orders and requests for data meanwhile: handled at the end, never, or at once",
                ("held", "lost", "served"),
            ),
        )
    ),
    make=LineLost,
)
KINDS = (LINE_LOST,)
