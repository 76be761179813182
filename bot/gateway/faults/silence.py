"""Say nothing of an order or a cancel, or tell its states twice, late or never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, DAILY, FOR_EVER, OCCASIONS, ORDERS, Key, Keys, lasts, one_of
from bot.gateway.faults.orders import OrderTrouble, key_of
from bot.gateway.faults.records import Fault
from bot.gateway.faults.strings import OrderKey
from bot.gateway.faults.trouble import Kind
from bot.gateway.records import ErrorReport, FillReport, OrderReport, OrderRequest, PositionReport, Report

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer


class SilentOrder(OrderTrouble):
    """Say nothing at all of an order, whether the exchange got it or not."""

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._silent: set[OrderKey] = set()

    def placing(self, request: OrderRequest) -> Sequence[Report] | None:
        """Choose a new order; one that is not accepted ends here."""
        if not self.hits(request):
            return None
        self._silent.add(key_of(request))
        self.say(request, "silence, accepted" if self.said["accepted"] else "silence, never at the exchange")
        return None if self.said["accepted"] else ()

    def telling(self, reports: list[Report]) -> list[Report]:
        """Leave out what would be told of a silent order."""
        return [each for each in reports if self._about(each) not in self._silent]

    def listing(self, what: str, rows: Sequence[Any], account: str) -> Sequence[Any]:
        """Leave it out of lists too, if that is said."""
        if self.said["listed"] or what == "positions":
            return rows
        return [row for row in rows if key_of(row.request) not in self._silent]

    def _about(self, report: Report) -> OrderKey | None:
        if isinstance(report, ErrorReport):
            return report.client_id, report.order_id
        return None if isinstance(report, PositionReport) else key_of(report.request)


class SilentCancel(OrderTrouble):
    """Leave a cancel unanswered."""

    def cancelling(self, request: OrderRequest) -> Sequence[Report] | None:
        """Lose a cancel, do it without a word, or say PendingCancel and do it later."""
        if not self.is_for(request) or not self.strikes():
            return None
        how = self.said["how"]
        self.say(request, f"cancel {how}")
        if how == "lost":
            return ()
        if how == "done":
            self.house.exchange.cancel(*key_of(request))
            return ()
        self.house.later(self.said["delay_s"], lambda: self._cancel(request))
        standing = self.house.order(*key_of(request))
        return () if standing is None else (replace(standing, status="PendingCancel"),)

    def _cancel(self, request: OrderRequest) -> None:
        self.house.report(self.house.exchange.cancel(*key_of(request)))


class Statuses(OrderTrouble):
    """Tell the states of orders twice, not at all, late, before their executions, or once more after the end."""

    def telling(self, reports: list[Report]) -> list[Report]:
        """Do to each state what is said."""
        if self.said["how"] == "before-execution":
            return self._before_execution(reports)
        told: list[Report] = []
        for report in reports:
            if isinstance(report, OrderReport) and self._is_struck(report):
                self.say(report.request, f"{report.status} {self.said['how']}")
                told += self._instead(report)
            else:
                told.append(report)
        return told

    def _is_struck(self, report: OrderReport) -> bool:
        wanted = self.said["status"]
        return (not wanted or report.status in wanted) and self.is_for(report.request) and self.strikes()

    def _instead(self, report: OrderReport) -> list[Report]:
        how = self.said["how"]
        if how == "twice":
            return [report, report]
        if how == "stale":
            stale = replace(report, status="Submitted", filled=0.0, remaining=report.request.quantity, avg_price=0.0)
            self.house.later(self.said["delay_s"], lambda: self.house.tell([stale]))
            return [report]
        if how == "late":
            self.house.later(self.said["delay_s"], lambda: self.house.tell([report]))
        return []

    def _before_execution(self, reports: list[Report]) -> list[Report]:
        told: list[Report] = []
        waiting: list[Report] = []
        for report in reports:
            if isinstance(report, FillReport) and self.is_for(report.request) and self.strikes():
                self.say(report.request, "status before its execution")
                waiting.append(report)
            elif isinstance(report, OrderReport):
                told += [report, *waiting]
                waiting = []
            else:
                told.append(report)
        return told + waiting


_WHEN = (AT, lasts(FOR_EVER), DAILY, CLIENT, *ORDERS, *OCCASIONS)
KINDS = (
    Kind(
        name="silent-order",
        rows=("F18",),
        words="Nothing at all is said of an order, whether the exchange got it or not.",
        keys=Keys(
            known=(
                *_WHEN,
                Key(name="accepted", default=True, words="the exchange got it", typical=(True, False)),
                Key(name="listed", default=True, words="lists of orders and executions show it"),
            )
        ),
        make=SilentOrder,
    ),
    Kind(
        name="silent-cancel",
        rows=("F19",),
        words="A cancel is not answered: it is lost, done without a word, or pending for a while.",
        keys=Keys(
            known=(
                *_WHEN,
                one_of("how", "what becomes of it", ("lost", "done", "pending")),
                Key(name="delay_s", default=60.0, words="pending: seconds until it is done", low=0.0),
            )
        ),
        make=SilentCancel,
    ),
    Kind(
        name="statuses",
        rows=("F16",),
        words="States of orders come twice, not at all, late, before their executions, or once more as Submitted after "
        "a later one (stale).",
        keys=Keys(
            known=(
                *_WHEN,
                one_of("how", "what happens to them", ("twice", "missing", "late", "before-execution", "stale")),
                Key(
                    name="status",
                    default=(),
                    words="only these states",
                    choices=("PreSubmitted", "Submitted", "Cancelled", "Filled", "Inactive"),
                    typical=((), ("Filled",), ("Submitted",)),
                ),
                Key(name="delay_s", default=5.0, words="late, stale: by how many seconds", low=0.0),
            )
        ),
        make=Statuses,
    ),
)
