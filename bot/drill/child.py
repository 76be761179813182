"""Be the bot's process of a drill in which processes are killed: the real bot, its clock moved by the parent's market.

The parent holds gateway and market. The child asks it over a socket, in lines of JSON, to bring the market to an
instant and to say what its end of the wire has counted; so the barrier works across processes. What the child says of
itself goes the same way: how it stands, and at its end what it counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from bot.app import Bot
from bot.broker.connection import Endpoint
from bot.broker.ib import IbBroker
from bot.broker.port import OrderTicket
from bot.clock import SteppedClock
from bot.demo import stride
from bot.drill.points import ORDER_IN, ORDER_OUT, Fuse, Point, What
from bot.errors import AlvhError, Bug, Refuse, UsageProblem
from bot.journal import Journal, Projection
from bot.journal.projections import session_day
from bot.orders.life import Life
from bot.passage import Passage
from bot.plan import Plan
from bot.schedule import Stepper

SLICE = timedelta(minutes=1)  # after which a halt is noticed
LINE = 1 << 20  # bytes of a line at most
TURNS = 5  # of the event loop between two questions whether both ends rest
QUIET_ROUNDS = 2
MAX_ROUNDS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """Say what a process is started with; `port` is the gateway's own, `plan` names another as real ones do.

    `largest_file` is the length in bytes past which the system lets no file grow, as on a full disk; 0: any.
    """

    plan: Plan
    port: int
    client_id: int
    now: datetime
    until: datetime
    point: Point | None
    largest_file: int = 0


def live(birth: Birth, line: Connection) -> None:
    """Be the process, from its start to its end or until it is killed."""
    end = socket.socket(fileno=os.dup(line.fileno()))
    line.close()
    if birth.largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (birth.largest_file, resource.RLIM_INFINITY))
    asyncio.run(_live(birth, end))


async def _live(birth: Birth, end: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=end, limit=LINE)
    await Process(birth, Parent(reader, writer)).live()
    writer.close()
    await writer.wait_closed()


class Parent:
    """Ask the parent and tell it, one line at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.cadence = timedelta(seconds=15)

    async def market_to(self, to: datetime) -> tuple[int, int] | None:
        """Let the market go on to an instant; return what the gateway's end of our wire has counted."""
        return await self._ask({"to": to.isoformat()})

    async def traffic(self) -> tuple[int, int] | None:
        """Return the bytes that the gateway received from us and sent to us; `None` without a connection."""
        return await self._ask({"rest": True})

    def tell(self, what: dict[str, Any]) -> None:
        """Say something that needs no answer."""
        self._writer.write(json.dumps(what).encode() + b"\n")

    async def _ask(self, what: dict[str, Any]) -> tuple[int, int] | None:
        self.tell(what)
        answer = json.loads(await self._reader.readline())
        self.cadence = timedelta(seconds=answer["cadence_s"])
        traffic = answer["traffic"]
        return None if traffic is None else (traffic[0], traffic[1])


class Process:
    """Put the bot together as any start does, and let it live on the parent's market."""

    def __init__(self, birth: Birth, parent: Parent) -> None:
        self._birth = birth
        self._parent = parent
        self._clock = SteppedClock(birth.now)
        plan = birth.plan
        place = Endpoint(port=birth.port, client_id=birth.client_id, account=plan.configured_account, stepped=True)
        self._broker = IbBroker(place, self._clock, mode=plan.mode, waits=self._clock)
        self._bot = Bot(plan, self._broker, self._clock)
        self._fuse = Fuse(birth.point)
        self._rested: tuple[tuple[int, int], tuple[int, int] | None] | None = None
        self._is_open = False
        self._tap_wire()

    async def live(self) -> None:
        """Open, work until the day's end or a halt, and say goodbye; or say why it did not start."""
        passage = Passage(self._clock, self._catch_up, self._stride)
        try:
            await passage.through(self._bot.open(self._tap_journal))
        except AlvhError as problem:
            for_good = isinstance(problem, Refuse | UsageProblem)
            self._parent.tell({"not started": str(problem), "for good": for_good})
            self._bot.abandon()
            return
        self._is_open = True
        stepper = Stepper(self._clock, self._bot.jobs(), self._catch_up, self._stride, self._bot.report)
        while self._clock.now() < self._birth.until and not self._bot.halted:
            now = self._clock.now()
            await stepper.run(min(self._birth.until, now + max(SLICE, self._stride(now))))
        self._parent.tell({"standing": self._standing()})
        await passage.through(self._bot.close())
        seen = {str(what): count for what, count in self._fuse.seen.items()}
        self._parent.tell(
            {"bye": seen, "orders": self._fuse.orders, "halted": self._bot.halted, "place": str(self._bot.place)}
        )

    async def _catch_up(self, to: datetime) -> None:
        traffic = await self._parent.market_to(to)
        if (self._broker.wire_bytes(), traffic) != self._rested:
            self._rested = await self._come_to_rest()
        if self._is_open:
            self._parent.tell({"standing": self._standing()})

    async def _come_to_rest(self) -> tuple[tuple[int, int], tuple[int, int] | None]:
        """Return what both ends have counted once they agree and nothing moves."""
        quiet, before = 0, None
        for _ in range(MAX_ROUNDS):
            for _ in range(TURNS):
                await asyncio.sleep(0)
            theirs, ours = await self._parent.traffic(), self._broker.wire_bytes()
            agreed = ours == (0, 0) or theirs is None or theirs == (ours[1], ours[0])
            quiet = quiet + 1 if agreed and (ours, theirs) == before else 0
            before = (ours, theirs)
            if quiet >= QUIET_ROUNDS:
                return before
        raise Bug(f"the gateway and the bot's process never came to rest: {before}")

    def _stride(self, now: datetime) -> timedelta:
        return stride(now, self._parent.cadence)

    def _standing(self) -> dict[str, Any]:
        """Return what the parent compares with the truth."""
        known: Projection = self._bot.known
        contracts = {lot.con_id for lot in known.lots()} | {lot.con_id for lot in known.calls()}
        doubtful = [o for o in known.open_orders if o.life in (Life.UNKNOWN, Life.INTENDED) or o.missing]
        return {
            "link": str(self._broker.link),
            "lots": {str(con_id): known.position(con_id) for con_id in contracts},
            "doubtful": len(doubtful),
            "locked": list(known.locked(session_day(self._clock.now()))),
        }

    def _tap_journal(self, journal: Journal) -> None:
        """Count the journal's transactions, where a store in memory and one on the disk part."""
        store, fuse = journal._insert, self._fuse
        vars(journal)["_insert"] = lambda rows: fuse.around(What.APPEND, lambda: store(rows))

    def _tap_wire(self) -> None:
        """Count frames where the client library hands them over, orders and executions apart from the others."""
        client, fuse = self._broker._ib.client, self._fuse
        send, interpret = client.sendMsg, client.decoder.interpret

        def sending(message: str | None) -> None:
            what = What.ORDER_SENT if message and message.split("\0", 1)[0] in ORDER_OUT else What.SENT
            fuse.around(what, lambda: send(message))

        def hearing(fields: list[str]) -> None:
            what = What.ORDER_HEARD if fields and fields[0] in ORDER_IN else What.HEARD
            fuse.around(what, lambda: interpret(fields))

        def placing(ticket: OrderTicket) -> None:
            fuse.orders.append(fuse.seen[What.ORDER_SENT] + 1)
            place(ticket)

        place = self._broker.place
        vars(self._broker)["place"] = placing
        client.sendMsg = sending
        client.decoder.interpret = hearing
