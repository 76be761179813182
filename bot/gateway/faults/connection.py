"""End, refuse, silence or slow down the connections themselves."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, DAILY, OCCASIONS, Key, Keys, lasts, one_of
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import ALL, Kind, Trouble
from bot.gateway.messages import outbound

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session

_RESET_PORT = (
    "Socket port has been reset and this connection is being dropped. Please reconnect on the new port - {port}"
)
_IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id."


class PortReset(Trouble):
    """Say 1300 and hang up."""

    def begin(self) -> None:
        """Say 1300 and hang up on everybody."""
        for session in self.clients():
            self.house.say(session, outbound.ERROR, id=-1, code=1300, text=_RESET_PORT.format(port=self.said["port"]))
            self.note("1300, connection closed", session)
            session.close()


class HangUp(Trouble):
    """End the connections, politely or not."""

    def begin(self) -> None:
        """End them."""
        for session in self.clients():
            self.note(self.said["how"], session)
            if self.said["how"] == "reset":
                session.reset()
            else:
                session.close()


class Restart(Trouble):
    """Break every connection, refuse new ones for a while, and come back with order ids that were used before."""

    hears_in = ALL

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._is_down = False

    def begin(self) -> None:
        """Go down, now or once what comes in the last moments has vanished."""
        if self.said["vanish"] == "none":
            self._go_down()
        else:
            self.house.later(self.said["vanish_s"], self._go_down)

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Lose the last requests, or answer them to nobody."""
        self.note(f"{self.said['vanish']} vanish", parcel.session, parcel.name)
        if self.said["vanish"] == "requests":
            return []
        parcel.session.mute()
        return None

    def connecting(self, session: Session) -> None:
        """Answer nobody who comes in the last moments."""
        session.fall_silent()

    def _go_down(self) -> None:
        self._is_down = True
        self.note("restarts: connections reset, port closed")
        self.house.shut_door()
        for session in self.house.connections():
            session.reset()
        if self.said["ids_back"]:
            self.house.forget_ids(self.said["ids_back"])

    def end(self) -> None:
        """Come back."""
        if self._is_down:
            self._is_down = False
            self.note("is back")
            self.house.open_door()


def _too_short(said: dict[str, Any]) -> str:
    if said["vanish"] != "none" and said["vanish_s"] >= said["lasts_s"]:
        return f"vanish_s is {said['vanish_s']:g}; expected less than lasts_s, {said['lasts_s']:g}"
    return ""


class LoginWanted(Trouble):
    """Be a gateway that waits for somebody to log in."""

    def begin(self) -> None:
        """Drop everybody, and refuse or ignore whoever comes."""
        self.note(f"waits for a login: {self.said['how']}")
        for session in self.house.connections():
            session.reset()
        if self.said["how"] == "refuses":
            self.house.shut_door()

    def connecting(self, session: Session) -> None:
        """Let somebody in and never answer."""
        self.note("accepts a connection and stays silent", session)
        session.fall_silent()

    def end(self) -> None:
        """Be logged in; who was ignored stays so."""
        self.note("is logged in")
        if self.said["how"] == "refuses":
            self.house.open_door()


class IdInUse(Trouble):
    """Refuse a client id as taken: another program has it, or the ghost of a session that broke."""

    hears_in = frozenset({"startApi"})

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Answer 326 and hang up."""
        client_id = parcel.values.get("clientId")
        if self.said["id"] not in (-1, client_id) or not self.strikes():
            return None
        self.note(f"326 to client id {client_id}, connection closed", parcel.session, parcel.name)
        self.house.say(parcel.session, outbound.ERROR, id=-1, code=326, text=_IN_USE)
        parcel.session.close()
        return []


class IdsBack(Trouble):
    """Hand out order ids again that were used before."""

    def begin(self) -> None:
        """Roll them back."""
        self.note(f"next order ids {self.said['by']} lower")
        self.house.forget_ids(self.said["by"])
        if self.said["told"]:
            for session in self.clients():
                self.house.tell_next_id(session)


KINDS = (
    Kind(
        name="port-reset",
        rows=("F3",),
        words="The socket port is reset: 1300, then the connection is closed.",
        keys=Keys(
            known=(AT, DAILY, CLIENT, Key(name="port", default=7497, words="the port it names", low=1, high=65535))
        ),
        make=PortReset,
    ),
    Kind(
        name="hang-up",
        rows=("F3", "F5"),
        words="The connection is closed, or broken as by a crash (reset); the port stays open.",
        keys=Keys(
            known=(
                AT,
                DAILY,
                CLIENT,
                one_of("how", "how it ends", ("reset", "close")),
            )
        ),
        make=HangUp,
    ),
    Kind(
        name="restart",
        rows=("F5", "F20"),
        words="The gateway restarts, as each night: connections are reset, the port refuses until it is back, order "
        "ids may be handed out again, and what was sent in the last moments may have vanished.",
        keys=Keys(
            known=(
                AT,
                lasts(35.0, 35.0, 120.0, 600.0),
                DAILY,
                Key(name="ids_back", default=0, words="next order ids lower by this", low=0, typical=(0, 1, 5)),
                one_of(
                    "vanish",
                    "what vanishes in the last moments: requests, unhandled; or only their answers",
                    ("none", "requests", "answers"),
                ),
                Key(name="vanish_s", default=1.0, words="how long the last moments are", low=0.0, typical=(1.0, 10.0)),
            )
        ),
        make=Restart,
        problem=_too_short,
    ),
    Kind(
        name="login-wanted",
        rows=("F6",),
        words="Nobody answers the weekly login: the port is closed, or connections are accepted and never answered.",
        keys=Keys(
            known=(
                AT,
                lasts(3600.0, 300.0, 3600.0),
                DAILY,
                one_of("how", "whether the port is closed or open and silent", ("refuses", "silent")),
            )
        ),
        make=LoginWanted,
    ),
    Kind(
        name="id-in-use",
        rows=("F21",),
        words="A client id is refused as in use (326) and the connection closed; with `times`, a ghost that goes away.",
        keys=Keys(
            known=(
                AT,
                lasts(60.0, 30.0, 600.0),
                DAILY,
                Key(name="id", default=-1, words="the client id; -1: any", low=-1),
                *OCCASIONS,
            )
        ),
        make=IdInUse,
    ),
    Kind(
        name="ids-back",
        rows=("F20",),
        words="The next order id is rolled back, so that used ids are handed out again.",
        keys=Keys(
            known=(
                AT,
                DAILY,
                CLIENT,
                Key(name="by", default=5, words="by so many", low=1, typical=(1, 5, 100)),
                Key(name="told", default=False, words="and told to connected clients at once"),
            )
        ),
        make=IdsBack,
    ),
)
