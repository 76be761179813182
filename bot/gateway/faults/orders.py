"""Reject, cancel, or say nothing of an order, or say of a living one that it is dead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, DAILY, FOR_EVER, OCCASIONS, ORDERS, Key, Keys, lasts
from bot.gateway.faults.records import Fault
from bot.gateway.faults.strings import OrderKey
from bot.gateway.faults.trouble import Kind, Trouble
from bot.gateway.records import ErrorReport, OrderReport, OrderRequest, Report

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer

DONE = frozenset({"Cancelled", "Filled", "Inactive"})
_TEXTS = {
    103: "Duplicate order id",
    110: "The price does not conform to the minimum price variation for this contract.",
    201: "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH "
    "LOAN VALUE MUST EXCEED THE INITIAL MARGIN",
    202: "Order Canceled - reason:",
    203: "The security is not available or allowed for this account",
    321: "Error validating request.-'bN' : cause - The API interface is currently in Read-Only mode.",
    383: "The following order size exceeds the Size Limit.",
    399: "Order Message:\nBUY 1 VIX\nWarning: Your order will not be placed at the exchange until 17:00:00 US/Central.",
    404: "Order held while securities are located.",
    451: "The following order value estimate exceeds the total value limit.",
    462: "Cannot change to the new Time in Force.GTD",
    2109: "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored based on the order type and "
    "destination. PlaceOrder is now being processed.",
    2161: "In accordance with our regulatory obligations, your order price was capped.",
    10147: "OrderId that needs to be cancelled is not found.",
    10148: "OrderId that needs to be cancelled can not be cancelled, state: PendingCancel.",
    10268: "The 'EtradeOnly' order attribute is not supported.",
    10349: "Order TIF was set to DAY based on order preset.",
}


def key_of(request: OrderRequest) -> OrderKey:
    """Return what names an order towards its client."""
    return request.client_id, request.order_id


def error(request: OrderRequest, code: int, text: str = "") -> ErrorReport:
    """Return an error about an order, in IB's words unless others are given."""
    words = text or _TEXTS.get(code, f"Order message {code}")
    return ErrorReport(client_id=request.client_id, order_id=request.order_id, code=code, text=words)


class OrderTrouble(Trouble):
    """Strike new orders that match; a change of an order and a what-if are none."""

    def hits(self, request: OrderRequest) -> bool:
        """Say whether this new order is one to strike."""
        is_new = not request.what_if and self.house.order(*key_of(request)) is None
        return is_new and self.is_for(request) and self.strikes()

    def say(self, request: OrderRequest, what: str) -> None:
        """Write into the log what was done to an order."""
        self.house.note(self.fault, f"order {request.order_id} {request.order_ref}: {what}", request.client_id)


class Reject(OrderTrouble):
    """Refuse an order with any code, before the exchange sees it."""

    def placing(self, request: OrderRequest) -> Sequence[Report] | None:
        """Answer with the error, the order as Inactive, or both in either order."""
        if not self.hits(request):
            return None
        code: int = self.said["code"]
        self.say(request, f"rejected with {code}")
        told = error(request, code, self.said["text"])
        inactive = OrderReport(
            request=request,
            perm_id=self.house.next_perm_id(),
            status="Inactive",
            filled=0.0,
            remaining=request.quantity,
            avg_price=0.0,
            last_price=0.0,
            reject_reason=told.text,
        )
        frames = self.said["frames"]
        if frames == "auto":
            frames = "error-first" if code == 201 else "error-only"
        orders: dict[str, tuple[Report, ...]] = {
            "error-first": (told, inactive),
            "status-first": (inactive, told),
            "error-only": (told,),
            "status-only": (inactive,),
        }
        return orders[frames]


class ExchangeCancel(OrderTrouble):
    """Cancel a working order that nobody asked to be cancelled."""

    def begin(self) -> None:
        """Take on the orders that rest already."""
        for report in self.house.exchange.open_orders():
            if self.is_for(report.request) and self.strikes():
                self._soon(report.request)

    def placed(self, request: OrderRequest, reports: Sequence[Report]) -> Sequence[Report]:
        """Take on a new order."""
        standing = [each for each in reports if isinstance(each, OrderReport)]
        if standing and standing[-1].status not in DONE and self.is_for(request) and self.strikes():
            self._soon(request)
        return reports

    def _soon(self, request: OrderRequest) -> None:
        self.house.later(self.said["after_s"], lambda: self._cancel(request))

    def _cancel(self, request: OrderRequest) -> None:
        standing = self.house.order(*key_of(request))
        if standing is None or standing.status in DONE:
            return
        self.say(request, "cancelled by the exchange")
        reason = f"Order Canceled - reason:{self.said['reason']}"
        reports = self.house.exchange.cancel(*key_of(request))
        self.house.report([replace(each, text=reason) if isinstance(each, ErrorReport) else each for each in reports])


class PhantomCancel(OrderTrouble):
    """Send an error that client libraries take for the end of an order that lives."""

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._struck: set[OrderKey] = set()

    def placing(self, request: OrderRequest) -> Sequence[Report] | None:
        """Choose a new order."""
        if self.hits(request):
            self._struck.add(key_of(request))
        return None

    def placed(self, request: OrderRequest, reports: Sequence[Report]) -> Sequence[Report]:
        """Say the error of it, before or after its status, or later."""
        if key_of(request) not in self._struck:
            return reports
        self._struck.discard(key_of(request))
        told = error(request, self.said["code"], self.said["text"])
        if self.said["after_s"] > 0:
            self.house.later(self.said["after_s"], lambda: self._tell(request, told))
            return reports
        self.say(request, f"{told.code} while it lives")
        return [told, *reports] if self.said["first"] else [*reports, told]

    def _tell(self, request: OrderRequest, told: ErrorReport) -> None:
        standing = self.house.order(*key_of(request))
        self.say(request, f"{told.code} while it is {standing.status if standing else 'unknown'}")
        self.house.report([told])


_AFTER = Key(name="after_s", default=0.0, words="seconds of the market later", low=0.0, typical=(0.0, 5.0, 30.0))
_TEXT = Key(name="text", default="", words="the text of the error; empty: IB's own")
_WHEN = (AT, lasts(FOR_EVER), DAILY, CLIENT, *ORDERS, *OCCASIONS)

KINDS = (
    Kind(
        name="reject",
        rows=("F12",),
        words="A new order is refused with any code: 201 (margin) by default, error and Inactive in either order.",
        keys=Keys(
            known=(
                *_WHEN,
                Key(name="code", default=201, words="the code", low=1, typical=(201, 203, 110, 321, 383, 451)),
                _TEXT,
                Key(
                    name="frames",
                    default="auto",
                    words="what is sent, in which order; auto: error-first for 201, else error-only",
                    choices=("auto", "error-first", "status-first", "error-only", "status-only"),
                    typical=("auto", "error-first", "status-first", "status-only"),
                ),
            )
        ),
        make=Reject,
    ),
    Kind(
        name="duplicate-id",
        rows=("F20",),
        words="A new order is refused as a duplicate order id (103).",
        keys=Keys(
            known=(
                *_WHEN,
                Key(name="code", default=103, words="the code", choices=(), low=103, high=103),
                _TEXT,
                Key(name="frames", default="error-only", words="what is sent", choices=("error-only",)),
            )
        ),
        make=Reject,
    ),
    Kind(
        name="exchange-cancel",
        rows=("F13",),
        words="A working order is cancelled though nobody asked: Cancelled, then 202.",
        keys=Keys(
            known=(
                *_WHEN,
                Key(
                    name="after_s",
                    default=10.0,
                    words="seconds of the market after it was placed",
                    low=0.0,
                    typical=(0.0, 10.0, 45.0),
                ),
                Key(name="reason", default="Cancelled by exchange", words="the reason that 202 gives"),
            )
        ),
        make=ExchangeCancel,
    ),
    Kind(
        name="phantom-cancel",
        rows=("F14",),
        words="An error about an order that lives and fills: 10349, 399, 2109, 2161, 404, 462, 10148, 10268. Client "
        "libraries mark it cancelled until the next status.",
        keys=Keys(
            known=(
                *_WHEN,
                Key(
                    name="code",
                    default=10349,
                    words="the code",
                    low=1,
                    typical=(10349, 399, 2109, 2161, 404, 462, 10148, 10268),
                ),
                _TEXT,
                _AFTER,
                Key(name="first", default=False, words="before the order's first status", typical=(True, False)),
            )
        ),
        make=PhantomCancel,
    ),
)
