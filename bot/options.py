"""Turn settings into the records that the bot's rooms take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.guard.controls import GuardSettings
from bot.orders.ladder import OrderSettings
from bot.supervise.tickets import ConsentSettings
from config.policy_keys import as_policy
from config.settings import Settings
from strategies.alvh.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Hold the settings by room."""

    policy: Policy
    guard: GuardSettings
    orders: OrderSettings
    consent: ConsentSettings
    events_file: Path | None
    surprises_file: Path | None
    context_from_broker: bool
    context_file: Path | None


def options_from(settings: Settings) -> Options:
    """Return the settings by room; the settings' fields have the records' names."""
    return Options(
        policy=as_policy(settings.policy),
        guard=GuardSettings(**dict(settings.guard)),
        orders=OrderSettings(**dict(settings.orders)),
        consent=ConsentSettings(**dict(settings.consent)),
        events_file=_path(settings.calendar.events_file),
        surprises_file=_path(settings.calendar.surprises_file),
        context_from_broker=settings.context.from_broker,
        context_file=_path(settings.context.file),
    )


def _path(text: str) -> Path | None:
    """Return the file that a setting names, `None` for an empty one."""
    return Path(text) if text else None
