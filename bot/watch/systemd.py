"""Tell systemd that the service is up and alive: a few words on a datagram socket (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from apscheduler.triggers.interval import IntervalTrigger

from bot.schedule import Job

SOCKET = "NOTIFY_SOCKET"
WATCHDOG = "WATCHDOG_USEC"
WATCHED = "WATCHDOG_PID"
MICRO = 1_000_000
SHARE = 3  # signs of life in one watchdog time


class Service:
    """Speak to systemd where it listens, and say nothing anywhere else; no word can fail the bot."""

    def __init__(self, environment: Mapping[str, str] | None = None, pid: int | None = None) -> None:
        seen = os.environ if environment is None else environment
        self._address = seen.get(SOCKET, "")
        mine = seen.get(WATCHED, "") in ("", str(os.getpid() if pid is None else pid))
        micros = seen.get(WATCHDOG, "")
        self.watchdog_s = int(micros) / MICRO if self._address and mine and micros.isdigit() else 0.0

    def say(self, *words: str) -> bool:
        """Send assignments such as READY=1 in one datagram; return whether they were taken."""
        if not self._address:
            return False
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto("\n".join(words).encode(), address)
        except OSError:
            return False
        return True

    def ready(self, status: str) -> None:
        """Say that the start is over."""
        self.say("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """Say in one line what is going on."""
        self.say(f"STATUS={status}")

    def alive(self) -> None:
        """Give one sign of life."""
        self.say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self.say("STOPPING=1")

    def jobs(self) -> tuple[Job, ...]:
        """Return the job that gives signs of life, none where no watchdog waits for them.

        It takes its turn among the bot's jobs: while one of them hangs, or the loop does, none is given.
        """
        if not self.watchdog_s:
            return ()

        async def beat() -> None:
            self.alive()

        every = max(1, int(self.watchdog_s / SHARE))
        return (Job(name="beat", trigger=IntervalTrigger(seconds=every, timezone="UTC"), run=beat, grace_s=every),)
