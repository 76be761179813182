"""Read the operator's own context numbers from a CSV; a line that is wrong is left out and named, never guessed at."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Any

from strategies.alvh.context import CREDIT, EARNINGS, SECTORS
from strategies.alvh.records import ContextValue

COLUMNS = ("name", "value", "z", "as_of", "source")
NEEDED = {SECTORS: "z", CREDIT: "value", EARNINGS: "value"}
MOST_BYTES = 65_536
LIMITS = {"value": 1_000.0, "z": 100.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFile:
    """Hold the numbers that could be read, and one line in words for each thing that is wrong."""

    values: tuple[ContextValue, ...]
    problems: tuple[str, ...]


def read_context(path: Path, today: date) -> ContextFile:
    """Return what the file says; it never raises, because the context never stops anything.

    Columns `name,value,z,as_of,source`: `name` is sectors, credit or earnings and stands at most once; `value` in
    percent, `z` in standard deviations, either may be empty where it is not the one that is asked for; `as_of` is a day
    as 2026-01-28 and not after `today`.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            return _nothing(f"{path}: over {MOST_BYTES} bytes, expected a few lines: name another file")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        return _nothing(f"{path}: not readable ({why}), expected a CSV of context numbers: mend the path or the file")
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    found: dict[str, ContextValue] = {}
    problems: list[str] = []
    try:
        if sorted(reader.fieldnames or ()) != sorted(COLUMNS):
            seen = _on_one_line(", ".join(reader.fieldnames or ())) or "nothing"
            return _nothing(f"{path}:1: columns are {seen}, expected {', '.join(COLUMNS)}: mend the first line")
        for row in reader:
            where = f"{path}:{reader.line_num}"
            wrong = [*_wrong(row, today)]
            if not wrong and row["name"].strip() in found:
                wrong = [f"'{row['name'].strip()}' stands here for the second time, expected once: take one out"]
            problems += [f"{where}: {_on_one_line(what)}" for what in wrong]
            if not wrong:
                found[row["name"].strip()] = _value(row, path)
    except csv.Error as error:
        problems.append(f"{path}:{reader.line_num + 1}: {error}, expected comma-separated text: mend this line")
    return ContextFile(values=tuple(found.values()), problems=tuple(problems))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _nothing(problem: str) -> ContextFile:
    return ContextFile(values=(), problems=(problem,))


def _wrong(row: Mapping[Any, Any], today: date) -> Iterator[str]:
    """Yield what is wrong with one row: what was seen, what was expected, what to do."""
    if None in row or None in row.values():
        count = len(row) - 1 + len(row[None]) if None in row else sum(cell is not None for cell in row.values())
        yield f"{count} cells, expected {len(COLUMNS)}: put text that holds a comma in quotes"
        return
    name = row["name"].strip()
    if name not in NEEDED:
        yield f"name is '{name}', expected {', '.join(NEEDED)}: mend or remove the line"
    for column, limit in LIMITS.items():
        if not _fits(row[column], limit):
            yield f"{column} is '{row[column]}', expected a number within {limit:g} of zero, or nothing: mend it"
    needed = NEEDED.get(name)
    if needed and not row[needed].strip():
        yield f"{name} has no {needed}, expected a number there: fill it in"
    yield from _wrong_day(row["as_of"].strip(), today)
    if not row["source"].strip():
        yield "source is empty, expected where the number comes from: fill it in"


def _fits(text: str, limit: float) -> bool:
    try:
        number = float(text) if text.strip() else 0.0
    except ValueError:
        return False
    return isfinite(number) and abs(number) <= limit


def _wrong_day(text: str, today: date) -> Iterator[str]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        yield f"as_of is '{text}', expected a day as 2026-01-28: mend it"
        return
    if day > today:
        yield f"as_of is {day}, which is after {today}, expected a day that has come: mend it"


def _value(row: Mapping[str, str], path: Path) -> ContextValue:
    value, z = (float(row[column]) if row[column].strip() else None for column in ("value", "z"))
    return ContextValue(
        name=row["name"].strip(),
        value=value,
        z=z,
        as_of=date.fromisoformat(row["as_of"].strip()),
        source=f"{path.name}: {row['source'].strip()}",
    )
