"""The words systemd hears, on a real datagram socket, and when it stops hearing them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from bot.clock import RealClock
from bot.runner import run_on_real_clock
from bot.schedule import Job, RealDriver
from bot.watch.systemd import Service


@pytest.fixture
def init(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        yield line


def heard(line: socket.socket) -> list[str]:
    words = []
    while True:
        try:
            words.append(line.recv(4096).decode())
        except BlockingIOError:
            return words


def surroundings(line: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": line.getsockname(), **more}


def test_outside_systemd_nothing_is_said_and_no_job_runs() -> None:
    service = Service({})
    service.ready("up")
    assert service.say("READY=1") is False
    assert service.jobs() == ()


def test_the_words_arrive_as_sd_notify_wants_them(init: socket.socket) -> None:
    service = Service(surroundings(init))
    service.ready("the jobs run")
    service.status("waiting")
    service.alive()
    service.stopping()
    assert heard(init) == ["READY=1\nSTATUS=the jobs run", "STATUS=waiting", "WATCHDOG=1", "STOPPING=1"]


def test_an_abstract_socket_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0alvh-test-notify")
        line.setblocking(False)
        Service({"NOTIFY_SOCKET": "@alvh-test-notify"}).alive()
        assert heard(line) == ["WATCHDOG=1"]


def test_a_socket_that_is_gone_fails_nothing(tmp_path: Path) -> None:
    assert Service({"NOTIFY_SOCKET": str(tmp_path / "gone")}).say("READY=1") is False


def test_signs_of_life_are_given_only_by_the_process_that_is_watched(init: socket.socket) -> None:
    mine = surroundings(init, WATCHDOG_USEC="90000000", WATCHDOG_PID="7")
    assert Service(mine, pid=7).jobs()[0].trigger.interval.total_seconds() == 30
    assert Service(mine, pid=8).jobs() == ()
    assert Service(surroundings(init, WATCHDOG_USEC="rubbish")).jobs() == ()


async def test_the_running_bot_says_ready_gives_signs_of_life_and_says_when_it_stops(init: socket.socket) -> None:
    service = Service(surroundings(init, WATCHDOG_USEC="3000000"))
    made: Any = SimpleNamespace(jobs=tuple, halted="", report=lambda job, what: None)

    async def stop_after_a_sign() -> None:
        seen: list[str] = []
        while "WATCHDOG=1" not in seen:
            await asyncio.sleep(0.05)
            seen += heard(init)
        said.extend(seen)
        os.kill(os.getpid(), signal.SIGTERM)

    said: list[str] = []
    stopping = asyncio.create_task(stop_after_a_sign())
    await asyncio.wait_for(run_on_real_clock(made, service), 30)
    await stopping
    assert said[0] == "READY=1\nSTATUS=the jobs run"
    assert heard(init)[-1] == "STOPPING=1"


async def test_while_a_job_hangs_no_sign_of_life_is_given(init: socket.socket) -> None:
    service = Service(surroundings(init, WATCHDOG_USEC="3000000"))
    hangs, goes_on = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        hangs.set()
        await goes_on.wait()

    begin = RealClock().now() + timedelta(seconds=0.2)
    job = Job(name="wake", trigger=IntervalTrigger(seconds=600, start_date=begin), run=hang, grace_s=60)
    driver = RealDriver((job, *service.jobs()), lambda job, what: None)
    driver.start()
    await asyncio.wait_for(hangs.wait(), 10)
    heard(init)
    await asyncio.sleep(2.5)  # two signs would be due
    assert heard(init) == []
    goes_on.set()
    while not heard(init):
        await asyncio.sleep(0.05)
    driver.stop()
    await driver.drain()
