"""Say what a bot is built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.guard.controls import GuardSettings
from bot.orders.ladder import OrderSettings
from bot.supervise.tickets import ConsentSettings
from bot.watch.settings import WatchSettings
from strategies.alvh.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Say what a bot is built from.

    `about` goes into the journal's first entry (scenario, seed, title); `simulated` says that the other side is the
    program's own gateway; `events_file` is the calendar of releases (`None`: the shipped one), `surprises_file` and
    `context_file` what the operator keeps; with `context_from_broker` funds of sectors and bonds are asked for;
    `part_bytes` is the length at which the journal goes on in a new file (0: never); `arm_file` and `confirmed_account`
    are for live only; `state` is the folder of this user in which one account has one trading bot (`None`: only in
    `folder`).
    """

    mode: str
    port: int
    configured_account: str
    folder: Path
    journal_url: str = field(default="", repr=False)  # may hold a password
    durable: bool = True
    part_bytes: int = 0
    simulated: bool = False
    rate: float = 0.04
    data_lines: int = 100
    policy: Policy = field(default_factory=Policy)
    guard: GuardSettings = field(default_factory=GuardSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    consent: ConsentSettings = field(default_factory=ConsentSettings)
    arm_file: Path | None = None
    confirmed_account: str = ""
    events_file: Path | None = None
    surprises_file: Path | None = None
    context_from_broker: bool = True
    context_file: Path | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    watch: WatchSettings = field(default_factory=WatchSettings)
    state: Path | None = None
