"""The job table on the machine's clock: what could not run is said, never passed over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.triggers.interval import IntervalTrigger

from bot.schedule import Job, RealDriver


async def test_a_wakeup_left_out_because_the_one_before_has_not_ended_is_reported() -> None:
    reports: list[tuple[str, str]] = []
    said, release = asyncio.Event(), asyncio.Event()

    def report(job: str, what: str) -> None:
        reports.append((job, what))
        said.set()

    async def hang() -> None:
        await release.wait()

    driver = RealDriver([Job(name="wake", trigger=IntervalTrigger(seconds=1), run=hang)], report)
    driver.start()
    try:
        async with asyncio.timeout(30):
            await said.wait()
    finally:
        release.set()
        driver.stop()
        await driver.drain()
    assert reports[0][0] == "wake"
    assert "has not ended" in reports[0][1]


def test_the_report_names_the_times_that_were_left_out() -> None:
    reports: list[tuple[str, str]] = []
    driver = RealDriver([], lambda job, what: reports.append((job, what)))
    at = datetime(2024, 8, 5, 13, 31, 5, tzinfo=UTC)
    driver._on_event(JobSubmissionEvent(EVENT_JOB_MAX_INSTANCES, "wake", "default", [at]))
    assert reports == [("wake", f"was left out at {at.isoformat()}: the one before it has not ended")]
