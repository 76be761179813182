"""Listen on a port; shut the door and open it again without waiting, so that market time can decide when."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bot.gateway.errors import GatewayError

LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
_HIGHEST_PORT = 65535
_BACKLOG = 100

T = TypeVar("T")
Place = tuple[int, tuple[Any, ...]]  # address family and address


def is_loopback(host: str) -> bool:
    """Say whether only programs of this machine reach an address; of a name that is not known it is not said."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in LOCAL_NAMES


def warning(host: str, port: int) -> str:
    """Return what to shout when others reach the port; empty on loopback."""
    if is_loopback(host):
        return ""
    return (
        f"WARNING: {host or 'every address'} port {port} is open to the network. Whoever reaches it can, without a "
        "password, see the simulated accounts, place and cancel orders on them, cancel those of your bot, take its "
        "client id, and keep this machine busy. Nothing of it is real money, and nothing protects it: stop it and give "
        "--host 127.0.0.1, or let a firewall choose who comes in"
    )


class Door:
    """Hold the listening sockets of one address; connections that stand are none of its business."""

    def __init__(self, host: str, greet: Callable[[], asyncio.BaseProtocol]) -> None:
        self._host = host
        self._greet = greet
        self._places: list[Place] = []
        self._servers: list[asyncio.Server] = []

    @property
    def is_open(self) -> bool:
        """Say whether somebody who comes is let in."""
        return bool(self._servers)

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
        for server in self._servers:
            server.close()
        self._servers = []

    def reopen(self) -> None:
        """Listen again on the same port at once; nothing is awaited.

        Raises `GatewayError` when somebody else has taken the port.
        """
        if self.is_open:
            return
        try:
            listening = [_listening(family, address) for family, address in self._places]
        except OSError as problem:
            raise GatewayError(_unopened(self._host, self._port, problem)) from problem
        self._servers = [self._serve(each) for each in listening]

    async def close(self) -> None:
        """Stop listening and wait until the loop has let go."""
        servers = self._servers
        self.shut()
        for server in servers:
            await server.wait_closed()

    @property
    def _port(self) -> int:
        port: int = self._places[0][1][1]
        return port

    def _serve(self, listening: socket.socket) -> asyncio.Server:
        """Return a server that accepts already; the loop only wants a turn of its own behind each of the two calls."""
        loop = asyncio.get_running_loop()
        server = _begun(loop.create_server(self._greet, sock=listening, start_serving=False))
        if server is None:
            raise GatewayError("this event loop cannot open a port at once; use the one of the standard library")
        _begun(server.start_serving())
        return server


def _begun(work: Coroutine[Any, Any, T]) -> T | None:
    """Run a coroutine up to where it first gives way; return what it returned, `None` when it has not ended."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    return None


def _listening(family: int, address: tuple[Any, ...]) -> socket.socket:
    # asyncio turns Nagle's algorithm off only on sockets that name their protocol; with it an answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
