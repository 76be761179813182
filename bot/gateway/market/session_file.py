"""Read `session.toml` into a scenario, refusing unknown keys and impossible values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.gateway.errors import ScenarioError
from bot.gateway.market.scenario import (
    AccountBeside,
    CondorAt,
    CondorPlan,
    Disconnect,
    Halt,
    HandPlan,
    Kind,
    LateMove,
    Scenario,
    Series,
    Thin,
)
from bot.gateway.market.toml_table import SESSION_FILE, Table

SERIES_NAMES = (
    "SPX",
    "VIX",
    "VIX9D",
    "VIX3M",
    "VVIX",
    "VX",
    "VXM",
    "AD-NYSE",
    "TICK-NYSE",
    "SPX options",
    "VIX options",
)
PUBLISHED = ("SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "VX")
_TOP = {
    "title",
    "text",
    "start",
    "end",
    "seed",
    "rate",
    "dividend_yield",
    "history_sessions",
    "account",
    "series",
    "halt",
}
_TOP |= {"late_move", "disconnect", "thin", "hand", "beside", "book", "condor", "policy", "surprises"}


FUND_SERIES = Series(
    name="sector and bond funds",
    kind=Kind.MODELLED,
    source="XLK, XLY, XLF, XLI, XLU, XLP, XLV, HYG and LQD from SPX, with assumed betas and own noise",
)


def read_scenario(folder: Path) -> Scenario:
    """Return what the folder's `session.toml` says, refusing unknown keys and impossible values."""
    try:
        raw = tomllib.loads((folder / SESSION_FILE).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:  # also endless digits, endless brackets
        raise ScenarioError(f"{SESSION_FILE}: not readable as TOML ({problem}); mend it") from problem
    top = Table("", raw, _TOP)
    account = Table("account", top.table("account"), {"id", "cash"})
    start, end = top.instant("start"), top.instant("end")
    if start >= end:
        raise ScenarioError(f"{SESSION_FILE}: start {raw['start']} is not before end {raw['end']}; swap or mend them")
    return Scenario(
        name=folder.name,
        folder=folder,
        title=top.text("title"),
        text=top.text("text"),
        start=start,
        end=end,
        seed=top.whole("seed", low=0),
        rate=top.number("rate", low=-0.05, high=0.25),
        dividend_yield=top.number("dividend_yield", low=0.0, high=0.1),
        history_sessions=top.whole("history_sessions", low=20),
        account=account.text("id"),
        cash=account.number("cash", low=0.0, high=1e12),
        series=_series(top.table("series")),
        halts=tuple(_halt(item) for item in top.tables("halt", {"begins", "ends", "futures_end", "source"})),
        late_moves=tuple(_late_move(item) for item in top.tables("late_move", {"day", "since", "done", "source"})),
        disconnects=tuple(
            _disconnect(item) for item in top.tables("disconnect", {"begins", "ends", "points", "source"})
        ),
        thin=tuple(_thin(item) for item in top.tables("thin", set(Thin.__dataclass_fields__))),
        hands=tuple(_hand(item) for item in top.tables("hand", set(HandPlan.__dataclass_fields__))),
        beside=tuple(_beside(item) for item in top.tables("beside", {"id", "cash"})),
        book=(
            *(_condors(item) for item in top.tables("book", set(CondorPlan.__dataclass_fields__))),
            *(_condors_at(item) for item in top.tables("condor", set(CondorAt.__dataclass_fields__))),
        ),
        policy=_policy(raw.get("policy", {})),
        surprises=top.text("surprises", ""),
    )


def _policy(raw: Any) -> dict[str, Mapping[str, Any]]:
    """Return the settings of the method by group; whether they exist and fit is for the program that obeys them."""
    if not isinstance(raw, Mapping) or not all(isinstance(group, Mapping) for group in raw.values()):
        raise ScenarioError(f"{SESSION_FILE}: [policy] holds groups of settings; write them as [policy.events]")
    return {str(name): dict(group) for name, group in raw.items()}


def _series(raw: Mapping[str, Any]) -> dict[str, Series]:
    found: dict[str, Series] = {}
    for name, content in raw.items():
        if name not in SERIES_NAMES:
            raise ScenarioError(f"{SESSION_FILE}: unknown series {name!r}; expected one of {', '.join(SERIES_NAMES)}")
        table = Table(f"series.{name}", content, {"kind", "source", "bars", "bar_minutes", "daily", "quotes"})
        found[name] = Series(
            name=name,
            kind=_kind(table, name),
            source=table.text("source"),
            bars=table.text("bars", ""),
            bar_minutes=table.whole("bar_minutes", low=1, default=60),
            daily=table.text("daily", ""),
            quotes=table.text("quotes", ""),
        )
    for name in PUBLISHED:
        if name not in found or not found[name].daily:
            raise ScenarioError(f"{SESSION_FILE}: series {name} has no daily file; every scenario needs one, add it")
    return found | {FUND_SERIES.name: FUND_SERIES}


def _kind(table: Table, name: str) -> Kind:
    value = table.text("kind")
    if value not in set(Kind):
        raise ScenarioError(f"{SESSION_FILE}: series.{name}.kind is {value!r}; expected one of {', '.join(Kind)}")
    return Kind(value)


def _halt(table: Table) -> Halt:
    return Halt(
        begins=table.instant("begins"),
        ends=table.instant("ends"),
        futures_end=table.instant("futures_end"),
        source=table.text("source"),
    )


def _late_move(table: Table) -> LateMove:
    return LateMove(
        day=table.day("day"),
        since=table.instant("since"),
        done=table.number("done", low=0.0, high=1.0),
        source=table.text("source"),
    )


def _disconnect(table: Table) -> Disconnect:
    begins, ends = table.instant("begins"), table.instant("ends")
    if begins >= ends:
        raise ScenarioError(f"{SESSION_FILE}: a disconnect begins at {begins} and ends at {ends}; swap or mend them")
    return Disconnect(
        begins=begins, ends=ends, points=table.number("points", low=-20.0, high=20.0), source=table.text("source")
    )


def _thin(table: Table) -> Thin:
    begins, ends = table.instant("begins"), table.instant("ends")
    if begins >= ends:
        raise ScenarioError(f"{SESSION_FILE}: a thin market begins at {begins} and ends at {ends}; swap or mend them")
    return Thin(
        begins=begins,
        ends=ends,
        share=table.number("share", low=0.0, high=1.0),
        extra_ticks=table.whole("extra_ticks", low=0),
        source=table.text("source"),
    )


def _hand(table: Table) -> HandPlan:
    return HandPlan(
        at=table.instant("at"),
        lot=table.whole("lot", low=1),
        quantity=table.whole("quantity", low=1),
        source=table.text("source"),
    )


def _beside(table: Table) -> AccountBeside:
    return AccountBeside(account=table.text("id"), cash=table.number("cash", low=0.0, high=1e12))


def _condors(table: Table) -> CondorPlan:
    return CondorPlan(
        opened=table.day("opened"),
        days=table.whole("days", low=1),
        put_delta=table.number("put_delta", low=0.01, high=0.5),
        call_delta=table.number("call_delta", low=0.01, high=0.5),
        width=table.number("width", low=5.0, high=1000.0),
        quantity=table.whole("quantity", low=1),
    )


def _condors_at(table: Table) -> CondorAt:
    return CondorAt(
        opened=table.day("opened"),
        expiry=table.day("expiry"),
        put_strike=table.number("put_strike", low=5.0, high=20000.0),
        call_strike=table.number("call_strike", low=5.0, high=20000.0),
        width=table.number("width", low=5.0, high=1000.0),
        quantity=table.whole("quantity", low=1),
    )
