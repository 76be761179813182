"""Send prices, sizes and greeks that are none, and states of a market that forbid trading."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.data import DataTrouble
from bot.gateway.faults.keys import AT, CLIENT, CONTRACTS, DAILY, OCCASIONS, Key, Keys, lasts, one_of
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.strings import OrderKey, strings_of
from bot.gateway.faults.trouble import Kind
from bot.gateway.messages import outbound
from bot.gateway.records import Contract, OrderRequest, Report
from bot.gateway.requests.ticks import DELAYED, HALTED, LIVE

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer

LARGEST = 1.7976931348623157e308
_PRICES = {
    "bid": (LIVE.bid, DELAYED.bid),
    "ask": (LIVE.ask, DELAYED.ask),
    "last": (LIVE.last, DELAYED.last),
    "high": (LIVE.high, DELAYED.high),
    "low": (LIVE.low, DELAYED.low),
    "close": (LIVE.close, DELAYED.close),
}
_SIZES = {
    "bid_size": (LIVE.bid_size, DELAYED.bid_size),
    "ask_size": (LIVE.ask_size, DELAYED.ask_size),
    "last_size": (LIVE.last_size, DELAYED.last_size),
    "volume": (LIVE.volume, DELAYED.volume),
}
_WITH_PRICE = {"bid_size": "bid", "ask_size": "ask", "last_size": "last"}
_GREEKS = ("iv", "delta", "price", "gamma", "vega", "theta", "underlying")
FIELDS = (*_PRICES, *_SIZES, *_GREEKS)


class BadData(DataTrouble):
    """Put a number in the place of the true one, or multiply the true one."""

    def begin(self) -> None:
        """Show everything again, falsely."""
        self.note(f"{', '.join(self.said['fields'])} false")
        self.house.show_all_again()

    def end(self) -> None:
        """Show everything again, truly."""
        self.note("data true again")
        super().end()

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Falsify a tick."""
        if not self.affects(parcel):
            return None
        changed = {name: self._false(parcel.values.get(name)) for name in self._struck(parcel)}
        if not changed or not self.strikes():
            return None
        return [parcel.saying(**changed)]

    def _false(self, true: float | None) -> float | None:
        if self.said["factor"] and true is not None:
            return true * float(self.said["factor"])
        return None if self.said["factor"] else float(self.said["value"])

    def _struck(self, parcel: Parcel) -> list[str]:
        """Return the names of the frame's values that are to be false."""
        number, wanted = parcel.values.get("tickType"), self.said["fields"]
        if parcel.name == "tickPrice":
            struck = ["price" for name in wanted if number in _PRICES.get(name, ())]
            return struck + ["size" for name in wanted if number in _PRICES.get(_WITH_PRICE.get(name, ""), ())]
        if parcel.name == "tickSize":
            return ["size" for name in wanted if number in _SIZES.get(name, ())]
        if parcel.name == "tickOptionComputation":
            return [name for name in wanted if name in _GREEKS]
        return []


class Halted(DataTrouble):
    """Halt contracts: tick 49, no quotes, and orders that rest without being matched."""

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._held: list[OrderKey] = []

    def begin(self) -> None:
        """Halt."""
        self.note("halted")
        self._tell(float(self.said["reason"]))
        for report in self.house.exchange.open_orders():
            self._hold(report.request)
        self.house.show_all_again()

    def end(self) -> None:
        """Trade again."""
        self.note("trading again")
        for key in self._held:
            strings_of(self.house.exchange).hold(*key, held=False)
        self._held = []
        self._tell(0.0)
        super().end()

    def placing(self, request: OrderRequest) -> Sequence[Report] | None:
        """Let a new order rest."""
        self._hold(request)
        return None

    def _hold(self, request: OrderRequest) -> None:
        con_ids = [leg.con_id for leg in request.legs] or [request.con_id]
        if any(self.is_about(self.house.market.contract(con_id)) for con_id in con_ids):
            key = (request.client_id, request.order_id)
            self._held.append(key)
            strings_of(self.house.exchange).hold(*key, held=True)

    def _tell(self, value: float) -> None:
        for session, request_id, _ in self.lines():
            self.house.say(session, outbound.TICK_GENERIC, reqId=request_id, tickType=HALTED, value=value)

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Say that it is halted, and take the quotes away."""
        if not self.affects(parcel):
            return None
        number = parcel.values.get("tickType")
        if parcel.name == "tickGeneric" and number == HALTED:
            return [parcel.saying(value=float(self.said["reason"]))]
        if self.said["quotes"] or number not in _QUOTES:
            return None
        return [parcel.saying(**({"price": -1.0} if parcel.name == "tickPrice" else {}), size=0.0)]


_QUOTES = frozenset(number for name in ("bid", "ask") for number in (*_PRICES[name], *_SIZES[f"{name}_size"]))


class LimitState(DataTrouble):
    """Let a contract stand at its price limit: the last price and one side at the limit, the other side empty."""

    def begin(self) -> None:
        """Show the limit."""
        self.note(f"limit {self.said['way']}")
        self.house.show_all_again()

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Put the limit in the place of a price, or nothing."""
        number = parcel.values.get("tickType")
        if parcel.name not in ("tickPrice", "tickSize") or not self.affects(parcel):
            return None
        there, gone = ("bid", "ask") if self.said["way"] == "up" else ("ask", "bid")
        if number in _PRICES[gone] or number in _SIZES[f"{gone}_size"]:
            return [parcel.saying(**({"price": -1.0} if parcel.name == "tickPrice" else {}), size=0.0)]
        if parcel.name == "tickPrice" and (number in _PRICES[there] or number in _PRICES["last"]):
            price = self._limit(self.house.contract(parcel.session, parcel.values.get("reqId")))
            return None if price is None else [parcel.saying(price=price)]
        return None

    def _limit(self, contract: Contract | None) -> float | None:
        """Return the limit price of a contract, on its tick; `None` without a close or a settlement to count from."""
        close = self.house.market.quote(contract.con_id).close if contract is not None else None
        if contract is None or close is None:
            return None
        part = float(self.said["percent"]) / 100.0
        wanted = close * (1.0 + part if self.said["way"] == "up" else 1.0 - part)
        return float(round(round(wanted / contract.min_tick) * contract.min_tick, 10))


def _says_nothing(said: dict[str, Any]) -> str:
    return "" if said["fields"] else f"fields names none; expected some of {', '.join(FIELDS)}"


_SPAN = (AT, lasts(300.0, 30.0, 300.0, 1800.0), DAILY, CLIENT, CONTRACTS)
KINDS = (
    Kind(
        name="bad-data",
        rows=("F25",),
        words="Numbers that are none: bid or ask -1, size 0, last 0, vega -2, NaN, the largest double, a crossed "
        "market (bid with `factor` above 1), also in snapshots.",
        keys=Keys(
            known=(
                *_SPAN,
                *OCCASIONS,
                Key(
                    name="fields",
                    default=(),
                    words="what is false",
                    choices=FIELDS,
                    needed=True,
                    typical=(
                        ("bid",),
                        ("ask",),
                        ("last",),
                        ("bid", "ask"),
                        ("bid_size", "ask_size"),
                        ("vega",),
                        ("iv",),
                    ),
                ),
                Key(
                    name="value",
                    default=-1.0,
                    words="what is sent instead; nan and 1.7976931348623157e308 are sent as TWS writes them",
                    typical=(-1.0, 0.0, -2.0, LARGEST),
                ),
                Key(
                    name="factor",
                    default=0.0,
                    words="the true number times this instead; 0: no",
                    low=0.0,
                    typical=(0.0, 0.0, 1.5, 10.0),
                ),
            )
        ),
        make=BadData,
        problem=_says_nothing,
    ),
    Kind(
        name="halted",
        rows=("F25",),
        words="Trading in contracts is halted: tick 49, no quotes, and orders that rest unmatched.",
        keys=Keys(
            known=(
                *_SPAN,
                Key(name="reason", default=1, words="1: regulatory, 2: volatility", low=1, high=2, typical=(1, 2)),
                Key(name="quotes", default=False, words="quotes stay displayed"),
            )
        ),
        make=Halted,
        needs_strings=True,
    ),
    Kind(
        name="limit-state",
        rows=("F25",),
        words="A contract stands at its price limit: last and one side at the limit, the other side empty.",
        keys=Keys(
            known=(
                *_SPAN,
                one_of("way", "which limit", ("up", "down")),
                Key(
                    name="percent",
                    default=10.0,
                    words="the limit, in percent of the previous close",
                    low=0.0,
                    high=100.0,
                ),
            )
        ),
        make=LimitState,
    ),
)
