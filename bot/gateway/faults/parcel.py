"""Hold one frame on its way, so that faults can read it, change it or keep it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.gateway.errors import ProtocolError
from bot.gateway.messages import inbound, order, outbound
from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import NUL, Values
from bot.gateway.wire import frame

if TYPE_CHECKING:
    from bot.gateway.session import Session

ANSWERS: dict[str, Message] = {
    message.name: message
    for message in (*vars(outbound).values(), order.OPEN_ORDER, order.COMPLETED_ORDER)
    if isinstance(message, Message)
}
NAMES = tuple(sorted({message.name for message in inbound.REQUESTS.values()} | set(ANSWERS)))


class Direction(StrEnum):
    """Say which way a frame goes, as the gateway sees it."""

    IN = "in"
    OUT = "out"


@dataclass(slots=True, kw_only=True)
class Parcel:
    """Hold one frame: as values, as fields once they no longer fit the layout, as bytes once they are no frame.

    `answering` names the request that is being handled, empty when the gateway speaks unasked.
    """

    session: Session
    direction: Direction
    name: str
    message: Message | None = None
    answering: str = ""
    given: Values | None = None
    fields: list[str] | None = None
    data: bytes | None = None

    @property
    def values(self) -> Values:
        """Return the frame's values; none of a frame that cannot be read."""
        if self.given is None:
            self.given = {}
            if self.message is not None and self.fields is not None:
                try:
                    self.given = self.message.parse(self.fields, self.session.version)
                except ProtocolError:
                    self.given = {}
        return self.given

    def split(self) -> list[str]:
        """Return the frame's fields."""
        if self.fields is not None:
            return list(self.fields)
        return self._text().split(NUL)[:-1]

    def wire(self) -> bytes:
        """Return the frame's bytes."""
        if self.data is not None:
            return self.data
        return frame(self._text() if self.fields is None else "".join(f"{field}{NUL}" for field in self.fields))

    def _text(self) -> str:
        return self.message.build(self.given or {}, self.session.version) if self.message else ""

    def saying(self, **values: Any) -> Parcel:
        """Return the frame with other values."""
        changed = {**self.values, **values}
        text = self.message.build(changed, self.session.version) if self.message else ""
        return replace(self, given=changed, fields=text.split(NUL)[:-1])

    def holding(self, fields: list[str]) -> Parcel:
        """Return the frame with other fields."""
        return replace(self, fields=fields)

    def as_bytes(self, data: bytes) -> Parcel:
        """Return the frame as bytes that need not be one."""
        return replace(self, data=data)
