"""Play a day whose bot is a process of its own, which can be killed at any moment and is started again."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from bot.demo import CLIENT_ID
from bot.drill.child import LINE, Birth, live
from bot.drill.day import START_AGAIN, Day, Told, _plan
from bot.drill.points import Point, What
from bot.drill.setup import Setup
from bot.errors import Bug
from bot.journal import JournalReader, Kind
from bot.journal.store import journal_path

TURNS = 5  # of the event loop before the gateway's end is asked what it counted
MAX_TURNS = 10_000
AFTERMATH = timedelta(minutes=3)  # that a day lasts at least after a process was started again
READY = "bot.drill.ready"  # what a process needs is loaded once; each start is then a fork


@dataclass(slots=True, kw_only=True)
class _Child:
    process: ForkServerProcess
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class ProcessDay(Day):
    """Hold the gateway's side; the bot lives in a process that dies at `point` and is started `down` later.

    With `largest_file` the first process finds a disk that takes no longer file; the next finds it mended.
    `back` are the spans from each death to the first moment at which the new process knew everything and might open.
    """

    def __init__(
        self,
        setup: Setup,
        folder: Path,
        point: Point | None = None,
        down: timedelta = START_AGAIN,
        *,
        largest_file: int = 0,
    ) -> None:
        super().__init__(setup, folder)
        self.seen: dict[What, int] = {}
        self.orders: tuple[int, ...] = ()
        self.back: list[timedelta] = []
        self._point = point
        self._down = down
        self._largest_file = largest_file
        self._child: _Child | None = None
        self._standing: Mapping[str, Any] | None = None
        self._died_at: datetime | None = None
        self._over = False
        self._extended = datetime.min.replace(tzinfo=UTC)

    async def run(self, until: datetime) -> None:
        """Let the day go on until its end, or until no process may be started any more.

        A process that dies at the end has time to be started again, or nobody could tell what it left behind.
        """
        while not self._over and (self._child is not None or self.clock.now() < max(until, self._extended)):
            if self._child is not None:
                await self._serve()
            elif self._start_at is None:
                await self._pass_without_bot(max(until, self._extended))
            else:
                await self._pass_without_bot(self._start_at)
                await self._spawn(max(until, self._extended))

    async def close(self) -> None:
        """End what still lives, and keep what the journal says."""
        if self._child is not None:
            self._child.process.kill()
            await self._bury_child(None)
        await self.gateway.stop()
        place = journal_path(self.folder, self.setup.mode, self.account)
        self.journal_path = place if place.exists() else None
        standing = self._standing or {"lots": {}}
        known = {int(con_id): held for con_id, held in standing["lots"].items()}
        contracts = known.keys() | {con_id for con_id, owned in self.witness.own.items() if owned}
        self.final_lots = {con_id: (known.get(con_id, 0), self.witness.own[con_id]) for con_id in contracts}
        self.final_differences = self._differences(standing) if self._standing else ("no process",)
        self._read_what_was_told()

    def _read_what_was_told(self) -> None:
        if self.journal_path is None:
            return
        reader = JournalReader.open(self.journal_path)
        for entry in reader.entries(kinds={Kind.ALERT, Kind.KILL, Kind.LOCK}):
            if entry.body["why"]:
                self.told.append(Told(at=entry.at, kind=str(entry.kind), why=str(entry.body["why"])))
        reader.close()

    async def _spawn(self, until: datetime) -> None:
        self._start_at = None
        now = self.clock.now()
        self.starts.append(now)
        birth = Birth(
            plan=_plan(self.setup, self.options, self.folder, self.account),
            port=self.port,
            client_id=CLIENT_ID,
            now=now,
            until=until,
            point=self._point,
            largest_file=self._largest_file,
        )
        self._point, self._largest_file = None, 0  # the next one lives
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([READY])
        ours, theirs = context.Pipe()
        process = context.Process(target=live, args=(birth, theirs), daemon=True)
        process.start()
        theirs.close()
        end = socket.socket(fileno=os.dup(ours.fileno()))
        ours.close()
        reader, writer = await asyncio.open_connection(sock=end, limit=LINE)
        self._child = _Child(process=process, reader=reader, writer=writer)

    async def _serve(self) -> None:
        """Answer one line of the child; an end without a goodbye is a death."""
        child = self._child
        if child is None:
            return
        try:
            line = await child.reader.readline()
        except ConnectionError:
            line = b""
        if not line:
            await self._mourn()
            return
        said = json.loads(line)
        if "to" in said:
            await self._market_to(datetime.fromisoformat(said["to"]))
        if "to" in said or "rest" in said:
            await self._answer(child)
        elif "standing" in said:
            self._look(said["standing"])
        else:
            await self._part(said)

    async def _part(self, said: Mapping[str, Any]) -> None:
        """Hear the last words of a process: that its day is over, that it had to stop, or why it did not start."""
        if "bye" in said:
            self.seen = {What(name): count for name, count in said["bye"].items()}
            self.orders = tuple(said["orders"])
            self._over = not said["halted"]
        if said.get("halted"):
            self.tell("halted", said["halted"])
            self._died_at = self._died_at or self.clock.now()
        if "not started" in said:
            self.tell("not started", said["not started"])
            self.gave_up = said["not started"] if said["for good"] else ""
        await self._bury_child(None if self.gave_up else self._down)

    async def _market_to(self, to: datetime) -> None:
        if to > self.clock.now():
            self.clock.move(to)
        self.gateway.advance(to)
        await self._do_plans()

    async def _answer(self, child: _Child) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        answer = {
            "traffic": self.gateway.traffic().get(CLIENT_ID),
            "cadence_s": self.gateway.cadence().total_seconds(),
        }
        child.writer.write(json.dumps(answer).encode() + b"\n")

    async def _mourn(self) -> None:
        """Take note of a death: nobody said goodbye, and the system has closed what it held."""
        self.deaths.append(self.clock.now())
        self._died_at = self._died_at or self.clock.now()
        self._standing = None
        await self._bury_child(self._down)
        self._extended = self.clock.now() + self._down + AFTERMATH
        for _ in range(MAX_TURNS):
            if CLIENT_ID not in self.gateway.traffic():
                break
            await asyncio.sleep(0)
        else:
            raise Bug("the gateway does not notice that its client died")

    async def _bury_child(self, down: timedelta | None) -> None:
        """Take note that the process has ended, and when there will be another."""
        child, self._child = self._child, None
        self._start_at = None if down is None else self.clock.now() + down
        if child is not None:
            child.writer.close()
            child.process.join()
            child.process.close()

    def _look(self, standing: Mapping[str, Any]) -> None:
        self._standing = standing
        if self._died_at is not None and not self._differences(standing):
            self.back.append(self.clock.now() - self._died_at)
            self._died_at = None

    def _differences(self, standing: Mapping[str, Any]) -> tuple[str, ...]:
        """Return in words what the process does not know or may not do."""
        found = [] if standing["link"] == "up" else [f"line {standing['link']}"]
        found += ["an order of unknown outcome"] if standing["doubtful"] else []
        known = {int(con_id): held for con_id, held in standing["lots"].items()}
        contracts = known.keys() | {con_id for con_id, owned in self.witness.own.items() if owned}
        if any(known.get(con_id, 0) != self.witness.own[con_id] for con_id in contracts):
            found.append("the journal holds other lots than were executed")
        return (*found, *(["opening is locked"] if standing["locked"] else []))
