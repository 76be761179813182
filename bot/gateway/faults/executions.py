"""Fill in parts, race a cancel, and tell executions twice, corrected, busted, or with their commissions astray."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, DAILY, FOR_EVER, OCCASIONS, ORDERS, Key, Keys, lasts, one_of
from bot.gateway.faults.orders import DONE, OrderTrouble, error, key_of
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.strings import OrderKey, strings_of
from bot.gateway.faults.trouble import Kind
from bot.gateway.records import FillReport, OrderRequest, Report

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session


class PartialFill(OrderTrouble):
    """Fill a part of a new order at once and leave the rest unmatched for a while."""

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._struck: set[OrderKey] = set()

    def placing(self, request: OrderRequest) -> Sequence[Report] | None:
        """Keep a new order from matching."""
        if self.hits(request):
            self._struck.add(key_of(request))
            strings_of(self.house.exchange).hold(*key_of(request), held=True)
            self.house.later(self.said["rest_s"], lambda: self._let_go(request))
        return None

    def placed(self, request: OrderRequest, reports: Sequence[Report]) -> Sequence[Report]:
        """Fill the part."""
        if key_of(request) not in self._struck:
            return reports
        self._struck.discard(key_of(request))
        part = min(max(round(request.quantity * self.said["part"]), 0), request.quantity)
        if not part:
            self.say(request, "held unfilled")
            return reports
        self.say(request, f"{part:g} of {request.quantity:g} filled, the rest waits")
        return [*reports, *strings_of(self.house.exchange).fill(*key_of(request), float(part))]

    def _let_go(self, request: OrderRequest) -> None:
        strings_of(self.house.exchange).hold(*key_of(request), held=False)


class FillRace(OrderTrouble):
    """Let an order fill while its cancel is on the way."""

    def cancelling(self, request: OrderRequest) -> Sequence[Report] | None:
        """Fill all or a part, and answer the cancel as a gateway does that was too late."""
        standing = self.house.order(*key_of(request))
        if standing is None or standing.status in DONE or not self.is_for(request) or not self.strikes():
            return None
        part = float(max(1, round(standing.remaining * self.said["part"])))
        fills = strings_of(self.house.exchange).fill(*key_of(request), part)
        if not fills:
            return None
        filled = part >= standing.remaining
        self.say(request, f"{part:g} filled before the cancel came")
        if not filled:
            return [*fills, *self.house.exchange.cancel(*key_of(request))]
        code = self.said["code"]
        state = f"OrderId {request.order_id} that needs to be cancelled can not be cancelled, state: Filled."
        told = error(request, code, state if code == 10148 else "")
        return [told, *fills] if self.said["error_first"] else [*fills, told]


class Executions(OrderTrouble):
    """Strike executions as the exchange reports them."""

    def telling(self, reports: list[Report]) -> list[Report]:
        """Do to each execution what the fault is about."""
        told: list[Report] = []
        for report in reports:
            if isinstance(report, FillReport) and self.is_for(report.request) and self.strikes():
                told += self.instead(report)
            else:
                told.append(report)
        return told

    def instead(self, fill: FillReport) -> list[Report]:
        """Return what is told instead of an execution."""
        return [fill]


class DuplicateExecution(Executions):
    """Tell an execution more than once."""

    def instead(self, fill: FillReport) -> list[Report]:
        """Tell it again at once, or later."""
        self.say(fill.request, f"execution {fill.exec_id} once more")
        if self.said["delay_s"] > 0:
            self.house.later(self.said["delay_s"], lambda: self.house.tell([fill]))
            return [fill]
        return [fill, fill]


class Correction(Executions):
    """Correct an execution some time later: another price, fewer shares, or none (a bust)."""

    def instead(self, fill: FillReport) -> list[Report]:
        """Note which, for later."""
        if not fill.is_combo:
            self.house.later(self.said["after_s"], lambda: self._correct(fill))
        return [fill]

    def _correct(self, fill: FillReport) -> None:
        shares = max(fill.shares + self.said["shares_by"], 0.0) if self.said["how"] == "correction" else 0.0
        price = round(fill.price + self.said["price_by"], 10)
        self.say(fill.request, f"execution {fill.exec_id}: {self.said['how']}, {shares:g} at {price:g}")
        reports = strings_of(self.house.exchange).amend(fill.exec_id, shares=shares, price=price)
        if not self.said["told"]:
            reports = [each for each in reports if not isinstance(each, FillReport)]
        standing = self.house.order(*key_of(fill.request))
        self.house.tell([*reports, *([standing] if standing is not None else [])])


class Commission(OrderTrouble):
    """Tell the commission of an execution late, twice, never, or before the execution."""

    hears_out = frozenset({"execDetails", "commissionReport"})

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._kept: dict[Session, Parcel] = {}

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Do it to the live ones; lists of executions are left alone."""
        if parcel.answering == "reqExecutions":
            return None
        early = self.said["how"] == "early"
        if parcel.name == "execDetails":
            if not early or not self._is_struck(parcel.values.get("execId")):
                return None
            self._kept[parcel.session] = parcel
            return []
        if early:
            kept = self._kept.pop(parcel.session, None)
            return None if kept is None else [parcel, kept]
        return self._instead(parcel) if self._is_struck(parcel.values.get("execId")) else None

    def _is_struck(self, exec_id: str | None) -> bool:
        fills = (fill for fill in self.house.exchange.executions() if fill.exec_id == exec_id)
        fill = next(fills, None)
        if fill is None or not self.is_for(fill.request) or not self.strikes():
            return False
        self.say(fill.request, f"commission of {exec_id} {self.said['how']}")
        return True

    def _instead(self, parcel: Parcel) -> list[Parcel]:
        if self.said["how"] == "twice":
            return [parcel, parcel]
        if self.said["how"] == "late":
            self.house.later(self.said["delay_s"], lambda: self.house.pass_on(parcel, self))
        return []


_WHEN = (AT, lasts(FOR_EVER), DAILY, CLIENT, *ORDERS, *OCCASIONS)
_PART = Key(name="part", default=0.5, words="how much of it", low=0.0, high=1.0, typical=(0.0, 0.3, 0.5, 1.0))
_AMEND = (
    Key(name="after_s", default=30.0, words="seconds after the execution", low=0.0, typical=(0.0, 30.0, 300.0)),
    Key(name="told", default=True, words="the correction itself is told; else only the position changes"),
)

KINDS = (
    Kind(
        name="partial-fill",
        rows=("F15",),
        words="A part of a new order fills at once, and the rest finds nobody for a while; with `part` 0 all of it.",
        keys=Keys(
            known=(
                *_WHEN,
                _PART,
                Key(
                    name="rest_s",
                    default=60.0,
                    words="seconds until the rest may be matched",
                    low=0.0,
                    typical=(10.0, 60.0, 600.0),
                ),
            )
        ),
        make=PartialFill,
        needs_strings=True,
    ),
    Kind(
        name="fill-race",
        rows=("F15",),
        words="An order fills, wholly or in part, while its cancel is on the way: 10148 (state: Filled) or 10147.",
        keys=Keys(
            known=(
                *_WHEN,
                Key(name="part", default=1.0, words="how much of it fills", low=0.0, high=1.0, typical=(1.0, 0.5)),
                Key(name="code", default=10148, words="the code", low=10147, high=10148, typical=(10147, 10148)),
                Key(name="error_first", default=True, words="the error comes before the fill", typical=(True, False)),
            )
        ),
        make=FillRace,
        needs_strings=True,
    ),
    Kind(
        name="duplicate-execution",
        rows=("F17",),
        words="An execution is told twice.",
        keys=Keys(
            known=(*_WHEN, Key(name="delay_s", default=0.0, words="so much later", low=0.0, typical=(0.0, 20.0)))
        ),
        make=DuplicateExecution,
    ),
    Kind(
        name="correction",
        rows=("F17",),
        words="An execution is corrected: one more under the next id (.02), with another price or other shares.",
        keys=Keys(
            known=(
                *_WHEN,
                *_AMEND,
                Key(name="how", default="correction", words="what it is", choices=("correction",)),
                Key(name="price_by", default=0.05, words="added to the price, in points", typical=(0.05, -0.05, 0.0)),
                Key(name="shares_by", default=0.0, words="added to the shares", typical=(0.0, -1.0)),
            )
        ),
        make=Correction,
        needs_strings=True,
    ),
    Kind(
        name="bust",
        rows=("F17",),
        words="An execution is taken back: one more under the next id (.02) without shares, or only the position "
        "tells.",
        keys=Keys(
            known=(
                *_WHEN,
                *_AMEND,
                Key(name="how", default="bust", words="what it is", choices=("bust",)),
                Key(name="price_by", default=0.0, words="added to the price, in points"),
            )
        ),
        make=Correction,
        needs_strings=True,
    ),
    Kind(
        name="commission",
        rows=("F17",),
        words="The commission of an execution is told late, twice, never, or before the execution.",
        keys=Keys(
            known=(
                *_WHEN,
                one_of("how", "what happens to it", ("missing", "late", "early", "twice")),
                Key(name="delay_s", default=20.0, words="late: by how many seconds", low=0.0),
            )
        ),
        make=Commission,
    ),
)
