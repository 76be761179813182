"""Read a scenario's CSV files, refusing anything that could be misread, with one line that says where and why."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from bot.gateway.errors import ScenarioError


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold one row: its time, its text keys, and its numbers by column (absent where the cell was empty)."""

    at: datetime
    keys: tuple[str, ...]
    numbers: dict[str, float]


def read_rows(
    path: Path, numbers: Sequence[str], *, keys: Sequence[str] = (), required: Sequence[str] | None = None
) -> tuple[Row, ...]:
    """Return the rows of a CSV file with `time_utc`, text `keys` and `numbers`, in file order.

    Times must be UTC, written with a Z, and increase (per time, the keys must differ); numbers must be finite and not
    negative; a cell may be empty unless its column is `required` (all of them when not given).
    """
    if not path.is_file():
        raise ScenarioError(f"{path.name}: no such file in {path.parent.name}; add it or mend session.toml")
    must = set(numbers if required is None else required)
    rows: list[Row] = []
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            _check_header(path, reader.fieldnames or (), ("time_utc", *keys, *numbers))
            for line, cells in enumerate(reader, start=2):
                rows.append(_row(path, line, cells, numbers, keys, must))
                _check_order(path, line, rows)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise ScenarioError(f"{path.name}: it cannot be read as text ({problem}); expected CSV in UTF-8") from problem
    if not rows:
        raise ScenarioError(f"{path.name}: it has no rows; expected at least one, add data or leave the series out")
    return tuple(rows)


def _check_header(path: Path, seen: Sequence[str], wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in seen]
    if missing:
        raise ScenarioError(
            f"{path.name}, row 1: column {missing[0]!r} is missing (seen: {', '.join(seen) or 'nothing'}); add it"
        )


def _row(
    path: Path,
    line: int,
    cells: dict[str | None, str | None],
    numbers: Sequence[str],
    keys: Sequence[str],
    must: set[str],
) -> Row:
    if None in cells:  # where csv keeps what has no column
        raise ScenarioError(f"{path.name}, row {line}: more cells than columns; take the extra ones away")
    read: dict[str, float] = {}
    for name in numbers:
        text = (cells[name] or "").strip()
        if text:
            read[name] = _number(path, line, name, text)
        elif name in must:
            raise ScenarioError(f"{path.name}, row {line}: {name} is empty; expected a number, fill it or drop the row")
    texts = tuple((cells[name] or "").strip() for name in keys)
    return Row(at=utc(f"{path.name}, row {line}", (cells["time_utc"] or "").strip()), keys=texts, numbers=read)


def _number(path: Path, line: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ScenarioError(
            f"{path.name}, row {line}: {name} is {text!r}; expected a finite number, not negative, mend or drop the row"
        )
    return value


def _check_order(path: Path, line: int, rows: Sequence[Row]) -> None:
    if len(rows) < 2:
        return
    before, now = rows[-2], rows[-1]
    if now.at < before.at:
        raise ScenarioError(
            f"{path.name}, row {line}: time {stamp(now.at)} comes after {stamp(before.at)}; sort the rows by time"
        )
    if now.at == before.at and (now.keys <= before.keys or not now.keys):
        raise ScenarioError(
            f"{path.name}, row {line}: {' '.join((stamp(now.at), *now.keys))} is a duplicate or out of order; "
            "expected one row each, sorted by time and key"
        )


def utc(where: str, text: str) -> datetime:
    """Return the instant written in `text`, which must be ISO 8601 in UTC with a Z."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ScenarioError(f"{where}: time {text!r} is not ISO 8601; write it like 2018-02-05T14:30:00Z") from None
    if not text.endswith("Z") or at.tzinfo is None:
        raise ScenarioError(f"{where}: time {text!r} is not in UTC; convert it and end it with Z")
    return at.astimezone(UTC)


def day(where: str, text: str) -> date:
    """Return the date written in `text` as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ScenarioError(f"{where}: {text!r} is not a date; write it like 2018-02-14") from None


def stamp(at: datetime) -> str:
    """Write an instant as the files do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
