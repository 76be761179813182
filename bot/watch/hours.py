"""Say when the bot looks after its line although nothing is traded."""

from __future__ import annotations

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from bot.schedule import NEW_YORK

EVERY = "*/5"  # minutes
SECOND = "30"


def off_hours(hours: str) -> OrTrigger:
    """Return a trigger for every few minutes outside the given hours (such as 9-16) of Monday to Friday, New York."""
    first, _, last = hours.partition("-")
    night = f"0-{int(first) - 1},{int(last) + 1}-23"

    def cron(days: str, hour: str) -> CronTrigger:
        return CronTrigger(day_of_week=days, hour=hour, minute=EVERY, second=SECOND, timezone=NEW_YORK)

    return OrTrigger([cron("mon-fri", night), cron("sat,sun", "*")])
