"""Match frames and drop, delay, double, swap, cut, break or change them, or end the connection that carries them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.acts import ACTS, BYTE_ACTS, release
from bot.gateway.faults.keys import AT, CLIENT, DAILY, FOR_EVER, OCCASIONS, Key, Keys, lasts
from bot.gateway.faults.line import TICKS
from bot.gateway.faults.parcel import ANSWERS, NAMES, Direction, Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import ALL, NONE, Kind, Names, Trouble
from bot.gateway.messages import inbound
from bot.gateway.messages.schema import Each, Field, Part, When
from bot.gateway.messages.values import show

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session

_BY_NAME = {**{message.name: message for message in inbound.REQUESTS.values()}, **ANSWERS}


@dataclass(frozen=True, slots=True)
class Held:
    """Hold a frame that waits for the next one."""

    parcel: Parcel


class FrameRule(Trouble):
    """Do one act to every frame that matches."""

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        names: Names = ALL if not said["messages"] or said["act"] == "reorder" else frozenset(said["messages"])
        self.hears_in = NONE if said["direction"] == Direction.OUT else names
        self.hears_out = NONE if said["direction"] == Direction.IN else names
        self.stopped: list[Session] = []
        self.stalled: list[Session] = []
        self._kept: dict[Session, Held] = {}
        self._told: set[tuple[Session, str]] = set()

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Act on a frame to a client."""
        return self._seen(parcel)

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Act on a client's frame."""
        return self._seen(parcel)

    def end(self) -> None:
        """Let go what was kept."""
        for held in tuple(self._kept.values()):
            self.house.pass_on(held.parcel, self)
        self._kept.clear()
        release(self)

    def _seen(self, parcel: Parcel) -> list[Parcel] | None:
        before = self._kept.pop(parcel.session, None)
        if before is not None:
            return [parcel, before.parcel]
        if not self._fits(parcel) or not self.strikes():
            return None
        self._tell(parcel)
        if self.said["act"] == "reorder":
            self._kept[parcel.session] = Held(parcel)
            return []
        return ACTS[self.said["act"]](self, parcel)

    def _tell(self, parcel: Parcel) -> None:
        """Write a strike into the log; of ticks, which come by the thousand, only the first to each client."""
        if parcel.name in TICKS:
            if (parcel.session, parcel.name) in self._told:
                return
            self._told.add((parcel.session, parcel.name))
        self.note(self.said["act"], parcel.session, parcel.name)

    def _fits(self, parcel: Parcel) -> bool:
        said = self.said
        if said["messages"] and parcel.name not in said["messages"]:
            return False
        if said["answering"] and said["answering"] != (parcel.answering or "nothing"):
            return False
        if any(show(parcel.values.get(name)) != show(wanted) for name, wanted in said["where"].items()):
            return False
        return not said["status"] or self._status(parcel) in said["status"]

    def _status(self, parcel: Parcel) -> str:
        """Return the true status of the order that a frame is about, empty when it is about none."""
        values, exchange = parcel.values, self.house.exchange
        order_id = values.get("orderId", values.get("id"))
        if order_id is None and "execId" in values:
            fills = (fill for fill in exchange.executions() if fill.exec_id == values["execId"])
            order_id = next((fill.request.order_id for fill in fills), None)
        if order_id is None:
            return ""
        report = self.house.order(parcel.session.client_id, order_id)
        return report.status if report is not None else ""


def _problem(said: dict[str, Any]) -> str:
    """Say what about a rule contradicts itself, empty when nothing does."""
    if said["act"] in BYTE_ACTS and said["direction"] != Direction.OUT:
        return f'act {said["act"]} breaks bytes, which only the gateway\'s own can be: say direction = "out"'
    if said["act"] == "replace" and not said["set"]:
        return "act replace sets nothing; say set.FIELD = VALUE"
    known = {name for message in said["messages"] for name in _fields(_BY_NAME[message].parts)}
    for table in ("where", "set"):
        unknown = sorted(name for name in said[table] if said["messages"] and name not in known)
        if unknown:
            return f"{table}.{unknown[0]} is no field of {' or '.join(said['messages'])}; expected one of {_few(known)}"
        if said[table] and not said["messages"]:
            return f"{table} names a field of no message: say messages = [...]"
    return ""


def _few(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _fields(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Field):
            yield part.name
        elif isinstance(part, When):
            yield from _fields(part.parts)
        elif isinstance(part, Each):
            yield part.name


_TYPICAL = (
    (),
    ("orderStatus",),
    ("openOrder",),
    ("execDetails", "commissionReport"),
    ("execDetails",),
    ("position", "positionEnd"),
    ("openOrderEnd", "completedOrdersEnd", "execDetailsEnd"),
    ("error",),
    ("tickPrice", "tickSize"),
    ("historicalData",),
    ("currentTime", "reqCurrentTime"),
    ("placeOrder",),
    ("cancelOrder",),
)
_MATCH = (
    Key(
        name="direction",
        default="out",
        words="frames to clients (out), from clients (in), or both",
        choices=("out", "in", "both"),
        typical=("out", "out", "in", "both"),
    ),
    Key(
        name="messages",
        default=(),
        words="names of messages; none: every message",
        choices=NAMES,
        typical=_TYPICAL,
    ),
    Key(
        name="answering",
        default="",
        words="only while the gateway answers this request; `nothing`: only what it says unasked",
        choices=("", "nothing", *sorted(message.name for message in inbound.REQUESTS.values())),
    ),
    Key(
        name="status",
        default=(),
        words="only frames about an order that is in one of these states at the exchange",
        choices=("PreSubmitted", "Submitted", "Cancelled", "Filled", "Inactive"),
    ),
    CLIENT,
    *OCCASIONS,
)
_ACTS = (*ACTS, "reorder")
_ACT = (
    Key(name="act", default="drop", words="what is done", choices=_ACTS, needed=True, typical=_ACTS),
    Key(
        name="delay_s",
        default=5.0,
        words="delay: for how long, in seconds of the market",
        low=0.0,
        typical=(1.0, 10.0, 60.0),
    ),
    Key(name="copies", default=1, words="duplicate: how many more", low=1, high=1000, typical=(1, 3)),
    Key(name="keep", default=0.5, words="truncate: the part of the bytes that is sent", low=0.0, high=1.0),
    Key(
        name="then",
        default="silence",
        words="truncate: what follows",
        choices=("silence", "close", "reset"),
    ),
    Key(name="fields", default=1, words="short, extra: how many fields", low=1, high=100),
    Key(name="piece_bytes", default=1, words="split: how many bytes at a time", low=1),
    Key(name="gap_s", default=0.0, words="split: seconds of the market between two pieces", low=0.0),
    Key(
        name="spot",
        default="body",
        words="corrupt: a byte of the body, the length before it, or a byte that is no UTF-8",
        choices=("body", "length", "utf8"),
    ),
    Key(name="let_pass", default=False, words="close, reset, silence: send the frame first"),
)
FRAME = Kind(
    name="frame",
    rows=("F16", "F17", "F22", "F23", "F24"),
    words="Frames that match are dropped, delayed, duplicated, swapped with the next (reorder), cut off in the middle "
    "(truncate), sent with fewer or more fields (short, extra), byte by byte (split), corrupted or changed (replace, "
    "with `set.FIELD`); or with them the connection is closed, reset, goes silent with its socket open, keeps what it "
    "has to say (stall), stops to read (stop-reading; with the client's bytes left in the socket: stop-taking). "
    "`where.FIELD` must equal a field of the frame.",
    keys=Keys(known=(AT, lasts(FOR_EVER), DAILY, *_MATCH, *_ACT), tables=("where", "set")),
    make=FrameRule,
    problem=_problem,
)
KINDS = (FRAME,)
