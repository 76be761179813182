"""Tell the wrong time, and send frames that no client expects."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, DAILY, FOR_EVER, Key, Keys, lasts, repeats, too_often
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import Kind, Trouble
from bot.gateway.requests.times import TWS_ZONE
from bot.gateway.wire import frame

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session

_TIME = "%Y%m%d %H:%M:%S"


class ClockSkew(Trouble):
    """Let the gateway's clock be wrong: the time it tells, and the times of executions."""

    hears_out = frozenset({"currentTime", "execDetails", "completedOrder"})

    def begin(self) -> None:
        """Note it."""
        self.note(f"clock {self.said['skew_s']:+g} s")

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Move a time."""
        if parcel.name == "currentTime":
            return [parcel.saying(epoch=int(parcel.values["epoch"] + self.said["skew_s"]))]
        if not self.said["orders"]:
            return None
        name = "time" if parcel.name == "execDetails" else "completedTime"
        written = parcel.values.get(name) or ""
        stamp, zone = written[:17], written[17:]
        if not stamp:
            return None
        moved = datetime.strptime(stamp, _TIME).replace(tzinfo=TWS_ZONE) + timedelta(seconds=self.said["skew_s"])
        return [parcel.saying(**{name: f"{moved:{_TIME}}{zone}"})]


class OddFrame(Trouble):
    """Send a frame out of place, once or again and again."""

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._is_on = False

    def begin(self) -> None:
        """Send it."""
        self._is_on = True
        self._send()

    def end(self) -> None:
        """Stop."""
        self._is_on = False

    def _send(self) -> None:
        if not self._is_on:
            return
        for session in self.clients():
            self.note(self.said["what"], session)
            session.queue(self._bytes(session))
        if self.said["repeat_s"]:
            self.house.later(self.said["repeat_s"], self._send)

    def _bytes(self, session: Session) -> bytes:
        what = self.said["what"]
        if what == "handshake":
            return frame(f"{session.version}\0{self.house.market.now.astimezone(TWS_ZONE):{_TIME} %Z}\0")
        if what == "unknown-id":
            return frame("9999\0001\0what\0")
        if what == "bad-utf8":
            body = b"4\0002\0-1\0002104\0Market data farm connection is OK:\xff\xfe\0\0"
            return len(body).to_bytes(4, "big") + body
        if what == "no-fields":
            return frame("\0")
        if what == "many":
            return frame("4\0002\0-1\0002104\0Market data farm connection is OK:usfarm\0\0") * 500
        return frame("3\0005\0Submitted\0")  # short


KINDS = (
    Kind(
        name="clock-skew",
        rows=("F27",),
        words="The gateway's clock is wrong: the time it tells, and with `orders` the times of executions.",
        keys=Keys(
            known=(
                AT,
                lasts(FOR_EVER, 600.0),
                DAILY,
                CLIENT,
                Key(name="skew_s", default=30.0, words="seconds ahead", typical=(3.0, -3.0, 30.0, 3600.0)),
                Key(name="orders", default=True, words="executions too", typical=(True, False)),
            )
        ),
        make=ClockSkew,
    ),
    Kind(
        name="odd-frame",
        rows=("F22",),
        words="A frame out of place: a second handshake, an unknown message, one that is too short, text that is no "
        "UTF-8, a frame without fields, or 500 frames in one segment.",
        keys=Keys(
            known=(
                AT,
                lasts(60.0),
                DAILY,
                CLIENT,
                Key(
                    name="what",
                    default="handshake",
                    words="which",
                    choices=("handshake", "unknown-id", "short", "bad-utf8", "no-fields", "many"),
                    typical=("handshake", "unknown-id", "short", "bad-utf8", "many"),
                ),
                repeats(0.0, "seconds between two", 0.0, 10.0),
            )
        ),
        make=OddFrame,
        problem=too_often,
    ),
)
