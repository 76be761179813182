"""Examine this machine: where the journal lies, room on the disk, the kill switch, and how far the calendars reach."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from bot.doctor.findings import Finding, fail, fine, note, warn
from bot.events import SHIPPED, known_span
from bot.guard.kill import KillSwitch
from bot.session import LAST_DAY, NEW_YORK, futures_hours_on, hours_on, next_session

MEGABYTE = 1_000_000
SCARCE_BYTES = 2_000 * MEGABYTE
NEEDED_BYTES = 200 * MEGABYTE  # many days of journal
RELEASES_AHEAD = timedelta(days=30)
CALENDAR_AHEAD = timedelta(days=365)


def of_folder(folder: Path) -> Iterator[Finding]:
    """Try to write where the journal lies, and measure the room that is left."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        yield fail("journal", f"{folder} cannot be written ({why})", "mend rights or disk: without a journal it stops")
        return
    yield fine("journal", f"{folder} can be written")
    yield room_in(folder)


def room_in(folder: Path) -> Finding:
    """Measure the room that is left on the disk of a folder."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as problem:
        return fail("disk", f"{folder} cannot be measured ({problem.strerror})", "look at the disk")
    left = f"{free / MEGABYTE:,.0f} MB free"
    if free < NEEDED_BYTES:
        return fail("disk", left, f"make room, at least {NEEDED_BYTES / MEGABYTE:g} MB: a full disk stops the bot")
    return warn("disk", left, "make room") if free < SCARCE_BYTES else fine("disk", left)


def of_kill_switch(folder: Path, mode: str, account: str, environment: Mapping[str, str] | None = None) -> Finding:
    """Say whether the kill switch stands."""
    if mode == "dry-run":
        return note("kill switch", "a dry run sends nothing")
    why = KillSwitch(folder, mode, account, environment=environment).engaged()
    if why:
        return warn("kill switch", f"engaged: {why}", "nothing is opened until alvh rearm")
    return fine("kill switch", "not engaged")


def of_calendar(now: datetime, events_file: Path | None) -> Iterator[Finding]:
    """Say what kind of day it is, and how far calendar and schedule of releases reach."""
    today = now.astimezone(NEW_YORK).date()
    yield _day(today)
    if LAST_DAY - today < CALENDAR_AHEAD:
        yield warn("calendar", f"reaches to {LAST_DAY}", "install a newer version")
    else:
        yield fine("calendar", f"reaches to {LAST_DAY}")
    short = {name: until for name, (_, until) in _spans(events_file).items() if until - today < RELEASES_AHEAD}
    if short:
        named = ", ".join(f"{name} to {until}" for name, until in sorted(short.items()))
        yield warn("releases", f"known only: {named}", "bring calendar.events_file up to date")
    else:
        yield fine("releases", f"known for the next {RELEASES_AHEAD.days} days")


def _spans(events_file: Path | None) -> dict[str, tuple[date, date]]:
    return known_span(events_file or SHIPPED)


def _day(today: date) -> Finding:
    hours, futures = hours_on(today), futures_hours_on(today)
    if hours is None or futures is None:
        return note("session", f"none on {today}, the next is on {next_session(today)}")
    opens, closes = (at.astimezone(NEW_YORK) for at in (hours.opens_at, hours.closes_at))
    early = ", an early close" if hours.early_close else ""
    until = f"{futures.closes_at.astimezone(NEW_YORK):%H:%M}"
    return fine("session", f"{today} {opens:%H:%M} to {closes:%H:%M} New York time{early}; VX until {until}")
