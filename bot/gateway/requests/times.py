"""Read and write instants the way TWS does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.gateway.requests.lookup import invalid

TWS_ZONE = ZoneInfo("US/Eastern")
_INSTANT = re.compile(r"(\d{8})(?:([ -])(\d{1,2}:\d{2}(?::\d{2})?))?(?: (\S+))?\Z", re.ASCII)
_ABBREVIATED = {"EST": TWS_ZONE, "EDT": TWS_ZONE, "CST": ZoneInfo("US/Central"), "CDT": ZoneInfo("US/Central")}


def parse_time(text: str) -> datetime:
    """Return the instant that a client wrote as `YYYYMMDD[ HH:MM[:SS]][ zone]`, or as `YYYYMMDD-HH:MM:SS` in UTC.

    Without a zone it is New York time; without a time it is the end of that day.
    Raises `RequestProblem` 321.
    """
    match = _INSTANT.match(" ".join(text.split()))
    if match is None:
        raise invalid(f"Invalid time {text!r}: expected YYYYMMDD HH:MM:SS zone, or YYYYMMDD-HH:MM:SS in UTC")
    day, dash, clock, zone_name = match.groups()
    zone = _zone(zone_name) if zone_name else UTC if dash == "-" else TWS_ZONE
    try:
        at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=zone)
        if clock is None:
            return (at + timedelta(days=1)).astimezone(UTC)
        parts = [int(part) for part in clock.split(":")]
        return at.replace(hour=parts[0], minute=parts[1], second=parts[2] if parts[2:] else 0).astimezone(UTC)
    except ValueError:
        raise invalid(f"Invalid time {text!r}: no such day or hour") from None


def _zone(name: str) -> tzinfo:
    if name in _ABBREVIATED:
        return _ABBREVIATED[name]
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid(f"Invalid time zone {name!r}") from None
