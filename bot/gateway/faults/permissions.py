"""Take market data away for want of a permission, for another session of the user, or show it as delayed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.data import SPAN, DataTrouble
from bot.gateway.faults.keys import Key, Keys, repeats, too_often
from bot.gateway.faults.line import TICKS
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import Kind
from bot.gateway.messages import outbound
from bot.gateway.requests.ticks import DELAYED, LIVE, TickIds

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session

_DELAYED_TYPE, _LIVE_TYPE = 3, 1
_COMPETING = "No market data during competing live session"


class Competing(DataTrouble):
    """Let another session of the same user take the data away: 10197 once or again and again, and no ticks."""

    hears_in = frozenset({"reqMktData"})

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._is_on = False

    def begin(self) -> None:
        """Take the data away."""
        self._is_on = True
        self.note("another session takes the data, 10197")
        self._tell()

    def end(self) -> None:
        """Give it back."""
        self._is_on = False
        self.note("the data is back")
        super().end()

    def _tell(self) -> None:
        if not self._is_on:
            return
        for session, request_id, _ in self.lines():
            self.refuse(session, request_id, 10197, _COMPETING)
        if self.said["repeat_s"]:
            self.house.later(self.said["repeat_s"], self._tell)

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Stop the ticks."""
        return [] if self.affects(parcel) else None

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Say it of a new line too."""
        if self.is_about(self.house.requested(parcel.values)):
            self.refuse(parcel.session, parcel.values.get("reqId"), 10197, _COMPETING)
        return None


class NoSubscription(DataTrouble):
    """Refuse lines of data for want of a permission, also those that stand."""

    hears_in = frozenset({"reqMktData"})

    def begin(self) -> None:
        """Refuse the lines that stand."""
        self.note(f"not subscribed, {self.said['code']}")
        for session, request_id, _ in self.lines():
            self.refuse(session, request_id, self.said["code"])

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Stop their ticks."""
        return [] if self.affects(parcel) else None

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Refuse a new line."""
        if not self.is_about(self.house.requested(parcel.values)):
            return None
        self.note(f"refused with {self.said['code']}", parcel.session, parcel.name)
        self.refuse(parcel.session, parcel.values.get("reqId"), self.said["code"])
        return []


class Delayed(DataTrouble):
    """Send what is live as delayed: other tick numbers, type 3, and the advisory that says so."""

    hears_out = TICKS | {"marketDataType"}
    hears_in = frozenset({"reqMktData"})

    def begin(self) -> None:
        """Turn the lines that stand."""
        self.note(f"delayed, {self.said['code']}")
        for session, request_id, _ in self.lines():
            self._advise(session, request_id)
            self.house.say(session, outbound.MARKET_DATA_TYPE, reqId=request_id, type=_DELAYED_TYPE)
        self.house.show_all_again()

    def end(self) -> None:
        """Turn them back."""
        self.note("live again")
        for session, request_id, _ in self.lines():
            self.house.say(session, outbound.MARKET_DATA_TYPE, reqId=request_id, type=_LIVE_TYPE)
        super().end()

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Advise of a new line."""
        if self.is_about(self.house.requested(parcel.values)):
            self._advise(parcel.session, parcel.values.get("reqId"))
        return None

    def _advise(self, session: Session, request_id: int | None) -> None:
        if self.said["code"]:
            self.refuse(session, request_id, self.said["code"])

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Renumber a tick."""
        if not self.affects(parcel):
            return None
        if parcel.name == "marketDataType":
            return [parcel.saying(type=_DELAYED_TYPE)]
        number = parcel.values.get("tickType")
        return [parcel.saying(tickType=_LATE[number])] if number in _LATE else None


def _numbers(ids: TickIds) -> list[int]:
    return [getattr(ids, name) for name in TickIds.__slots__]


_LATE = dict(zip(_numbers(LIVE), _numbers(DELAYED), strict=True))
KINDS = (
    Kind(
        name="competing-session",
        rows=("F8",),
        words="Another session of the user takes the market data: 10197 for every line, once or again and again, and "
        "no ticks.",
        keys=Keys(known=(*SPAN, repeats(0.0, "seconds between two 10197", 0.0, 30.0))),
        make=Competing,
        problem=too_often,
    ),
    Kind(
        name="no-subscription",
        rows=("F9",),
        words="Market data is refused for want of a permission: 354, 10089, 10168, 10186; lines that stand end too.",
        keys=Keys(
            known=(*SPAN, Key(name="code", default=354, words="the code", low=1, typical=(354, 10089, 10168, 10186)))
        ),
        make=NoSubscription,
    ),
    Kind(
        name="delayed",
        rows=("F9",),
        words="Data comes as delayed: tick numbers from 66 on, type 3, and 10167 or 10090. The prices themselves are "
        "the present ones.",
        keys=Keys(
            known=(
                *SPAN,
                Key(name="code", default=10167, words="the advisory; 0: none", low=0, typical=(10167, 10090, 0)),
            )
        ),
        make=Delayed,
    ),
)
