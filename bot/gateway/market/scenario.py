"""State what a scenario is: its series and where they come from, its events, and the book it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    """Say where the numbers of a series come from."""

    RECORDED = "recorded"  # sampled as of each instant, never interpolated
    ANCHORS = "anchors"  # published values hold at their own time, the path between them is modelled
    MODELLED = "modelled"  # no published values at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Hold where one series comes from: `bars` of `bar_minutes` stamped at their start, `daily` rows at the close."""

    name: str
    kind: Kind
    source: str = ""
    bars: str = ""
    bar_minutes: int = 60
    daily: str = ""
    quotes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Hold a market-wide trading halt and for how long it stopped the futures, which reopened earlier."""

    begins: datetime
    ends: datetime
    futures_end: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LateMove:
    """Say that on `day` VX had made only the share `done` of its move by `since`, and that VIX made its high later."""

    day: date
    since: datetime
    done: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """Say that VX and VXM were quoted `points` away from what options on VIX were priced from, for a while."""

    begins: datetime
    ends: datetime
    points: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thin:
    """Say that for a while VX and VXM showed only `share` of their size, and spreads `extra_ticks` wider."""

    begins: datetime
    ends: datetime
    share: float
    extra_ticks: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandPlan:
    """Say that at `at` somebody closes `quantity` condors of the book's lot `lot` (from 1) at the market."""

    at: datetime
    lot: int
    quantity: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBeside:
    """Hold a further account of the login, which begins with cash alone."""

    account: str
    cash: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CondorPlan:
    """Hold one lot of iron condors found in the account, opened at the close of `opened` at the model's prices."""

    opened: date
    days: int
    put_delta: float
    call_delta: float
    width: float
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CondorAt:
    """Hold one lot of SPXW iron condors with given expiry and short strikes, opened at the close of `opened`."""

    opened: date
    expiry: date
    put_strike: float
    call_strike: float
    width: float
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Hold everything `session.toml` says.

    `policy` are settings of a bot's method with which the scenario is meant to be seen, `surprises` a file of what the
    releases of these days surprised by; the gateway itself reads neither.
    """

    name: str
    folder: Path
    title: str
    text: str
    start: datetime
    end: datetime
    seed: int
    rate: float
    dividend_yield: float
    history_sessions: int
    account: str
    cash: float
    series: Mapping[str, Series]
    halts: tuple[Halt, ...]
    late_moves: tuple[LateMove, ...]
    disconnects: tuple[Disconnect, ...]
    book: tuple[CondorPlan | CondorAt, ...]
    policy: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    surprises: str = ""
    thin: tuple[Thin, ...] = ()
    hands: tuple[HandPlan, ...] = ()
    beside: tuple[AccountBeside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioInfo:
    """Describe a scenario without computing it; `series` pairs each name with where its numbers come from."""

    name: str
    title: str
    text: str
    start: datetime
    end: datetime
    seed: int
    series: tuple[tuple[str, Kind, str], ...]
    policy: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    surprises: Path | None = None
