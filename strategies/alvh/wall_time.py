"""Write an instant as the trader's clock shows it: New York time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


def wall_time(at: datetime) -> str:
    """Return hours and minutes in New York of an aware instant."""
    return f"{at.astimezone(NEW_YORK):%H:%M} New York"
