"""Say what a desk needs of a connected client."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import Values


class Client(Protocol):
    """Be written to in the protocol version that was agreed with it."""

    client_id: int
    version: int

    def send(self, message: Message, **values: Any) -> None:
        """Send one message; values that are not given are written as unset."""

    def tell(self, message: Message, values: Values) -> None:
        """Send one message of values that are already together."""

    def refuse(self, request_id: int | None, code: int, text: str) -> None:
        """Send an error or a notice; without a request id it is a system message (-1)."""


Handler = Callable[[Client, Values], None]
Routes = dict[int, Handler]
Clients = Callable[[], Iterable[Client]]
