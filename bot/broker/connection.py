"""Hold one connection to a TWS or IB Gateway: open it, bound every wait, and let no handler fail unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from bot.broker import codes
from bot.broker.client import Library
from bot.clock import Clock
from bot.errors import Halt, Refuse, Retry, Unreachable

P = ParamSpec("P")
T = TypeVar("T")

CONNECTING = 2  # time-outs for the handshake and the first readings together
FIRST_READINGS = (
    "reqPositionsAsync",
    "reqOpenOrdersAsync",
    "reqCompletedOrdersAsync",
    "reqAccountUpdatesAsync",
    "reqAccountUpdatesMultiAsync",
)
"""What the library asks while it connects; recovering asks again for all that matters of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Say where the gateway listens, who we are there, and how long to wait.

    `account` may be empty when the login has exactly one. `stepped` lifts the library's wall-clock throttle.
    """

    host: str = "127.0.0.1"
    port: int = 7497
    client_id: int = 7
    account: str = ""
    timeout_s: float = 10.0
    attempts: int = 3
    pause_s: float = 1.0
    stepped: bool = False

    def __str__(self) -> str:
        """Name the place in messages."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounded:
    """Be an answer that is waited for so long on the given clock; a coroutine would complain when nobody awaits it."""

    answer: Awaitable[Any]
    waits: Clock
    limit_s: float

    def __await__(self) -> Generator[Any, None, Any]:
        return self.waits.within(self.answer, self.limit_s).__await__()


class Connection:
    """Wrap the library's IB object. `read_only` makes it ask for no order stream; every wait counts on `waits`.

    `account` is the endpoint's until the gateway has said which one it is.
    """

    def __init__(self, library: Library, endpoint: Endpoint, waits: Clock, *, read_only: bool) -> None:
        self._waits = waits
        self.library = library
        self.endpoint = endpoint
        self.account = endpoint.account
        self.read_only = read_only
        self.fault = ""
        self.ib: Any = library.IB()
        self.ib.RaiseRequestErrors = True
        if endpoint.stepped:
            self.ib.client.MaxRequests = 0
        self._refusal: asyncio.Future[str] | None = None
        self._one_at_a_time: dict[str, asyncio.Lock] = {}
        self._on_apierror = self.guarded(self._api_error)
        self.ib.client.apiError += self._on_apierror
        self._on_apistart = self.guarded(self._api_started)
        self.ib.client.apiStart += self._on_apistart

    @property
    def is_open(self) -> bool:
        """Say whether the API connection is up."""
        return bool(self.ib.isConnected())

    def guarded(self, handler: Callable[P, None]) -> Callable[P, None]:
        """Wrap an event handler: what the first to fail raises is kept and surfaces as `Halt` at the next heartbeat."""

        @wraps(handler)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                handler(*args, **kwargs)
            except Exception as problem:
                self.failed(f"{getattr(handler, '__name__', 'handler')} failed: {problem!r}")

        return run

    def failed(self, why: str) -> None:
        """Keep the first thing that went wrong with an event since the connection was made."""
        self.fault = self.fault or why

    def check_fault(self) -> None:
        """Raise `Halt` when a handler has failed since the connection was made."""
        if self.fault:
            raise Halt(
                f"an event of the broker could not be handled ({self.fault}): stop opening, restart and report it"
            )

    async def open(self) -> None:
        """Connect, trying again a bounded number of times.

        Raises `Unreachable` when it stays closed, and at once when the client id is in use.
        """
        self.fault = ""
        try:
            await self.retrying(self._open_once)
        except Retry as problem:
            raise Unreachable(str(problem)) from problem

    def hang_up(self) -> None:
        """Close the socket without waiting for anything."""
        if self.ib.client.isConnected():
            self.ib.disconnect()

    async def close(self) -> None:
        """Disconnect and let the transport finish."""
        self.hang_up()
        for _ in range(3):
            await asyncio.sleep(0)

    async def retrying(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Await `attempt` until it succeeds, raises something other than `Retry`, or has been tried often enough.

        The first try nearly always does; only after it the policy is built, which takes longer than many an answer.
        """
        failed: list[Retry] = []
        try:
            return await attempt()
        except Retry as problem:
            failed.append(problem)
        policy = AsyncRetrying(
            stop=stop_after_attempt(self.endpoint.attempts),
            wait=wait_exponential(multiplier=self.endpoint.pause_s, max=15.0),
            sleep=self._waits.sleep,
            retry=retry_if_exception_type(Retry),
            reraise=True,
        )
        async for trial in policy:
            with trial:
                if failed:  # the policy counts the first try too
                    raise failed.pop()
                return await attempt()
        raise Unreachable("no attempt was allowed: set the number of attempts to at least 1")

    async def read(self, what: str, ask: Callable[[], Awaitable[T]], *, shared: str = "", timeout_s: float = 0.0) -> T:
        """Ask once with a bounded wait; requests with the same `shared` key run one after another.

        Raises `Retry` for what may pass and `Refuse` for what the gateway does not allow.
        """
        if not shared:
            return await self._read_once(what, ask, timeout_s)
        async with self._one_at_a_time.setdefault(shared, asyncio.Lock()):
            return await self._read_once(what, ask, timeout_s)

    async def _read_once(self, what: str, ask: Callable[[], Awaitable[T]], timeout_s: float) -> T:
        limit = timeout_s or self.endpoint.timeout_s
        if not self.is_open:
            raise Retry(f"{what}: not connected to {self.endpoint}")
        try:
            return await self._waits.within(ask(), limit)
        except TimeoutError as problem:
            raise Retry(f"{what}: no answer from {self.endpoint} within {limit:g} s") from problem
        except (ConnectionError, asyncio.CancelledError) as problem:
            if isinstance(problem, asyncio.CancelledError) and self.is_open:
                raise
            raise Retry(f"{what}: the connection to {self.endpoint} broke") from problem
        except self.library.RequestError as problem:
            raise self._request_problem(what, problem) from problem
        except ValueError as problem:  # the library hands on what it could not read
            raise Retry(f"{what}: the answer of {self.endpoint} cannot be read") from problem

    def _request_problem(self, what: str, problem: Any) -> Exception:
        known = codes.of_system(problem.code)
        line = f"{what}: {known.words} (code {problem.code}: {problem.message})"
        if problem.code == codes.NO_DEFINITION:
            return NoDefinition(line)
        if known.meaning in (codes.Meaning.PACING, codes.Meaning.LINK):
            return Retry(line)
        return Refuse(line)

    async def _open_once(self) -> None:
        place = self.endpoint
        self._refusal = asyncio.get_running_loop().create_future()
        connecting = asyncio.ensure_future(
            self.ib.connectAsync(
                place.host,
                place.port,
                clientId=place.client_id,
                timeout=0,  # of the library, which counts on the machine's clock
                readonly=self.read_only,
                account=place.account,
            )
        )
        try:
            ended = asyncio.wait({connecting, self._refusal}, return_when=asyncio.FIRST_COMPLETED)
            with suppress(TimeoutError), self._bounded_first_readings():
                await self._waits.within(ended, CONNECTING * place.timeout_s)
            if not connecting.done():
                connecting.cancel()
            await asyncio.wait({connecting})
            self._raise_for(connecting)
        finally:
            connecting.cancel()
            self._refusal = None

    @contextmanager
    def _bounded_first_readings(self) -> Iterator[None]:
        """Bound each of the library's first readings: a list that TWS never ends must not keep a sale from it."""
        usual = {name: getattr(self.ib, name) for name in FIRST_READINGS}
        for name, ask in usual.items():
            setattr(self.ib, name, self._bounded(ask))
        try:
            yield
        finally:
            for name, ask in usual.items():
                setattr(self.ib, name, ask)

    def _bounded(self, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        def ask_within(*given: Any) -> _Bounded:
            return _Bounded(answer=ask(*given), waits=self._waits, limit_s=self.endpoint.timeout_s)

        return ask_within

    def _raise_for(self, connecting: asyncio.Future[Any]) -> None:
        place = self.endpoint
        refusal = self._refusal.result() if self._refusal is not None and self._refusal.done() else ""
        if refusal.startswith(_MANAGES):
            raise Refuse(f"the gateway {refusal}, expected {place.account}: mend account in the settings")
        if refusal.startswith("326"):
            raise Unreachable(
                f"client id {place.client_id} is in use at {place}: stop the other program or set another client id"
            )
        if not connecting.cancelled() and connecting.exception() is None:
            return
        problem = None if connecting.cancelled() else connecting.exception()
        if isinstance(problem, ConnectionRefusedError):
            raise Retry(f"nothing listens at {place}: start TWS or IB Gateway and enable its API socket") from problem
        if isinstance(problem, OSError) and not isinstance(problem, TimeoutError):
            raise Retry(f"{place} cannot be reached ({problem}): check host and port") from problem
        raise Retry(
            f"{place} accepted the connection and did not start the API ({refusal or 'silence'}): log in to the gateway"
        ) from problem

    def refused(self, code: int, text: str) -> None:
        """Take note of an error frame that ends a connection attempt."""
        if code == codes.CLIENT_ID_IN_USE and self._refusal is not None and not self._refusal.done():
            self._refusal.set_result(f"{code} {text}")

    def _api_started(self) -> None:
        """End an attempt for an account that the gateway does not manage: it would answer nothing about it."""
        accounts, wanted = self.ib.managedAccounts(), self.endpoint.account
        if wanted and wanted not in accounts and self._refusal is not None and not self._refusal.done():
            self._refusal.set_result(f"{_MANAGES} {', '.join(accounts)}")

    def _api_error(self, text: str) -> None:
        if self._refusal is not None and not self._refusal.done():
            self._refusal.set_result(text or "the peer closed the connection")


_MANAGES = "manages"


class NoDefinition(Refuse):
    """Say that no contract fits a description."""
