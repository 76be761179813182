"""Listen on a port; shut the door and open it again without waiting, so that market time can decide when."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

from bot.gateway.errors import GatewayError

_HIGHEST_PORT = 65535
_BACKLOG = 100

Place = tuple[int, tuple[Any, ...]]  # address family and address


class Door:
    """Hold the listening sockets of one address; connections that stand are none of its business."""

    def __init__(self, host: str, greet: Callable[[], asyncio.BaseProtocol]) -> None:
        self._host = host
        self._greet = greet
        self._places: list[Place] = []
        self._servers: list[asyncio.Server] = []
        self._opening: asyncio.Task[list[asyncio.Server]] | None = None

    @property
    def is_open(self) -> bool:
        """Say whether somebody who comes is let in."""
        return bool(self._servers) or self._opening is not None

    async def open(self, port: int) -> int:
        """Listen on `port` (0: any free one) and return it.

        Raises `GatewayError` when the port cannot be had.
        """
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._greet, self._host, port)
        except (OSError, OverflowError) as problem:
            raise GatewayError(_unopened(self._host, port, problem)) from problem
        self._servers = [server]
        self._places = [(each.family, each.getsockname()) for each in server.sockets]
        return self._port

    def shut(self) -> None:
        """Stop listening at once: whoever comes is refused, and so is whoever was not yet let in."""
        if self._opening is not None:
            self._opening.add_done_callback(_close)
            self._opening = None
        for server in self._servers:
            server.close()
        self._servers = []

    def reopen(self) -> None:
        """Listen again on the same port at once; who comes before the event loop's next turn waits that long.

        Raises `GatewayError` when somebody else has taken the port.
        """
        if self.is_open:
            return
        try:
            listening = [_listening(family, address) for family, address in self._places]
        except OSError as problem:
            raise GatewayError(_unopened(self._host, self._port, problem)) from problem
        self._opening = asyncio.get_running_loop().create_task(self._serve(listening))
        self._opening.add_done_callback(self._opened)

    async def close(self) -> None:
        """Stop listening and wait until the loop has let go."""
        servers, opening = self._servers, self._opening
        self.shut()
        if opening is not None:
            servers = await opening
        for server in servers:
            server.close()
            await server.wait_closed()

    @property
    def _port(self) -> int:
        port: int = self._places[0][1][1]
        return port

    async def _serve(self, listening: list[socket.socket]) -> list[asyncio.Server]:
        loop = asyncio.get_running_loop()
        return [await loop.create_server(self._greet, sock=each) for each in listening]

    def _opened(self, opening: asyncio.Task[list[asyncio.Server]]) -> None:
        if opening is self._opening:
            self._servers, self._opening = opening.result(), None


def _close(opening: asyncio.Task[list[asyncio.Server]]) -> None:
    for server in opening.result():
        server.close()


def _listening(family: int, address: tuple[Any, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _unopened(host: str, port: int, problem: Exception) -> str:
    """Say in plain words why a port cannot be opened and what to do about it."""
    seen = f"port {port} on {host} cannot be opened"
    if not 0 <= port <= _HIGHEST_PORT:
        return f"{seen}: expected 1 to {_HIGHEST_PORT}, or 0 for any free one; choose such a port"
    number = getattr(problem, "errno", None)
    if number == errno.EADDRINUSE:
        return f"{seen}: another program listens there; choose another port, or stop that program"
    if number == errno.EACCES:
        return f"{seen}: this user may not open it; choose a port from 1024 on"
    return f"{seen}: expected an address of this machine; choose 127.0.0.1, or one of this machine's own"
