"""Read faults from a TOML file and write them as one: `[[fault]]` tables, one a fault."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bot.gateway.errors import FaultError
from bot.gateway.faults.catalogue import check
from bot.gateway.faults.records import Fault

_TABLE = "fault"


def read_faults(path: str | Path) -> tuple[Fault, ...]:
    """Return the faults of a file, in its order, each checked.

    Raises `FaultError` naming the file, the fault by its number, what was seen and what was expected.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as problem:
        raise FaultError(f"{path}: cannot be read ({problem.strerror}); give a file of [[fault]] tables") from problem
    except UnicodeDecodeError as problem:
        raise FaultError(f"{path}: is no text in UTF-8; give a file of [[fault]] tables") from problem
    try:
        return faults_from(text)
    except FaultError as problem:
        raise FaultError(f"{path}: {problem}") from problem


def faults_from(text: str) -> tuple[Fault, ...]:
    """Return the faults of a TOML text, each checked.

    Raises `FaultError`.
    """
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # also endless digits, endless brackets
        raise FaultError(f"is no TOML: {problem}; mend it") from problem
    unknown = sorted(set(raw) - {_TABLE})
    if unknown:
        raise FaultError(f"unknown key {unknown[0]!r}; expected [[fault]] tables only")
    tables = raw.get(_TABLE, [])
    if not isinstance(tables, list):
        raise FaultError("[fault] is one table; write [[fault]], once for each fault")
    return tuple(_fault(number, table) for number, table in enumerate(tables, start=1))


def _fault(number: int, table: Any) -> Fault:
    if not isinstance(table, dict):
        raise FaultError(f"fault {number} is {table!r}; expected a [[fault]] table")
    if not isinstance(table.get("kind"), str):
        raise FaultError(f'fault {number} has no kind; add kind = "..."')
    try:
        return check(Fault.from_dict(table))
    except FaultError as problem:
        raise FaultError(f"number {number}, {problem}") from problem


def faults_as_toml(faults: Iterable[Fault]) -> str:
    """Return the text that `read_faults` reads back as the same faults."""
    return "\n".join(_table(fault) for fault in faults)


def _table(fault: Fault) -> str:
    lines = [f"[[{_TABLE}]]", f"kind = {_shown(fault.kind)}"]
    lines += [f"{name} = {_shown(value)}" for name, value in fault.values]
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_shown(each) for each in value)}]"
    if isinstance(value, float):
        return _shown_float(value)
    return str(value) if isinstance(value, int) else _shown_text(value)


def _shown_float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(value)


def _shown_text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    plain = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in escaped)
    return f'"{plain}"'
