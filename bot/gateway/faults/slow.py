"""Leave connections open that nobody serves, that are served late, or only after a while."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, DAILY, Key, Keys, lasts
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import ALL, Kind, Trouble

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session


class HalfOpen(Trouble):
    """Leave connections open that nobody serves any more."""

    def begin(self) -> None:
        """Fall silent towards everybody who is connected."""
        for session in self.clients():
            self.note("silent, socket open", session)
            session.fall_silent()

    def connecting(self, session: Session) -> None:
        """Fall silent towards newcomers too, if that is said."""
        if self.said["newcomers"]:
            self.note("accepts a connection and stays silent", session)
            session.fall_silent()


class Stall(Trouble):
    """Handle everything and write nothing, or write and handle nothing, until it is over."""

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._stalled: list[Session] = []

    def begin(self) -> None:
        """Stop."""
        for session in self.clients():
            self._stop(session)

    def connecting(self, session: Session) -> None:
        """Stop newcomers too, unless the fault is about one client only."""
        if self.said["client"] < 0:
            self._stop(session)

    def _stop(self, session: Session) -> None:
        self.note(f"stalled: {self.said['what']}", session)
        self._stalled.append(session)
        if self.said["what"] == "answers":
            session.hold(True)
        else:
            session.listen(False)
        if self.said["what"] == "socket":
            session.take(False)

    def end(self) -> None:
        """Go on with what was kept."""
        stalled, self._stalled = self._stalled, []
        for session in stalled:
            self.note("goes on", session)
            if self.said["what"] == "answers":
                session.hold(False)
            else:
                session.take(True)
                session.listen(True)


class Latency(Trouble):
    """Let everything the gateway says arrive later, in its order."""

    hears_out = ALL

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._arrives: dict[Session, float] = {}

    def begin(self) -> None:
        """Note it."""
        self.note(f"everything {self.said['delay_s']:g} s later")

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Send a frame on later, never before the one before it."""
        now = self.house.market.now.timestamp()
        wanted = now + self.said["delay_s"] + self.rng.random() * self.said["jitter_s"]
        arrives = max(wanted, self._arrives.get(parcel.session, 0.0))
        self._arrives[parcel.session] = arrives
        self.house.later(arrives - now, lambda: self.house.pass_on(parcel, self))
        return []


KINDS = (
    Kind(
        name="half-open",
        rows=("F23",),
        words="Connections stay open and nobody serves them any more, not even after the fault: only a new one helps.",
        keys=Keys(
            known=(
                AT,
                lasts(60.0, 60.0, 600.0),
                DAILY,
                CLIENT,
                Key(name="newcomers", default=False, words="new connections meanwhile are not served either"),
            )
        ),
        make=HalfOpen,
    ),
    Kind(
        name="stall",
        rows=("F23",),
        words="The gateway stalls and then goes on: it holds its answers, or handles no request, or leaves the "
        "client's bytes in the socket.",
        keys=Keys(
            known=(
                AT,
                lasts(30.0, 5.0, 30.0, 120.0),
                DAILY,
                CLIENT,
                Key(
                    name="what",
                    default="answers",
                    words="what stops",
                    choices=("answers", "requests", "socket"),
                    typical=("answers", "requests"),
                ),
            )
        ),
        make=Stall,
    ),
    Kind(
        name="latency",
        rows=("F23",),
        words="Everything the gateway says arrives later, in its order.",
        keys=Keys(
            known=(
                AT,
                lasts(600.0, 60.0, 600.0),
                DAILY,
                CLIENT,
                Key(name="delay_s", default=1.0, words="by so many seconds of the market", low=0.0, typical=(1.0, 5.0)),
                Key(name="jitter_s", default=0.0, words="and up to so many more", low=0.0, typical=(0.0, 2.0)),
            )
        ),
        make=Latency,
    ),
)
