"""Turn settings into the records that the bot's rooms take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from pathlib import Path

from bot.guard.controls import GuardSettings
from bot.orders.ladder import OrderSettings
from bot.supervise.tickets import ConsentSettings
from bot.watch.hooks import Command, Form, Hook, Webhook
from bot.watch.pager import PagerSettings
from bot.watch.pages import Severity
from bot.watch.settings import WatchSettings
from config.policy_keys import as_policy
from config.settings import PagesSettings, Settings
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
    pager: PagerSettings
    watch: WatchSettings


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
        pager=_pager(settings.pages),
        watch=WatchSettings(
            check_at=time.fromisoformat(settings.watch.check_at),
            ping=_ping(settings),
            lapses=settings.watch.lapses,
            largest_skew_s=settings.watch.largest_skew_s,
        ),
    )


def _pager(pages: PagesSettings) -> PagerSettings:
    form = Form(pages.form.value)
    hooks: list[Hook] = [Webhook(url.get_secret_value(), form, pages.timeout_s) for url in pages.urls]
    if pages.command:
        hooks.append(Command(pages.command, pages.timeout_s))
    return PagerSettings(
        hooks=tuple(hooks),
        least=Severity(pages.least.value),
        repeat_s=pages.repeat_s,
        most_per_hour=pages.most_per_hour,
    )


def _ping(settings: Settings) -> Hook | None:
    url = settings.watch.ping_url.get_secret_value()
    return Webhook(url, Form.PLAIN, settings.pages.timeout_s) if url else None


def _path(text: str) -> Path | None:
    """Return the file that a setting names, `None` for an empty one."""
    return Path(text) if text else None
